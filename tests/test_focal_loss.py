"""Focal loss where its definition, written out, overflows."""

import pytest
import torch

from losses import focal_loss
from tests.cases import randint, randn


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


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(64, 2**16), (3, 5, 640, 640)], ids=["rows", "images"])
@pytest.mark.parametrize("weighted", [False, True])
def test_large_inputs_are_the_definition(shape: tuple[int, ...], weighted: bool) -> None:
    x, y = randn(*shape).float().requires_grad_(), randint(shape[1], shape[0], *shape[2:])
    weight = randn(shape[1], seed=1).exp().float() if weighted else None
    loss = focal_loss(x, y, 2.0, weight)
    log_p = x.double().log_softmax(1).gather(1, y.unsqueeze(1)).squeeze(1)
    w = torch.ones_like(log_p) if weight is None else weight.double()[y]
    expected = (-w * (1 - log_p.exp()) ** 2 * log_p).sum() / w.sum()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=0)
    gradients = [torch.autograd.grad(each, x)[0] for each in (loss, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-11)


@pytest.mark.parametrize("rows", [9, None], ids=["few", "many"])
def test_an_ignored_row_may_hold_anything(rows: int | None) -> None:
    x, y = randn(64, 2**16).float()[:rows], randint(2**16, 64)[:rows]
    x[3], x[7], y[3], y[7] = torch.nan, -torch.inf, -100, -100
    kept = y >= 0
    x.requires_grad_()
    loss = focal_loss(x, y)
    torch.testing.assert_close(loss, focal_loss(x[kept], y[kept]))
    (gradient,) = torch.autograd.grad(loss, x)
    assert gradient.isfinite().all() and not gradient[~kept].any() and gradient[kept].any()


def test_an_impossible_class_of_weight_0_costs_nothing() -> None:
    input = torch.tensor([[-torch.inf, 0.0]])
    weight = torch.tensor([0.0, 1.0])
    assert focal_loss(input, torch.tensor([0]), 2.0, weight, reduction="sum") == 0
