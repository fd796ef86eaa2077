"""What every loss does around its formula, where one loss alone does not tell."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy
import pytest
import torch
from torch import Tensor

import losses
from losses import _checks
from losses.catalog import CATALOG, Record
from tests.test_losses import cases_of, ours

each_loss = pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)


def tensors_of(loss: Record) -> list[str]:
    """Name the arguments that have to be tensors."""
    hints = inspect.get_annotations(getattr(losses, loss.function))
    return [name for name, hint in hints.items() if hint == "Tensor" and name != "return"]


@each_loss
@pytest.mark.parametrize("kind", ["list", "tuple", "None", "array"])
def test_what_is_no_tensor_is_refused_by_name(loss: Record, kind: str) -> None:
    case = next(cases_of(loss).cases(torch.float32))
    names = tensors_of(loss)
    assert names
    for name in names:
        value: Any = case.arguments[name].tolist()
        if kind == "tuple":
            value = (value,)
        elif kind == "None":
            value = None
        elif kind == "array":
            value = numpy.array(value)
        with pytest.raises(TypeError, match=f"argument '{name}' .*must be Tensor, not") as caught:
            getattr(losses, loss.function)(**{**case.arguments, name: value})
        assert caught.type is TypeError


def test_autocast_leaves_double_precision() -> None:
    x = torch.tensor([1.0, 3.0])
    with torch.autocast("cpu", torch.bfloat16):
        assert losses.l1_loss(x.double(), 0 * x.double()).dtype == torch.float64
        assert losses.l1_loss(x.bfloat16(), x.half()).dtype == torch.float32
        assert losses.l1_loss(x.half(), x.half()).dtype == torch.float32
    assert losses.l1_loss(x.half(), x.half()).dtype == torch.float16


def test_autocast_leaves_what_is_on_a_device_without_it() -> None:
    half = torch.zeros(2, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert losses.l1_loss(half.to("meta"), half.to("meta")).dtype == torch.bfloat16
    with torch.autocast("xpu", torch.bfloat16):
        assert losses.l1_loss(half, half).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64])
def test_integers_are_computed_in_floating_point(dtype: torch.dtype) -> None:
    """Where they would wrap around at the end of their range."""
    low, high = torch.iinfo(dtype).min, torch.iinfo(dtype).max
    a, b = torch.tensor([low, 1], dtype=dtype), torch.tensor([high, 3], dtype=dtype)
    error = torch.tensor([float(high) - low, 2.0])
    found = losses.l1_loss(a, b, reduction="none")
    assert found.dtype == torch.float32
    assert torch.equal(found, error)
    ranked = losses.margin_ranking_loss(a, b, torch.ones(2), reduction="none")
    assert torch.equal(ranked, error)
    gaussian = losses.gaussian_nll_loss(a, b, torch.ones(2), reduction="none")
    torch.testing.assert_close(gaussian, error * error / 2)
    for triplet in (losses.triplet_margin_loss, losses.triplet_margin_with_distance_loss):
        assert triplet(a[:1, None], b[:1, None], a[:1, None]) == error[0] + 1
    if dtype.itemsize < 8:  # there, the squares of the ends differ by less than a float64 tells
        cosine = losses.cosine_embedding_loss(a[None], b[None], torch.ones(1))
        x, y = a.double(), b.double()
        torch.testing.assert_close(
            cosine.double(), 1 - x @ y / (x.norm() * y.norm()), rtol=1e-5, atol=1e-7
        )


def test_large_integers_keep_their_difference() -> None:
    a = torch.tensor([2**40])
    assert losses.l1_loss(a, a + 1, reduction="none") == 1


def test_small_integers_whose_distance_is_below_the_margin() -> None:
    a = torch.tensor([0, 200], dtype=torch.uint8)
    b = torch.tensor([2, 100], dtype=torch.uint8)
    assert losses.l1_loss(a, b, reduction="none").tolist() == [2, 100]
    assert losses.hinge_embedding_loss(a, torch.tensor([1, -1]), 250.0, reduction="sum") == 50


@each_loss
def test_half_precision_is_rounded_once(loss: Record) -> None:
    """Half a unit in the last place of the result, whatever the formula subtracts on its way."""
    for dtype in (torch.float16, torch.bfloat16):
        for case in cases_of(loss).cases(dtype):
            if loss.function == "linear_cross_entropy":
                continue  # its product is rounded to half precision, as PyTorch's
            got = ours(loss)(**case.arguments, reduction="none")
            wide = {
                name: value.double()
                if isinstance(value, Tensor) and value.dtype == dtype
                else value
                for name, value in case.arguments.items()
            }
            right = ours(loss)(**wide, reduction="none").to(torch.float32)
            assert got.dtype == dtype
            # The float32 on the way may lie on the other side of a tie.
            torch.testing.assert_close(
                got.float(),
                right.to(dtype).float(),
                rtol=torch.finfo(dtype).eps,
                atol=1e-6 + torch.finfo(dtype).tiny,
                equal_nan=True,
                msg=lambda text, case=case: f"{case.id}: {text}",
            )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_stirlings_term_survives_half_precision(dtype: torch.dtype) -> None:
    x, y = torch.tensor([4.6, 5.3], dtype=dtype), torch.tensor([100.0, 210.0], dtype=dtype)
    for arguments in ((x, y), (x.exp(), y, False)):
        found = losses.poisson_nll_loss(*arguments, full=True, reduction="none")
        wide = [a.double() if isinstance(a, Tensor) else a for a in arguments]
        right = losses.poisson_nll_loss(*wide, full=True, reduction="none")
        torch.testing.assert_close(found, right.to(dtype))


def test_data_types_are_named_alike_on_every_device() -> None:
    with torch.device("meta"):
        assert _checks.scalar_type(torch.bfloat16) == "BFloat16"


def test_types_are_promoted_as_pytorch_does() -> None:
    x = torch.tensor([1.0, 3.0])
    assert losses.l1_loss(x, x.double()).dtype == torch.float64
    assert losses.l1_loss(x, x.long()).dtype == torch.float32


def test_an_outlier_is_named_where_values_may_be_looked_at() -> None:
    x = torch.tensor([0.25, -1.0, 3.0, math.nan])
    assert _checks.outlier(-1, x[:3], 3) is None
    assert _checks.outlier(0, x[:3], 3) == -1
    assert _checks.outlier(-1, x[:3], 2) == 3
    assert _checks.outlier(-1, x, 2) is None
    assert math.isnan(_checks.outlier(-1, x, 2, nan=True) or 0)
    assert _checks.outlier(0, x[:0], 1) is None
    assert _checks.outlier(0, x[:3].to("meta"), 1) is None
    assert _checks.outlier(0, x[:3], 1, x.to("meta")) is None


def test_the_result_of_torch_func_is_not_looked_at() -> None:
    x = torch.tensor([0.25, 0.75])
    seen = []
    torch.func.grad(lambda x: (seen.append(_checks.can_inspect(x)), x.sum())[1])(x)
    torch.vmap(lambda x: (seen.append(_checks.can_inspect(x)), x)[1])(x)
    assert seen == [False, False]
    assert _checks.can_inspect(x, x.requires_grad_())


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_what_warns_compiles_without_a_graph_break_and_is_silent() -> None:
    torch._dynamo.reset()
    compiled = torch.compile(losses.l1_loss, fullgraph=True, backend="eager")
    assert compiled(torch.zeros(2, 1), torch.ones(2)) == 1
