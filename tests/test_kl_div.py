"""KL divergence at a target of 0, where the gradient is 0 by choice."""

from __future__ import annotations

import torch

import losses


def test_an_outcome_without_probability_has_no_gradient() -> None:
    target = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    input = torch.tensor([-1.0, -2.0], dtype=torch.float64)
    losses.kl_div(input, target, reduction="sum").backward()
    assert target.grad is not None
    assert target.grad.tolist() == [0.0, 0.0]
