"""What only the fused loss promises: no matrix of all logits, and a module with its own layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import losses
from tests.cases import randn
from tests.cases.linear_cross_entropy import blocks, errors


class Operations(TorchDispatchMode):
    """Watch all operations: name, and the largest tensor made, of each."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        self.seen.append((func.overloadpacket.__name__, max(sizes, default=0)))
        return out


def largest(function: Any, samples: int = 1024, classes: int = 8000) -> int:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(samples, 2, generator=generator, requires_grad=True)
    w = torch.randn(classes, 2, generator=generator, requires_grad=True)
    y = torch.randint(classes, (samples,), generator=generator)
    with Operations() as operations:
        function(x, w, y).backward()
    return max(numel for _, numel in operations.seen)


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
    function = partial(losses.linear_cross_entropy, options=blocks(3))
    assert largest(function, samples=10) == 3 * 8000


def products(samples: int, learn: str = "xw", classes: int = 5, **settings: Any) -> int:
    """Count the matrix products of a training step."""
    x = torch.ones(samples, 3).requires_grad_("x" in learn)
    w = torch.ones(classes, 3).requires_grad_("w" in learn)
    y = torch.zeros(samples, dtype=torch.long)
    with Operations() as operations:
        loss = losses.linear_cross_entropy(x, w, y, **settings)
        if loss.requires_grad:
            loss.sum().backward()
    return sum(name in ("mm", "addmm") and numel > 0 for name, numel in operations.seen)


def test_no_matrix_product_is_in_vain() -> None:
    """One gives the logits, one each gradient; another, where the logits are computed again."""
    for reduction in ("mean", "sum"):
        assert products(6, reduction=reduction, options=blocks(2)) == 3 * 3
    assert products(6, reduction="none", options=blocks(2)) == 3 * 4
    assert products(6, learn="x", options=blocks(2)) == 3 * 3
    assert products(6, learn="", options=blocks(2)) == 3
    with torch.no_grad():
        assert products(6, options=blocks(2)) == 3
    assert products(6, reduction="none", options=blocks(6)) == 3  # a single block
    assert products(2**21, learn="", classes=1) == 1


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


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_the_module_passes_its_settings_on(label_smoothing: float) -> None:
    settings: Any = {"weight": torch.arange(1.0, 6.0), "reduction": "sum", "ignore_index": 1}
    settings |= {"label_smoothing": label_smoothing, "options": blocks(2)}
    module = losses.LinearCrossEntropyLoss(4, 5, bias=True, **settings)
    x, y = torch.ones(6, 4), torch.arange(6) % 5
    with Operations() as found:
        loss = module(x, y)
    layer = {"linear_weight": module.linear.weight, "linear_bias": module.linear.bias}
    with Operations() as wanted:
        expected = losses.linear_cross_entropy(x, target=y, **layer, **settings)
    torch.testing.assert_close(loss, expected)
    assert found.seen.count(("addmm", 2 * 5)) == wanted.seen.count(("addmm", 2 * 5)) == 3


def test_the_layer_of_the_module_is_made_where_and_as_asked() -> None:
    layer = losses.LinearCrossEntropyLoss(4, 5, device="meta", dtype=torch.float64).linear
    assert layer.weight.device.type == "meta"
    assert layer.weight.dtype == torch.float64


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_derivatives_of_a_trained_layer_go_on(reduction: str) -> None:
    """By blocks, the gradient is taken ahead: it may be asked for twice, derived and batched."""
    shapes = ((7, 3), (5, 3), (5,))
    x, w, b = tensors = [randn(*s, seed=i).requires_grad_() for i, s in enumerate(shapes)]
    y = torch.tensor([0, 4, -100, 2, 1, 3, 3])
    weight = torch.tensor([0.5, 1.0, 2.0, 3.0, 1.0], dtype=torch.float64)
    settings: Any = {"weight": weight, "reduction": reduction}
    loss = losses.linear_cross_entropy(x, w, y, linear_bias=b, options=blocks(2), **settings)
    expected = losses.cross_entropy(x @ w.T + b, y, **settings)
    torch.testing.assert_close(loss, expected)
    wanted = torch.autograd.grad(expected, tensors, create_graph=True)
    for factor in (1.0, 2.0):  # a second time, and by another factor
        found = torch.autograd.grad(factor * loss, tensors, retain_graph=True)
        torch.testing.assert_close(found, tuple(factor * gradient for gradient in wanted))
    found = torch.autograd.grad(loss.square(), tensors, create_graph=True)
    wanted_of_square = torch.autograd.grad(expected.square(), tensors, create_graph=True)
    torch.testing.assert_close(found, wanted_of_square)
    for gradient, other in zip(found, wanted_of_square, strict=True):
        second = torch.autograd.grad(gradient.square().sum(), tensors, retain_graph=True)
        torch.testing.assert_close(
            second, torch.autograd.grad(other.square().sum(), tensors, retain_graph=True)
        )
    factors = torch.tensor([1.0, -3.0], dtype=torch.float64)
    (batched,) = torch.autograd.grad(loss, w, factors, retain_graph=True, is_grads_batched=True)
    torch.testing.assert_close(batched, factors[:, None, None] * wanted[1])


def in_two_steps(
    input: Tensor, linear_weight: Tensor, target: Tensor, linear_bias: Tensor, **settings: Any
) -> Tensor:
    """The definition: the linear layer, then the loss."""
    logits = torch.einsum("nd,c...d->nc...", input, linear_weight) + linear_bias
    return losses.cross_entropy(logits, target, **settings)


def settings() -> Iterator[Any]:
    x, y = randn(7, 3), torch.tensor([0, 4, -100, 2, 1, 3, 3])
    layer = {"linear_weight": randn(5, 3, seed=1), "linear_bias": randn(5, seed=2)}
    grid = {"linear_weight": randn(5, 4, 2, 3, seed=1), "linear_bias": randn(5, 4, 2, seed=2)}
    weight = {"weight": torch.tensor([0.5, 1.0, 2.0, 3.0, 1.0], dtype=torch.float64)}
    many = {"linear_weight": randn(200, 3, seed=1), "linear_bias": randn(200, seed=2)}
    byte = torch.tensor([0, 156, 199, 2, 156, 3, 3], dtype=torch.uint8)  # 156 is -100, in a byte
    y_grid = torch.arange(7 * 8).reshape(7, 4, 2) % 6 - 1
    soft, soft_grid = randn(7, 5).softmax(1), randn(7, 5, 4, 2).softmax(1)
    ignored = {"ignore_index": -1, "label_smoothing": 0.1}
    yield pytest.param(layer | {"input": x, "target": y}, id="indices")
    yield pytest.param(layer | weight | {"input": x, "target": y}, id="weight")
    yield pytest.param(many | {"input": x, "target": byte}, id="bytes")
    yield pytest.param(
        many | {"input": x, "target": byte, "weight": randn(200, seed=3).exp()}, id="bytes, weight"
    )
    yield pytest.param(grid | weight | ignored | {"input": x, "target": y_grid}, id="grid")
    yield pytest.param(layer | {"input": x, "target": soft}, id="probabilities")
    yield pytest.param(
        grid | weight | {"input": x, "target": soft_grid, "label_smoothing": 0.1},
        id="grid, probabilities",
    )


LAYER = ("input", "linear_weight", "linear_bias")


@pytest.mark.parametrize("call", list(settings()))
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(
    "learn",
    [(), LAYER, LAYER[:1], LAYER[1:], (*LAYER, "weight"), (*LAYER, "target")],
    ids=" ".join,
)
def test_blocks_change_neither_value_nor_gradient(
    call: dict[str, Any], reduction: str, learn: tuple[str, ...]
) -> None:
    learn = tuple(name for name in learn if name in call and call[name].is_floating_point())
    call = call | {name: call[name].clone().requires_grad_() for name in learn}
    loss = losses.linear_cross_entropy(**call, reduction=reduction, options=blocks(2))
    expected = in_two_steps(**call, reduction=reduction)
    close = partial(torch.testing.assert_close, rtol=1e-12, atol=1e-12)
    close(loss, expected)
    assert loss.requires_grad == bool(learn)
    if learn:
        leaves, factors = [call[name] for name in learn], torch.randn_like(expected)
        wanted = torch.autograd.grad(expected, leaves, factors)
        close(torch.autograd.grad(loss, leaves, factors), wanted)
        with torch.no_grad():
            close(losses.linear_cross_entropy(**call, reduction=reduction, options=blocks(2)), loss)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_mean_of_half_precision_overflows_nowhere(
    dtype: torch.dtype, frozen: bool, weighted: bool
) -> None:
    """Neither the sum of a block, 900 losses of 100, nor that of all weights fits into float16."""
    x, w = torch.full((1000, 1), 10.0, dtype=dtype), torch.tensor([[-5.0], [5.0]], dtype=dtype)
    y = torch.zeros(1000, dtype=torch.long)
    weight = torch.tensor([100.0, 1.0], dtype=dtype) if weighted else None
    x, w = x.requires_grad_(), w.requires_grad_(not frozen)
    loss = losses.linear_cross_entropy(x, w, y, weight=weight, options=blocks(900))
    assert loss.dtype == dtype
    assert loss == 100
    found = torch.autograd.grad(loss, [x] if frozen else [x, w])
    wanted = [torch.full_like(x, 0.01), torch.tensor([[-10.0], [10.0]], dtype=dtype)]
    for gradient, by_hand in zip(found, wanted, strict=False):
        torch.testing.assert_close(gradient, by_hand, rtol=2 * torch.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("learn", [False, True])
def test_blocks_keep_the_data_type(learn: bool) -> None:
    x = torch.ones(6, 3, dtype=torch.bfloat16, requires_grad=learn)
    w = torch.ones(5, 3, dtype=torch.bfloat16, requires_grad=learn)
    y = torch.arange(6) % 5
    loss: Callable[..., Tensor] = partial(losses.linear_cross_entropy, options=blocks(2))
    assert loss(x, w, y).dtype == torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16):
        assert loss(x, w, y).dtype == torch.float32
    soft = torch.full((6, 5), 0.2, dtype=torch.float64)
    assert loss(x, w, soft).dtype == losses.cross_entropy(x @ w.T, soft).dtype == torch.float64


def test_autocast_keeps_one_copy_of_a_trained_layer() -> None:
    """It keeps what it casts until its end: a copy for each block would take all memory."""
    x, w = torch.ones(8, 3, requires_grad=True), torch.ones(10, 3, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16), Operations() as operations:
        losses.linear_cross_entropy(x, w, torch.arange(8), options=blocks(2))
    casts = operations.seen.count(("_to_copy", w.numel()))
    assert casts == 1 + 1 + 4  # for the data type, for all blocks; and the gradient of each


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_tangents_pass_through_blocks(reduction: str) -> None:
    x, w = randn(5, 3).requires_grad_(), randn(4, 3, seed=1).requires_grad_()
    y, x_tangent = torch.arange(5) % 4, randn(5, 3, seed=2)
    with forward_ad.dual_level():  # type: ignore[no-untyped-call]
        dual = forward_ad.make_dual(x, x_tangent)  # type: ignore[no-untyped-call]
        plain = in_two_steps(dual, w, y, torch.zeros(4), reduction=reduction)
        loss = losses.linear_cross_entropy(dual, w, y, reduction=reduction, options=blocks(2))
        found, expected = forward_ad.unpack_dual(loss), forward_ad.unpack_dual(plain)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(found.tangent, expected.tangent)


@pytest.mark.parametrize("error", list(errors()), ids=lambda error: error.id)
@pytest.mark.parametrize("learn", [False, True])
def test_errors_are_the_same_by_blocks(error: Any, learn: bool) -> None:
    for weight in (None, torch.ones(4)):
        call = {"weight": weight} | error.arguments | {"options": blocks(1)}
        for name in ("input", "linear_weight"):
            call[name] = call[name].clone().requires_grad_(learn and error.id != "integers")
        with pytest.raises(error.type, match=error.match):
            losses.linear_cross_entropy(**call)


def test_a_single_sample_is_one_block() -> None:
    x, w, soft = randn(3), randn(3, 3, seed=1), randn(3, seed=2).softmax(0)
    loss = losses.linear_cross_entropy(x, w, soft, options=blocks(1))
    torch.testing.assert_close(loss, losses.cross_entropy(w @ x, soft))


def test_probabilities_of_a_single_sample_know_no_ignored_class() -> None:
    x, w, y = torch.ones(2), torch.ones(3, 2), torch.full((3,), 1 / 3)
    with pytest.raises(RuntimeError, match="ignore_index cannot be specified"):
        losses.linear_cross_entropy(x, w, y, ignore_index=-1)
