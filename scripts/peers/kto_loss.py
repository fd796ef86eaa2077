from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "three answers with log-ratios of 1, −0.5 and 1, of which the second is not liked, and two "
    "mismatched ones with −8 and −2"
)
ARGUMENTS: dict[str, Any] = {
    "policy_logps": torch.tensor([-10.0, -12.0, -9.0]),
    "reference_logps": torch.tensor([-11.0, -11.5, -10.0]),
    "target": torch.tensor([True, False, True]),
    "policy_kl_logps": torch.tensor([-20.0, -14.0]),
    "reference_kl_logps": torch.tensor([-12.0, -12.0]),
}


def of_liger(
    policy_logps: Tensor,
    reference_logps: Tensor,
    target: Tensor,
    kl: Tensor | None = None,
    beta: float = 0.1,
) -> Tensor:
    from liger_kernel.chunked_loss.kto_loss import LigerFusedLinearKTOFunction

    loss, *_ = LigerFusedLinearKTOFunction.preference_loss_fn(
        policy_logps, target, target, reference_logps, beta=beta, kl=kl
    )
    return loss


def level(policy_kl_logps: Tensor, reference_kl_logps: Tensor, **others: Any) -> Tensor:
    return (policy_kl_logps - reference_kl_logps).mean()


def with_level(clamped: bool = True, **arguments: Any) -> Tensor:
    kl = level(**arguments)
    kept = {k: v for k, v in arguments.items() if "_kl_" not in k}
    return of_liger(**kept, kl=kl.clamp(min=0) if clamped else kl)


def of_trl(
    policy_logps: Tensor,
    reference_logps: Tensor,
    target: Tensor,
    policy_kl_logps: Tensor,
    reference_kl_logps: Tensor,
    beta: float = 0.1,
) -> Tensor:
    """Run the part of the trainer between log-probabilities and losses."""
    names: dict[str, Any] = {
        "self": SimpleNamespace(
            calculate_KL=True,
            accelerator=SimpleNamespace(gather_for_metrics=lambda x: x),
            loss_type="kto",
            beta=beta,
        ),
        "KL_logps": policy_kl_logps,
        "ref_KL_logps": reference_kl_logps,
        "chosen_logps": policy_logps[target],
        "ref_chosen_logps": reference_logps[target],
        "rejected_logps": policy_logps[~target],
        "ref_rejected_logps": reference_logps[~target],
    }
    for first, says in (
        ("self.calculate_KL", "clamp(min=0)"),
        ("chosen_logps.shape[0] != 0 or ref_chosen_logps.shape[0] != 0", ""),
        ("rejected_logps.shape[0] != 0 or ref_rejected_logps.shape[0] != 0", ""),
    ):
        names = _load.branches("trl.trainer.kto_trainer", first, says, **names)
    return torch.cat((names["chosen_losses"], names["rejected_losses"])).mean()


PEERS = (
    Peer("trl", "KTOTrainer", "", 0.479181, lambda: of_trl(**ARGUMENTS)),
    Peer(
        "liger-kernel",
        "LigerFusedLinearKTOLoss()(..., kl=kl.clamp(min=0))",
        "",
        0.479181,
        lambda: with_level(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearKTOLoss()(..., kl=kl)",
        "takes the level as it is, even below 0",
        0.439776,
        lambda: with_level(clamped=False, **ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    policy, reference = -5 * torch.rand(2, 6, dtype=torch.float64, generator=draw)
    kl = -5 * torch.rand(2, 4, dtype=torch.float64, generator=draw)
    return {
        "policy_logps": policy.requires_grad_(),
        "reference_logps": reference,
        "target": torch.arange(6) % 2 == 0,
        "policy_kl_logps": kl.amax(0),
        "reference_kl_logps": kl.amin(0),
        "beta": 0.5,
    }


AGREEMENTS = (
    Agreement("trl", "`KTOTrainer`", random, of_trl, timed=False),
    Agreement("liger-kernel", "LigerFusedLinearKTOLoss", random, with_level),
)
