from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the predictions 1, 2 and 5 of the quantiles 0.1, 0.5 and 0.9, against the target 3"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([1.0, 2.0, 5.0]),
    "target": torch.tensor(3.0),
    "quantile": torch.tensor([0.1, 0.5, 0.9]),
}


def of_scikit_learn() -> float:
    from sklearn.metrics import mean_pinball_loss

    pairs = zip(ARGUMENTS["input"].tolist(), ARGUMENTS["quantile"].tolist(), strict=True)
    return sum(mean_pinball_loss([3.0], [x], alpha=q) for x, q in pairs) / 3


def of_scoringrules(name: str) -> float:
    import scoringrules

    x, y, q = (ARGUMENTS[key].numpy() for key in ("input", "target", "quantile"))
    return getattr(scoringrules, name)(y, x, q, backend="numpy").mean()


PEERS = (
    Peer("scikit-learn", "mean_pinball_loss(..., alpha=q)", "", 0.3, of_scikit_learn),
    Peer("scoringrules", "quantile_score(...)", "", 0.3, lambda: of_scoringrules("quantile_score")),
    Peer(
        "scoringrules",
        "crps_quantile(...)",
        "doubles the mean over the quantiles: more and more of them lead to the CRPS",
        0.6,
        lambda: of_scoringrules("crps_quantile"),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(50, dtype=torch.float64, generator=draw)
    target = torch.randn(50, dtype=torch.float64, generator=draw)
    return {"input": input, "target": target, "quantile": 0.8}


def averaged(input: Tensor, target: Tensor, quantile: float) -> Tensor:
    from sklearn.metrics import mean_pinball_loss

    loss = mean_pinball_loss(target.numpy(), input.numpy(), alpha=quantile)
    return torch.tensor(loss, dtype=torch.float64)


def scored(input: Tensor, target: Tensor, quantile: float) -> Tensor:
    from scoringrules import backends, quantile_score

    backends.register_backend("torch")
    level = torch.tensor(quantile, dtype=input.dtype)
    score: Tensor = quantile_score(target, input, level, backend="torch")
    return score.mean()


AGREEMENTS = (
    Agreement("scikit-learn", "mean_pinball_loss", random, averaged),
    Agreement(
        "scoringrules",
        'quantile_score(..., backend="torch")',
        lambda: random() | {"input": random()["input"].requires_grad_()},
        scored,
    ),
)
