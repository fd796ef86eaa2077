"""The standalone code of every loss, where the package cannot be imported."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from typing import Any

import pytest
import torch

import losses
from losses.catalog import CATALOG, Loss
from scripts.standalone import standalone
from tests.test_losses import run

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
each_loss = pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)


@pytest.fixture
def taken(loss: Loss, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Execute the code of one loss as a file of its own."""
    for name in [name for name in sys.modules if name.split(".")[0] == "losses"]:
        monkeypatch.setitem(sys.modules, name, None)  # an import raises ImportError
    with pytest.raises(ImportError):
        importlib.import_module("losses")
    names: dict[str, Any] = {"__name__": "taken"}
    exec(compile(standalone(loss.function), f"{loss.function}.py", "exec"), names)
    return names


@each_loss
def test_it_needs_torch_alone(loss: Loss) -> None:
    source = standalone(loss.function)
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert "torch" in imported
    assert imported - sys.stdlib_module_names == {"torch"}


@pytest.mark.slow
@each_loss
def test_it_computes_the_same(loss: Loss, taken: dict[str, Any]) -> None:
    cases = list(importlib.import_module(f"tests.cases.{loss.function}").cases(torch.float64))
    for case in cases:
        for reduction in ("none", "mean", "sum"):
            here = run(taken[loss.function], case, reduction=reduction)
            there = run(getattr(losses, loss.function), case, reduction=reduction)
            for ours, theirs in zip(here, there, strict=True):
                assert torch.equal(ours.nan_to_num(nan=7.0), theirs.nan_to_num(nan=7.0)), case.id


@each_loss
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_it_brings_the_classes(loss: Loss, taken: dict[str, Any]) -> None:
    for name in loss.classes:
        theirs = getattr(losses, name)
        parameters = inspect.signature(theirs).parameters.values()
        required = [2 for parameter in parameters if parameter.default is parameter.empty]
        assert repr(taken[name](*required)) == repr(theirs(*required))
