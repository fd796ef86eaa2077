"""Run every `pycon` fence of every page as a reader copies it: by itself, or after earlier steps.

And say how much of the printed mathematics was checked, let `--quick` leave out what is slow, and
skip examples of what only a newer PyTorch has.
"""

from __future__ import annotations

import doctest
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import torch
from _pytest.doctest import DoctestItem
from hypothesis import HealthCheck, settings
from sybil import Example, Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser

from losses.catalog import CATALOG
from scripts.website.printed import Checker
from scripts.website.steps import sessions_of
from tests.versions import DEVELOPERS, lacking

CHECKS = Path(__file__).parent / "build" / "checks.json"


def run_fence(example: Example) -> str:
    *_, source = sessions_of(example.document.text[: example.end])
    test = doctest.DocTestParser().get_doctest(
        source, {"__name__": "__main__"}, example.path, example.path, example.line
    )
    assert test.examples, "a pycon fence without a prompt"
    report: list[str] = []
    doctest.DocTestRunner(Checker()).run(test, out=report.append)
    return "".join(report)


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser(language="pycon", evaluator=run_fence)], patterns=["*.md"]
).pytest()


def kind_of(test: str) -> str:
    """Say what a test is for, as the page "How this is checked" counts it."""
    if not test.startswith("tests/"):
        return "examples"
    name = test.partition("::")[2].partition("[")[0]
    return {
        "test_values_and_gradients_equal_the_reference": "calls",
        "test_formulas_hold": "formulas",
        "test_claims_survive": "properties",
        "test_errors_name_the_argument": "errors",
    }.get(name, "other")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Count what passed; after a whole run, for the page "How this is checked"."""
    kinds, facts = Counter[str](), Counter[str]()
    of_losses = {loss.function: Counter[str]() for loss in CATALOG}
    for report in terminalreporter.stats.get("passed", ()):
        kind = kind_of(report.nodeid)
        kinds[kind] += 1
        facts.update(dict(report.user_properties))
        # The test's parameters name the loss, or its file does.
        found = (of_losses.get(word) for word in re.split(r"[^a-z0-9_]+|/_", report.nodeid))
        if (loss := next((x for x in found if x is not None), None)) is not None:
            loss.update({kind: 1, "all": 1})
    whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS and not (
        any(map(config.getoption, ("--quick", "keyword", "collectonly"))) or exitstatus
    )
    if whole and config.getoption("markexpr") in config.getini("addopts"):
        counts = {
            "date": date.today().isoformat(),
            "torch": torch.__version__,
            "kinds": kinds,
            "losses": of_losses,
            "facts": dict(sorted(facts.items())),
        }
        CHECKS.parent.mkdir(exist_ok=True)
        CHECKS.write_text(json.dumps(counts, indent=2) + "\n", "utf-8")
        terminalreporter.write_line("wrote the counts to build/checks.json, for the site")


# The same calls on every machine and in every run.
for name, examples in (("full", 120), ("quick", 10)):
    settings.register_profile(
        name,
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="leave out slow tests, and generate fewer calls"
    )
    parser.addoption(
        "--all-pages",
        action="store_true",
        help="in a browser: all pages, not one of each kind (scripts/run.py sweep)",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("quick" if config.getoption("--quick") else "full")
    if hasattr(config, "workerinput"):  # several processes share the cores: one thread each
        torch.set_num_threads(1)


def code_of(item: pytest.Item) -> str:
    """Return the statements of an example in a docstring or on a page."""
    if isinstance(item, DoctestItem):
        examples = item.dtest.examples
    elif isinstance(item, SybilItem):
        examples = doctest.DocTestParser().get_examples(item.example.parsed)
    else:
        return ""
    return "".join(example.source for example in examples)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, DoctestItem):
            item.runner._checker = Checker()  # pytest's own takes 1. for 2.
    for item in items if not DEVELOPERS else ():
        if missing := lacking(code_of(item)):
            item.add_marker(pytest.mark.skip(reason=f"this PyTorch has no {missing[0]}"))
    if config.getoption("--quick"):
        config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker("slow")])
        items[:] = [item for item in items if not item.get_closest_marker("slow")]
