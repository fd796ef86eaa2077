"""What is to be translated: `python scripts/run.py translate` lists it, pages first.

Until then the site shows it in English. With `--check` anything on the list is an error: so that no
release leaves it out.

`extract` writes all messages into `docs/locale/zh`, one catalogue a loss, and keeps what has been
translated. What has changed is marked fuzzy, with the English that it was made from; look at it
and remove the mark. `stamp PAGE ...` says that pages of `docs/zh` have been brought up to the
English ones of now.
"""

from __future__ import annotations

import ast
import difflib
import io
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, takewhile
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from mkdocs.utils import yaml_load

from losses.catalog import CATALOG, FAMILIES, PROPERTIES
from scripts import figures, peers
from scripts.website import card, directives, rosetta, speed
from scripts.website.language import (
    DOCS,
    LOCALE,
    ROOT,
    docstrings,
    file_of,
    pages,
    parts,
    prose,
    stamp_of,
    stamped,
)

FOLDER = LOCALE / "zh"
PAGES, ENGLISH = DOCS / "zh", DOCS / "en"
HEADER = """# {title}
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
SHARED, SITE, CHANGELOG = "shared", "site", "changelog"


@dataclass
class Said:
    """An English message, where it stands, and what translators should know."""

    text: str
    home: str = ""  # the catalogue
    places: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    template: bool = False


def occurrences() -> Iterator[tuple[str, str, str, str]]:
    """Yield home, place, note and text of everything that is said."""
    for loss in CATALOG:
        spoken = (docstrings(name) for name in (loss.function, *loss.classes))
        for name, docstring in chain.from_iterable(spoken):
            for part in parts(docstring):
                if part.kind == "title":
                    yield SITE, "losses", "a section's title", part.message
                else:
                    place = file_of(loss.function)
                    yield loss.function, place, f"{name}: {part.kind}", part.message
        if loss.function in peers.functions():
            module = peers.of(loss.function)
            rows = ((peer.otherwise, peer.input) for peer in module.PEERS)
            calls = (text for _, text in peers.same(loss.function) if prose(text))
            for text in filter(None, (module.INPUT, *chain.from_iterable(rows), *calls)):
                yield loss.function, f"scripts/peers/{loss.function}.py", "other libraries", text
        for note, text in record(loss):
            yield loss.function, file_of(loss.function), note, text
    for place, text in literals():
        yield SITE, place, "", text
    for text in (*(family.title for family in FAMILIES.values()), *PROPERTIES.values()):
        yield SITE, "losses/catalog.py", "", text
    for text in card.EXPECTS.values():
        yield SITE, "scripts/website/card.py", "", text
    for text in rosetta.messages():
        yield SITE, "scripts/website/rosetta.py", "", text
    for text in filter(prose, speed.messages()):
        yield SITE, "scripts/website/speed.py", "", text
    for variable, entries in figures.COMPARISONS.values():
        for text in (variable, *(label for label, _, _ in entries)):
            yield SITE, "scripts/figures/__init__.py", "", text
    for file in sorted((ROOT / "tests").glob("test_*.py")):
        place, source = file.relative_to(ROOT).as_posix(), file.read_text("utf-8")
        # Those that are run on demand only are not counted.
        if not re.search(r"^pytestmark = [\[\s]*pytest.mark.(browser|zens)", source, re.M):
            for text in said_by(ast.parse(source), {"record_property"}):
                yield SITE, place, "what was counted", text
    for _, say, text in directives.changes():
        if say is not str:
            yield CHANGELOG, "CHANGELOG.md", "", text
    for note, text in settings(yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))):
        yield SITE, "mkdocs.yml", note, text


def record(loss: Any) -> Iterator[tuple[str, str]]:
    """Yield what the catalogue says of a loss."""
    for name in ("summary", "input", "target", "mean", "shapes", "eps"):
        yield name, getattr(loss, name)
    yield (
        "what else it is called, most usual name first; keep the English names",
        ", ".join(loss.aliases),
    )
    for name, title in PROPERTIES.items():
        claim = getattr(loss.properties, name)
        yield f"{title}: {'yes' if claim.holds else 'no'}", claim.reason
    for _, curve in figures.slices(loss.function):
        yield "a figure's horizontal axis", curve.label


def settings(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what mkdocs.yml says."""
    yield "the site's name", config["site_name"]
    yield "the site's description", config["site_description"]
    for palette in config["theme"]["palette"]:
        yield "a button", palette["toggle"]["name"]
    entries = list(config["nav"])
    for entry in entries:
        for title, below in entry.items():
            yield "navigation", title
            entries += below if isinstance(below, list) else []


def literals() -> Iterator[tuple[str, str]]:
    """Yield what the scripts say: the texts of their calls of `gettext`."""
    for path in sorted((ROOT / "scripts").rglob("*.py")):
        for text in said_by(ast.parse(path.read_text("utf-8")), {"gettext", "heading"}):
            yield path.relative_to(ROOT).as_posix(), text


def said_by(tree: ast.Module, functions: set[str]) -> Iterator[str]:
    """Yield the texts that a module hands to some functions, first of all."""
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in functions
    ]
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        text = node.args[0]
        if isinstance(text, ast.Constant):
            yield text.value
        elif isinstance(text, ast.Name) and text.id in constants:
            yield constants[text.id]


def messages() -> dict[str, Said]:
    """Return every message. What several losses say stands in a catalogue of its own."""
    found: dict[str, Said] = {}
    for home, place, note, text in occurrences():
        text = " ".join(text.split())
        template = bool(re.search(r"\{\w+\}", text)) and place.startswith("scripts/")
        if not (prose(text) or template):
            continue
        said = found.setdefault(text, Said(text, home, template=template))
        if said.home != home:
            said.home = SHARED if SITE not in (said.home, home) else SITE
        if place not in said.places:
            said.places.append(place)
        if note and note not in said.notes and len(said.notes) < 3:
            said.notes.append(note)
    return found


def read() -> dict[str, Message]:
    """Read all catalogues as they are."""
    found = {}
    for path in sorted(FOLDER.glob("*.po")):
        with path.open("rb") as file:
            found.update({m.id: m for m in read_po(file, abort_invalid=True) if m.id})
    return found


def extract() -> dict[Path, str]:
    """Return what the catalogues should be."""
    wanted, known = messages(), read()
    gone = [text for text, message in known.items() if text not in wanted and message.string]
    catalogues: dict[str, Catalog] = {}
    for said in wanted.values():
        catalogue = catalogues.setdefault(said.home, Catalog())
        old = known.get(said.text)
        message = Message(
            said.text,
            old.string if old else "",
            locations=[(place, None) for place in said.places],
            auto_comments=said.notes,
            user_comments=kept(old) if old else (),
        )
        if not old or not old.string:
            near = difflib.get_close_matches(said.text, gone, 1, 0.7)
            if near:
                message.string = known[near[0]].string
                message.user_comments.append(f"{BEFORE}{near[0]}")
                message.flags.add("fuzzy")
        elif old.fuzzy:
            message.flags.add("fuzzy")
        # TeX has braces, too.
        message.flags -= {"python-format"} | (set() if said.template else {"python-brace-format"})
        catalogue[said.text] = message
    return {FOLDER / f"{home}.po": written(home, c) for home, c in sorted(catalogues.items())}


BEFORE = "The English was: "


def kept(message: Message) -> list[str]:
    """Return the comments that outlive the extraction: what was said before goes with the mark."""
    lines = message.user_comments
    # Not its first line alone: in the file, what was said before is wrapped.
    return lines if message.fuzzy else list(takewhile(lambda x: not x.startswith(BEFORE), lines))


def written(home: str, catalogue: Catalog) -> str:
    titles = {
        SHARED: "What several losses say.",
        SITE: "What the site's own words say.",
        CHANGELOG: "What the changelog says.",
    }
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, omit_header=True)
    title = titles.get(home, f"{home}: its docstrings and its record.")
    return HEADER.format(title=title) + buffer.getvalue().decode("utf-8")


# Pages


def english_of(page: Path) -> Path:
    """Return what a page is translated from."""
    readme = ROOT / "README.zh.md"
    return ROOT / "README.md" if page == readme else ENGLISH / page.relative_to(PAGES)


def is_current(page: Path) -> bool:
    return page.exists() and stamped(page) == stamp_of(english_of(page))


def stamp(page: Path) -> None:
    text, line = page.read_text("utf-8"), f"english: {stamp_of(english_of(page))}"
    if stamped(page):
        text = re.sub(r"^(<!-- )?english: ['\"]?\w+['\"]?", rf"\1{line}", text, count=1, flags=re.M)
    elif text.startswith("---\n"):
        text = f"---\n{line}\n{text[4:]}"
    else:
        text = f"---\n{line}\n---\n\n{text}"
    page.write_text(text, "utf-8")


def status() -> Iterator[str]:
    """Name all that is missing or stale."""
    for page in (ROOT / "README.zh.md", *(PAGES / path for path in pages())):
        name, english = (path.relative_to(ROOT).as_posix() for path in (page, english_of(page)))
        if not page.exists():
            yield f"{name}: missing"
        elif not is_current(page):
            yield f"{name}: {english} has changed since"
    for page in sorted(PAGES.rglob("*.md")):
        if not english_of(page).exists():
            yield f"{page.relative_to(ROOT).as_posix()}: no English page; delete it"
    catalogues = extract()
    for path, text in catalogues.items():
        name = path.relative_to(ROOT).as_posix()
        if not path.exists() or path.read_text("utf-8") != text:
            yield f"{name}: out of date; run python scripts/run.py translate extract"
        for message in read_po(io.BytesIO(text.encode())):
            if message.id and not message.string:
                yield f"{name}: not translated: {message.id}"
            elif message.id and message.fuzzy:
                yield f"{name}: fuzzy: {message.id}"
    for path in sorted(set(FOLDER.glob("*.po")) - set(catalogues)):
        yield f"{path.relative_to(ROOT).as_posix()}: nothing says this any more; delete it"


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail while anything is on the list")
    parser.add_argument("command", nargs="?", choices=["extract", "stamp"])
    parser.add_argument("page", nargs="*", type=Path, help="pages to stamp")
    options = parser.parse_args()
    if options.command == "extract":
        catalogues = extract()
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path in set(FOLDER.glob("*.po")) - set(catalogues):
            path.unlink()
        for path, text in catalogues.items():
            path.write_text(text, "utf-8")
        return 0
    if options.command == "stamp":
        for page in options.page:
            stamp(page.resolve())
        return 0
    found = list(status())
    print("\n".join(found) or "All is translated.")
    return int(options.check and bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
