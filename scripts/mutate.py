"""Plant small faults in the losses, one at a time, and see whether the tests notice.

`python scripts/mutate.py` goes through every module; `python scripts/mutate.py huber_loss checks`
through those two. What survives is listed; the counts go to `tests/mutation.json`. A fault that
changes nothing is excused in `tests/mutants.toml`, with the reason. Needs `fork`: Linux or macOS.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import hashlib
import importlib
import inspect
import json
import os
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["OMP_NUM_THREADS"] = "1"  # else: a fork waits for threads that it does not have

from losses.catalog import CATALOG  # noqa: E402
from scripts import standalone  # noqa: E402

RECORD = ROOT / "tests" / "mutation.json"
EXCUSES = ROOT / "tests" / "mutants.toml"
HELPERS = ("checks", "mining", "reduction")
MODULES = (*(loss.function for loss in CATALOG), *HELPERS)

OPERATORS: dict[type[ast.AST], tuple[type[Any], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
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
PAIRS = (
    ("sum", "mean"),
    ("min", "max"),
    ("amin", "amax"),
    ("argmin", "argmax"),
    ("minimum", "maximum"),
    ("any", "all"),
    ("isposinf", "isneginf"),
    ("isinf", "isnan"),
    ("ones_like", "zeros_like"),
)
NAMES = {old: new for pair in PAIRS for old, new in (pair, pair[::-1])}
NAMES |= {"abs": "square", "square": "abs", "relu": "abs", "logsumexp": "amax", "cumsum": "cumprod"}
STRINGS = {"none": "sum", "sum": "mean", "mean": "sum", "batchmean": "mean", "inf": "0"}
COMMUTATIVE = {"min", "max", "minimum", "maximum", "promote_types"}
LIBRARIES = {"math", "torch", "warnings"}


@dataclass(frozen=True)
class Fault:
    """One small change: where it is, and the statement before and after."""

    module: str
    scope: str
    line: int
    before: str
    after: str

    def __str__(self) -> str:
        place = f"losses/_{self.module}.py:{self.line} ({self.scope})"
        return f"{place}\n  - {self.before}\n  + {self.after}"


def parse(module: str) -> ast.Module:
    return ast.parse((ROOT / "losses" / f"_{module}.py").read_text("utf-8"))


def is_library(node: ast.expr) -> bool:
    return "torch" in ast.unparse(node).split(".") or ast.unparse(node) in {*LIBRARIES, "super()"}


def with_(node: ast.AST, **fields: Any) -> Any:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def changed_call(node: ast.Call, alone: bool) -> Iterator[ast.expr]:
    """Change a call; `alone` as a statement, it is not replaced by one of its arguments."""
    warning = ast.unparse(node.func) == "warnings.warn"
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield with_(node, keywords=node.keywords[:i] + node.keywords[i + 1 :])
    if warning:
        return
    if len(node.args) > 1 and ast.unparse(node.func).split(".")[-1] not in COMMUTATIVE:
        first, second, *others = node.args
        yield with_(node, args=[second, first, *others])
    method = isinstance(node.func, ast.Attribute) and not is_library(node.func.value)
    if len(node.args) > (0 if method else 1):
        yield with_(node, args=node.args[:-1])
    if not alone:
        instead = [node.func.value] if method else node.args[:1]  # type: ignore[attr-defined]
        yield from (node for node in instead if not isinstance(node, ast.Starred))
    match node.func:
        case ast.Attribute(attr=name) if name in NAMES:
            yield with_(node, func=with_(node.func, attr=NAMES[name]))


def changed(node: ast.AST, alone: bool) -> Iterator[ast.AST]:
    """Yield what an expression could have been mistaken for."""
    match node:
        case ast.BinOp(left, op, right):
            for other in OPERATORS.get(type(op), ()):
                yield with_(node, op=other())
            if isinstance(op, ast.Div | ast.Pow | ast.Sub):
                yield with_(node, left=right, right=left)
            yield from (left, right)
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.BoolOp(op, values):
            yield with_(node, op=OPERATORS[type(op)][0]())
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield with_(node, values=rest) if len(rest) > 1 else rest[0]
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                for other in OPERATORS[type(op)]:
                    yield with_(node, ops=[*ops[:i], other(), *ops[i + 1 :]])
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Slice(lower, upper):
            if lower:
                yield with_(node, lower=None)
            if upper:
                yield with_(node, upper=None)
        case ast.Subscript(value=value, ctx=ast.Load()):
            yield value
        case ast.Constant(value=bool() as value):
            yield with_(node, value=not value)
        case ast.Constant(value=int() as value):
            yield with_(node, value=value + 1)
            yield with_(node, value=value - 1)
        case ast.Constant(value=float() as value):
            yield with_(node, value=2 * value or 1.0)
        case ast.Constant(value=str() as value) if value in STRINGS:
            yield with_(node, value=STRINGS[value])
        case ast.Call():
            yield from changed_call(node, alone)
        case ast.If() | ast.While():
            yield with_(node, test=ast.Constant(True))
            yield with_(node, test=ast.Constant(False))


def bound(statement: ast.stmt) -> set[str] | None:
    """Return the names that a statement gives a value, none if it does something else as well."""
    match statement:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target, value=ast.expr()):
            names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
            return None if isinstance(target, ast.Attribute | ast.Subscript) else names
        case ast.AugAssign(value=value) if not isinstance(value, ast.JoinedStr):
            return set()
    return None


def dropped(statement: ast.stmt, known: set[str]) -> Iterator[ast.stmt]:
    """Leave a statement out, where the names it binds had a value before."""
    names = bound(statement)
    if names is not None and names <= known:
        yield ast.Pass()
    match statement:
        case ast.Expr() | ast.Assign(targets=[ast.Attribute()]):
            yield ast.Pass()
        case ast.With(body=[*_, _] as body):
            yield ast.If(ast.Constant(True), body, [])


def first_line(statement: ast.AST) -> str:
    return ast.unparse(statement).splitlines()[0]


def faults(module: str) -> Iterator[tuple[Fault, ast.Module]]:
    """Yield every fault of a module, with its tree, which holds the fault until the next."""
    tree = parse(module)
    seen: set[tuple[str, str, str]] = set()

    def plant(put: Callable[[Any], None], old: Any, new: Any, *where: Any) -> Iterator[Any]:
        scope, statement = where
        before = first_line(statement)
        put(new)
        after = "pass" if isinstance(new, ast.Pass) else first_line(statement)
        fault = Fault(module, ".".join(scope), statement.lineno, before, after)
        if before != after and (fault.scope, before, after) not in seen:
            seen.add((fault.scope, before, after))
            yield fault, tree
        put(old)

    def visit(node: ast.AST, scope: tuple[str, ...], statement: Any, known: set[str]) -> Any:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            scope = (*scope, node.name)
        if isinstance(node, ast.FunctionDef):
            known = known | {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list"):
                continue
            children = value if isinstance(value, list) else [value]
            for i, child in enumerate(children):
                # A message may say what it likes.
                skipped = ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom
                if not isinstance(child, ast.AST) or isinstance(child, skipped):
                    continue
                if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                    continue  # a docstring

                def put(new: Any, i: int = i, field: str = field, value: Any = value) -> None:
                    if isinstance(value, list):
                        value[i] = new
                    else:
                        setattr(node, field, new)

                here = statement
                if isinstance(child, ast.stmt):
                    here = child
                    for new in dropped(child, known):
                        yield from plant(put, child, new, scope, child)
                for new in changed(child, alone=isinstance(node, ast.Expr)):
                    shown = child if isinstance(child, ast.stmt) else here
                    if isinstance(new, ast.stmt):  # an if: show its own line
                        yield from plant_if(child, new, scope)
                    else:
                        yield from plant(put, child, new, scope, shown)
                yield from visit(child, scope, here, known)
                if isinstance(child, ast.stmt):
                    known = known | (bound(child) or set())

    def plant_if(old: Any, new: Any, scope: tuple[str, ...]) -> Iterator[Any]:
        put = lambda test: setattr(old, "test", test)
        yield from plant(put, old.test, new.test, scope, old)

    yield from visit(tree, (), None, set())


def digest(module: str) -> str:
    """Tell one set of faults from another: it changes with the code, not with its docstrings."""
    found = [f"{fault.scope}: {fault.before} -> {fault.after}" for fault, _ in faults(module)]
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]


def excuses() -> dict[tuple[str, str, str, str], str]:
    """Read the faults that change nothing, each with its reason."""
    return {
        (entry["module"], entry["scope"], entry["code"], fault): entry["reason"]
        for entry in tomllib.loads(EXCUSES.read_text("utf-8")).get("equivalent", [])
        for fault in entry["faults"]
    }


def key(fault: Fault) -> tuple[str, str, str, str]:
    return fault.module, fault.scope, fault.before, fault.after


def users(fault: Fault) -> list[str]:
    """List whose tests are run: the loss's; for a helper, its own and those of two losses."""
    if fault.module not in HELPERS:
        return [fault.module]
    piece = (f"_{fault.module}", fault.scope.split(".")[0])
    found = []
    for loss in CATALOG:
        pieces: dict[tuple[str, str], None] = {}
        for name in (loss.function, *loss.classes):
            standalone.collect(f"_{loss.function}", name, {}, pieces)
        if piece in pieces:
            found.append(loss.function)
    return list(dict.fromkeys([*found[:1], fault.module, *found[-1:]]))


def replace(module: ModuleType, code: CodeType) -> None:
    """Run changed source in a module, so that whoever holds a definition has the changed one."""
    before = dict(vars(module))
    exec(code, vars(module))
    for name, new in list(vars(module).items()):
        old = before.get(name)
        if new is old or getattr(new, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(new):
            old.__code__, old.__defaults__ = new.__code__, new.__defaults__
            old.__kwdefaults__ = new.__kwdefaults__
        elif inspect.isclass(new):
            for attribute, value in vars(new).items():
                if inspect.isfunction(value):
                    for cell in value.__closure__ or ():
                        cell.cell_contents = old  # what super() starts from
                if inspect.isfunction(value) or isinstance(value, staticmethod):
                    setattr(old, attribute, value)
        setattr(module, name, old)


class Mutation:
    """A pytest plugin: collect once, then run a child for each fault."""

    def __init__(self, modules: list[str], processes: int, pattern: str, folder: Path) -> None:
        self.modules, self.processes, self.pattern = modules, processes, pattern
        self.durations: dict[str, float] = {}
        self.outcomes: dict[Fault, bool] = {}  # whether the tests noticed
        self.broken: list[str] = []
        self.child = False
        self.folder = folder
        self.killers = folder / "killers"  # of each fault that was noticed, the test that did
        self.killers.touch()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            if self.child:
                with self.killers.open("a", encoding="utf-8") as file:
                    file.write(report.nodeid + "\n")
                os._exit(1)
            self.broken.append(report.nodeid)
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0) + report.duration

    def pytest_runtestloop(self, session: Any) -> bool:
        self.items: dict[str, list[Any]] = {}
        owners = {
            name: loss.function for loss in CATALOG for name in (loss.function, *loss.classes)
        }
        for item in session.items:
            values = getattr(item, "callspec", None)
            named = values.params if values else {}
            owner = getattr(named.get("loss"), "function", None) or owners.get(named.get("name"))
            self.items.setdefault(owner or item.path.stem.removeprefix("test_"), []).append(item)
        planted = [
            (fault, compile(ast.fix_missing_locations(tree), "<faulty>", "exec"), users(fault))
            for module in self.modules
            for fault, tree in faults(module)
            if self.pattern in str(fault)
        ]
        self.measure(sorted({user for *_, used in planted for user in used}))
        gc.freeze()  # or each child's collector would copy all memory
        if not self.broken:
            self.run(planted)
        return True

    def pool(self, jobs: Iterable[tuple[Any, Callable[[], None]]]) -> Iterator[tuple[Any, int]]:
        """Fork for each job; yield its name and status as it ends."""
        running: dict[int, Any] = {}
        for name, job in jobs:
            if len(running) == self.processes:
                pid, status = os.wait()
                yield running.pop(pid), status
            pid = os.fork()
            if not pid:
                try:
                    job()
                except BaseException:
                    os._exit(1)
                os._exit(0)
            running[pid] = name
        while running:
            pid, status = os.wait()
            yield running.pop(pid), status

    def measure(self, functions: list[str]) -> None:
        """Run the tests without a fault: all must pass, and how long they take orders them."""

        def job(function: str) -> None:
            self.durations.clear()  # here in the child; the parent keeps those of the others
            for item in self.items.get(function, []):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            Path(self.folder, function).write_text(json.dumps([self.durations, self.broken]))

        jobs = [(function, lambda f=function: job(f)) for function in functions]
        for function, status in self.pool(jobs):  # type: ignore[arg-type]
            if status:
                self.broken.append(function)
                continue
            durations, broken = json.loads(Path(self.folder, function).read_text())
            self.durations |= durations
            self.broken += broken
            print(f"{function}: {sum(durations.values()):.1f} s of tests", flush=True)

    def run(self, planted: list[tuple[Fault, CodeType, list[str]]]) -> None:
        def job(fault: Fault, code: CodeType, used: list[str]) -> None:
            self.child = True
            killed = Counter(self.killers.read_text("utf-8").splitlines())
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            # What has noticed many faults in little time is most likely to notice the next one.
            price = lambda item: self.durations[item.nodeid] / (1 + killed[item.nodeid])
            items = sorted((i for user in used for i in self.items.get(user, [])), key=price)
            # A fault may loop for ever: what takes far longer than without it has failed.
            limit = 30 + 10 * int(sum(self.durations[item.nodeid] for item in items))
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            signal.alarm(10 * limit)
            replace(importlib.import_module(f"losses._{fault.module}"), code)
            for item in items:
                item.ihook.pytest_runtest_protocol(item=item, nextitem=None)

        excused, start = excuses(), time.monotonic()
        jobs = ((fault, lambda a=(fault, *rest): job(*a)) for fault, *rest in planted)
        for fault, status in self.pool(jobs):  # type: ignore[arg-type]
            self.outcomes[fault] = bool(status)
            if status and key(fault) in excused:
                print(f"noticed, though excused: {fault}", flush=True)
            elif not status and key(fault) not in excused:
                print(f"survived: {fault}", flush=True)
            done = len(self.outcomes)
            if done % 100 == 0:
                print(f"{done} of {len(planted)}, {time.monotonic() - start:.0f} s", flush=True)


def count(outcomes: dict[Fault, bool], write: bool) -> Counter[str]:
    """Count what became of the faults, by module for the record; return the sum."""
    excused, total = excuses(), Counter[str]()
    found = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    for module in dict.fromkeys(fault.module for fault in outcomes):
        mine = {fault: noticed for fault, noticed in outcomes.items() if fault.module == module}
        killed = sum(mine.values())
        wrong = sum(noticed and key(fault) in excused for fault, noticed in mine.items())
        equivalent = sum(not noticed and key(fault) in excused for fault, noticed in mine.items())
        counts = {"planted": len(mine), "killed": killed, "equivalent": equivalent}
        counts["survived"] = len(mine) - killed - equivalent
        found[module] = {"digest": digest(module), **counts}
        total.update(counts, wrong=wrong)
    ordered = {module: found[module] for module in MODULES if module in found}
    if write:
        RECORD.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="*", choices=[*MODULES, []], help="all if none is named")
    parser.add_argument("-j", "--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-k", "--containing", default="", help="only faults with this text")
    options = parser.parse_args()
    modules = options.module or list(MODULES)

    os.chdir(ROOT)
    import pytest

    for slow in ("torch._dynamo", "torch._decomp.decompositions_for_jvp"):
        importlib.import_module(slow)  # here, not in every child

    files = ["tests/test_losses.py", "tests/test_structure.py"]
    files += [f"tests/test_{loss.function}.py" for loss in CATALOG]
    files += [f"tests/test_{helper}.py" for helper in HELPERS]
    files = [file for file in files if Path(file).exists()]
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "--capture=no"]
    with tempfile.TemporaryDirectory() as folder:
        mutation = Mutation(modules, options.processes, options.containing, Path(folder))
        status = pytest.main([*quiet, *files], plugins=[mutation])
    if status or mutation.broken:
        print("Without any fault, these fail:", *mutation.broken, sep="\n  ")
        return 2
    total = count(mutation.outcomes, write=not options.containing)
    if total["wrong"]:
        print(f"{total['wrong']} excused in tests/mutants.toml were killed: take them out")
    print(", ".join(f"{total[name]} {name}" for name in COUNTS))
    return int(total["survived"] > 0 or total["wrong"] > 0)


COUNTS = ("planted", "killed", "equivalent", "survived")

if __name__ == "__main__":
    raise SystemExit(main())
