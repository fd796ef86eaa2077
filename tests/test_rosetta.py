"""The guide's translations, evaluated: what PyTorch and NumPy say always, the rest on demand.

`python scripts/run.py rosetta` installs Keras, Optax and scikit-learn, and runs what needs them.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
from typing import Any

import numpy as np
import pytest
import torch

import losses
from losses.catalog import CATALOG
from scripts.website.rosetta import (
    ELEMENT,
    FALSE_FRIENDS,
    KINDS,
    LIBRARIES,
    NUMBER,
    ROSETTA,
    ROW,
    SAMPLES,
    WIDTH,
    Entry,
    Friend,
    Word,
    program,
)
from tests.test_alone import printed_by

HERE = ("PyTorch", "NumPy")
each_friend = pytest.mark.parametrize("friend", FALSE_FRIENDS, ids=lambda friend: friend.call)


def words(*libraries: str) -> pytest.MarkDecorator:
    chosen = [
        pytest.param(entry, word, id=f"{entry.loss}-{entry.kind}-{library}")
        for entry in ROSETTA
        for library, word in entry.words.items()
        if library in libraries
    ]
    return pytest.mark.parametrize(("entry", "word"), chosen)


def data(kind: str) -> dict[str, Any]:
    """Draw the arrays that the calls of a kind are about."""
    draw = np.random.default_rng(0)
    n, c = 5, 4
    real, other = 2 * draw.standard_normal((2, n, c))
    log = real - np.log(np.exp(real).sum(1, keepdims=True))
    share = np.exp(other) / np.exp(other).sum(1, keepdims=True)
    binary = draw.integers(2, size=(n, c)).astype(float)
    index = draw.integers(c, size=n)
    if kind == "triplets":
        return dict(zip("apn", draw.standard_normal((3, n, c)), strict=True))
    if kind == "sequences":
        scores = draw.standard_normal((3, 6, c))
        x = scores - np.log(np.exp(scores).sum(2, keepdims=True))
        return {"x": x, "y": draw.integers(1, c, size=(3, 2))}
    x, y = {
        "numbers": (real, other),
        "counts": (np.exp(real), draw.poisson(2.0, size=(n, c)).astype(float)),
        "probabilities": (1 / (1 + np.exp(-real[:, 0])), np.array([0.0, 1.0, 1.0, 0.0, 1.0])),
        "labels": (real, binary),
        "signs": (real[:, 0], np.array([-1.0, 1.0, 1.0, -1.0, 1.0])),
        "classes": (real, index),
        "log-probabilities": (log, index),
        "distributions": (real, share),
        "log-distributions": (log, share),
        "pairs": (real, other),
    }[kind]
    return {"x": x, "y": y}


def names() -> dict[str, Any]:
    """Import what the calls name, as far as it is installed."""
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ["JAX_ENABLE_X64"] = "1"
    found = {"np": np, "torch": torch, "losses": losses, "F": torch.nn.functional}
    for name in ("keras", "optax", "scipy.special", "sklearn.metrics"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        top = name.split(".")[0]
        found[top] = importlib.import_module(top)
    if "keras" in found:
        found["keras"].config.set_floatx("float64")
    return found


def evaluate(call: str, kind: str, **others: Any) -> Any:
    """Compute a call; PyTorch's get tensors."""
    values = data(kind)
    if call.startswith(("F.", "losses.")) and "t(x)" not in call:
        values = {name: torch.as_tensor(value) for name, value in values.items()}
    scope = {**names(), "t": torch.as_tensor, **values, **others}
    return np.asarray(eval(call, scope))


def truth(entry: Entry) -> Any:
    return evaluate(entry.words["PyTorch"].call, entry.kind)


def near(actual: Any, expected: Any) -> bool:
    # An epsilon of 1e-7 somewhere is no other loss.
    return actual.shape == expected.shape and bool(np.allclose(actual, expected, rtol=1e-5))


def test_every_entry_names_its_loss_kind_and_libraries() -> None:
    functions = {loss.function for loss in CATALOG}
    assert {entry.loss for entry in ROSETTA} <= functions
    used = {entry.kind for entry in ROSETTA} | {friend.kind for friend in FALSE_FRIENDS}
    assert used == set(KINDS)
    for entry in ROSETTA:
        assert set(entry.words) <= set(LIBRARIES)
        assert "PyTorch" in entry.words
        for library, word in entry.words.items():
            asked = library != "NumPy"
            assert bool(word.signature) == bool(word.returns) == asked, word.call


@words(*HERE)
def test_pytorch_numpy_and_this_reference_agree(entry: Entry, word: Word) -> None:
    assert near(evaluate(word.call, entry.kind), truth(entry))
    assert near(evaluate(word.call, entry.kind, F=losses), truth(entry))


def check_program(entry: Entry, word: Word) -> None:
    """What a tab of the card shows runs as it is, and prints the number of PyTorch's call."""
    printed = printed_by(program(entry.kind, word))
    scope: dict[str, Any] = {"np": np}
    exec(SAMPLES[entry.kind], scope)
    values = {name: torch.as_tensor(scope[name]) for name in "xyapn" if name in scope}
    call = entry.words["PyTorch"].call
    wanted = eval(call, {"torch": torch, "F": torch.nn.functional, "losses": losses, **values})
    (number,) = re.findall(r"[\d.]+(?:e-?\d+)?", printed.partition("dtype")[0])
    assert float(number) == pytest.approx(float(wanted), rel=1e-4, abs=5.1e-5)  # four decimals
    assert max(map(len, program(entry.kind, word).splitlines())) <= WIDTH


@words("NumPy")
def test_numpys_programs_print_pytorchs_number(entry: Entry, word: Word) -> None:
    check_program(entry, word)


@pytest.mark.rosetta
@words("Keras", "Optax", "scikit-learn")
@pytest.mark.filterwarnings("ignore")
def test_the_other_libraries_programs_print_pytorchs_number(entry: Entry, word: Word) -> None:
    names()  # says which backend Keras has
    check_program(entry, word)


def function_in(word: Word) -> ast.Call:
    """Find the call of the library's function."""
    name = word.signature.partition("(")[0]
    return next(
        node
        for node in ast.walk(ast.parse(word.call))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name
    )


def check_word(entry: Entry, word: Word) -> None:
    assert near(evaluate(word.call, entry.kind), truth(entry)), "another number"
    if word.module:
        assert near(evaluate(word.module, entry.kind), truth(entry)), "another number"
    if not word.signature:
        return
    name, _, _ = word.signature.partition("(")
    signature = inspect.signature(eval(name, names()))
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    found = signature.replace(parameters=bare, return_annotation=signature.empty)
    assert f"{name}{found}" == word.signature

    call = ast.unparse(function_in(word))
    result, value = evaluate(call, entry.kind), next(iter(data(entry.kind).values()))
    shapes = {ELEMENT: value.shape, ROW: value.shape[: max(1, value.ndim - 1)], NUMBER: ()}
    if value.ndim == 1:
        shapes[ROW] = ()  # the one axis is the last axis
    if entry.kind == "sequences":
        shapes[ROW] = value.shape[:1]
    assert result.shape == shapes[word.returns], "returns something else"


@words("PyTorch")
def test_pytorchs_arguments_and_results_are_as_told(entry: Entry, word: Word) -> None:
    check_word(entry, word)


@pytest.mark.rosetta
@words("Keras", "Optax", "scikit-learn")
@pytest.mark.filterwarnings("ignore")  # not ours to mend
def test_the_other_libraries_say_the_same(entry: Entry, word: Word) -> None:
    check_word(entry, word)


@pytest.mark.rosetta
@each_friend
@pytest.mark.filterwarnings("ignore")
def test_false_friends_differ_and_can_be_turned(friend: Friend) -> None:
    call, taken_for = (evaluate(x, friend.kind) for x in (friend.call, friend.taken_for))
    assert call.shape == taken_for.shape
    assert not np.isclose(call, taken_for, rtol=1e-2).all()
    if friend.turned:
        assert near(evaluate(friend.turned, friend.kind), taken_for)
