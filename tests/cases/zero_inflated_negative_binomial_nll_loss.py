import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch.nn.functional import logsigmoid

from tests.cases import Case, Error, Point, negative_binomial_nll_loss, randint, randn
from tests.contests import counted, usual
from tests.domains import LOGITS, SCALAR, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"r": "total_count", "z": "zero_logits"}


def reference(
    input: torch.Tensor,
    target: torch.Tensor,
    total_count: torch.Tensor | float,
    zero_logits: torch.Tensor,
    *,
    log_input: bool = True,
    reduction: str = "mean",
) -> torch.Tensor:
    """Mix the two sources of a zero by their probabilities' logarithms, in float64."""
    counted = negative_binomial_nll_loss.elements(input, target, total_count, log_input)
    extra, other = logsigmoid(zero_logits.double()), logsigmoid(-zero_logits.double())
    mixed = -torch.logaddexp(extra, other - counted)
    loss = torch.where(target == 0, mixed, counted - other)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    for case in negative_binomial_nll_loss.calls(dtype):
        x = case.arguments["input"]
        z = randn(20, dtype=dtype, seed=3)[: x.numel()].reshape(x.shape)
        inflated = {**case.arguments, "zero_logits": z}
        yield replace(
            case, arguments=inflated, differentiable=(*case.differentiable, "zero_logits")
        )
    x, y = randn(4, 3, dtype=dtype), randint(3, 4, 3).to(dtype)
    both: dict[str, Any] = {"input": x, "target": y, "total_count": 2.0}
    leaves = ("input", "zero_logits")
    numbers = randn(4, 3, dtype=dtype, seed=3)
    for name, z in (("column", numbers[:, :1]), ("row", numbers[0]), ("scalar", numbers[0, 0])):
        yield Case(f"logits: {name}", {**both, "zero_logits": z}, leaves)
    counts = torch.tensor([0, 0, 0, 0, 3, 3, 3, 3], dtype=dtype)
    z = torch.tensor([-math.inf, -1e4, 1e4, math.inf] * 2, dtype=dtype)
    sure = {"input": 0 * counts, "target": counts, "total_count": 2.0, "zero_logits": z}
    yield Case("sure", sure, leaves, gradcheck=False)
    yield Case("integer logits", {**both, "zero_logits": torch.ones(4, 3).long()})


def points(seed: int) -> Iterator[Point]:
    x, z = randn(2, 12, seed=seed)
    y, r = randint(3, 12, seed=seed).double(), randn(12, seed=seed + 10).exp() + 0.5
    yield Point({"input": x, "target": y, "total_count": r, "zero_logits": z})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    yield from negative_binomial_nll_loss.wrong_calls(zero_logits=x)
    good: dict[str, Any] = {"input": x, "target": x, "total_count": 1.0}
    for size in ((3,), (2, 2), (2, 1)):
        shape = {**good, "zero_logits": torch.ones(size)}
        yield Error(f"logits {size}", shape, ValueError, "zero_logits must broadcast", False)
    complex_ = {**good, "zero_logits": x + 1j}
    yield Error("complex logits", complex_, RuntimeError, "zero_logits", False)


domain = Domain(
    SCALAR,
    tuple(
        y | {"total_count": torch.tensor(2.0).double(), "zero_logits": torch.tensor(z).double()}
        for y in targets(0.0, 2.0, 5.0)
        for z in (0.0, -3.0)
    ),
    scales=LOGITS,
)


def inflated(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {**counted(shape), "zero_logits": torch.randn(shape)}


contests = (usual(inflated, 1000, 1000, leaves=("input", "total_count", "zero_logits")),)
