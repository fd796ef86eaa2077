"""Losses that write out their slope: the proofs again, in small blocks."""

from __future__ import annotations

import importlib
import math
import warnings

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
    names = vars(importlib.import_module(f"losses._{loss.function}"))
    return "reduce_by_slopes" in names or "reduce_errors" in names


pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")


@pytest.fixture(autouse=True)
def blocks_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reduction, "BLOCK", 4)


EACH = every((torch.float64, torch.float32), keep=lambda loss, case: written_out(loss))


@EACH
def test_values_and_gradients_stay(
    loss: Loss, case: Case, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reduction in ("mean", "sum"):
        written = run(ours(loss), case, reduction=reduction)
        with monkeypatch.context() as context:
            context.setattr(torch._C, "_are_functorch_transforms_active", lambda: True)
            found = run(ours(loss), case, reduction=reduction)
        for actual, expected in zip(written, found, strict=True):
            assert actual.dtype == expected.dtype
            close(actual, expected, dtype)


@pytest.mark.slow
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


def test_millions_of_elements_lose_no_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    error = torch.full((10**7,), 1 / 3)
    exact = losses.mse_loss(error.double(), torch.zeros(()).double().expand_as(error))
    torch.testing.assert_close(losses.mse_loss(error, 0 * error).double(), exact, rtol=1e-6, atol=0)


def test_two_tensors_of_one_kind_take_it() -> None:
    x, y = torch.ones(3), torch.zeros(3, requires_grad=True)
    half = torch.bfloat16
    for other, taken in ((y, True), (y.double(), True), (y.to(half), False), (y[:1], False)):
        for reduction in ("sum", "mean"):
            with warnings.catch_warnings(action="ignore"):
                loss = losses.mse_loss(x.to(other.dtype), other, reduction=reduction)
            assert (type(loss.grad_fn).__name__ == "TotalBackward") == taken
    assert losses.mse_loss(x, y, reduction="none").grad_fn is not None
    # One of another type would get a gradient of the wrong one.
    loss = _reduction.reduce_by_slopes(
        torch.mul, (lambda x, y: y, lambda x, y: x), "sum", x, y.double()
    )
    assert type(loss.grad_fn).__name__ != "TotalBackward"


def square(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).square()


@pytest.mark.parametrize(("shape", "sizes"), [((2, 2), [4]), ((3, 3), [4, 4, 1]), ((0, 2), [0])])
def test_many_elements_are_computed_in_blocks(shape: tuple[int, ...], sizes: list[int]) -> None:
    """The slopes are computed at once, and their tensor becomes the gradient."""
    seen: list[int] = []
    made: list[Tensor] = []

    def loss(x: Tensor, y: Tensor) -> Tensor:
        seen.append(x.numel())
        return square(x, y)

    def slope(x: Tensor, y: Tensor) -> Tensor:
        made.append(2 * (x - y))
        return made[-1]

    x = torch.arange(float(math.prod(shape))).reshape(shape).requires_grad_()
    y = torch.ones(shape)
    for transpose in (False, True):
        pair = (x.mT, y.mT) if transpose else (x, y)
        total = _reduction.reduce_by_slopes(loss, (slope, slope), "sum", *pair)
        assert total == square(x, y).sum()
        (gradient,) = torch.autograd.grad(3 * total, x)
        assert torch.equal(gradient, 6 * (x - y))
        assert seen == sizes
        assert made.pop().data_ptr() == gradient.data_ptr()
        seen.clear()
    # A tensor of its own, where the slopes are differentiated again, or there are several factors.
    total = _reduction.reduce_by_slopes(loss, (slope, slope), "sum", x, y)
    (gradient,) = torch.autograd.grad(3 * total, x, create_graph=True)
    assert torch.equal(made.pop(), 2 * (x - y))
    (twice,) = torch.autograd.grad(gradient.sum(), x)
    assert torch.equal(twice, torch.full(shape, 6.0))
    factors = torch.tensor([1.0, 3.0])
    total = _reduction.reduce_by_slopes(loss, (slope, slope), "sum", x, y)
    (several,) = torch.autograd.grad(total, x, factors, is_grads_batched=True)
    assert torch.equal(several, torch.stack([2 * (x - y), 6 * (x - y)]))


def test_values_need_not_have_the_slopes() -> None:
    x, y = torch.tensor([3.0], requires_grad=True), torch.tensor([1.0])
    slopes = (lambda x, y: 2 * (x - y), lambda x, y: 2 * (y - x))

    def values(x: Tensor, y: Tensor) -> Tensor:
        return square(x, y).detach() + 1

    reduce = _reduction.reduce_by_slopes
    assert reduce(square, slopes, "none", x, y, values=values) == 4
    total = reduce(square, slopes, "sum", x, y, values=values)
    assert total == 5
    total.backward()
    assert x.grad == 4


@pytest.mark.parametrize(("reduction", "count"), [("sum", 1), ("mean", 2)])
def test_a_factor_of_all_slopes_is_taken_once(reduction: str, count: int) -> None:
    def total(x: Tensor) -> Tensor:
        return _reduction.reduce_errors(lambda e: 3 * e, torch.ones_like, reduction, x, y, times=3)

    x, y = torch.tensor([[2.0, 5.0], [1.0, 4.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(total(x), x)
    assert gradient.tolist() == [3 / count] * 2
    with forward_ad.dual_level():
        value = total(forward_ad.make_dual(x.detach(), torch.tensor([1.0, 10.0])))
        assert forward_ad.unpack_dual(value).tangent == 33 / count


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_half_precision_is_rounded_once(dtype: torch.dtype, reduction: str) -> None:
    x, y = torch.tensor([[3.0], [256.0]], dtype=dtype, requires_grad=True), 1 / 3
    other = torch.full((2, 1), y, dtype=dtype)
    loss = _reduction.reduce_errors(lambda e: e * e / 4, lambda e: e / 2, reduction, x, other)
    exact = _reduction.reduce_loss((x.detach().double() - other.double()).square() / 4, reduction)
    assert loss.dtype == dtype
    assert torch.equal(loss, exact.to(dtype))


@pytest.mark.parametrize("needed", [0, 1])
def test_only_the_slopes_that_are_needed_are_computed(needed: int) -> None:
    def unasked(x: Tensor, y: Tensor) -> Tensor:
        raise AssertionError("nobody asked for it")

    def negative(x: Tensor, y: Tensor) -> Tensor:
        return 0 * x - 1

    pair = torch.ones(3), torch.full((3,), 2.0)
    pair[needed].requires_grad_()
    slopes = (negative, unasked) if needed == 0 else (unasked, negative)
    _reduction.reduce_by_slopes(torch.mul, slopes, "sum", *pair).backward()
    assert pair[needed].grad is not None
    assert pair[needed].grad.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(("reduction", "count"), [("sum", 1), ("mean", 2)])
def test_forward_derivatives_add_up_over_the_tensors(reduction: str, count: int) -> None:
    x, y = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])
    slopes = (lambda x, y: y, lambda x, y: x)
    with forward_ad.dual_level():
        duals = forward_ad.make_dual(x, x), forward_ad.make_dual(y, 2 * y)
        value = _reduction.reduce_by_slopes(torch.mul, slopes, reduction, *duals)
        assert forward_ad.unpack_dual(value).tangent == 3 * torch.dot(x, y) / count
        one = _reduction.reduce_by_slopes(torch.mul, slopes, reduction, x, duals[1])
        assert forward_ad.unpack_dual(one).tangent == 2 * torch.dot(x, y) / count


@pytest.mark.slow
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_compiled_it_is_the_same(reduction: str) -> None:
    def loss(x: Tensor, y: Tensor) -> Tensor:
        return losses.mse_loss(x, y, reduction=reduction)

    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager")
    x, y = torch.randn(2, 3, 5)
    for need_x in (True, False):
        pair = x.clone().requires_grad_(need_x), y.clone().requires_grad_()
        needed = pair[1 - need_x :]
        expected, actual = loss(*pair), compiled(*pair)
        torch.testing.assert_close(actual, expected)
        torch.testing.assert_close(
            torch.autograd.grad(actual, needed), torch.autograd.grad(expected, needed)
        )
    torch.testing.assert_close(compiled(x, y), loss(x, y))
    each = torch.compile(torch.vmap(torch.func.grad(loss)), fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(each(x, y), torch.vmap(torch.func.grad(loss))(x, y))


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


def test_the_classes_take_the_mean() -> None:
    assert _reduction.Loss().reduction == _reduction.WeightedLoss().reduction == "mean"


@pytest.mark.parametrize("place", [0, 1])
def test_settings_are_no_tensors(place: int) -> None:
    arguments: list[Tensor | bool] = [True, True]
    arguments[place] = torch.ones(2)
    with pytest.raises(RuntimeError, match="size_average and reduce are no tensors"):
        losses.MSELoss(*arguments)


def test_integers_have_no_mean() -> None:
    with pytest.raises(RuntimeError, match=r"'mean' needs floating point, got torch\.int64"):
        _reduction.reduce_loss(torch.tensor([1, 2]), "mean")
    assert _reduction.reduce_loss(torch.tensor([1j, 3j]), "mean") == 2j
    # But a loss of integers may have one.
    rate, count = torch.tensor([1, 2]), torch.tensor([1, 3])
    for reduction in ("none", "mean", "sum"):
        found = losses.poisson_nll_loss(rate, count, reduction=reduction)
        expected = torch.nn.functional.poisson_nll_loss(rate, count, reduction=reduction)
        assert found.dtype == expected.dtype == torch.float32
        torch.testing.assert_close(found, expected)
