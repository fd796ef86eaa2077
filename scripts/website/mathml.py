"""Markdown extension: turn the formulas that arithmatex found into MathML, at build.

No script runs in the reader's browser and no other host is asked. A formula that cannot be
converted stops the build.
"""

from __future__ import annotations

import html
import re

from markdown import Extension, Markdown
from markdown.postprocessors import Postprocessor
from math_core import LatexError, LatexToMathML

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
CONVERTER = LatexToMathML(fancy_error=False)


def mathml(match: re.Match[str]) -> str:
    tag, latex = match[1], html.unescape(match[2]).strip()
    try:
        math = CONVERTER.convert_with_local_state(latex, displaystyle=tag == "div")
    except LatexError as error:
        raise ValueError(f"{error} in the formula\n{latex}") from error
    # Formulas would only litter the search index.
    return f'<{tag} class="math" data-search-exclude>{math}</{tag}>'


class MathML(Postprocessor):
    def run(self, text: str) -> str:
        return FORMULA.sub(mathml, text)


class MathMLExtension(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.postprocessors.register(MathML(md), "mathml", 0)


def makeExtension(**options: object) -> MathMLExtension:
    return MathMLExtension(**options)
