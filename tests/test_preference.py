"""What the losses of log-probabilities do with a frozen model, and with answers of tokens."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from losses import dpo_loss, grpo_loss, kto_loss, linear_cross_entropy, orpo_loss, simpo_loss

FROZEN = {
    "dpo_loss": ("reference_chosen_logps", "reference_rejected_logps"),
    "kto_loss": ("reference_logps", "policy_kl_logps", "reference_kl_logps"),
    "grpo_loss": ("old_logps", "reference_logps", "advantages"),
}
CALLS: dict[str, dict[str, Any]] = {
    "dpo_loss": dict.fromkeys(("policy_chosen_logps", "policy_rejected_logps"), (3,)),
    "kto_loss": {"policy_logps": (3,)},
    "grpo_loss": {"policy_logps": (3, 4)},
}


@pytest.mark.parametrize("function", FROZEN)
def test_only_the_policy_is_trained(function: str) -> None:
    policy = {
        name: torch.zeros(shape, requires_grad=True) for name, shape in CALLS[function].items()
    }
    (shape,) = set(CALLS[function].values())
    frozen = {
        name: torch.ones(3 if name == "advantages" else shape, requires_grad=True)
        for name in FROZEN[function]
    }
    settings: dict[str, Any] = {"beta": 0.5}
    if function == "kto_loss":
        settings["target"] = torch.tensor([1, 0, 1])
    loss = getattr(losses, function)(**policy, **frozen, **settings)
    loss.backward()
    assert all(leaf.grad is not None and leaf.grad.any() for leaf in policy.values())
    assert all(leaf.grad is None or not leaf.grad.any() for leaf in frozen.values())


def test_dpo_is_log_two_at_the_reference_and_odd_around_it() -> None:
    x = torch.linspace(-50, 50, 21, dtype=torch.float64)
    zero = torch.zeros_like(x)

    def at(x: Tensor, **settings: Any) -> Tensor:
        return dpo_loss(x, zero, zero, zero, reduction="none", **settings)

    torch.testing.assert_close(at(zero), torch.full_like(x, math.log(2)))
    torch.testing.assert_close(at(x) - at(-x), -0.1 * x)
    for e in (0.1, 0.3):
        best = math.log((1 - e) / e) / 0.1
        around = best + torch.linspace(-1, 1, 21, dtype=torch.float64)
        assert at(around, label_smoothing=e).argmin() == 10
        # What swapped labels add on average is taken out again.
        kept, swapped = (at(z, label_smoothing=e, loss_type="robust") for z in (x, -x))
        torch.testing.assert_close((1 - e) * kept + e * swapped, at(x))


def test_robust_dpo_has_no_lower_bound() -> None:
    zero = torch.zeros(1)
    loss = dpo_loss(
        torch.tensor([1000.0]), zero, zero, zero, loss_type="robust", label_smoothing=0.1
    )
    torch.testing.assert_close(loss, torch.tensor(-12.5))


def test_a_translation_of_log_ratio_and_level_changes_nothing() -> None:
    policy, reference, target = torch.randn(5), torch.randn(5), torch.arange(5) % 2
    kl, zero = torch.full((2,), 2.0), torch.zeros(2)
    torch.testing.assert_close(
        kto_loss(policy + 3, reference, target, kl + 3, zero),
        kto_loss(policy, reference, target, kl, zero),
    )


def test_pairs_without_a_reference_at_a_tie() -> None:
    tie = torch.tensor([-0.7])
    torch.testing.assert_close(
        simpo_loss(tie, tie, gamma=1.5), torch.tensor(math.log1p(math.exp(1.5)))
    )
    torch.testing.assert_close(orpo_loss(tie, tie), torch.tensor(0.7 + 0.1 * math.log(2)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logp", [-1e-9, -1e-30, 0.0, 0.5])
def test_odds_of_what_is_nearly_certain_are_finite(logp: float, dtype: torch.dtype) -> None:
    for place in range(2):
        pair = torch.full((2,), -1.0, dtype=dtype)
        pair[place] = logp
        pair.requires_grad_()
        loss = orpo_loss(pair[0], pair[1])
        loss.backward()
        assert loss.isfinite()
        assert pair.grad is not None
        assert pair.grad.isfinite().all()


def test_a_ratio_beyond_all_numbers_is_clipped_in_value_and_gradient() -> None:
    policy = torch.zeros(2, 1, requires_grad=True)
    loss = grpo_loss(policy, torch.full((2, 1), -1000.0), torch.tensor([1.0, 0.0]))
    loss.backward()
    torch.testing.assert_close(loss.detach(), torch.tensor(-0.6))
    assert policy.grad is not None
    assert not policy.grad.any()


def test_no_advantage_no_signal_but_for_the_penalty() -> None:
    policy = torch.zeros(2, 3, requires_grad=True)
    for beta, trained in ((0.0, False), (0.1, True)):
        loss = grpo_loss(policy, None, torch.zeros(2), torch.full((2, 3), -1.0), beta=beta)
        (gradient,) = torch.autograd.grad(loss, policy)
        assert bool(gradient.any()) == trained


def test_losses_of_answers_need_no_second_copy_of_the_vocabulary() -> None:
    """As on the page: blocks of rows give the log-probabilities that whole logits give."""
    torch.manual_seed(0)
    hidden, head = torch.randn(4, 6, 8), torch.randn(50, 8)
    tokens = torch.randint(50, (4, 6))
    answer = torch.arange(6) >= torch.tensor([2, 3, 2, 4])[:, None]
    target = tokens[:, 1:].masked_fill(~answer[:, 1:], -100)
    options = type("Options", (), {"batch_chunk_size": 4})()
    rows = hidden[:, :-1].flatten(0, 1)
    each = linear_cross_entropy(rows, head, target.flatten(), reduction="none", options=options)
    logps = (hidden[:, :-1] @ head.T).log_softmax(-1)
    picked = logps.gather(-1, tokens[:, 1:, None]).squeeze(-1) * answer[:, 1:]
    torch.testing.assert_close(-each.reshape(target.shape).sum(1), picked.sum(1))
