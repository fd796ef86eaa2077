from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the views (0, 1), (1, 0), (0.5, 0) and (0, 0.5), (1, 0), (0, 0)"
ARGUMENTS: dict[str, Any] = {
    "input1": torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.5, 0.0]]),
    "input2": torch.tensor([[0.0, 0.5], [1.0, 0.0], [0.0, 0.0]]),
}


def of_lightly(input1: Tensor, input2: Tensor) -> Tensor:
    from lightly.loss import BarlowTwinsLoss

    return BarlowTwinsLoss()(input1, input2)


def of_monai(input1: Tensor, input2: Tensor) -> Tensor:
    from monai.losses import BarlowTwinsLoss

    return BarlowTwinsLoss()(input1, input2)


PEERS = (
    Peer("lightly", "BarlowTwinsLoss()", "", 0.0229604, lambda: of_lightly(**ARGUMENTS)),
    Peer(
        "monai",
        "BarlowTwinsLoss()",
        "unbiased standard deviations, yet divided by N: equal views do not cost 0",
        0.29197,
        lambda: of_monai(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 9, 5, dtype=torch.float64, generator=draw)
    return {"input1": first.requires_grad_(), "input2": second.requires_grad_()}


AGREEMENTS = (Agreement("lightly", "BarlowTwinsLoss", random, of_lightly),)
