from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "the members 0, 1 and 3 against the value 2"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[0.0, 1.0, 3.0]]),
    "target": torch.tensor([2.0]),
}


def of_torchmetrics(input: Tensor, target: Tensor) -> Tensor:
    _load.torchvision()
    from torchmetrics.functional.regression import continuous_ranked_probability_score

    return continuous_ranked_probability_score(input, target)


def of_scoringrules(input: Tensor, target: Tensor, estimator: str, fair: bool = False) -> Tensor:
    from scoringrules import backends, crps_ensemble

    backends.register_backend("torch")
    score: Tensor = crps_ensemble(target, input, estimator=estimator, backend="torch")
    return score.mean()


PEERS = (
    Peer(
        "torchmetrics",
        "continuous_ranked_probability_score(...)",
        "",
        0.666667,
        lambda: of_torchmetrics(**ARGUMENTS),
    ),
    Peer(
        "scoringrules",
        "crps_ensemble(obs, fct)",
        "",
        0.666667,
        lambda: of_scoringrules(**ARGUMENTS, estimator="qd"),
    ),
    Peer(
        "scoringrules",
        'crps_ensemble(obs, fct, estimator="pwm")',
        "is what `fair=True` is here",
        0.333333,
        lambda: of_scoringrules(**ARGUMENTS, estimator="pwm"),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(20, 7, dtype=torch.float64, generator=draw)
    target = torch.randn(20, dtype=torch.float64, generator=draw)
    return {"input": input.requires_grad_(), "target": target}


AGREEMENTS = (
    Agreement("torchmetrics", "continuous_ranked_probability_score", random, of_torchmetrics),
    Agreement(
        "scoringrules",
        'crps_ensemble(..., estimator="fair")',
        lambda: random() | {"fair": True},
        lambda **given: of_scoringrules(**given, estimator="fair"),
    ),
)
