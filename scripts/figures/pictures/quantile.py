"""Two prices: a line or a parabola on each side, and the bands that both fit."""

from __future__ import annotations

from functools import cache

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, DASHES, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

LEVELS = (0.1, 0.5, 0.9)
BOTH = ("quantile_loss", "expectile_loss")
NAMES = [f"q = {number(LEVELS[0])}", *map(number, LEVELS[1:])]


def each(function: str, x: Tensor, y: Tensor) -> Tensor:
    """Compute the loss of one prediction for each level, in the last dimension."""
    if function == "quantile_loss":
        return losses.quantile_loss(x, y, quantile=LEVELS, reduction="none")
    columns = zip(x.unbind(-1), LEVELS, strict=True)
    found = [losses.expectile_loss(one, y, expectile=q, reduction="none") for one, q in columns]
    return torch.stack(found, -1)


@picture("quantile_sides", ["quantile_loss"], BOTH)
def quantile_sides(name: str) -> str:
    x = torch.linspace(-3, 3, 121, dtype=torch.float64)
    panels = []
    for function in BOTH:
        values = each(function, x[:, None].expand(-1, len(LEVELS)), torch.zeros_like(x))

        def paint(axes: Axes, values: Tensor = values) -> None:
            for k, text in enumerate(NAMES):
                axes.plot(x, values[:, k], ls=DASHES[k], color=COLOURS[k], label=text)
            axes.set_ylim(0, 3)
            legend(axes, NAMES, 1)

        ends = [
            named(f"q = {number(q)}", f"{number(float(low))}, {number(float(high))}")
            for q, low, high in zip(LEVELS, values[20], values[100], strict=True)
        ]
        alt = gettext(
            "{function} over the error from −3 to 3. At −2 and at 2 it is: {ends}.",
            function=function,
            ends=listed(ends, "; ", "；"),
        )
        panels.append(
            svg(paint, alt, f"{name}-{function}", title=function, labels=("x − y", "ℓ"),
                legend_rows=1)
        )  # fmt: skip
    caption = gettext(
        "Both have two prices, one on each side. A line costs the same for every further unit, so "
        "the best answer counts the targets: a quantile. A parabola costs more and more, so it "
        "weighs their distances: an expectile."
    )
    return whole(name, panels, caption)


@cache
def points() -> tuple[Tensor, Tensor]:
    """Draw points whose noise grows to the right, and is longer upwards than down."""
    generator = torch.Generator().manual_seed(0)
    z = torch.linspace(0, 10, 150, dtype=torch.float64)
    noise = -torch.rand(150, generator=generator, dtype=torch.float64).log()
    return z, 1 + 0.3 * z + (0.2 + 0.25 * z) * noise


@cache
def fitted(function: str) -> Tensor:
    """Fit a parabola for each level."""
    z, y = points()
    features = torch.stack((torch.ones_like(z), z / 10, (z / 10) ** 2), 1)
    weights = torch.zeros(3, len(LEVELS), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weights], lr=0.2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 800)
    for _ in range(800):
        optimizer.zero_grad()
        each(function, features @ weights, y).mean().backward()
        optimizer.step()
        schedule.step()
    return (features @ weights).detach()


@picture("quantile_band", ["quantile_loss"], BOTH)
def quantile_band(name: str) -> str:
    z, y = points()
    panels, told = [], {}
    for function in BOTH:
        lines = fitted(function)
        below = [f"{100 * float((y < line).double().mean()):.0f}\u00a0%" for line in lines.T]
        told[function] = listed(below)

        def paint(axes: Axes, lines: Tensor = lines) -> None:
            axes.fill_between(z, lines[:, 0], lines[:, -1], color=COLOURS[0], alpha=0.2, lw=0)
            axes.plot(z, y, ".", color=INK, markersize=4, alpha=0.6)
            for k, text in enumerate(NAMES):
                axes.plot(z, lines[:, k], ls=DASHES[k], color=COLOURS[k], label=text)
            axes.set_ylim(0, 14)
            legend(axes, NAMES, 1)

        alt = gettext(
            "150 points whose spread grows to the right, and the parabolas that {function} fits. "
            "Below them lie {below} of the points.",
            function=function,
            below=told[function],
        )
        panels.append(
            svg(paint, alt, f"{name}-{function}", title=function, labels=("z", "y"),
                legend_rows=1)
        )  # fmt: skip
    caption = gettext(
        "The same points and the same numbers q. Below the fitted quantiles lie {quantiles} of the "
        "points, below the fitted expectiles {expectiles}: only a quantile says how many.",
        quantiles=told[BOTH[0]],
        expectiles=told[BOTH[1]],
    )
    return whole(name, panels, caption)
