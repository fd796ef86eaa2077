from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "two rows of logits, 0.5 and −1, 1 and 2, of the ranks 0 and 2"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[0.5, -1.0], [1.0, 2.0]]),
    "target": torch.tensor([0, 2]),
}


def levels(input: Tensor, target: Tensor) -> Tensor:
    return (target[:, None] > torch.arange(input.shape[1])).to(input.dtype)


def of_coral_pytorch(input: Tensor, target: Tensor) -> Tensor:
    from coral_pytorch.losses import coral_loss

    return coral_loss(input, levels(input, target))


def of_torch(input: Tensor, target: Tensor) -> Tensor:
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    return bce(input, levels(input, target))


PEERS = (
    Peer(
        "coral-pytorch",
        "coral_loss(input, levels)",
        "",
        0.863764,
        lambda: of_coral_pytorch(**ARGUMENTS),
    ),
    Peer(
        "torch",
        "binary_cross_entropy_with_logits(input, levels)",
        "divides by rows and questions",
        0.431882,
        lambda: of_torch(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(12, 4, dtype=torch.float64, generator=draw).requires_grad_()
    return {"input": input, "target": torch.randint(5, (12,), generator=draw)}


AGREEMENTS = (Agreement("coral-pytorch", "coral_loss", random, of_coral_pytorch),)
