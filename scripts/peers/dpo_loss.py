from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "`label_smoothing` 0.2, and two pairs with the margins 1 and −1.5: log-probabilities of −10, "
    "−12 (chosen) and −12, −11 (rejected), of the reference −11, −11.5 and −12, −12"
)
NAMES = (
    "policy_chosen_logps",
    "policy_rejected_logps",
    "reference_chosen_logps",
    "reference_rejected_logps",
)
PAIRS = ([-10.0, -12.0], [-12.0, -11.0], [-11.0, -11.5], [-12.0, -12.0])
ARGUMENTS: dict[str, Any] = {
    **dict(zip(NAMES, map(torch.tensor, PAIRS), strict=True)),
    "label_smoothing": 0.2,
}


IPO = ARGUMENTS | {"label_smoothing": 0.0, "loss_type": "ipo"}


def of_trl(
    loss_type: str = "sigmoid",
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    tokens: int = 1,
    **arguments: Any,
) -> Tensor:
    """Ask the trainer's own branches; all answers have the same number of tokens."""
    chosen, rejected, *of_reference = (arguments.pop(name) for name in NAMES)
    chosen, rejected = chosen - of_reference[0], rejected - of_reference[1]
    found = _load.branches(
        "trl.trainer.dpo_trainer",
        "loss_type == 'sigmoid'",
        loss_type=loss_type,
        self=SimpleNamespace(beta=beta, label_smoothing=label_smoothing),
        chosen_scores=chosen,
        rejected_scores=rejected,
        delta_score=chosen - rejected,
        completion_mask=torch.ones(2 * len(chosen), tokens),
    )
    loss: Tensor = found["per_sequence_loss"].mean()
    return loss


def of_torchtune(name: str = "DPOLoss", **arguments: Any) -> Tensor:
    module = _load.part("torchtune.rlhf.loss.dpo")
    logps = [arguments.pop(name) for name in NAMES]
    losses, _, _ = getattr(module, name)(**arguments)(*logps)
    return losses.mean()


def of_liger(**arguments: Any) -> Tensor:
    from liger_kernel.chunked_loss.dpo_loss import LigerFusedLinearDPOFunction

    chosen, rejected, *of_reference = (arguments.pop(name) for name in NAMES)
    tokens = torch.zeros(2 * len(chosen), 1)
    loss, *_ = LigerFusedLinearDPOFunction.preference_loss_fn(
        chosen, rejected, tokens, *of_reference, **arguments
    )
    return loss


PEERS = (
    Peer(
        "torchtune",
        "DPOLoss(label_smoothing=0.2)",
        "",
        0.702677,
        lambda: of_torchtune(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        "LigerFusedLinearDPOLoss(label_smoothing=0.2)",
        "takes `label_smoothing` and leaves it out; of these losses, only `'robust'` heeds it",
        0.707677,
        lambda: of_liger(**ARGUMENTS),
    ),
    Peer(
        "liger-kernel",
        'LigerFusedLinearDPOLoss(loss_type="ipo")',
        "has no IPO: it would need averages, TRL's form",
        None,
        lambda: of_liger(**ARGUMENTS | {"label_smoothing": 0.0, "loss_type": "ipo"}),
    ),
    Peer(
        "trl",
        "DPOTrainer, label_smoothing=0.2",
        "takes `label_smoothing` and leaves it out; of these losses, only `'robust'` heeds it",
        0.707677,
        lambda: of_trl(**ARGUMENTS),
    ),
    Peer(
        "trl",
        'DPOTrainer, loss_type="ipo"',
        "divides the log-probabilities by the number of tokens, here 10 each",
        25.2663,
        lambda: of_trl(**IPO, tokens=10),
        "the same with `loss_type='ipo'` and `label_smoothing` 0",
        IPO,
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    logps = -5 * torch.rand(4, 6, dtype=torch.float64, generator=draw)
    pairs = dict(zip(NAMES, logps, strict=True))
    return pairs | {name: pairs[name].requires_grad_() for name in NAMES[:2]} | {"beta": 0.5}


def hinge(beta: float, loss_type: str, **arguments: Any) -> Tensor:
    return of_torchtune("RSOLoss", gamma=beta, **arguments)


AGREEMENTS = (
    Agreement(
        "torchtune",
        "DPOLoss(label_smoothing=0.1)",
        lambda: random() | {"label_smoothing": 0.1},
        of_torchtune,
    ),
    Agreement("torchtune", "RSOLoss, 'hinge'", lambda: random() | {"loss_type": "hinge"}, hinge),
    Agreement("trl", "`DPOTrainer`", random, of_trl, timed=False),
    Agreement(
        "trl",
        '`DPOTrainer, loss_type="robust"`',
        lambda: random() | {"loss_type": "robust", "label_smoothing": 0.1},
        of_trl,
        timed=False,
    ),
    Agreement("liger-kernel", "`LigerFusedLinearDPOLoss()`", random, of_liger),
    Agreement(
        "liger-kernel",
        '`LigerFusedLinearDPOLoss(loss_type="robust")`',
        lambda: random() | {"loss_type": "robust", "label_smoothing": 0.1},
        of_liger,
    ),
)
