from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the means 0 and 0 with the standard deviations 1 and 2, against the values 0 and 1"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([0.0, 0.0]),
    "target": torch.tensor([0.0, 1.0]),
    "sigma": torch.tensor([1.0, 2.0]),
}


def of_scoringrules(input: Tensor, target: Tensor, sigma: Tensor) -> Tensor:
    from scoringrules import backends, crps_normal

    backends.register_backend("torch")
    score: Tensor = crps_normal(target, input, sigma, backend="torch")
    return score.mean()


PEERS = (
    Peer(
        "scoringrules",
        "crps_normal(obs, mu, sigma)",
        "",
        0.448251,
        lambda: of_scoringrules(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, target, scale = torch.randn(3, 50, dtype=torch.float64, generator=draw)
    sigma = scale.exp().requires_grad_()
    return {"input": input.requires_grad_(), "target": target, "sigma": sigma}


# Their torch backend keeps the constants in float32, and some gradients are close to 0.
AGREEMENTS = (Agreement("scoringrules", "crps_normal", random, of_scoringrules, 2e-5),)
