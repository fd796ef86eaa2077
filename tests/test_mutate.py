"""The mutants that `scripts/run.py mutate` makes: small, and of the code that runs."""

from __future__ import annotations

import inspect
from pathlib import Path

import torch

import losses
from scripts.dev import mutate

SOURCE = '''
def loss(x, y):
    """Leave 1 - 1 here."""
    check(x)
    if x > 0:
        raise ValueError("1 + 1")
    return (x - y).sum(0)
'''


def test_mutants_are_in_the_statements_of_functions(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(SOURCE, "utf-8")
    found = [text.splitlines()[1:] for _, text, _ in mutate.mutants(path)]
    assert {before for before, _ in found} == {
        "- check(x)",
        "- if x > 0:",
        "- return (x - y).sum(0)",
    }
    after = {after for _, after in found}
    assert after >= {
        *("+ pass", "+ check()", "+ if True:", "+ if x >= 0:", "+ if x > 1:"),
        *("+ return (x + y).sum(0)", "+ return (y - x).sum(0)", "+ return (x - y).mean(0)"),
        *("+ return x.sum(0)", "+ return (x - y).sum(1)", "+ return (x - y).sum()"),
    }
    assert len(after) == len(found), "one of them twice"


def test_a_mutation_reaches_the_body_behind_the_decorator() -> None:
    path = Path(inspect.getfile(inspect.unwrap(losses.huber_loss)))
    change = "+ error = input + target"
    (code,) = (code for _, text, code in mutate.mutants(path) if text.endswith(change))
    call = lambda: losses.huber_loss(torch.ones(1), torch.ones(1)).item()
    assert call() == 0
    before = {function: function.__code__ for function in mutate.functions(path)}
    try:
        mutate.apply(before, code)
        assert call() == 1.5
    finally:
        for function, right in before.items():
            function.__code__ = right
    assert call() == 0
