from collections.abc import Iterator

import torch

from tests.cases import Case, _boxes
from tests.contests import boxed, usual

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS, domain = _boxes.SYMBOLS, _boxes.domain
points, errors, class_errors = _boxes.points, _boxes.errors, _boxes.class_errors


def reference(
    boxes1: torch.Tensor, boxes2: torch.Tensor, reduction: str = "none", eps: float = 1e-7
) -> torch.Tensor:
    """Write 1 - DIoU out, in float64."""
    intersection, union, around, offset, _ = _boxes.measured(boxes1, boxes2)
    iou = intersection / (union + eps)
    diou = iou - offset.square().sum(-1) / (around.square().sum(-1) + eps)
    return _boxes.reduced(1 - diou, reduction, boxes1)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from _boxes.cases_of_boxes(dtype)


contests = (usual(boxed, 100000, leaves=_boxes.BOTH),)
