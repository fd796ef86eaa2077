"""The card of a loss: formula and gradient, code in tabs, curves, what goes in, on one screen."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import losses
from losses.catalog import Record
from scripts import figures
from scripts.figures.drawing import RECORDS
from scripts.website import language, rosetta, snippets
from scripts.website.alone import alone, sessions_in
from scripts.website.language import gettext
from scripts.website.narrow import narrow

LINES = 16  # of code that stand above the curves, and leave room for their beginning on a screen
DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)

# What a card expects where the module itself would convert it.
EXPECTS = {
    "ctc_loss": "It takes `log_probs` as (T, N, C), `targets` as (N, S), and both lengths as int64 "
    "tensors (N).",
    "gaussian_nll_loss": "It takes `var` as a tensor that broadcasts to `input`.",
}


def card(function: str, store: Callable[[str], str]) -> str:
    """Write the card as Markdown; `store` sets pictures and code aside from it."""
    code = [
        '<a id="in-code"></a>',
        *(tab(title, text) for title, text in tabs(function, store)),
    ]
    curves = [store(figures.first(function))]
    # The first tab is a call of PyTorch, or all of the code, which may be a screen long.
    short_ = RECORDS[function].torch_equivalent or short(function).count("\n") <= LINES
    parts = [
        formulas(function),
        *(code + curves if short_ else curves + code),
        '<a id="six-questions"></a>',
        glance(RECORDS[function]),
    ]
    return "\n\n".join(['<div class="card" markdown="1">', *parts, "</div>"])


def plain(function: str) -> str:
    """Write the card for programs that read: without columns, tabs and pictures."""
    blocks = [f"**{title}**\n\n{display}" for title, display in displays(function)]
    for title, text in tabs(function, fenced):
        blocks.append(f"**{title}**\n\n{text}")
    answers = (
        f"- {language.named(f'**{title}**', escaped(text))}"
        for title, text in answers_of(RECORDS[function])
    )
    return "\n\n".join([*blocks, "\n".join(answers)])


def fenced(code: str) -> str:
    """Turn highlighted code into Markdown again."""
    return f"```python\n{html.unescape(re.sub(r'<[^>]*>', '', code)).strip()}\n```"


def formulas(function: str) -> str:
    """Show the docstring's first formula, and its first gradient."""
    columns = [
        f'<div markdown="1">\n\n**{title}**\n\n{display}\n\n</div>'
        for title, display in displays(function)
    ]
    return "\n\n".join(['<div class="formulas" markdown="1">', *columns, "</div>"])


def displays(function: str) -> list[tuple[str, str]]:
    text = language.docstring(function)
    found = DISPLAY.findall(text[: text.index("\nArgs:")])
    gradient = next(display for display in found if r"\partial" in display)
    return [(gettext("Loss"), found[0]), (gettext("Gradient"), gradient)]


def tab(title: str, text: str) -> str:
    return f'=== "{title}"\n\n' + re.sub(r"^(?=.)", "    ", text, flags=re.MULTILINE)


def tabs(function: str, store: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """Yield what each tab is called, and what it holds."""
    if RECORDS[function].torch_equivalent:
        first = sessions_in(inspect.getdoc(getattr(losses, function)) or "")[0]
        yield (
            "PyTorch",
            store(highlighted(narrow(alone(first).program), "language-python highlight")),
        )
    shown = store(highlighted(short(function), "highlight in-code"))
    yield gettext("From scratch"), f"{shown}\n\n{left_out(function)}"
    for library, program in rosetta.programs(function):
        yield library, store(highlighted(program, "language-python highlight"))


def highlighted(source: str, name: str) -> str:
    formatter = HtmlFormatter(cssclass=name, wrapcode=True)
    return highlight(source, PythonLexer(), formatter)


@cache
def short(function: str) -> str:
    """Return the short form, its lines broken for a narrow page."""
    return narrow(snippets.card(function).code)


def left_out(function: str) -> str:
    """Say what the short form does not do that the loss does."""
    card = snippets.card(function)
    parts = [gettext("checks and messages"), gettext("half precision")]
    numbers = [call for call in card.conversions if call.function in ("upcast", "paired")]
    others = [call for call in card.conversions if call not in numbers]
    if any("target" in call.after for call in others):
        parts.append(gettext("class indices of another type than int64 or of another shape"))
    if any(len(call.after) > 1 for call in numbers):
        parts.append(gettext("integers and booleans"))
    if ".double()" in card.code:
        parts.append(gettext("the result in the data type of `input`"))
    parts += [f"`{name}`" for name in card.arguments]
    told = gettext("The function alone. Left out: {parts}.", parts=language.listed(parts))
    expects = EXPECTS.get(function)
    return language.sentences(told, gettext(expects) if expects else "")


def answers_of(loss: Record) -> list[tuple[str, str]]:
    """Answer what readers ask first, where there is an answer."""
    rows = {
        gettext("Input"): loss.input,
        gettext("Target"): loss.target,
        gettext("Shapes"): loss.shapes,
        gettext("`'mean'` divides by"): loss.mean,
        gettext("Epsilon"): loss.eps,
    }
    told = [(title, gettext(text)) for title, text in rows.items() if text]
    if language.context.language == "en":
        return told
    # Shapes alone have nothing to translate but their marks.
    return [(title, text.replace("` (", "`：(").replace("), `", ")；`")) for title, text in told]


def glance(loss: Record) -> str:
    """Show the answers side by side."""
    cells = [
        f'<div markdown="1">\n\n**{title}**\n\n{escaped(text)}\n\n</div>'
        for title, text in answers_of(loss)
    ]
    return "\n\n".join(['<div class="glance" markdown="1">', *cells, "</div>"])


def escaped(text: str) -> str:
    return text.replace("*", r"\*")  # (*) is no emphasis
