"""What all pictures share: one style, words that can be translated, and the cache.

The drawings are SVG that takes its colours from the page, so they follow the light and dark
themes. The same source gives the same bytes.
"""

from __future__ import annotations

import ast
import hashlib
import html
import inspect
import io
import json
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from losses.catalog import CATALOG, module_of
from scripts.website import language

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "figures"
RECORDS = {loss.function: loss for loss in CATALOG}

# Stand-ins in matplotlib's output for what the page's style sheet defines.
PAGE_COLOURS = {
    "#000101": "var(--figure-1)",
    "#000102": "var(--figure-2)",
    "#000103": "var(--figure-3)",
    "#000104": "var(--figure-4)",
    "#000105": "currentColor",
    "#000106": "var(--figure-grid)",
}
# Okabe and Ito's palette, black included, is safe for colour-blind readers; the dashes serve
# everyone else.
COLOURS = list(PAGE_COLOURS)[:5]
INK, GRID = list(PAGE_COLOURS)[4:]
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (4, 1, 1, 1, 1, 1)))

STYLE = {
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.unicode_minus": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "lines.linewidth": 2,
    "path.simplify_threshold": 0.05,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
WIDTH, HEIGHT = 302, 224  # in the SVG's units; on a phone one unit is a little over a pixel


def number(value: float) -> str:
    """Write a number as the axes do, with a true minus sign and no -0."""
    return f"{0.0 if abs(value) < 5e-4 else value:.3g}".replace("-", "−")


def svg(
    paint: Callable[[Axes], None],
    alt: str,
    salt: str,
    *,
    title: str = "",
    labels: tuple[str, str] = ("", ""),
    legend_rows: int = 0,
    size: tuple[float, float] = (WIDTH, HEIGHT),
    margins: tuple[float, float, float, float] = (43, 11, 22, 38),  # left, right, top, bottom
) -> str:
    """Draw one panel. Groups whose id begins with @ get the rest as class and attributes."""
    left, right, top, bottom = margins
    top += 14 * legend_rows
    width, height = size[0], size[1] + 14 * max(0, legend_rows - 1)
    with mpl.rc_context({**STYLE, "svg.hashsalt": salt}):
        figure = Figure(figsize=(width / 72, height / 72))
        box = (left / width, bottom / height)
        axes = figure.add_axes((*box, 1 - (left + right) / width, 1 - (top + bottom) / height))
        axes.set_axisbelow(True)
        paint(axes)
        axes.set_xlabel(labels[0], labelpad=3)
        axes.set_ylabel(labels[1], labelpad=2)
        if title:
            figure.text(6 / width, 1 - 14 / height, title)
        buffer = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        with warnings.catch_warnings():
            # Matplotlib measures words in a font that lacks Chinese; the reader's has it.
            warnings.filterwarnings("ignore", "Glyph")
            figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    text = clean(buffer.getvalue())
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1)


# Neighbours of one look are one path, unless one is seen through the other.
ALIKE = re.compile(r'(<path d="[^"]*)("(?:(?!opacity)[^<>])*/>)<path d="([^"]*)\2')


def clean(text: str) -> str:
    """Strip matplotlib's output of what the page decides, and of digits that nobody sees."""
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<(metadata|style).*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"; font-family: [^;\"]*|font-family: [^;\"]*; ?", "", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    text = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", text)
    text = re.sub(r'<g id="[^"]*" ?/>', "", text)  # axes without ticks
    text = re.sub(r'<g id="(?:@([^"]*)|[^"]*)">', group, text)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', text)
    text = re.sub(r'<path d="[^"]*" style="fill: none" ?/>', "", text)  # unseen backgrounds
    text = re.sub(r"(text-anchor: start; |; stroke-dashoffset: 0\b)", "", text)  # the defaults
    text = re.sub(r'(?<= d=")[-\d.MLz\s]+(?=")', thinned, text)
    text = re.sub(r'(?<= [xy]=")[-\d.]+(?=")', lambda match: f"{round(float(match[0]), 1):g}", text)
    # In a tag, not in what is written
    text = re.sub(r"\d+\.\d{3,}(?=[^<>]*>)", lambda match: f"{float(match[0]):.2f}", text)
    text = re.sub(r'(?<=["#])([mp][0-9a-f]{4})[0-9a-f]{6}(?=[")])', r"\1", text)  # still distinct
    text = re.sub(r"\s*\n\s*", " ", text).replace(" />", "/>").replace(' "', '"')
    text = re.sub(r"> +<", "><", text.replace("xlink:href", "href"))
    text = re.sub(r"<defs></defs>", "", ungrouped(text))
    while (fewer := ALIKE.sub(r"\1\3\2", text)) != text:
        text = fewer
    return text


def ungrouped(text: str) -> str:
    """Take away the groups that say nothing."""
    kept, open_ = [], []
    for part in re.split(r"(</?g\b[^>]*>)", text):
        if part.startswith("<g"):
            open_.append(part)
        said = open_.pop() if part == "</g>" else part
        if said != "<g>":
            kept.append(part)
    return "".join(kept)


def thinned(match: re.Match[str]) -> str:
    """Leave out the points of a path that lie on the line between others, to 0.1 units.

    Each is written as its distance from the one before: such numbers are short, and look alike.
    """
    parts = []
    for stroke in re.findall(r"M[^M]+", match[0]):
        points = np.array(re.findall(r"-?[\d.]+", stroke), float).reshape(-1, 2)
        tenths = np.rint(points[simplified(points)] * 10).astype(int)
        start, *steps = (
            " ".join(map(tenth, point)) for point in np.diff(tenths, axis=0, prepend=0)
        )
        line = "l" + " ".join(steps) if steps else ""
        parts.append(f"M{start}{line}{'z' if 'z' in stroke else ''}".replace(" -", "-"))
    return "".join(parts)


def tenth(count: int) -> str:
    return f"{count / 10:g}".replace("0.", ".") if abs(count) < 10 else f"{count / 10:g}"


def simplified(points: np.ndarray, tolerance: float = 0.1) -> list[int]:
    """Return the indices that the algorithm of Ramer, Douglas and Peucker keeps."""
    kept, open_ends = {0, len(points) - 1}, [(0, len(points) - 1)]
    while open_ends:
        first, last = open_ends.pop()
        if last - first < 2:
            continue
        inner, chord = points[first + 1 : last] - points[first], points[last] - points[first]
        length = float(np.hypot(*chord))
        away = np.abs(inner @ (-chord[1], chord[0])) / length if length else np.hypot(*inner.T)
        if away.max() > tolerance:
            middle = first + 1 + int(away.argmax())
            kept.add(middle)
            open_ends += [(first, middle), (middle, last)]
    return sorted(kept)


def group(match: re.Match[str]) -> str:
    if not match[1]:
        return "<g>"
    name, _, step = match[1].partition(":")
    return f'<g class="{name}" data-step="{step}">' if step else f'<g class="{name}">'


def painted(text: str, colours: dict[str, str] = PAGE_COLOURS) -> str:
    for stand_in, colour in colours.items():
        text = text.replace(stand_in, colour)
    return text


def legend(axes: Axes, names: Sequence[str], rows: int) -> None:
    """Name the lines above the panel, where they cover nothing."""
    handles = [line for line in axes.get_lines() if line.get_label() in names]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.1, 1),
        ncols=-(-len(names) // rows),
        borderpad=0,
        borderaxespad=0.35,
        handlelength=1.9,
        handletextpad=0.4,
        columnspacing=1.1,
        labelspacing=0.3,
    )


def rows_for(names: Sequence[str]) -> int:
    """Return how many rows a legend of these names needs."""
    if len(names) < 2:
        return 0
    # Letters and Chinese characters, and the line before them, in pixels
    wide = [sum(10.5 if "\u2e80" <= c <= "\uffef" else 6.3 for c in name) + 34 for name in names]
    if sum(wide) < WIDTH:
        return 1
    return -(-len(names) // max(1, int(WIDTH / max(wide))))


def whole(name: str, panels: Sequence[str], caption: str, control: str = "") -> str:
    """Put panels, slider and caption together."""
    return (
        f'<figure class="figure" id="figure-{name}" data-search-exclude>'
        f'<div class="panels">{"".join(painted(panel) for panel in panels)}</div>{control}'
        f"<figcaption>{caption}</figcaption></figure>"
    )


@dataclass(frozen=True)
class Picture:
    """A picture of its own kind, drawn by `make`, shown on the pages of `pages`.

    It is drawn anew when one of the losses that it `uses` has changed, or the page that it `runs`.
    """

    make: Callable[[str], str]
    pages: tuple[str, ...]
    uses: tuple[str, ...]
    runs: str = ""


PICTURES: dict[str, Picture] = {}


def picture(
    name: str, pages: Sequence[str] = (), uses: Sequence[str] = (), runs: str = ""
) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    """Register a function that draws a picture from its name."""

    def register(make: Callable[[str], str]) -> Callable[[str], str]:
        PICTURES[name] = Picture(make, tuple(pages), tuple(uses) or tuple(pages), runs)
        return make

    return register


@cache
def sources(module: str) -> frozenset[Path]:
    """Return the files that a module of the package is made of, helpers included."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    found = {path}
    for name in re.findall(r"^from (losses\.[\w.]+) import", path.read_text("utf-8"), re.MULTILINE):
        found |= sources(name)
    return frozenset(found)


@cache
def code(path: Path) -> bytes:
    """Return what a module does: its docstrings and comments change no figure."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            del node.body[0]
    return ast.dump(tree).encode()


def cached(name: str, uses: Sequence[str], make: Callable[[], str], detail: object = "") -> str:
    """Return the drawing of an earlier build if nothing that it depends on has changed.

    With it are kept the words that it says: a translation may change as well.
    """
    files = set(Path(__file__).parent.glob("*.py"))
    if name in PICTURES:  # a scene has a module of its own
        files.add(Path(inspect.getfile(PICTURES[name].make)))
    for function in uses:
        files |= sources(module_of(function))
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(code(path))
    records = [RECORDS[function] for function in uses]
    key = (name, detail, records, language.context.language, torch.__version__, mpl.__version__)
    digest.update(repr(key).encode())
    path = CACHE / f"{name[:60]}-{digest.hexdigest()[:16]}.json"
    if path.exists():
        words, drawn = json.loads(path.read_text("utf-8"))
        if all(language.gettext(text) == said for text, said in words.items()):
            return str(drawn)
    language.context.used.clear()
    drawn = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([language.context.used, drawn]), encoding="utf-8")
    return drawn
