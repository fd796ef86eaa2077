"""KL divergence at a target of 0, where the gradient is 0 by choice."""

from __future__ import annotations

import math

import pytest
import torch

import losses


def test_an_outcome_without_probability_has_no_gradient() -> None:
    target = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    input = torch.tensor([-1.0, -2.0], dtype=torch.float64)
    losses.kl_div(input, target, reduction="sum").backward()
    assert target.grad is not None
    assert target.grad.tolist() == [0.0, 0.0]


def test_an_outcome_without_probability_costs_nothing_though_the_model_be_infinitely_sure() -> None:
    input, target = torch.tensor([math.inf, -math.inf, -1.0]), torch.zeros(3)
    with pytest.warns(UserWarning, match="positive entries"):
        loss = losses.kl_div(input, target, reduction="none")
    assert loss.tolist() == [0.0, 0.0, 0.0]
