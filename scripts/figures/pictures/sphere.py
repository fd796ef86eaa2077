"""Margins on the sphere: what each loss leaves empty between two classes on a circle."""

from __future__ import annotations

import math

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, DASHES, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

BETWEEN = 70  # degrees from one class to the other
LOSSES = {
    "softmax": ("cosface_loss", 0.0),
    "CosFace": ("cosface_loss", 0.35),
    "ArcFace": ("arcface_loss", 0.5),
}


def on_the_circle(angle: Tensor) -> Tensor:
    return torch.stack((angle.cos(), angle.sin()), -1)


def reach(short: str, between: float) -> float | None:
    """Return how far from its direction a class of two is still the likelier one, in degrees.

    None where it is not even there.
    """
    function, margin = LOSSES[short]
    directions = on_the_circle(torch.tensor([0.0, math.radians(between)]).double())
    angle = torch.linspace(0, math.radians(between) / 2, 4001, dtype=torch.float64)
    target = torch.zeros(len(angle), dtype=torch.int64)
    loss = getattr(losses, function)(
        on_the_circle(angle), directions, target, margin=margin, scale=8.0, reduction="none"
    )
    likelier = int((loss <= math.log(2) + 1e-9).sum())
    return math.degrees(angle[likelier - 1]) if likelier else None


def empty(short: str, between: float) -> float:
    """Return how many degrees between two classes belong to neither; NaN where one has no room."""
    angle = reach(short, between)
    return math.nan if angle is None else between - 2 * angle


@picture("sphere", [], ["cosface_loss", "arcface_loss"])
def sphere(name: str) -> str:
    first = 90 - BETWEEN / 2

    def arc(axes: Axes, radius: float, start: float, end: float, **look: object) -> None:
        angle = torch.linspace(math.radians(start), math.radians(end), 61)
        axes.plot(radius * angle.cos(), radius * angle.sin(), solid_capstyle="butt", **look)

    def circle(axes: Axes) -> None:
        axes.grid(False)
        axes.axis("off")
        for place, text in ((first, "w₁"), (180 - first, "w₂")):
            x, y = on_the_circle(torch.tensor(math.radians(place))).tolist()
            axes.annotate("", (1.12 * x, 1.12 * y), (0, 0),
                          arrowprops={"arrowstyle": "->", "color": INK, "lw": 1.2})  # fmt: skip
            axes.annotate(text, (1.2 * x, 1.2 * y), ha="center", va="center")
        for k, short in enumerate(LOSSES):
            radius, colour = 1 - 0.22 * k, COLOURS[k]
            end = first + (reach(short, BETWEEN) or 0)
            arc(axes, radius, 0, 180, color=INK, lw=0.6, alpha=0.6)
            arc(axes, radius, 0, end, color=colour, lw=4, label=short)
            arc(axes, radius, 180 - end, 180, color=colour, lw=4)
        axes.set_xlim(-1.3, 1.3)
        axes.set_ylim(-0.04, 1.26)
        axes.set_aspect("equal", adjustable="box")
        legend(axes, list(LOSSES), 1)

    apart = torch.arange(20, 181, 1).tolist()

    def gaps(axes: Axes) -> None:
        for k, short in enumerate(LOSSES):
            axes.plot(apart, [empty(short, a) for a in apart], ls=DASHES[k], color=COLOURS[k],
                      label=short)  # fmt: skip
        axes.set_xlim(20, 180)
        axes.set_ylim(-2, 62)
        axes.set_xticks([30, 60, 90, 120, 150, 180])
        legend(axes, list(LOSSES), 1)

    degrees = lambda value: f"{value:.0f}°"
    here = listed(named(short, degrees(empty(short, BETWEEN))) for short in LOSSES)
    told = "; ".join(
        f"{short}: " + listed(f"{degrees(empty(short, a))} ({a}°)" for a in (60, 90, 180))
        for short in LOSSES
    )
    room = next(a for a in apart if not math.isnan(empty("CosFace", a)))
    panels = [
        svg(circle,
            gettext("Half a circle with two directions {between} apart. Degrees between the two "
                    "classes that belong to neither: {gaps}.", between=degrees(BETWEEN), gaps=here),
            f"{name}-1", title=gettext("where a class is content"), legend_rows=1,
            size=(302, 190), margins=(36, 14, 22, 4)),
        svg(gaps,
            gettext("Empty degrees against the angle between the directions. {told}.", told=told),
            f"{name}-2", title=gettext("empty in between, in degrees"), legend_rows=1,
            labels=(gettext("angle between the directions, in degrees"), ""),
            margins=(36, 14, 22, 38)),
    ]  # fmt: skip
    caption = gettext(
        "First: two classes with the directions w₁ and w₂, {between} apart. On a thick arc the "
        "class is the likelier one for its loss; between the arcs, an embedding is pulled to its "
        "own side. With margins of {cos} for CosFace and {arc} for ArcFace, this much belongs to "
        "neither, {gaps}. Second: ArcFace's gap is its margin whatever the directions. "
        "CosFace's is wider for directions that are close, and below {room} it leaves no room for "
        "a class.",
        between=degrees(BETWEEN),
        arc=number(0.5),
        cos=number(0.35),
        gaps=here,
        room=degrees(room),
    )
    return whole(name, panels, caption)
