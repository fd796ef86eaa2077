"""The proofs. Every loss of the catalogue passes through all of them with its own cases."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from losses.catalog import CATALOG, Record, module_of
from tests.cases import Case, adapted
from tests.versions import DEVELOPERS

# KLDivLoss's own default warns.
pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")

# Where values and gradients are computed. Wrong values are tried on the CPU alone: on a device, a
# failed assertion ends the process.
DEVICES = ("cpu", *(["cuda"] if torch.cuda.is_available() else []))
FLOATS = (torch.float64, torch.float32)
# Autocast makes the matrix products of these in half precision.
IN_HALVES = ("linear_cross_entropy", "adaptive_log_softmax_with_loss")
# Their classes have layers of their own.
LAYERS = (*IN_HALVES, "arcface_loss", "cosface_loss")
# How many rows a cluster sees depends on values, which tensors of `meta` and `vmap` do not show.
SELECTS_ROWS = ("adaptive_log_softmax_with_loss",)
HALVES = (torch.bfloat16, torch.float16)


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """Run a test on the CPU, and again wherever there is a CUDA device."""
    return request.param


def cases_of(loss: Record) -> Any:
    return importlib.import_module(f"tests.cases.{loss.function}")


def reduces(loss: Record) -> bool:
    """Whether it takes a `reduction`: some losses are one number for the whole batch."""
    return "reduction" in inspect.signature(getattr(losses, loss.function)).parameters


def reductions(loss: Record) -> tuple[str, ...]:
    if not reduces(loss) and loss.function not in LAYERS:
        return ("mean",)
    return ("none", "mean", "sum", *(("batchmean",) if loss.function == "kl_div" else ()))


def every(
    dtypes: tuple[torch.dtype, ...] = (torch.float64,),
    keep: Callable[[Record, Case], bool] = lambda loss, case: True,
) -> pytest.MarkDecorator:
    """Parametrise over all cases of all losses."""

    def params() -> Iterator[Any]:
        for loss in CATALOG:
            for dtype in dtypes:
                for case in cases_of(loss).cases(dtype):
                    if keep(loss, case):
                        name = f"{loss.function}-{case.id}-{str(dtype)[6:]}"
                        yield pytest.param(loss, case, dtype, id=name)

    return pytest.mark.parametrize(("loss", "case", "dtype"), list(params()))


def each_loss(
    keep: Callable[[Record], bool] = lambda loss: True,
) -> pytest.MarkDecorator:
    """Parametrise over all losses."""
    kept = [pytest.param(loss, id=loss.function) for loss in CATALOG if keep(loss)]
    return pytest.mark.parametrize("loss", kept)


def ours(loss: Record) -> Callable[..., Tensor]:
    return adapted(loss.function, getattr(losses, loss.function))


def has_torch_equivalent(loss: Record) -> bool:
    """Whether PyTorch has the loss; the oldest that we support lacks the youngest of them."""
    return loss.torch_equivalent and hasattr(torch.nn.functional, loss.function)


def reference(loss: Record) -> Callable[..., Tensor]:
    """PyTorch's own function, or the definition written out in the cases."""
    if has_torch_equivalent(loss):
        return getattr(torch.nn.functional, loss.function)
    return cases_of(loss).reference


def moved(case: Case, device: str) -> Case:
    """Move the call's tensors to the device."""
    arguments = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in case.arguments.items()}
    return replace(case, arguments=arguments)


def run(
    function: Callable[..., Tensor], case: Case, dtype: torch.dtype | None = None, **keywords: Any
) -> tuple[Tensor, ...]:
    """Compute value and gradients, each element of the value weighted differently."""
    arguments = dict(case.arguments)
    for name, value in arguments.items():
        if isinstance(value, Tensor) and value.is_floating_point():
            value = value.detach().to(dtype or value.dtype, copy=True)
            arguments[name] = value.requires_grad_(name in case.differentiable)
    value = function(**arguments, **keywords)
    leaves = [arguments[name] for name in case.differentiable]
    seed = torch.linspace(1, 2, value.numel(), dtype=value.dtype, device=value.device)
    gradients = torch.autograd.grad(value, leaves, seed.reshape(value.shape))
    return (value.detach(), *gradients)


def close(actual: Tensor, expected: Tensor, dtype: torch.dtype) -> None:
    """Compare on the CPU, wherever the two were computed."""
    tolerance = {torch.float64: 1e-12, torch.float32: 2e-6}[dtype]
    torch.testing.assert_close(
        actual.cpu(), expected.cpu(), rtol=10 * tolerance, atol=tolerance, equal_nan=True
    )


@every(FLOATS, keep=lambda loss, case: not case.defect)
def test_values_and_gradients_equal_the_reference(
    loss: Record, case: Case, dtype: torch.dtype, device: str
) -> None:
    for reduction in reductions(loss):
        if not has_torch_equivalent(loss) and reduction not in cases_of(loss).REFERENCE_REDUCTIONS:
            continue
        actual = run(ours(loss), case, reduction=reduction)
        try:
            expected = run(reference(loss), case, reduction=reduction)
        except (RuntimeError, ValueError) as error:
            if DEVELOPERS:
                raise
            pytest.skip(f"this PyTorch refuses the call: {error}")
        against = (
            "torch.nn.functional"
            if has_torch_equivalent(loss)
            else f"tests/cases/{loss.function}.py"
        )
        parts = ["the value", *(f"the gradient in {name}" for name in case.differentiable)]
        for part, ours_, theirs in zip(parts, actual, expected, strict=True):
            assert ours_.dtype == theirs.dtype
            try:
                close(ours_, theirs, dtype)
            except AssertionError as error:
                raise AssertionError(
                    f"{part} of {module_of(loss.function)} is not that of the reference in "
                    f"{against}, reduction={reduction!r}, case {case.id!r}:\n{error}"
                ) from None


@pytest.mark.slow
@every(FLOATS, keep=lambda loss, case: bool(case.defect) and loss.torch_equivalent)
def test_where_pytorch_errs_the_mathematics_holds(
    loss: Record, case: Case, dtype: torch.dtype, device: str
) -> None:
    elements, *gradients = run(ours(loss), moved(case, device), reduction="none")
    if case.elements is not None:
        close(elements, case.elements.to(dtype).reshape(elements.shape), dtype)
    if not any(v.isnan().any() for v in case.arguments.values() if isinstance(v, Tensor)):
        assert not any(gradient.isnan().any() for gradient in gradients)


@pytest.mark.slow
@every(HALVES)
def test_half_precision_rounds_the_exact_result(
    loss: Record, case: Case, dtype: torch.dtype, device: str
) -> None:
    for reduction in reductions(loss):
        actual = run(ours(loss), moved(case, device), reduction=reduction)
        exact = run(ours(loss), case, dtype=torch.float64, reduction=reduction)
        for half, full in zip(actual, exact, strict=True):
            assert half.dtype == dtype
            unit = torch.finfo(dtype).eps
            torch.testing.assert_close(
                half.cpu().double(),
                full.to(dtype).double(),
                rtol=8 * unit,
                atol=8 * unit,
                equal_nan=True,
            )


@pytest.mark.slow
@every(keep=lambda loss, case: case.gradcheck)
def test_derivatives_agree_with_finite_differences(
    loss: Record, case: Case, dtype: torch.dtype
) -> None:
    names = case.differentiable
    leaves = [case.arguments[name].clone().requires_grad_() for name in names]

    def function(*values: Tensor) -> Tensor:
        return ours(loss)(
            **{**case.arguments, **dict(zip(names, values, strict=True))}, reduction="none"
        )

    # The checkpoints of an old PyTorch, which lacks `options` as well, pass no tangents on.
    forward_ad = "options" not in case.arguments or has_torch_equivalent(loss)
    assert torch.autograd.gradcheck(function, leaves, check_forward_ad=forward_ad)
    assert torch.autograd.gradgradcheck(function, leaves, fast_mode=True)


@pytest.mark.slow
@every(keep=lambda loss, case: True)
def test_memory_layout_does_not_matter(
    loss: Record, case: Case, dtype: torch.dtype, device: str
) -> None:
    def strided(value: Any) -> Any:
        if isinstance(value, Tensor) and value.dim() > 1:
            return value.transpose(0, -1).contiguous().transpose(0, -1)
        return value

    case = moved(case, device)
    other = replace(case, arguments={k: strided(v) for k, v in case.arguments.items()})
    for actual, expected in zip(run(ours(loss), other), run(ours(loss), case), strict=True):
        close(actual, expected, dtype)


@pytest.mark.slow
@every(keep=lambda loss, case: "options" not in case.arguments)  # checkpoints refuse `torch.func`
def test_torch_func(loss: Record, case: Case, dtype: torch.dtype) -> None:
    names = case.differentiable
    tensors = {k: v for k, v in case.arguments.items() if isinstance(v, Tensor)}
    others = {k: v for k, v in case.arguments.items() if k not in tensors}

    def total(*values: Tensor) -> Tensor:
        return ours(loss)(
            **{**case.arguments, **dict(zip(names, values, strict=True))}, reduction="sum"
        )

    values = tuple(case.arguments[name] for name in names)
    positions = tuple(range(len(names)))
    gradients = torch.func.grad(total, argnums=positions)(*values)
    expected = run(ours(loss), case, reduction="sum")[1:]
    for actual, wanted in zip(gradients, expected, strict=True):
        close(actual, wanted, dtype)

    def call(batch: dict[str, Tensor]) -> Tensor:
        return ours(loss)(**batch, **others)

    if loss.function not in SELECTS_ROWS:
        twice = {name: torch.stack([value, value]) for name, value in tensors.items()}
        one = call(tensors)
        close(torch.vmap(call)(twice), torch.stack([one, one]), dtype)
    jacobian = torch.func.jacrev(total)(*values)
    close(jacobian, expected[0], dtype)


@every((torch.bfloat16,))
def test_autocast_computes_in_float32(
    loss: Record, case: Case, dtype: torch.dtype, device: str
) -> None:
    with torch.autocast(device, dtype):
        actual = ours(loss)(**moved(case, device).arguments)
    assert actual.dtype == torch.float32
    wide = {
        k: v.float() if isinstance(v, Tensor) and v.dtype == dtype else v
        for k, v in case.arguments.items()
    }
    if loss.function not in IN_HALVES:
        close(actual, ours(loss)(**wide), torch.float32)


def parameters(callable_: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(callable_).parameters.values()
    return [(p.name, p.kind, p.default) for p in found]


@each_loss(lambda loss: has_torch_equivalent(loss) or hasattr(torch.nn, loss.classes[0]))
def test_signatures_are_those_of_pytorch(loss: Record) -> None:
    if has_torch_equivalent(loss):
        assert parameters(ours(loss)) == parameters(reference(loss))
    for name in loss.classes:
        mine, theirs = getattr(losses, name), getattr(torch.nn, name)
        assert parameters(mine.__init__) == parameters(theirs.__init__), name
        assert parameters(mine.forward) == parameters(theirs.forward), name


@each_loss()
def test_classes_default_to_what_the_functions_do(loss: Record) -> None:
    function = inspect.signature(ours(loss)).parameters
    for name in loss.classes:
        for parameter in inspect.signature(getattr(losses, name)).parameters.values():
            if parameter.name in function:
                assert parameter.default == function[parameter.name].default, (name, parameter)


@each_loss(lambda loss: loss.function not in ("ctc_loss", *SELECTS_ROWS))
def test_tensors_stay_on_their_device(loss: Record) -> None:
    """The meta device has shapes and no values, and refuses to be mixed with another."""
    for case in cases_of(loss).cases(torch.float32):
        tensors = {k: v.to("meta") for k, v in case.arguments.items() if isinstance(v, Tensor)}
        value = ours(loss)(**{**case.arguments, **tensors})
        assert value.device.type == "meta"
        assert value.shape == ours(loss)(**case.arguments).shape


def modules(
    loss: Record, case: Case, **more: Any
) -> Iterator[tuple[torch.nn.Module, tuple[Any, ...]]]:
    """Each class of the loss, set up for the case, with what to call it with."""
    for name in loss.classes:
        cls = getattr(losses, name)
        settings = set(inspect.signature(cls).parameters)
        keywords = {k: v for k, v in {**case.arguments, **more}.items() if k in settings}
        order = [k for k in inspect.signature(ours(loss)).parameters if k not in settings]
        inputs = tuple(case.arguments[k] for k in order if k in case.arguments)
        # L1, MSE and Huber take a `weight` as functions only.
        if len(inputs) <= len(inspect.signature(cls.forward).parameters) - 1:
            yield cls(**keywords), inputs


@every((torch.float32,), keep=lambda loss, case: loss.function not in LAYERS)
@pytest.mark.filterwarnings("ignore:.NLLLoss2d:FutureWarning")
def test_classes_are_the_functions(loss: Record, case: Case, dtype: torch.dtype) -> None:
    default = inspect.signature(ours(loss)).parameters["reduction"].default
    expected = ours(loss)(**case.arguments, reduction=default)
    for module, inputs in modules(loss, case):
        assert repr(module).startswith(f"{type(module).__name__}(")
        for copied in (module, pickle.loads(pickle.dumps(module))):
            close(copied(*inputs), expected, dtype)
        fresh = copy.deepcopy(module)
        fresh.load_state_dict(module.state_dict())
        if loss.torch_equivalent:
            theirs = getattr(torch.nn, type(module).__name__)
            weighted = {"weight", "pos_weight"} & set(case.arguments)
            keywords = {k: case.arguments[k] for k in weighted}
            assert list(module.state_dict()) == list(theirs(**keywords).state_dict())
    for reduction in (r for r in reductions(loss) if r != default):
        expected = ours(loss)(**case.arguments, reduction=reduction)
        for module, inputs in modules(loss, case, reduction=reduction):
            close(module(*inputs), expected, dtype)


LEGACY = {(None, False): "none", (False, True): "sum", (True, None): "mean", (False, None): "sum"}


@each_loss(lambda loss: "size_average" in inspect.signature(ours(loss)).parameters)
def test_deprecated_arguments_warn_and_work(loss: Record) -> None:
    case = next(cases_of(loss).cases(torch.float64))
    for (size_average, reduce), reduction in LEGACY.items():
        keywords = {"size_average": size_average, "reduce": reduce}
        with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
            actual = ours(loss)(**case.arguments, **keywords)
        close(actual, ours(loss)(**case.arguments, reduction=reduction), torch.float64)


@each_loss()
@pytest.mark.filterwarnings("ignore:.NLLLoss2d:FutureWarning")
def test_deprecated_arguments_of_classes_warn_and_work(loss: Record) -> None:
    for name in loss.classes:
        cls = getattr(losses, name)
        known = set(inspect.signature(cls).parameters) & {"size_average", "reduce"}
        for (size_average, reduce), reduction in LEGACY.items():
            keywords = {"size_average": size_average, "reduce": reduce}
            if known == {"size_average", "reduce"}:
                with pytest.warns(UserWarning, match=f"reduction='{reduction}' instead"):
                    assert cls(**keywords).reduction == reduction
            elif known and reduce is None:
                with pytest.warns(UserWarning, match=f"reduction='{reduction}' instead"):
                    assert cls(size_average=size_average).reduction == reduction


@each_loss(lambda loss: hasattr(importlib.import_module(module_of(loss.function)), "paired"))
def test_broadcasting_warns_where_it_is_called(loss: Record) -> None:
    arguments = {
        "input": torch.full((2, 1), -0.5),
        "target": torch.full((2,), 0.5),
        **({"var": torch.ones(2, 1)} if loss.function == "gaussian_nll_loss" else {}),
    }
    sizes = r"target size \(torch.Size\(\[2\]\)\) .* input size \(torch.Size\(\[2, 1\]\)\)"
    with pytest.warns(UserWarning, match=sizes) as caught:
        ours(loss)(**arguments)
    assert {Path(warning.filename) for warning in caught} == {Path(__file__)}
    module = getattr(losses, loss.classes[0])(reduction="sum")
    with pytest.warns(UserWarning, match=sizes):
        module(*arguments.values())


def wrong_calls(name: str) -> list[Any]:
    """Parameters: the errors of all losses. Which types PyTorch raises depends on its version."""

    def known(loss: Record) -> bool:
        return (
            hasattr(torch.nn, loss.classes[0])
            if name == "class_errors"
            else has_torch_equivalent(loss)
        )

    return [
        pytest.param(
            loss,
            replace(error, parity=error.parity and DEVELOPERS and known(loss)),
            id=f"{loss.function}-{error.id}",
        )
        for loss in CATALOG
        for error in getattr(cases_of(loss), name, tuple)()
    ]


@pytest.mark.parametrize(("loss", "error"), wrong_calls("errors"))
@pytest.mark.filterwarnings("ignore:Using a target size:UserWarning")
def test_errors_name_the_argument(loss: Record, error: Any) -> None:
    with pytest.raises(Exception, match=error.match) as caught:
        ours(loss)(**error.arguments)
    assert caught.type is error.type
    if error.parity:
        with pytest.raises(Exception) as theirs:
            reference(loss)(**error.arguments)
        assert theirs.type is error.type


@pytest.mark.parametrize(("loss", "error"), wrong_calls("warnings"))
def test_warnings_point_at_the_call(loss: Record, error: Any) -> None:
    for function in (ours(loss), reference(loss)) if error.parity else (ours(loss),):
        match = error.match if function is ours(loss) else None
        with pytest.warns(error.type, match=match) as caught:
            function(**error.arguments)
        if function is ours(loss):
            assert [Path(warning.filename) for warning in caught] == [Path(__file__)]


@pytest.mark.parametrize(("loss", "error"), wrong_calls("class_errors"))
def test_classes_refuse_wrong_settings(loss: Record, error: Any) -> None:
    for namespace in (losses, torch.nn) if error.parity else (losses,):
        match = error.match if namespace is losses else None
        with pytest.raises(Exception, match=match) as caught:
            getattr(namespace, loss.classes[0])(**error.arguments)
        assert caught.type is error.type


@each_loss(lambda loss: "reduce" in inspect.signature(getattr(losses, loss.classes[0])).parameters)
def test_building_a_loss_from_its_data_is_refused(loss: Record) -> None:
    """`MSELoss(input, target)` forgets to call; PyTorch refuses it with the same type."""
    data = torch.zeros(2)
    for namespace in (losses, torch.nn) if loss.torch_equivalent else (losses,):
        with pytest.raises(RuntimeError, match="Boolean value of Tensor with more than one value"):
            getattr(namespace, loss.classes[0])(size_average=data, reduce=data)
