from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from scripts.peers import Agreement, Peer
from scripts.peers._sphere import ARGUMENTS as ARGUMENTS
from scripts.peers._sphere import INPUT as INPUT
from scripts.peers._sphere import of_metric_learning, random


def in_degrees(margin: float = 0.5, **call: Any) -> Tensor:
    return of_metric_learning("ArcFaceLoss", margin=math.degrees(margin), **call)


PEERS = (
    Peer(
        "pytorch-metric-learning",
        "ArcFaceLoss(..., margin=0.5, scale=4)",
        "takes the margin in degrees: half a degree is nearly none",
        0.707367,
        lambda: of_metric_learning("ArcFaceLoss", margin=0.5, **ARGUMENTS),
    ),
    Peer(
        "pytorch-metric-learning",
        "ArcFaceLoss(..., margin=math.degrees(0.5), scale=4)",
        "",
        1.87265,
        lambda: in_degrees(**ARGUMENTS),
    ),
)

AGREEMENTS = (
    Agreement("pytorch-metric-learning", "ArcFaceLoss, in degrees", random, in_degrees, 1e-9),
    Agreement(
        "pytorch-metric-learning",
        "ArcFaceLoss, where some angles go beyond π",
        lambda: random(margin=2.0, scale=8.0),
        in_degrees,
        1e-9,
    ),
)
