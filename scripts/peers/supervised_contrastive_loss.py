from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "the rows (1, 0), (0, 1), (1, 1) and (1, 0), all of one label"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]),
    "target": torch.zeros(4),
}


LABELLED = {
    "input": torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [-1.0, 0.0], [-1.0, 1.0]]),
    "target": torch.tensor([0, 0, 0, 1, 1]),
}


def of_pml(input: Tensor, target: Tensor, temperature: float = 0.1) -> Tensor:
    from pytorch_metric_learning.losses import SupConLoss

    return SupConLoss(temperature=temperature)(input, target)


def of_nt_xent(input: Tensor, target: Tensor) -> Tensor:
    from pytorch_metric_learning.losses import NTXentLoss

    return NTXentLoss(temperature=0.1)(input, target)


PEERS = (
    Peer(
        "pytorch-metric-learning",
        "SupConLoss()(input, target)",
        "without a negative in the batch there is no loss; rows that cost exactly 0 are not "
        "counted either",
        0.0,
        lambda: of_pml(**ARGUMENTS),
    ),
    Peer(
        "pytorch-metric-learning",
        "NTXentLoss(temperature=0.1)(input, target)",
        "leaves a row's other positives out of the denominator, and averages over pairs, not rows",
        1.05792,
        lambda: of_nt_xent(**LABELLED),
        "the rows (1, 0), (1, 1) and (0, 1) of one label, (−1, 0) and (−1, 1) of another",
        LABELLED,
    ),
    Peer(
        "optax",
        "ntxent(input, target, temperature=0.1)",
        "leaves a row's other positives out of the denominator, and averages over pairs, not rows",
        1.05792,
        lambda: _load.optax("ntxent", *LABELLED.values(), temperature=0.1),
        "the rows (1, 0), (1, 1) and (0, 1) of one label, (−1, 0) and (−1, 1) of another",
        LABELLED,
    ),
)


def labelled() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(9, 4, dtype=torch.float64, generator=draw)
    return {"input": input.requires_grad_(), "target": torch.tensor([0, 1, 2, 0, 1, 3, 0, 1, 2])}


AGREEMENTS = (
    Agreement(
        "pytorch-metric-learning",
        "`SupConLoss()(input, target)`, where a batch has two classes",
        labelled,
        of_pml,
    ),
)
