"""The code that a page offers: the card is the function alone, the bundle is all of it.

Both are executed where the package cannot be imported.
"""

from __future__ import annotations

import ast
import builtins
import dis
import html
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any, get_type_hints

import pytest
import torch
from torch import Tensor

import losses
from losses.catalog import CATALOG, Record, module_of
from scripts.website.snippets import LEFT_OUT, Conversion, bundle, card
from tests.cases import Case, adapted
from tests.test_losses import FLOATS, cases_of, close, ours, reductions, run

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
each_loss = pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
each_dtype = pytest.mark.parametrize("dtype", FLOATS, ids=lambda dtype: str(dtype)[6:])
ROOT = Path(__file__).resolve().parents[1]

Alone = Callable[[str], dict[str, Any]]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Alone:
    """Execute code where the package cannot be imported, and return its names."""

    def execute(code: str) -> dict[str, Any]:
        with monkeypatch.context() as patch:
            for name in [name for name in sys.modules if name.split(".")[0] == "losses"]:
                patch.setitem(sys.modules, name, None)  # an import raises ImportError
            with pytest.raises(ImportError):
                importlib.import_module("losses")
            names: dict[str, Any] = {"__name__": "alone"}
            exec(compile(code, "alone.py", "exec", dont_inherit=True), names)
        return names

    return execute


def imported(code: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def looked_up(code: CodeType) -> set[str]:
    """List the names of the module that functions take, those too that are never called."""
    steps = dis.get_instructions(code)
    found = {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return found.union(*map(looked_up, inner))


@each_loss
def test_both_need_torch_alone_and_define_what_they_name(loss: Record, alone: Alone) -> None:
    for code in (card(loss.function).code, bundle(loss.function)):
        assert imported(code) - sys.stdlib_module_names <= {"torch"}
        names = looked_up(compile(code, "alone.py", "exec", dont_inherit=True))
        assert names <= vars(builtins).keys() | alone(code).keys()


# The card


@each_loss
def test_a_card_only_leaves_out(loss: Record) -> None:
    """Its lines are lines of the package, in their order; signatures lose types and arguments.

    A variable loses its type as well: `length: Tensor = ...`.
    """
    for name, text in card(loss.function).functions.items():
        source = textwrap.dedent(source_of(loss, name))
        source = re.sub(r"^( +\w+): [\w.]+ = ", r"\1 = ", source, flags=re.MULTILINE)
        signatures = set[int]()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                signatures |= set(range(node.lineno, node.body[0].lineno))
        assert arguments_of(text) <= arguments_of(source)
        rest = iter(source.splitlines())
        for number, line in enumerate(text.splitlines(), start=1):
            assert number in signatures or line in rest, line


def arguments_of(source: str) -> set[str]:
    """List the arguments in a piece of code, with the text of what they default to."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arguments):
            positional = node.posonlyargs + node.args
            found |= {arg.arg for arg in positional[: len(positional) - len(node.defaults)]}
            pairs = [*zip(reversed(positional), reversed(node.defaults), strict=False)]
            pairs += zip(node.kwonlyargs, node.kw_defaults, strict=True)
            for arg, default in pairs:
                text = default and ast.get_source_segment(source, default)
                found.add(f"{arg.arg}={text}" if text else arg.arg)
    return found


def source_of(loss: Record, name: str) -> str:
    """Return the source of a function that the module of a loss defines or imports."""
    modules = [importlib.import_module(module_of(loss.function))]
    shared = sorted((ROOT / "losses").glob("_[!_]*.py"))
    modules += [importlib.import_module(f"losses.{path.stem}") for path in shared]
    function = next(vars(module)[name] for module in modules if name in vars(module))
    return inspect.getsource(inspect.unwrap(function))


def counts(before: Any, after: Any) -> bool:
    """Whether a conversion made numbers of integers, to compute with, and nothing else."""
    return (
        isinstance(before, Tensor)
        and before.dtype == torch.int64
        and after.is_floating_point()
        and before.shape == after.shape
    )


def same(before: Any, after: Any) -> bool:
    """Whether a conversion changed nothing."""
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        return before.shape == after.shape and before.dtype == after.dtype
    if isinstance(before, list | tuple) and isinstance(after, list | tuple):
        return len(before) == len(after) and all(map(same, before, after))
    return not isinstance(after, Tensor) and before == after


def changes(
    loss: Record, case: Case, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Conversion, Any, Any]]:
    """Compute a case, and list what the conversions that its card leaves out do to it."""
    found: list[tuple[Conversion, Any, Any]] = []

    def watched(convert: Callable[..., Any], expected: list[Conversion]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            result = convert(*args)
            results = result if isinstance(result, tuple) else (result,)
            for conversion in expected:
                if len(conversion.before) == len(args):
                    given = dict(zip(conversion.before, args, strict=True))
                    for name, after in zip(conversion.after, results, strict=True):
                        if not same(given[name], after):
                            found.append((conversion, given[name], after))
            return result

        return call

    grouped: dict[tuple[str, str], list[Conversion]] = {}
    for conversion in card(loss.function).conversions:
        if set(conversion.after) <= set(conversion.before):
            grouped.setdefault((conversion.module, conversion.function), []).append(conversion)
    with monkeypatch.context() as patch:
        for (name, function), conversions in grouped.items():
            module = importlib.import_module(f"losses.{name}")
            patch.setattr(module, function, watched(getattr(module, function), conversions))
        ours(loss)(**case.arguments)
    return found


def in_one_type(case: Case, dtype: torch.dtype) -> bool:
    """Whether the first tensor of a case, and all others of floating point, have this type."""
    first, *others = (value for value in case.arguments.values() if isinstance(value, Tensor))
    return first.dtype == dtype and {x.dtype for x in others if x.is_floating_point()} <= {dtype}


@each_dtype
@each_loss
def test_a_card_equals_the_package(
    loss: Record, dtype: torch.dtype, alone: Alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the result is finite and what the card leaves out would change nothing.

    Integers may be computed with, which is rounded as PyTorch does: it takes their logarithm in
    float32.
    """
    short = adapted(loss.function, alone(card(loss.function).code)[loss.function])
    rounds = ".double()" not in card(loss.function).code
    compared = 0
    for case in cases_of(loss).cases(dtype):
        if not in_one_type(case, dtype):
            continue
        converted = changes(loss, case, monkeypatch)
        if not all(counts(before, after) for _, before, after in converted):
            continue
        for reduction in reductions(loss):
            expected = run(ours(loss), case, reduction=reduction)
            if not all(bool(x.isfinite().all()) for x in expected):
                continue
            value, *gradients = run(short, case, reduction=reduction)
            actual = (value if rounds else value.to(dtype), *gradients)
            for mine, theirs in zip(actual, expected, strict=True):
                assert mine.dtype == theirs.dtype, case.id
                if converted or not rounds:
                    close(mine, theirs, torch.float32)
                else:
                    assert torch.equal(mine, theirs), case.id
            compared += 1
    assert compared >= 12


@each_loss
def test_the_line_under_a_card_tells_what_it_leaves_out(
    loss: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = pytest.importorskip("scripts.website.card", reason="the site's tools are missing")
    line = site.left_out(loss.function)
    whole = inspect.signature(getattr(losses, loss.function)).parameters
    missing = whole.keys() - signature_of(loss)
    assert missing == {name for name in LEFT_OUT if f"`{name}`" in line}
    for case in cases_of(loss).cases(torch.float64):
        if in_one_type(case, torch.float64):
            for conversion, before, after in changes(loss, case, monkeypatch):
                if not isinstance(before, Tensor) or before.shape != after.shape:
                    assert "It takes `" in line or "another shape" in line, case.id
                elif conversion.function in ("upcast", "paired"):
                    assert "integers and booleans" in line, case.id
                else:
                    assert "int64" in line, case.id


def signature_of(loss: Record) -> set[str]:
    tree = ast.parse(card(loss.function).functions[loss.function])
    assert isinstance(tree.body[0], ast.FunctionDef)
    return {node.arg for node in ast.walk(tree.body[0].args) if isinstance(node, ast.arg)}


HUBER = """\
from torch.nn.functional import hardtanh


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    error = input - target
    clipped = hardtanh(error, -delta, delta)  # inside the parabola
    loss = clipped * (error - clipped / 2)
    if weight is not None:
        loss = weight * loss
    return reduce_loss(loss, reduction)


def reduce_loss(loss, reduction, total=None):
    if reduction == "mean":
        return loss.mean() if total is None else loss.sum() / total
    return loss.sum() if reduction == "sum" else loss
"""


def test_the_page_of_huber_loss_shows_its_short_form() -> None:
    markdown = pytest.importorskip("markdown", reason="the site's tools are missing")
    page = (ROOT / "docs" / "en" / "losses" / "huber_loss.md").read_text("utf-8")
    shown = markdown.markdown(
        page[: page.index("## Where it comes from\n")],
        extensions=[
            *("md_in_html", "pymdownx.tabbed"),
            *("scripts.website.directives", "scripts.website.sessions"),
        ],
        extension_configs={"pymdownx.tabbed": {"alternate_style": True}},
    )
    (block,) = re.findall(r'<div class="highlight in-code"><pre[^>]*>(.*?)</pre>', shown, re.DOTALL)
    assert html.unescape(re.sub(r"<[^>]*>", "", block)) == HUBER


def test_the_short_form_of_huber_loss_is_the_body_that_runs() -> None:
    """The function that runs has the same statements, after its docstring and its checks."""
    assert card("huber_loss").code == HUBER
    (runs,) = ast.parse(inspect.getsource(inspect.unwrap(losses.huber_loss))).body
    (short,) = (x for x in ast.parse(HUBER).body if getattr(x, "name", "") == "huber_loss")
    assert isinstance(runs, ast.FunctionDef) and isinstance(short, ast.FunctionDef)
    before = len(runs.body) - len(short.body)
    assert list(map(ast.dump, runs.body[before:])) == list(map(ast.dump, short.body))
    *checks, converts = map(ast.unparse, runs.body[1:before])
    assert all(re.match(r"check_\w+\(|if not delta > 0:\n +raise ", check) for check in checks)
    assert re.match(r"input, target, weight = paired\(", converts)


# The bundle


# Where it may be pasted.
PLACES: dict[str, Callable[[str], str]] = {
    "a file": lambda code: code,
    "a file whose annotations wait": lambda code: f"from __future__ import annotations\n{code}",
    "a notebook, one statement after the other": lambda code: (
        f"import ast\nfor node in ast.parse({code!r}).body:\n"
        "    exec(compile(ast.Module([node], []), 'cell', 'exec'))"
    ),
    "a function": lambda code: (
        f"def inside():\n{textwrap.indent(code, '    ')}\n    return locals()\n"
        "globals().update(inside())"
    ),
}


@pytest.fixture
def names(loss: Record, alone: Alone) -> dict[str, Any]:
    return alone(bundle(loss.function))


@pytest.fixture
def taken(loss: Record, names: dict[str, Any]) -> Callable[..., Any]:
    return adapted(loss.function, names[loss.function])


@each_loss
def test_no_bundle_uses_what_is_private_to_torch(loss: Record) -> None:
    assert "_C" not in bundle(loss.function)
    private = [
        node.attr
        for node in ast.walk(ast.parse(bundle(loss.function)))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.endswith("__")
        and ast.unparse(node.value) != "self"
    ]
    assert private == []


@each_loss
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_bundle_may_be_pasted_anywhere(loss: Record, alone: Alone) -> None:
    case = next(iter(cases_of(loss).cases(torch.float64)))
    expected = run(ours(loss), case)
    name, value = next(item for item in case.arguments.items() if isinstance(item[1], Tensor))
    for place, pasted in PLACES.items():
        names = alone(pasted(bundle(loss.function)))
        function = adapted(loss.function, names[loss.function])
        for mine, theirs in zip(run(function, case), expected, strict=True):
            assert torch.equal(mine, theirs), place
        with pytest.raises(TypeError, match=f"argument '{name}' .*must be Tensor, not list"):
            function(**{**case.arguments, name: value.tolist()})


@pytest.mark.slow
@each_loss
def test_a_bundle_computes_the_same(loss: Record, taken: Callable[..., Any]) -> None:
    for case in cases_of(loss).cases(torch.float64):
        for reduction in reductions(loss):
            here = run(taken, case, reduction=reduction)
            there = run(ours(loss), case, reduction=reduction)
            for mine, theirs in zip(here, there, strict=True):
                assert torch.equal(mine.nan_to_num(nan=7.0), theirs.nan_to_num(nan=7.0)), case.id


@each_loss
@pytest.mark.filterwarnings("ignore:Using a target size:UserWarning")
def test_a_bundle_checks_the_same(loss: Record, taken: Callable[..., Any]) -> None:
    for error in cases_of(loss).errors():
        with pytest.raises(error.type, match=error.match):
            taken(**error.arguments)


@each_loss
def test_a_bundle_refuses_lists(loss: Record, taken: Callable[..., Any]) -> None:
    case = next(iter(cases_of(loss).cases(torch.float64)))
    hints = get_type_hints(getattr(losses, loss.function))
    names = [name for name in case.arguments if hints.get(name) in (Tensor, Tensor | None)]
    assert names
    for name in names:
        value = case.arguments[name]
        wrong = {**case.arguments, name: value if value is None else value.tolist()}
        with pytest.raises(TypeError, match=rf"argument '{name}' .*must be Tensor, not list"):
            taken(**wrong)


@each_loss
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_bundle_brings_the_classes(loss: Record, names: dict[str, Any]) -> None:
    for name in loss.classes:
        theirs = getattr(losses, name)
        parameters = inspect.signature(theirs).parameters.values()
        required = [
            parameter.name for parameter in parameters if parameter.default is parameter.empty
        ]
        settings = {name: [1] if name == "cutoffs" else 8 for name in required}
        assert repr(names[name](**settings)) == repr(theirs(**settings))
