from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load
from scripts.peers._boxes import WORKED, of_torchmetrics, random

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
    Peer(
        "torchvision",
        "complete_box_iou_loss(..., eps=1.0)",
        "gives its `eps` to the term of the shape alone; overlap and distance keep 1e-7",
        1.01902,
        lambda: of_torchvision(**WORKED, eps=1.0, reduction="sum"),
        "the boxes [0, 0, 2, 2] and [1, 1, 3, 4], with `eps` 1",
        WORKED | {"eps": 1.0, "reduction": "sum"},
    ),
)

AGREEMENTS = (
    Agreement(
        "torchvision",
        "`complete_box_iou_loss(...)`, where all boxes have an area",
        random,
        of_torchvision,
    ),
)
