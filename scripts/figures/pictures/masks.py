"""Two masks that slide over each other, and what the losses of overlap say of it."""

from __future__ import annotations

import html
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.curves import slider
from scripts.figures.drawing import (
    COLOURS,
    DASHES,
    INK,
    legend,
    number,
    picture,
    rows_for,
    svg,
    whole,
)
from scripts.website.language import gettext, listed, named

# Name, function, settings: a line each, of at most five. Another loss of overlap is one more.
LINES: list[tuple[str, str, dict[str, Any]]] = [
    ("Dice", "dice_loss", {}),
    ("Jaccard", "jaccard_loss", {}),
    ("Tversky (β 0.7)", "tversky_loss", {"alpha": 0.3, "beta": 0.7}),
]
FUNCTIONS = sorted({function for _, function, _ in LINES})
SIZE, RADIUS, OTHER = (48, 24), 7.5, 5.5  # the picture, the object, the prediction
SHIFTS = range(-16, 17)
STEPS = range(-16, 17, 2)  # those of the slider
START = STEPS.index(-8)


def distance(shift: float) -> Tensor:
    """Return how far each pixel is from a point so far to the right of the middle."""
    x = torch.arange(SIZE[0], dtype=torch.float64) - (SIZE[0] - 1) / 2 - shift
    y = torch.arange(SIZE[1], dtype=torch.float64) - (SIZE[1] - 1) / 2
    return (x.square() + y[:, None].square()).sqrt()


def predicted(shifts: range) -> tuple[Tensor, Tensor]:
    """Return logits and masks: a disc with a soft edge, at each shift, and the object, at rest."""
    logits = torch.stack([2 * (OTHER - distance(shift)) for shift in shifts])[:, None]
    return logits, (distance(0) < RADIUS).double().expand_as(logits)


def disc(shift: float, radius: float) -> tuple[Tensor, Tensor]:
    turn = torch.arange(73) * torch.pi / 36
    return shift + radius * turn.cos(), radius * turn.sin()


def step(index: int) -> str:
    """Show the step at which the slider begins."""
    return f"@step shown:{index}" if index == START else f"@step:{index}"


@picture("masks", FUNCTIONS)
def masks(name: str) -> str:
    logits, target = predicted(SHIFTS)
    values = {
        text: getattr(losses, function)(logits, target, **settings, reduction="none")[:, 0]
        for text, function, settings in LINES
    }
    names = list(values)
    rows = rows_for(names)

    def discs(axes: Axes) -> None:
        axes.axis("off")
        axes.set_aspect("equal")
        axes.fill(*disc(0, RADIUS), color=COLOURS[0], alpha=0.35, lw=0)
        for shift in (-16, -8, 0, 8):
            axes.plot(*disc(shift, OTHER), ":", color=INK, linewidth=1.4, gid="@family")
        for index, shift in enumerate(STEPS):
            axes.fill(*disc(shift, OTHER), facecolor="none", edgecolor=COLOURS[1], hatch="////",
                      linewidth=2, gid=step(index))  # fmt: skip
        axes.set_xlim(-SIZE[0] / 2, SIZE[0] / 2)
        axes.set_ylim(-SIZE[1] / 2, SIZE[1] / 2)

    def curves(axes: Axes) -> None:
        for k, (text, value) in enumerate(values.items()):
            axes.plot(SHIFTS, value, ls=DASHES[k], color=COLOURS[k], label=text)
        for index, shift in enumerate(STEPS):
            at = SHIFTS.index(shift)
            axes.plot([shift] * len(values), [float(value[at]) for value in values.values()], "o",
                      color=INK, markersize=6, gid=step(index))  # fmt: skip
        axes.set_ylim(0, 1.05)
        axes.set_xticks(range(-16, 17, 8))
        legend(axes, names, rows)

    said = [
        listed(named(text, number(round(float(value[SHIFTS.index(shift)]), 2)))
               for text, value in values.items())
        for shift in STEPS
    ]  # fmt: skip
    first = gettext(
        "A disc of radius {object}, the object, and a smaller one of radius {other}, the "
        "prediction, that slides over it.",
        object=number(RADIUS),
        other=number(OTHER),
    )
    second = gettext(
        "The losses over the shift: near 1 at −16, lowest at 0. There {values}.",
        values=said[STEPS.index(0)],
    )
    panels = [
        svg(discs, first, f"{name}-1", title=gettext("object (filled) and prediction"),
            size=(302, 190), margins=(4, 4, 22, 4)),
        svg(curves, second, f"{name}-2", title=gettext("loss ℓ"), legend_rows=rows,
            labels=(gettext("shift in pixels"), "")),
    ]  # fmt: skip
    for index, (shift, values_there) in enumerate(zip(STEPS, said, strict=True)):
        alt = html.escape(named(gettext("shift {shift}", shift=number(shift)), values_there))
        mark = f'data-step="{index}"'
        panels = [panel.replace(mark, f'{mark} data-alt="{alt}"', 1) for panel in panels]
    control = slider(name, gettext("shift"), list(map(number, STEPS)), START)
    caption = gettext(
        "The prediction is smaller than the object, so that it misses a part even at a shift of 0: "
        "{values}. Where the two do not touch, all are close to 1 and flat. There is nothing "
        "that would pull them together.",
        values=said[STEPS.index(0)],
    )
    return whole(name, panels, caption, control)
