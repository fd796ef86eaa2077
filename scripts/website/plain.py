"""Write a page as Markdown that needs nothing of ours, for readers and programs that copy it.

Directives, docstrings and folds become text, headings and lists. Sessions import from PyTorch where
those of the page do.
"""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Iterator
from textwrap import dedent

import losses
from scripts import figures
from scripts.website import card, directives, language, snippets
from scripts.website.alone import FUNCTIONS, alone, last_step
from scripts.website.language import gettext
from scripts.website.steps import with_steps

FENCE = re.compile(r"^(`{3,})(\w*).*?\n(.*?)^\1$", re.DOTALL | re.MULTILINE)
FOLDED = re.compile(r'^(?:\?\?\?\+?|!!!) \w+ "(.*)"\n((?:(?: {4}.*)?\n)+)', re.MULTILINE)
SESSION = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)
# A docstring's sections; the titles of some are translated in it already.
SECTION = re.compile(
    r"^(Args|Attributes|Shape|Returns|Raises|Examples|References):(?: (.+))?\n", re.MULTILINE
)
ITEM = re.compile(r"^([\w.]+): (.*)", re.MULTILINE)
REFERENCE = re.compile(r"\[([^\]]+)\]\[losses\.(\w+)[\w.]*\]")


def page(source: str) -> str:
    text = re.sub(r"\A---\n.*?\n---\n+", "", source, flags=re.DOTALL)
    lines = []
    for line in text.splitlines():
        match = directives.LINE.match(line)
        lines.append(directive(match[1], match[2].split()) if match else line)
    text, parts, end, session = "\n".join([*lines, ""]), [], 0, ""
    for fence in FENCE.finditer(text):
        code = fence[3]
        if code.startswith(">>> "):
            code = session = with_steps(code, session)
        parts += [tidied(text[end : fence.start()]), fenced(code, fence[2])]
        end = fence.end()
    return "".join([*parts, tidied(text[end:])]).strip() + "\n"


def tidied(text: str) -> str:
    """Take out of a text what only the site's builder understands."""
    text = re.sub(r"^(#+ .*?) *\{ *#[^}]*\}$", r"\1", text, flags=re.MULTILINE)
    forms = r'^<div[^>]* markdown="0">\n.*?^</div>\n'
    text = re.sub(forms, "", text, flags=re.MULTILINE | re.DOTALL)
    alone = r"^(?:<a id=.*></a>|<script .*></script>|\{:.*\}|</?div.*>)\n"
    text = re.sub(alone, "", text, flags=re.MULTILINE)
    text = FOLDED.sub(lambda match: f"**{match[1]}**\n{dedent(match[2])}", text)
    text = REFERENCE.sub(lambda match: f"[{match[1]}]({FUNCTIONS[match[2]]}.md)", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def fenced(code: str, name: str) -> str:
    if code.startswith(">>> "):
        session = alone(code)
        # No definition is carried here.
        code = last_step(code if session.carried else session.shown)
    return f"```{name}\n{code.rstrip()}\n```"


def directive(name: str, arguments: list[str]) -> str:
    match name:
        case "standalone":
            link = f"[{directives.download(*arguments)}]({directives.file_beside(*arguments)})"
            return f"{link}\n\n{fenced(snippets.bundle(*arguments), 'python')}"
        case "program":
            return fenced(code_of(directives.program(*arguments)), "python")
        case "card":
            return f"{card.plain(*arguments)}\n\n{spoken(figures.first(*arguments))}"
        case "examples":
            found = SECTION.split(language.docstring(*arguments))
            return section("Examples", found[found.index("Examples") + 2])
        case "parameters":
            return "\n\n".join(documented(*arguments))
        case "install":
            text = directives.install()
            links = re.findall('<a href="(.*?)".*?>(.*?)</a>', text)
            linked = [f"[{name}]({address})" for address, name in links]
            return "\n\n".join([*linked, fenced(code_of(text), "")])
        case "gallery":
            return re.sub(r"^(?=\[)", "- ", figures.gallery(spoken, *arguments), flags=re.MULTILINE)
    if name in directives.MARKDOWN:
        return directives.MARKDOWN[name](*arguments)
    return spoken(directives.HTML[name](*arguments))


def code_of(block: str) -> str:
    """Return the code in what a directive shows."""
    inner = re.findall("<pre>(.*?)</pre>", block, re.DOTALL)
    return "\n\n".join(html.unescape(re.sub("<[^>]*>", "", code)) for code in inner)


def spoken(drawn: str) -> str:
    """Return what a drawing says to those who do not see it."""
    return "\n\n".join(html.unescape(label) for label in re.findall(r'aria-label="(.*?)"', drawn))


def documented(function: str) -> list[str]:
    """Describe a function and its classes; its examples stand elsewhere on the page."""
    text = language.docstring(function)
    blocks = [signature(function, getattr(losses, function)), *sections(text, but="Examples")]
    for name in figures.RECORDS[function].classes:
        for full, text in language.docstrings(name):
            item = getattr(losses, name)
            for part in full.split(".")[1:]:
                item = getattr(item, part)
            blocks += [signature(full, item), *sections(language.translated(text))]
    return blocks


def signature(name: str, item: Callable[..., object]) -> str:
    kind = "class" if inspect.isclass(item) else "def"
    given = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(item)))
    code = fenced(f"{kind} {name.rpartition('.')[2]}{given}", "python")
    return f"{'####' if '.' in name else '###'} {name}\n\n{code}"


def sections(docstring: str, but: str = "") -> Iterator[str]:
    """Yield what a docstring says first, then each of its sections, under its title."""
    first, *rest = SECTION.split(docstring)
    yield first.strip()
    for name, title, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        if name != but:
            yield f"**{title or titles()[name]}**"
            yield section(name, body)


def section(name: str, body: str) -> str:
    text = dedent(body).strip()
    if name in ("Args", "Attributes", "Raises"):
        text = re.sub(r"^ {4}", "  ", text, flags=re.MULTILINE)
        text = ITEM.sub(lambda item: f"- {language.named(f'`{item[1]}`', item[2])}", text)
    return SESSION.sub(lambda session: fenced(f"{session[0]}\n", "pycon"), text)


def titles() -> dict[str, str]:
    return {
        "Args": gettext("Parameters"),
        "Attributes": gettext("Attributes"),
        "Shape": gettext("Shape"),
        "Returns": gettext("Returns"),
        "Raises": gettext("Raises"),
        "Examples": gettext("Examples"),
        "References": gettext("References"),
    }
