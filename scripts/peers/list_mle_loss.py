from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "one list, of the scores 1, 40 and 0 and the relevance 1, 2 and 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 40.0, 0.0]]),
    "target": torch.tensor([[1.0, 2.0, 0.0]]),
}


def of_allrank(input: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    if mask is not None:
        target = target.masked_fill(~mask, -1)
    return _load.allrank().listMLE(input, target)


def of_sentence_transformers(**settings: Any) -> Tensor:
    loss = _load.cross_encoder("list_mle").ListMLELoss(_load.Scores(), **settings)
    (scores,), (labels,) = ARGUMENTS["input"], ARGUMENTS["target"]
    return loss([["a query"], [list(scores)]], [labels])


PEERS = (
    Peer(
        "sentence-transformers",
        "ListMLELoss(model, respect_input_order=False)(...)",
        "",
        0.313262,
        lambda: of_sentence_transformers(respect_input_order=False),
    ),
    Peer(
        "sentence-transformers",
        "ListMLELoss(model)(...)",
        "takes the items in the order given, whatever their labels",
        39.0,
        of_sentence_transformers,
    ),
    Peer(
        "allRank",
        "listMLE(...)",
        "adds 1e-10 to each sum, which counts where the items left score 23 below the best; draws "
        "the order of ties by lot",
        32.9483,
        lambda: of_allrank(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(4, 6, dtype=torch.float64, generator=draw)
    target = torch.stack([torch.randperm(6, generator=draw) for _ in range(4)]).double()
    mask = torch.arange(6) < torch.tensor([6, 4, 2, 1])[:, None]
    return {"input": input.requires_grad_(), "target": target, "mask": mask}


AGREEMENTS = (
    Agreement(
        "allRank",
        "`listMLE(...)`, padded with −1, if scores lie close together and no labels are equal",
        random,
        of_allrank,
        1e-7,
    ),
)
