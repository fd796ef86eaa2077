from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, arcface_loss
from tests.contests import directed, usual

REFERENCE_REDUCTIONS = arcface_loss.REFERENCE_REDUCTIONS
SYMBOLS = arcface_loss.SYMBOLS
SHARED = arcface_loss.SHARED
# From rows so short that they are not scaled to length 1 on.
domain = replace(arcface_loss.domain, scales=(-13.0, 2.0))


def reference(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    margin: float = 0.35,
    scale: float = 64.0,
    reduction: str = "mean",
) -> Tensor:
    """Row by row, in float64."""
    rows = []
    w = [row / row.norm().clamp(min=1e-12) for row in linear_weight.double()]
    for x, y in zip(input.double(), target.tolist(), strict=True):
        x = x / x.norm().clamp(min=1e-12)
        logits = [scale * (x * other).sum() for other in w]
        logits[y] = logits[y] - scale * margin
        rows.append(torch.stack(logits).logsumexp(0) - logits[y])
    loss = torch.stack(rows) if rows else input.double().sum(1) + 0 * linear_weight.sum()
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from arcface_loss.cases(dtype, (0.0, 0.7, 3.0))


def points(seed: int) -> Iterator[Point]:
    for point in arcface_loss.points(seed):
        yield replace(point, arguments=point.arguments | {"margin": point.arguments["margin"] / 3})


def errors() -> Iterator[Error]:
    for error in arcface_loss.errors():
        if "margin" not in error.id:
            yield error
    good = arcface_loss.arguments_of(torch.float32)
    for margin in (-0.1, float("nan")):
        wrong = {**good, "margin": margin}
        match = f"margin must be at least 0, got {margin}"
        yield Error(f"margin={margin}", wrong, ValueError, match, False)


def class_errors() -> Iterator[Error]:
    layer = {"in_features": 3, "num_classes": 4}
    yield Error("margin", layer | {"margin": -1.0}, ValueError, "margin .* got -1", False)


contests = (usual(directed, 512, 128, 1000, leaves=("input", "linear_weight")),)
