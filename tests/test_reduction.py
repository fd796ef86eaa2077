"""Losses that write out their slope: the proofs again, on the path that large inputs take."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

import losses
from losses import _reduction
from losses.catalog import Loss
from tests import test_losses
from tests.cases import Case
from tests.test_losses import close, every, ours, run


def written_out(loss: Loss) -> bool:
    return "reduce_by_slopes" in vars(importlib.import_module(f"losses._{loss.function}"))


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reduction, "WORTHWHILE", 0)


EACH = every((torch.float64, torch.float32), keep=lambda loss, case: written_out(loss))


@EACH
def test_values_and_gradients_stay(
    loss: Loss, case: Case, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reduction in ("none", "mean", "sum"):
        large = run(ours(loss), case, reduction=reduction)
        with monkeypatch.context() as context:
            context.setattr(_reduction, "WORTHWHILE", 2**62)
            small = run(ours(loss), case, reduction=reduction)
        for actual, expected in zip(large, small, strict=True):
            assert actual.dtype == expected.dtype
            close(actual, expected, dtype)


@every(keep=lambda loss, case: written_out(loss) and case.gradcheck)
def test_derivatives_agree_with_finite_differences(
    loss: Loss, case: Case, dtype: torch.dtype
) -> None:
    names = case.differentiable
    leaves = [case.arguments[name].clone().requires_grad_() for name in names]

    def function(*values: Tensor) -> Tensor:
        return ours(loss)(**{**case.arguments, **dict(zip(names, values, strict=True))})

    assert torch.autograd.gradcheck(
        function, leaves, check_forward_ad=True, check_batched_grad=True
    )
    assert torch.autograd.gradgradcheck(function, leaves, check_fwd_over_rev=True)


@EACH
def test_torch_func(loss: Loss, case: Case, dtype: torch.dtype) -> None:
    test_losses.test_torch_func(loss, case, dtype)


def test_millions_of_elements_lose_no_digits() -> None:
    error = torch.full((10**7,), 1 / 3)
    exact = losses.mse_loss(error.double(), torch.zeros(()).double().expand_as(error))
    torch.testing.assert_close(losses.mse_loss(error, 0 * error).double(), exact, rtol=5e-6, atol=0)


def test_only_many_elements_of_one_kind_take_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    x = torch.linspace(-9, 9, 2**14)
    y = torch.zeros_like(x).requires_grad_()
    few, half = y[1:], y.bfloat16()
    for other, taken in ((y, True), (few, False), (half, False), (y.double(), True)):
        input = x[: len(other)].to(other.dtype)
        loss = losses.mse_loss(input, other, reduction="sum")
        assert (type(loss.grad_fn).__name__ == "TotalBackward") == taken
        mean = losses.mse_loss(input, other).grad_fn
        assert mean is not None
        assert (type(mean.next_functions[0][0]).__name__ == "TotalBackward") == taken
    for function in ("mse_loss", "huber_loss", "smooth_l1_loss"):
        for reduction in ("sum", "mean"):
            ours = getattr(losses, function)(x, y, reduction=reduction)
            theirs = getattr(torch.nn.functional, function)(x, y, reduction=reduction)
            torch.testing.assert_close(ours, theirs)


def test_elements_are_added_up_in_blocks_that_stay_in_the_cache() -> None:
    sizes = []

    def loss(product: _reduction.Product, x: Tensor) -> Tensor:
        sizes.append(x.numel())
        return x * x

    x = torch.ones(2**13, 5)
    total = _reduction.reduce_by_slopes(loss, (lambda x: 2 * x,), "sum", x)
    assert total == x.numel()
    assert sizes == [2**15, 2**13]


def test_only_the_slopes_that_are_needed_are_computed() -> None:
    def slope(x: Tensor, y: Tensor) -> Tensor:
        raise AssertionError("nobody asked for it")

    x, y = torch.ones(3, requires_grad=True), torch.full((3,), 2.0)
    slopes = (lambda x, y: y.clone(), slope)
    loss = _reduction.reduce_by_slopes(lambda product, x, y: product(x, y), slopes, "sum", x, y)
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 2, 2]


def test_forward_derivatives_add_up_over_the_tensors() -> None:
    x, y = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])

    def total(x: Tensor, y: Tensor) -> Tensor:
        slopes = (lambda x, y: y.clone(), lambda x, y: x.clone())
        return _reduction.reduce_by_slopes(lambda product, *xy: product(*xy), slopes, "sum", x, y)

    with forward_ad.dual_level():
        value = total(forward_ad.make_dual(x, x), forward_ad.make_dual(y, 2 * y))
        assert forward_ad.unpack_dual(value).tangent == 3 * torch.dot(x, y)
