"""Run every `pycon` fence of every page: each by itself, as a reader copies it.

And say how much of the printed mathematics was checked.
"""

from __future__ import annotations

import doctest
from collections import Counter
from typing import Any

from sybil import Example, Sybil
from sybil.evaluators.doctest import NUMBER, DocTestRunner
from sybil.parsers.markdown import CodeBlockParser


def run_fence(example: Example) -> str:
    source = str(example.parsed)
    test = doctest.DocTestParser().get_doctest(
        source, {"__name__": "__main__"}, example.path, example.path, example.line
    )
    assert test.examples, "a pycon fence without a prompt"
    report: list[str] = []
    DocTestRunner(NUMBER | doctest.ELLIPSIS).run(test, out=report.append)
    return "".join(report)


pytest_collect_file = Sybil(
    parsers=[CodeBlockParser(language="pycon", evaluator=run_fence)], patterns=["*.md"]
).pytest()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts = Counter[str]()
    for report in terminalreporter.stats.get("passed", ()):
        counts.update(dict(report.user_properties))
    if counts:
        found = ", ".join(f"{name}: {count}" for name, count in counts.items())
        terminalreporter.write_line(f"printed mathematics: {found}")
