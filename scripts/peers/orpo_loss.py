from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _liger, _load

INPUT = (
    "two pairs with averages of −0.5, −1 (chosen, of one and of three tokens) and −1, −0.75 "
    "(rejected)"
)
ARGUMENTS: dict[str, Any] = {
    "policy_chosen_logps": torch.tensor([-0.5, -1.0]),
    "policy_rejected_logps": torch.tensor([-1.0, -0.75]),
}


def of_liger(policy_chosen_logps: Tensor, policy_rejected_logps: Tensor) -> Tensor:
    from liger_kernel.chunked_loss.orpo_loss import LigerFusedLinearORPOLoss

    answers = torch.cat((policy_chosen_logps, policy_rejected_logps))
    criterion = LigerFusedLinearORPOLoss(compiled=False)
    loss, *_ = criterion(**_liger.layer(answers, (1, 3, 1, 1)))
    return loss


def odds(policy_chosen_logps: Tensor, policy_rejected_logps: Tensor, beta: float = 0.1) -> Tensor:
    from liger_kernel.chunked_loss.orpo_loss import LigerFusedLinearORPOFunction

    tokens = torch.zeros(2 * len(policy_chosen_logps), 1)
    loss, *_ = LigerFusedLinearORPOFunction.preference_loss_fn(
        policy_chosen_logps, policy_rejected_logps, tokens, beta=beta
    )
    return loss


def of_trl(policy_chosen_logps: Tensor, policy_rejected_logps: Tensor, beta: float = 0.1) -> Tensor:
    """Ask the trainer's own method, which is called on averages and subtracted by the trainer."""
    trainer = SimpleNamespace(beta=beta, accelerator=SimpleNamespace(device="cpu"))
    module = "trl.experimental.orpo.orpo_trainer"
    method = _load.extracted(module, "odds_ratio_loss", "log1mexp")
    losses, *_ = method(trainer, policy_chosen_logps, policy_rejected_logps)
    return -losses.mean()


PEERS = (
    Peer(
        "trl",
        "ORPOTrainer.odds_ratio_loss(...)",
        "the odds alone; the trainer adds the cross entropy, averaged over all tokens",
        0.06259,
        lambda: of_trl(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearORPOLoss()",
        "averages the cross entropy over all tokens of the batch: long answers weigh more",
        0.93759,
        lambda: of_liger(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearORPOLoss(compute_nll_loss=False)",
        "the odds alone; infinite where an average is above −3e-8",
        0.06259,
        lambda: odds(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    chosen, rejected = -0.1 - 2 * torch.rand(2, 6, dtype=torch.float64, generator=draw)
    pairs = {"policy_chosen_logps": chosen, "policy_rejected_logps": rejected}
    return {name: x.requires_grad_() for name, x in pairs.items()} | {"beta": 0.5}


AGREEMENTS = (
    Agreement(
        "trl",
        "`ORPOTrainer.odds_ratio_loss`, with the cross entropy added",
        random,
        lambda **call: of_trl(**call) - call["policy_chosen_logps"].mean(),
        1e-6,  # it computes in float32
        timed=False,
    ),
    Agreement(
        "liger-kernel",
        "`LigerFusedLinearORPOLoss(compute_nll_loss=False)`, with the cross entropy added",
        random,
        lambda **call: odds(**call) - call["policy_chosen_logps"].mean(),
    ),
)
