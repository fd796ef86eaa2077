"""Losses over two variables at once: level lines, computed by the loss itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, INK, number, picture, svg, whole
from scripts.website.language import gettext, listed, sentences

Function = Callable[[Tensor, Tensor], Tensor]
SQUARE = (302, 280)


def levels(
    axes: Axes, x: Tensor, y: Tensor, z: Tensor, at: Sequence[float], taken: Tensor | None
) -> None:
    """Draw level lines over bands that darken as the loss grows.

    Each line's number stands where it is farthest from the points that are taken.
    """
    for low in at:  # bands lie over each other, so that they darken step by step
        axes.contourf(x, y, z, [low, float("inf")], colors=[COLOURS[0]], alpha=0.5 / len(at))
    lines = axes.contour(x, y, z, at, colors=[INK], linewidths=0.8, alpha=0.8, linestyles="-")
    if taken is None:
        return
    for level, line in zip(at, lines.get_paths(), strict=True):
        if abs(level) < 0.01 or not len(line.vertices):
            continue
        points = shown(axes, torch.tensor(line.vertices))
        apart, half = torch.cdist(points, points), 4 * len(number(level))
        room = torch.cdist(points, taken).min(1).values.expand_as(apart)
        room = room.masked_fill(apart > half, float("inf")).min(1).values  # for all of the number
        best = int(room.argmax())
        if room[best] > 5 and apart.max() > 3 * half:
            axes.clabel(lines, [level], fmt=number, fontsize=10, manual=[line.vertices[best]])
            taken = torch.cat((taken, points[apart[best] < half]))


def shown(axes: Axes, points: Tensor) -> Tensor:
    """Return where points lie on the drawing."""
    return torch.tensor(axes.transData.transform(points))


def frame(axes: Axes) -> Tensor:
    """Return points all around the panel."""
    along = torch.arange(41, dtype=torch.float64) / 40
    sides = [(along, 0 * along), (along, 0 * along + 1)]
    around = torch.cat([torch.stack(pair, 1) for side in sides for pair in (side, side[::-1])])
    return torch.tensor(axes.transAxes.transform(around))


def mesh(
    xs: tuple[float, float], ys: tuple[float, float], steps: int = 60
) -> tuple[Tensor, Tensor]:
    line = torch.arange(steps + 1, dtype=torch.float64) / steps
    x, y = torch.meshgrid(
        xs[0] + (xs[1] - xs[0]) * line, ys[0] + (ys[1] - ys[0]) * line, indexing="xy"
    )
    return x, y


def extremes(x: Tensor, y: Tensor, z: Tensor) -> str:
    low, high = int(z.argmin()), int(z.argmax())
    at = lambda k: f"({number(float(x.flatten()[k]))}, {number(float(y.flatten()[k]))})"
    return gettext(
        "Lowest, {low}, at {a}; highest, {high}, at {b}.",
        low=number(float(z.min())),
        a=at(low),
        high=number(float(z.max())),
        b=at(high),
    )


def downhill(
    axes: Axes, function: Function, xs: tuple[float, float], ys: tuple[float, float]
) -> Tensor:
    """Draw the way of gradient descent as arrows; return points along them."""
    x, y = (part.clone().requires_grad_() for part in mesh(xs, ys, 6))
    dx, dy = torch.autograd.grad(function(x, y).sum(), (x, y))
    x, y = x.detach(), y.detach()
    scale = 18 * float(dx.hypot(dy).mean())  # matplotlib's own
    axes.quiver(x, y, -dx, -dy, color=COLOURS[1], width=0.007, pivot="tail", zorder=3, scale=scale)
    start = shown(axes, torch.stack((x.flatten(), y.flatten()), 1))
    way = -torch.stack((dx.flatten(), dy.flatten()), 1) * axes.bbox.width / scale
    return torch.cat([start + part / 6 * way for part in range(7)])


def plane(
    salt: str,
    function: Function,
    title: str,
    labels: tuple[str, str],
    xs: tuple[float, float],
    ys: tuple[float, float],
    at: Sequence[float],
    arrows: bool = True,
    extra: Callable[[Axes], None] | None = None,
    steps: int = 60,
    names: bool = True,
) -> str:
    x, y = mesh(xs, ys, steps)
    with torch.no_grad():
        z = function(x, y)

    def paint(axes: Axes) -> None:
        axes.grid(False)
        axes.set_xlim(xs)
        axes.set_ylim(ys)
        taken = frame(axes)
        if arrows:
            inner = lambda ends: (
                ends[0] + 0.06 * (ends[1] - ends[0]),
                ends[1] - 0.06 * (ends[1] - ends[0]),
            )
            taken = torch.cat((taken, downhill(axes, function, inner(xs), inner(ys))))
        levels(axes, x, y, z, at, taken if names else None)
        if extra:
            extra(axes)

    alt = gettext("{title}, over {x} and {y}.", title=title, x=labels[0], y=labels[1])
    return svg(
        paint, sentences(alt, extremes(x, y, z)), salt, title=title, labels=labels, size=SQUARE,
        margins=(50, 10, 22, 38),
    )  # fmt: skip


def logits_plane(function: str, **keywords: float) -> Function:
    def loss(x1: Tensor, x2: Tensor) -> Tensor:
        rows = torch.stack((x1.flatten(), x2.flatten()), dim=1)
        target = torch.zeros(len(rows), dtype=torch.long)
        out: Tensor = getattr(losses, function)(rows, target, **keywords, reduction="none")
        return out.reshape(x1.shape)

    return loss


def simplex(salt: str, function: str, title: str, at: Sequence[float], **keywords: float) -> str:
    """Draw the loss over all distributions of three classes, class 1 being right."""
    corners = torch.tensor([[0.5, 3**0.5 / 2], [0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    n = 48
    p = torch.tensor(
        [(i, j, n - i - j) for i in range(n + 1) for j in range(n + 1 - i)], dtype=torch.float64
    )
    p = (p / n).clamp(min=1e-4)
    p = p / p.sum(dim=1, keepdim=True)
    target = torch.zeros(len(p), dtype=torch.long)
    # The logarithms of probabilities are logits that give them back.
    z = getattr(losses, function)(p.log(), target, **keywords, reduction="none")
    x, y = (p @ corners).T

    def paint(axes: Axes) -> None:
        axes.axis("off")
        for low in at:
            axes.tricontourf(x, y, z, [low, 1e9], colors=[COLOURS[0]], alpha=0.5 / len(at))
        lines = axes.tricontour(x, y, z, at, colors=[INK], linewidths=0.8, alpha=0.8)
        for level, line in zip(at, lines.get_paths(), strict=True):
            end = max(line.vertices.tolist())  # on the right side
            axes.annotate(
                number(level), end, (5, 0), textcoords="offset points", va="center", fontsize=10
            )
        around = torch.cat((corners, corners[:1]))
        axes.plot(around[:, 0], around[:, 1], "-", color=INK, linewidth=1)
        axes.plot(0.5, 3**0.5 / 6, "o", color=COLOURS[1], markersize=5)
        middle = (torch.full((1, 3), 1 / 3).double().log(), torch.tensor([0]))
        guess = float(getattr(losses, function)(*middle, **keywords, reduction="sum"))
        axes.annotate(
            gettext("guessing: {loss}", loss=number(guess)),
            (0.5, 3**0.5 / 6),
            (0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=10.5,
        )
        for (cx, cy), name, side, up in zip(
            corners.tolist(), ("p₁ = 1", "p₂ = 1", "p₃ = 1"), ("center", "left", "right"),
            ("bottom", "top", "top"), strict=True,
        ):  # fmt: skip
            axes.annotate(name, (cx, cy + (0.02 if up == "bottom" else -0.03)), ha=side, va=up)
        axes.set_xlim(-0.03, 1.13)
        axes.set_ylim(-0.1, 0.95)

    grows = listed(number(float(v)) for v in at)
    alt = gettext(
        "{title}, over all probabilities of three classes. 0 in the corner p₁ = 1, without bound "
        "towards the opposite side; level lines at {levels}.",
        title=title,
        levels=grows,
    )
    return svg(paint, alt, salt, title=title, size=SQUARE, margins=(8, 8, 26, 4))


ARROWS = "Level lines of the loss. The arrows point downhill; the longer, the larger the gradient."


@picture("cross_entropy_plane", ["cross_entropy"])
def cross_entropy_plane(name: str) -> str:
    panels = [
        plane(
            f"{name}-1", logits_plane("cross_entropy"), "ℓ(x, y = 1)", ("x₁", "x₂"),
            (-4, 4), (-4, 4), (0.1, 0.3, 0.693, 1.5, 3, 5),
        ),
        simplex(f"{name}-2", "cross_entropy", "ℓ = −log p₁", (0.1, 0.3, 0.693, 1.5, 3)),
    ]  # fmt: skip
    caption = sentences(
        gettext(ARROWS),
        gettext(
            "First: two logits; only their difference counts. Second: three probabilities; only "
            "that of the right class counts."
        ),
    )
    return whole(name, panels, caption)


@picture("focal_loss_plane", ["focal_loss"], ["focal_loss", "cross_entropy"])
def focal_loss_plane(name: str) -> str:
    at = (0.01, 0.1, 0.3, 0.693, 1.5, 3)
    panels = [
        simplex(f"{name}-1", "cross_entropy", gettext("cross entropy"), at),
        simplex(f"{name}-2", "focal_loss", gettext("focal loss, γ = 2"), at, gamma=2.0),
    ]
    caption = gettext(
        "The same level lines in both. The focal loss is close to 0 around the right answer: what "
        "is already likely costs next to nothing."
    )
    return whole(name, panels, caption)


def triplets(function: str) -> Function:
    def loss(positive: Tensor, negative: Tensor) -> Tensor:
        zero = torch.zeros(positive.numel(), 1, dtype=positive.dtype)
        out: Tensor = getattr(losses, function)(
            zero, positive.reshape(-1, 1), -negative.reshape(-1, 1), reduction="none"
        )
        return out.reshape(positive.shape)

    return loss


def regions(names: Sequence[tuple[str, float, float]]) -> Callable[[Axes], None]:
    """Draw the borders y = x and y = x + 1, and write names into the regions."""

    def paint(axes: Axes) -> None:
        axes.axline((0, 0), slope=1, color=INK, linewidth=1.4, linestyle="--")
        axes.axline((0, 1), slope=1, color=INK, linewidth=1.4)
        for text, x, y in names:
            axes.annotate(text, (x, y), ha="center", va="center", rotation=0, fontsize=11)

    return paint


def triplet_plane(name: str) -> str:
    function = name.removesuffix("_plane")
    easy, semi, hard = gettext("easy: 0"), gettext("semi-hard"), gettext("hard")
    panels = [
        plane(
            f"{name}-1", triplets(function), gettext("ℓ, with m = 1"), ("d(a, a⁺)", "d(a, a⁻)"),
            (0, 3), (0, 3), (0.001, 1, 2, 3), arrows=False, names=False,
            extra=regions(((easy, 0.75, 2.5), (semi, 1.5, 2.0), (hard, 2.1, 0.8))),
        ),
        plane(
            f"{name}-2", triplets(function), gettext("downhill"), ("d(a, a⁺)", "d(a, a⁻)"),
            (0, 3), (0, 3), (0.001, 0.5, 1, 1.5, 2, 3), extra=regions(()),
        ),
    ]  # fmt: skip
    caption = gettext(
        "Above the solid line the negative is farther away than the positive by at least the "
        "margin: no loss. Between the lines it is farther away, but by less than the margin. Below "
        "the dashed line it is nearer than the positive."
    )
    return whole(name, panels, caption)


for function in ("triplet_margin_loss", "triplet_margin_with_distance_loss"):
    picture(f"{function}_plane", [function])(triplet_plane)


@picture("margin_ranking_plane", ["margin_ranking_loss"])
def margin_ranking_plane(name: str) -> str:
    def loss(x2: Tensor, x1: Tensor) -> Tensor:
        return losses.margin_ranking_loss(x1, x2, torch.ones_like(x1), margin=1.0, reduction="none")

    words = (
        (gettext("right order: 0"), 0.85, 2.6),
        (gettext("too close"), 1.5, 2.0),
        (gettext("wrong order"), 2.1, 0.8),
    )
    panels = [
        plane(
            f"{name}-1", loss, gettext("ℓ, with y = 1 and m = 1"), ("x₂", "x₁"),
            (0, 3), (0, 3), (0.001, 1, 2, 3), arrows=False, names=False,
            extra=regions(words),
        ),
        plane(
            f"{name}-2", loss, gettext("downhill"), ("x₂", "x₁"),
            (0, 3), (0, 3), (0.001, 0.5, 1, 1.5, 2, 3), extra=regions(()),
        ),
    ]  # fmt: skip
    caption = gettext(
        "Above the solid line the first score leads by the margin: no loss. On the dashed line "
        "both are equal."
    )
    return whole(name, panels, caption)


@picture("poisson_plane", ["poisson_nll_loss"])
def poisson_plane(name: str) -> str:
    def log_rate(x: Tensor, y: Tensor) -> Tensor:
        return losses.poisson_nll_loss(x, y, full=False, reduction="none")

    def excess(function: Function, at_best: Function) -> Function:
        return lambda x, y: function(x, y) - at_best(x, y)

    def rate(x: Tensor, y: Tensor) -> Tensor:
        return losses.poisson_nll_loss(x, y, log_input=False, reduction="none")

    # How much worse than the best prediction: the loss less its value at rate = count.
    best_log = lambda x, y: log_rate(y.log(), y)
    best = lambda x, y: rate(y, y)
    at = (0.1, 0.5, 1, 2, 4, 8)
    counts = torch.arange(1, 101, dtype=torch.float64) / 10
    panels = [
        plane(
            f"{name}-1", excess(log_rate, best_log), gettext("excess of ℓ over its minimum"),
            (gettext("log-rate x"), gettext("count y")), (-2, 3.4), (0.1, 10), at, arrows=False,
            extra=lambda axes: axes.plot(counts.log(), counts, "--", color=COLOURS[1]),
        ),
        plane(
            f"{name}-2", excess(rate, best), gettext("the same, log_input=False"),
            (gettext("rate x"), gettext("count y")), (0.1, 10), (0.1, 10), at, arrows=False,
            extra=lambda axes: axes.plot(counts, counts, "--", color=COLOURS[1]),
        ),
    ]  # fmt: skip
    caption = gettext(
        "How much more a prediction costs than the best one for its count. Dashed: the best one, "
        "where the rate is the count. First: in the log-rate the valley narrows as the count "
        "grows. Second: in the rate it widens, because larger counts scatter more."
    )
    return whole(name, panels, caption)


@picture("gaussian_plane", ["gaussian_nll_loss"])
def gaussian_plane(name: str) -> str:
    def loss(error: Tensor, var: Tensor) -> Tensor:
        zero = torch.zeros_like(error)
        return losses.gaussian_nll_loss(error, zero, var, reduction="none")

    def sure(x: Tensor, y: Tensor) -> Tensor:
        return losses.gaussian_nll_loss(x, y, torch.full_like(x, 0.5), reduction="none")

    errors = torch.arange(-120, 121, dtype=torch.float64) / 60
    panels = [
        plane(
            f"{name}-1", loss, gettext("ℓ over error and variance"), ("x − y", "v"),
            (-2, 2), (0.08, 3), (-0.5, 0, 0.5, 1.25, 2, 4), arrows=False,
            extra=lambda axes: axes.plot(errors, errors**2, "--", color=COLOURS[1]),
        ),
        plane(
            f"{name}-2", sure, gettext("ℓ, with v = 0.5"),
            (gettext("prediction x"), gettext("target y")),
            (-2, 2), (-2, 2), (-0.3, 0, 0.5, 1, 2, 4, 8),
        ),
    ]  # fmt: skip
    caption = gettext(
        "First: the dashed line is the best variance for each error, its square. A sure and wrong "
        "answer (below it) costs most, an unsure one (above it) costs little. Second: with a fixed "
        "variance, only the error counts. The arrows point downhill."
    )
    return whole(name, panels, caption)


@picture("multilabel_plane", [], ["multilabel_margin_loss", "multilabel_soft_margin_loss"])
def multilabel_plane(name: str) -> str:
    def hinge(x1: Tensor, x2: Tensor) -> Tensor:
        rows = torch.stack((x1.flatten(), x2.flatten()), dim=1)
        target = torch.tensor([0, -1]).expand(len(rows), 2)
        return losses.multilabel_margin_loss(rows, target, reduction="none").reshape(x1.shape)

    def soft(x1: Tensor, x2: Tensor) -> Tensor:
        rows = torch.stack((x1.flatten(), x2.flatten()), dim=1)
        target = torch.tensor([1.0, 0.0], dtype=rows.dtype).expand(len(rows), 2)
        return losses.multilabel_soft_margin_loss(rows, target, reduction="none").reshape(x1.shape)

    labels = (gettext("x₁, right class"), gettext("x₂, wrong class"))
    at = (0.001, 0.2, 0.5, 1, 2, 3)
    panels = [
        plane(f"{name}-1", hinge, "MultiLabelMarginLoss", labels, (-3, 3), (-3, 3), at),
        plane(f"{name}-2", soft, "MultiLabelSoftMarginLoss", labels, (-3, 3), (-3, 3), at),
    ]
    caption = sentences(
        gettext(ARROWS),
        gettext(
            "First: only the lead of the right class counts; once it is 1, nothing pulls. Second: "
            "each class is pulled to its own side of 0, without end."
        ),
    )
    return whole(name, panels, caption)
