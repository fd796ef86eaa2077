from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "one row, of the student's logits 1, 0, −1 and the teacher's 2, 0, 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 0.0, -1.0]]),
    "teacher": torch.tensor([[2.0, 0.0, 0.0]]),
}


def of_trl(input: Tensor, teacher: Tensor, beta: float = 0.5, temperature: float = 1.0) -> Tensor:
    loss = _load.extracted("trl.experimental.gkd.gkd_trainer", "generalized_jsd_loss")
    return loss(input, teacher, beta=beta, temperature=temperature)


def of_liger(input: Tensor, teacher: Tensor, beta: float = 0.5, temperature: float = 1.0) -> Tensor:
    loss = _load.part("liger_kernel.chunked_loss.jsd_loss").LigerFusedLinearJSDLoss(
        weight_hard_loss=0.0,
        weight_soft_loss=1.0,
        beta=beta,
        temperature=temperature,
        compiled=False,
    )
    # Its logits are linear in a hidden state: here they are that state.
    one = torch.eye(input.shape[-1], dtype=input.dtype)
    return loss(input, one, teacher, one, torch.zeros(len(input), dtype=torch.int64))


def of_scipy() -> float:
    from scipy.spatial.distance import jensenshannon

    return jensenshannon(*(logits[0].softmax(-1).numpy() for logits in ARGUMENTS.values()))


PEERS = (
    Peer("trl", "GKDTrainer.generalized_jsd_loss(...)", "", 0.0168735, lambda: of_trl(**ARGUMENTS)),
    Peer(
        "liger-kernel",
        "LigerFusedLinearJSDLoss()(...)",
        "",
        0.0168735,
        lambda: of_liger(**ARGUMENTS),
    ),
    Peer(
        "trl",
        "GKDTrainer.generalized_jsd_loss(..., beta=0)",
        "computes the plain divergence there, a jump: the limit is 0, and ours raises",
        0.0615541,
        lambda: of_trl(**ARGUMENTS, beta=0.0),
    ),
    Peer("scipy", "jensenshannon(p, q)", "the square root", 0.129898, of_scipy),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, teacher = 2 * torch.randn(2, 4, 5, dtype=torch.float64, generator=draw)
    call = {"beta": 0.3, "temperature": 2.0}
    return {"input": input.requires_grad_(), "teacher": teacher, **call}


AGREEMENTS = (
    Agreement("trl", "GKDTrainer.generalized_jsd_loss", random, of_trl),
    # It sums in float32.
    Agreement("liger-kernel", "LigerFusedLinearJSDLoss", random, of_liger, 1e-6, timed=False),
)
