import math
from collections.abc import Iterator
from dataclasses import replace

import torch

from tests.cases import Case, _boxes
from tests.contests import boxed, usual

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = _boxes.SYMBOLS
points, errors, class_errors = _boxes.points, _boxes.errors, _boxes.class_errors
# The nearer to a point, the faster the proportions change.
domain = replace(_boxes.domain, scales=(-6.0, 2.0))


def angle(sizes: torch.Tensor) -> torch.Tensor:
    """Return the angle of the diagonal, from whichever ratio is at most 1; a point has none."""
    width, height = sizes[..., 0], sizes[..., 1]
    wide, tall = (width >= height) & (width > 0), width < height
    of_wide = math.pi / 2 - torch.atan(height / torch.where(wide, width, 1))
    of_tall = torch.atan(width / torch.where(tall, height, 1))
    return torch.where(wide, of_wide, torch.where(tall, of_tall, 0))


def reference(
    boxes1: torch.Tensor, boxes2: torch.Tensor, reduction: str = "none", eps: float = 1e-7
) -> torch.Tensor:
    """Write 1 - CIoU out, in float64."""
    intersection, union, around, offset, sizes = _boxes.measured(boxes1, boxes2)
    iou = intersection / (union + eps)
    diou = iou - offset.square().sum(-1) / (around.square().sum(-1) + eps)
    v = 4 / math.pi**2 * (angle(sizes[1]) - angle(sizes[0])) ** 2
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return _boxes.reduced(1 - diou + alpha * v, reduction, boxes1)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    # No gradient flows through alpha, so that finite differences tell another.
    yield from _boxes.cases_of_boxes(dtype, gradcheck=False)
    a = _boxes.boxes(5, dtype=dtype)
    moved = {"boxes1": a, "boxes2": 0.7 * a + 0.1}
    yield Case("same proportions", moved, _boxes.BOTH, gradcheck=dtype == torch.float64)


contests = (usual(boxed, 100000, leaves=_boxes.BOTH),)
