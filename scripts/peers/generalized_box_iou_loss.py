from __future__ import annotations

from typing import Any

from torch import Tensor

from scripts.peers import Agreement, Peer, _load
from scripts.peers._boxes import WORKED, of_torchmetrics, random

INPUT = "the boxes [0, 0, 2, 2] and [1, 1, 3, 4]"
ARGUMENTS: dict[str, Any] = {**WORKED, "reduction": "sum"}


def of_torchvision(**arguments: Any) -> Tensor:
    return _load.torchvision().ops.generalized_box_iou_loss(**arguments)


def of_monai() -> Tensor:
    from monai.losses import BoxGIoULoss

    return BoxGIoULoss()(WORKED["boxes1"], WORKED["boxes2"])


PEERS = (
    Peer(
        "torchvision",
        "generalized_box_iou_loss(...)",
        "",
        1.13889,
        lambda: of_torchvision(**ARGUMENTS),
    ),
    Peer(
        "monai",
        "BoxGIoULoss()(...)",
        "",
        1.13889,
        of_monai,
    ),
    Peer(
        "torchmetrics",
        "generalized_intersection_over_union(...)",
        "the similarity: 1 less the loss",
        -0.138889,
        lambda: of_torchmetrics("generalized_intersection_over_union"),
    ),
)

AGREEMENTS = (Agreement("torchvision", "generalized_box_iou_loss", random, of_torchvision),)
