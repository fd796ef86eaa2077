"""Cut the code of one loss out of the package, in two lengths.

The card is the function alone, formula and reduction, as short as it can be read. The bundle is all
of it: checks, messages, classes, deprecated arguments. Both import nothing but torch and the
standard library. Nothing is rewritten for them: statements, annotations and arguments are left out,
and what is kept stands as it does in the package.

`python -m scripts.website.snippets` counts their lines; with names of losses, it prints their
cards.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from losses.catalog import CATALOG, module_of

PACKAGE = Path(__file__).resolve().parents[2] / "losses"
RECORDS = {loss.function: loss for loss in CATALOG}

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign

LEFT_OUT = {"size_average", "reduce", "group"}  # arguments that a card does without
CHECK = re.compile(r"check(_\w+)?|prepared")  # functions that it does without, beside _checks
WIDTH = 72  # of a signature on a card


class Module:
    """A module of the package: its definitions, and where its names come from."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.source = PACKAGE.joinpath(*name.split(".")).with_suffix(".py").read_text("utf-8")
        self.lines = self.source.splitlines()
        self.definitions: dict[str, Definition] = {}
        self.outside: dict[str, str] = {}  # name: the import statement that binds it
        self.inside: dict[str, str] = {}  # name: the module of the package that defines it
        for node in ast.parse(self.source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.definitions[node.targets[0].id] = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.definitions[node.target.id] = node
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._read_import(node)

    def _read_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.split(".")[0]
            text = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
            if isinstance(node, ast.Import):
                self.outside[bound] = f"import {text}"
            elif (node.module or "").startswith("losses."):
                self.inside[bound] = (node.module or "").removeprefix("losses.")
            elif node.module != "__future__":
                self.outside[bound] = f"from {node.module} import {text}"

    def cut(self, name: str) -> str:
        """Return a definition's source with its docstrings shortened to their first line."""
        top = self.definitions[name]
        lines = list(self.lines)
        for node in ast.walk(top):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            first = node.body[0]
            if not is_docstring(first):
                continue
            summary = (ast.get_docstring(node) or "").splitlines()[0]
            indent = " " * first.col_offset
            mark = 'r"""' if "\\" in summary else '"""'
            lines[first.lineno - 1] = f'{indent}{mark}{plain(summary)}"""'
            for index in range(first.lineno, first.end_lineno or first.lineno):
                lines[index] = "\0"
        start = min([top.lineno, *(d.lineno for d in getattr(top, "decorator_list", []))])
        return "\n".join(line for line in lines[start - 1 : top.end_lineno] if line != "\0")


def plain(text: str) -> str:
    """Drop the cross references that only the site resolves."""
    while "][losses." in text:
        before, rest = text.split("][losses.", 1)
        text = before.replace("[`", "`", 1) + rest.split("]", 1)[1]
    return text


@cache
def module(name: str) -> Module:
    return Module(name)


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def names_in(*nodes: ast.AST) -> list[str]:
    """List the names that a piece of code uses, annotations included, in order."""
    found = [child.id for node in nodes for child in ast.walk(node) if isinstance(child, ast.Name)]
    return list(dict.fromkeys(found))


def home_of(function: str) -> str:
    """Return the module of a loss by its name in the package, as in `regression._mse_loss`."""
    return module_of(function).removeprefix("losses.")


# The bundle


def needed_to_define(node: ast.AST) -> list[ast.AST]:
    """List the parts of a definition that are run where it stands, not where it is called."""
    if isinstance(node, ast.FunctionDef):
        return [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
    if isinstance(node, ast.ClassDef):
        inner = [part for statement in node.body for part in needed_to_define(statement)]
        return [*node.decorator_list, *node.bases, *inner]
    return [node]


def collect(
    home: str, name: str, imports: dict[str, None], pieces: dict[tuple[str, str], None]
) -> None:
    """Add a definition: what defining it needs comes before it, what calling it needs after."""
    later = [(home, name)]

    def define(home: str, name: str) -> None:
        here = module(home)
        if name in here.outside:
            imports[here.outside[name]] = None
        elif name in here.inside:
            define(here.inside[name], name)
        elif name in here.definitions and (home, name) not in pieces:
            node = here.definitions[name]
            for other in names_in(*needed_to_define(node)):
                if other != name:
                    define(home, other)
            pieces[(home, name)] = None
            later.extend((home, other) for other in names_in(node))

    while later:
        define(*later.pop(0))


@cache
def bundle(function: str) -> str:
    """Return the whole source of a loss, its classes and all that they need."""
    imports: dict[str, None] = {}
    pieces: dict[tuple[str, str], None] = {}
    for name in (function, *RECORDS[function].classes):
        collect(home_of(function), name, imports, pieces)
    constants, code = [], []
    for home, name in pieces:
        here = module(home)
        assigned = isinstance(here.definitions[name], ast.Assign | ast.AnnAssign)
        (constants if assigned else code).append(here.cut(name))
    return layout(imports, constants, code)


# The card


class Conversion(NamedTuple):
    """A call that a card leaves out: where it stands, and the names before and after it."""

    module: str
    function: str
    before: list[str]
    after: list[str]


@dataclass
class Card:
    """The function of a loss, the helpers that it calls, and what has been left out of them."""

    imports: dict[str, None] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    conversions: list[Conversion] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        return layout(self.imports, [*self.constants.values()], [*self.functions.values()])

    def add(self, home: str, name: str) -> None:
        """Add a definition, and after it all that it calls."""
        here = module(home)
        if name in here.outside:
            self.imports[here.outside[name]] = None
        elif name in here.inside:
            self.add(here.inside[name], name)
        elif name in here.definitions and name not in self.functions | self.constants:
            if home == "_checks":
                raise ValueError(f"a card cannot do without {name}, which only checks or converts")
            node = here.definitions[name]
            if isinstance(node, ast.FunctionDef):
                text = self.functions[name] = Shortener(here, self).shorten(node)
            elif isinstance(node, ast.ClassDef):
                text = self.functions[name] = here.cut(name)
            else:
                text = self.constants[name] = here.cut(name)
            for other in unbound(ast.parse(text)):
                self.add(home, other)


class Shortener:
    """Takes lines out of a module's function, and tells the card what they did."""

    def __init__(self, here: Module, card: Card) -> None:
        self.here, self.card = here, card
        self.lines: list[str | None] = list(here.lines)

    def shorten(self, node: ast.FunctionDef) -> str:
        self.leave_out(node.lineno, node.body[0].lineno - 1)
        self.lines[node.lineno - 1] = self.signature(node)
        if not self.keeps(node.body):
            raise ValueError(f"nothing is left of {node.name}")
        kept = self.lines[node.lineno - 1 : node.end_lineno]
        return "\n".join(line for line in kept if line is not None)

    def signature(self, node: ast.FunctionDef) -> str:
        """Write the arguments without their types, and without those that cards do without."""
        given = node.args
        positional = [*given.posonlyargs, *given.args]
        required = [None] * (len(positional) - len(given.defaults))
        arguments = self.arguments(positional, [*required, *given.defaults])
        named = self.arguments(given.kwonlyargs, given.kw_defaults)
        if given.vararg:
            arguments.append(f"*{given.vararg.arg}")
        elif named:
            arguments.append("*")
        others = [f"**{given.kwarg.arg}"] if given.kwarg else []
        start = f"{' ' * node.col_offset}def {node.name}("
        return textwrap.fill(
            f"{', '.join([*arguments, *named, *others])}):",
            WIDTH,
            initial_indent=start,
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def arguments(self, args: list[ast.arg], defaults: Sequence[ast.expr | None]) -> list[str]:
        written = []
        for arg, default in zip(args, defaults, strict=True):
            if arg.arg in LEFT_OUT:
                if not self.card.functions:  # of the loss itself, which comes first
                    self.card.arguments.append(arg.arg)
                continue
            value = default and ast.get_source_segment(self.here.source, default)
            written.append(f"{arg.arg}={value}" if value else arg.arg)
        return written

    def keeps(self, statements: list[ast.stmt]) -> bool:
        """Leave out the statements that only check or convert; tell whether any other remains."""
        remains = False
        for node in statements:
            if is_docstring(node) or self.checks(node):
                self.leave_out_statement(node)
                continue
            if isinstance(node, ast.If) and not self.keeps_branch(node):
                self.leave_out_statement(node)
                continue
            remains = True
            if isinstance(node, ast.FunctionDef):
                self.lines[node.lineno - 1] = self.shorten(node)
                self.leave_out(node.lineno + 1, node.end_lineno or 0)
            elif isinstance(node, ast.For | ast.While | ast.With):
                self.keeps(node.body)
            elif isinstance(node, ast.AnnAssign):
                line = self.lines[node.lineno - 1] or ""
                start, end = node.target.end_col_offset, node.annotation.end_col_offset
                self.lines[node.lineno - 1] = line[:start] + line[end:]
        return remains

    def keeps_branch(self, node: ast.If) -> bool:
        then, otherwise = self.keeps(node.body), self.keeps(node.orelse)
        if otherwise and not then:
            raise ValueError(f"{self.here.name}, line {node.lineno}: only the `else` would be left")
        if node.orelse and not otherwise:
            self.leave_out((node.body[-1].end_lineno or 0) + 1, node.end_lineno or 0)
        return then

    def checks(self, node: ast.stmt) -> bool:
        """Tell whether a statement raises, warns, converts, or serves an argument left out."""
        if isinstance(node, ast.Raise):
            return True
        if not isinstance(node, ast.Expr | ast.Assign) or not isinstance(node.value, ast.Call):
            return False
        name = ast.unparse(node.value.func)
        if name == "warnings.warn" or LEFT_OUT & set(names_in(node.value)):
            return True
        if not CHECK.fullmatch(name) and self.here.inside.get(name) != "_checks":
            return False
        if isinstance(node, ast.Assign):
            before = [ast.unparse(argument) for argument in node.value.args]
            found = Conversion(self.here.name, name, before, names_in(*node.targets))
            self.card.conversions.append(found)
        return True

    def leave_out(self, first: int, last: int) -> None:
        for index in range(first - 1, last):
            self.lines[index] = None

    def leave_out_statement(self, node: ast.stmt) -> None:
        """Leave out a statement, and the comment above it."""
        first = node.lineno
        while (self.lines[first - 2] or "").lstrip().startswith("#"):
            first -= 1
        self.leave_out(first, node.end_lineno or first)


def unbound(tree: ast.AST) -> list[str]:
    """List the names that a piece of code uses and does not bind itself."""
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    return [name for name in names_in(tree) if name not in bound]


@cache
def card(function: str) -> Card:
    """Return the short form of a loss, its own function first."""
    found = Card()
    found.add(home_of(function), function)
    return found


# Both


def layout(imports: dict[str, None], constants: list[str], definitions: list[str]) -> str:
    """Put the parts of a file below each other."""
    above = "\n\n".join(filter(None, [grouped(imports), "\n".join(constants)]))
    return "\n\n\n".join(filter(None, [above, *definitions])) + "\n"


def grouped(imports: dict[str, None]) -> str:
    """Write the imports in the usual order, one statement a module."""
    whole = [line for line in imports if line.startswith("import ")]
    parts: dict[str, list[str]] = {}
    for line in imports:
        if line.startswith("from "):
            source, name = line.removeprefix("from ").split(" import ")
            parts.setdefault(source, []).append(name)
    lines = whole + [f"from {source} import {', '.join(sorted(parts[source]))}" for source in parts]
    lines.sort(key=lambda line: (line.startswith("from "), line))
    standard = [line for line in lines if "torch" not in line]
    torch = [line for line in lines if "torch" in line]
    return "\n\n".join("\n".join(group) for group in (standard, torch) if group)


def lines_of(card: Card) -> list[str]:
    """List the lines of a card that count: no imports, no empty ones."""
    skipped = ("import ", "from ")
    return [line for line in card.code.splitlines() if line and not line.startswith(skipped)]


def table() -> Iterator[str]:
    """Count the lines of both, for each loss, and the columns of the card."""
    yield f"{'loss':34} {'card':>4} {'columns':>7} {'bundle':>6}  helpers of the card"
    bundles = []
    for function in RECORDS:
        lines, whole = lines_of(card(function)), bundle(function).splitlines()
        columns, helpers = max(map(len, lines)), ", ".join([*card(function).functions][1:])
        yield f"{function:34} {len(lines):4} {columns:7} {len(whole):6}  {helpers}"
        bundles.append(len(whole))
    yield f"bundles: median {statistics.median(bundles):g} lines, most {max(bundles)}"


def main() -> None:
    cards = (card(function).code for function in sys.argv[1:])
    print("\n\n".join(cards) if sys.argv[1:] else "\n".join(table()))


if __name__ == "__main__":
    main()
