from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the rows (1, 0), (0, 1), (1, 1) and (1, 0), all of one label"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]),
    "target": torch.zeros(4),
}


def of_pml(input: Tensor, target: Tensor, temperature: float = 0.1) -> Tensor:
    from pytorch_metric_learning.losses import SupConLoss

    return SupConLoss(temperature=temperature)(input, target)


PEERS = (
    Peer(
        "pytorch-metric-learning",
        "SupConLoss()(input, target)",
        "without a negative in the batch there is no loss; rows that cost exactly 0 are not "
        "counted either",
        0.0,
        lambda: of_pml(**ARGUMENTS),
    ),
)


def labelled() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(9, 4, dtype=torch.float64, generator=draw)
    return {"input": input.requires_grad_(), "target": torch.tensor([0, 1, 2, 0, 1, 3, 0, 1, 2])}


AGREEMENTS = (Agreement("pytorch-metric-learning", "SupConLoss", labelled, of_pml),)
