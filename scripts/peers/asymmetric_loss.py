from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the logits 1, −1 and −30 against the targets 1, 0 and 1"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, -1.0, -30.0]]),
    "target": torch.tensor([[1.0, 0.0, 1.0]]),
}


def of_timm(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from timm.loss import AsymmetricLossMultiLabel

    return AsymmetricLossMultiLabel(**settings)(input, target)


PEERS = (
    Peer(
        "timm",
        "AsymmetricLossMultiLabel()",
        "counts no probability below 1e-8: further out, a yes gets no gradient",
        18.5055,
        lambda: of_timm(**ARGUMENTS),
    ),
    Peer(
        "timm",
        "AsymmetricLossMultiLabel(eps=1e-30)",
        "",
        30.0848,
        lambda: of_timm(**ARGUMENTS, eps=1e-30),
    ),
)


def random() -> dict[str, Any]:
    """Take float32, in which the library computes."""
    draw = torch.Generator().manual_seed(0)
    input = 2 * torch.randn(4, 6, generator=draw)
    target = torch.randint(2, (4, 6), generator=draw)
    settings = {"gamma_neg": 3.0, "gamma_pos": 0.5, "clip": 0.1}
    return {"input": input.requires_grad_(), "target": target, **settings}


AGREEMENTS = (Agreement("timm", "AsymmetricLossMultiLabel", random, of_timm, 1e-5),)
