"""What only this loss promises: blocks that bound the memory, and a module with its own layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, get_type_hints

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import losses
from tests.cases import randint, randn
from tests.cases.linear_cross_entropy import blocks, errors

OLD = not hasattr(torch.nn, "LinearCrossEntropyOptions")
needs_torch_equivalent = pytest.mark.skipif(OLD, reason="this PyTorch has no such loss")


class Operations(TorchDispatchMode):
    """Watch all operations: name, largest tensor made, its data type, and whether it is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int, torch.dtype]] = []
        self.memory: list[tuple[int, StorageWeakRef]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        if tensors:
            most = max(tensors, key=Tensor.numel)
            self.seen.append((func.overloadpacket.__name__, most.numel(), most.dtype))
        if not func.is_view:
            storages = [tensor.untyped_storage() for tensor in tensors]
            self.memory += [(storage.nbytes(), StorageWeakRef(storage)) for storage in storages]
        return out

    @property
    def largest(self) -> int:
        return max(numel for _, numel, _ in self.seen)

    @property
    def products(self) -> int:
        return sum(name in ("mm", "addmm") and numel > 0 for name, numel, _ in self.seen)

    @property
    def kept(self) -> int:
        """The largest piece of memory that something still refers to, in bytes."""
        return max((size for size, storage in self.memory if not storage.expired()), default=0)


def batch(samples: int, features: int, classes: int) -> tuple[Tensor, Tensor, Tensor]:
    x = randn(samples, features, dtype=torch.float32).requires_grad_()
    w = randn(classes, features, dtype=torch.float32, seed=1).requires_grad_()
    return x, w, randint(classes, samples)


def test_without_options_the_loss_is_one_step_whatever_the_size() -> None:
    for samples, classes in ((8, 5), (300, 8000)):  # the second has more than 2²¹ logits
        x, w, y = batch(samples, 2, classes)
        with Operations() as forward:
            loss = losses.linear_cross_entropy(x, w, y)
        assert forward.products == 1
        assert forward.largest == samples * classes
        assert forward.kept >= 4 * samples * classes  # float32
        with Operations() as backward:
            loss.backward()
        assert backward.products == 2


VARIANTS: dict[str, Any] = {
    "indices": {},
    "weight": {"weight": torch.ones(1000)},
    "ignored": {"ignore_index": 3},
    "smoothing": {"label_smoothing": 0.1},
    "probabilities": {"target": randn(10, 1000, dtype=torch.float32).softmax(1)},
    "out_features": {
        "linear_weight": torch.ones(250, 4, 2, requires_grad=True),
        "target": randint(250, 10, 4),
    },
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_blocks_bound_the_largest_tensor_and_keep_nothing_of_it(name: str, reduction: str) -> None:
    x, w, y = batch(10, 2, 1000)
    call = {"input": x, "linear_weight": w, "target": y} | VARIANTS[name]
    with Operations() as forward:
        loss = losses.linear_cross_entropy(**call, reduction=reduction, options=blocks(3))
    assert forward.largest == 3 * 1000
    assert forward.kept < 1000  # bytes: not one logit a class
    with Operations() as backward:
        loss.sum().backward()
    assert backward.largest == 3 * 1000


def test_a_block_without_a_size_has_as_many_logits_as_the_input_has_numbers() -> None:
    x, w, y = batch(100, 20, 50)
    for options in (blocks(None), blocks(40)):
        with Operations() as operations:
            losses.linear_cross_entropy(x, w, y, options=options)
        assert operations.products == 3  # of 40, 40 and 20 rows
        assert operations.largest == 40 * 50 == x.numel()
    x, w, y = batch(7, 2, 50)  # fewer features than classes, and few rows: one row a block
    with Operations() as operations:
        losses.linear_cross_entropy(x, w, y, options=blocks(None))
    assert operations.products == 7


def products(learn: str, **settings: Any) -> tuple[int, int]:
    """Count the matrix products of the forward and of the backward pass."""
    x = torch.ones(6, 3).requires_grad_("x" in learn)
    w = torch.ones(5, 3).requires_grad_("w" in learn)
    with Operations() as forward:
        loss = losses.linear_cross_entropy(x, w, torch.arange(6) % 5, **settings)
    with Operations() as backward:
        if loss.requires_grad:
            loss.sum().backward()
    return forward.products, backward.products


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_the_logits_are_computed_twice_and_each_gradient_once(reduction: str) -> None:
    in_blocks = partial(products, reduction=reduction, options=blocks(2))
    assert in_blocks("xw") == (3, 3 * 3)
    assert in_blocks("x") == in_blocks("w") == (3, 3 * 2)
    assert in_blocks("") == (3, 0)
    with torch.no_grad():
        assert in_blocks("xw") == (3, 0)
    assert products("xw", reduction=reduction) == (1, 2)


def test_options_are_any_object_with_the_field() -> None:
    x, w, y = batch(6, 3, 5)
    options = SimpleNamespace(batch_chunk_size=2)
    found = losses.linear_cross_entropy(x, w, y, options=options)
    torch.testing.assert_close(found, losses.linear_cross_entropy(x, w, y))
    with Operations() as operations:
        losses.LinearCrossEntropyLoss(3, 5, options=options)(x, y)
    assert operations.products == 3


def test_annotations_need_no_new_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.nn, "LinearCrossEntropyOptions", raising=False)
    module = losses.LinearCrossEntropyLoss
    for described in (losses.linear_cross_entropy, module, module.__init__):
        assert "options" in get_type_hints(described)


def test_the_random_state_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is random here; and while a CUDA graph is captured, the state cannot be read."""

    def fail() -> Tensor:
        raise AssertionError("the random state is read")

    monkeypatch.setattr(torch, "get_rng_state", fail)
    losses.linear_cross_entropy(*batch(6, 3, 5), options=blocks(2)).backward()


@pytest.mark.parametrize("options", [None, blocks(2), blocks(None)])
@pytest.mark.parametrize("samples", [0, 3])
def test_no_class_and_perhaps_no_sample(options: Any, samples: int) -> None:
    x, w = torch.ones(samples, 2), torch.ones(0, 2)
    y = torch.full((samples,), -100)
    loss = partial(losses.linear_cross_entropy, x, w, y, options=options)
    assert loss(reduction="sum") == 0
    assert loss(reduction="mean").isnan()
    assert loss(reduction="none").tolist() == [0] * samples


@needs_torch_equivalent
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
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    y = torch.arange(6).reshape(6, *(1 for _ in shape)).expand(6, *shape) % 5
    torch.testing.assert_close(ours(x, y), theirs(x, y))


def test_the_state_of_the_module() -> None:
    module = losses.LinearCrossEntropyLoss(4, 5, out_features=(2, 3))
    assert repr(module).startswith("LinearCrossEntropyLoss(")
    assert {name: list(t.shape) for name, t in module.state_dict().items()} == {
        "linear.weight": [30, 4]
    }
    module = losses.LinearCrossEntropyLoss(4, 5, bias=True, weight=torch.ones(5))
    assert list(module.state_dict()) == ["weight", "linear.weight", "linear.bias"]


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
def test_the_module_passes_its_settings_on(label_smoothing: float) -> None:
    settings: Any = {"weight": torch.arange(1.0, 6.0), "reduction": "sum", "ignore_index": 1}
    settings |= {"label_smoothing": label_smoothing, "options": blocks(2)}
    module = losses.LinearCrossEntropyLoss(4, 5, bias=True, **settings)
    x, y = torch.ones(6, 4), torch.arange(6) % 5
    with Operations() as found:
        loss = module(x, y)
    layer = {"linear_weight": module.linear.weight, "linear_bias": module.linear.bias}
    torch.testing.assert_close(
        loss, losses.linear_cross_entropy(x, target=y, **layer, **settings), rtol=0, atol=0
    )
    assert found.products == 3


def test_the_layer_of_the_module_is_made_where_and_as_asked() -> None:
    layer = losses.LinearCrossEntropyLoss(4, 5, device="meta", dtype=torch.float64).linear
    assert layer.weight.device.type == "meta"
    assert layer.weight.dtype == torch.float64


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_derivatives_in_blocks_go_on(reduction: str) -> None:
    """The gradient may be asked for twice, by another factor, derived, and in batches."""
    shapes = ((7, 3), (5, 3), (5,))
    x, w, b = tensors = [randn(*s, seed=i).requires_grad_() for i, s in enumerate(shapes)]
    y = torch.tensor([0, 4, -100, 2, 1, 3, 3])
    weight = torch.tensor([0.5, 1.0, 2.0, 3.0, 1.0], dtype=torch.float64)
    settings: Any = {"weight": weight, "reduction": reduction}
    loss = losses.linear_cross_entropy(x, w, y, linear_bias=b, options=blocks(2), **settings)
    expected = losses.cross_entropy(x @ w.T + b, y, **settings)
    torch.testing.assert_close(loss, expected)
    wanted = torch.autograd.grad(expected, tensors, create_graph=True)
    for factor in (1.0, 2.0):
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
    none = {"input": x, "target": torch.full_like(y, -100)}
    yield pytest.param(layer | weight | none, id="all ignored")
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


@pytest.mark.slow
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
    expected = in_two_steps(**call, reduction=reduction)
    close = partial(torch.testing.assert_close, rtol=1e-12, atol=1e-12, equal_nan=True)
    for options in (None, blocks(2), blocks(7), blocks(100), blocks(None)):
        loss = losses.linear_cross_entropy(**call, reduction=reduction, options=options)
        close(loss, expected)
        assert loss.requires_grad == bool(learn)
        if learn:
            leaves, factors = [call[name] for name in learn], torch.randn_like(expected)
            wanted = torch.autograd.grad(expected, leaves, factors, retain_graph=True)
            close(torch.autograd.grad(loss, leaves, factors), wanted)
            with torch.no_grad():
                in_evaluation = losses.linear_cross_entropy(
                    **call, reduction=reduction, options=options
                )
            close(in_evaluation, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [None, blocks(900)])
def test_the_mean_of_half_precision_overflows_nowhere(
    dtype: torch.dtype, frozen: bool, weighted: bool, options: Any
) -> None:
    """Neither the sum of a block, 900 losses of 100, nor that of all weights fits into float16."""
    x, w = torch.full((1000, 1), 10.0, dtype=dtype), torch.tensor([[-5.0], [5.0]], dtype=dtype)
    y = torch.zeros(1000, dtype=torch.long)
    weight = torch.tensor([100.0, 1.0], dtype=dtype) if weighted else None
    x, w = x.requires_grad_(), w.requires_grad_(not frozen)
    loss = losses.linear_cross_entropy(x, w, y, weight=weight, options=options)
    assert loss.dtype == dtype
    assert loss == 100
    found = torch.autograd.grad(loss, [x] if frozen else [x, w])
    wanted = [torch.full_like(x, 0.01), torch.tensor([[-10.0], [10.0]], dtype=dtype)]
    for gradient, by_hand in zip(found, wanted, strict=False):
        torch.testing.assert_close(gradient, by_hand, rtol=2 * torch.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("options", [None, blocks(2)])
def test_half_precision_is_rounded_after_the_sum(dtype: torch.dtype, options: Any) -> None:
    """720 times ln 2: rounded before, it is 499.25 in float16 and 498 in bfloat16."""
    x, w = torch.zeros(720, 1, dtype=dtype), torch.zeros(2, 1, dtype=dtype)
    y = torch.zeros(720, dtype=torch.long)
    loss = losses.linear_cross_entropy(x, w, y, reduction="sum", options=options)
    assert loss == (499 if dtype == torch.float16 else 500)  # of 499.07


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("options", [None, blocks(2)])
def test_the_data_type_of_the_result(learn: bool, options: Any) -> None:
    x = torch.ones(6, 3, dtype=torch.bfloat16, requires_grad=learn)
    w = torch.ones(5, 3, dtype=torch.bfloat16, requires_grad=learn)
    y = torch.arange(6) % 5
    loss: Callable[..., Tensor] = partial(losses.linear_cross_entropy, options=options)
    assert loss(x, w, y).dtype == torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16):
        assert loss(x, w, y).dtype == torch.float32
    soft = torch.full((6, 5), 0.2, dtype=torch.float64)
    assert loss(x, w, soft).dtype == losses.cross_entropy(x @ w.T, soft).dtype == torch.float64


@pytest.mark.parametrize("options", [None, blocks(2)])
def test_under_autocast_the_product_is_in_half_precision_and_the_loss_is_not(options: Any) -> None:
    x, w, y = batch(8, 3, 10)
    with torch.autocast("cpu", torch.bfloat16):
        with Operations() as operations:
            loss = losses.linear_cross_entropy(x, w, y, options=options)
        expected = torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, w), y)
    found = {name: dtype for name, _, dtype in operations.seen}
    assert found["mm"] == torch.bfloat16
    assert found["_log_softmax"] == loss.dtype == torch.float32
    torch.testing.assert_close(loss, expected)
    wanted = torch.autograd.grad(expected, (x, w))
    for gradient, other in zip(torch.autograd.grad(loss, (x, w)), wanted, strict=True):
        torch.testing.assert_close(gradient, other, rtol=0.02, atol=1e-3)  # bfloat16 has 8 bits


def test_autocast_keeps_one_copy_of_the_layer() -> None:
    """It keeps what it casts until its end: a copy for each block would take all memory."""
    x, w, y = batch(8, 3, 1000)
    with torch.autocast("cpu", torch.bfloat16), Operations() as operations:
        losses.linear_cross_entropy(x, w, y, options=blocks(2))
        copies = [size for size, storage in operations.memory if not storage.expired()]
    assert copies.count(2 * w.numel()) == 1
    assert sum(copies) < 3 * w.numel()


@pytest.mark.parametrize("options", [None, blocks(64)])
def test_a_gradient_penalty_outside_of_autocast(options: Any) -> None:
    """As PyTorch's notes on mixed precision have it: with `create_graph`, after the block."""
    torch.manual_seed(0)
    body, rows = torch.nn.Linear(8, 8), torch.randn(300, 8)
    head, target = torch.randn(5, 8, requires_grad=True), torch.randint(5, (300,))
    with torch.autocast("cpu", torch.bfloat16):
        loss = losses.linear_cross_entropy(body(rows), head, target, options=options)
    (gradient,) = torch.autograd.grad(loss, head, create_graph=True)
    gradient.square().sum().backward()
    assert head.grad is not None
    assert round(head.grad.norm().item(), 4) == 0.0693


@pytest.mark.skipif(OLD, reason="the checkpoints of an old PyTorch pass no tangents on")
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


# The layout that "aot_eager" expects of the gradient of a permuted tensor's log_softmax is not the
# one that comes: in PyTorch 2.6 to 2.14 it fails wherever a `reshape` came before.
COMPILED = [case for case in settings() if case.id != "grid, probabilities"]


@pytest.mark.slow
@pytest.mark.parametrize("call", COMPILED)
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_blocks_compile_without_a_graph_break(call: dict[str, Any], reduction: str) -> None:
    call = call | {name: call[name].clone().requires_grad_() for name in LAYER}
    function = partial(losses.linear_cross_entropy, reduction=reduction, options=blocks(3))
    torch._dynamo.reset()
    found = torch.compile(function, fullgraph=True, backend="aot_eager")(**call)
    expected = function(**call)
    close = partial(torch.testing.assert_close, rtol=1e-12, atol=1e-12, equal_nan=True)
    close(found, expected)
    leaves, factors = [call[name] for name in LAYER], torch.randn_like(expected)
    wanted = torch.autograd.grad(expected, leaves, factors)
    close(torch.autograd.grad(found, leaves, factors), wanted)


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
    for target in (soft, torch.tensor(2), torch.tensor([2])):
        loss = losses.linear_cross_entropy(x, w, target, options=blocks(1))
        torch.testing.assert_close(loss, losses.cross_entropy(w @ x, target))


def test_probabilities_of_a_single_sample_know_no_ignored_class() -> None:
    x, w, y = torch.ones(2), torch.ones(3, 2), torch.full((3,), 1 / 3)
    with pytest.raises(RuntimeError, match="ignore_index cannot be specified"):
        losses.linear_cross_entropy(x, w, y, ignore_index=-1)
