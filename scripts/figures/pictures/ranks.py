"""Ordered classes: a bar broken step by step, one score against thresholds, near and far misses."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from losses.catalog import Curve
from scripts.figures import curves
from scripts.figures.drawing import COLOURS, DASHES, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

LOGITS = torch.tensor([[2.0, 0.6, 0.0, -1.0]], dtype=torch.float64)
MARGINS = (50, 12, 22, 38)


def beyond(logits: Tensor) -> Tensor:
    """Return the probabilities of coming as far as each rank, from 1 for the lowest on, then 0."""
    return torch.cat((torch.ones(1), logits[0].sigmoid().cumprod(0), torch.zeros(1)))


def percent(share: float) -> str:
    return f"{100 * share:.0f}"


@picture("corn_ranks", [], ["corn_loss"])
def corn_ranks(name: str) -> str:
    """Break a bar at each question; then add up what the questions cost, rank by rank."""
    reach = beyond(LOGITS)
    ends = 1 - reach  # where each rank begins on the bar, and the last one ends
    ranks = len(reach) - 1
    shares = reach.diff().neg()
    middle = int((reach[1:] > 0.5).sum())
    every = torch.arange(ranks)
    cost = losses.corn_loss(LOGITS.expand(ranks, -1), every, reduction="none")

    def bar(axes: Axes) -> None:
        axes.grid(False)
        for k in range(ranks):
            left, width = float(ends[k]), float(shares[k])
            axes.barh(k, float(reach[k]), left=left, height=0.62, facecolor="none",
                      edgecolor=INK, linewidth=0.8)  # fmt: skip
            axes.barh(k, width, left=left, height=0.62, color=COLOURS[0], alpha=0.45, linewidth=0)
            axes.annotate(percent(width), (left + width / 2, k), ha="center", va="center",
                          fontsize=10)  # fmt: skip
        axes.axvline(0.5, linestyle=":", color=INK, linewidth=1.2)
        axes.set_xlim(0, 1.01)
        axes.set_ylim(ranks - 0.5, -0.5)
        axes.set_xticks([0, 0.5, 1])
        axes.set_yticks(range(ranks))
        axes.tick_params(axis="y", length=0)

    names = [gettext("question {k}", k=k + 1) for k in range(ranks - 1)]

    def costs(axes: Axes) -> None:
        axes.grid(visible=False, axis="y")
        left = torch.zeros(ranks, dtype=torch.float64)
        hatches = ("", "///", "---", "xx")
        for k in range(ranks - 1):
            axes.barh(every[k:], cost[k:, k], left=left[k:], height=0.62, label=names[k],
                      hatch=hatches[k], facecolor="none" if k else COLOURS[0],
                      edgecolor=COLOURS[k], linewidth=0.8)  # fmt: skip
            left = left + cost[:, k]
        axes.set_ylim(ranks - 0.5, -0.5)
        axes.set_yticks(range(ranks))
        axes.tick_params(axis="y", length=0)
        axes.legend(
            loc="lower left", bbox_to_anchor=(-0.14, 1.0), ncols=2, borderpad=0,
            borderaxespad=0.2, handlelength=1.6, columnspacing=1.1, labelspacing=0.1,
        )  # fmt: skip

    told = listed(
        [named(gettext("rank {k}", k=k), f"{percent(float(s))} %") for k, s in enumerate(shares)]
    )
    totals = listed(
        [named(gettext("rank {k}", k=k), number(float(c))) for k, c in enumerate(cost.sum(1))]
    )
    first = gettext(
        "A bar that is broken four times: {shares}. Its middle lies in rank {k}.",
        shares=told,
        k=middle,
    )
    second = gettext("What the questions cost, added up, if the right answer is {totals}.",
                     totals=totals)  # fmt: skip
    panels = [
        svg(bar, first, f"{name}-1", title=gettext("who stays at rank k, in percent"),
            labels=(gettext("share of all"), gettext("rank k")), margins=MARGINS),
        svg(costs, second, f"{name}-2", title=gettext("loss, if the rank is y"), legend_rows=2,
            labels=("Σ ℓ", gettext("rank y")), margins=MARGINS),
    ]  # fmt: skip
    caption = gettext(
        "First: question by question the bar is broken. The filled part stays, the rest goes on. "
        "The dotted line is the middle of the whole: rank {k} is predicted. Second: a row is asked "
        "until the answer is no. Its questions add up to minus the logarithm of its share. Ranks "
        "count from 0.",
        k=middle,
    )
    return whole(name, panels, caption)


@picture("coral_scores", [], ["coral_loss"])
def coral_scores(name: str) -> str:
    """Draw the loss of each rank, and its slope, over the score that the questions share."""
    bias = torch.tensor([3.0, 0.0, -3.0], dtype=torch.float64)
    domain = (-7.0, 7.0)
    lines = []
    for rank in range(4):
        score = domain[0] + (domain[1] - domain[0]) * torch.arange(241).double() / 240
        score.requires_grad_()
        target = torch.full((len(score),), rank)
        loss = losses.coral_loss(score[:, None] + bias, target, reduction="none")
        (gradient,) = torch.autograd.grad(loss.sum(), score)
        text = gettext("rank {k}", k=rank)
        lines.append(curves.Line(text, score.detach(), loss.detach(), gradient))
    shared = Curve({}, domain, gettext("score s"), symbol="s")
    panels = [
        curves.plot(lines, shared, which, f"{name}-{which}") for which in ("value", "gradient")
    ]
    caption = gettext(
        "The biases are 3, 0 and −3, so the answers turn to yes at the scores −3, 0 and 3. The "
        "lowest point of an inner rank lies between two of them; the outer ranks have none. Every "
        "threshold passed on the wrong side adds 1 to the slope. Ranks count from 0."
    )
    return whole(name, panels, caption)


@picture("ordinal", [], ["cross_entropy", "corn_loss", "coral_loss"])
def ordinal(name: str) -> str:
    """Move what a prediction gives to a wrong rank away from the right one, and see who minds."""
    ranks, right, spread = 5, 0, 0.05
    places = torch.arange(1, ranks)
    p = torch.full((ranks - 1, ranks), spread, dtype=torch.float64)
    p[:, right] = 0.4
    p[torch.arange(ranks - 1), places] = 1 - 0.4 - 3 * spread
    reach = 1 - p.cumsum(1)[:, :-1]  # the probability of coming beyond each rank
    before = torch.cat((torch.ones(ranks - 1, 1), reach[:, :-1]), 1)
    target = torch.full((ranks - 1,), right)
    found = {
        "cross_entropy": losses.cross_entropy(p.log(), target, reduction="none"),
        "corn_loss": losses.corn_loss((reach / before).logit(), target, reduction="none").sum(1),
        "coral_loss": losses.coral_loss(reach.logit(), target, reduction="none"),
    }

    def paint(axes: Axes) -> None:
        for k, (function, values) in enumerate(found.items()):
            axes.plot(places, values, ls=DASHES[k], marker="osD"[k], color=COLOURS[k],
                      markersize=(5, 9, 5)[k], fillstyle=("full", "none", "full")[k],
                      label=function)  # fmt: skip
        axes.set_xticks(places.tolist())
        axes.set_ylim(0, 3.4)
        legend(axes, list(found), 2)

    courses = listed(
        [named(f, listed([number(float(v)) for v in values])) for f, values in found.items()],
        "; ",
        "；",
    )
    alt = gettext("Loss against the wrong rank that gets most. {courses}.", courses=courses)
    panel = svg(paint, alt, name, title=gettext("a near miss or a far one"), legend_rows=2,
                size=(340, 240), labels=(gettext("wrong rank with 45 percent"), ""))  # fmt: skip
    caption = gettext(
        "Five ranks, the right one is 0 and gets 40 percent. Of the rest, 45 percent go to one "
        "wrong rank: the nearest on the left, the farthest on the right. CORN's questions are "
        "added up. Its line is that of cross entropy."
    )
    return whole(name, [panel], caption)
