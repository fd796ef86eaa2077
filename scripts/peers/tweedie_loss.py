from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "a mean of 4 and an amount of 9, with the power 1.5"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([4.0]),
    "target": torch.tensor([9.0]),
    "log_input": False,
}


def of_sklearn(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from sklearn.metrics import mean_tweedie_deviance

    found = mean_tweedie_deviance(target.numpy(), input.numpy(), power=1.5)
    return torch.as_tensor(found, dtype=input.dtype)


def of_torchmetrics(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from torchmetrics.functional import tweedie_deviance_score

    return tweedie_deviance_score(input, target, power=1.5)


DEVIANCE = "is the deviance: twice what the loss is above that of a perfect prediction"
PEERS = (
    Peer(
        "scikit-learn",
        "mean_tweedie_deviance(target, input, power=1.5)",
        DEVIANCE,
        2.0,
        lambda: of_sklearn(**ARGUMENTS),
    ),
    Peer(
        "torchmetrics",
        "tweedie_deviance_score(input, target, power=1.5)",
        DEVIANCE,
        2.0,
        lambda: of_torchmetrics(**ARGUMENTS),
    ),
)


def random(requires_grad: bool) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    mean, amount = torch.randn(2, 12, dtype=torch.float64, generator=draw).exp()
    mean = mean.requires_grad_(requires_grad)
    return {"input": mean, "target": amount, "log_input": False}


def best(target: Tensor) -> Tensor:
    """Return the loss of a perfect prediction with the power 1.5."""
    return 4 * target.sqrt().mean()


AGREEMENTS = (
    Agreement(
        "torchmetrics",
        "`tweedie_deviance_score(...) / 2`, plus the loss of a perfect prediction",
        lambda: random(True),
        lambda **call: of_torchmetrics(**call) / 2 + best(call["target"]),
    ),
    Agreement(
        "scikit-learn",
        "`mean_tweedie_deviance(...) / 2`, plus the loss of a perfect prediction",
        lambda: random(False),
        lambda **call: of_sklearn(**call) / 2 + best(call["target"]),
    ),
)
