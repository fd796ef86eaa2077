from __future__ import annotations

from typing import Any

from torch import Tensor

from scripts.peers import Agreement, Peer, _load
from scripts.peers._boxes import WORKED, of_torchmetrics, random

INPUT = "the boxes [0, 0, 2, 2] and [1, 1, 3, 4]"
ARGUMENTS: dict[str, Any] = {**WORKED, "reduction": "sum"}


def of_torchvision(boxes1: Tensor, boxes2: Tensor, reduction: str) -> Tensor:
    """Take the ratios of all pairs, and of these the ones that stand in the same place."""
    loss: Tensor = 1 - _load.torchvision().ops.box_iou(boxes1, boxes2).diagonal()
    return loss.mean() if reduction == "mean" else loss.sum()


PEERS = (
    Peer(
        "torchvision",
        "1 - box_iou(...)",
        "",
        0.888889,
        lambda: of_torchvision(**ARGUMENTS),
    ),
    Peer(
        "torchmetrics",
        "intersection_over_union(...)",
        "the similarity: 1 less the loss",
        0.111111,
        lambda: of_torchmetrics("intersection_over_union"),
    ),
)

# It has no eps: a difference of 1e-7 over the area.
AGREEMENTS = (
    Agreement(
        "torchvision",
        "1 - box_iou, the diagonal",
        random,
        of_torchvision,
        tolerance=1e-5,
        timed=False,
    ),
)
