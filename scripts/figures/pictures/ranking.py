"""What losses do with the scores of one list: gradient descent on the scores themselves."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, DASHES, number, picture, svg, whole
from scripts.website.language import gettext, listed

GRADES = torch.tensor([[3.0, 1.0, 1.0, 0.0]], dtype=torch.float64)
START = torch.tensor([[3.5, 6.5, 4.5, 5.5]], dtype=torch.float64)
STEPS = 300


def hinges(scores: Tensor, grades: Tensor) -> Tensor:
    """Compare the pairs of different grades, each with a margin of 1."""
    better, worse = (grades[0][:, None] > grades[0]).nonzero(as_tuple=True)
    one = torch.ones(len(better), dtype=scores.dtype)
    return losses.margin_ranking_loss(scores[0, better], scores[0, worse], one, margin=1.0)


LISTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse_loss": losses.mse_loss,
    "margin_ranking_loss": hinges,
    "pairwise_logistic_loss": losses.pairwise_logistic_loss,
    "list_net_loss": losses.list_net_loss,
    "list_mle_loss": losses.list_mle_loss,
}


def descent(loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Follow the scores downhill, and return them after each step."""
    scores = START.clone().requires_grad_()
    path = [START[0]]
    for _ in range(STEPS):
        (gradient,) = torch.autograd.grad(loss(scores, GRADES), scores)
        scores = (scores - 0.3 * gradient).detach().requires_grad_()
        path.append(scores.detach()[0])
    return torch.stack(path)


def panel(salt: str, function: str) -> str:
    path = descent(LISTS[function])
    steps = torch.arange(1, STEPS + 2)

    def paint(axes: Axes) -> None:
        ends = path[-1].tolist()
        for item, grade in enumerate(GRADES[0].tolist()):
            axes.plot(steps, path[:, item], ls=DASHES[item], color=COLOURS[item])
            # Of two that end together, one name is enough.
            if all(abs(ends[item] - other) > 0.6 for other in ends[:item]):
                place = (STEPS + 1, ends[item])
                axes.annotate(number(grade), place, (4, -3.5), textcoords="offset points")
        axes.set_xscale("log")
        axes.set_xticks([1, 11, 101, 301], ["0", "10", "100", "300"])
        axes.minorticks_off()
        axes.set_ylim(-1.6, 11.6)
        axes.set_yticks(range(0, 12, 3))

    alt = gettext(
        "{function}: four items of the grades {grades} begin at the scores {start}, and after "
        "{steps} steps have the scores {end}.",
        function=function,
        grades=listed([number(grade) for grade in GRADES[0].tolist()]),
        start=listed([number(score) for score in START[0].tolist()]),
        steps=STEPS,
        end=listed([number(score) for score in path[-1].tolist()]),
    )
    labels = (gettext("steps"), gettext("score"))
    return svg(paint, alt, salt, title=function, labels=labels, margins=(34, 20, 22, 38))


@picture("ranking", [], tuple(LISTS))
def ranking(name: str) -> str:
    caption = gettext(
        "Four items of one list, with their grades, 3, 1, 1 and 0, at the ends of the lines. The "
        "scores begin in a wrong order and go down the gradient, with a learning rate of 0.3. The "
        "pairs of margin_ranking_loss have a margin of 1."
    )
    return whole(name, [panel(f"{name}-{k}", f) for k, f in enumerate(LISTS)], caption)
