"""Losses that write out their slope: the proofs again, on the path that large inputs take."""

from __future__ import annotations

import importlib

import pytest
import torch
from torch import Tensor

from losses import _reduction
from losses.catalog import Loss
from tests import test_losses
from tests.cases import Case
from tests.test_losses import close, every, ours, run


def written_out(loss: Loss) -> bool:
    return "reduce_by_slopes" in vars(importlib.import_module(f"losses._{loss.function}"))


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reduction, "WORTHWHILE", 0)


EACH = every((torch.float64, torch.float32), keep=lambda loss, case: written_out(loss))


@EACH
def test_values_and_gradients_stay(
    loss: Loss, case: Case, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reduction in ("none", "mean", "sum"):
        large = run(ours(loss), case, reduction=reduction)
        with monkeypatch.context() as context:
            context.setattr(_reduction, "WORTHWHILE", 2**62)
            small = run(ours(loss), case, reduction=reduction)
        for actual, expected in zip(large, small, strict=True):
            assert actual.dtype == expected.dtype
            close(actual, expected, dtype)


@every(keep=lambda loss, case: written_out(loss) and case.gradcheck)
def test_derivatives_agree_with_finite_differences(
    loss: Loss, case: Case, dtype: torch.dtype
) -> None:
    names = case.differentiable
    leaves = [case.arguments[name].clone().requires_grad_() for name in names]

    def function(*values: Tensor) -> Tensor:
        return ours(loss)(**{**case.arguments, **dict(zip(names, values, strict=True))})

    assert torch.autograd.gradcheck(
        function, leaves, check_forward_ad=True, check_batched_grad=True
    )
    assert torch.autograd.gradgradcheck(function, leaves, check_fwd_over_rev=True)


@EACH
def test_torch_func(loss: Loss, case: Case, dtype: torch.dtype) -> None:
    test_losses.test_torch_func(loss, case, dtype)
