"""Markdown extension: lines such as `{{ figure mse_loss }}`, filled in from the package.

What can be derived from the catalogue is written in no page by hand.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import losses
import scripts.peers
from losses.catalog import CATALOG, PROPERTIES, groups
from scripts import figures
from scripts.figures.drawing import RECORDS
from scripts.website import card, language, snippets, speed, wheel
from scripts.website.language import gettext, heading
from scripts.website.narrow import narrow
from scripts.website.rosetta import KINDS, entries, friends, title_of

ROOT = Path(__file__).resolve().parents[2]
COUNTS = ROOT / "build" / "checks.json"  # conftest.py writes it after a whole run of the tests
# Authors, [Title](address) or *Title*, and the year somewhere behind it.
PAPER = re.compile(r"([^\[*]+), (?:\[(.+?)\]\((\S+)\)|\*(.+?)\*),.*?\b((?:18|19|20)\d\d)\b")
LINE = re.compile(r"^\{\{ (\w+)((?: [\w.-]+)*) \}\}$")


def properties(function: str) -> str:
    """List what is claimed of the loss as a function of its input."""
    rows = []
    for name, title in PROPERTIES.items():
        claim = getattr(RECORDS[function].properties, name)
        value = f"`{claim.value}`" if isinstance(claim.value, str) else f"{claim.value or 0:.4g}"
        holds = gettext("yes") if claim.holds else gettext("no")
        if name == "symmetric":
            title = {
                "error": gettext("Symmetric in the error"),
                "sign": gettext("Symmetric in the input's sign"),
                "arguments": gettext("Symmetric in its arguments"),
            }[claim.value]
        else:
            title = gettext(title)
            # The reason puts a longer one into words, and says where the loss is 0.
            if claim.value not in (None, "loss == 0") and len(value) <= 40:
                holds = {
                    "lipschitz": gettext("yes, constant {value}", value=value),
                    "bounded": gettext("yes, by {value}", value=value),
                    "minimum": gettext("yes, where {value}", value=value),
                }[name]
        rows.append((title, holds, gettext(claim.reason)))
    scope = gettext(
        "For one element, row, pair or triplet, as a function of the input, with the defaults."
    )
    return f"{scope}\n\n{table((gettext('Property'), gettext('Holds'), gettext('Why')), rows)}"


def overview() -> str:
    """List all losses, a table a family."""
    blocks = []
    for family, members in groups():
        rows = [
            (
                f"[{loss.classes[0]}](losses/{loss.function}.md)<br>`{loss.function}`",
                gettext(loss.summary),
                gettext(loss.input),
                gettext(loss.target),
            )
            for loss in members
        ]
        head = (gettext("Loss"), gettext("When"), gettext("Input"), gettext("Target"))
        blocks.append(f"## {heading(family.title)}\n\n{table(head, rows)}")
    return "\n\n".join(blocks)


def checks() -> str:
    """Print what the last whole run of the tests counted here, if there was one."""
    if not COUNTS.exists():
        return gettext(
            "There is nothing to show: on the machine that built this site, the tests have not been"
            " run. `python scripts/run.py test` runs them and counts."
        )
    counts = json.loads(COUNTS.read_text("utf-8"))
    kinds, facts = counts["kinds"], counts["facts"]
    when = gettext(
        "Counted on {date}, with PyTorch {torch}.", date=counts["date"], torch=counts["torch"]
    )
    rows = [
        (gettext("examples run, each by itself"), str(kinds.get("examples", 0))),
        (gettext("calls compared in value and gradient"), str(kinds.get("calls", 0))),
        (gettext("claimed properties attacked"), str(kinds.get("properties", 0))),
        (gettext("wrong calls refused"), str(kinds.get("errors", 0))),
        *((gettext(fact), str(count)) for fact, count in facts.items()),
        (gettext("tests in all"), str(sum(kinds.values()))),
    ]
    columns = {
        "examples": gettext("Examples"),
        "calls": gettext("Calls compared"),
        "properties": gettext("Properties"),
        "errors": gettext("Errors"),
        "all": gettext("All tests"),
    }
    lines = [
        (
            f"[{loss.classes[0]}](losses/{loss.function}.md)",
            *(str(counts["losses"].get(loss.function, {}).get(kind, 0)) for kind in columns),
        )
        for loss in CATALOG
    ]
    return "\n\n".join(
        [
            when,
            table((gettext("What"), gettext("Count")), rows),
            f"## {heading('A line for each loss')}",
            table((gettext("Loss"), *columns.values()), lines),
        ]
    )


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
    for path in filter(lambda path: path.startswith("guide/"), language.pages()):
        text = language.source(path).read_text("utf-8")
        head = next(line[2:] for line in text.splitlines() if line.startswith("# "))
        title = head.partition(" {")[0]  # its anchor
        for paper in references(text.partition("{ #papers }\n")[2]):
            places.setdefault(paper, []).append(f"[{title}]({path.removeprefix('guide/')})")
    return places


def bibliography() -> str:
    """List every paper by its authors, and where it is named."""
    items = []
    by_author = lambda item: (item[0].authors.casefold(), item[0].year)
    for paper, places in sorted(cited().items(), key=by_author):
        title = f"[{paper.title}]({paper.url})" if paper.url else f"*{paper.title}*"
        items.append(f"- {paper.authors}, {title}, {paper.year}. {language.listed(places)}")
    return "\n".join(items)


def shown(name: str, **options: bool | int) -> str:
    """Ask mkdocstrings for a function or class, or for some parts of its docstring."""
    lines = [f"        {option}: {json.dumps(value)}" for option, value in options.items()]
    return "\n".join([f"::: losses.{name}", "    options:", *lines])


# All that a docstring has besides its examples.
ALL_BUT_EXAMPLES = ("attributes", "description", "other_parameters", "parameters", "raises")
ALL_BUT_EXAMPLES += ("receives", "returns", "warns", "yields")


def examples(function: str) -> str:
    """Show the examples of a loss's docstring, and no more of it."""
    hidden = {f"show_docstring_{part}": False for part in ALL_BUT_EXAMPLES}
    return shown(function, show_root_heading=False, show_root_toc_entry=False, **hidden)


def parameters(function: str) -> str:
    """Show the function and its classes: signature, parameters, errors; examples of classes."""
    parts = [shown(function, heading_level=3, show_docstring_examples=False)]
    parts += [shown(name, heading_level=3) for name in RECORDS[function].classes]
    return "\n\n".join(parts)


def names(function: str) -> str:
    """Say what else the loss is called, so that readers and the search find it."""
    loss = figures.RECORDS[function]
    twins = [(torch.nn.functional, function), *((torch.nn, name) for name in loss.classes)]
    found = [f"`{module.__name__}.{name}`" for module, name in twins if hasattr(module, name)]
    known = [gettext(", ".join(loss.aliases)), *found]
    told = gettext("Also known as {names}.", names=language.listed(known))
    return f"{told}\n{{: .names }}"


def rosetta(part: str) -> str:
    """Show how other libraries say it: the `losses`, a table each, or the false `friends`."""
    if part == "friends":
        head = (
            gettext("This"),
            gettext("is not this"),
            gettext("because it is"),
            gettext("This would be"),
        )
        return table(head, friends())
    blocks = []
    for entry, rows in entries():
        page = gettext(
            "{page}, for {kind}.",
            page=f"[`{entry.loss}`](../losses/{entry.loss}.md)",
            kind=gettext(KINDS[entry.kind]),
        )
        head = (
            gettext("Library"),
            gettext("The same number"),
            gettext("Arguments, defaults, and what comes back"),
        )
        intro = language.sentences(page, gettext(entry.note) if entry.note else "")
        blocks += [f"### {heading(title_of(entry))}", intro, table(head, rows)]
    return "\n\n".join(blocks)


def number(value: float | None) -> str:
    return gettext("an error") if value is None else f"{value:.6g}".replace("-", "−")


def otherwise(function: str, peer: scripts.peers.Peer) -> str:
    """Say what a library does otherwise, and for which input where it is not the table's."""
    said = gettext(peer.otherwise) if peer.otherwise else gettext("the same")
    if not peer.input:
        return said
    own = gettext(
        "Its input: {input}; here: {number}",
        input=gettext(peer.input),
        number=number(scripts.peers.ours(function, peer)),
    )
    return f"{said}<br>*{own}*"


def among(function: str, chosen: Iterable[scripts.peers.Peer]) -> str:
    """Show what these libraries give for the same small input, and why, below ours."""
    rows = [
        (
            f"{scripts.peers.library(peer.package)}<br>`{peer.call}`"
            f"<br>{otherwise(function, peer)}",
            number(peer.value),
        )
        for peer in chosen
    ]
    ours = number(scripts.peers.ours(function))
    here = (gettext("here<br>`{call}`", call=function), ours)
    given = gettext("For the same input, {input}:", input=gettext(scripts.peers.of(function).INPUT))
    # Two columns: with a third, a phone would show no more than two of them.
    head = (gettext("Library, and what it does otherwise"), gettext("Gives"))
    return f"{given}\n\n{table(head, [here, *rows])}"


def peers(function: str) -> str:
    """Show what other libraries give for the same small input, and why."""
    return among(function, scripts.peers.of(function).PEERS)


def disagreements() -> str:
    """Show all who compute a loss differently, family by family, a table a loss."""
    known, blocks = scripts.peers.functions(), []
    for family, members in groups():
        tables = [
            f"### [{loss.classes[0]}](../losses/{loss.function}.md#who-computes-it-differently)"
            f" {{ #{loss.classes[0].lower()} }}\n\n{among(loss.function, rows)}"
            for loss in members
            if loss.function in known and (rows := scripts.peers.differing(loss.function))
        ]
        if tables:
            blocks += [f"## {heading(family.title)}", *tables]
    return "\n\n".join(blocks)


def elsewhere() -> str:
    """List the libraries that have the same loss, and the call, a table a family."""
    known, blocks = scripts.peers.functions(), []
    head = (gettext("Loss"), gettext("The same number"))
    for family, members in groups():
        rows = []
        for loss in (loss for loss in members if loss.function in known):
            calls = [
                language.named(scripts.peers.library(package), gettext(call))
                for package, call in scripts.peers.same(loss.function)
            ]
            name = language.breakable(loss.classes[0])
            rows.append((f"[{name}](../losses/{loss.function}.md)", "<br>".join(calls)))
        if rows:
            blocks += [f"### {heading(family.title)}", table(head, rows)]
    return "\n\n".join(blocks)


def standalone(function: str) -> str:
    """Show the loss as one block that needs no package, folded, and offer it as a file."""
    code = card.highlighted(snippets.bundle(function), "highlight standalone")
    title = gettext("The code, from {file}", file=f"<code>{language.file_of(function)}</code>")
    file = f'<p><a href="{file_beside(function)}" download>{download(function)}</a></p>'
    return f"{file}<details><summary>{title}</summary>{code}</details>"


def download(function: str) -> str:
    return gettext("Download {file}", file=f"{function}.py")


def file_beside(function: str) -> str:
    """Return where a loss's page finds the file; there is one for all languages."""
    return f"{'' if language.context.language == 'en' else '../../losses/'}{function}.py"


def program(name: str, *parts: str) -> str:
    """Show a program of this folder; or only the functions named, so that the page stays short."""
    source = (Path(__file__).parent / f"{name}.py").read_text("utf-8")
    if parts:
        cut = {x.name: x for x in ast.parse(source).body if isinstance(x, ast.FunctionDef)}
        source = "\n\n\n".join(ast.get_source_segment(source, cut[part]) or "" for part in parts)
    code = highlight(narrow(source), PythonLexer(), HtmlFormatter(wrapcode=True))
    return (
        code
        if parts
        else f"<details><summary>{gettext('Show the program')}</summary>{code}</details>"
    )


def install() -> str:
    """Say how to install the package from this site: by an address, if it knows its own."""
    file, site = wheel.name(), os.environ.get("SITE_URL", "")
    command = f"<pre><code>pip install {site}{file}</code></pre>"
    if site:
        return command
    link = f"{'' if language.context.language == 'en' else '../'}{file}"
    offer = gettext("Download {file}", file=f'<a href="{link}" download>{file}</a>')
    return f"<p>{offer}</p>\n\n{command}"


def changelog() -> str:
    """Show the changelog, entry by entry."""
    return "\n".join(mark + say(text) for mark, say, text in changes())


def changes() -> Iterator[tuple[str, Callable[[str], str], str]]:
    """Yield each line of the changelog: its mark, how it is translated, and what it says."""
    written = (ROOT / "CHANGELOG.md").read_text("utf-8").partition("\n\n")[2]
    for line in re.sub(r"(?<=\S)\n *(?=[^\s#-])", " ", written).splitlines():
        mark, text = re.fullmatch(r"(#+ |- |)(.*)", line).groups()  # type: ignore[union-attr]
        say = heading if mark.startswith("#") else gettext
        yield mark, say if re.search("[a-z]", text) else str, text


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


MARKDOWN: dict[str, Callable[..., str]] = {
    "names": names,
    "overview": overview,
    "benchmark": speed.tables,
    "benchmark_machine": speed.conditions,
    "changelog": changelog,
    "checks": checks,
    "bibliography": bibliography,
    "properties": properties,
    "examples": examples,
    "parameters": parameters,
    "rosetta": rosetta,
    "peers": peers,
    "disagreements": disagreements,
    "elsewhere": elsewhere,
}
HTML: dict[str, Callable[..., str]] = {
    "figure": figures.figure,
    "figures": figures.others,
    "compare": figures.compare,
    "program": program,
    "standalone": standalone,
    "install": install,
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
            elif name == "card":
                out.extend(card.card(*arguments, store).splitlines())
            elif name == "gallery":
                out.extend(figures.gallery(store, *arguments).splitlines())
            else:
                out.extend(MARKDOWN[name](*arguments).splitlines())
        return out


class DirectivesExtension(Extension):
    def __init__(self, **options: object) -> None:
        self.config = {"language": ["en", "What the generated words are said in"]}
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:
        language.use(self.getConfig("language"))
        # After fences are set aside, so that an example may show a directive.
        md.preprocessors.register(Directives(md), "losses-directives", 24)


def makeExtension(**options: object) -> DirectivesExtension:
    return DirectivesExtension(**options)
