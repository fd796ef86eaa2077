"""Cut one loss out of the package: its function, its class and the helpers they need.

The result imports nothing but torch and the standard library, and is valid Python by itself.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from losses.catalog import CATALOG

PACKAGE = Path(__file__).resolve().parents[1] / "losses"
RECORDS = {loss.function: loss for loss in CATALOG}

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


class Module:
    """A module of the package: its definitions, and where its names come from."""

    def __init__(self, name: str) -> None:
        self.source = (PACKAGE / f"{name}.py").read_text("utf-8")
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
            if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
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


def names_in(node: ast.AST) -> list[str]:
    """List the names that a definition uses, annotations included, in order."""
    return [child.id for child in ast.walk(node) if isinstance(child, ast.Name)]


def collect(
    home: str, name: str, imports: dict[str, None], pieces: dict[tuple[str, str], None]
) -> None:
    """Add a definition after everything that it needs."""
    here = module(home)
    if name in here.outside:
        imports[here.outside[name]] = None
    elif name in here.inside:
        collect(here.inside[name], name, imports, pieces)
    elif name in here.definitions and (home, name) not in pieces:
        needed = [other for other in names_in(here.definitions[name]) if other != name]
        for other in needed:
            collect(home, other, imports, pieces)
        pieces[(home, name)] = None


def standalone(function: str) -> str:
    """Return the source of a loss that needs no `losses` package."""
    imports: dict[str, None] = {}
    pieces: dict[tuple[str, str], None] = {}
    for name in (function, *RECORDS[function].classes):
        collect(f"_{function}", name, imports, pieces)
    # The loss first, what it calls after it: a name is looked up when it is called.
    ordered = sorted(pieces, key=lambda piece: piece[1] != function)
    code = [module(home).cut(name) for home, name in ordered]
    return "\n\n\n".join([grouped(imports), *code]) + "\n"


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
