"""Sigmoid focal loss where its definition, written out, overflows."""

import pytest
import torch

from losses import sigmoid_focal_loss


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2])
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_certainty_costs_nothing_where_right_and_the_logit_where_wrong(
    gamma: float, label: int, dtype: torch.dtype
) -> None:
    largest, sign = torch.finfo(dtype).max, 2 * label - 1
    right = sign * torch.tensor([1e4, largest, float("inf")], dtype=dtype)
    input = torch.cat([right, -right]).requires_grad_()
    target = torch.full_like(input, label)
    loss = sigmoid_focal_loss(input, target, alpha=0.5, gamma=gamma)
    assert loss.tolist() == [0, 0, 0, 5e3, largest / 2, largest / 2]
    (gradient,) = torch.autograd.grad(loss, input, torch.ones_like(loss))
    # An infinite logit is held at the largest number: there, nothing moves.
    assert gradient.tolist() == [0, 0, 0, -sign / 2, -sign / 2, 0]
