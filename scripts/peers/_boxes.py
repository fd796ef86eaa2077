"""Pairs of boxes to compare with the libraries: overlapping, apart, inside of each other."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    u = torch.randn(2, 40, 4, dtype=torch.float64, generator=draw)
    boxes = torch.cat([u[..., :2], u[..., :2] + 2 * u[..., 2:].abs()], -1)
    first, second = (box.requires_grad_() for box in boxes.unbind())
    return {"boxes1": first, "boxes2": second, "reduction": "mean"}


TINY = {
    "boxes1": torch.tensor([[0.0, 0.0, 1e-4, 1e-4]]),
    "boxes2": torch.tensor([[0.0, 0.0, 1e-4, 1e-4]]),
}
TINY_INPUT = "the box [0, 0, 0.0001, 0.0001], twice"
INVERTED = {
    "boxes1": torch.tensor([[3.0, 3.0, 1.0, 1.0]]),
    "boxes2": torch.tensor([[0.0, 0.0, 2.0, 2.0]]),
}
WORKED = {
    "boxes1": torch.tensor([[0.0, 0.0, 2.0, 2.0]]),
    "boxes2": torch.tensor([[1.0, 1.0, 3.0, 4.0]]),
}


def of_torchmetrics(function: str, boxes: dict[str, Tensor] = WORKED) -> Tensor:
    import torchmetrics.functional.detection as detection

    result: Tensor = getattr(detection, function)(*boxes.values())
    return result
