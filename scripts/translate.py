"""Keep the translations in step with the English: `python -m scripts.translate`.

`extract` writes all messages into `docs/locale/zh`, one catalogue a loss, and keeps what has been
translated. What has changed is marked fuzzy, with the English that it was made from; look at it
and remove the mark. `status` lists what is to do, the pages among it. `stamp PAGE ...` says that
pages of `docs/zh` have been brought up to the English ones of now.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import inspect
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from mkdocs.utils import yaml_load

import losses
from losses.catalog import CATALOG, FAMILIES, PROPERTIES
from scripts import benchmark, directives, figures, rosetta
from scripts.language import LOCALE, ROOT, parts, prose

FOLDER = LOCALE / "zh"
PAGES, ENGLISH = ROOT / "docs" / "zh", ROOT / "docs" / "en"
HEADER = """# {title}
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
SHARED, SITE = "shared", "site"


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
        for name in (loss.function, *loss.classes):
            for part in parts(inspect.getdoc(getattr(losses, name)) or ""):
                if part.kind == "title":
                    yield SITE, "losses", "a section's title", part.message
                else:
                    place = f"losses/_{loss.function}.py"
                    yield loss.function, place, f"{name}: {part.kind}", part.message
        for note, text in record(loss):
            yield loss.function, "losses/catalog.py", note, text
    for place, text in literals():
        yield SITE, place, "", text
    for text in (*FAMILIES.values(), *PROPERTIES.values()):
        yield SITE, "losses/catalog.py", "", text
    for text in rosetta.messages():
        yield SITE, "scripts/rosetta.py", "", text
    for text in filter(prose, benchmark.messages()):
        yield SITE, "scripts/benchmark.py", "", text
    for variable, entries in figures.COMPARISONS.values():
        for text in (variable, *(label for label, _, _ in entries)):
            yield SITE, "scripts/figures/__init__.py", "", text
    counts = json.loads((ROOT / "docs" / "checks.json").read_text("utf-8"))
    for fact in counts["facts"]:
        yield SITE, "docs/checks.json", "what was counted", fact
    for file in sorted((ROOT / "tests").glob("test_*.py")):
        # Those that are run on demand only are not counted.
        if not re.search(
            r"^pytestmark = [\[\s]*pytest.mark.(browser|zens)", file.read_text(), re.M
        ):
            said = directives.introduction(file)
            yield SITE, file.relative_to(ROOT).as_posix(), "what the file tests", said
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
    """Yield what the scripts say: the texts of their calls of `say`."""
    for path in sorted((ROOT / "scripts").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
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
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING
        ]
        for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            text = node.args[0]
            if isinstance(text, ast.Constant):
                yield path.relative_to(ROOT).as_posix(), text.value
            elif isinstance(text, ast.Name) and text.id in constants:
                yield path.relative_to(ROOT).as_posix(), constants[text.id]


SAYING = {"say", "heading"}


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
            user_comments=[line for line in old.user_comments if kept(line, old)] if old else (),
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


def kept(comment: str, message: Message) -> bool:
    """Tell whether a comment outlives the extraction: what was said before goes with the mark."""
    return message.fuzzy or not comment.startswith(BEFORE)


def written(home: str, catalogue: Catalog) -> str:
    titles = {SHARED: "What several losses say.", SITE: "What the site's own words say."}
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, omit_header=True)
    title = titles.get(home, f"{home}: its docstrings and its record.")
    return HEADER.format(title=title) + buffer.getvalue().decode("utf-8")


# Pages


def stamp_of(page: Path) -> str:
    """Return the stamp that says: translated from the English page of now."""
    return hashlib.sha256((ENGLISH / page.relative_to(PAGES)).read_bytes()).hexdigest()[:12]


def stamped(page: Path) -> str:
    """Return the stamp that a page carries."""
    match = re.match(r"---\n(?:.*\n)*?english: ['\"]?(\w+)['\"]?\n", page.read_text("utf-8"))
    return match[1] if match else ""


def stamp(page: Path) -> None:
    text, line = page.read_text("utf-8"), f"english: {stamp_of(page)}\n"
    if stamped(page):
        text = re.sub(r"^english: .*\n", line, text, count=1, flags=re.MULTILINE)
    elif text.startswith("---\n"):
        text = f"---\n{line}{text[4:]}"
    else:
        text = f"---\n{line}---\n\n{text}"
    page.write_text(text, "utf-8")


def status() -> Iterator[str]:
    """Name all that is missing or stale."""
    for english in sorted(ENGLISH.rglob("*.md")):
        page = PAGES / english.relative_to(ENGLISH)
        name = page.relative_to(ROOT).as_posix()
        if not page.exists():
            yield f"{name}: missing"
        elif stamped(page) != stamp_of(page):
            yield f"{name}: the English page has changed since; see `git log {english.name}`"
    for page in sorted(PAGES.rglob("*.md")):
        if not (ENGLISH / page.relative_to(PAGES)).exists():
            yield f"{page.relative_to(ROOT).as_posix()}: no English page"
    for path, text in extract().items():
        name = path.relative_to(ROOT).as_posix()
        if not path.exists() or path.read_text("utf-8") != text:
            yield f"{name}: out of date; run python -m scripts.translate extract"
        for message in read_po(io.BytesIO(text.encode())):
            if message.id and not message.string:
                yield f"{name}: not translated: {message.id}"
            elif message.id and message.fuzzy:
                yield f"{name}: fuzzy: {message.id}"
    for path in set(FOLDER.glob("*.po")) - set(extract()):
        yield f"{path.relative_to(ROOT).as_posix()}: nothing says this any more; delete it"


def main() -> int:
    command, *names = sys.argv[1:] or ["help"]
    if command == "extract":
        catalogues = extract()
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path in set(FOLDER.glob("*.po")) - set(catalogues):
            path.unlink()
        for path, text in catalogues.items():
            path.write_text(text, "utf-8")
    elif command == "status":
        found = list(status())
        print("\n".join(found) or "Nothing is to do.")
        return bool(found)
    elif command == "stamp" and names:
        for name in names:
            stamp(Path(name).resolve())
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
