"""What runs on a device: the same operations whatever the batch, and no value read back.

A test computes on an accelerator wherever there is one; what can be said without one is said here
on the CPU and on the meta device, whose tensors have shapes but no values.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch._dynamo  # else the first checkpoint imports it, which reads a number in PyTorch 2.6
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from losses.catalog import CATALOG, Record
from tests.cases import Case
from tests.test_losses import (
    DEVICES,
    SELECTS_ROWS,
    cases_of,
    close,
    each_loss,
    every,
    moved,
    ours,
    reductions,
    run,
)

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")

# What all samples of a batch share; `weight` too, unless it has a number for each element.
SHARED = {"linear_weight", "linear_bias", "head_weight", "bias"}
SHARED |= {f"{name}{k}" for name in ("projection", "cluster") for k in (1, 2)}
# Each sample has two rows there, one in each view.
IN_TWO_VIEWS = ("nt_xent_loss",)


def axis(name: str) -> int:
    """Return the dimension along which this argument has the samples: CTC puts time first."""
    return int(name == "log_probs")


def plain(loss: Record) -> Case:
    """Return the loss's first case, with all samples of the batch ordinary."""
    return next(cases_of(loss).cases(torch.float32))


def repeated(loss: Record, case: Case, times: int, device: str = "cpu") -> Case | None:
    """Move the call to a device, and repeat all samples there; None for a call without a batch."""
    elements = ours(loss)(**case.arguments, reduction="none")
    arguments = moved(case, device).arguments
    size = elements.shape[0] if elements.dim() else 0
    size //= 2 if loss.function in IN_TWO_VIEWS else 1
    first = next(iter(arguments))

    def repeat(name: str, value: Any) -> Any:
        if isinstance(value, tuple) and len(value) == size:
            return value * times
        if name in SHARED or not isinstance(value, Tensor) or value.dim() <= axis(name):
            return value
        if "weight" in name and value.dim() < arguments[first].dim():
            return value  # one number for each class
        flat = name == "targets" and value.dim() == 1  # the labels of all samples in a row
        if value.shape[axis(name)] != size and not flat:
            return value
        counts = [1] * value.dim()
        counts[axis(name)] = times
        return value.repeat(counts)

    shape = arguments[first].shape
    if size == 0 or len(shape) <= axis(first) or shape[axis(first)] != size:
        return None
    return replace(case, arguments={name: repeat(name, value) for name, value in arguments.items()})


INDEXED = (torch.ops.aten.index, torch.ops.aten.index_put, torch.ops.aten.index_put_)


class Recorder(TorchDispatchMode):
    """Notes which operations are launched, and which of them Python has to wait for.

    Views launch nothing. An operation makes Python wait if its result is a number, or has as many
    elements as there are values of some kind; so does an index that is a mask.
    """

    def __init__(self) -> None:
        super().__init__()
        self.launched: list[str] = []
        self.read: list[str] = []

    def __torch_dispatch__(
        self, operator: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if not operator.is_view:
            self.launched.append(str(operator))
        if operator.overloadpacket in INDEXED:
            waits = any(index is not None and index.dtype == torch.bool for index in args[1])
        else:
            tags = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)
            waits = any(tag in operator.tags for tag in tags)
        if waits:
            self.read.append(str(operator))
        return operator(*args, **(kwargs or {}))


@pytest.fixture
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checks look at no value, as on an accelerator; nor anybody else, with `tolist`."""
    for name, module in list(sys.modules.items()):
        if name.startswith("losses.") and hasattr(module, "can_inspect"):
            monkeypatch.setattr(module, "can_inspect", lambda *tensors: False)
    nothing_is_listed(monkeypatch)


def nothing_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a tensor becomes a list or an array, of which a dispatch mode sees nothing."""

    def fail(tensor: Tensor, *args: Any) -> Any:
        raise AssertionError("a tensor's values are read back")

    for name in ("tolist", "numpy", "__array__"):
        monkeypatch.setattr(Tensor, name, fail)


def recorded(loss: Record, case: Case, **keywords: Any) -> Recorder:
    with Recorder() as recorder:
        run(ours(loss), case, **keywords)
    return recorder


@pytest.mark.parametrize(
    "reads",
    [
        lambda x: x.sum().item(),
        lambda x: bool(x.any()),
        lambda x: float(x[0]),
        lambda x: x[x > 1],
        lambda x: x.clone().__setitem__(x > 1, x[:1].expand(2)),
        lambda x: x.nonzero(),
        lambda x: torch.masked_select(x, x > 1),
        lambda x: x.unique(),
        lambda x: torch.equal(x, x),
        lambda x: torch.repeat_interleave(x, x.long()),
        lambda x: x[x.sum().long() - 6],
    ],
)
def test_reading_back_is_noticed(reads: Callable[[Tensor], Any]) -> None:
    with Recorder() as recorder:
        reads(torch.tensor([1.0, 2.0, 3.0]))
    assert recorder.read


def test_what_launches_and_reads_nothing_is_not_noticed() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0]])
    with Recorder() as recorder:
        x.mT[None, ..., 0].flatten().view(3).expand(2, 3).detach()
    assert not recorder.launched
    with Recorder() as recorder:
        x.gather(1, torch.tensor([[2]])).masked_fill(x[:, :1] > 1, 0)[:, torch.tensor([0])]
    assert len(recorder.launched) > 3 and not recorder.read


def test_a_list_made_of_a_tensor_is_noticed(nobody_looks: None) -> None:
    for reads in (Tensor.tolist, Tensor.numpy):
        with pytest.raises(AssertionError, match="read back"):
            reads(torch.ones(2))


def test_on_the_cpu_the_checks_do_look() -> None:
    """Without which, the tests below would prove nothing."""
    reads = {loss.function: len(recorded(loss, plain(loss)).read) for loss in CATALOG}
    assert (
        reads["cross_entropy"] > 0 and reads["binary_cross_entropy"] > 0 and reads["ctc_loss"] > 0
    )
    assert reads["mse_loss"] == 0


@pytest.mark.slow
@every((torch.float32,))
def test_no_value_is_read_back(
    loss: Record, case: Case, dtype: torch.dtype, nobody_looks: None
) -> None:
    read = recorded(loss, case, reduction="mean").read
    if loss.function in SELECTS_ROWS:  # those that a cluster sees, as PyTorch's module does
        assert read == ["aten.nonzero.default"] * sum("cluster" in k for k in case.arguments)
        return
    assert not read
    for reduction in reductions(loss):
        assert not recorded(loss, moved(case, "meta"), reduction=reduction).read


@pytest.mark.slow
@every((torch.float32,))
def test_the_same_operations_whatever_the_batch(
    loss: Record, case: Case, dtype: torch.dtype, nobody_looks: None
) -> None:
    in_blocks = case.arguments.get("options") is not None
    # On the meta device, any number of samples is light; but all pairs must have an address.
    all_pairs = loss.family in ("mining", "contrastive")
    many = 6 if in_blocks else 1000 if all_pairs else 100_000
    for device in ("cpu", "meta") if loss.function not in SELECTS_ROWS else ("cpu",):
        launched = []
        for times in (2, 4, many if device == "meta" else 6):
            call = repeated(loss, case, times, device)
            if call is None:
                return
            launched.append(recorded(loss, call, reduction="mean").launched)
        few, more, most = launched
        if in_blocks:
            assert len(most) - len(more) == len(more) - len(few) > 0
        else:
            assert more == few
            assert most == few


def test_nearly_every_case_has_a_batch_to_be_repeated() -> None:
    """The test above leaves out what has none: a single sample, an empty batch."""
    total = left_out = 0
    for loss in CATALOG:
        found = [repeated(loss, case, 3) for case in cases_of(loss).cases(torch.float32)]
        assert found[0] is not None, loss.function
        assert ours(loss)(**found[0].arguments, reduction="none").shape[0] == 3 * len(
            ours(loss)(**plain(loss).arguments, reduction="none")
        )
        total, left_out = total + len(found), left_out + found.count(None)
    assert left_out < total / 6


def test_ctc_grows_with_its_frames_alone(nobody_looks: None) -> None:
    loss = next(loss for loss in CATALOG if loss.function == "ctc_loss")
    launched = []
    for frames in (5, 6, 20):
        arguments = plain(loss).arguments | {"log_probs": torch.zeros(frames, 3, 4)}
        launched.append(len(recorded(loss, replace(plain(loss), arguments=arguments)).launched))
    frame = launched[1] - launched[0]
    assert frame > 0
    assert launched[2] == launched[0] + 15 * frame


@pytest.mark.slow
@every((torch.float32,), keep=lambda loss, case: loss.function not in SELECTS_ROWS)
def test_torch_func_reads_nothing(
    loss: Record, case: Case, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even on the CPU, where the checks look otherwise."""
    if case.arguments.get("options") is not None:
        pytest.skip("torch.utils.checkpoint refuses torch.func")
    name = case.differentiable[0]
    tensors = {k: v for k, v in case.arguments.items() if isinstance(v, Tensor)}
    others = {k: v for k, v in case.arguments.items() if k not in tensors}
    x = tensors[name].contiguous()

    def total(tensors: dict[str, Tensor]) -> Tensor:
        return ours(loss)(**tensors, **others, reduction="sum")

    def of_one(x: Tensor) -> Tensor:
        return total({**tensors, name: x})

    nothing_is_listed(monkeypatch)
    with Recorder() as recorder:
        torch.func.grad(of_one)(x)
        torch.func.jvp(of_one, (x,), (torch.ones_like(x),))
        torch.func.vmap(total)({k: torch.stack([v, v]) for k, v in tensors.items()})
    assert len(recorder.launched) > 3
    assert not recorder.read


@each_loss()
def test_no_number_comes_of_a_tensor_without_values(loss: Record) -> None:
    """Where the input has some; PyTorch's `gather` would read memory that is not there."""
    case = plain(loss)
    for name in [k for k, v in case.arguments.items() if isinstance(v, Tensor)][1:]:
        arguments = {**case.arguments, name: case.arguments[name].to("meta")}
        with pytest.raises(RuntimeError, match=r"meta|device"):
            ours(loss)(**arguments)


@pytest.mark.skipif(
    "cuda" not in DEVICES,
    reason="no CUDA device: no graph is captured, and all tests compute on the CPU alone",
)
@each_loss(lambda loss: loss.function not in SELECTS_ROWS)
def test_captured_into_a_cuda_graph_and_replayed_with_new_data(loss: Record) -> None:
    case = moved(plain(loss), "cuda")
    first = case.differentiable[0]
    changed = case.arguments | {first: case.arguments[first].roll(1, axis(first))}
    memory = {k: v.clone() if isinstance(v, Tensor) else v for k, v in case.arguments.items()}
    leaves = [memory[name].requires_grad_() for name in case.differentiable]

    def step() -> tuple[Tensor, ...]:
        value = ours(loss)(**memory, reduction="mean")
        return (value.detach(), *torch.autograd.grad(value, leaves))

    # Some rounds on another stream come first, says PyTorch: there, libraries set themselves up.
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        before = [step() for _ in range(3)][-1]
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        replayed = step()
    with torch.no_grad():
        memory[first].copy_(changed[first])
    graph.replay()
    assert not torch.equal(replayed[0], before[0])
    expected = run(ours(loss), replace(case, arguments=changed), reduction="mean")
    for actual, wanted in zip(replayed, expected, strict=True):
        close(actual, wanted, torch.float32)
