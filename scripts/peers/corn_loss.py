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


def of_coral_pytorch(input: Tensor, target: Tensor) -> Tensor:
    from coral_pytorch.losses import corn_loss

    return corn_loss(input, target, num_classes=input.shape[1] + 1)


PEERS = (
    Peer(
        "coral-pytorch",
        "corn_loss(input, target, num_classes=3)",
        "",
        0.471422,
        lambda: of_coral_pytorch(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(12, 4, dtype=torch.float64, generator=draw).requires_grad_()
    return {"input": input, "target": torch.randint(5, (12,), generator=draw)}


def nobody_far() -> dict[str, Any]:
    return random() | {"target": torch.arange(12) % 2}


AGREEMENTS = (
    Agreement("coral-pytorch", "corn_loss", random, of_coral_pytorch),
    Agreement("coral-pytorch", "corn_loss, ranks 0 and 1 alone", nobody_far, of_coral_pytorch),
)
