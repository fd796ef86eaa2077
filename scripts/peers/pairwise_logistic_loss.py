from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "one list, of the scores 1, 2 and 0 and the relevance 2, 1 and 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 2.0, 0.0]]),
    "target": torch.tensor([[2.0, 1.0, 0.0]]),
}


def of_allrank(input: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    if mask is not None:
        target = target.masked_fill(~mask, -1)
    return _load.allrank().rankNet(input, target)


def of_sentence_transformers() -> Tensor:
    loss = _load.cross_encoder("rank_net").RankNetLoss(_load.Scores())
    (scores,), (labels,) = ARGUMENTS["input"], ARGUMENTS["target"]
    return loss([["a query"], [list(scores)]], [labels])


PEERS = (
    Peer("allRank", "rankNet(...)", "", 0.584484, lambda: of_allrank(**ARGUMENTS)),
    Peer(
        "sentence-transformers",
        "RankNetLoss(model)(...)",
        "takes logarithms to base 2; `reduction_log='natural'` does not",
        0.843233,
        of_sentence_transformers,
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(4, 6, dtype=torch.float64, generator=draw)
    target = torch.randint(4, (4, 6), generator=draw).double()
    mask = torch.arange(6) < torch.tensor([6, 4, 2, 0])[:, None]
    return {"input": input.requires_grad_(), "target": target, "mask": mask}


AGREEMENTS = (Agreement("allRank", "rankNet, padded by -1", random, of_allrank, 1e-6),)
