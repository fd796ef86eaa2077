"""Markdown extension: give every interactive session a button that copies its code.

Prompts and outputs stay on the page; what is copied runs as it is. A session that shows an error
on purpose says so, `data-raises="ValueError"`. Signatures and source listings are no sessions and
get no button; the code that a page offers has one.

The theme would make the buttons in the browser, each in a nameless landmark and with the prompts;
made here, they only use the theme's clipboard.
"""

from __future__ import annotations

import ast
import doctest
import html
import re

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor

from scripts.language import say

BLOCK = re.compile(
    r'<div class="((?:[\w-]+ )*highlight(?: in-code| standalone)?)"><pre>(?!<div)(.*?)</pre></div>',
    re.DOTALL,
)


def code(examples: list[doctest.Example]) -> str:
    """Join the statements, with the empty line that an interpreter wants after a compound one."""
    parts = []
    for example in examples:
        last = ast.parse(example.source).body[-1]
        parts.append(example.source.rstrip() + "\n" * (2 if hasattr(last, "body") else 1))
    return "".join(parts).rstrip()


def button(source: str) -> str:
    title = say("Copy to clipboard")
    return (
        '<div class="md-code__nav"><button class="md-code__button" data-md-type="copy" '
        f'title="{html.escape(title)}" {source}></button></div>'
    )


class Sessions(Postprocessor):
    def run(self, text: str) -> str:
        return BLOCK.sub(self.copyable, text)

    def copyable(self, match: re.Match[str]) -> str:
        shown = html.unescape(re.sub(r"<[^>]*>", "", match[2]))
        kind = match[1].split()[-1]
        if kind in ("in-code", "standalone"):
            target = button(f'data-clipboard-target=".{kind} code"')
            # Not for the search: the docstring says it in words, and code weighs more than they do.
            inner = f"<pre data-search-exclude>{target}{match[2]}</pre>"
            return f'<div class="{match[1]}">{inner}</div>'
        if not shown.startswith(">>> "):
            return match[0]
        examples = doctest.DocTestParser().get_examples(shown)
        errors = dict.fromkeys(e.exc_msg.split(":")[0].strip() for e in examples if e.exc_msg)
        raises = f' data-raises="{" ".join(errors)}"' if errors else ""
        source = f'data-clipboard-text="{html.escape(code(examples))}"'
        return f'<div class="{match[1]}"{raises}><pre>{button(source)}{match[2]}</pre></div>'


class SessionsExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        # After the blocks that were set aside, docstrings among them, are back.
        md.postprocessors.register(Sessions(md), "losses-sessions", 1)


def makeExtension(**options: object) -> SessionsExtension:
    return SessionsExtension(**options)
