"""The Lovász losses: errors in order, and the steps of the Jaccard loss that weigh them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed

LOGITS = torch.tensor([-0.8, 0.3, -0.1, 0.55, -0.35, 1.6, -2.0], dtype=torch.float64)
MASK = torch.tensor([1, 0, 1, 1, 0, 1, 0])


def hinges() -> tuple[Tensor, Tensor, Tensor]:
    """Return the hinges of a mask, their steps, which are the gradient, and the loss."""
    x = LOGITS.clone().requires_grad_()
    loss = losses.lovasz_hinge_loss(x[None], MASK[None])
    (gradient,) = torch.autograd.grad(loss, x)
    return (1 - (2 * MASK - 1) * LOGITS).clamp(min=0), gradient.abs(), loss.detach()


def differences() -> tuple[Tensor, Tensor, Tensor]:
    """Return the same for the probabilities of one class of two."""
    p = LOGITS.sigmoid().requires_grad_()
    both = torch.stack([1 - p.detach(), p], 1)
    loss = losses.lovasz_softmax_loss(both, MASK, from_logits=False, reduction="none")[1]
    (gradient,) = torch.autograd.grad(loss, p)
    return (MASK - p.detach()).abs(), gradient.abs(), loss.detach()


@picture("lovasz_hinge", [], ["lovasz_hinge_loss"])
def lovasz_hinge(name: str) -> str:
    caption = gettext(
        "Seven pixels, four of them on the object; two have their margin, and no hinge. Each "
        "further wrong pixel takes the Jaccard loss up by a step: the number above its bar. The "
        "loss is the area of the second picture, {total}.",
        total=number(float(hinges()[2])),
    )
    words = (gettext("hinges, the largest first"), gettext("Hinges of {count} pixels: {said}"))
    return drawn(name, *hinges(), *words, caption)


@picture("lovasz_softmax", [], ["lovasz_softmax_loss"])
def lovasz_softmax(name: str) -> str:
    caption = gettext(
        "One class and seven pixels, four of which have it. Each further wrong pixel takes the "
        "Jaccard loss up by a step: the number above its bar. The loss of the class is the area of "
        "the second picture, {total}.",
        total=number(float(differences()[2])),
    )
    words = (gettext("errors, the largest first"), gettext("Errors of {count} pixels: {said}"))
    return drawn(name, *differences(), *words, caption)


def drawn(
    name: str, error: Tensor, step: Tensor, loss: Tensor, title: str, alt: str, caption: str
) -> str:
    """Draw the same bars twice: side by side, and as wide as their steps."""
    order = error.argsort(descending=True)
    order = order[error[order] > 0]
    heights, steps = error[order].tolist(), step[order].tolist()
    on_object = MASK[order].tolist()
    kinds = (gettext("false alarm"), gettext("missed"))
    ends = torch.tensor([0.0, *steps]).cumsum(0).tolist()

    def bars(lefts: list[float], widths: list[float], gap: float) -> Callable[[Axes], None]:
        def paint(axes: Axes) -> None:
            axes.grid(False)
            for left, width, height, kind in zip(lefts, widths, heights, on_object, strict=True):
                look = {"facecolor": COLOURS[kind], "alpha": 0.35}
                axes.bar(left, height, width - gap, align="edge", linewidth=0, **look)
                hatch = "" if kind else "////"
                axes.bar(left, height, width - gap, align="edge", facecolor="none",
                         edgecolor=COLOURS[kind], linewidth=1.4, hatch=hatch)  # fmt: skip
            for kind in (1, 0):
                axes.plot([], [], "s" if kind else "D", color=COLOURS[kind], label=kinds[kind])
            top = 1.1 * max(heights)
            axes.set_yticks(
                [k / 4 for k in range(9) if k / 4 < 0.9 * top and (k % 2 == 0 or top < 1)]
            )
            axes.set_ylim(0, top)
            legend(axes, [kinds[1], kinds[0]], 1)

        return paint

    def in_order(axes: Axes) -> None:
        places = [float(k) for k in range(len(heights))]
        bars(places, [1.0] * len(heights), 0.25)(axes)
        axes.set_xticks([k + 0.375 for k in places], [str(k + 1) for k in range(len(places))])
        axes.tick_params(axis="x", length=0)

    def weighed(axes: Axes) -> None:
        bars(ends[:-1], steps, 0.0)(axes)
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        for left, width, height in zip(ends, steps, heights, strict=False):
            if width > 0.01:  # what adds nothing is a line
                axes.annotate(number(width), (left + width / 2, height), (0, 3), ha="center",
                              textcoords="offset points", fontsize=10, color=INK)  # fmt: skip

    said = listed(
        [
            f"{kinds[k]} {number(h)} · {number(s)}"
            for k, h, s in zip(on_object, heights, steps, strict=True)
        ],
        "; ",
        "；",
    )
    order_ = listed(map(number, heights))
    panels = [
        svg(in_order, alt.format(count=len(heights), said=order_), f"{name}-1", title=title,
            labels=(gettext("place in the order"), ""), legend_rows=1),
        svg(weighed, gettext("Error and step of each pixel: {said}", said=said), f"{name}-2",
            title=gettext("as wide as their steps"),
            labels=(gettext("Jaccard loss of the pixels so far"), ""), legend_rows=1),
    ]  # fmt: skip
    return whole(name, panels, caption)
