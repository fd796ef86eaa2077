"""Focal loss where its definition, written out, overflows."""

import pytest
import torch

from losses import focal_loss


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_certainty_costs_nothing_where_right_and_the_logit_where_wrong(
    gamma: float, dtype: torch.dtype
) -> None:
    input = torch.tensor([[1000.0, 0.0], [-1000.0, 0.0]], dtype=dtype, requires_grad=True)
    loss = focal_loss(input, torch.tensor([0, 0]), gamma, reduction="none")
    (gradient,) = torch.autograd.grad(loss.sum(), input)
    assert loss.tolist() == [0, 1000]
    assert gradient.tolist() == [[0, 0], [-1, 1]]


def test_the_mean_of_many_large_losses_fits_float16() -> None:
    input = torch.tensor([[-30000.0, 0.0]] * 3, dtype=torch.float16)
    assert focal_loss(input, torch.tensor([0, 0, 0])).item() == 30000


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_an_impossible_class_costs_infinity_and_still_has_a_gradient(gamma: float) -> None:
    input = torch.tensor([[-torch.inf, 0.0]], requires_grad=True)
    loss = focal_loss(input, torch.tensor([0]), gamma)
    (gradient,) = torch.autograd.grad(loss, input)
    assert loss == torch.inf
    assert gradient.tolist() == [[-1, 1]]
