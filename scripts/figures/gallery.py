"""All losses at a glance, as small multiples; a part of them is the README's picture."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from losses.catalog import Record, groups
from scripts.figures.curves import course, limits, path, sample
from scripts.figures.drawing import (
    COLOURS,
    DASHES,
    INK,
    RECORDS,
    ROOT,
    STYLE,
    cached,
    clean,
    painted,
    svg,
)
from scripts.website.language import breakable, heading, named

# Mid-tones that stand out from white and from GitHub's dark background alike.
PRINT = dict(
    zip(
        COLOURS,
        ("#2f81c4", "#c8651b", "#1f8f6b", "#b85a94", "#7a7f87"),
        strict=True,
    )
)
SHOWN = (
    *("mse_loss", "l1_loss", "huber_loss", "gaussian_nll_loss"),
    *("cross_entropy", "focal_loss", "margin_ranking_loss", "triplet_margin_loss"),
)


def paint(loss: Record, axes: Axes) -> None:
    """Draw a loss's value, without numbers: only its shape."""
    assert loss.curve is not None
    lines = sample(loss.function, loss.curve)
    for index, line in enumerate(lines):
        axes.plot(*path(line, "value"), ls=DASHES[index], color=COLOURS[index], linewidth=2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    if loss.curve.domain[0] < 0 < loss.curve.domain[1]:
        axes.axvline(0, color=INK, linewidth=0.6, alpha=0.6, zorder=0)
    axes.set_xlim(loss.curve.domain)
    axes.set_ylim(limits(lines, "value"))


def tile(loss: Record) -> str:
    if loss.curve is None:
        return ""

    def make() -> str:
        assert loss.curve is not None
        first = sample(loss.function, loss.curve)[0]
        alt = named(loss.classes[0], course(first, "value"))
        name, margins = f"tile-{loss.function}", (4.0, 4.0, 4.0, 4.0)
        return painted(
            svg(lambda axes: paint(loss, axes), alt, name, size=(150, 84), margins=margins)
        )

    return cached(f"tile-{loss.function}", [loss.function], make)


def tiles(losses: Iterable[Record], store: Callable[[str], str], kind: str = "gallery") -> str:
    """Show losses as small pictures that link to their pages.

    The links are Markdown, for MkDocs to check; `store` sets the pictures aside from it.
    """
    links = []
    for loss in losses:
        # Names may break between their words.
        label = breakable(loss.classes[0])
        content = store(f"{tile(loss)}<span>{label}</span>")
        links.append(f"[{content}](losses/{loss.function}.md)")
    rows = "\n".join(links)
    return f'<div class="{kind}" markdown="1">\n{rows}\n</div>'


def gallery(store: Callable[[str], str], which: str = "all") -> str:
    """Show every loss, a section a family; or the `eight` that stand for them."""
    if which == "eight":
        return tiles((RECORDS[name] for name in SHOWN), store, "eight gallery")
    return "\n\n".join(
        f"## {heading(family.title)}\n\n{tiles(members, store)}" for family, members in groups()
    )


def readme() -> str:
    """Draw the README's picture: eight losses, four a row."""
    with mpl.rc_context({**STYLE, "svg.hashsalt": "readme"}):
        figure = Figure(figsize=(600 / 72, 270 / 72))
        for index, function in enumerate(SHOWN):
            row, column = divmod(index, 4)
            box = (0.01 + column * 0.25, 0.56 - row * 0.5, 0.23, 0.34)
            axes = figure.add_axes(box)
            paint(RECORDS[function], axes)
            axes.set_title(RECORDS[function].classes[0], fontsize=12)
        buffer = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    text = painted(clean(buffer.getvalue()), PRINT)
    names = 'xmlns="http://www.w3.org/2000/svg"'
    size = 'width="800" font-family="system-ui, sans-serif"'
    return re.sub("<svg ", f"<svg {names} {size} ", text, count=1) + "\n"


def write_readme() -> None:
    (ROOT / "docs" / "readme.svg").write_text(readme(), encoding="utf-8")
