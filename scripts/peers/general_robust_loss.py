from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the predictions 0 and 2 against the targets 0 and 0, `alpha` 0, on average"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([0.0, 2.0]),
    "target": torch.zeros(2),
    "alpha": 0.0,
}


def of_kornia(name: str, input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    return getattr(import_module("kornia.losses"), name)(input, target, "mean")


def named(name: str, otherwise: str, value: float) -> Peer:
    call = f'{name}(..., reduction="mean")'
    return Peer("kornia", call, otherwise, value, lambda: of_kornia(name, **ARGUMENTS))


PEERS = (
    named("cauchy_loss", "", 0.549306),
    named("charbonnier_loss", "`alpha` is 1", 0.618034),
    named("geman_mcclure_loss", "`alpha` is −2", 0.5),
    named("welsch_loss", "`alpha` is minus infinity", 0.432332),
)


def random(alpha: float) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, target = 3 * torch.randn(2, 4, 3, dtype=torch.float64, generator=draw)
    return {
        "input": input.requires_grad_(),
        "target": target.requires_grad_(),
        "alpha": alpha,
    }


def agreement(name: str, alpha: float) -> Agreement:
    return Agreement(
        "kornia",
        name,
        lambda: random(alpha),
        lambda **arguments: of_kornia(name, **arguments),
    )


AGREEMENTS = (
    agreement("cauchy_loss", 0.0),
    agreement("charbonnier_loss", 1.0),
    agreement("geman_mcclure_loss", -2.0),
    agreement("welsch_loss", -math.inf),
)
