from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load
from scripts.peers._boxes import of_torchmetrics, random

POINT = {
    "boxes1": torch.tensor([[1.0, 1.0, 1.0, 1.0]]),
    "boxes2": torch.tensor([[0.0, 0.0, 2.0, 2.0]]),
}
INPUT = "the point [1, 1, 1, 1] and the box [0, 0, 2, 2]"
ARGUMENTS: dict[str, Any] = {**POINT, "reduction": "sum"}


def of_torchvision(**arguments: Any) -> Tensor:
    return _load.torchvision().ops.complete_box_iou_loss(**arguments)


PEERS = (
    Peer(
        "torchvision",
        "complete_box_iou_loss(...)",
        "divides the width of the point by its height",
        float("nan"),
        lambda: of_torchvision(**ARGUMENTS),
    ),
    Peer(
        "torchmetrics",
        "complete_intersection_over_union(...)",
        "the similarity, and the same division",
        float("nan"),
        lambda: of_torchmetrics("complete_intersection_over_union", POINT),
    ),
)

AGREEMENTS = (
    Agreement("torchvision", "complete_box_iou_loss, boxes with an area", random, of_torchvision),
)
