from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "two equal samples, whose second views point the opposite way, at the temperature 0.01: by "
    "hand 100 − (−100) = 200"
)
ARGUMENTS: dict[str, Any] = {
    "input1": torch.tensor([[1.0, 0.0], [1.0, 0.0]]),
    "input2": torch.tensor([[-1.0, 0.0], [-1.0, 0.0]]),
    "temperature": 0.01,
}


def of_lightly(input1: Tensor, input2: Tensor, temperature: float = 0.5) -> Tensor:
    _load.torchvision()
    from lightly.loss import NTXentLoss

    return NTXentLoss(temperature)(input1, input2)


def of_pml(input1: Tensor, input2: Tensor, temperature: float = 0.5) -> Tensor:
    from pytorch_metric_learning.losses import NTXentLoss

    labels = torch.arange(len(input1)).repeat(2)
    return NTXentLoss(temperature=temperature)(torch.cat((input1, input2)), labels)


def of_monai(input1: Tensor, input2: Tensor, temperature: float = 0.5) -> Tensor:
    _load.torchvision()
    from monai.losses import ContrastiveLoss

    return ContrastiveLoss(temperature=temperature)(input1, input2)


def of_optax(input1: Tensor, input2: Tensor, temperature: float) -> Tensor:
    labels = torch.arange(len(input1)).repeat(2)
    return _load.optax("ntxent", torch.cat((input1, input2)), labels, temperature=temperature)


PEERS = (
    Peer(
        "optax",
        "ntxent(rows, labels, temperature=0.01)",
        "",
        200.0,
        lambda: of_optax(**ARGUMENTS),
    ),
    Peer(
        "lightly",
        "NTXentLoss(0.01)(input1, input2)",
        "",
        200.0,
        lambda: of_lightly(**ARGUMENTS),
    ),
    Peer(
        "pytorch-metric-learning",
        "NTXentLoss(temperature=0.01)(rows, labels)",
        "adds the least number of the data type inside of the logarithm: in float32 no row costs "
        "more than 87.34, and there the gradient is 0. By default the temperature is 0.07",
        87.3365,
        lambda: of_pml(**ARGUMENTS),
    ),
    Peer(
        "monai",
        "ContrastiveLoss(temperature=0.01)(input1, input2)",
        "the name is another; exponentials overflow at a low temperature",
        float("nan"),
        lambda: of_monai(**ARGUMENTS),
    ),
)


def views() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 6, 4, dtype=torch.float64, generator=draw)
    return {"input1": rows[0].requires_grad_(), "input2": rows[1].requires_grad_()}


AGREEMENTS = (
    Agreement("lightly", "NTXentLoss", views, of_lightly),
    Agreement(
        "pytorch-metric-learning",
        "`NTXentLoss(temperature=0.5)(rows, labels)`, unless the temperature is low",
        views,
        of_pml,
    ),
    Agreement(
        "monai",
        "`ContrastiveLoss(temperature=0.5)(...)`, unless the temperature is low",
        views,
        of_monai,
        1e-7,
    ),
)
