from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case
from tests.cases.batch_hard_triplet_loss import (
    batches,
    distance,
    random_batches,
    wrong_batches,
)
from tests.contests import cube, in_cube
from tests.domains import MINED

REFERENCE_REDUCTIONS = ("none", "mean", "sum")

SYMBOLS = {"m": "margin"}
SHARED = ("input", "target")


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from batches(dtype)
    # Only from 1, the negative is nearer than the positive.
    x = torch.tensor([[0.0], [1.0], [1.75]], dtype=dtype)
    yield Case("one active triplet", {"input": x, "target": torch.tensor([0, 0, 1])})


points = random_batches
errors = wrong_batches


def reference(
    input: Tensor, target: Tensor, margin: float = 0.3, reduction: str = "mean"
) -> Tensor:
    n = len(input)
    zero = 0 * input.sum()
    loss, active = {}, 0
    for a in range(n):
        for p in range(n):
            if p == a or target[p] != target[a]:
                continue
            for k in range(n):
                if target[k] == target[a]:
                    continue
                value = distance(input[a], input[p]) - distance(input[a], input[k]) + margin
                if not value <= 0:
                    active += 1
                    loss[a, p] = loss.get((a, p), zero) + value
    if reduction == "none":
        flat = [loss.get((a, p), zero) for a in range(n) for p in range(n)]
        return torch.stack(flat).reshape(n, n) if flat else input @ input.T
    total = sum(loss.values(), zero)
    return total / max(active, 1) if reduction == "mean" else total


domain = MINED


def batch_all_by_cube(input: Tensor, target: Tensor, margin: float) -> Tensor:
    to_positive, to_negative, positive, negative = cube(input, target)
    loss = (to_positive - to_negative + margin).relu()
    loss = loss * (positive[:, :, None] & negative[:, None, :])
    return loss.sum() / (loss > 0).sum()


contests = (in_cube(other=batch_all_by_cube),)
