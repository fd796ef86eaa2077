from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the predictions 1 and 4 against the targets 2 and 2, with `epsilon=0.5`"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([1.0, 4.0]),
    "target": torch.tensor([2.0, 2.0]),
    "epsilon": 0.5,
}


def of_sklearn(name: str, input: Tensor, target: Tensor, epsilon: float) -> Tensor:
    """Average what `SGDRegressor` takes one element at a time."""
    from sklearn.linear_model import _sgd_fast

    one = getattr(_sgd_fast, name)(epsilon)
    pairs = zip(input.tolist(), target.tolist(), strict=True)
    return torch.tensor([one.py_loss(x, y) for x, y in pairs], dtype=torch.float64).mean()


PEERS = (
    Peer(
        "scikit-learn",
        'SGDRegressor(loss="epsilon_insensitive", epsilon=0.5)',
        "",
        1.0,
        lambda: of_sklearn("EpsilonInsensitive", **ARGUMENTS),
    ),
    Peer(
        "scikit-learn",
        'SGDRegressor(loss="squared_epsilon_insensitive", epsilon=0.5)',
        "squares it",
        1.25,
        lambda: of_sklearn("SquaredEpsilonInsensitive", **ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(12, dtype=torch.float64, generator=draw)
    return {
        "input": input,
        "target": torch.randn(12, dtype=torch.float64, generator=draw),
        "epsilon": 0.5,
    }


AGREEMENTS = (
    Agreement(
        "scikit-learn",
        'SGDRegressor(loss="epsilon_insensitive")',
        random,
        lambda **call: of_sklearn("EpsilonInsensitive", **call),
    ),
)
