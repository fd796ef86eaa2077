"""Markdown extension: lines such as `{{ figure mse_loss }}`, filled in from the package.

What can be derived from the catalogue is written in no page by hand.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import losses
from losses.catalog import CATALOG, FAMILIES, PROPERTIES
from scripts import figures
from scripts.figures.drawing import RECORDS
from scripts.rosetta import KINDS, entries, friends
from scripts.standalone import standalone as cut_out

ROOT = Path(__file__).resolve().parents[1]
GUIDES = Path(__file__).parents[1] / "docs" / "en" / "guide"
# Authors, [Title](address) or *Title*, and the year somewhere behind it.
PAPER = re.compile(r"([^\[*]+), (?:\[(.+?)\]\((\S+)\)|\*(.+?)\*),.*?\b((?:18|19|20)\d\d)\b")
LINE = re.compile(r"^\{\{ (\w+)((?: [\w.-]+)*) \}\}$")


def questions(function: str) -> str:
    """Answer what readers ask first, as a table."""
    loss = RECORDS[function]
    order = ", ".join(
        f"`{name}`" for name in inspect.signature(getattr(losses, function)).parameters
    )
    rows = {
        "What does the input hold?": loss.input,
        "How is the target encoded?": loss.target,
        "What does `'mean'` divide by?": loss.mean,
        "In which order do the arguments come?": order,
        "What does epsilon do?": loss.eps or "there is none",
        "Which shapes fit?": loss.shapes,
    }
    return table(("Question", "Answer"), [(question, answer) for question, answer in rows.items()])


def properties(function: str) -> str:
    """List what is claimed of the loss as a function of its input."""
    introductions = {"lipschitz": "constant", "bounded": "by", "minimum": "where"}
    rows = []
    for name, title in PROPERTIES.items():
        claim = getattr(RECORDS[function].properties, name)
        holds = "yes" if claim.holds else "no"
        if name == "symmetric":
            title += {
                "error": " in the error",
                "sign": " in the input's sign",
                "arguments": " in its arguments",
            }[claim.value]
        elif claim.value is not None:
            value = f"`{claim.value}`" if isinstance(claim.value, str) else f"{claim.value:.4g}"
            holds += f", {introductions[name]} {value}"
        rows.append((title, holds, claim.reason))
    scope = "Of one element, row, pair or triplet, as a function of its input, with the defaults."
    return f"{scope}\n\n{table(('Property', 'Holds', 'Why'), rows)}"


def overview() -> str:
    """List all losses, a table a family."""
    blocks = []
    for family, title in FAMILIES.items():
        rows = [
            (
                f"[{loss.classes[0]}](losses/{loss.function}.md)<br>`{loss.function}`",
                loss.summary,
                loss.input,
                loss.target,
            )
            for loss in CATALOG
            if loss.family == family
        ]
        head = ("Loss", "When", "Input", "Target")
        blocks.append(f"## {title}\n\n{table(head, rows)}")
    return "\n\n".join(blocks)


def checks() -> str:
    """Print what the last whole run of the tests counted."""
    counts = json.loads((ROOT / "docs" / "checks.json").read_text("utf-8"))
    tests = counts["tests"]
    faults = json.loads((ROOT / "tests" / "mutation.json").read_text("utf-8"))
    total = lambda kind: str(sum(record[kind] for record in faults.values()))
    rows = [
        ("examples in docstrings, one run for each function and class", str(tests["losses"])),
        ("examples on pages, each run by itself", str(tests["docs"] + tests["README.md"])),
        *((fact, str(count)) for fact, count in counts["facts"].items()),
        (f"faults planted in {len(faults)} of {len(CATALOG)} losses", total("planted")),
        ("of these, noticed by the loss's tests", total("killed")),
        ("of these, harmless, each with the reason", total("equivalent")),
        ("tests in all", str(sum(tests.values()))),
    ]
    blocks = [table(("What", "Count"), rows)]
    for file in dict.fromkeys(name.partition("::")[0] for name in tests if "::" in name):
        intro = (ast.get_docstring(ast.parse((ROOT / file).read_text("utf-8"))) or "").split("\n\n")
        rows = [
            (name.partition("::test_")[2].replace("_", " "), str(count))
            for name, count in tests.items()
            if name.startswith(f"{file}::")
        ]
        title = file.removeprefix("tests/")
        paragraph = " ".join(intro[0].split())
        blocks.append(f"## {title}\n\n{paragraph}\n\n{table(('Claim', 'Cases passed'), rows)}")
    return "\n\n".join(blocks)


class Paper(NamedTuple):
    authors: str
    title: str
    url: str  # empty where it has none
    year: str


def references(text: str) -> list[Paper]:
    """Read a list of papers; an item that starts with a link, or with PyTorch, is none."""
    papers = []
    for item in re.split(r"^ *- ", text, flags=re.MULTILINE)[1:]:
        item = " ".join(item.split())
        if item.startswith(("[", "PyTorch")):
            continue
        match = PAPER.match(item)
        if match is None:
            raise ValueError(f"expected authors, a title and a year, got {item}")
        authors, linked, url, plain, year = match.groups()
        papers.append(Paper(authors, linked or plain, url or "", year))
    return papers


def cited() -> dict[Paper, list[str]]:
    """Tell which papers the losses and the guides name, and link the places."""
    places: dict[Paper, list[str]] = {}
    for loss in CATALOG:
        text = inspect.getdoc(getattr(losses, loss.function)) or ""
        for paper in references(text.partition("\nReferences:\n")[2]):
            link = f"[{loss.classes[0]}](../losses/{loss.function}.md)"
            places.setdefault(paper, []).append(link)
    for page in sorted(GUIDES.glob("*.md")):
        text = page.read_text("utf-8")
        title = text.partition("\n")[0].removeprefix("# ")
        for paper in references(text.partition("{ #papers }\n")[2]):
            places.setdefault(paper, []).append(f"[{title}]({page.name})")
    return places


def bibliography() -> str:
    """List every paper by its authors, and where it is named."""
    items = []
    for paper, places in sorted(cited().items(), key=lambda item: item[0].authors.casefold()):
        title = f"[{paper.title}]({paper.url})" if paper.url else f"*{paper.title}*"
        items.append(f"- {paper.authors}, {title}, {paper.year}. {', '.join(places)}")
    return "\n".join(items)


def names(function: str) -> str:
    """Say what else the loss is called, so that readers and the search find it."""
    loss = figures.RECORDS[function]
    twins = [f"`torch.nn.functional.{function}`", *(f"`torch.nn.{name}`" for name in loss.classes)]
    known = [*loss.aliases, *(twins if loss.twin else ())]
    # The search splits names at their capitals; nobody needs to see them run together.
    run_together = " ".join(name.lower() for name in (*loss.classes, function.replace("_", "")))
    return f"Also known as {', '.join(known)}.<span hidden> {run_together}</span>\n{{: .names }}"


def rosetta(part: str) -> str:
    """Show how other libraries say it: the `losses`, a table each, or the false `friends`."""
    if part == "friends":
        head = ("This", "is not this", "for it is", "This would be")
        return table(head, friends())
    blocks = []
    names = [entry.loss for entry, _ in entries()]
    for entry, rows in entries():
        title = f"### {RECORDS[entry.loss].classes[0]}"
        if names.count(entry.loss) > 1:
            title += f", {entry.kind}"
        page = f"[`{entry.loss}`](../losses/{entry.loss}.md), for {KINDS[entry.kind]}."
        head = ("Library", "The same number", "Arguments, defaults, and what comes back")
        blocks += [title, f"{page} {entry.note}", table(head, rows)]
    return "\n\n".join(blocks)


def standalone(function: str) -> str:
    """Show the loss as one block that needs no package, folded."""
    code = highlight(
        cut_out(function),
        PythonLexer(),
        HtmlFormatter(cssclass="highlight standalone", wrapcode=True),
    )
    return (
        f"<details><summary>The code, from <code>losses/_{function}.py</code></summary>"
        f"{code}</details>"
    )


def program(name: str, *parts: str) -> str:
    """Show a program of this folder; or only the functions named, so that the page stays short."""
    source = (Path(__file__).parent / f"{name}.py").read_text("utf-8")
    if parts:
        cut = {x.name: x for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)}
        source = "\n\n\n".join(ast.get_source_segment(source, cut[part]) or "" for part in parts)
    code = highlight(source, PythonLexer(), HtmlFormatter(wrapcode=True))
    return code if parts else f"<details><summary>Show the program</summary>{code}</details>"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


MARKDOWN: dict[str, Callable[..., str]] = {
    "names": names,
    "overview": overview,
    "checks": checks,
    "bibliography": bibliography,
    "properties": properties,
    "questions": questions,
    "rosetta": rosetta,
}
HTML: dict[str, Callable[..., str]] = {
    "figure": figures.figure,
    "compare": figures.compare,
    "program": program,
    "standalone": standalone,
}


class Directives(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        out: list[str] = []
        for line in lines:
            match = LINE.match(line)
            if match is None:
                out.append(line)
                continue
            name, arguments = match[1], match[2].split()
            store = self.md.htmlStash.store
            if name in HTML:
                out.append(store(HTML[name](*arguments)))
            elif name == "gallery":
                out.extend(figures.gallery(store).splitlines())
            else:
                out.extend(MARKDOWN[name](*arguments).splitlines())
        return out


class DirectivesExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        # After fences are set aside, so that an example may show a directive.
        md.preprocessors.register(Directives(md), "losses-directives", 24)


def makeExtension(**options: object) -> DirectivesExtension:
    return DirectivesExtension(**options)
