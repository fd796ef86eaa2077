"""One loss, one module, one page, one record: what is missing is named here."""

from __future__ import annotations

import ast
import doctest
import html
import importlib
import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import torch
from markdown import markdown
from mkdocs.utils import yaml_load

import losses
from losses.catalog import CATALOG, FAMILIES, PROPERTIES, Record
from scripts import run
from scripts.website import card, directives, snippets
from scripts.website.build import configuration
from scripts.website.language import file_of
from scripts.website.printed import Checker
from tests.cases import PARTS, part_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "en"
MODULES = sorted((ROOT / "losses").rglob("*.py"))
each_loss = pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)

PAGE_SECTIONS = [
    "Where it comes from",
    "Examples",
    "Pitfalls",
    "Easily confused",
    "Parameters and errors",
    "Properties",
    "Take it with you",
    "In the source documents",
]
DOCSTRING_SECTIONS = ["Args", "Shape", "Returns", "Raises", "Examples", "References"]
HELPERS = {"checks", "counts", "embeddings", "mining", "record", "reduction"}
PUBLIC = [name for loss in CATALOG for name in (loss.function, *loss.classes)]


def names_of(folder: Path, pattern: str) -> set[str]:
    found = {path.stem.removeprefix("_") for path in folder.glob(pattern)}
    return found - {"_init__", *HELPERS}


def nav_entries(nav: Any) -> Iterator[tuple[str, str]]:
    for item in nav:
        for title, value in item.items():
            if isinstance(value, list):
                yield from nav_entries(value)
            else:
                yield title, value


def nav() -> dict[str, str]:
    """Return the navigation of mkdocs.yml: page to title, in order."""
    config = configuration("en", ROOT / "site", strict=True)
    return {page: title for title, page in nav_entries(config.nav or [])}


def test_the_public_api_is_the_catalogue() -> None:
    found = {name: item for name, item in vars(losses).items() if not name.startswith("_")}
    assert {name for name, item in found.items() if inspect.ismodule(item)} == {
        *("catalog", *FAMILIES)
    }
    assert {name for name, item in found.items() if not inspect.ismodule(item)} == set(PUBLIC)
    for name in PUBLIC:
        if inspect.isclass(found[name]):
            assert found[name].__module__ == "losses"
            get_type_hints(found[name])  # as those do who build it from settings


def test_no_loss_of_pytorch_is_forgotten() -> None:
    # AdaptiveLogSoftmaxWithLoss is not among the others.
    theirs = {*torch.nn.modules.loss.__all__, *(x for x in dir(torch.nn) if x.endswith("Loss"))}
    assert theirs - set(PUBLIC) == set()
    functions = {
        name
        for name in dir(torch.nn.functional)
        if re.search(r"_loss$|cross_entropy|^kl_div$", name) and name[0] != "_"
    }
    assert functions - set(PUBLIC) == set()
    for loss in CATALOG:
        assert loss.torch_equivalent == hasattr(torch.nn.functional, loss.function), loss.function


def test_modules_pages_and_cases_are_those_of_the_catalogue() -> None:
    functions = {loss.function for loss in CATALOG}
    assert names_of(ROOT / "losses", "*/_*.py") == functions
    assert names_of(PAGES / "losses", "*.md") == functions
    assert names_of(ROOT / "tests" / "cases", "[!_]*.py") == functions


def test_the_navigation_follows_the_catalogue() -> None:
    pages = nav()
    listed = [(page, title) for page, title in pages.items() if page.startswith("losses/")]
    assert listed == [(f"losses/{loss.function}.md", loss.classes[0]) for loss in CATALOG]


def test_every_page_is_in_the_navigation() -> None:
    pages = {str(path.relative_to(PAGES)) for path in PAGES.rglob("*.md")}
    assert pages == set(nav())


@each_loss
def test_records_are_whole(loss: Record) -> None:
    assert loss.family in FAMILIES
    for text in (loss.summary, loss.input, loss.target, loss.mean, loss.shapes, loss.aliases):
        assert text
    cases = importlib.import_module(f"tests.cases.{loss.function}")
    assert list(cases.cases(torch.float64)), "no cases"
    assert list(cases.errors()), "no errors"
    for name in PARTS if loss.torch_equivalent else ("domain",):
        part_of(loss.function, name)


@pytest.mark.parametrize("name", PARTS)
def test_cases_that_lack_a_part_are_told_what_to_write(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(importlib.import_module("tests.cases.mse_loss"), name)
    with pytest.raises(AssertionError, match=rf"^tests/cases/mse_loss\.py: write `{name} = "):
        part_of("mse_loss", name)


@each_loss
def test_tables_show_what_the_records_say(loss: Record) -> None:
    """Markdown takes nothing of it for its own: (*) is a shape."""
    shown = [directives.properties(loss.function), card.glance(loss)]
    text = "\n\n".join(markdown(x, extensions=["tables", "md_in_html"]) for x in shown)
    cells = [
        html.unescape(re.sub(r"<[^>]*>", "", cell))
        for cell in re.findall(r"<(?:td|p)>(.*?)</(?:td|p)>", text)
    ]
    claims = [getattr(loss.properties, name).reason for name in PROPERTIES]
    for text in (loss.input, loss.target, loss.mean, loss.shapes, loss.eps, *claims):
        assert text.replace("`", "") in (*cells, ""), text


def test_the_counts_shown_are_those_of_the_last_run_if_there_was_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directives, "COUNTS", tmp_path / "checks.json")
    assert "the tests have not been run" in directives.checks()
    kinds = {"examples": 9, "calls": 5, "other": 6}
    of_losses = {"mse_loss": {"calls": 5, "all": 11}}
    counts = {"date": "2025-01-31", "torch": "2.13.0", "kinds": kinds, "losses": of_losses}
    counts["facts"] = {"slips": 7}
    (tmp_path / "checks.json").write_text(json.dumps(counts), "utf-8")
    shown = directives.checks()
    assert "Counted on 2025-01-31, with PyTorch 2.13.0." in shown
    for row in (
        "| examples run, each by itself | 9 |",
        "| slips | 7 |",
        "| tests in all | 20 |",
        "| [MSELoss](losses/mse_loss.md) | 0 | 5 | 0 | 0 | 11 |",
    ):
        assert row in shown


@each_loss
def test_nothing_is_left_to_do(loss: Record) -> None:
    """`scripts/dev/new_loss.py` writes TODO wherever a person must write something."""
    paths = (
        file_of(loss.function),
        f"docs/en/losses/{loss.function}.md",
        f"tests/cases/{loss.function}.py",
    )
    texts = {path: (ROOT / path).read_text("utf-8") for path in paths if (ROOT / path).exists()}
    left = [
        f"{path}: {line.strip()}"
        for path, text in texts.items()
        for line in text.splitlines()
        if "TODO" in line
    ]
    assert not left, "\n".join(["left to do:", *left])


@each_loss
def test_pages_are_whole(loss: Record) -> None:
    text = (PAGES / "losses" / f"{loss.function}.md").read_text("utf-8")
    title = next(line for line in text.splitlines() if line.startswith("# "))
    assert title == f"# {loss.classes[0]} · {loss.function}"
    assert f"{title}\n\n{{{{ names {loss.function} }}}}\n" in text, "names belong under the title"
    names = ("names", "card", "figures", "examples", "parameters", "properties", "standalone")
    directives = [f"{{{{ {name} {loss.function} }}}}" for name in names]
    assert [line for line in directives if line not in text.splitlines()] == []
    assert re.findall(r"^## (.*?)(?: \{.*)?$", text, re.MULTILINE) == PAGE_SECTIONS
    pitfalls = text[text.index("## Pitfalls") : text.index("## Easily confused")]
    traps = re.split(r"^### ", pitfalls, flags=re.MULTILINE)[1:]
    assert traps, "no pitfall"
    for trap in traps:
        assert "```pycon" in trap, f"a pitfall without an example: {trap.splitlines()[0]}"


@each_loss
def test_docstrings_are_whole(loss: Record) -> None:
    text = inspect.getdoc(getattr(losses, loss.function)) or ""
    sections = re.findall(r"^(\w+):$", text, re.MULTILINE)
    assert [name for name in sections if name in DOCSTRING_SECTIONS] == DOCSTRING_SECTIONS
    assert text.index("$$") < text.index("Args:")
    assert r"\partial" in text[: text.index("Args:")], "no gradient"
    for name in inspect.signature(getattr(losses, loss.function)).parameters:
        assert re.search(rf"^    {name}: ", text, re.MULTILINE), f"{name} is not described"
    for name in loss.classes:
        cls = getattr(losses, name)
        origin = loss.function if name == loss.classes[0] else loss.classes[0]
        assert f"losses.{origin}]" in (inspect.getdoc(cls) or ""), name
        assert inspect.getdoc(cls.forward)


def blocks(name: str) -> list[list[doctest.Example]]:
    """Split the examples of a docstring where prose stands between them."""
    found: list[list[doctest.Example]] = [[]]
    for part in doctest.DocTestParser().parse(inspect.getdoc(getattr(losses, name)) or ""):
        if isinstance(part, doctest.Example):
            found[-1].append(part)
        elif part.strip():
            found.append([])
    return [block for block in found if block]


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_every_example_stands_alone(name: str) -> None:
    examples = blocks(name)
    assert len(examples) >= (2 if name.islower() else 1)
    assert any("backward()" in e.source or "autograd.grad" in e.source for b in examples for e in b)
    runner = doctest.DocTestRunner(Checker())
    for block in examples:
        test = doctest.DocTest(block, {"__name__": "__main__"}, name, None, 0, None)
        report: list[str] = []
        runner.run(test, out=report.append)
        assert not report, "".join(report)


ROOM = 72
PROMPT = ">>> "


def too_wide(text: str) -> list[tuple[int, int]]:
    """Return where a snippet has a line that is too wide, and by how many columns.

    Error messages may be wider: they are shown as they are.
    """
    found = []
    margin = None
    for number, line in enumerate(text.splitlines(), 1):
        shown = line.strip()
        if shown.startswith("```"):
            margin = line.index("`") if shown.startswith("```python") else None
        elif margin is not None:
            found.append((number, len(line) - margin - ROOM))
        elif shown.startswith((PROMPT, "... ", "tensor(", "(tensor(")):
            found.append((number, len(shown) - len(PROMPT) - ROOM))
    return [(number, columns) for number, columns in found if columns > 0]


def test_snippets_fit_where_they_are_shown() -> None:
    texts = [ROOT / "README.md", *sorted(PAGES.rglob("*.md")), *MODULES]
    wide = [
        f"{path.relative_to(ROOT)}:{number}: {columns} above {ROOM} columns; "
        "give a part of it a name, make two statements of it, or print less"
        for path in texts
        for number, columns in too_wide(path.read_text("utf-8"))
    ]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("function", [loss.function for loss in CATALOG])
def test_the_code_on_a_card_fits(function: str) -> None:
    assert max(map(len, card.short(function).splitlines())) <= ROOM


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        (f">>> {'x' * 72}", []),
        (f">>> {'x' * 73}", [(1, 1)]),
        (f"    >>> def f():\n    ...     {'x' * 69}", [(2, 1)]),
        (f"```python\n{'x' * 73}\n```\n{'x' * 100}", [(2, 1)]),
        (f"    ```python\n    {'x' * 72}\n    ```", []),
        (f"```pycon\n>>> x\ntensor({'x' * 70})\n```", [(3, 2)]),
        (f"```pycon\n>>> x\nValueError: {'x' * 70}\n```", []),
    ],
)
def test_wide_snippets_are_noticed(text: str, wide: list[tuple[int, int]]) -> None:
    assert too_wide(text) == wide


# Operations that compute a loss. Everything else that torch offers is a tool.
FORBIDDEN = {name for name in dir(torch.nn.functional) if re.search(r"_loss", name)} | {
    *("cross_entropy", "kl_div", "binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("linear_cross_entropy", "ctc_loss", "nll_loss2d", "nll_loss_nd"),
    "AdaptiveLogSoftmaxWithLoss",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_nothing_is_borrowed_from_pytorchs_losses(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node.attr not in FORBIDDEN, f"{path.name}:{node.lineno} uses {node.attr}"
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch"):
            borrowed = {alias.name for alias in node.names} & (
                FORBIDDEN | set(torch.nn.modules.loss.__all__)
            )
            assert not borrowed, f"{path.name}:{node.lineno} imports {borrowed}"


def private(source: str) -> list[str]:
    """Name what a source takes from the private parts of PyTorch, or of an object not its own."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("losses"):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) != "self":
            names.append(f"{ast.unparse(node.value)}.{node.attr}")
    return [name for name in names if re.search(r"\._(?!_)", name)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_private_name_of_pytorch_is_used(path: Path) -> None:
    assert private(path.read_text("utf-8")) == []


@each_loss
def test_no_private_name_of_pytorch_is_in_what_readers_copy(loss: Record) -> None:
    for source in (snippets.card(loss.function).code, snippets.bundle(loss.function)):
        assert private(source) == []


def test_private_names_are_noticed() -> None:
    for source, found in {
        "import torch._C": ["torch._C"],
        "from torch import _functorch": ["torch._functorch"],
        "from torch._C import x": ["torch._C.x"],
        "x = nn._y(self._y, torch.y, losses.__version__)": ["nn._y"],
    }.items():
        assert private(source) == found


def test_autograd_differentiates_all_but_the_joining_of_batches() -> None:
    """A gradient is written by hand only where other processes take part in it."""
    found = {
        f"{path.stem}.{node.name}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).split(".")[-1] == "Function" for base in node.bases)
    }
    assert found == {"_embeddings.Gather"}


# What an element-wise loss may call of ours beyond three names, and does.
FOURTH = {
    "binary_cross_entropy_with_logits": "product",
    "gaussian_nll_loss": "upcast",
    "poisson_nll_loss": "product",
    "soft_margin_loss": "broadcast_shape",
}
ELEMENTWISE = [
    loss for loss in CATALOG if re.match(r"`inputs?` \(\*\), `targets?` \(\*\)", loss.shapes)
]


@pytest.mark.parametrize("loss", ELEMENTWISE, ids=lambda loss: loss.function)
def test_an_elementwise_loss_needs_three_names_of_ours(loss: Record) -> None:
    """Besides checks, which say what they do: the decorator, the conversion and the reduction."""
    tree = ast.parse((ROOT / file_of(loss.function)).read_text("utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    ours = {
        alias.name
        for node in imports
        if node.module in ("losses._checks", "losses._reduction")
        for alias in node.names
    }
    function = next(node for node in tree.body if getattr(node, "name", "") == loss.function)
    checks = {node.value for node in ast.walk(function) if isinstance(node, ast.Expr)}
    called = {
        node.func.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node not in checks
    }
    names = called & ours
    assert names >= {"loss_function", "reduce_loss"}
    fourth = {FOURTH[loss.function]} if loss.function in FOURTH else set()
    assert names >= fourth
    assert len(names - fourth) <= 3, names


def test_everything_is_pinned_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == [f"torch>={run.OLDEST.removesuffix('.0')}"]
    extras = [item for group in project["optional-dependencies"].values() for item in group]
    assert [item for item in extras if "==" not in item] == []
    (developers,) = (item.removeprefix("torch==") for item in extras if item.startswith("torch=="))
    workflow = yaml_load((ROOT / ".github" / "workflows" / "pages.yml").read_text("utf-8"))
    tried = workflow["jobs"]["versions"]["strategy"]["matrix"]["include"]
    assert [entry["torch"] for entry in tried] == [run.OLDEST, developers, run.NEWEST]


# Neither part of a number nor of a digest.
NUMBERED = re.compile(r"(?<![\da-f.,])(?<!\d_)00[0124](?![\da-f]|[.,]\d)")
OLD_ANCHOR = re.compile(r'^<a id="[\w-]+"></a>$', re.MULTILINE)


def numbered(text: str) -> list[str]:
    """Find where a source document is named by a number, which nobody outside can know."""
    lines = OLD_ANCHOR.sub("", text).splitlines()
    return [line for line in lines if NUMBERED.search(line)]


def test_no_source_document_is_named_by_a_number() -> None:
    texts = [
        *ROOT.glob("*.md"),
        *(path for suffix in ("md", "po", "csv") for path in (ROOT / "docs").rglob(f"*.{suffix}")),
        *(path for room in ("losses", "scripts", "tests") for path in (ROOT / room).rglob("*.py")),
    ]
    assert len(texts) > 200
    found = {
        str(path.relative_to(ROOT)): lines
        for path in texts
        if path != Path(__file__).resolve() and (lines := numbered(path.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "Documents 000 and 004 describe it",
        "- **001's formula**",
        "**原文**（002 同）",
        "文档004的损失",
        "def test_002_cosine() -> None:",
        "X004 = torch.rand(2, 2)",
        "[the post](errata.md#doc-000)",
        "See 001.",
    ],
)
def test_numbers_of_documents_are_noticed(line: str) -> None:
    assert numbered(line) == [line]


def test_other_numbers_are_none_of_documents() -> None:
    for line in ("0.001", "100_000", "10,000", "1.0000", "−0.000", "english: 001b5915e297"):
        assert numbered(line) == []
    assert numbered('<a id="doc-000"></a>') == []
