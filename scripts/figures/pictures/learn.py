"""The pictures of the path "Learn": one idea each."""

from __future__ import annotations

import math

import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle

import losses
from scripts.figures.drawing import COLOURS, INK, number, picture, svg, whole
from scripts.figures.surfaces import plane
from scripts.website.language import gettext, listed, named

CENTRED = {"ha": "center", "va": "center"}


@picture("descent", [], ["mse_loss"])
def descent(name: str) -> str:
    """Fit a line to four points, and draw the way over the loss's surface."""
    z = torch.tensor([-1.0, 0.0, 1.0, 2.0], dtype=torch.float64)
    y = torch.tensor([-0.6, 0.4, 1.6, 2.2], dtype=torch.float64)

    def loss(slope: torch.Tensor, offset: torch.Tensor) -> torch.Tensor:
        line = slope[..., None] * z + offset[..., None]
        return losses.mse_loss(line, y.expand_as(line), reduction="none").mean(-1)

    at = torch.tensor([-0.6, 1.6], dtype=torch.float64)
    way = [at]
    for _ in range(8):
        at = at.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(at[0], at[1]), at)
        at = (at - 0.25 * gradient).detach()
        way.append(at)
    steps = torch.stack(way)

    def walked(axes: Axes) -> None:
        axes.plot(steps[:, 0], steps[:, 1], "o-", color=COLOURS[1], markersize=4)
        axes.annotate(gettext("start"), tuple(steps[0].tolist()), (6, 4), color=INK,
                      textcoords="offset points", fontsize=11)  # fmt: skip

    panel = plane(
        name, loss, gettext("mean squared error of a line"), (gettext("slope"), gettext("offset")),
        (-1, 2.5), (-1.2, 2.2), (0.05, 0.3, 1, 2, 4, 7), arrows=False, extra=walked,
    )  # fmt: skip
    first, last = (float(loss(*way[k])) for k in (0, -1))
    caption = gettext(
        "Each point is a line, by its slope and its offset. Each step goes against the gradient. "
        "Eight steps take the loss from {first} to {last}.",
        first=number(first),
        last=number(last),
    )
    return whole(name, [panel], caption)


@picture("graph")
def graph(name: str) -> str:
    """Draw what autograd records of (2 w - 1)², with its numbers forward and backward."""
    w = torch.tensor(3.0, requires_grad=True)
    doubled = w * 2
    less = doubled - 1
    loss = less**2
    kept = [w, doubled, less, loss]
    for value in kept:
        value.retain_grad()
    loss.backward()
    texts = ("w", "2w", "2w − 1", "(2w − 1)²")

    def paint(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set_xlim(-0.6, 3.6)
        axes.set_ylim(-1.4, 1.4)
        box = {"boxstyle": "round,pad=0.5", "facecolor": "none", "edgecolor": INK}
        for k, (text, value) in enumerate(zip(texts, kept, strict=True)):
            axes.text(k, 0, text, bbox=box, fontsize=12, color=INK, **CENTRED)
            axes.text(
                k, 0.85, number(float(value.detach())), color=COLOURS[0], fontsize=12, **CENTRED
            )
            axes.text(k, -0.85, number(float(value.grad)), color=COLOURS[1], fontsize=12, **CENTRED)
        for k in range(3):
            line = {"arrowstyle": "->", "lw": 1.4}
            axes.annotate("", (k + 0.85, 0.55), (k + 0.15, 0.55),
                          arrowprops={**line, "color": COLOURS[0]})  # fmt: skip
            axes.annotate("", (k + 0.15, -0.55), (k + 0.85, -0.55),
                          arrowprops={**line, "color": COLOURS[1]})  # fmt: skip

    numbers = [number(float(value.detach())) for value in kept]
    slopes = [number(float(value.grad)) for value in kept]
    caption = gettext(
        "Forward, from left to right: the values {values}. Backward, from right to left: the slope "
        "of the loss in each of them, {slopes}.",
        values=listed(numbers),
        slopes=listed(reversed(slopes)),
    )
    panel = svg(paint, caption, name, size=(340, 150), margins=(4, 4, 4, 4))
    return whole(name, [panel], caption)


@picture("likelihood", [], ["cross_entropy"])
def likelihood(name: str) -> str:
    """Draw minus the logarithm, and on it the three answers of the page's example."""
    p = torch.arange(1, 101, dtype=torch.float64) / 100
    answers = {gettext("cat"): 0.7, gettext("dog"): 0.2, gettext("bird"): 0.1}

    def loss(p: torch.Tensor) -> torch.Tensor:
        logits = torch.stack([p.log(), (1 - p).clamp(min=1e-300).log()], -1)
        none = torch.zeros(p.shape, dtype=torch.long)
        return losses.cross_entropy(logits, none, reduction="none")

    curve = loss(p)

    def paint(axes: Axes) -> None:
        axes.plot(p, curve, color=COLOURS[0])
        for k, (text, value) in enumerate(answers.items()):
            cost = -math.log(value)
            axes.plot([value], [cost], "o", color=COLOURS[1] if k == 0 else INK)
            axes.annotate(named(text, f"{cost:.4f}"), (value, cost), (7, 3), fontsize=11,
                          color=INK, textcoords="offset points")  # fmt: skip
        axes.set_ylim(0, 4.7)

    caption = gettext(
        "What it costs to have given an answer the probability p, if it is the right one. It was a "
        "cat, which costs {cat}. A dog would have cost {dog}, a bird {bird}.",
        cat=f"{-math.log(0.7):.4f}",
        dog=f"{-math.log(0.2):.4f}",
        bird=f"{-math.log(0.1):.4f}",
    )
    panel = svg(paint, caption, name, title="− log p", labels=("p", ""), size=(340, 230))
    return whole(name, [panel], caption)


@picture("share", [], ["sigmoid_focal_loss"])
def share(name: str) -> str:
    """Draw who pays for the loss, 990 easy samples or ten hard ones, as gamma grows."""
    p = torch.cat([torch.full((990,), 0.95), torch.full((10,), 0.3)]).double()
    x, y = p.logit(), torch.ones_like(p)
    hard = []
    for gamma in (0.0, 1.0, 2.0):
        loss = losses.sigmoid_focal_loss(x, y, alpha=-1, gamma=gamma, reduction="none")
        hard.append(float(loss[990:].sum() / loss.sum()))

    def paint(axes: Axes) -> None:
        axes.grid(False)
        for k, part in enumerate(hard):
            axes.barh(2 - k, part, color=COLOURS[1], height=0.6)
            axes.barh(2 - k, 1 - part, left=part, color=COLOURS[0], height=0.6, alpha=0.45)
            shares = " / ".join(f"{100 * one:.0f} %" for one in (part, 1 - part))
            axes.text(1.03, 2 - k, shares, color=INK, fontsize=11, va="center")
        axes.set_xlim(0, 1.45)
        axes.set_yticks([2, 1, 0], ["γ = 0", "γ = 1", "γ = 2"])
        axes.set_xticks([])

    caption = gettext(
        "Who pays the loss: the ten hard samples (left part) and the 990 easy ones. With γ = 0, "
        "cross entropy, the hard ones have {none} of it; with γ = 2, {two}.",
        none=f"{100 * hard[0]:.0f} %",
        two=f"{100 * hard[2]:.0f} %",
    )
    panel = svg(paint, caption, name, size=(340, 150), margins=(52, 8, 8, 8))
    return whole(name, [panel], caption)


@picture("order", [], ["triplet_margin_loss"])
def order(name: str) -> str:
    """Draw an anchor, a positive, and where a negative costs something."""
    a, p = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    negatives = {(-3.5, 0.0): COLOURS[1], (0.0, -4.7): COLOURS[2]}

    def cost(n: tuple[float, float]) -> str:
        return number(float(losses.triplet_margin_loss(a, p, torch.tensor([n]), eps=0.0)))

    def paint(axes: Axes) -> None:
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-8.4, 5.0)
        axes.set_ylim(-5.2, 4.8)
        axes.add_patch(Circle((0, 0), 3, fill=False, color=COLOURS[0], lw=1.5))
        axes.add_patch(Circle((0, 0), 4, fill=False, color=COLOURS[0], lw=1.5, ls="--"))
        for (x, y), text in {(0, 0): "a", (3, 0): "p"}.items():
            axes.plot([x], [y], "o", color=INK)
            axes.text(x + 0.3, y + 0.3, text, color=INK, fontsize=12)
        for n, colour in negatives.items():
            axes.plot(*[[part] for part in n], "s", color=colour)
            text = gettext("n: loss {cost}", cost=cost(n))
            at, side = (n[0] + 0.4, "left") if n[0] == 0 else (-4.4, "right")
            axes.text(at, n[1], text, color=INK, fontsize=11, ha=side, va="center")

    near, far = (cost(n) for n in negatives)
    caption = gettext(
        "The solid circle is as far from the anchor a as the positive p; the dashed one farther by "
        "the margin, 1. A negative inside of the dashed circle costs something, here {near}; "
        "outside of it {far}.",
        near=near,
        far=far,
    )
    panel = svg(paint, caption, name, size=(340, 250), margins=(4, 4, 4, 4))
    return whole(name, [panel], caption)
