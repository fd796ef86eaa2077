"""The reduction, the product in which nothing times infinity is nothing, the sum of hinges."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from losses import _reduction
from tests.cases import randn


def test_millions_of_elements_lose_no_digits() -> None:
    error = torch.full((10**7,), 1 / 3)
    exact = losses.mse_loss(error.double(), torch.zeros(()).double().expand_as(error))
    torch.testing.assert_close(losses.mse_loss(error, 0 * error).double(), exact, rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_sum_of_half_precision_is_rounded_once(dtype: torch.dtype) -> None:
    """Neither the squares nor their sum fit into float16; their mean does."""
    x = torch.tensor([300.0, 0.0, 0.0, 0.0], dtype=dtype, requires_grad=True)
    loss = losses.mse_loss(x, torch.zeros_like(x))
    exact = losses.mse_loss(x.detach().double(), torch.zeros(4).double())
    assert loss.dtype == dtype
    assert torch.equal(loss.detach(), exact.to(dtype))
    (gradient,) = torch.autograd.grad(loss, x)
    assert gradient.tolist() == [150, 0, 0, 0]


def test_the_slope_of_a_square_overflows_nowhere() -> None:
    x = torch.tensor([2e38, 0.0], requires_grad=True)
    losses.mse_loss(x / 2, torch.zeros(2)).backward()
    assert x.grad is not None and x.grad[0] == torch.tensor(5e37)


@pytest.mark.parametrize("total", [None, torch.tensor(4.0)])
def test_the_three_reductions(total: Tensor | None) -> None:
    loss = torch.tensor([1.0, 3.0])
    assert _reduction.reduce_loss(loss, "none", total) is loss
    assert _reduction.reduce_loss(loss, "sum", total) == 4
    assert _reduction.reduce_loss(loss, "mean", total) == (2 if total is None else 1)
    with pytest.raises(ValueError, match="avg is not a valid value for reduction"):
        _reduction.reduce_loss(loss, "avg", total)


def test_nothing_times_infinity_is_nothing() -> None:
    x = torch.tensor([0.0, 0.0, 2.0, 0.0], requires_grad=True)
    y = torch.tensor([math.inf, 3.0, -math.inf, math.nan], requires_grad=True)
    product = _reduction.product(x, y)
    torch.testing.assert_close(
        product, torch.tensor([0.0, 0.0, -math.inf, math.nan]), equal_nan=True
    )
    in_x, in_y = torch.autograd.grad(product[:3].sum(), (x, y))
    assert in_x[:3].tolist() == [0, 3, -math.inf]
    assert in_y[:3].tolist() == [0, 0, 2]


def test_hinges_are_summed_without_all_pairs() -> None:
    reach, values = randn(5, 4).requires_grad_(), randn(5, 7, seed=1).requires_grad_()
    counted = randn(5, 7, seed=2) > 0
    sums, within = _reduction.sum_of_hinges(reach, values, counted)
    hinges = (reach[:, :, None] - values[:, None]).relu() * counted[:, None]
    torch.testing.assert_close(sums, hinges.sum(2))
    assert torch.equal(within, (hinges > 0).sum(2))
    seed = randn(5, 4, seed=3)
    found = torch.autograd.grad(sums, (reach, values), seed)
    torch.testing.assert_close(found, torch.autograd.grad(hinges.sum(2), (reach, values), seed))


@pytest.mark.parametrize("size_average", [False, True])
@pytest.mark.filterwarnings("default:size_average and reduce args:UserWarning")
def test_the_deprecated_arguments_warn_whoever_passed_them(size_average: bool) -> None:
    x, y = torch.ones(2), torch.zeros(2)
    with pytest.warns(UserWarning, match="will be deprecated, please use reduction=") as caught:
        losses.l1_loss(x, y, size_average=size_average)
    assert [record.filename for record in caught] == [__file__]
    compiled = torch.compile(losses.l1_loss, fullgraph=True, backend="eager")
    with warnings.catch_warnings(action="error"):
        assert compiled(x, y, size_average=size_average) == (1 if size_average else 2)


def test_the_deprecated_arguments_outrule_a_reduction_by_place() -> None:
    x, y = torch.ones(2), torch.zeros(2)
    for function in (losses.l1_loss, torch.nn.functional.l1_loss):
        with pytest.warns(UserWarning, match="reduction='sum'"):
            assert function(x, y, False, None, "none") == 2
        with pytest.raises(TypeError), warnings.catch_warnings(action="ignore"):
            function(x, y, False, None, "none", None, 3)


def test_the_classes_take_the_mean() -> None:
    assert _reduction.Loss().reduction == _reduction.WeightedLoss().reduction == "mean"


@pytest.mark.parametrize("place", [0, 1])
def test_settings_are_no_tensors(place: int) -> None:
    arguments: list[Tensor | bool] = [True, True]
    arguments[place] = torch.ones(2)
    with pytest.raises(RuntimeError, match="size_average and reduce are no tensors"):
        losses.MSELoss(*arguments)


def test_integers_have_no_mean() -> None:
    x, y = torch.tensor([1, 2]), torch.tensor([2, 5])
    with pytest.raises(RuntimeError, match=r"'mean' needs floating point, got torch\.int64"):
        losses.l1_loss(x, y)
    assert losses.l1_loss(x, y, reduction="sum") == 4
    assert losses.l1_loss(x + 1j, y + 1j) == 2
    # But a loss of integers may have one.
    rate, count = torch.tensor([1, 2]), torch.tensor([1, 3])
    for reduction in ("none", "mean", "sum"):
        found = losses.poisson_nll_loss(rate, count, reduction=reduction)
        expected = torch.nn.functional.poisson_nll_loss(rate, count, reduction=reduction)
        assert found.dtype == expected.dtype == torch.float32
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("function", [losses.l1_loss, losses.mse_loss])
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_weighted_mean_of_ones_is_one_whatever_is_broadcast(function: Any) -> None:
    ones = torch.ones(2, 1)
    assert function(ones, torch.zeros(2), weight=ones) == 1
    many = torch.ones(70_000, dtype=torch.float16)
    assert function(many, 0 * many, weight=many) == 1
