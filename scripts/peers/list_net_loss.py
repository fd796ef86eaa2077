from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "one list, of the scores 0 and 40 and the relevance 1 and 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[0.0, 40.0]]),
    "target": torch.tensor([[1.0, 0.0]]),
}


def of_allrank(input: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    if mask is not None:
        target = target.masked_fill(~mask, -1)
    return _load.allrank().listNet(input, target)


def of_sentence_transformers() -> Tensor:
    loss = _load.cross_encoder("list_net").ListNetLoss(_load.Scores())
    (scores,), (labels,) = ARGUMENTS["input"], ARGUMENTS["target"]
    return loss([["a query"], [list(scores)]], [labels])


def of_optax(input: Tensor, target: Tensor) -> Tensor:
    return _load.optax("ranking_softmax_loss", input, target)


PEERS = (
    Peer(
        "optax",
        "ranking_softmax_loss(input, target)",
        "multiplies by the relevance itself, not by its softmax",
        40.0,
        lambda: of_optax(**ARGUMENTS),
    ),
    Peer(
        "sentence-transformers",
        "ListNetLoss(model)(...)",
        "",
        29.2423,
        of_sentence_transformers,
    ),
    Peer(
        "allRank",
        "listNet(...)",
        "adds 1e-10 to the probabilities of the scores: no item costs more than 23, and further "
        "down nothing pulls",
        16.8332,
        lambda: of_allrank(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(4, 6, dtype=torch.float64, generator=draw)
    target = torch.randint(4, (4, 6), generator=draw).double()
    mask = torch.arange(6) < torch.tensor([6, 4, 2, 1])[:, None]
    return {"input": input.requires_grad_(), "target": target, "mask": mask}


AGREEMENTS = (
    Agreement(
        "allRank",
        "`listNet(...)`, padded by −1, where scores lie close together",
        random,
        of_allrank,
        1e-7,
    ),
)
