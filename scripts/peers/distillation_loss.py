from __future__ import annotations

from typing import Any
from warnings import catch_warnings

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "one row, of the student's logits 1, 0, −1 and the teacher's 2, 0, 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 0.0, -1.0]]),
    "teacher": torch.tensor([[2.0, 0.0, 0.0]]),
}


def of_torch(input: Tensor, teacher: Tensor, temperature: float = 2.0) -> Tensor:
    log_q = (input / temperature).log_softmax(-1).flatten(0, -2)
    log_p = (teacher / temperature).log_softmax(-1).flatten(0, -2)
    kl_div = torch.nn.functional.kl_div
    return temperature**2 * kl_div(log_q, log_p, reduction="batchmean", log_target=True)


def of_torchtune(input: Tensor, teacher: Tensor) -> Tensor:
    loss = _load.part("torchtune.modules.loss.kd_losses").ForwardKLLoss()
    return loss(input, teacher, torch.zeros(len(input), dtype=torch.int64))


def of_liger(input: Tensor, teacher: Tensor) -> Tensor:
    loss = _load.part("liger_kernel.chunked_loss.jsd_loss").LigerFusedLinearJSDLoss(
        weight_hard_loss=0.0, weight_soft_loss=1.0, beta=0.0, temperature=2.0, compiled=False
    )
    # Its logits are linear in a hidden state: here they are that state.
    one = torch.eye(input.shape[-1], dtype=input.dtype)
    return loss(input, one, teacher, one, torch.zeros(len(input), dtype=torch.int64))


def softened() -> tuple[Tensor, Tensor]:
    log_q, log_p = ((ARGUMENTS[name] / 2).log_softmax(-1) for name in ("input", "teacher"))
    return log_q, log_p


def of_kl_div(log_q: Tensor, log_p: Tensor, reduction: str) -> Tensor:
    with catch_warnings(action="ignore"):  # it says that its mean divides by the classes, too
        return torch.nn.functional.kl_div(log_q, log_p, reduction=reduction, log_target=True)


def of_sentence_transformers(input: Tensor, teacher: Tensor, **settings: Any) -> Tensor:
    """Call it with columns that are their own likeness to the query."""
    module = _load.bi_encoder("distill_kl_div")
    loss = module.DistillKLDivLoss(None, similarity_fct=lambda _, likeness: likeness, **settings)
    return loss.compute_loss_from_embeddings([input[:, 0], *input.unbind(1)], teacher)


PEERS = (
    Peer(
        "torch",
        '4 * kl_div(log_q, log_p, reduction="batchmean", log_target=True)',
        "",
        0.091417,
        lambda: of_torch(**ARGUMENTS),
    ),
    Peer(
        "torchtune",
        "ForwardKLLoss()(...)",
        "no temperature; the teacher's entropy is not taken off; leaves out infinite logits",
        0.727127,
        lambda: of_torchtune(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearJSDLoss(beta=0, temperature=2)",
        "without the square of the temperature",
        0.022854,
        lambda: of_liger(**ARGUMENTS),
    ),
    Peer(
        "torch",
        "4 * kl_div(log_q, log_p, log_target=True)",
        "`reduction` is `'mean'`: divides by rows and classes",
        0.0304723,
        lambda: 4 * of_kl_div(*softened(), "mean"),
    ),
    Peer(
        "torch",
        '4 * kl_div(log_p, log_q, reduction="batchmean", log_target=True)',
        "the arguments exchanged: the divergence the other way round",
        0.0990916,
        lambda: 4 * of_kl_div(*reversed(softened()), "batchmean"),
    ),
    Peer(
        "sentence-transformers",
        "DistillKLDivLoss(model)",
        "its temperature is 1 by default",
        0.0615541,
        lambda: of_sentence_transformers(**ARGUMENTS),
    ),
    Peer(
        "sentence-transformers",
        "DistillKLDivLoss(model, temperature=2.0)",
        "",
        0.0914171,
        lambda: of_sentence_transformers(**ARGUMENTS, temperature=2.0),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, teacher = 2 * torch.randn(2, 4, 5, dtype=torch.float64, generator=draw)
    return {"input": input.requires_grad_(), "teacher": teacher, "temperature": 3.0}


def at_one() -> dict[str, Any]:
    return random() | {"temperature": 1.0}


def entropy_taken_off(input: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    p = teacher.softmax(-1)
    return of_torchtune(input, teacher) + (p * p.log()).sum(-1).mean()


AGREEMENTS = (
    Agreement("torch", "kl_div, batchmean, times the square of the temperature", random, of_torch),
    Agreement(
        "torchtune",
        "`ForwardKLLoss()(...)`, less the teacher's entropy, at a temperature of 1",
        at_one,
        entropy_taken_off,
        1e-6,  # in float32
    ),
    Agreement(
        "sentence-transformers",
        "DistillKLDivLoss, its temperature",
        random,
        of_sentence_transformers,
        timed=False,
    ),
)
