"""What Barlow Twins and VICReg do to the columns of an embedding: before and after some steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, INK, number, picture, svg, whole
from scripts.website.language import gettext, listed

SAMPLES, COLUMNS, STEPS = 256, 5, 300


@cache
def views() -> tuple[Tensor, Tensor, Tensor]:
    """Return two noisy views of the same samples, and a network whose columns say the same."""
    draw = torch.Generator().manual_seed(1)
    drawn = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=draw)
    samples = drawn(SAMPLES, COLUMNS)
    first, second = (samples + 0.3 * drawn(SAMPLES, COLUMNS) for _ in range(2))
    alike = torch.linspace(1, -0.6, COLUMNS, dtype=torch.float64)
    weight = 0.45 * alike[:, None] * torch.ones(COLUMNS) + 0.22 * drawn(COLUMNS, COLUMNS)
    return first, second, weight.T


def trained(loss: Callable[[Tensor, Tensor], Tensor], rate: float) -> Tensor:
    """Follow the weights of the network downhill."""
    first, second, weight = views()
    for _ in range(STEPS):
        weight = weight.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(first @ weight, second @ weight), weight)
        weight = weight - rate * gradient
    return weight.detach()


def correlations(weight: Tensor) -> Tensor:
    """Correlate the columns of one view with those of the other."""
    x, y = (view @ weight for view in views()[:2])
    return torch.corrcoef(torch.cat((x, y), 1).T)[:COLUMNS, COLUMNS:]


def covariances(weight: Tensor) -> Tensor:
    return torch.cov((views()[0] @ weight).T)


def panel(salt: str, table: Tensor, title: str, what: str) -> str:
    def paint(axes: Axes) -> None:
        axes.grid(False)
        axes.set_aspect("equal")
        for line in range(COLUMNS + 1):
            axes.plot([0.5, COLUMNS + 0.5], [line + 0.5] * 2, color=INK, lw=0.4, alpha=0.5)
            axes.plot([line + 0.5] * 2, [0.5, COLUMNS + 0.5], color=INK, lw=0.4, alpha=0.5)
        for j in range(COLUMNS):
            for k in range(COLUMNS):
                side = 0.95 * min(1.0, float(table[j, k].abs())) ** 0.5
                left, top = k + 1 - side / 2, j + 1 - side / 2
                corners = [left, left + side, left + side, left], [top, top, top + side, top + side]
                if table[j, k] > 0:
                    axes.fill(*corners, color=COLOURS[0], lw=0)
                else:
                    axes.fill(
                        *corners, facecolor="none", edgecolor=COLOURS[1], hatch="/////", lw=1.2
                    )
        axes.set_xlim(0.5, COLUMNS + 0.5)
        axes.set_ylim(COLUMNS + 0.5, 0.5)
        axes.set_xticks(range(1, COLUMNS + 1))
        axes.set_yticks(range(1, COLUMNS + 1))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    rows = [listed([number(float(value)) for value in row]) for row in table]
    alt = gettext(
        "{what}, {title}, row by row: {rows}.",
        what=what,
        title=title,
        rows=listed(rows, "; ", "；"),
    )
    return svg(paint, alt, salt, title=title, labels=(what, ""), size=(302, 300),
               margins=(24, 18, 26, 36))  # fmt: skip


@picture("correlation", [], ("barlow_twins_loss", "vicreg_loss"))
def correlation(name: str) -> str:
    start, twin = views()[2], partial(losses.barlow_twins_loss, lambd=0.05)
    twins, regular = trained(twin, 0.3), trained(losses.vicreg_loss, 0.01)
    before = gettext("before")
    after = gettext("after {steps} steps of {function}", steps=STEPS, function="{function}")
    between, within = gettext("correlations of the views"), gettext("covariances in a view")
    panels = [
        panel(f"{name}-1", correlations(start), before, between),
        panel(
            f"{name}-2",
            correlations(twins),
            after.format(function="barlow_twins_loss"),
            between,
        ),
        panel(f"{name}-3", covariances(start), before, within),
        panel(f"{name}-4", covariances(regular), after.format(function="vicreg_loss"), within),
    ]
    caption = gettext(
        "A network of one layer whose columns say much the same, and what becomes of them. The "
        "area of a square is the size of a number, filled above 0, hatched below; a full cell is 1 "
        "or more. Each loss is shown with the table that it looks at. barlow_twins_loss has a "
        "lambd of 0.05, since five columns are few."
    )
    return whole(name, panels, caption)
