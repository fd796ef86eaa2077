from __future__ import annotations

from typing import Any

from torch import Tensor

from scripts.peers import Agreement, Peer, _load
from scripts.peers._boxes import WORKED, of_torchmetrics, random

INPUT = "the boxes [0, 0, 2, 2] and [1, 1, 3, 4]"
ARGUMENTS: dict[str, Any] = {**WORKED, "reduction": "sum"}


def of_torchvision(**arguments: Any) -> Tensor:
    return _load.torchvision().ops.distance_box_iou_loss(**arguments)


PEERS = (
    Peer(
        "torchvision",
        "distance_box_iou_loss(...)",
        "",
        1.01889,
        lambda: of_torchvision(**ARGUMENTS),
    ),
    Peer(
        "torchmetrics",
        "distance_intersection_over_union(...)",
        "the similarity: 1 less the loss",
        -0.0188889,
        lambda: of_torchmetrics("distance_intersection_over_union"),
    ),
)

AGREEMENTS = (Agreement("torchvision", "distance_box_iou_loss", random, of_torchvision),)
