"""What only the fused loss promises: no matrix of all logits, and a module with its own layer."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import losses


class Largest(TorchDispatchMode):
    """Watch every operation for the largest tensor that one of them makes."""

    numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        self.numel = max(self.numel, *sizes, 0)
        return out


def largest(function: Any, samples: int = 1024, classes: int = 8000) -> int:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(samples, 2, generator=generator, requires_grad=True)
    w = torch.randn(classes, 2, generator=generator, requires_grad=True)
    y = torch.randint(classes, (samples,), generator=generator)
    with Largest() as seen:
        function(x, w, y).backward()
    return seen.numel


def test_the_logits_of_the_whole_batch_never_exist() -> None:
    logits = 1024 * 8000
    assert largest(torch.nn.functional.linear_cross_entropy) >= logits
    assert largest(losses.linear_cross_entropy) <= logits / 3


def test_a_block_has_two_million_logits_or_128_rows() -> None:
    rows = 2**21 // 8000
    assert largest(losses.linear_cross_entropy, samples=rows + 1) == rows * 8000
    assert largest(losses.linear_cross_entropy, samples=130, classes=2**15) == 128 * 2**15
    assert largest(losses.linear_cross_entropy, samples=128, classes=2**15) == 128 * 2**15


def test_the_size_of_a_block_may_be_chosen() -> None:
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=3)
    assert largest(partial(losses.linear_cross_entropy, options=options), samples=10) == 3 * 8000


def test_no_class_and_no_sample() -> None:
    x, w, y = torch.ones(0, 2), torch.ones(0, 2), torch.ones(0, dtype=torch.long)
    assert losses.linear_cross_entropy(x, w, y, reduction="sum") == 0


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_module_takes_pytorchs_state(
    shape: tuple[int, ...], bias: bool, weighted: bool
) -> None:
    weight = torch.arange(1.0, 6.0) if weighted else None
    settings = {"out_features": shape, "bias": bias, "weight": weight}
    theirs = torch.nn.LinearCrossEntropyLoss(4, 5, **settings)
    ours = losses.LinearCrossEntropyLoss(4, 5, **settings)
    ours.load_state_dict(theirs.state_dict())
    assert repr(ours).startswith("LinearCrossEntropyLoss(")
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    y = torch.arange(6).reshape(6, *(1 for _ in shape)).expand(6, *shape) % 5
    torch.testing.assert_close(ours(x, y), theirs(x, y))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_derivatives_of_a_trained_layer_go_on(reduction: str) -> None:
    """By blocks, the gradient is taken ahead: it may be asked for twice, derived and batched."""
    generator = torch.Generator().manual_seed(0)
    randn = lambda *shape: torch.randn(
        *shape, generator=generator, dtype=torch.float64, requires_grad=True
    )
    x, w, b = tensors = randn(7, 3), randn(5, 3), randn(5)
    y = torch.tensor([0, 4, -100, 2, 1, 3, 3])
    weight = torch.tensor([0.5, 1.0, 2.0, 3.0, 1.0], dtype=torch.float64)
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
    settings: Any = {"weight": weight, "reduction": reduction}
    loss = losses.linear_cross_entropy(x, w, y, linear_bias=b, options=options, **settings)
    expected = losses.cross_entropy(x @ w.T + b, y, **settings)
    torch.testing.assert_close(loss, expected)
    wanted = torch.autograd.grad(expected, tensors, create_graph=True)
    for factor in (1.0, 2.0):  # a second time, and by another factor
        found = torch.autograd.grad(factor * loss, tensors, retain_graph=True)
        torch.testing.assert_close(found, tuple(factor * gradient for gradient in wanted))
    found = torch.autograd.grad(loss, tensors, create_graph=True)
    torch.testing.assert_close(found, wanted)
    for gradient, other in zip(found, wanted, strict=True):
        second = torch.autograd.grad(gradient.square().sum(), tensors, retain_graph=True)
        torch.testing.assert_close(
            second, torch.autograd.grad(other.square().sum(), tensors, retain_graph=True)
        )
    factors = torch.tensor([1.0, -3.0], dtype=torch.float64)
    (batched,) = torch.autograd.grad(loss, w, factors, retain_graph=True, is_grads_batched=True)
    torch.testing.assert_close(batched, factors[:, None, None] * wanted[1])


def test_a_frozen_layer_or_no_gradient_at_all() -> None:
    x, w, y = torch.ones(7, 3), torch.arange(15.0).reshape(5, 3) / 15, torch.arange(7) % 5
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
    expected = losses.cross_entropy(x @ w.T, y)
    for x_learns, w_learns in ((False, False), (True, False), (False, True)):
        x, w = x.detach().requires_grad_(x_learns), w.detach().requires_grad_(w_learns)
        loss = losses.linear_cross_entropy(x, w, y, options=options)
        torch.testing.assert_close(loss, expected)
        assert loss.requires_grad == (x_learns or w_learns)
    with torch.no_grad():
        both = losses.linear_cross_entropy(
            x.requires_grad_(), w.requires_grad_(), y, options=options
        )
    assert not both.requires_grad
    torch.testing.assert_close(both, expected)


def test_as_many_targets_as_rows_also_by_blocks() -> None:
    options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2)
    x, w, y = torch.ones(5, 2), torch.ones(3, 2), torch.zeros(3, dtype=torch.long)
    for learns in (False, True):
        w.requires_grad_(learns)
        x.requires_grad_(learns)
        with pytest.raises(ValueError, match=r"batch_size \(5\) to match target batch_size \(3\)"):
            losses.linear_cross_entropy(x, w, y, options=options)


def test_probabilities_of_a_single_sample_know_no_ignored_class() -> None:
    x, w, y = torch.ones(2), torch.ones(3, 2), torch.full((3,), 1 / 3)
    with pytest.raises(RuntimeError, match="ignore_index cannot be specified"):
        losses.linear_cross_entropy(x, w, y, ignore_index=-1)
