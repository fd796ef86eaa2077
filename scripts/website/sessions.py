"""Markdown extension: give every interactive session a button that copies it as a program.

Prompts and outputs stay on the page. What is copied needs PyTorch alone, and prints what the page
shows: `scripts/website/alone.py` says how. A session that shows an error on purpose says so,
`data-raises="ValueError"`, one that needs this package after all `data-package`. Signatures and
source listings are no sessions and get no button; the code that a page offers has one.

The theme would make the buttons in the browser, each in a nameless landmark and with the prompts;
made here, they only use the theme's clipboard.
"""

from __future__ import annotations

import html
import re
from posixpath import dirname, relpath

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer

from scripts.website import language
from scripts.website.alone import FUNCTIONS, Alone, alone, last_step
from scripts.website.language import gettext
from scripts.website.steps import STEP, with_steps

BLOCK = re.compile(
    r'<div class="((?:[\w-]+ )*highlight(?: in-code| standalone)?)"><pre>(?!<div)(.*?)</pre></div>',
    re.DOTALL,
)
NOTE = re.compile(r'<p class="copied">.*?</p>')
LINK = re.compile(r'href="(\w+\.html)#')


def button(source: str) -> str:
    title = gettext("Copy to clipboard")
    return (
        '<div class="md-code__nav"><button class="md-code__button" data-md-type="copy" '
        f'title="{html.escape(title)}" {source}></button></div>'
    )


class Sessions(Postprocessor):
    def run(self, text: str) -> str:
        self.session = ""  # the one before, with its steps
        return BLOCK.sub(self.copyable, text)

    def copyable(self, match: re.Match[str]) -> str:
        kinds, block = match.groups()
        text = html.unescape(re.sub(r"<[^>]*>", "", block))
        kind = kinds.split()[-1]
        listing = kind in ("in-code", "standalone")
        if listing or kinds == "language-python highlight":
            copied = f'data-clipboard-target=".{kind} code"' if listing else copies(text.rstrip())
            # Not for the search: the page says it in words, and code weighs more than they do.
            return (
                f'<div class="{kinds}"><pre data-search-exclude>{button(copied)}{block}</pre></div>'
            )
        if not text.startswith(">>> "):
            return match[0]
        self.session = with_steps(text, self.session)
        session = alone(self.session)
        if (shown := last_step(session.shown)) != text:
            code = highlight(shown, PythonConsoleLexer(), HtmlFormatter(nowrap=True))
            block = f"<span></span><code>{code}</code>"
        marks = f' data-raises="{" ".join(session.raises)}"' if session.raises else ""
        marks += " data-package" if session.package else ""
        copied = button(copies(session.program))
        return f'<div class="{kinds}"{marks}><pre>{copied}{block}</pre>{told(session)}</div>'


def copies(program: str) -> str:
    return f'data-clipboard-text="{html.escape(program)}"'


def told(session: Alone) -> str:
    """Say under a session what its copy carries, or that it needs this package."""
    if session.package:
        note = gettext("This is about the package, so it needs the package installed.")
    elif session.carried:
        # Of a class there is no short form.
        whole = session.whole or any(FUNCTIONS[name] != name for name in session.carried)
        names = language.listed(linked(name, whole) for name in session.carried)
        if whole:
            note = gettext("The copy brings all of {names} along, checks included.", names=names)
        else:
            note = gettext("The copy brings a short form of {names} along.", names=names)
    else:
        note = ""
    if STEP.search(session.shown):
        note = language.sentences(gettext("The copy begins with the steps before it."), note)
    return f'<p class="copied">{note}</p>' if note else ""


def linked(name: str, whole: bool) -> str:
    """Link to the code of a loss, as the loss's own folder sees it; `placed` mends that."""
    anchor = "take-this-loss-with-you" if whole else "in-code"
    return f'<a href="{FUNCTIONS[name]}.html#{anchor}"><code>{name}</code></a>'


def placed(page: str, path: str) -> str:
    """Let the notes below sessions lead from this page to where the code stands."""

    def seen_from_here(link: re.Match[str]) -> str:
        target = f"losses/{link[1]}"
        same = target == path.replace(".md", ".html")
        return f'href="{"" if same else relpath(target, dirname(path) or ".")}#'

    return NOTE.sub(lambda note: LINK.sub(seen_from_here, note[0]), page)


class SessionsExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        # After the blocks that were set aside, docstrings among them, are back.
        md.postprocessors.register(Sessions(md), "losses-sessions", 1)


def makeExtension(**options: object) -> SessionsExtension:
    return SessionsExtension(**options)
