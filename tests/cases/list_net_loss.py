import math
from collections.abc import Iterator
from dataclasses import replace

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
    """Go through the lists, of each through its items, in float64."""
    zero = 0 * input.double().nan_to_num(0, 0, 0).sum()
    zero = zero + 0 * target.double().nan_to_num(0, 0, 0).sum()
    rows, counted = [], 0
    for n in range(len(input)):
        kept = [j for j in range(input.shape[1]) if mask is None or mask[n, j]]
        loss = zero
        if kept:
            counted += 1
            x, y = input[n, kept].double(), target[n, kept].double()
            p = (y - y.max()).exp() / (y - y.max()).exp().sum()
            total = x.max() + (x - x.max()).exp().sum().log()
            loss = sum((p[j] * (total - x[j]) for j in range(len(kept)) if p[j] != 0), loss)
        rows.append(loss)
    loss = torch.stack(rows) if rows else input.new_zeros(0).double() + zero
    if reduction == "mean":
        loss = loss.sum() / max(1, counted)
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    both = ("input", "target")
    for case in lists(dtype):
        yield replace(case, differentiable=both) if case.id in ("real grades", "by hand") else case
    x, y = 2 * randn(3, 5, dtype=dtype), randn(3, 5, dtype=dtype, seed=2)
    mask = torch.arange(5) < torch.tensor([3, 0, 5])[:, None]
    yield Case("mask, both", {"input": x, "target": y, "mask": mask}, both)
    # Raw labels: their logarithm, where 0 becomes -inf.
    clicks = (randint(3, 3, 5, seed=4) + torch.eye(3, 5)).to(dtype)
    yield Case("logarithms", {"input": x, "target": clicks.log()})
    # What is never first may have any score.
    never = x.masked_fill(clicks == 0, -math.inf)
    yield Case("never first", {"input": never, "target": clicks.log()}, gradcheck=False)
    least = x.masked_fill(torch.eye(3, 5) > 0, -math.inf)
    yield Case("impossible", {"input": least, "target": y}, gradcheck=False)
    far = x.new_tensor([[1e4, -1e4, 0], [0, 3e4, -3e4]])
    yield Case("huge", {"input": far, "target": -far}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 6, 4, seed=seed)
    yield Point({"input": x, "target": y}, {"L": 4})


errors = wrong_lists
domain = Domain(
    {"input": (1, 3)},
    ({"target": torch.tensor([[2.0, 1.0, 0.0]])}, {"target": torch.tensor([[0.0, 5.0, 0.0]])}),
)
contests = (usual(listed, 512, 64),)
