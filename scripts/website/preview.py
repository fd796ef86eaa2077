"""The picture that a link to a loss's page is shown with: its name and its curves, as a PNG.

It says nothing but names and symbols, so all languages share it. Material's own plugin for such
pictures draws words alone, needs Cairo, and fetches its fonts when it builds.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from scripts.figures.curves import limits, path, sample
from scripts.figures.drawing import (
    COLOURS,
    DASHES,
    PAGE_COLOURS,
    RECORDS,
    STYLE,
    cached,
    code,
)

WIDTH, HEIGHT = 1200, 630  # what the places that show it ask for
# The light theme's.
LIGHT = dict(
    zip(
        PAGE_COLOURS,
        ("#0072b2", "#c44e00", "#00795a", "#a8427d", "#24292f", "#dcdfe3"),
        strict=True,
    )
)


def preview(function: str) -> bytes:
    """Draw it, or take it from the cache."""
    drawn = cached(f"preview-{function}", [function], lambda: make(function), code(Path(__file__)))
    return base64.b64decode(drawn)


def make(function: str) -> str:
    loss = RECORDS[function]
    assert loss.curve is not None
    style = {name: LIGHT.get(value, value) for name, value in STYLE.items()}
    with mpl.rc_context({**style, "font.size": 15, "axes.titlesize": 17, "lines.linewidth": 3.5}):
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor="white")
        figure.text(0.05, 0.85, loss.classes[0], fontsize=38, fontweight="bold")
        figure.text(0.05, 0.76, function, fontsize=22, family="monospace")
        for which, left in (("value", 0.07), ("gradient", 0.55)):
            paint(figure.add_axes((left, 0.1, 0.4, 0.53)), function, which)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    picture = Image.frombuffer("RGBA", (WIDTH, HEIGHT), canvas.buffer_rgba()).convert("RGB")
    buffer = io.BytesIO()
    picture.quantize(32, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def paint(axes: Axes, function: str, which: str) -> None:
    curve = RECORDS[function].curve
    assert curve is not None
    lines = sample(function, curve)
    for index, line in enumerate(lines):
        axes.plot(*path(line, which), linestyle=DASHES[index], color=LIGHT[COLOURS[index]])
    axes.set_xlim(min(curve.domain + curve.walls), max(curve.domain + curve.walls))
    axes.set_ylim(limits(lines, which))
    axes.set_title("ℓ" if which == "value" else f"∂ℓ/∂{curve.symbol}")
    axes.set_axisbelow(True)
