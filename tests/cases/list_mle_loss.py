import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Point, randint, randn
from tests.cases.pairwise_logistic_loss import lists, wrong_lists
from tests.contests import listed, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def reference(
    input: Tensor, target: Tensor, mask: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """Draw the items of each list in their order, one after another, in float64."""
    zero = 0 * input.double().nan_to_num(0, 0, 0).sum()
    rows, counted = [], 0
    for n in range(len(input)):
        kept = [j for j in range(input.shape[1]) if mask is None or mask[n, j]]
        unknown = [j for j in kept if target[n, j].isnan()]
        loss = zero
        counted += bool(kept)
        for i in kept:
            left = [
                j
                for j in kept
                if target[n, j] < target[n, i] or (target[n, j] == target[n, i] and j >= i)
            ]
            x = input[n, left].double()
            if left:
                highest = x.max().detach()
                loss = loss + highest + (x - highest).exp().sum().log() - input[n, i].double()
        if unknown:
            others = [j for j in kept if j not in unknown]
            loss = zero + math.nan + math.nan * input[n, others].double().sum()
        rows.append(loss)
    loss = torch.stack(rows) if rows else input.new_zeros(0).double() + zero
    if reduction == "mean":
        loss = loss.sum() / max(1, counted)
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    # Forward mode of PyTorch's logcumsumexp wants one place at least: tests/test_list_mle_loss.py.
    yield from (case for case in lists(dtype) if case.id != "empty lists")
    x, grades = 2 * randn(3, 5, dtype=dtype), randint(4, 3, 5, seed=1)
    levels = x.new_tensor([[math.inf, 0, -math.inf, -math.inf, 1]]).expand(3, 5)
    yield Case("infinite grades", {"input": x, "target": levels})
    # Behind the last item that counts comes one that does not, and is as relevant.
    tail = torch.tensor([[1, 1, 0, 1, 1]]).expand(3, 5)
    yield Case("infinite grades, mask", {"input": x, "target": levels, "mask": tail})
    impossible = x.masked_fill(grades == 3, -math.inf)
    order = {"input": impossible, "target": grades}
    yield Case("impossible", order, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x = randn(4, 5, seed=seed)
    for y in (randn(4, 5, seed=seed + 10), randint(3, 4, 5, seed=seed)):
        yield Point({"input": x, "target": y})


errors = wrong_lists
domain = Domain({"input": (1, 3)}, ({"target": torch.tensor([[2, 1, 0]])},))
contests = (usual(listed, 512, 64),)
