"""Soft margin: scores and labels only meet in their product."""

from __future__ import annotations

import torch

import losses
from tests.cases import randn


def test_the_label_has_the_gradient_that_the_score_would_have() -> None:
    x, y = randn(5, dtype=torch.float64), randn(5, seed=1, dtype=torch.float64)
    gradients = []
    for score, label in ((x, y), (y, x)):
        pair = score.clone().requires_grad_(), label.clone().requires_grad_()
        gradients.append(torch.autograd.grad(losses.soft_margin_loss(*pair), pair))
    for one, other in zip(gradients[0], gradients[1][::-1], strict=True):
        assert torch.equal(one, other)
