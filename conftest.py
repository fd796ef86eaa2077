"""Run every `pycon` fence of every page: each by itself, as a reader copies it."""

from __future__ import annotations

import doctest

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
