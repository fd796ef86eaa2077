"""Values and gradients against PyTorch, over calls that nobody thought of."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import losses
from losses.catalog import CATALOG
from tests.cases import Case, part_of
from tests.strategies import calls
from tests.versions import DEVELOPERS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

Function = Callable[..., Tensor]
TWINS = [
    loss.function
    for loss in CATALOG
    if loss.torch_equivalent
    and hasattr(torch.nn.functional, loss.function)  # an old PyTorch lacks one
]


def function_of(module: Any, name: str) -> Function:
    function: Function = getattr(module, name)
    if name != "ctc_loss":
        return function
    return lambda log_probs, *a, **k: function(log_probs.log_softmax(-1), *a, **k)


def run(function: Function, case: Case, dtype: torch.dtype, reduction: str) -> dict[str, Tensor]:
    """Compute the value and the gradients, by name."""
    arguments = dict(case.arguments)
    for name, value in arguments.items():
        if isinstance(value, Tensor) and value.is_floating_point():
            value = value.detach().to(dtype)
            arguments[name] = value.detach().requires_grad_(name in case.differentiable)
    value = function(**arguments, reduction=reduction)
    leaves = [arguments[name] for name in case.differentiable]
    seed = torch.linspace(1, 2, value.numel(), dtype=value.dtype).reshape(value.shape)
    gradients = torch.autograd.grad(value, leaves, seed)
    return {"value": value.detach(), **dict(zip(case.differentiable, gradients, strict=True))}


def close(actual: Tensor, expected: Tensor, exact: Tensor, terms: Tensor) -> bool:
    """Equal to PyTorch, or closer than it to PyTorch in float64, up to rounding."""
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return False
    unit, tiny = ROUNDINGS * torch.finfo(actual.dtype).eps, torch.finfo(actual.dtype).tiny
    same = (actual == expected) | (actual.isnan() & expected.isnan())
    single = actual.dtype == torch.float32
    actual, expected = actual.double(), expected.double()
    # In float64 there is nothing to tell who is right where terms of the size 1 cancel.
    slack = unit * (expected.abs() + (terms if single else terms + 1)) + tiny
    near = ((actual - expected).abs() <= slack) & expected.isfinite()
    further = (actual - exact).abs() - (expected - exact).abs()
    better = (further <= unit * exact.abs() + tiny) & exact.isfinite() & single
    return bool((same | near | better).all())


ROUNDINGS = 16
# Where numbers of the size 1 are subtracted by definition, and a relative error says nothing.
CANCELLING = {
    "binary_cross_entropy": ("input", "target"),
    "binary_cross_entropy_with_logits": ("target",),
    "cosine_embedding_loss": ("value", "input1", "input2"),
    "ctc_loss": ("value", "log_probs"),
}


def differing(name: str, case: Case, reduction: str) -> list[str]:
    """Name what differs from PyTorch: the value, or the gradient in an argument."""
    dtype = next(v.dtype for v in case.arguments.values() if isinstance(v, Tensor))
    theirs = function_of(torch.nn.functional, name)
    actual = run(function_of(losses, name), case, dtype, reduction)
    try:
        expected = run(theirs, case, dtype, reduction)
        exact = run(theirs, case, torch.float64, reduction)
        size = run(theirs, case, dtype, "none")["value"].double().abs()
    except RuntimeError:
        return ["error"]
    # Sums round by the size of what they add up.
    total = size[size.isfinite()].sum()
    found = []
    for part, value in actual.items():
        terms = total * (part == "value" and reduction != "none")
        if part in CANCELLING.get(name, ()):
            terms = terms + 1
        if not close(value, expected[part], exact[part], terms):
            found.append(part)
    return found


@dataclass(frozen=True)
class Defect:
    """Where PyTorch is wrong: the developers' version, and mostly others.

    Attributes:
        loss: Whose function it is.
        what: What PyTorch does.
        when: The condition, of the arguments.
        parts: What it spoils: the value, the gradient in an argument, or `"error"`: it raises.
        example: Arguments for which it does so.
        right: The correct `parts`, as lists; ours. Without it, PyTorch's are not even repeatable.
        differentiable: The arguments to take gradients in.
    """

    loss: str
    what: str
    when: Callable[[dict[str, Any]], Any]
    parts: tuple[str, ...]
    example: dict[str, Any]
    right: tuple[Any, ...]
    differentiable: tuple[str, ...] = ("input",)
    reduction: str = "none"


INF, NAN = math.inf, math.nan


def double(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def broken(a: dict[str, Any]) -> bool:
    return not a["input"].isfinite().all()


def weightless(a: dict[str, Any]) -> bool:
    """An infinite logit where a class, or a row, counts nothing."""
    y = a["target"]
    soft = y.is_floating_point() and bool((y == 0).any())
    ignored = not soft and bool((y == a.get("ignore_index", -100)).any())
    smoothed = a.get("label_smoothing") == 1  # then the target itself counts nothing
    weighted = bool((a.get("weight", y + 1) == 0).any())
    return broken(a) and (soft or ignored or smoothed or weighted)


def overflowing(a: dict[str, Any]) -> Tensor:
    limit = 88 if a["input"].dtype == torch.float32 else 709
    return (a["input"] * a["target"] < -limit).any()


def infeasible(a: dict[str, Any]) -> bool:
    for row, frames, length in zip(
        a["targets"], a["input_lengths"], a["target_lengths"], strict=True
    ):
        labels = row[:length]
        if length + (labels[1:] == labels[:-1]).sum() > frames:
            return True
    return False


def short_or_long(a: dict[str, Any]) -> bool:
    square = torch.stack([a[k].square().sum(-1) for k in ("input1", "input2")])
    # In float64, the last digits of the epsilon; in float32, a square that overflows.
    single = square.dtype == torch.float32
    return bool(square.isinf().any() if single else (square < 1e-4).any())


DEFECTS = (
    Defect(
        "binary_cross_entropy",
        "the 1e-12 in its gradient has the digits of a float32, in float64 too",
        lambda a: (
            a["input"].dtype == torch.float64 and (a["input"] * (1 - a["input"]) < 1e-12).any()
        ),
        ("input",),
        {"input": double(0.0), "target": double(1.0)},
        ([-1e12],),
    ),
    Defect(
        "binary_cross_entropy",
        "the target's gradient is infinite at a certain prediction, though the value is held",
        lambda a: ((a["input"] == 0) | (a["input"] == 1)).any(),
        ("target",),
        {"input": double(0.0), "target": double(0.5)},
        ([100.0],),
        ("target",),
    ),
    Defect(
        "binary_cross_entropy_with_logits",
        "an infinite logit on the right side gives NaN, not 0; a soft target NaN, not infinity",
        lambda a: a["input"].isinf().any(),
        ("value", "input", "target"),
        {"input": double(INF, -INF), "target": double(1.0, 0.0)},
        ([0.0, 0.0], [0.0, 0.0]),
    ),
    Defect(
        "cross_entropy",
        "an infinite logit gives NaN where its class or row counts nothing: 0 times infinity",
        weightless,
        ("value", "input", "target"),
        {"input": double([-INF, 0.0]), "target": double([0.0, 1.0])},
        ([0.0], [[0.0, 0.0]]),
    ),
    Defect(
        "nll_loss",
        "an impossible class of weight 0 gives NaN, not 0",
        lambda a: "weight" in a and broken(a),
        ("value", "input"),
        {
            "input": double([-INF, 0.0]),
            "target": torch.tensor([0]),
            "weight": double(0.0, 1.0),
        },
        ([0.0],),
    ),
    Defect(
        "nll_loss",
        "the backward of images refuses an input that is not contiguous",
        lambda a: a["input"].dim() == 4 and not a["input"].is_contiguous(),
        ("error",),
        {
            "input": torch.zeros(1, 2, 1, 2).transpose(1, 3),
            "target": torch.tensor([[[0, 1]]]),
        },
        (),
    ),
    Defect(
        "poisson_nll_loss",
        "an infinite rate gives NaN, infinity minus infinity; so does a rate of 0 for a count of 0",
        lambda a: a["input"].isinf().any(),
        ("value", "input", "target"),
        {"input": double(INF, -INF), "target": double(2.0, 0.0)},
        ([INF, 0.0],),
    ),
    Defect(
        "poisson_nll_loss",
        "with `full`, the gradient in a count of 0 is NaN",
        lambda a: a.get("full", False) and (a["target"] == 0).any(),
        ("target",),
        {"input": double(1.0), "target": double(0.0), "full": True},
        ([-1.0],),
        ("target",),
    ),
    Defect(
        "kl_div",
        "what never happens gives NaN instead of 0, and its gradient too",
        lambda a: (a["target"] == 0).any(),
        ("value", "input", "target"),
        {"input": double(-INF), "target": double(0.0)},
        ([0.0],),
    ),
    Defect(
        "soft_margin_loss",
        "exp overflows: an infinite loss, and a gradient of NaN",
        overflowing,
        ("value", "input"),
        {"input": double(-1000.0), "target": double(1.0)},
        ([1000.0], [-1.0]),
    ),
    Defect(
        "multilabel_soft_margin_loss",
        "an infinite logit on the right side gives NaN, not 0",
        broken,
        ("value", "input"),
        {"input": double([INF]), "target": double([1.0])},
        ([0.0], [[0.0]]),
    ),
    *(
        Defect(
            name,
            "NaN counts as 0, also that of infinity minus infinity",
            broken,
            ("value", "input"),
            {"input": double([0.0, NAN]), "target": torch.tensor(target)},
            ([NAN],),
        )
        for name, target in (("multi_margin_loss", [0]), ("multilabel_margin_loss", [[0, -1]]))
    ),
    *(
        Defect(
            name,
            "the mean over an empty batch is left as it was in memory",
            lambda a: a["input"].numel() == 0,
            ("value",),
            {"input": torch.zeros(0, 2), "target": torch.zeros(shape, dtype=torch.int64)},
            (NAN,),
            reduction="mean",
        )
        for name, shape in (("multi_margin_loss", (0,)), ("multilabel_margin_loss", (0, 2)))
    ),
    Defect(
        "cosine_embedding_loss",
        "its 1e-12 has the digits of a float32, in float64 too; long vectors overflow in float32",
        short_or_long,
        ("value", "input1", "input2"),
        {
            "input1": torch.tensor([[1e30, 0.0]]),
            "input2": torch.tensor([[1e30, 0.0]]),
            "target": torch.tensor([1.0]),
        },
        ([0.0],),
        ("input1", "input2"),
    ),
    Defect(
        "ctc_loss",
        "with too few frames for the labels, the gradient is NaN, not 0",
        infeasible,
        ("log_probs",),
        {
            "log_probs": double([[0.0, 0.0]]),
            "targets": torch.tensor([[1, 1]]),
            "input_lengths": torch.tensor([1]),
            "target_lengths": torch.tensor([2]),
        },
        ([[[0.0, 0.0]]],),
        ("log_probs",),
    ),
)


def known(name: str, case: Case) -> set[str]:
    """What a known defect of PyTorch spoils in this call."""
    return {
        part
        for defect in DEFECTS
        if defect.loss == name and defect.when(case.arguments)
        for part in defect.parts
    }


@pytest.mark.parametrize("name", TWINS)
def test_generated_calls_equal_pytorch(name: str) -> None:
    reductions = ("none", "mean", "sum", *(("batchmean",) if name == "kl_div" else ()))

    @given(calls(name), st.sampled_from(reductions))
    def check(case: Case, reduction: str) -> None:
        assert set(differing(name, case, reduction)) <= known(name, case)

    check()


def test_every_loss_of_pytorch_has_a_strategy() -> None:
    for loss in CATALOG:
        if loss.torch_equivalent:
            assert callable(part_of(loss.function, "strategy"))
        else:
            cases = importlib.import_module(f"tests.cases.{loss.function}")
            assert not hasattr(cases, "strategy"), f"{loss.function}: nothing runs its strategy"


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: f"{d.loss}: {d.what}")
def test_the_known_defects_are_pytorchs(defect: Defect) -> None:
    case = Case("", defect.example, defect.differentiable)
    spoilt = differing(defect.loss, case, defect.reduction)
    assert defect.when(defect.example)
    assert spoilt or not DEVELOPERS, "PyTorch has mended it: take it out of the list"
    assert set(spoilt) <= set(defect.parts), "PyTorch's has changed, and ours has not"
    dtype = next(v.dtype for v in defect.example.values() if isinstance(v, Tensor))
    ours = run(function_of(losses, defect.loss), case, dtype, defect.reduction)
    parts = [part for part in defect.parts if part in ours]
    for part, right in zip(parts, defect.right, strict=False):
        expected = torch.tensor(right, dtype=dtype).reshape(ours[part].shape)
        torch.testing.assert_close(ours[part], expected, equal_nan=True)


def test_a_naive_formulation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def naive(input: Tensor, target: Tensor, reduction: str, **settings: Any) -> Tensor:
        p = input.sigmoid()
        loss = -(target * p.log() + (1 - target) * (1 - p).log())
        return loss if reduction == "none" else getattr(loss, reduction)()

    def call(logit: float) -> Case:
        return Case("", {"input": torch.tensor(logit), "target": torch.tensor(1.0)})

    name = "binary_cross_entropy_with_logits"
    monkeypatch.setattr(losses, name, naive)
    assert differing(name, call(1.0), "none") == []
    assert differing(name, call(12.0), "none") == ["value"]  # too few digits left
    assert differing(name, call(-200.0), "none") == ["value", "input"]  # overflow
