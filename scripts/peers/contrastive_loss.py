from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "`margin` 1.5; (1, 0) against (0, 1) and (0.8, 0.6), both similar, and against (0.6, 0.8), "
    "which is not; on average"
)
ARGUMENTS: dict[str, Any] = {
    "input1": torch.tensor([[1.0, 0.0]]).expand(3, 2),
    "input2": torch.tensor([[0.0, 1.0], [0.8, 0.6], [0.6, 0.8]]),
    "target": torch.tensor([1, 1, 0]),
    "margin": 1.5,
}


def distance(x: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x - y, dim=-1)


def of_sentence_transformers(
    input1: Tensor, input2: Tensor, target: Tensor, **settings: Any
) -> Any:
    loss = _load.bi_encoder("contrastive").ContrastiveLoss(None, **settings)
    return loss.compute_loss_from_embeddings([input1, input2], target)


def online(input1: Tensor, input2: Tensor, target: Tensor, **settings: Any) -> Any:
    loss = _load.bi_encoder("online_contrastive").OnlineContrastiveLoss(None, **settings)
    return loss.compute_loss_from_embeddings([input1, input2], target)


def of_metric_learning(input1: Tensor, input2: Tensor, target: Tensor, margin: float) -> Tensor:
    from pytorch_metric_learning.losses import ContrastiveLoss

    pairs = [(target == kind).nonzero()[:, 0] for kind in (1, 1, 0, 0)]
    return ContrastiveLoss(neg_margin=margin)(input1, ref_emb=input2, indices_tuple=pairs)


def of_monai() -> Tensor:
    from monai.losses import ContrastiveLoss

    return ContrastiveLoss()(ARGUMENTS["input1"], ARGUMENTS["input2"])


def euclidean(**call: Any) -> Any:
    return of_sentence_transformers(**call, distance_metric=distance)


PEERS = (
    Peer(
        "sentence-transformers",
        "ContrastiveLoss(model, margin=1.5)",
        "takes 1 minus the cosine for the distance; its own margin is 0.5. With "
        "`SiameseDistanceMetric.EUCLIDEAN`, ours",
        0.375,
        lambda: of_sentence_transformers(**ARGUMENTS),
    ),
    Peer(
        "sentence-transformers",
        "OnlineContrastiveLoss(..., EUCLIDEAN, 1.5)",
        "adds up, without the halves, the pairs that overlap: similar ones farther apart than the "
        "nearest dissimilar one, and dissimilar ones nearer than the farthest similar one",
        2.36673,
        lambda: online(**ARGUMENTS, distance_metric=distance),
    ),
    Peer(
        "pytorch-metric-learning",
        "ContrastiveLoss(neg_margin=1.5)",
        "squares nothing; averages the similar and the dissimilar pairs that cost something each "
        "by themselves, and adds the two; scales rows to length 1",
        1.62891,
        lambda: of_metric_learning(**ARGUMENTS),
    ),
    Peer(
        "monai",
        "ContrastiveLoss()",
        "another loss, NT-Xent: rows of the same place are similar, all others not",
        2.11006,
        of_monai,
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randn(2, 8, 3, dtype=torch.float64, generator=draw)
    labels = torch.arange(8) % 2
    rows = {"input1": first.requires_grad_(), "input2": second.requires_grad_()}
    return {**rows, "target": labels, "margin": 3.0}


AGREEMENTS = (
    Agreement(
        "sentence-transformers",
        "`ContrastiveLoss(model, SiameseDistanceMetric.EUCLIDEAN)`",
        random,
        euclidean,
        1e-6,  # labels are float32 there
    ),
)
