"""Embeddings on a circle: who pulls and who is pushed, as the temperature moves."""

from __future__ import annotations

import html
import math

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.curves import slider
from scripts.figures.drawing import COLOURS, INK, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

# In degrees from the query, which is at the top: the own key, and the negatives.
ANGLES = (40.0, -20.0, 85.0, -110.0, 170.0)
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
DEFAULT = TEMPERATURES.index(0.1)
USED = ("info_nce_loss",)


def rows() -> Tensor:
    """Return the query, its key and the negatives as points of a circle."""
    turned = torch.tensor((0.0, *ANGLES), dtype=torch.float64) * math.pi / 180
    return torch.stack((turned.sin(), turned.cos()), 1)


def moved(temperature: float) -> tuple[Tensor, Tensor]:
    """Return the way that each row is moved, times the temperature, and its probability."""
    x = rows().requires_grad_()
    loss = losses.info_nce_loss(x[:1], x[1:2], x[2:], temperature=temperature)
    (gradient,) = torch.autograd.grad(loss, x)
    similar = x.detach() @ x[0].detach() / temperature
    return -temperature * gradient, similar[1:].softmax(0)


def arrow(axes: Axes, start: Tensor, way: Tensor, colour: str, gid: str) -> None:
    """Draw an arrow whose head is no longer than itself."""
    length = float(way.norm())
    if length < 0.02:
        return
    along = way / length
    start = start + 0.1 * along  # from the edge of its mark
    across = torch.stack((-along[1], along[0]))
    size = min(0.14, length)
    end = start + way
    neck = end - size * along
    axes.plot(*torch.stack((start, neck)).T, color=colour, linewidth=2.4, gid=gid)
    head = torch.stack((end, neck + size / 2 * across, neck - size / 2 * across))
    axes.fill(*head.T, color=colour, linewidth=0, gid=gid)


@picture("temperature", ["info_nce_loss", "nt_xent_loss"], USED)
def temperature(name: str) -> str:
    """Draw the arrows of one temperature for those without a slider, of all for the others."""
    x = rows()
    colours = (INK, COLOURS[0], *[COLOURS[1]] * (len(ANGLES) - 1))
    names = ("q", "k", *(f"n{'₁₂₃₄₅'[m]}" for m in range(len(ANGLES) - 1)))
    every = [moved(value) for value in TEMPERATURES]

    def circle(axes: Axes) -> None:
        axes.axis("off")
        axes.set_aspect("equal")
        turn = torch.arange(121) * math.pi / 60
        axes.plot(turn.cos(), turn.sin(), color=INK, linewidth=0.8, alpha=0.5)
        for k, (point, colour) in enumerate(zip(x, colours, strict=True)):
            marker = "*" if k == 0 else "o" if k == 1 else "s"
            axes.plot(*point, marker, color=colour, markersize=13 if k == 0 else 7)
            axes.annotate(names[k], point * 0.76, ha="center", va="center", fontsize=11)
        steps = [(f"@step:{index}", ways) for index, (ways, _) in enumerate(every)]
        for gid, ways in (("@family", every[DEFAULT][0]), *steps):
            for point, way, colour in zip(x, ways, colours, strict=True):
                arrow(axes, point, 1.5 * way, colour, gid)
        axes.set_xlim(-2.05, 2.05)
        axes.set_ylim(-1.35, 1.35)

    def bars(axes: Axes) -> None:
        axes.grid(visible=False, axis="y")
        steps = [(f"@step:{index}", shares) for index, (_, shares) in enumerate(every)]
        for gid, shares in (("@family", every[DEFAULT][1]), *steps):
            for k, share in enumerate(shares.tolist()):
                axes.barh(k, share, height=0.6, color=colours[k + 1], alpha=0.75, linewidth=0,
                          gid=gid)  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_ylim(len(ANGLES) - 0.4, -0.6)
        axes.set_yticks(range(len(ANGLES)), names[1:])
        axes.set_xticks([0, 0.5, 1])
        axes.tick_params(axis="y", length=0)

    first = gettext(
        "A circle with a query q at the top, its key k 40 degrees from it, and four negatives, the "
        "nearest 20 degrees away. Arrows show where each is moved."
    )
    courses = listed(
        [
            named(f"T = {number(value)}", number(float(shares[0])))
            for value, (_, shares) in zip(TEMPERATURES, every, strict=True)
        ],
        "; ",
        "；",
    )
    second = gettext(
        "The probability that each row is taken for the key. That of k itself: {courses}.",
        courses=courses,
    )
    panels = [
        svg(circle, first, f"{name}-1", title=gettext("where each row is moved"),
            size=(302, 224), margins=(4, 4, 22, 4)),
        svg(bars, second, f"{name}-2", title=gettext("what q takes for its key"),
            labels=(gettext("probability"), ""), margins=(36, 11, 22, 38)),
    ]  # fmt: skip
    for index, (value, (_, shares)) in enumerate(zip(TEMPERATURES, every, strict=True)):
        told = listed(
            named(text, number(share))
            for text, share in zip(names[1:], shares.tolist(), strict=True)
        )
        alt = html.escape(named(f"T = {number(value)}", told))
        step = f'data-step="{index}"'
        panels = [panel.replace(step, f'{step} data-alt="{alt}"', 1) for panel in panels]
    control = slider(name, "temperature", list(map(number, TEMPERATURES)), DEFAULT)
    caption = gettext(
        "The key k is drawn to the query q, the negatives n are pushed away, and q moves as all of "
        "them ask. A low temperature pushes the nearest negative alone. A high one pushes all, and "
        "q cannot tell them apart. An arrow is the negative gradient, times the temperature."
    )
    return whole(name, panels, caption, control)
