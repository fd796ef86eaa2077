from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _liger, _load

INPUT = "two pairs with averages of −0.5, −1 (chosen) and −1, −0.75 (rejected), of one token each"
ARGUMENTS: dict[str, Any] = {
    "policy_chosen_logps": torch.tensor([-0.5, -1.0]),
    "policy_rejected_logps": torch.tensor([-1.0, -0.75]),
}


def of_liger(policy_chosen_logps: Tensor, policy_rejected_logps: Tensor, **settings: Any) -> Tensor:
    from liger_kernel.chunked_loss.simpo_loss import LigerFusedLinearSimPOLoss

    answers = torch.cat((policy_chosen_logps, policy_rejected_logps))
    criterion = LigerFusedLinearSimPOLoss(compiled=False, **settings)
    loss, *_ = criterion(**_liger.layer(answers, [1] * len(answers)))
    return loss


def alone(policy_chosen_logps: Tensor, policy_rejected_logps: Tensor, **settings: Any) -> Tensor:
    from liger_kernel.chunked_loss.simpo_loss import LigerFusedLinearSimPOFunction

    tokens = torch.zeros(2 * len(policy_chosen_logps), 1)
    loss, *_ = LigerFusedLinearSimPOFunction.preference_loss_fn(
        policy_chosen_logps, policy_rejected_logps, tokens, **settings
    )
    return loss


def of_trl(policy_chosen_logps: Tensor, policy_rejected_logps: Tensor) -> Tensor:
    """Ask the trainer's own method, for `cpo_alpha` 0, which leaves the cross entropy out."""
    trainer = SimpleNamespace(
        alpha=0.0,
        loss_type="simpo",
        beta=2.0,
        simpo_gamma=_load.default("trl.experimental.cpo.cpo_config", "simpo_gamma"),
        label_smoothing=0.0,
        accelerator=SimpleNamespace(device="cpu"),
    )
    method = _load.extracted("trl.experimental.cpo.cpo_trainer", "cpo_loss")
    losses, *_ = method(trainer, policy_chosen_logps, policy_rejected_logps)
    return losses.mean()


PEERS = (
    Peer(
        "liger-kernel",
        "LigerFusedLinearSimPOLoss(beta=2.0, compute_nll_loss=False)",
        "",
        0.893669,
        lambda: of_liger(**ARGUMENTS, beta=2.0, compute_nll_loss=False),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearSimPOLoss(beta=2.0)",
        "adds the cross entropy of the chosen answers",
        1.643669,
        lambda: of_liger(**ARGUMENTS, beta=2.0),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearSimPOLoss()",
        "has a `beta` of 0.1, and adds the cross entropy",
        1.71648,
        lambda: of_liger(**ARGUMENTS),
    ),
    Peer(
        "trl",
        'CPOTrainer, loss_type="simpo", cpo_alpha=0, beta=2.0',
        "",
        0.893669,
        lambda: of_trl(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    chosen, rejected = -2 * torch.rand(2, 6, dtype=torch.float64, generator=draw)
    pairs = {"policy_chosen_logps": chosen, "policy_rejected_logps": rejected}
    return {name: x.requires_grad_() for name, x in pairs.items()} | {"beta": 2.5, "gamma": 1.375}


AGREEMENTS = (Agreement("liger-kernel", "LigerFusedLinearSimPOLoss, the pairs", random, alone),)
