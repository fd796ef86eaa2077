from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "the queries (1, 0) and (1, 1), their keys (1, 1) and (0, 1), and the further negatives "
    "(1, 0.2) and (0.2, 1)"
)
ARGUMENTS: dict[str, Any] = {
    "query": torch.tensor([[1.0, 0.0], [1.0, 1.0]]),
    "key": torch.tensor([[1.0, 1.0], [0.0, 1.0]]),
    "negatives": torch.tensor([[1.0, 0.2], [0.2, 1.0]]),
}


def of_info_nce(query: Tensor, key: Tensor, negatives: Tensor | None = None) -> Tensor:
    from info_nce import info_nce

    mode = "paired" if negatives is not None and negatives.ndim == 3 else "unpaired"
    return info_nce(query, key, negatives, negative_mode=mode)


def of_sentence_transformers(
    query: Tensor,
    key: Tensor,
    negatives: Tensor | None = None,
    symmetric: bool = False,
    **settings: Any,
) -> Tensor:
    similarity = _load.part("sentence_transformers.util.similarity")
    util = sys.modules["sentence_transformers.util"]
    util.cos_sim = similarity.cos_sim
    for name in ("all_gather_with_grad", "get_rank", "similarity_fct_name"):
        if not hasattr(util, name):
            setattr(util, name, None)
    losses = _load.bi_encoder("multiple_negatives_ranking")
    if symmetric:
        settings |= {
            "directions": ("query_to_doc", "doc_to_query"),
            "partition_mode": "per_direction",
        }
    loss = losses.MultipleNegativesRankingLoss(None, **settings)
    columns = [query, key, *([] if negatives is None else [negatives])]
    return loss.compute_loss_from_embeddings(columns, None)


PEERS = (
    Peer(
        "info-nce-pytorch",
        "info_nce(query, key, negatives)",
        "further negatives replace the other keys of the batch",
        2.43726,
        lambda: of_info_nce(**ARGUMENTS),
    ),
    Peer(
        "sentence-transformers",
        "MultipleNegativesRankingLoss(model)(...)",
        "multiplies by a `scale` of 20, which is a temperature of 0.05",
        5.70072,
        lambda: of_sentence_transformers(**ARGUMENTS),
    ),
    Peer(
        "sentence-transformers",
        "MultipleNegativesRankingLoss(model, scale=10)(...)",
        "",
        3.04106,
        lambda: of_sentence_transformers(**ARGUMENTS, scale=10.0),
    ),
)


def drawn(*shapes: tuple[int, ...]) -> list[Tensor]:
    draw = torch.Generator().manual_seed(0)
    return [
        torch.randn(*shape, dtype=torch.float64, generator=draw).requires_grad_()
        for shape in shapes
    ]


def pairs() -> dict[str, Any]:
    return dict(zip(("query", "key"), drawn((6, 4), (6, 4)), strict=True))


def both_ways() -> dict[str, Any]:
    return pairs() | {"symmetric": True}


def one_query() -> dict[str, Any]:
    names = ("query", "key", "negatives")
    return dict(zip(names, drawn((1, 4), (1, 4), (1, 5, 4)), strict=True))


def with_negatives() -> dict[str, Any]:
    names = ("query", "key", "negatives")
    return dict(zip(names, drawn((6, 4), (6, 4), (6, 4)), strict=True))


def at_the_same_temperature(**given: Any) -> Tensor:
    return of_sentence_transformers(**given, scale=10.0)


AGREEMENTS = (
    Agreement("info-nce-pytorch", "`info_nce(query, key)`", pairs, of_info_nce),
    Agreement(
        "info-nce-pytorch",
        "`info_nce(query, key, negatives)`, for one query",
        one_query,
        of_info_nce,
    ),
    Agreement(
        "sentence-transformers", "scale=10, negatives", with_negatives, at_the_same_temperature
    ),
    Agreement("sentence-transformers", "scale=10, both ways", both_ways, at_the_same_temperature),
)
