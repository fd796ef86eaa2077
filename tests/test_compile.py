"""Compiled, exported or traced, every loss is what it is in eager mode."""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.export import Dim, export
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import ShapeEnv

import losses
from losses.catalog import CATALOG, Record
from tests.cases import Case, randn
from tests.test_devices import axis, plain, repeated
from tests.test_losses import (
    SELECTS_ROWS,
    close,
    each_loss,
    every,
    modules,
    ours,
    reductions,
    run,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning"),
    # torch.jit is deprecated, and warns of every shape that is compared.
    pytest.mark.filterwarnings("ignore:.*torch.jit"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    # Where the compiler goes on behind a break of the graph, it looks at all gradients.
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf"),
    # The default backend of PyTorch 2.6 speaks of its own settings.
    pytest.mark.filterwarnings("ignore:Skipping serialization:UserWarning"),
    pytest.mark.filterwarnings("ignore:.NLLLoss2d:FutureWarning"),
]

OLD = torch.__version__.startswith("2.6.")
# In PyTorch 2.6, `x[:, None]` asks that there be fewer than 2**63 - 1 rows.
BATCH = Dim("batch", min=2, max=2**20) if OLD else Dim("batch", min=2)


def traceable(loss: Record) -> bool:
    return not (OLD and loss.function in SELECTS_ROWS)


def once(function: Callable[..., Any], **settings: Any) -> Callable[..., Any]:
    """Compile the function, without what has been compiled before, into one graph."""
    torch._dynamo.reset()
    return torch.compile(function, **{"fullgraph": True, **settings})


def the_same(actual: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    for ours_, theirs in zip(actual, expected, strict=True):
        assert ours_.dtype == theirs.dtype
        # An entry beside much larger ones has been rounded as they are.
        finite = theirs[theirs.isfinite()].abs()
        scale = max(1.0, finite.max().item()) if finite.numel() else 1.0
        close(ours_ / scale, theirs / scale, torch.float32)


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Skip where PyTorch's default backend finds no C++ compiler that it can work with."""
    # A folder of its own: two processes that compile the same at once would spoil each other's.
    folder = str(tmp_path_factory.mktemp("inductor"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", folder)
        find_compiler()
        yield


def find_compiler() -> None:
    try:
        torch.compile(lambda x: 2 * x + 1)(torch.ones(8))
    except torch._dynamo.exc.BackendCompilerFailed as error:
        if not re.search(r"InvalidCxxCompiler|CppCompileError|is not found", str(error)):
            raise
        pytest.skip(f"torch.compile's default backend needs a C++ compiler: {error}")


@each_loss(traceable)
def test_the_default_backend_computes_the_mean(loss: Record, compiler: None) -> None:
    compiled = once(ours(loss))
    the_same(
        run(compiled, plain(loss), reduction="mean"),
        run(ours(loss), plain(loss), reduction="mean"),
    )


@each_loss(traceable)
def test_all_reductions_are_compiled_into_one_graph(loss: Record) -> None:
    for reduction in reductions(loss):
        if reduction != "mean":
            compiled = once(ours(loss), backend="aot_eager")
            the_same(
                run(compiled, plain(loss), reduction=reduction),
                run(ours(loss), plain(loss), reduction=reduction),
            )


@pytest.mark.compiler
@every((torch.float32,), keep=lambda loss, case: traceable(loss))
def test_the_default_backend_computes_every_case(
    loss: Record, case: Case, dtype: torch.dtype, compiler: None
) -> None:
    # Where rows are selected more than once, one graph is too much for its backward pass.
    whole = loss.function not in SELECTS_ROWS
    for reduction in reductions(loss):
        compiled = once(ours(loss), fullgraph=whole)
        the_same(
            run(compiled, case, reduction=reduction), run(ours(loss), case, reduction=reduction)
        )


def test_the_distances_of_mined_triplets_compiled_have_the_eager_gradient(compiler: None) -> None:
    """Where a gradient goes through a diagonal, PyTorch's default backend made it NaN."""
    labels = torch.arange(8) % 3

    def mutual(input: Tensor) -> Tensor:
        loss, distances = losses.TripletLoss(mutual_flag=True)(input, labels)
        return loss + distances.mean()

    case = Case("", {"input": randn(8, 4, dtype=torch.float32)})
    the_same(run(once(mutual), case), run(mutual, case))


def batches(loss: Record, times: range) -> Iterator[Case]:
    """Batches of these many times the samples of the first case."""
    for size in times:
        call = repeated(loss, plain(loss), size)
        assert call is not None
        yield call


def per_sample(loss: Record) -> list[str]:
    """Name the tensors that have an entry for each sample."""
    few, many = batches(loss, range(2, 4))
    tensors = {k: v for k, v in few.arguments.items() if isinstance(v, Tensor)}
    return [k for k, v in tensors.items() if v.shape != many.arguments[k].shape]


@pytest.mark.parametrize("marked", [False, True], ids=["dynamic=True", "mark_dynamic"])
@each_loss(traceable)
def test_ten_batch_sizes_are_compiled_at_most_twice(loss: Record, marked: bool) -> None:
    graphs = []

    def count(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Callable[..., Any]:
        graphs.append(graph)
        return graph.forward

    compiled = once(ours(loss), backend=count, dynamic=None if marked else True)

    def call(**arguments: Any) -> Tensor:
        if marked:
            for name in per_sample(loss):
                torch._dynamo.mark_dynamic(arguments[name], axis(name))
        return compiled(**arguments)

    for case in batches(loss, range(1, 11)):
        the_same(run(call, case, reduction="mean"), run(ours(loss), case, reduction="mean"))
    assert 1 <= len(graphs) <= 2


def test_one_loss_after_the_other_is_compiled() -> None:
    """The compiler gives up on a piece of code after eight attempts: each loss has its own."""
    torch.compiler.reset()
    codes = [getattr(losses, loss.function).__code__ for loss in CATALOG]
    assert len(set(map(id, codes))) == len(CATALOG)
    x, y = randn(4, 3), randn(4, 3, seed=1)
    alike = ["l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss", "log_cosh_loss"]
    alike += ["quantile_loss", "expectile_loss", "charbonnier_loss", "general_robust_loss"]
    for name in alike:
        function = getattr(losses, name)
        compiled = torch.compile(function, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(x, y), function(x, y))


def test_blocks_are_compiled_for_their_number() -> None:
    """A loop over them is unrolled; PyTorch's own blocks are not compiled into one graph at all."""
    kind = getattr(nn, "LinearCrossEntropyOptions", None)
    if kind is None:
        pytest.skip("this PyTorch has no LinearCrossEntropyOptions")
    options = kind(batch_chunk_size=4)
    loss = next(loss for loss in CATALOG if loss.function == "linear_cross_entropy")
    compiled = once(ours(loss), backend="aot_eager")
    for case in batches(loss, range(1, 4)):
        case = replace(case, arguments=case.arguments | {"options": options})
        the_same(run(compiled, case), run(ours(loss), case))
    with pytest.raises(Exception, match="skipped"):
        run(once(nn.functional.linear_cross_entropy, backend="eager"), case)
    data = torch.randn(8, 3), torch.randint(4, (8,))
    for namespace in (losses, nn):
        criterion = namespace.LinearCrossEntropyLoss(3, 4, options=options)
        with pytest.raises((torch._dynamo.exc.UserError, ValueError)):
            export(criterion, data, dynamic_shapes=({0: BATCH}, {0: BATCH}), strict=False)


def criteria(loss: Record, case: Case) -> Iterator[tuple[nn.Module, list[str]]]:
    """Each class of the loss, set up for the case, with the names of what it is called with."""
    given = case.arguments
    if "linear_weight" in given:
        cls, shape = getattr(losses, loss.classes[0]), given["linear_weight"].shape
        settings = {k: given[k] for k in inspect.signature(cls).parameters.keys() & given.keys()}
        if loss.function == "linear_cross_entropy":
            settings |= {"bias": "linear_bias" in given, "out_features": shape[1:-1]}
        yield cls(shape[-1], shape[0], **settings), ["input", "target"]
    elif loss.function == "adaptive_log_softmax_with_loss":
        clusters = [given[name].shape[0] for name in given if "cluster" in name]
        rows, features = given["head_weight"].shape
        cutoffs = list(accumulate(clusters, initial=rows - len(clusters)))
        module = losses.AdaptiveLogSoftmaxWithLoss(features, cutoffs.pop(), cutoffs, div_value=1)
        yield module, ["input", "target"]
    else:
        parameters = inspect.signature(ours(loss)).parameters
        for module, inputs in modules(loss, case, reduction="mean"):
            names = [name for name in parameters if name in given]
            yield module, names[: len(inputs)]


def value(result: Any) -> Tensor:
    return result[1] if isinstance(result, tuple) else result  # the adaptive softmax's `loss`


@pytest.mark.parametrize("dim", [BATCH, Dim.AUTO], ids=["named", "AUTO"])
@each_loss(traceable)
def test_exported_once_for_every_batch(loss: Record, dim: Any) -> None:
    if (loss.function, dim) == ("vicreg_loss", BATCH) and torch.__version__.startswith("2.6."):
        pytest.skip("PyTorch 2.6 exports max(2, batch) for a batch of three or more alone")
    case, *others = batches(loss, range(2, 5))
    others.append(plain(loss))
    sampled = per_sample(loss)
    for module, names in criteria(loss, case):
        shapes = tuple({axis(name): dim} if name in sampled else None for name in names)
        inputs = tuple(case.arguments[name] for name in names)
        program = export(module, inputs, dynamic_shapes=shapes, strict=False).module()
        for other in others:
            tensors = [other.arguments[name] for name in names]
            leaf = tensors[0].detach().requires_grad_()
            pairs = []
            for criterion in (program, module):
                result = value(criterion(leaf, *tensors[1:]))
                pairs.append((result, *torch.autograd.grad(result, leaf)))
            the_same(*pairs)


def test_exported_with_eight_rows_and_run_with_twenty_thousand() -> None:
    data = torch.rand(8, 5), torch.rand(8, 5)
    shapes = ({0: Dim.AUTO}, {0: Dim.AUTO})
    program = export(losses.MSELoss(), data, dynamic_shapes=shapes, strict=False).module()
    many = torch.rand(20000, 5), torch.rand(20000, 5)
    close(program(*many), losses.MSELoss()(*many), torch.float32)


def frames(number: int) -> tuple[Tensor, ...]:
    """Arguments of CTC for two samples with two labels each."""
    log_probs = torch.randn(number, 2, 3, generator=torch.Generator().manual_seed(number))
    labels = torch.tensor([[1, 2], [2, 1]])
    return log_probs.log_softmax(-1), labels, torch.full((2,), number), torch.full((2,), 2)


def test_ctc_is_exported_and_traced_for_its_number_of_frames() -> None:
    """PyTorch's CTC loss is not exported at all: the size of what it keeps depends on lengths."""
    with pytest.raises(Exception, match="_ctc_loss"):
        export(nn.CTCLoss(), frames(6), strict=False)
    shapes = ({0: Dim("time", min=2)}, None, None, None)
    with pytest.raises(torch._dynamo.exc.UserError, match="time"):
        export(losses.CTCLoss(), frames(6), dynamic_shapes=shapes, strict=False)
    program = export(losses.CTCLoss(), frames(6), strict=False).module()
    traced = torch.jit.trace(losses.CTCLoss(), frames(6))
    for graph in (program, traced):
        close(graph(*frames(6)), losses.CTCLoss()(*frames(6)), torch.float32)
        for other in (5, 7):
            with pytest.raises((RuntimeError, AssertionError)):
                graph(*frames(other))


def on_tensors(loss: Record, case: Case) -> tuple[Callable[..., Any], list[str]]:
    """Make value and gradients a function of the call's tensors; name these."""
    names = [name for name, given in case.arguments.items() if isinstance(given, Tensor)]

    def function(*tensors: Tensor) -> tuple[Tensor, ...]:
        arguments = case.arguments | dict(zip(names, tensors, strict=True))
        return run(ours(loss), replace(case, arguments=arguments), reduction="mean")

    return function, names


@pytest.mark.parametrize("mode", ["real", "symbolic"])
@each_loss(traceable)
def test_make_fx_records_value_and_gradient(loss: Record, mode: str) -> None:
    case, other = batches(loss, range(2, 4))
    function, names = on_tensors(loss, case)
    graph = make_fx(function, tracing_mode=mode)(*(case.arguments[name] for name in names))
    # Other numbers, and, where sizes are symbols, another batch.
    for call in (case, other) if mode == "symbolic" else (case,):
        tensors = [call.arguments[name] for name in names]
        tensors[0] = tensors[0].roll(1, axis(names[0]))
        the_same(graph(*tensors), function(*tensors))
    if loss.function not in SELECTS_ROWS:
        tags = [getattr(node.target, "tags", ()) for node in graph.graph.nodes]
        assert not any(torch.Tag.data_dependent_output in its for its in tags)


@each_loss(traceable)
def test_fake_tensors_have_a_fake_loss(loss: Record) -> None:
    function, names = on_tensors(loss, plain(loss))
    # Where rows are selected, their number is a symbol.
    mode = FakeTensorMode(shape_env=ShapeEnv() if loss.function in SELECTS_ROWS else None)
    tensors = [plain(loss).arguments[name] for name in names]
    with mode:
        fake = function(*map(mode.from_tensor, tensors))
    for its, real in zip(fake, function(*tensors), strict=True):
        assert (its.shape, its.dtype, its.device) == (real.shape, real.dtype, real.device)


def ordinary(loss: Record, case: Case) -> Case:
    """Put ordinary values where the case has special ones: no infinity, nothing ignored."""
    arguments = dict(case.arguments)
    for name, given in plain(loss).arguments.items():
        other = arguments.get(name)
        if not isinstance(given, Tensor) or not isinstance(other, Tensor) or not other.numel():
            continue
        if "ength" in name and arguments["targets"].shape != plain(loss).arguments["targets"].shape:
            continue  # as many labels as there are
        values = given.flatten()[torch.arange(other.numel()) % given.numel()].to(other.dtype)
        counts = other.dtype != torch.bool and not given.is_floating_point()
        if counts and "ength" not in name:
            values = values.clamp(max=max(other.max().item(), 0))  # no more classes than there are
        arguments[name] = values.reshape(other.shape)
    return replace(case, arguments=arguments)


@every((torch.float32,))
def test_a_trace_has_no_frozen_branch(loss: Record, case: Case, dtype: torch.dtype) -> None:
    """Traced with ordinary values, it is right for others: ignored, infinite, of other lengths."""
    if OLD and case.arguments.get("options") is not None:
        pytest.skip("PyTorch 2.6 traces no checkpoint")
    example = ordinary(loss, case)
    for module, names in criteria(loss, case):
        inputs = [example.arguments[name] for name in names]
        if not all(isinstance(given, Tensor) for given in inputs):
            continue  # numbers are no input of a trace
        saved = io.BytesIO()
        torch.jit.save(torch.jit.trace(module, inputs, check_trace=False), saved)
        traced = torch.jit.load(io.BytesIO(saved.getvalue()))
        special = [case.arguments[name] for name in names]
        close(value(traced(*special)), value(module(*special)), torch.float32)
