"""Cross entropy of many classes, and rare settings."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
import torch.autograd.forward_ad as forward_ad
from torch import Tensor

import losses
from tests.cases import randint, randn

ROWS, CLASSES = 64, 2**16


@pytest.fixture(scope="module")
def logits() -> Tensor:
    return randn(ROWS, CLASSES).float()


@pytest.fixture(scope="module")
def target() -> Tensor:
    return randint(CLASSES, ROWS)


@pytest.mark.parametrize("dtype", (torch.float32, torch.bfloat16), ids=str)
def test_values_and_gradients_are_pytorchs(
    dtype: torch.dtype, logits: Tensor, target: Tensor
) -> None:
    weight = randn(CLASSES, seed=1).exp().to(dtype)
    target = target.clone()
    target[5] = -100
    for reduction in ("mean", "none"):
        x = logits.to(dtype).requires_grad_()
        ours = losses.cross_entropy(x, target, weight, reduction=reduction)
        exact = x.detach().float().requires_grad_()
        theirs = torch.nn.functional.cross_entropy(
            exact, target, weight.float(), reduction=reduction
        )
        torch.testing.assert_close(ours, theirs.to(dtype))
        (found,) = torch.autograd.grad(ours.sum(), x)
        (expected,) = torch.autograd.grad(theirs.sum(), exact)
        torch.testing.assert_close(found, expected.to(dtype), atol=1e-9, rtol=2e-2)
        assert not found[5].any()


@pytest.mark.parametrize("rows", [9, None], ids=["few", "many"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_an_ignored_row_may_hold_anything(
    logits: Tensor, target: Tensor, rows: int | None, smoothing: float
) -> None:
    x, y = logits[:rows].clone(), target[:rows].clone()
    x[3], x[7], y[3], y[7] = torch.nan, -torch.inf, -100, -100
    x.requires_grad_()
    loss = losses.cross_entropy(x, y, label_smoothing=smoothing)
    kept = y >= 0
    expected = losses.cross_entropy(logits[:rows][kept], y[kept], label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, x)
    assert gradient.isfinite().all() and not gradient[~kept].any() and gradient[kept].any()


def test_the_logits_stay_as_they_are(logits: Tensor, target: Tensor) -> None:
    x = logits.clone().requires_grad_()
    losses.cross_entropy(x, target).backward()
    assert torch.equal(x, logits), "the gradient must not take the place of the input"


@pytest.mark.parametrize("rows", [ROWS, 16])
def test_huge_logits_overflow_nowhere(logits: Tensor, target: Tensor, rows: int) -> None:
    x, y = (1000 * logits).reshape(rows, -1).requires_grad_(), target[:rows]
    exact = x.detach().double().requires_grad_()
    ours, theirs = losses.cross_entropy(x, y), torch.nn.functional.cross_entropy(exact, y)
    torch.testing.assert_close(ours.double(), theirs)
    (found,), (expected,) = torch.autograd.grad(ours, x), torch.autograd.grad(theirs, exact)
    torch.testing.assert_close(found.double(), expected, atol=1e-8, rtol=1e-3)


@pytest.mark.slow
def test_images_have_their_classes_in_the_middle() -> None:
    x, y = randn(3, 5, 640, 640).requires_grad_(), randint(5, 3, 640, 640)
    y[1, 2] = -100
    ours, theirs = losses.cross_entropy(x, y), torch.nn.functional.cross_entropy(x, y)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(*(torch.autograd.grad(loss, x)[0] for loss in (ours, theirs)))


@pytest.mark.slow
def test_all_derivatives_go_on(logits: Tensor, target: Tensor) -> None:
    """The second along a direction, forward mode, and the gradients of several losses at once."""
    x, along = logits.clone().requires_grad_(), randn(ROWS, CLASSES, seed=2).float()
    p = logits.softmax(1)
    loss = losses.cross_entropy(x, target, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x, create_graph=True)
    torch.testing.assert_close(gradient, p.scatter_add(1, target[:, None], -torch.ones(ROWS, 1)))
    (second,) = torch.autograd.grad((gradient * along).sum(), x)
    torch.testing.assert_close(second, p * (along - (p * along).sum(1, keepdim=True)))
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(logits, along)
        tangent = forward_ad.unpack_dual(losses.cross_entropy(dual, target, reduction="sum"))
        torch.testing.assert_close(tangent.tangent, (gradient * along).sum(), rtol=1e-3, atol=1e-3)
    each = losses.cross_entropy(x, target, reduction="none")
    factors = randn(2, ROWS, seed=3).float()
    (batched,) = torch.autograd.grad(each, x, factors, retain_graph=True, is_grads_batched=True)
    torch.testing.assert_close(batched, factors[:, :, None] * gradient)

    def pullback(factor: Tensor) -> Tensor:
        return torch.autograd.grad(each, x, factor, retain_graph=True)[0]

    torch.testing.assert_close(torch.func.vmap(pullback)(factors), batched)
    function = partial(losses.cross_entropy, target=target, reduction="sum")
    torch.testing.assert_close(torch.func.grad(function)(logits), gradient)


def test_many_classes_are_smoothed_and_a_single_row_has_no_batch(
    logits: Tensor, target: Tensor
) -> None:
    ours = losses.cross_entropy(logits, target, label_smoothing=0.1)
    theirs = torch.nn.functional.cross_entropy(logits, target, label_smoothing=0.1)
    torch.testing.assert_close(ours, theirs)
    one_row, y = logits.flatten(), target[0]
    torch.testing.assert_close(losses.cross_entropy(one_row, y), one_row.logsumexp(0) - one_row[y])


def test_float64_keeps_its_digits_where_rows_are_ignored() -> None:
    x, y = randn(2, 5), torch.tensor([3, -100])
    found = losses.cross_entropy(x, y, label_smoothing=0.1)
    log_p = x[0].log_softmax(0)
    torch.testing.assert_close(found, -0.9 * log_p[3] - 0.1 * log_p.mean(), rtol=1e-14, atol=0)


def test_probabilities_of_another_type_are_promoted() -> None:
    x, p = randn(2, 5).float(), randn(2, 5, seed=1).softmax(1)
    ours, theirs = losses.cross_entropy(x, p), torch.nn.functional.cross_entropy(x, p)
    assert ours.dtype == torch.float64
    torch.testing.assert_close(ours, theirs)


def test_an_impossible_class_takes_nothing_from_the_others() -> None:
    """The class 1 has the logit -inf; a target of 0 there must not give NaN."""
    x = torch.tensor([[0.0, -torch.inf, 0.0]])
    smooth = losses.cross_entropy(x, torch.tensor([1]), label_smoothing=1.0)
    assert smooth == torch.inf, "a third of the target is there"
    p = torch.tensor([[1.0, 0.0, 0.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(losses.cross_entropy(x, p), p)
    torch.testing.assert_close(gradient[0, [0, 2]], torch.full((2,), math.log(2)))


def test_no_class_at_all_and_every_target_ignored() -> None:
    """As in PyTorch, the sum is 0; there is a gradient, of no elements."""
    ignored = torch.full((2,), -100)
    for function in (losses.cross_entropy, losses.nll_loss, losses.focal_loss):
        x = torch.zeros(2, 0, requires_grad=True)
        loss = function(x, ignored, reduction="sum")
        assert loss == 0
        loss.backward()
        assert x.grad is not None and x.grad.shape == (2, 0)
