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


def of_sklearn(input: Tensor, target: Tensor) -> Tensor:
    from sklearn.metrics import hinge_loss

    return torch.tensor(hinge_loss(target.numpy(), input.numpy()), dtype=torch.float64)


def of_torchmetrics(input: Tensor, target: Tensor) -> Tensor:
    _load.torchvision()
    from torchmetrics.functional.classification import binary_hinge_loss

    return binary_hinge_loss(input, (target + 1) // 2)


def of_keras(input: Tensor, target: Tensor) -> Tensor:
    return _load.keras().losses.hinge(target, input)


def of_optax(input: Tensor, target: Tensor) -> Tensor:
    return _load.optax("hinge_loss", input, target).mean()


PEERS = (
    Peer("keras", "hinge(target, input)", "", 0.35, lambda: of_keras(**ARGUMENTS)),
    Peer(
        "keras",
        "hinge(target, input)",
        "takes labels of 0 and 1 for −1 and 1",
        0.35,
        lambda: of_keras(**ZERO_ONE),
        "the scores 0.3 and −2 against the labels 1 and 0",
        ZERO_ONE,
    ),
    Peer("optax", "hinge_loss(input, target).mean()", "", 0.35, lambda: of_optax(**ARGUMENTS)),
    Peer("scikit-learn", "hinge_loss(target, input)", "", 0.35, lambda: of_sklearn(**ARGUMENTS)),
    Peer(
        "torchmetrics",
        "binary_hinge_loss(input, (target + 1) // 2)",
        "takes labels of 0 and 1; applies a sigmoid first, if any score lies outside of 0 to 1",
        0.7724,
        lambda: of_torchmetrics(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(12, dtype=torch.float64, generator=draw)
    return {"input": input, "target": 2 * torch.randint(2, (12,), generator=draw) - 1}


AGREEMENTS = (
    Agreement("keras", "`hinge(target, input)`", random, of_keras, 1e-6),
    Agreement("optax", "`hinge_loss(input, target).mean()`", random, of_optax, 1e-6),
    Agreement("scikit-learn", "hinge_loss", random, of_sklearn),
)
