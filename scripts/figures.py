"""Draw a loss's value and gradient, computed by the loss itself and by autograd.

The drawings are SVG that takes its colours from the page, so they follow the light and dark
themes. The same source gives the same bytes. `python scripts/figures.py` draws the README's
picture.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import torch
from matplotlib.figure import Figure
from torch import Tensor

import losses
from losses.catalog import CATALOG, Curve

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "build" / "figures"
RECORDS = {loss.function: loss for loss in CATALOG}

POINTS = 241
# Okabe and Ito's palette is safe for colour-blind readers; the dashes serve everyone else.
DASHES = ("-", "--", ":", "-.")
# Stand-ins in matplotlib's output for what the page's style sheet defines.
PAGE_COLOURS = {
    "#000101": "var(--figure-1)",
    "#000102": "var(--figure-2)",
    "#000103": "var(--figure-3)",
    "#000104": "var(--figure-4)",
    "#000105": "currentColor",
    "#000106": "var(--figure-grid)",
}
LINES = list(PAGE_COLOURS)[:4]
INK, GRID = list(PAGE_COLOURS)[4:]
# The README's picture has no page around it.
PRINT_COLOURS = dict(
    zip(
        PAGE_COLOURS,
        ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#24292f", "#d0d7de"),
        strict=True,
    )
)

Line = tuple[str, Tensor, Tensor, Tensor]  # label, x, value, gradient


def fill(template: Any, x: Tensor) -> Tensor:
    """Turn nested lists into a tensor, with the variable wherever they say "x"."""
    if isinstance(template, list):
        return torch.stack([fill(item, x) for item in template])
    if template == "x":
        return x
    return torch.tensor(template, dtype=torch.long if isinstance(template, int) else x.dtype)


def sample(function: str, curve: Curve) -> list[Line]:
    """Compute the curve's lines: one, or one for each value of the swept parameter."""
    lines = []
    name, values = curve.sweep or ("", (None,))
    for value in values:
        arguments, keywords = dict(curve.arguments), dict(curve.keywords)
        if name in arguments:
            arguments[name] = value
        elif name:
            keywords[name] = value
        first, last = curve.domain
        # Not linspace, which misses 0 by a rounding error, and with it the kinks.
        xs = first + (last - first) * torch.arange(POINTS, dtype=torch.float64) / (POINTS - 1)
        ys, slopes = [], []
        for point in xs:
            x = point.clone().requires_grad_()
            filled = {key: fill(template, x) for key, template in arguments.items()}
            # One element only, so the sum is its loss, whatever the mean divides by.
            y = getattr(losses, function)(**filled, **keywords, reduction="sum")
            (slope,) = torch.autograd.grad(y, x)
            ys.append(y.detach())
            slopes.append(slope)
        label = f"{name} = {value:g}" if name else function
        lines.append((label, xs, torch.stack(ys), torch.stack(slopes)))
    return lines


def broken_at_jumps(y: Tensor) -> Tensor:
    """Leave out the vertical stroke where a gradient jumps."""
    step = y.diff().abs()
    y = y.clone()
    y[1:][step > 0.2 * (y.max() - y.min())] = torch.nan
    return y


def panel(lines: Sequence[Line], x_label: str, which: str, salt: str) -> str:
    """Draw one panel, the value or the gradient of every line, as an SVG element."""
    settings = {
        "svg.hashsalt": salt,
        "svg.fonttype": "none",
        "font.size": 11,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(4.2, 3.1), layout="constrained")
        axes = figure.add_subplot()
        for index, (label, x, value, gradient) in enumerate(lines):
            axes.plot(
                x,
                value if which == "value" else broken_at_jumps(gradient),
                DASHES[index],
                color=LINES[index],
                linewidth=2,
                label=label,
            )
        axes.set_xlabel(x_label)
        axes.set_title(which)
        if len(lines) > 1:
            axes.legend(fontsize=10)
        buffer = io.StringIO()
        metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<(metadata|style).*?</\1>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"; font-family: [^;\"]*|font-family: [^;\"]*; ?", "", svg)
    svg = re.sub(r"font: (\d+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1">', svg)
    return re.sub(r"\s*\n\s*", " ", svg).replace(" />", "/>")


def describe(lines: Sequence[Line], x_label: str, which: str) -> str:
    """Say what the panel shows, from its numbers."""
    parts = []
    for label, x, value, gradient in lines:
        y = value if which == "value" else gradient
        low = int(y.argmin())
        parts.append(
            f"{label}: {y[0]:.3g} at {x[0]:.3g}, lowest {y[low]:.3g} at {x[low]:.3g}, "
            f"{y[-1]:.3g} at {x[-1]:.3g}"
        )
    return f"{which} against {x_label}. " + "; ".join(parts)


def draw(name: str, lines: Sequence[Line], x_label: str) -> str:
    """Draw value and gradient side by side, for inlining in a page."""
    panels = []
    for which in ("value", "gradient"):
        svg = panel(lines, x_label, which, f"{name}-{which}")
        for stand_in, colour in PAGE_COLOURS.items():
            svg = svg.replace(stand_in, colour)
        alt = html.escape(describe(lines, x_label, which))
        panels.append(svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1))
    return f'<div class="figure" id="figure-{name}">{"".join(panels)}</div>'


def cached(name: str, sources: Sequence[str], make: Any) -> str:
    """Return the drawing of an earlier build if nothing that it depends on has changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for module in ("_checks", "_reduction", *sources):
        digest.update((ROOT / "losses" / f"{module}.py").read_bytes())
    digest.update(name.encode())
    path = CACHE / f"{name[:40]}-{digest.hexdigest()[:16]}.svg"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def figure(function: str) -> str:
    """Draw a loss's curve as its record asks for."""
    curve = RECORDS[function].curve
    assert curve is not None, f"{function} has no curve in losses/catalog.py"
    make = lambda: draw(function, sample(function, curve), curve.label)
    return cached(function, (f"_{function}", "catalog"), make)


def comparison(first: str, last: str, *functions: str) -> str:
    """Draw several regression losses over the same error, each with its defaults."""
    name = "-".join(("compare", *functions))
    make = lambda: draw(name, compared(float(first), float(last), functions), "x − y")
    return cached(f"{name}-{first}-{last}", [f"_{function}" for function in functions], make)


def compared(first: float, last: float, functions: Sequence[str]) -> list[Line]:
    curve = Curve({"input": "x", "target": 0.0}, (first, last))
    return [line for function in functions for line in sample(function, curve)]


def main() -> None:
    """Write the README's picture."""
    functions = ("mse_loss", "l1_loss", "smooth_l1_loss")
    svg = panel(compared(-3, 3, functions), "x − y", "value", "readme")
    for stand_in, colour in PRINT_COLOURS.items():
        svg = svg.replace(stand_in, colour)
    path = ROOT / "docs" / "readme.svg"
    names = (
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="600" '
    )
    path.write_text(
        svg.replace("<svg ", f'<svg {names}font-family="sans-serif" style="background: #fff" ', 1)
        + "\n"
    )
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
