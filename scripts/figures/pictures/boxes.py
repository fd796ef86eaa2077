"""Two boxes that part, and what each of the four losses of boxes makes of it."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

import losses
from scripts.figures.drawing import COLOURS, DASHES, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

FUNCTIONS = {
    "IoU": "box_iou_loss",
    "GIoU": "generalized_box_iou_loss",
    "DIoU": "distance_box_iou_loss",
    "CIoU": "complete_box_iou_loss",
}
WIDE = torch.tensor([-1.0, -0.5, 1.0, 0.5], dtype=torch.float64)
TALL = torch.tensor([-0.5, -1.0, 0.5, 1.0], dtype=torch.float64)
ALONG = torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=torch.float64)
PARTED = 1.5  # from there on they are apart
PLACES = (0.75, 2.5, 5.0)
RANGE = (-1.15, 6.0)


@picture("boxes_parting", [], list(FUNCTIONS.values()))
def boxes_parting(name: str) -> str:
    shift = torch.arange(0, 121, dtype=torch.float64) / 20
    moved = TALL + shift[:, None] * ALONG
    values = {
        short: getattr(losses, function)(moved, WIDE.expand_as(moved))
        for short, function in FUNCTIONS.items()
    }

    def at(short: str, place: float) -> str:
        return number(float(values[short][round(place * 20)]))

    def boxes(axes: Axes) -> None:
        axes.grid(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        x, y, right, top = WIDE.tolist()
        axes.add_patch(Rectangle((x, y), right - x, top - y, fc=INK, alpha=0.2, lw=0))
        x, y, right, top = TALL.tolist()
        for place, mark in zip(PLACES, "123", strict=True):
            corner = (x + place, y)
            axes.add_patch(Rectangle(corner, right - x, top - y, fill=False, ec=INK, lw=1.6))
            axes.annotate(mark, (place, 0), ha="center", va="center")
        axes.axvline(PARTED, linestyle=":", color=INK, linewidth=1.2)
        axes.set_xlim(*RANGE)
        axes.set_ylim(-1.25, 1.25)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal", adjustable="box", anchor="W")

    def parting(axes: Axes) -> None:
        for k, (short, value) in enumerate(values.items()):
            axes.plot(shift, value, ls=DASHES[k], color=COLOURS[k], label=short)
        for place, mark in zip(PLACES, "123", strict=True):
            axes.axvline(place, color=INK, linewidth=0.8, alpha=0.35)
            axes.annotate(mark, (place, 0.06), (3, 0), textcoords="offset points")
        axes.axvline(PARTED, linestyle=":", color=INK, linewidth=1.2)
        axes.set_xlim(*RANGE)
        axes.set_ylim(0, 2)
        axes.set_xticks(range(7))
        axes.set_yticks([0, 0.5, 1, 1.5])
        legend(axes, list(values), 1)

    rows = listed(
        (named(short, listed(at(short, place) for place in (0.0, *PLACES))) for short in values),
        "; ",
        "；",
    )
    far = {"apart": number(PARTED), "iou": at("IoU", PLACES[-1]), "near": at("GIoU", PLACES[1]),
           "away": at("GIoU", PLACES[2])}  # fmt: skip
    panels = [
        svg(boxes,
            gettext("A wide box, 2 by 1, and a tall one, 1 by 2, that moves to the right. They "
                    "overlap at a distance of 0.75 (1), and are apart at 2.5 (2) and 5 (3)."),
            f"{name}-1", title=gettext("a tall box leaves a wide one"), size=(302, 130),
            margins=(30, 8, 22, 4)),
        svg(parting,
            gettext("Losses at a distance of 0, 0.75, 2.5 and 5. {rows}.", rows=rows),
            f"{name}-2", title=gettext("the four losses"), legend_rows=1,
            labels=(gettext("distance of the centres"), ""), margins=(30, 8, 22, 38)),
    ]  # fmt: skip
    caption = gettext(
        "From {apart} on the boxes are apart, and the IoU loss stays at {iou}: no gradient tells "
        "where the other box is. The generalised loss still rises, from {near} for box 2 to "
        "{away} for box 3, and so do those with the distance. The proportions differ, so CIoU is "
        "a little above DIoU.",
        **far,
    )
    return whole(name, panels, caption)
