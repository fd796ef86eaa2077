"""What is copied needs PyTorch alone, and prints what the page shows."""

from __future__ import annotations

import doctest
import inspect
import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import losses
from losses.catalog import CATALOG
from scripts.website.alone import (
    alone,
    as_in_a_new_process,
    decided,
    last_step,
    named,
    sessions_in,
    wanted_of,
)
from scripts.website.language import DOCS
from scripts.website.printed import same
from scripts.website.steps import sessions_of

PUBLIC = [name for loss in CATALOG for name in (loss.function, *loss.classes)]


def sessions() -> Iterator[tuple[str, str]]:
    """Yield where each session of the site stands, and the session."""
    for path in sorted((DOCS / "en").rglob("*.md")):
        for number, session in enumerate(sessions_of(path.read_text("utf-8")), 1):
            yield f"{path.relative_to(DOCS / 'en').as_posix()}-{number}", session
    for name in PUBLIC:
        for number, session in enumerate(sessions_in(inspect.getdoc(getattr(losses, name)) or "")):
            yield f"{name}-{number}", session


def printed_by(program: str) -> str:
    assert not re.search(r"^\s*(from|import) losses\b", program, re.MULTILINE)
    out = io.StringIO()
    with redirect_stdout(out), as_in_a_new_process():
        exec(program, {"__name__": "__main__"})
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("session", [pytest.param(text, id=where) for where, text in sessions()])
def test_what_is_copied_runs_with_pytorch_alone(session: str) -> None:
    copied = alone(session)
    if copied.package:
        return
    shown = doctest.DocTestParser().get_examples(copied.shown)
    assert shown
    assert not named(copied.shown)
    assert same(printed_by(copied.program), "".join(map(wanted_of, shown)))


def test_a_session_imports_what_it_shows_on_one_line() -> None:
    """Only what is about the package itself may import it otherwise."""
    about = [where for where, session in sessions() if decided_as_package(session)]
    assert len(about) < 10, about


def decided_as_package(session: str) -> bool:
    return not named(session) and alone(session).package


HUBER = """\
>>> import torch
>>> from losses import HuberLoss, huber_loss
>>> x = torch.tensor([1.0, 5.0])
>>> huber_loss(x, torch.zeros(2)), 1  # a remark
(tensor(2.5000), 1)
"""


def test_pytorchs_own_stands_in_where_it_prints_the_same() -> None:
    copied = decided(HUBER)
    assert copied.carried == ()
    assert copied.program == (
        "import torch\n"
        "from torch.nn import HuberLoss\n"
        "from torch.nn.functional import huber_loss\n"
        "x = torch.tensor([1.0, 5.0])\n"
        "print((huber_loss(x, torch.zeros(2)), 1))  # a remark"
    )
    assert ">>> from torch.nn import HuberLoss\n>>> from torch" in copied.shown


def test_pytorchs_own_words_are_shown_where_they_differ() -> None:
    session = (
        ">>> import torch\n>>> from losses import huber_loss\n"
        ">>> huber_loss(torch.ones(1), torch.ones(1), delta=0.0)\n"
        "Traceback (most recent call last):\n    ...\n"
        "RuntimeError: huber_loss: ours, at length\n"
    )
    copied = decided(session)
    assert "ours, at length" not in copied.shown
    assert "RuntimeError: huber_loss does not support non-positive" in copied.shown
    assert copied.raises == ("RuntimeError",)
    assert "except RuntimeError as error" in copied.program


def test_a_definition_comes_along_where_pytorch_has_none() -> None:
    session = (
        ">>> import torch\n>>> from losses import log_cosh_loss\n"
        ">>> log_cosh_loss(torch.zeros(2), torch.zeros(2))\ntensor(0.)\n"
    )
    copied = decided(session)
    assert (copied.carried, copied.whole) == (("log_cosh_loss",), False)
    assert "def log_cosh_loss(" in copied.program
    assert "from losses" not in copied.shown + copied.program


def test_the_whole_definition_comes_along_where_another_number_is_right() -> None:
    session = (
        ">>> import torch\n>>> from losses import mse_loss\n"
        ">>> mse_loss(torch.ones(1), torch.zeros(1))\ntensor(2.)\n"
    )
    assert decided(session).whole


def test_what_is_about_the_package_says_so() -> None:
    assert decided(">>> from losses.catalog import CATALOG\n>>> len(CATALOG) > 9\nTrue\n").package
    assert not decided(">>> import torch\n>>> torch.ones(1)\ntensor([1.])\n").package


def test_a_step_is_copied_with_the_steps_before_it() -> None:
    first = ">>> # step 1: one\n>>> from losses import mse_loss\n>>> import torch\n"
    second = ">>> # step 2: two\n>>> mse_loss(torch.ones(1), torch.zeros(1))\ntensor(1.)\n"
    page = "".join(f"```pycon\n{text}```\n\n" for text in (first, second, HUBER, first))
    assert [*sessions_of(page)] == [first, first + second, HUBER, first]
    copied = decided(first + second)
    assert last_step(copied.shown) == second
    assert copied.program.startswith("from torch.nn.functional import mse_loss\nimport torch\n")
    assert last_step(HUBER) == HUBER


def test_outputs_are_compared_digit_by_digit() -> None:
    assert same("tensor(2.)\n", "tensor(2.)\n")
    assert same("tensor([0.1235, nan])\n", "tensor([0.1234, nan])\n")
    assert same("tensor([-1., -0.])\n", "tensor([-1., 0.])\n")
    assert same("Error: one two\n", "Error: one ...\n")
    for printed, wanted in (
        ("tensor(1.)", "tensor(2.)"),
        ("tensor(0.1236)", "tensor(0.1234)"),
        ("tensor(1.5)", "tensor(1.6)"),
        ("tensor(1.5)", "array(1.5)"),
        ("[1.000, 2.000]", "[1.000]"),
        ("7", "8"),
    ):
        assert not same(f"{printed}\n", f"{wanted}\n")


def test_the_cache_follows_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.website import alone as module

    monkeypatch.setattr(module, "CACHE", tmp_path)
    assert alone(HUBER) == alone(HUBER) == decided(HUBER)
    assert len(list(tmp_path.iterdir())) == 1
