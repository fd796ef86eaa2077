from __future__ import annotations

from typing import Any

from torch import Tensor

from scripts.peers import Agreement, Peer, _load
from scripts.peers._boxes import INVERTED, TINY, TINY_INPUT, WORKED, of_torchmetrics, random

INPUT = "the boxes [0, 0, 2, 2] and [1, 1, 3, 4]"
ARGUMENTS: dict[str, Any] = {**WORKED, "reduction": "sum"}


def of_torchvision(**arguments: Any) -> Tensor:
    return _load.torchvision().ops.generalized_box_iou_loss(**arguments)


def of_monai(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    from monai.losses import BoxGIoULoss

    return BoxGIoULoss()(boxes1, boxes2)


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
        lambda: of_monai(**WORKED),
    ),
    Peer(
        "torchmetrics",
        "generalized_intersection_over_union(...)",
        "the similarity: 1 less the loss",
        -0.138889,
        lambda: of_torchmetrics("generalized_intersection_over_union"),
    ),
    Peer(
        "torchvision",
        "generalized_box_iou_loss(...)",
        "looks at no corners: a box whose corners are exchanged may cost nothing",
        0.0,
        lambda: of_torchvision(**INVERTED, reduction="sum"),
        "the boxes [3, 3, 1, 1] and [0, 0, 2, 2]",
        INVERTED | {"reduction": "sum"},
    ),
    Peer(
        "torchmetrics",
        "1 - generalized_intersection_over_union(...)",
        "adds no `eps` to the areas",
        0.0,
        lambda: 1 - of_torchmetrics("generalized_intersection_over_union", TINY),
        TINY_INPUT,
        TINY | {"reduction": "sum"},
    ),
    Peer(
        "monai",
        "BoxGIoULoss()(...)",
        "adds 1.2e-7 to the areas, not 1e-7",
        0.922606,
        lambda: of_monai(**TINY),
        TINY_INPUT,
        TINY | {"reduction": "sum"},
    ),
)

AGREEMENTS = (Agreement("torchvision", "generalized_box_iou_loss", random, of_torchvision),)
