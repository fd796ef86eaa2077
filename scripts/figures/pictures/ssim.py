"""Structural similarity: three changes of one patch, each of which lowers one factor alone."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

SIDE = 7


def patch() -> Tensor:
    """Draw a slope with a spot on it, of values in [0, 1]."""
    row, column = torch.meshgrid(*[torch.arange(float(SIDE)).double()] * 2, indexing="ij")
    spot = torch.exp(-((row - 1.8) ** 2 + (column - 2.2) ** 2) / 3)
    return 0.3 + 0.012 * (row - column) + 0.32 * spot


def mean(x: Tensor) -> Tensor:
    """Average over the window that the loss has by default, but for its size."""
    place = torch.arange(float(SIDE)).double() - (SIDE - 1) / 2
    bell = torch.exp(-((place / 1.5) ** 2) / 2)
    weight = bell[:, None] * bell
    return (weight * x).sum() / weight.sum()


def factors(x: Tensor, y: Tensor) -> list[float]:
    """Return how alike means, contrasts and patterns are, and their product, the similarity."""
    m, n = mean(x), mean(y)
    s, t, c = mean((x - m) ** 2).sqrt(), mean((y - n) ** 2).sqrt(), mean((x - m) * (y - n))
    found = [
        (2 * m * n + 1e-4) / (m * m + n * n + 1e-4),
        (2 * s * t + 9e-4) / (s * s + t * t + 9e-4),
        (c + 4.5e-4) / (s * t + 4.5e-4),
    ]
    similarity = 1 - losses.ssim_loss(x[None, None], y[None, None], kernel_size=SIDE)
    assert torch.isclose(found[0] * found[1] * found[2], similarity)
    return [float(factor) for factor in (*found, similarity)]


def dots(axes: Axes, values: Tensor, left: float, top: float) -> None:
    """Draw a dot for each pixel, the larger the brighter; a few sizes are enough for the eye."""
    for level in values.mul(24).round().unique().tolist():
        rows, columns = (values.mul(24).round() == level).nonzero(as_tuple=True)
        size = 12.5 * (max(0.0, level) / 24) ** 0.5
        axes.plot(left + columns, top - rows, "o", color=INK, markersize=size, mew=0)


@picture("ssim", [], ["ssim_loss"])
def ssim(name: str) -> str:
    """Draw a patch and three others, equally far from it by the squared error."""
    x = patch()
    mirrored = x.flip(0, 1)  # the window is symmetric: the same mean and variance
    squared = (mirrored - x).square().mean()
    apart = x - mean(x)
    patches = {
        gettext("brighter"): x + squared.sqrt(),
        gettext("more contrast"): x + apart * (squared / apart.square().mean()).sqrt(),
        gettext("turned"): mirrored,
    }
    told = {title: factors(x, y) for title, y in patches.items()}
    kinds = (gettext("means"), gettext("contrasts"), gettext("patterns"))

    def drawn(axes: Axes) -> None:
        axes.grid(False)
        axes.axis("off")
        axes.set_aspect("equal")
        for place, (title, y) in enumerate({gettext("the patch"): x, **patches}.items()):
            left, top = 9.5 * (place % 2), -9.3 * (place // 2)
            dots(axes, y, left, top)
            text = named(title, number(told[title][3])) if title in told else title
            axes.text(left - 0.4, top + 1, text)
        axes.set_xlim(-0.8, 16.4)
        axes.set_ylim(-16.1, 2.3)

    def bars(axes: Axes) -> None:
        axes.grid(False, axis="x")
        for kind, hatch in enumerate(("", "////", r"\\\\")):
            for place, values in enumerate(told.values()):
                left = place - 0.36 + 0.24 * kind
                look = {"align": "edge", "edgecolor": COLOURS[kind], "linewidth": 1.2}
                axes.bar(left, values[kind], 0.2, facecolor="none", hatch=hatch, **look)
                axes.bar(left, values[kind], 0.2, align="edge", facecolor=COLOURS[kind], alpha=0.3)
            axes.plot([], [], "os^"[kind], color=COLOURS[kind], label=kinds[kind])
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xticks(range(3), list(told))
        axes.tick_params(axis="x", length=0)
        axes.set_ylim(min(0.0, *(v for values in told.values() for v in values)) - 0.04, 1.05)
        legend(axes, kinds, 1)

    said = listed(
        [named(title, listed(map(number, values[:3]))) for title, values in told.items()],
        "; ",
        "；",
    )
    similar = listed(f"{title} {number(values[3])}" for title, values in told.items())
    panels = [
        svg(drawn, gettext("A patch of 49 dots and three others. Similarity: {similar}.",
                           similar=similar),
            f"{name}-1", size=(302, 320), margins=(4, 4, 4, 4)),
        svg(bars, gettext("Factors of the means, the contrasts and the patterns. {said}",
                          said=said),
            f"{name}-2", title=gettext("factors of the similarity"), legend_rows=1,
            size=(302, 320)),
    ]  # fmt: skip
    caption = gettext(
        "A patch, whose larger dots stand for brighter pixels, and three others, each with the "
        "same mean squared error of {error}. Each is less alike in one factor alone: the means, "
        "the contrasts, the patterns. The similarity is the product of the three, and the loss "
        "is 1 minus it.",
        error=number(float(squared)),
    )
    return whole(name, panels, caption)
