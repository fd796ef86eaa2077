from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "the scores 0.3 and −2 against the labels 1 and −1"
ZERO_ONE: dict[str, Any] = {
    "input": torch.tensor([0.3, -2.0]),
    "target": torch.tensor([1, 0]),
}
ARGUMENTS: dict[str, Any] = {"input": torch.tensor([0.3, -2.0]), "target": torch.tensor([1, -1])}


def of_torch(input: Tensor, target: Tensor) -> Tensor:
    both = torch.stack((torch.zeros_like(input), input), dim=1)
    return 2 * torch.nn.functional.multi_margin_loss(both, (target + 1) // 2, p=2)


def of_torchmetrics(input: Tensor, target: Tensor) -> Tensor:
    _load.torchvision()
    from torchmetrics.functional.classification import binary_hinge_loss

    return binary_hinge_loss(input, (target + 1) // 2, squared=True)


def of_keras(input: Tensor, target: Tensor) -> Tensor:
    return _load.keras().losses.squared_hinge(target, input)


PEERS = (
    Peer("keras", "squared_hinge(target, input)", "", 0.245, lambda: of_keras(**ARGUMENTS)),
    Peer(
        "keras",
        "squared_hinge(target, input)",
        "takes labels of 0 and 1 for −1 and 1",
        0.245,
        lambda: of_keras(**ZERO_ONE),
        "the scores 0.3 and −2 against the labels 1 and 0",
        ZERO_ONE,
    ),
    Peer(
        "torch",
        "2 * multi_margin_loss(torch.stack((0 * input, input), 1), (target + 1) // 2, p=2)",
        "",
        0.245,
        lambda: of_torch(**ARGUMENTS),
    ),
    Peer(
        "torchmetrics",
        "binary_hinge_loss(input, (target + 1) // 2, squared=True)",
        "takes labels of 0 and 1; applies a sigmoid first, if any score lies outside of 0 to 1",
        0.7169,
        lambda: of_torchmetrics(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(12, dtype=torch.float64, generator=draw).requires_grad_()
    return {"input": input, "target": 2 * torch.randint(2, (12,), generator=draw) - 1}


AGREEMENTS = (
    Agreement("keras", "`squared_hinge(target, input)`", random, of_keras, 1e-6),
    Agreement("torch", "multi_margin_loss", random, of_torch),
)
