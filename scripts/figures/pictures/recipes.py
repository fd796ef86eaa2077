"""What the recipes have trained, drawn from the run of the very code that their pages show."""

from __future__ import annotations

import doctest
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from scripts.figures.drawing import COLOURS, DASHES, INK, legend, picture, rows_for, svg, whole
from scripts.website.alone import outputs
from scripts.website.language import DOCS, gettext
from scripts.website.steps import sessions_of


def run(page: str) -> dict[str, Any]:
    """Run all steps of a page; return the names that they leave behind."""
    *_, steps = sessions_of((DOCS / "en" / page).read_text("utf-8"))
    scope: dict[str, Any] = {"__name__": "__main__"}
    with torch.random.fork_rng(devices=[]):
        list(outputs(doctest.DocTestParser().get_examples(steps), scope=scope))
    return scope


EMBEDDINGS = "recipes/embeddings.md"


@picture("recipe_embeddings", [], ["info_nce_loss"], EMBEDDINGS)
def embeddings(name: str) -> str:
    """Draw every question by the cosines of its own answer and of the best wrong one."""
    scope = run(EMBEDDINGS)
    titles = (gettext("before training"), gettext("after training"))
    panels, counts = [], []
    for index, (title, similar) in enumerate(
        zip(titles, (scope["before"], scope["after"]), strict=True)
    ):
        own = similar.diagonal()
        wrong = (similar - 9 * torch.eye(len(similar))).amax(1)
        found = own > wrong
        counts.append(int(found.sum()))

        def paint(
            axes: Axes, own: Tensor = own, wrong: Tensor = wrong, found: Tensor = found
        ) -> None:
            axes.plot([0, 1], [0, 1], color=INK, lw=1)
            axes.plot(own[found], wrong[found], "o", color=COLOURS[0], markersize=4)
            axes.plot(own[~found], wrong[~found], "x", color=COLOURS[1], markersize=4)
            axes.set_xlim(-0.35, 1.03)
            axes.set_ylim(0.4, 1.03)

        alt = gettext(
            "{title}: {count} of {all} questions lie below the line of equal cosines.",
            title=title, count=counts[-1], all=len(own),
        )  # fmt: skip
        labels = (gettext("cosine of the own answer"), gettext("of the best wrong one"))
        panels.append(svg(paint, alt, f"{name}-{index}", title=title, labels=labels))
    caption = gettext(
        "The {all} questions that were not trained on, from a run of the steps above. Below the "
        "line, as dots, those whose own answer is the most similar one; above it, as crosses, the "
        "others. Training brings the own answer close: {before} are found before, {after} after.",
        all=len(scope["before"]), before=counts[0], after=counts[1],
    )  # fmt: skip
    return whole(name, panels, caption)


DPO = "recipes/dpo.md"


@picture("recipe_dpo", [], ["dpo_loss"], DPO)
def dpo(name: str) -> str:
    """Draw how likely both kinds of answers have become, step by step, and the loss."""
    log = run(DPO)["log"]
    names = [gettext("chosen"), gettext("rejected")]
    last = [f"{value:.0f}".replace("-", "−") for value in log[-1, 1:].tolist()]

    def likelihoods(axes: Axes) -> None:
        axes.axhline(0, color=INK, lw=0.8)
        for k, text in enumerate(names):
            axes.plot(log[:, k + 1], ls=DASHES[k], color=COLOURS[k], label=text)
        legend(axes, names, rows_for(names))

    def loss(axes: Axes) -> None:
        axes.plot(log[:, 0], color=COLOURS[2])
        axes.set_ylim(0, 0.75)

    steps = gettext("steps")
    alts = (
        gettext(
            "Log-probability gained since the start. The chosen answers end at {chosen}, the "
            "rejected ones at {rejected}.",
            chosen=last[0], rejected=last[1],
        ),
        gettext(
            "The loss falls from {first} to {last} in {count} steps.",
            first=f"{log[0, 0]:.2f}", last=f"{log[-1, 0]:.2f}", count=len(log),
        ),
    )  # fmt: skip
    panels = [
        svg(likelihoods, alts[0], f"{name}-1", title=gettext("log-probability gained"),
            labels=(steps, ""), legend_rows=1),
        svg(loss, alts[1], f"{name}-2", title=gettext("loss"), labels=(steps, "")),
    ]  # fmt: skip
    caption = gettext(
        "Means over all pairs, from a run of the steps above. The chosen answers rise at first, "
        "then fall as well, to {chosen}; the rejected ones fall far more, to {rejected}. The loss "
        "sees the gap alone.",
        chosen=last[0],
        rejected=last[1],
    )
    return whole(name, panels, caption)
