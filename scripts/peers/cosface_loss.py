from __future__ import annotations

from typing import Any

from torch import Tensor

from scripts.peers import Agreement, Peer
from scripts.peers._sphere import ARGUMENTS as ARGUMENTS
from scripts.peers._sphere import INPUT as INPUT
from scripts.peers._sphere import of_metric_learning, random


def of_cosface(**call: Any) -> Tensor:
    return of_metric_learning("CosFaceLoss", **call)


PEERS = (
    Peer(
        "pytorch-metric-learning",
        "CosFaceLoss(..., scale=4)",
        "",
        1.623216,
        lambda: of_cosface(**ARGUMENTS),
    ),
)

AGREEMENTS = (
    Agreement("pytorch-metric-learning", "CosFaceLoss", random, of_cosface, 1e-9),
    Agreement(
        "pytorch-metric-learning",
        "CosFaceLoss(margin=0.7, scale=8)",
        lambda: random(margin=0.7, scale=8.0),
        of_cosface,
        1e-9,
    ),
)
