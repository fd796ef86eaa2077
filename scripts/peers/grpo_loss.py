from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "an answer of two tokens, of the ratios 1.65 and 1, and one of one token, of the ratio 1; the "
    "advantages are 1 and −1"
)
ARGUMENTS: dict[str, Any] = {
    "policy_logps": torch.tensor([[-1.0, -0.5], [-1.0, -2.0]]),
    "old_logps": torch.tensor([[-1.5, -0.5], [-1.0, -1.5]]),
    "advantages": torch.tensor([1.0, -1.0]),
    "mask": torch.tensor([[True, True], [True, False]]),
}


def of_liger(
    policy_logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    reference_logps: Tensor | None = None,
    beta: float = 0.0,
    **settings: Any,
) -> Tensor:
    from liger_kernel.chunked_loss.grpo_loss import LigerFusedLinearGRPOFunction

    loss, _ = LigerFusedLinearGRPOFunction.ppo_loss_fn(
        policy_logps,
        mask,
        advantages,
        mask,
        ref_per_token_logps=reference_logps,
        old_per_token_logps=old_logps,
        beta=beta,
        **settings,
    )
    return loss


def of_trl(
    policy_logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    loss_type: str = "grpo",
    epsilon: float = 0.2,
    max_length: int = 2,
) -> Tensor:
    """Ask the trainer's own branches, those of a token and those of the mean."""
    trainer = SimpleNamespace(
        loss_type=loss_type,
        epsilon_low=epsilon,
        epsilon_high=epsilon,
        max_completion_length=max_length,
        current_gradient_accumulation_steps=1,
        accelerator=SimpleNamespace(num_processes=1),
        args=SimpleNamespace(delta=None, steps_per_generation=1),
    )
    module = "trl.trainer.grpo_trainer"
    found = _load.branches(
        module,
        "self.loss_type == 'cispo'",
        self=trainer,
        coef_1=(policy_logps - old_logps).exp(),
        advantages=advantages[:, None],
    )
    loss: Tensor = _load.branches(
        module,
        "self.loss_type in ['grpo', 'sapo']",
        self=trainer,
        per_token_loss=found["per_token_loss"],
        mask=mask,
        mode="train",
        inputs={"num_items_in_batch": mask.sum()},
    )["loss"]
    return loss


PEERS = (
    Peer(
        "liger-kernel",
        'LigerFusedLinearGRPOLoss(beta=0.0, loss_type="grpo")',
        "",
        -0.05,
        lambda: of_liger(**ARGUMENTS, loss_type="grpo"),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearGRPOLoss(beta=0.0)",
        "divides by all tokens, as `loss_type='dapo'`: that is its default",
        -0.4,
        lambda: of_liger(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        'LigerFusedLinearGRPOLoss(beta=0.0, loss_type="dr_grpo", max_completion_length=2)',
        "divides by a fixed length, as `loss_type='dr_grpo'`",
        -0.3,
        lambda: of_liger(**ARGUMENTS, loss_type="dr_grpo", max_completion_length=2),
    ),
    Peer("trl", 'GRPOTrainer, loss_type="grpo"', "", -0.05, lambda: of_trl(**ARGUMENTS)),
    Peer(
        "trl",
        "GRPOTrainer",
        "divides by all tokens, as `loss_type='dapo'`: that is its default",
        -0.4,
        lambda: of_trl(
            **ARGUMENTS, loss_type=_load.default("trl.trainer.grpo_config", "loss_type")
        ),
    ),
    Peer(
        "trl",
        'GRPOTrainer, loss_type="bnpo"',
        "divides by the tokens of its own batch: over one batch that is `loss_type='dapo'`",
        -0.4,
        lambda: of_trl(**ARGUMENTS, loss_type="bnpo"),
    ),
    Peer(
        "trl",
        'GRPOTrainer, loss_type="dr_grpo", max_completion_length=2',
        "divides by a fixed length, as `loss_type='dr_grpo'`",
        -0.3,
        lambda: of_trl(**ARGUMENTS, loss_type="dr_grpo"),
    ),
)


def random(loss_type: str) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    policy, old, reference = -torch.rand(3, 4, 5, dtype=torch.float64, generator=draw)
    return {
        "policy_logps": policy.requires_grad_(),
        "old_logps": old,
        "advantages": torch.randn(4, dtype=torch.float64, generator=draw),
        "reference_logps": reference,
        "mask": torch.arange(5) < torch.tensor([5, 3, 1, 0])[:, None],
        "epsilon": 0.2,
        "epsilon_high": 0.28,
        "beta": 0.04,
        "loss_type": loss_type,
        "max_length": 7,
    }


def translated(epsilon: float, loss_type: str, max_length: int, **call: Any) -> Tensor:
    names = {"grpo": "grpo", "dapo": "bnpo", "dr_grpo": "dr_grpo"}
    return of_liger(
        **call,
        epsilon_low=epsilon,
        loss_type=names[loss_type],
        max_completion_length=max_length,
    )


def without_penalty(loss_type: str) -> dict[str, Any]:
    left_out = ("reference_logps", "epsilon_high", "beta")
    return {name: x for name, x in random(loss_type).items() if name not in left_out}


AGREEMENTS = tuple(
    Agreement(
        "trl",
        f"GRPOTrainer, {loss_type}",
        lambda loss_type=loss_type: without_penalty(loss_type),
        of_trl,
        timed=False,
    )
    for loss_type in ("grpo", "dapo", "dr_grpo")
) + tuple(
    Agreement(
        "liger-kernel",
        f"LigerFusedLinearGRPOLoss, {loss_type}, with the penalty",
        lambda loss_type=loss_type: random(loss_type),
        translated,
    )
    for loss_type in ("grpo", "dapo", "dr_grpo")
)
