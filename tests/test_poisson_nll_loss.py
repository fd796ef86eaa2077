"""Poisson's loss where it is settled: at an infinite rate, and at no count for a rate of 0."""

from __future__ import annotations

import math

import pytest
import torch

import losses


@pytest.mark.parametrize("log_input", [True, False])
def test_a_settled_loss_has_no_gradient_in_the_count(log_input: bool) -> None:
    rate = torch.tensor([0.0, math.inf], dtype=torch.float64)
    count = torch.tensor([0.0, 2.0], dtype=torch.float64, requires_grad=True)
    input = rate.log() if log_input else rate
    loss = losses.poisson_nll_loss(input, count, log_input, eps=0.0, reduction="sum")
    loss.backward()
    assert count.grad is not None
    assert count.grad.tolist() == [0.0, 0.0]
