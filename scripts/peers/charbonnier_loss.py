from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the predictions 0 and 2 against the targets 0 and 0, `eps` 1, on average"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([0.0, 2.0]),
    "target": torch.zeros(2),
    "eps": 1.0,
}


def of_kornia(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from kornia.losses import charbonnier_loss

    return charbonnier_loss(input, target, "mean")


PEERS = (
    Peer(
        "kornia",
        'charbonnier_loss(..., reduction="mean")',
        "takes 1 away, and has no `eps`: it is always 1. Divide both arguments for another",
        0.618034,
        lambda: of_kornia(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, target = torch.randn(2, 4, 3, dtype=torch.float64, generator=draw).unbind()
    return {"input": (3 * input).requires_grad_(), "target": target.requires_grad_(), "eps": 1.0}


def less_eps(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    return of_kornia(input, target) + 1


AGREEMENTS = (
    Agreement("kornia", "`1 + charbonnier_loss(...)`, where `eps` is 1", random, less_eps),
)
