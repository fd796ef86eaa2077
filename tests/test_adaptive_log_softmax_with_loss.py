"""What the adaptive softmax promises beside its loss: PyTorch's module, and all classes."""

from __future__ import annotations

import copy
import itertools
import pickle
import shutil
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.export import Dim, export
from torch.nn.functional import linear, log_softmax
from torch.utils._python_dispatch import TorchDispatchMode

import losses
from losses import AdaptiveLogSoftmaxWithLoss
from tests.cases import randint, randn
from tests.versions import DEVELOPERS

SETTINGS: dict[str, dict[str, Any]] = {
    "one cluster": {"in_features": 8, "n_classes": 10, "cutoffs": [4]},
    "two clusters": {"in_features": 16, "n_classes": 20, "cutoffs": [4, 10]},
    "three, a bias": {
        **{"in_features": 16, "n_classes": 30, "cutoffs": (3, 10, 29)},
        **{"div_value": 2.0, "head_bias": True},
    },
    "as wide": {"in_features": 4, "n_classes": 7, "cutoffs": range(1, 7, 2), "div_value": 1},
    "a cluster without features": {"in_features": 4, "n_classes": 9, "cutoffs": [2, 5]},
}
each_setting = pytest.mark.parametrize("settings", SETTINGS.values(), ids=list(SETTINGS))
# torch's own, where a cluster has no features
pytestmark = pytest.mark.filterwarnings("ignore:Initializing zero-element tensors:UserWarning")


def pair(dtype: torch.dtype = torch.float64, **settings: Any) -> tuple[Any, Any]:
    """Return our module and PyTorch's, of equal weights."""
    torch.manual_seed(0)
    theirs = nn.AdaptiveLogSoftmaxWithLoss(**settings, dtype=dtype)
    ours = AdaptiveLogSoftmaxWithLoss(**settings, dtype=dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def gradients(module: nn.Module, input: Tensor, loss: Tensor) -> list[Tensor]:
    """Return the gradients in the input and all weights; None, for what is not needed, is 0."""
    leaves = [input, *module.parameters()]
    found = torch.autograd.grad(loss, leaves, allow_unused=True)
    return [
        torch.zeros_like(leaf) if gradient is None else gradient
        for leaf, gradient in zip(leaves, found, strict=True)
    ]


def targets(classes: int, cutoffs: Any) -> Iterator[Tensor]:
    """Make batches whose classes lie anywhere, all in one cluster, or everywhere but there."""
    every = torch.arange(classes)
    yield randint(classes, 12)
    yield every
    cluster = torch.bucketize(every, torch.tensor(list(cutoffs)), right=True)
    for k in cluster.unique():
        yield every[cluster == k]
        yield every[cluster != k].flip(0)
    yield every[-1:]
    yield every[:0]
    yield every[0]
    yield every[-1]


@each_setting
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_the_module_equals_pytorchs(settings: dict[str, Any], dtype: torch.dtype) -> None:
    ours, theirs = pair(dtype, **settings)
    for target in targets(settings["n_classes"], settings["cutoffs"]):
        x = randn(*target.shape, settings["in_features"], dtype=dtype).requires_grad_()
        actual, expected = ours(x, target), theirs(x, target)
        assert actual._fields == expected._fields == ("output", "loss")
        totals = []
        for output, loss in (actual, expected):
            assert output.dtype == loss.dtype == dtype
            factors = torch.linspace(1, 2, output.numel(), dtype=dtype).reshape(output.shape)
            totals.append((factors * output).sum() + loss)
        torch.testing.assert_close(tuple(actual), tuple(expected), equal_nan=True)
        torch.testing.assert_close(
            gradients(ours, x, totals[0]), gradients(theirs, x, totals[1]), equal_nan=True
        )
        if target.dim():
            torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x))
            assert torch.equal(ours.predict(x), theirs.predict(x))


@st.composite
def calls(draw: Any) -> tuple[dict[str, Any], Tensor, Tensor]:
    classes = draw(st.integers(2, 12))
    cutoffs = draw(st.sets(st.integers(1, classes - 1), min_size=1, max_size=4))
    settings = {
        "in_features": draw(st.integers(1, 6)),
        "n_classes": classes,
        "cutoffs": sorted(cutoffs),
        "div_value": draw(st.sampled_from([1, 1.5, 2.0, 4.0])),
        "head_bias": draw(st.booleans()),
    }
    batch = draw(st.sampled_from([(), (1,), (3,), (6,), (0,)]))
    rows = batch[0] if batch else 1
    y = draw(st.lists(st.integers(0, classes - 1), min_size=rows, max_size=rows))
    x = randn(*batch, settings["in_features"], seed=draw(st.integers(0, 99)))
    return (
        settings,
        draw(st.sampled_from([0.1, 1.0, 100.0])) * x,
        torch.tensor(y, dtype=torch.long).reshape(batch),
    )


@given(calls())
def test_generated_calls_equal_pytorchs(call: tuple[dict[str, Any], Tensor, Tensor]) -> None:
    with warnings.catch_warnings(action="ignore"):
        ours, theirs = pair(**call[0])
    x, y = call[1].requires_grad_(), call[2]
    actual, expected = ours(x, y), theirs(x, y)
    torch.testing.assert_close(actual.output, expected.output)
    torch.testing.assert_close(actual.loss, expected.loss, equal_nan=True)
    torch.testing.assert_close(
        gradients(ours, x, actual.loss), gradients(theirs, x, expected.loss), equal_nan=True
    )
    if y.dim():
        torch.testing.assert_close(ours.log_prob(x), theirs.log_prob(x))
        assert torch.equal(ours.predict(x), theirs.predict(x))


@each_setting
def test_a_saved_state_fits_both(settings: dict[str, Any]) -> None:
    torch.manual_seed(1)
    ours = AdaptiveLogSoftmaxWithLoss(**settings)
    torch.manual_seed(1)
    theirs = nn.AdaptiveLogSoftmaxWithLoss(**settings)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other), "the same seed makes the same weights"
    public = lambda module: {k: v for k, v in vars(module).items() if k[0] != "_"}
    assert public(ours) == public(theirs)
    torch.manual_seed(2)
    ours.reset_parameters()
    torch.manual_seed(2)
    theirs.reset_parameters()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, other)
    for parameter in ours.parameters():
        nn.init.ones_(parameter)
    theirs.load_state_dict(ours.state_dict())
    assert all(bool((parameter == 1).all()) for parameter in theirs.parameters())


@each_setting
def test_all_classes_have_a_probability(settings: dict[str, Any]) -> None:
    module, _ = pair(**settings)
    x = 3 * randn(settings["n_classes"], settings["in_features"])
    log_p = module.log_prob(x)
    assert log_p.shape == (len(x), settings["n_classes"])
    torch.testing.assert_close(log_p.exp().sum(1), torch.ones(len(x), dtype=torch.float64))
    for y in (torch.arange(len(x)), torch.arange(len(x)).flip(0)):
        output, loss = module(x, y)
        torch.testing.assert_close(output, log_p.gather(1, y[:, None])[:, 0])
        torch.testing.assert_close(loss, -log_p.gather(1, y[:, None]).mean())
        assert bool((output <= 0).all()) and loss >= 0
    best = module.predict(x)
    assert torch.equal(best, log_p.argmax(1))
    assert torch.equal(module.predict(x[0]), best[0])
    torch.testing.assert_close(module.log_prob(x[0]), log_p[0])
    assert module.log_prob(x[:0]).shape == (0, settings["n_classes"])
    assert module.predict(x[:0]).shape == (0,)


@pytest.mark.parametrize("scale", [-10.0, 0.0, 10.0])
def test_the_prediction_is_the_likeliest_class_wherever_it_lies(scale: float) -> None:
    """In the head for all rows, for none, for some; equal classes: the first."""
    ours, theirs = pair(**SETTINGS["two clusters"])
    with torch.no_grad():
        ours.head.weight[4:] += scale
        theirs.load_state_dict(ours.state_dict())
    x = randn(50, 16).abs() * (scale != 0)
    best = ours.predict(x)
    assert torch.equal(best, theirs.predict(x))
    assert torch.equal(best, ours.log_prob(x).argmax(1))
    assert bool((best < 4).all()) == (scale <= 0)


def test_without_clusters_it_is_cross_entropy() -> None:
    x, head, bias = randn(6, 3), randn(5, 3, seed=1), randn(5, seed=2)
    y = randint(5, 6)
    output, loss = losses.adaptive_log_softmax_with_loss(x, y, head, [], bias)
    torch.testing.assert_close(
        output, -losses.cross_entropy(x @ head.T + bias, y, reduction="none")
    )
    torch.testing.assert_close(loss, losses.cross_entropy(x @ head.T + bias, y))


def test_the_worked_example() -> None:
    x, y = torch.tensor([1.0, 2.0], dtype=torch.float64), torch.tensor(3)
    head = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    tail = torch.tensor([[1.0, -1.0]]).double(), torch.tensor([[1.0], [2.0]]).double()
    output, loss = losses.adaptive_log_softmax_with_loss(x, y, head, [tail])
    assert loss == -output == pytest.approx(1.720868, abs=1e-6)


@pytest.mark.parametrize("pairs", [tuple, iter, lambda pairs: [list(pair) for pair in pairs]])
def test_pairs_of_weights_may_come_in_any_row(pairs: Any) -> None:
    module, _ = pair(**SETTINGS["two clusters"])
    x, y = randn(12, 16), randint(20, 12)
    tail = [(projection.weight, cluster.weight) for projection, cluster in module.tail]
    result = losses.adaptive_log_softmax_with_loss(x, y, module.head.weight, pairs(tail))
    assert result.loss == module(x, y).loss
    for wrong in (module.tail, tail[0], None, [tail[0][:1]], [(*tail[0], None)][0], 3):
        with pytest.raises(TypeError, match=r"'tail_weights' \(position 4\).*module\.tail"):
            losses.adaptive_log_softmax_with_loss(x, y, module.head.weight, wrong)


def test_a_class_may_be_written_in_32_bits() -> None:
    module, theirs = pair(**SETTINGS["two clusters"])
    x, y = randn(20, 16), torch.arange(20)
    assert module(x, y.int()).loss == module(x, y).loss
    if DEVELOPERS:
        assert theirs(x, y.int()).loss == theirs(x, y).loss


def wrong_calls() -> Iterator[Any]:
    x, y = torch.zeros(3, 16), torch.tensor([0, 5, 19])
    calls = {
        "class 20": (x, y + 1),
        "class -1": (x, y - 1),
        "class -100": (x, torch.tensor([0, -100, 3])),
        "one of two": (x[:2], y),
        "two targets a row": (x, y[:, None]),
        "one row": (x[0], y),
        "one row of as many features": (x[0], torch.zeros(16, dtype=torch.long)),
        "one target": (x, y[0]),
        "a number": (x[0, 0], y[0]),
        "three dimensions": (x[:, None], y),
        "features": (x[:, :8], y),
        "double": (x.double(), y),
        "half": (x.half(), y),
        "integers": (x.long(), y),
        "floating target": (x, y.float()),
        "bytes": (x, y.byte()),
        "booleans": (x, y.bool()),
    }
    return (pytest.param(*call, id=name) for name, call in calls.items())


@pytest.mark.parametrize(("input", "target"), list(wrong_calls()))
def test_what_pytorch_refuses_is_refused(input: Tensor, target: Tensor) -> None:
    ours, theirs = pair(torch.float32, **SETTINGS["two clusters"])
    with pytest.raises(RuntimeError) as expected:
        theirs(input, target)
    with pytest.raises(RuntimeError) as caught:
        ours(input, target)
    assert caught.type is expected.type


WRONG_SETTINGS = {
    "a float cutoff": {"cutoffs": [2.5]},
    "no list": {"cutoffs": 3},
    "none": {"cutoffs": None},
    "letters": {"cutoffs": "ab"},
    "division by 0": {"cutoffs": [3], "div_value": 0},
    "fewer than no features": {"cutoffs": [3], "div_value": -2},
    "one class": {"cutoffs": [1], "n_classes": 1},
}


@pytest.mark.parametrize("wrong", WRONG_SETTINGS.values(), ids=list(WRONG_SETTINGS))
def test_settings_that_pytorch_refuses_are_refused(wrong: dict[str, Any]) -> None:
    settings = {"in_features": 8, "n_classes": 10} | wrong
    with pytest.raises(Exception) as expected:
        nn.AdaptiveLogSoftmaxWithLoss(**settings)
    with pytest.raises(expected.type):
        AdaptiveLogSoftmaxWithLoss(**settings)


def test_layers_are_made_where_and_as_asked() -> None:
    module = AdaptiveLogSoftmaxWithLoss(
        **SETTINGS["two clusters"], head_bias=True, device="meta", dtype=torch.float64
    )
    assert {(p.device.type, p.dtype) for p in module.parameters()} == {("meta", torch.float64)}
    x = torch.zeros(3, 16, dtype=torch.float64, device="meta")
    assert module.log_prob(x).shape == (3, 20)
    # How many rows a cluster sees, nobody knows there; PyTorch's module says the same.
    for namespace in (losses, nn):
        module = namespace.AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10], device="meta")
        with pytest.raises(NotImplementedError, match="nonzero"):
            module(x.float(), torch.zeros(3, dtype=torch.long, device="meta"))


def test_the_module_can_be_copied_and_its_result_pickled() -> None:
    module, _ = pair(**SETTINGS["three, a bias"])
    x, y = randn(30, 16), torch.arange(30)
    expected = module(x, y)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert other(x, y).loss == expected.loss
    result = pickle.loads(pickle.dumps(type(expected)(*(part.detach() for part in expected))))
    output, loss = result
    assert torch.equal(output, expected.output) and loss == result.loss == expected.loss


def test_a_cluster_that_nobody_needs_has_a_gradient_of_0() -> None:
    """None, as PyTorch's has, stops a training in several processes."""
    ours, theirs = pair(**SETTINGS["two clusters"])
    x, y = randn(3, 16), torch.tensor([0, 3, 1])
    for module in (ours, theirs):
        module(x, y).loss.backward()
    for (name, mine), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert mine.grad is not None
        if name.startswith("tail"):
            assert other.grad is None and not mine.grad.any()


def test_a_training_is_that_of_pytorchs() -> None:
    ours, theirs = pair(**SETTINGS["two clusters"])
    for step in range(5):
        x, y = randn(40, 16, seed=step), randint(20, 40, seed=step)
        for module in (ours, theirs):
            optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
            optimizer.zero_grad()
            module(x, y).loss.backward()
            optimizer.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_computed_in_single_and_rounded_once(dtype: torch.dtype) -> None:
    ours, theirs = pair(dtype, **SETTINGS["three, a bias"])
    x, y = 3 * randn(30, 16, dtype=dtype), torch.arange(30)
    exact = copy.deepcopy(ours).double()
    wanted = exact(x.double(), y)
    for mine, right in zip(ours(x, y), wanted, strict=True):
        assert mine.dtype == dtype
        torch.testing.assert_close(mine, right.to(dtype), rtol=torch.finfo(dtype).eps, atol=0)
    error = lambda module: (module(x, y).output.double() - wanted.output).abs().max()
    assert error(ours) < error(theirs)
    assert ours.log_prob(x).dtype == dtype
    torch.testing.assert_close(
        ours.log_prob(x), exact.log_prob(x.double()).to(dtype), rtol=torch.finfo(dtype).eps, atol=0
    )
    assert ours(x, y.clamp(max=2)).loss.dtype == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_autocast(dtype: torch.dtype) -> None:
    """The layers' products are in half precision, as of any layer; the rest is in single."""
    ours, theirs = pair(torch.float32, **SETTINGS["two clusters"])
    x, y = randn(20, 16, dtype=dtype), torch.arange(20)
    with torch.autocast("cpu", torch.bfloat16):
        output, loss = ours(x, y)
        log_p = ours.log_prob(x)
        log_head = log_softmax(ours.head(x).float(), 1)
        log_tail = [log_softmax(layers(x).float(), 1) for layers in ours.tail]
        best = ours.predict(x)
    parts = [log_head[:, :4], *(log_head[:, [4 + k]] + log_tail[k] for k in (0, 1))]
    torch.testing.assert_close(log_p, torch.cat(parts, 1))
    assert output.dtype == loss.dtype == log_p.dtype == torch.float32
    torch.testing.assert_close(output, log_p.gather(1, y[:, None])[:, 0])
    assert torch.equal(best, log_p.argmax(1))
    loss.backward()
    assert {parameter.grad.dtype for parameter in ours.parameters()} == {torch.float32}
    if dtype == torch.float32 and DEVELOPERS:  # the most usual call of all
        with pytest.raises(RuntimeError, match="index_copy"), torch.autocast("cpu", torch.bfloat16):
            theirs(x, y)


class Operations(TorchDispatchMode):
    """Watch all operations: their names, and the largest tensor made."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.names.append(func.overloadpacket.__name__)
        if isinstance(out, Tensor):
            self.largest = max(self.largest, out.numel())
        return out


def test_only_the_rows_of_a_cluster_go_through_it() -> None:
    module = AdaptiveLogSoftmaxWithLoss(16, 3000, [10, 100], head_bias=True)
    weights = max(parameter.numel() for parameter in module.parameters())
    for rare, largest in ((0, 1000 * 16), (1, 1000 * 16), (200, 200 * 2900)):
        y = torch.arange(1000) % 10
        y[:rare] = 2999
        with Operations() as operations:
            module(torch.randn(1000, 16), y).loss.backward()
        assert operations.largest == max(largest, weights)
    with Operations() as operations:
        module.predict(torch.randn(1000, 16))
    assert operations.largest <= 1000 * 3000


def test_the_operations_are_the_same_whatever_the_batch() -> None:
    """Only the rows of each cluster are read back; on the CPU, the targets' bounds as well."""
    module = AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10])
    seen = []
    for y in (torch.zeros(3).long(), torch.full((7,), 19), torch.arange(20).repeat(50)):
        module.zero_grad()
        with Operations() as operations:
            module(torch.randn(len(y), 16), y).loss.backward()
        seen.append(operations.names)
    assert seen[0] == seen[1] == seen[2]
    assert seen[0].count("nonzero") == 2
    assert seen[0].count("_local_scalar_dense") == 2  # the lowest and the highest target


BACKENDS = [
    "aot_eager",
    pytest.param(
        "inductor",
        marks=pytest.mark.skipif(
            not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="no C++ compiler"
        ),
    ),
]
WIDE = {"in_features": 64, "n_classes": 20, "cutoffs": [4, 10]}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")  # torch's own
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("whole", [False, True], ids=["in parts", "one graph"])
def test_compiled_it_is_the_same(backend: str, whole: bool) -> None:
    """The rows of a cluster break the graph, unless the compiler is told to go on behind them."""
    if whole and torch.__version__ < "2.13":
        pytest.skip("this PyTorch compiles no layer of a number of rows that it does not know")
    torch._dynamo.reset()
    module, theirs = pair(torch.float32, **WIDE)
    graphs = CompileCounterWithBackend(backend)
    compiled = torch.compile(module, backend=graphs, fullgraph=whole, dynamic=True)
    for rows, seed in itertools.product((12, 30), (0, 1)):
        for y in (randint(20, rows, seed=seed), randint(4, rows), 10 + randint(10, rows)):
            x = randn(rows, 64, dtype=torch.float32, seed=seed).requires_grad_()
            actual, expected = compiled(x, y), module(x, y)
            torch.testing.assert_close(actual.output, expected.output)
            torch.testing.assert_close(
                gradients(module, x, actual.loss), gradients(module, x, expected.loss)
            )
    best = torch.compile(module.predict, backend=backend, fullgraph=whole)(x)
    assert torch.equal(best, module.predict(x))
    if whole and DEVELOPERS:
        with pytest.raises(Exception, match="data-dependent"):
            torch.compile(theirs, backend=backend, fullgraph=True)(x, y)
    assert graphs.frame_count == 1 or not whole


@pytest.mark.slow
def test_an_exported_program_takes_any_batch() -> None:
    if torch.__version__ < "2.13":
        pytest.skip("this PyTorch exports no layer of a number of rows that it does not know")
    module, theirs = pair(torch.float32, **WIDE)
    x, y = randn(8, 64, dtype=torch.float32), torch.arange(8)
    batch = ({0: Dim("batch", min=2)},) * 2
    for strict in (False, True):
        program = export(module, (x, y), dynamic_shapes=batch, strict=strict).module()
        for y in (torch.arange(20), torch.zeros(2).long(), torch.full((100,), 15)):
            x = randn(len(y), 64, dtype=torch.float32)
            torch.testing.assert_close(program(x, y).output, module(x, y).output)
    if DEVELOPERS:
        with pytest.raises(Exception, match="data-dependent"):
            export(theirs, (x, y), strict=False)


def test_traced_no_branch_is_frozen() -> None:
    module, _ = pair(torch.float32, **WIDE)
    with warnings.catch_warnings(action="ignore"):
        traced = torch.jit.trace(module, (torch.zeros(2, 64), torch.tensor([0, 1])))
    for y in (torch.arange(20), torch.full((5,), 15), torch.zeros(3).long()):
        x = randn(len(y), 64, dtype=torch.float32)
        torch.testing.assert_close(traced(x, y), tuple(module(x, y)))


def test_vmap_over_features_and_weights() -> None:
    """But not over targets: each would select rows of its own."""
    module, _ = pair(**SETTINGS["two clusters"])
    x, y = randn(3, 20, 16), torch.arange(20)
    found = torch.vmap(lambda x: module(x, y).loss)(x)
    torch.testing.assert_close(found, torch.stack([module(part, y).loss for part in x]))
    twice = {name: torch.stack([p, 2 * p]) for name, p in module.named_parameters()}
    ensemble = torch.vmap(lambda state: torch.func.functional_call(module, state, (x[0], y)).loss)
    one, other = ensemble(twice)
    torch.testing.assert_close(one, module(x[0], y).loss)
    assert other != one
    with pytest.raises(RuntimeError, match="nonzero"):
        torch.vmap(lambda x, y: module(x, y).loss)(x, y.expand(3, 20))


def test_the_head_alone_is_linear() -> None:
    """Scores of the head are those of its layer: `head.weight` first, then one row a cluster."""
    module, _ = pair(**SETTINGS["three, a bias"])
    x = randn(5, 16)
    z = linear(x, module.head.weight, module.head.bias)
    torch.testing.assert_close(module.log_prob(x)[:, :3], z.log_softmax(1)[:, :3])
    tails = module.log_prob(x).exp().tensor_split([3, 10, 29], 1)[1:]
    for k, tail in enumerate(tails):
        torch.testing.assert_close(tail.sum(1), z.softmax(1)[:, 3 + k])
