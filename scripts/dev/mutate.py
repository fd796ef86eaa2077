"""Mutate a loss, one small change at a time, and list the mutants that no test kills.

    python scripts/run.py mutate huber_loss

It only reports. What survives asks for a case in `tests/cases`, or for simpler code, or changes
nothing that could be told. `checks`, `mining` and `reduction` name the helpers. Needs `fork`: Linux
or macOS.

No other tool does: mutmut 3.8 leaves alone what has a decorator, as every loss has; cosmic-ray 8.7
leaves out no check and no argument, and takes 18 seconds a mutant where this takes half a second.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib
import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from losses.catalog import CATALOG, module_of

ROOT = Path(__file__).resolve().parents[2]
LOSSES = [loss.function for loss in CATALOG]
HELPERS = ["checks", "mining", "reduction"]

OPERATORS: dict[type[ast.AST], tuple[type[Any], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
PAIRS = [
    *(("sum", "mean"), ("min", "max"), ("amin", "amax"), ("any", "all"), ("isinf", "isnan")),
    *(("minimum", "maximum"), ("ones_like", "zeros_like"), ("abs", "square"), ("exp", "expm1")),
]
NAMES = {old: new for pair in PAIRS for old, new in (pair, pair[::-1])}
STRINGS = {"none": "sum", "sum": "mean", "mean": "sum", "inf": "0"}


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what an expression could have been mistaken for."""

    def but(**fields: Any) -> Any:
        other = copy.copy(node)
        vars(other).update(fields)
        return other

    match node:
        case ast.BinOp(left, op, right):
            for other in OPERATORS.get(type(op), ()):
                yield but(op=other())
            if isinstance(op, ast.Div | ast.Pow | ast.Sub):
                yield but(left=right, right=left)
            yield from (left, right)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.BoolOp(op, values):
            yield but(op=OPERATORS[type(op)][0]())
            yield from values
        case ast.Compare(ops=[op, *ops]):
            for other in OPERATORS[type(op)]:
                yield but(ops=[other(), *ops])
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Subscript(value=value, ctx=ast.Load()):
            yield value
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(value=str() as value) if value in STRINGS:
            yield ast.Constant(STRINGS[value])
        case ast.Call(func, args, keywords):
            for keyword in keywords:
                yield but(keywords=[other for other in keywords if other is not keyword])
            if len(args) > 1:
                yield but(args=[args[1], args[0], *args[2:]])
            if args:
                yield but(args=args[:-1])
                yield args[0]
            if isinstance(func, ast.Attribute):
                if ast.unparse(func.value) not in ("torch", "dist", "math", "super()"):
                    yield func.value
                if func.attr in NAMES:
                    yield but(func=ast.Attribute(func.value, NAMES[func.attr], func.ctx))
        case ast.If():
            yield but(test=ast.Constant(True))
            yield but(test=ast.Constant(False))
        case ast.Expr() | ast.Assign() | ast.AugAssign():
            yield ast.Pass()


def parts(statement: ast.AST) -> Iterator[ast.AST]:
    """Yield a statement's expressions, but for annotations and messages."""
    for field, value in ast.iter_fields(statement):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.expr) and field != "annotation":
                if not isinstance(child, ast.JoinedStr):
                    yield child
                    yield from parts(child)
            elif isinstance(child, ast.keyword | ast.comprehension | ast.Slice):
                yield from parts(child)


class Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else self.generic_visit(node)


def line(statement: ast.AST) -> str:
    return ast.unparse(statement).splitlines()[0]


def mutants(path: Path) -> Iterator[tuple[str, str, CodeType]]:
    """Yield every mutant of a module's functions: the function, what changes, the module's code."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = (ast.FunctionDef, ast.Raise, ast.Pass)
    tops = [node for top in tree.body for node in (top, *getattr(top, "body", ()))]
    for function in (node for node in tops if isinstance(node, ast.FunctionDef)):
        for child in [node for top in function.body for node in ast.walk(top)]:
            if not isinstance(child, ast.stmt) or isinstance(child, skipped):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            before, seen = line(child), set()
            for old in (child, *parts(child)):
                for new in changed(old):
                    Replace(old, new).visit(tree)
                    after = line(new if old is child else child)
                    if after not in (before, *seen):
                        seen.add(after)
                        code = compile(ast.fix_missing_locations(tree), str(path), "exec")
                        text = f"{path.parent.name}/{path.name}:{child.lineno}"
                        yield function.name, f"{text}\n- {before}\n+ {after}", code
                    Replace(new, old).visit(tree)


def codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant.co_qualname, constant
            yield from codes(constant)


def functions(path: Path) -> list[FunctionType]:
    """Find every function of a module, wherever it is held by now."""
    found = [item for item in gc.get_objects() if type(item) is FunctionType]
    return [item for item in found if item.__code__.co_filename == str(path)]


def apply(functions: Iterable[FunctionType], code: CodeType) -> None:
    """Give the functions of a module the code that they have in a changed one."""
    new = dict(codes(code))
    for function in functions:
        function.__code__ = new[function.__code__.co_qualname]


def source_of(name: str) -> Path:
    """Return the file of a loss or of a helper."""
    module = f"losses._{name}" if name in HELPERS else module_of(name)
    return Path(str(importlib.import_module(module).__file__))


class Mutation:
    """A pytest plugin: collect once, then run a forked child for each mutant."""

    def __init__(self, module: str, processes: int) -> None:
        self.module, self.processes = module, processes
        self.path = source_of(module)
        self.durations: dict[str, float] = {}
        self.broken: list[str] = []
        self.child = False

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed and self.child:
            os._exit(1)
        if report.failed:
            self.broken.append(report.nodeid)
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0) + report.duration

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        found = list(mutants(self.path))
        used = {function: self.tests(function, session.items) for function, *_ in found}
        for item in {item: None for items in used.values() for item in items}:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        if self.broken:
            print("Without any mutation, these fail:", *self.broken, sep="\n  ")
            return True
        print(f"{len(found)} mutants, {sum(self.durations.values()):.0f} s of tests", flush=True)
        start = time.monotonic()
        self.functions = functions(self.path)
        gc.freeze()  # or each child's collector would copy all memory
        survived = self.run([(text, self.job(code, used[name])) for name, text, code in found])
        seconds = time.monotonic() - start
        killed = len(found) - survived
        print(f"{len(found)} mutants, {killed} killed, {survived} survived, in {seconds:.0f} s")
        return True

    def tests(self, function: str, items: list[pytest.Item]) -> list[pytest.Item]:
        """Choose the tests of a loss; of a helper, its own and those of two losses that use it."""
        names = [self.module]
        if self.module in HELPERS:
            word = re.compile(rf"\b{function}\b")
            sources = {name: source_of(name).read_text("utf-8") for name in LOSSES}
            users = [name for name, text in sources.items() if word.search(text)] or LOSSES
            names += [users[0], users[-1]]
        files = {f"test_{name}.py" for name in names}
        classes = [name for loss in CATALOG if loss.function in names for name in loss.classes]
        ids = re.compile(rf"[\[-](?:{'|'.join(names + classes)})[\]-]")
        return [item for item in items if item.path.name in files or ids.search(item.nodeid)]

    def job(self, code: CodeType, items: list[pytest.Item]) -> Callable[[], None]:
        def job() -> None:
            self.child = True
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            apply(self.functions, code)
            ordered = sorted(items, key=lambda item: self.durations[item.nodeid])
            # A mutant may loop for ever: what takes far longer than without it has failed.
            signal.alarm(60 + 20 * int(sum(self.durations[item.nodeid] for item in items)))
            for item in ordered:
                item.ihook.pytest_runtest_protocol(item=item, nextitem=None)

        return job

    def run(self, jobs: list[tuple[str, Callable[[], None]]]) -> int:
        """Fork for each mutant, print those that survive, and count them."""
        running: dict[int, str] = {}
        survived = 0
        while jobs or running:
            while jobs and len(running) < self.processes:
                text, job = jobs.pop(0)
                pid = os.fork()
                if not pid:
                    try:
                        job()
                    except BaseException:
                        os._exit(1)
                    os._exit(0)
                running[pid] = text
            pid, status = os.wait()
            text = running.pop(pid)
            if not status:
                survived += 1
                print(f"survived: {text}", flush=True)
        return survived


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", choices=[*LOSSES, *HELPERS], metavar="NAME")
    parser.add_argument("-j", "--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    os.chdir(ROOT)
    mutation = Mutation(options.module, options.processes)
    # Whoever forks may have no other threads; and what is imported here is not in every child.
    importlib.import_module("torch").set_num_threads(1)
    importlib.import_module("torch._dynamo")
    names = dict.fromkeys([options.module, *HELPERS, *LOSSES])
    files = [
        "tests/test_losses.py",
        "tests/test_structure.py",
        *(f"tests/test_{name}.py" for name in names),
    ]
    files = [file for file in files if Path(file).exists()]
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=no"]
    return int(pytest.main([*quiet, *files], plugins=[mutation]))


if __name__ == "__main__":
    raise SystemExit(main())
