"""What pairs and single answers cost by their margin, and where a policy's step is clipped."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import (
    COLOURS,
    DASHES,
    INK,
    legend,
    number,
    picture,
    rows_for,
    svg,
    whole,
)
from scripts.website.language import gettext, listed, named

MARGINS = torch.arange(-60, 61, dtype=torch.float64) / 15
SHOWN = (-3.0, 0.0, 3.0)


def at_margins() -> dict[str, tuple[Tensor, Tensor]]:
    """Compute each loss and its slope, with a beta of 1, over the margin."""

    def pairs(loss_type: str, x: Tensor) -> Tensor:
        zero = torch.zeros_like(x)
        settings = {"beta": 1.0, "loss_type": loss_type, "reduction": "none"}
        return losses.dpo_loss(x, zero, zero, zero, **settings)

    def single(x: Tensor) -> Tensor:
        zero, nothing = torch.zeros_like(x), x.new_zeros(0)
        liked = torch.ones_like(x)
        settings = {"beta": 1.0, "reduction": "none"}
        return losses.kto_loss(x, zero, liked, nothing, nothing, **settings)

    forms = {
        "DPO": lambda x: pairs("sigmoid", x),
        "IPO": lambda x: pairs("ipo", x),
        gettext("hinge"): lambda x: pairs("hinge", x),
        "KTO": single,
    }
    found = {}
    for name, form in forms.items():
        x = MARGINS.clone().requires_grad_()
        value = form(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        found[name] = (value.detach(), gradient)
    return found


@picture("preference_margins", [], ["dpo_loss", "kto_loss"])
def preference_margins(name: str) -> str:
    found = at_margins()
    names = list(found)
    titles = (gettext("loss"), gettext("slope"))
    panels = []
    for part, title in enumerate(titles):

        def paint(axes: Axes, part: int = part) -> None:
            for k, (text, both) in enumerate(found.items()):
                axes.plot(MARGINS, both[part], ls=DASHES[k], color=COLOURS[k], label=text)
            axes.set_ylim(*((0, 4.2) if part == 0 else (-2.2, 1.2)))
            legend(axes, names, rows_for(names))

        def told(part: int, text: str) -> str:
            values = (float(found[text][part][place == MARGINS]) for place in SHOWN)
            return named(text, listed(number(value) for value in values))

        alt = gettext(
            "{title} over the margin from −4 to 4. At −3, 0 and 3 it is: {values}.",
            title=title,
            values=listed((told(part, text) for text in names), "; ", "；"),
        )
        panels.append(
            svg(paint, alt, f"{name}-{part}", title=title, legend_rows=rows_for(names),
                labels=("β x", ""), margins=(30, 11, 22, 38))
        )  # fmt: skip
    caption = gettext(
        "All with a β of 1. x is the margin of the chosen answer over the rejected one; for KTO, "
        "that of one liked answer over the batch's level. "
        "Far on the left, DPO and the hinge pull with all their strength, IPO harder and harder, "
        "KTO no more. Far on the right, the hinge is content, DPO and KTO nearly so, and IPO pulls "
        "back."
    )
    return whole(name, panels, caption)


RATIOS = torch.arange(40, 181, dtype=torch.float64) / 100
LOW, HIGH = 0.2, 0.28


@picture("grpo_clip", [], ["grpo_loss"])
def grpo_clip(name: str) -> str:
    panels, ends = [], {}
    for sign in (1, -1):
        x = RATIOS.log()[:, None]
        call = {
            "old_logps": torch.zeros_like(x),
            "advantages": torch.full_like(RATIOS, float(sign)),
            "epsilon": LOW,
            "epsilon_high": HIGH,
            "reduction": "none",
        }
        loss = losses.grpo_loss(x, **call)[:, 0]
        without = -RATIOS * sign
        edge = 1 + HIGH if sign > 0 else 1 - LOW
        ends[sign] = number(float(loss[-1 if sign > 0 else 0]))
        names = [gettext("loss"), gettext("without the clip")]

        def paint(
            axes: Axes,
            loss: Tensor = loss,
            without: Tensor = without,
            edge: float = edge,
            names: list[str] = names,
        ) -> None:
            axes.plot(RATIOS, loss, ls=DASHES[0], color=COLOURS[0], label=names[0])
            axes.plot(RATIOS, without, ls=DASHES[2], color=COLOURS[1], label=names[1])
            axes.axvline(edge, ls=":", color=INK, lw=1.2)
            axes.plot([1], [float(loss[60])], "o", color=INK, markersize=6)
            axes.set_xticks([0.5, 1 - LOW, 1, 1 + HIGH, 1.6])
            legend(axes, names, 1)

        title = gettext("A = 1") if sign > 0 else gettext("A = −1")
        alt = gettext(
            "{title}: the loss over the ratio from 0.4 to 1.8. It is a line through {start} at 1, "
            "level beyond {edge}, at {end}.",
            title=title,
            start=number(float(loss[60])),
            edge=number(edge),
            end=ends[sign],
        )
        panels.append(
            svg(paint, alt, f"{name}-{sign}", title=title, legend_rows=1,
                labels=(gettext("ratio r"), ""), margins=(38, 11, 22, 38))
        )  # fmt: skip
    caption = gettext(
        "A token that is clipped below at {low} and above at {high}. The dot is where the step "
        "begins. A good answer gains nothing more from ratios above {high}; a bad one nothing from "
        "ratios below {low}. Against the wrong direction nothing is clipped.",
        low=number(1 - LOW),
        high=number(1 + HIGH),
    )
    return whole(name, panels, caption)
