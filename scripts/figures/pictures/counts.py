"""Three distributions of counts with the same mean, from the losses that are their likelihoods."""

from __future__ import annotations

import math

import torch
from matplotlib.axes import Axes

import losses
from scripts.figures.drawing import COLOURS, DASHES, legend, number, picture, rows_for, svg, whole
from scripts.website.language import gettext, listed, named

MEAN, R, EXTRA = 4.0, 2.0, 0.3
COUNTS = torch.arange(16, dtype=torch.float64)


@picture(
    "counts_alike",
    [],
    [
        "negative_binomial_nll_loss",
        "poisson_nll_loss",
        "zero_inflated_negative_binomial_nll_loss",
    ],
)
def counts(name: str) -> str:
    log_mean = torch.full_like(COUNTS, math.log(MEAN))
    given = {"target": COUNTS, "reduction": "none"}
    poisson = losses.poisson_nll_loss(log_mean, **given) + torch.lgamma(COUNTS + 1)
    scattered = losses.negative_binomial_nll_loss(log_mean, total_count=R, **given)
    # The counts themselves are higher, so that the extra zeros leave the mean as it is.
    inflated = losses.zero_inflated_negative_binomial_nll_loss(
        log_mean - math.log(1 - EXTRA),
        total_count=R,
        zero_logits=torch.full_like(COUNTS, math.log(EXTRA / (1 - EXTRA))),
        **given,
    )
    names = [
        gettext("Poisson"),
        gettext("negative binomial"),
        gettext("zero-inflated"),
    ]
    shares = [loss.neg().exp() for loss in (poisson, scattered, inflated)]

    def paint(axes: Axes) -> None:
        for k, (share, text) in enumerate(zip(shares, names, strict=True)):
            axes.plot(COUNTS, share, "os^"[k], ls=DASHES[k], color=COLOURS[k], label=text,
                      markersize=4)  # fmt: skip
        axes.set_ylim(0, None)
        axes.set_xticks(range(0, 16, 3))
        legend(axes, names, rows_for(names))

    zeros = listed(
        named(text, number(100 * float(share[0])) + " %")
        for text, share in zip(names, shares, strict=True)
    )
    alt = gettext(
        "How likely each count from 0 to 15 is, by three distributions with a mean of 4. The share "
        "of zeros: {zeros}.",
        zeros=zeros,
    )
    panel = svg(paint, alt, name, title=gettext("probability of a count"),
                legend_rows=rows_for(names), size=(340, 250), labels=("y", "p(y)"),
                margins=(46, 8, 22, 38))  # fmt: skip
    caption = gettext(
        "All three have a mean of 4; the concentration is 2, and three of ten are extra zeros. The "
        "share of zeros: {zeros}.",
        zeros=zeros,
    )
    return whole(name, [panel], caption)
