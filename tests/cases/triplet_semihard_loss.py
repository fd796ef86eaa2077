import math
from dataclasses import replace

import torch
from torch import Tensor

from tests.cases.batch_hard_triplet_loss import (
    batches,
    distance,
    random_batches,
    wrong_batches,
)
from tests.contests import cube, in_cube
from tests.domains import MINED, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")

SYMBOLS = {"m": "margin"}
SHARED = ("input", "target")

cases = batches
points = random_batches
errors = wrong_batches


def reference(
    input: Tensor, target: Tensor, margin: float = 0.2, reduction: str = "mean"
) -> Tensor:
    n = len(input)
    loss, pairs = {}, 0
    for a in range(n):
        to_negatives = [distance(input[a], input[k]) for k in range(n) if target[k] != target[a]]
        for p in range(n):
            if p == a or target[p] != target[a] or not to_negatives:
                continue
            pairs += 1
            to_positive = distance(input[a], input[p])
            beyond = [d for d in to_negatives if d > to_positive]
            chosen = torch.stack(beyond).min() if beyond else torch.stack(to_negatives).max()
            loss[a, p] = (to_positive - chosen + margin).clamp(min=0)
    zero = 0 * input.sum()
    if reduction == "none":
        flat = [loss.get((a, p), zero) for a in range(n) for p in range(n)]
        return torch.stack(flat).reshape(n, n) if flat else input @ input.T
    total = sum(loss.values(), zero)
    return total / max(pairs, 1) if reduction == "mean" else total


domain = replace(
    MINED,
    shapes={"input": (4, 2)},
    others=targets([0, 0, 1, 1]),
    exchange=lambda a: a | {"input": a["input"][torch.tensor([1, 0, 2, 3])]},
)


def semihard_by_cube(input: Tensor, target: Tensor, margin: float) -> Tensor:
    to_positive, to_negative, positive, negative = cube(input, target)
    beyond = negative[:, None, :] & (to_negative > to_positive)
    nearest = to_negative.masked_fill(~beyond, math.inf).amin(2)
    farthest = to_negative.masked_fill(~negative[:, None, :], -math.inf).amax(2)
    chosen = torch.where(beyond.any(2), nearest, farthest)
    return (to_positive.squeeze(2) - chosen + margin).relu()[positive].mean()


contests = (in_cube(other=semihard_by_cube),)
