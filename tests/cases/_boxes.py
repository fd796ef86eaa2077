"""What the losses of boxes are tried with: pairs of boxes in every position, and wrong ones."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.domains import Domain

SYMBOLS = {"a": "boxes1", "b": "boxes2", r"\varepsilon": "eps"}
BOTH = ("boxes1", "boxes2")


def corners(u: Tensor) -> Tensor:
    """Make boxes of real numbers: a corner, and how far the other is."""
    return torch.cat([u[..., :2], u[..., :2] + u[..., 2:].abs()], -1)


def boxes(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    return corners(randn(*shape, 4, seed=seed) * torch.tensor([1, 1, 2, 2])).to(dtype)


def pair(first: list[float], second: list[float], dtype: torch.dtype) -> dict[str, Tensor]:
    return {
        "boxes1": torch.tensor([first], dtype=dtype),
        "boxes2": torch.tensor(second).to(dtype)[None],
    }


# How two boxes may lie; where edges meet, any subgradient will do.
UNIT = [0.0, 0.0, 2.0, 2.0]
POSITIONS = {
    "overlapping": ([0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 4.0]),
    "apart": ([0.0, 0.0, 2.0, 2.0], [3.0, 4.0, 5.0, 7.0]),
    "side by side": ([0.0, 0.0, 2.0, 2.0], [3.0, -1.0, 5.0, 4.0]),
    "inside": ([0.5, 0.5, 1.0, 1.5], UNIT),
    "around": ([-1.0, -2.0, 4.0, 3.0], UNIT),
    "crossed": ([0.5, -1.0, 1.0, 3.0], UNIT),
}
MEETING = {
    "the same": (UNIT, UNIT),
    "touching": (UNIT, [2.0, 0.5, 3.0, 1.0]),
    "at a corner": (UNIT, [2.0, 2.0, 3.0, 3.0]),
    "same centre": ([-1.0, 0.5, 3.0, 1.5], UNIT),
    "point inside": ([0.5, 1.0, 0.5, 1.0], UNIT),
    "point outside": ([4.0, 1.0, 4.0, 1.0], UNIT),
    "points": ([1.0, 1.0, 1.0, 1.0], [3.0, 0.0, 3.0, 0.0]),
    "the same point": ([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]),
    "line across": ([0.0, 1.0, 3.0, 1.0], UNIT),
    "line upright": ([1.0, 0.0, 1.0, 3.0], UNIT),
    "the same line": ([1.0, 0.0, 1.0, 3.0], [1.0, 0.0, 1.0, 3.0]),
    "tiny": ([0.5, 0.5, 0.5001, 0.5001], [0.5, 0.5, 0.5001, 0.5001]),
}


def cases_of_boxes(dtype: torch.dtype, gradcheck: bool = True) -> Iterator[Case]:
    """Yield the calls; `gradcheck` tells whether the gradient is that of the value."""
    a, b = boxes(5, dtype=dtype), boxes(5, dtype=dtype, seed=1)
    yield Case("plain", {"boxes1": a, "boxes2": b}, BOTH, gradcheck)
    for eps in (0.0, 0.1, 3.0):
        yield Case(f"eps={eps}", {"boxes1": a, "boxes2": b, "eps": eps}, BOTH, gradcheck)
    for name, (first, second) in POSITIONS.items():
        yield Case(name, pair(first, second, dtype), BOTH, gradcheck)
    for name, (first, second) in MEETING.items():
        yield Case(name, pair(first, second, dtype), BOTH, gradcheck=False)
    many = {"boxes1": boxes(2, 3, dtype=dtype), "boxes2": boxes(2, 3, dtype=dtype, seed=2)}
    yield Case("many dimensions", many, BOTH, gradcheck)
    yield Case("one", {"boxes1": a[0], "boxes2": b[0]}, BOTH, gradcheck)
    yield Case("empty", {"boxes1": a[:0], "boxes2": b[:0]}, BOTH, gradcheck=False)
    # Areas beyond float16.
    pixels = {"boxes1": (1000 * a).round(), "boxes2": (1000 * b).round()}
    yield Case("pixels", pixels, BOTH, gradcheck=False)
    yield Case("integers", {"boxes1": 10 * a, "boxes2": (10 * b).long()}, ("boxes1",), gradcheck)
    yield Case("wide", {"boxes1": a, "boxes2": b.double()}, ("boxes1",), gradcheck)
    missing = a.clone()
    missing[1, 2] = math.nan
    yield Case("nan", {"boxes1": missing, "boxes2": b}, gradcheck=False, differentiable=BOTH)


def points(seed: int) -> Iterator[Point]:
    a, b = boxes(12, seed=10 + seed), boxes(12, seed=20 + seed)
    for eps in (1e-7, 0.3):
        yield Point({"boxes1": a, "boxes2": b, "eps": eps})


def errors() -> Iterator[Error]:
    a, b = boxes(2), boxes(2, seed=1)
    for name in BOTH:
        for turn in ([2, 1, 0, 3], [0, 3, 2, 1]):
            wrong = {"boxes1": a, "boxes2": b, name: {"boxes1": a, "boxes2": b}[name][:, turn]}
            yield Error(f"{name} {turn}", wrong, ValueError, f"^{name} must be x1, y1", False)
    both = {"boxes1": a, "boxes2": b[:, [2, 3, 0, 1]].long().to(torch.uint8)}
    small = torch.tensor([[3, 3, 1, 1], [0, 0, 1, 1]], dtype=torch.uint8)
    yield Error("uint8", both | {"boxes2": small}, ValueError, "height of -2.0", False)
    beside = torch.tensor([[math.nan] * 4, [3.0, 3.0, 1.0, 1.0]]).double()
    yield Error("beside nan", {"boxes1": a, "boxes2": beside}, ValueError, "boxes2", False)
    for shape in ((3, 4), (2, 1, 4), (4,)):
        shapes = {"boxes1": a, "boxes2": boxes(*shape[:-1])}
        yield Error(f"shape {shape}", shapes, ValueError, "same shape", False)
    for shape in ((2, 5), (0,), ()):
        flat = {"boxes1": torch.zeros(shape), "boxes2": torch.zeros(shape)}
        yield Error(f"not 4 {shape}", flat, ValueError, "4 numbers a box", False)
    for eps in (-1e-7, math.nan):
        negative = {"boxes1": a, "boxes2": b, "eps": eps}
        yield Error(f"eps={eps}", negative, ValueError, f"eps={eps}", False)
    average = {"boxes1": a, "boxes2": b, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    yield Error("integers", {"boxes1": a.long(), "boxes2": b}, NotImplementedError, "boxes1", False)
    yield Error("complex", {"boxes1": a, "boxes2": b + 0j}, RuntimeError, "boxes2", False)


def class_errors() -> Iterator[Error]:
    yield Error("eps", {"eps": -1.0}, ValueError, "eps=-1.0", False)


def reduced(loss: Tensor, reduction: str, like: Tensor) -> Tensor:
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(like.dtype)


def measured(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return intersection, union, sides of the box around both, offset of centres, and sizes."""
    both = torch.stack([boxes1.double(), boxes2.double()])
    low, high = both[..., :2], both[..., 2:]
    overlap = high.amin(0) - low.amax(0)
    overlap = torch.where(overlap > 0, overlap, 0)
    intersection = overlap[..., 0] * overlap[..., 1]
    sizes = high - low
    union = (sizes[..., 0] * sizes[..., 1]).sum(0) - intersection
    centres = (low + high) / 2
    return intersection, union, high.amax(0) - low.amin(0), centres[0] - centres[1], sizes


domain = Domain(
    {"boxes1": (4,)},
    tuple({"boxes2": torch.tensor(box)} for box in ([0.0, 0.0, 2.0, 1.0], [-1.0, 0.5, 0.5, 3.0])),
    corners,
    scales=(-2.0, 2.0),
)
