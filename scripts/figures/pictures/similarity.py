"""The table of pictures and texts: which cells a loss draws together, and what it divides by."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, INK, number, picture, svg, whole
from scripts.website.language import gettext, listed

# Pictures 2 and 3 are much alike, and so are their texts. The fourth text fits its picture badly.
COSINES = torch.tensor(
    [
        [0.8, 0.1, 0.0, 0.2, 0.1],
        [0.1, 0.7, 0.6, 0.0, 0.2],
        [0.0, 0.6, 0.8, 0.1, 0.0],
        [0.3, 0.1, 0.0, 0.2, 0.4],
        [0.1, 0.0, 0.2, 0.3, 0.9],
    ],
    dtype=torch.float64,
)
SCALE, BIAS = 6.0, -3.0
SIDE = len(COSINES)


def pulls(function: str, **settings: Any) -> Tensor:
    """Return the slope of the loss in every cell: as features, the table against the axes."""
    cells = COSINES.clone().requires_grad_()
    axes = torch.eye(SIDE, dtype=cells.dtype)
    loss = getattr(losses, function)(
        cells, axes, SCALE, **settings, normalize=False, reduction="sum"
    )
    return torch.autograd.grad(loss, cells)[0]


def grid(axes: Axes) -> None:
    axes.grid(False)
    axes.set_aspect("equal")
    axes.set_xlim(0.5, SIDE + 0.5)
    axes.set_ylim(SIDE + 0.5, 0.5)
    axes.set_xticks(range(1, SIDE + 1))
    axes.set_yticks(range(1, SIDE + 1))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for line in torch.arange(0.5, SIDE + 1).tolist():
        axes.plot([0.5, SIDE + 0.5], [line, line], color=INK, lw=0.4, alpha=0.5)
        axes.plot([line, line], [0.5, SIDE + 0.5], color=INK, lw=0.4, alpha=0.5)


def framed(axes: Axes, column: float, row: float, width: float, height: float) -> None:
    axes.add_patch(
        Rectangle((column, row), width, height, fill=False, ec=INK, lw=2, ls="--", clip_on=False)
    )


def table(salt: str) -> str:
    def paint(axes: Axes) -> None:
        grid(axes)
        for i, row in enumerate(COSINES.tolist(), 1):
            for j, cosine in enumerate(row, 1):
                if i == j:
                    axes.fill([j - 0.5, j + 0.5, j + 0.5, j - 0.5],
                              [i - 0.5, i - 0.5, i + 0.5, i + 0.5],
                              color=COLOURS[0], alpha=0.35, lw=0)  # fmt: skip
                axes.text(j, i, number(cosine), ha="center", va="center")

    rows = [listed([number(cosine) for cosine in row]) for row in COSINES.tolist()]
    alt = gettext("Cosines of five pictures and five texts, row by row: {rows}.",
                  rows=listed(rows, "; ", "；"))  # fmt: skip
    return panel(paint, alt, salt, gettext("cosines; the own pairs are marked"))


def gradients(salt: str, function: str, title: str, **settings: Any) -> str:
    gradient = pulls(function, **settings)

    def paint(axes: Axes) -> None:
        grid(axes)
        for i in range(SIDE):
            for j in range(SIDE):
                side = 0.95 * float((gradient[i, j].abs() / SCALE).sqrt())
                left, top = j + 1 - side / 2, i + 1 - side / 2
                corners = [left, left + side, left + side, left], [top, top, top + side, top + side]
                if gradient[i, j] < 0:
                    axes.fill(*corners, color=COLOURS[0], lw=0)
                elif side > 0.05:
                    axes.fill(
                        *corners, facecolor="none", edgecolor=COLOURS[1], hatch="/////", lw=1.2
                    )
        if function == "clip_loss":
            framed(axes, 0.52, 1.52, SIDE - 0.04, 0.96)
            framed(axes, 1.52, 0.52, 0.96, SIDE - 0.04)
        else:
            framed(axes, 2.52, 1.52, 0.96, 0.96)

    rows = [listed([number(float(x) / SCALE) for x in row]) for row in gradient]
    alt = gettext("{function}: the slope in each logit, row by row: {rows}.",
                  function=function, rows=listed(rows, "; ", "；"))  # fmt: skip
    return panel(paint, alt, salt, title)


def panel(paint: Any, alt: str, salt: str, title: str) -> str:
    labels = (gettext("text"), gettext("picture"))
    return svg(paint, alt, salt, title=title, labels=labels, size=(302, 302),
               margins=(34, 8, 26, 36))  # fmt: skip


@picture("similarity", [], ("clip_loss", "siglip_loss"))
def similarity(name: str) -> str:
    panels = [
        table(f"{name}-1"),
        gradients(f"{name}-2", "clip_loss", gettext("clip_loss: a row, a column")),
        gradients(f"{name}-3", "siglip_loss", gettext("siglip_loss: each cell"), logit_bias=BIAS),
    ]
    caption = gettext(
        "What one step does to the cosines. Filled squares are drawn together, hatched ones apart; "
        "their area is the slope of the loss in the logit. What the loss divides by is framed: for "
        "clip_loss the sums over the row and the column of a cell, here of the second pair; for "
        "siglip_loss there is only the cell itself. The scale is 6, the bias −3."
    )
    return whole(name, panels, caption)
