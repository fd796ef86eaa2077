"""What a session needs to run where PyTorch is and nothing of ours.

A session of the docs imports what it shows from this package, on one line. Where PyTorch has all of
it and prints the same, the page imports PyTorch's instead. Where only the words of an error differ,
it shows PyTorch's. Where PyTorch has no such loss, or gives another number, the definition comes
with the copy: the short one if it prints the same, else the whole of it. What decides is run.

A session that begins with `# step 2: ...` goes on from the one before it, which is copied with it.
"""

from __future__ import annotations

import ast
import doctest
import hashlib
import io
import json
import os
import re
import traceback
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from losses.catalog import CATALOG
from scripts.website import snippets
from scripts.website.language import ROOT
from scripts.website.printed import same
from scripts.website.steps import STEP

CACHE = ROOT / "build" / "sessions"
IMPORT = re.compile(r"^>>> from losses import ([\w, ]+)\n", re.MULTILINE)
FUNCTIONS = {name: loss.function for loss in CATALOG for name in (loss.function, *loss.classes)}


@dataclass(frozen=True)
class Alone:
    """A session that needs PyTorch alone.

    Attributes:
        shown: The session, with its prompts and what it prints.
        program: The same as a program, which prints what is shown.
        carried: The losses whose definitions the program begins with.
        whole: Whether these are whole, not the short ones.
        raises: The errors that it shows.
        package: Whether it needs this package after all, for it is about it.
    """

    shown: str
    program: str
    carried: tuple[str, ...] = ()
    whole: bool = False
    raises: tuple[str, ...] = ()
    package: bool = False


def alone(shown: str) -> Alone:
    """Say how to show and to copy a session."""
    code = "".join(definitions(named(shown), whole=True))
    key = f"{shown}{torch.__version__}{code}{Path(__file__).read_text('utf-8')}"
    path = CACHE / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(f".{os.getpid()}")  # each language's build writes here
        written.write_text(json.dumps(asdict(decided(shown))), "utf-8")
        written.replace(path)
    found = json.loads(path.read_text("utf-8"))
    return Alone(**{name: tuple(x) if isinstance(x, list) else x for name, x in found.items()})


def decided(shown: str) -> Alone:
    examples = doctest.DocTestParser().get_examples(shown)
    names = named(shown)
    raises = tuple(dict.fromkeys(name_of(example) for example in examples if example.exc_msg))
    if not names:
        needed = bool(re.search(r"^>>> (import|from) losses\b", shown, re.MULTILINE))
        return Alone(shown, program(examples), raises=raises, package=needed)
    if all(map(in_torch, names)):
        theirs = imported(shown, names)
        swapped = doctest.DocTestParser().get_examples(theirs)
        printed = list(outputs(swapped))
        wanted = [wanted_of(example) for example in swapped]
        differ = [x for x in zip(swapped, printed, wanted, strict=True) if not same(*x[1:])]
        if not differ:
            return Alone(theirs, program(swapped), raises=raises)
        if all(same_error(got, want) for _, got, want in differ):
            for example, got, _ in differ:
                theirs = theirs.replace(example.exc_msg or "", got)
            return Alone(theirs, program(swapped), raises=raises)
    # The fewest definitions that do: of what PyTorch lacks, short; of all, short; of all, whole.
    lacking = tuple(name for name in names if not in_torch(name))
    for carried, whole in ((lacking, False), (names, False), (names, True)):
        code = "\n\n".join(definitions(carried, whole))
        theirs = imported(shown, [name for name in names if name not in carried])
        rest = doctest.DocTestParser().get_examples(theirs)
        printed = list(outputs(rest, code))
        if carried and (whole or all(map(same, printed, map(wanted_of, rest)))):
            return Alone(theirs, f"{code}\n\n{program(rest)}", carried, whole, raises)
    raise AssertionError("the whole code is the loss itself")


def last_step(session: str) -> str:
    """Leave out the steps before the last."""
    return session[max([0, *(step.start() for step in STEP.finditer(session))]) :]


def sessions_in(docstring: str) -> list[str]:
    """List the sessions of a docstring, prompts and outputs."""
    found: list[list[str]] = [[]]
    for line in docstring.splitlines():
        line = line.removeprefix("    ")
        if line.startswith(">>> ") or (found[-1] and line):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return ["\n".join([*lines, ""]) for lines in found if lines]


def named(shown: str) -> tuple[str, ...]:
    """List the losses that a session imports."""
    found = IMPORT.findall(shown)
    return tuple(name for line in found for name in line.split(", ") if name in FUNCTIONS)


def in_torch(name: str) -> bool:
    return hasattr(torch.nn, name) or hasattr(functional, name)


def imported(shown: str, names: Iterable[str]) -> str:
    """Import these names from PyTorch instead of from this package, and no others."""

    def swap(line: re.Match[str]) -> str:
        homes: dict[str, list[str]] = {"torch.nn": [], "torch.nn.functional": []}
        for name in line[1].split(", "):
            if name in names:
                homes["torch.nn" if hasattr(torch.nn, name) else "torch.nn.functional"].append(name)
        lines = []
        for home, found in homes.items():
            one = f"from {home} import {', '.join(found)}"
            if found:
                lines += [one] if len(one) <= 72 else [f"from {home} import {x}" for x in found]
        return "".join(f">>> {line}\n" for line in lines)

    return IMPORT.sub(swap, shown)


@cache
def definitions(names: tuple[str, ...], whole: bool) -> tuple[str, ...]:
    """Return the code of losses, each once."""
    functions = dict.fromkeys(FUNCTIONS[name] for name in names)
    if whole or any(name != FUNCTIONS[name] for name in names):  # the short form has no class
        return tuple(snippets.bundle(function).rstrip() for function in functions)
    return tuple(snippets.card(function).code.rstrip() for function in functions)


@contextmanager
def as_in_a_new_process() -> Iterator[None]:
    """Let PyTorch warn of what it has warned of before, and show none of it."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.set_warn_always(before)


def outputs(
    examples: Iterable[doctest.Example], before: str = "", scope: dict[str, Any] | None = None
) -> Iterator[str]:
    """Run a session; yield what each of its statements prints, or the line of its error."""
    scope = {"__name__": "__main__"} if scope is None else scope
    with as_in_a_new_process():
        exec(before, scope)
        for example in examples:
            printed = io.StringIO()
            try:
                with redirect_stdout(printed):
                    exec(compile(example.source, "<session>", "single"), scope)
            except Exception as error:
                printed.write("".join(traceback.format_exception_only(error)))
            yield printed.getvalue()


def wanted_of(example: doctest.Example) -> str:
    return example.exc_msg or example.want


def same_error(printed: str, wanted: str) -> bool:
    return (
        bool(re.match(r"\w+Error: ", wanted))
        and printed.partition(":")[0] == (wanted.partition(":")[0])
    )


def name_of(example: doctest.Example) -> str:
    return (example.exc_msg or "").split(":")[0].strip()


def program(examples: Iterable[doctest.Example]) -> str:
    """Write a session as a program that prints what the session shows."""
    return "\n".join(statement(example) for example in examples)


def statement(example: doctest.Example) -> str:
    source = example.source.rstrip("\n")
    body = ast.parse(source).body
    if example.exc_msg:
        error = name_of(example).rpartition(".")[2]
        inside = "\n".join(f"    {line}" for line in source.splitlines())
        return f'try:\n{inside}\nexcept {error} as error:\n    print(f"{error}: {{error}}")'
    last = body[-1]
    if example.want and isinstance(last, ast.Expr) and not prints(last.value):
        lines = source.splitlines()
        text = ast.get_source_segment(source, last) or ""
        if isinstance(last.value, ast.Tuple) and last.value.elts[0].col_offset == last.col_offset:
            text = f"({text})"  # a tuple without brackets
        rest = lines[(last.end_lineno or 0) - 1].encode()[last.end_col_offset :].decode()
        return "\n".join([*lines[: last.lineno - 1], f"print({text}){rest}"])
    return source


def prints(call: ast.expr) -> bool:
    """Tell whether an expression prints by itself: a call of `print`, or one that gives nothing."""
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "print"
