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


def of_lightly(input1: Tensor, input2: Tensor, **settings: Any) -> Tensor:
    from lightly.loss import VICRegLoss

    return VICRegLoss(**settings)(input1, input2)


def of_pml(input1: Tensor, input2: Tensor) -> Tensor:
    from pytorch_metric_learning.losses import VICRegLoss

    return VICRegLoss()(input1, ref_emb=input2)


PEERS = (
    Peer("lightly", "VICRegLoss()", "", 15.00389, lambda: of_lightly(**ARGUMENTS)),
    Peer("pytorch-metric-learning", "VICRegLoss()", "", 15.00389, lambda: of_pml(**ARGUMENTS)),
    Peer(
        "lightly",
        "VICRegLoss(mu_param=50)",
        "the paper's sum over both views instead of their mean",
        27.855,
        lambda: of_lightly(**ARGUMENTS, mu_param=50.0),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 9, 5, dtype=torch.float64, generator=draw) / 2
    return {"input1": first.requires_grad_(), "input2": second.requires_grad_()}


AGREEMENTS = (
    Agreement("lightly", "VICRegLoss", random, of_lightly),
    Agreement("pytorch-metric-learning", "VICRegLoss", random, of_pml),
)
