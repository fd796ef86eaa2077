"""The site's languages: what is said in English is looked up in `docs/locale`, message by message.

English stays the source. Names, parameters, code and formulas are no messages. A message or a page
without a translation of its present English is shown in English, see `scripts/website/fallback.py`.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import griffe
import jieba
from babel.messages.pofile import read_po
from markdown.extensions.toc import slugify

import losses
from losses.catalog import CATALOG, Record, module_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LOCALE = DOCS / "locale"
LANGUAGES = {"en": "English", "zh": "简体中文", "zh-hant": "繁體中文"}


@dataclass
class Context:
    """The language of this build, and what has been said in it.

    Attributes:
        language: Its name in `LANGUAGES`.
        translations: English text, and what it is in this language.
        used: What has been said, for the figures' cache.
        untranslated: What has been said in English, for want of a translation.
    """

    language: str = "en"
    translations: dict[str, str] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)
    untranslated: set[str] = field(default_factory=set)


context = Context()


def catalogues(name: str) -> dict[str, str]:
    """Read all translations into a language; what is marked fuzzy is of an older English."""
    found = {}
    for path in sorted((LOCALE / name).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, abort_invalid=True):
                if message.id and message.string and not message.fuzzy:
                    found[message.id] = message.string
    return found


def use(name: str) -> None:
    """Speak this language from now on."""
    if name != context.language:
        context.language = name
        context.translations = catalogues(name) if name != "en" else {}


def gettext(text: str, **values: object) -> str:
    """Translate a message, then fill in its values. All words that are generated pass here."""
    said = context.used[text] = context.translations.get(text, text)
    if context.language != "en" and text not in context.translations and prose(text):
        context.untranslated.add(text)
    return said.format(**values) if values else said


def heading(title: str) -> str:
    """Translate a heading; its anchor stays that of the English one."""
    said = gettext(title)
    return said if said == title else f"{said} {{ #{slugify(title, '-')} }}"


def listed(items: Iterable[str], english: str = ", ", chinese: str = "、") -> str:
    """Join items by the mark that this language puts between them."""
    return (english if context.language == "en" else chinese).join(items)


def named(name: str, what: str) -> str:
    return gettext("{name}: {course}", name=name, course=what)


def breakable(name: str) -> str:
    """Let a name break after its words, where a phone has no place for all of it."""
    return re.sub(r"[._/]|(?<=[a-z])(?<!Io)(?=[A-Z])", r"\g<0><wbr>", name)


def cut(text: str) -> str:
    """Show the search where Chinese words begin, as the theme does in texts."""
    return re.sub(r"[\u4e00-\u9fff]+", lambda match: "\u200b".join(jieba.cut(match[0])), text)


def aliases(loss: Record) -> list[str]:
    """Return what else a loss is called, in English and in this language."""
    translated = re.split("、|, ", gettext(", ".join(loss.aliases)))
    return list(dict.fromkeys([*translated, *loss.aliases]))


def file_of(function: str) -> str:
    """Return where the code of a loss stands, as in `losses/regression/_mse_loss.py`."""
    return module_of(function).replace(".", "/") + ".py"


def sentences(*parts: str) -> str:
    """Put sentences one after the other; Chinese ones need no space."""
    return ("" if context.language != "en" else " ").join(filter(None, parts))


# Pages


def pages() -> list[str]:
    """List all pages: those that there are in English."""
    english = DOCS / "en"
    return [page.relative_to(english).as_posix() for page in sorted(english.rglob("*.md"))]


def source(path: str) -> Path:
    """Return what a page is made from: its translation if that is of the English of now."""
    english, page = DOCS / "en" / path, DOCS / context.language / path
    current = page.exists() and stamped(page) == stamp_of(english)
    return page if context.language == "en" or current else english


def stamp_of(english: Path) -> str:
    """Return the stamp that says: translated from this English, as it is now.

    Its front matter is for English readers' searches, and none of the translator's business.
    """
    said = re.sub(r"\A---\n.*?\n---\n+", "", english.read_text("utf-8"), flags=re.DOTALL)
    return hashlib.sha256(said.encode()).hexdigest()[:12]


STAMP = re.compile(r"^(?:<!-- )?english: ['\"]?(\w+)['\"]?(?: -->)?$", re.MULTILINE)


def stamped(page: Path) -> str:
    """Return the stamp that a translation carries: in its front matter, README in a comment."""
    match = STAMP.search(page.read_text("utf-8"))
    return match[1] if match else ""


# What is not prose: code, formulas except their words, addresses, tags, values to be filled in,
# names with capitals inside or joined by underscores or dots, settings.
NOT_WORDS = re.compile(
    r"`[^`]*`|\]\([^)]*\)|\]\[[^\]]*\]|<[^>]*>|\{\w*\}"
    r"|\b\w*[A-Z]\w*[A-Z]\w*\b|\b\w+[_.]\w[\w.]*\b|\b\w+ = [\w.−-]+"
)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$]+\$", re.DOTALL)
TEXT = re.compile(r"\\text\{([^{}]*)\}")
MATHEMATICS = {"exp", "inf", "log", "max", "min", "nan"}


def prose(text: str) -> bool:
    """Tell whether a text has words to translate."""
    text = FORMULA.sub(lambda match: " ".join(TEXT.findall(match[0])), text)
    found = re.findall(r"[A-Za-z]{2,}", NOT_WORDS.sub(" ", text))
    return bool({word.lower() for word in found} - MATHEMATICS)


# Docstrings


@dataclass(frozen=True)
class Part:
    """A part of a docstring: what it begins with, its message, and what it is."""

    start: str
    message: str
    kind: str
    source: str  # as it stands, where it is no message


SECTION = re.compile(r"^([A-Z]\w*):$")
KNOWN = {"Args", "Attributes", "Examples", "Raises", "Returns"}  # mkdocstrings translates these
NAMED = {"Args", "Attributes", "Raises"}  # sections whose items begin with a name
ITEM = re.compile(r"^( *)((?:- |\d+\. |)(?:Deprecated since: )?)(.*)$")
# Authors, title and year stay; a remark after them is a message.
CITED = re.compile(r"^(.*?\b(?:18|19|20)\d\d)(, |: |; )(.+)$")


def parts(docstring: str) -> Iterator[Part]:
    """Split a docstring into messages and what is between them."""
    lines = docstring.splitlines()
    section, index = "", 0
    while index < len(lines):
        line = lines[index]
        stripped = line.strip()
        index += 1
        if match := SECTION.match(line):
            section = match[1]
            if section in KNOWN:
                yield Part("", "", section, line)
            else:
                yield Part(f"{section}: ", section, "title", line)
            continue
        if stripped.startswith((">>> ", "```")) or stripped == "$$":
            block = [line]
            closing = "" if stripped.startswith(">>>") else stripped[:3]
            while index < len(lines) and lines[index].strip() != closing:
                block.append(lines[index])
                index += 1
            if closing and index < len(lines):
                block.append(lines[index])
                index += 1
            source = "\n".join(block)
            if closing == "$$" and prose(joined := " ".join(source.split())):
                indent = line.partition("$$")[0]
                yield Part(indent, joined, f"{section} formula".strip(), source)
            else:
                yield Part("", "", "code", source)
            continue
        if not stripped:
            yield Part("", "", "", line)
            continue
        indent = line[: len(line) - len(line.lstrip())]
        named = (
            re.match(r"(\w+: )(.*)", stripped) if section in NAMED and indent == " " * 4 else None
        )
        bullet = re.match(r"(- |\d+\. )(.*)", stripped)
        start, text = (named or bullet).groups() if named or bullet else ("", stripped)
        block, words = [line], [text]
        while index < len(lines) and not ends(lines[index], section, bool(named or bullet), indent):
            block.append(lines[index])
            words.append(lines[index].strip())
            index += 1
        message = " ".join(words)
        start, kind = indent + start, f"{section} {start.strip(': ')}".strip() or "text"
        if section == "References" and (cited := CITED.match(message)):
            start, message, kind = (
                f"{start}{cited[1]}{cited[2]}",
                cited[3],
                f"{section}, {cited[1]}",
            )
        elif section == "References" and (
            re.search(r"\b(?:18|19|20)\d\d$", message) or not prose(re.sub(r"\[.*?\]", "", message))
        ):
            message = ""
        if message and prose(message):
            yield Part(start, message, kind, "\n".join(block))
        else:
            yield Part("", "", kind, "\n".join(block))


def ends(line: str, section: str, item: bool, indent: str) -> bool:
    """Tell whether a line begins something new."""
    stripped = line.strip()
    if not stripped or stripped == "$$" or stripped.startswith((">>> ", "```", "- ")):
        return True
    return section in NAMED and item and len(line) - len(line.lstrip()) <= len(indent)


def translated(docstring: str) -> str:
    """Return a docstring with its messages in the language of this build, where they have one."""
    if context.language == "en":
        return docstring
    lines = []
    for part in parts(docstring):
        if part.message not in context.translations:
            shape = part.kind.startswith("Shape") and not part.message
            said = part.source.replace("`: ", "`：").replace("`, `", "`、`")
            said = re.sub(r"\.$", "。", said)
            lines.append(said if shape else part.source)
        else:
            said = gettext(part.message)
            start = part.start
            if part.kind.startswith("References,"):
                start = re.sub(r"(, |: |; )$", lambda m: "，：；"[", : ; ".index(m[0]) // 2], start)
            lines.append(start + (said.replace("\n", f"\n{start}")))
    return "\n".join(lines)


def docstring(name: str) -> str:
    """Return the docstring of a function or class of the package."""
    return translated(inspect.getdoc(getattr(losses, name)) or "")


def docstrings(name: str) -> Iterator[tuple[str, str]]:
    """Yield the names and docstrings that the site shows of a function, or class with methods."""
    shown = getattr(losses, name)
    yield name, inspect.getdoc(shown) or ""
    for method, value in vars(shown).items():
        if inspect.isfunction(value) and not re.match(r"_|extra_repr$|forward$", method):
            yield f"{name}.{method}", inspect.getdoc(value) or ""


PUBLIC = {name for loss in CATALOG for name in (loss.function, *loss.classes)}


class Docstrings(griffe.Extension):
    """Let mkdocstrings find the docstrings translated."""

    def on_object(self, *, obj: griffe.Object, **kwargs: object) -> None:
        if obj.docstring and any(x and x.name in PUBLIC for x in (obj, obj.parent)):
            obj.docstring.value = translated(inspect.cleandoc(obj.docstring.value))
