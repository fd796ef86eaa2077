"""The area between two distribution functions: of a Gaussian, and of an ensemble."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, INK, legend, number, picture, svg, whole
from scripts.website.language import gettext, listed, named

VALUE = torch.tensor(1.2, dtype=torch.float64)
MEMBERS = torch.tensor([-1.4, -0.5, 0.1, 0.6, 1.7], dtype=torch.float64)
Z = torch.linspace(-3, 3, 1201, dtype=torch.float64)


def panels(name: str, forecast: Tensor, loss: Tensor, of: str) -> list[str]:
    """Draw both functions, and the square of their difference."""
    step = (Z >= VALUE).double()
    square = (forecast - step) ** 2
    names = [gettext("forecast F"), gettext("value y")]

    def both(axes: Axes) -> None:
        axes.fill_between(Z, forecast, step, color=COLOURS[2], alpha=0.3, lw=0)
        axes.plot(Z, forecast, "-", color=COLOURS[0], label=names[0])
        axes.plot(Z, step, "--", color=COLOURS[1], label=names[1])
        axes.set_ylim(0, 1.04)
        legend(axes, names, 1)

    def squared(axes: Axes) -> None:
        axes.fill_between(Z, square, color=COLOURS[2], alpha=0.3, lw=0)
        axes.plot(Z, square, "-", color=COLOURS[2])
        axes.set_ylim(0, 1.04)
        axes.annotate(gettext("area {area}", area=f"{float(loss):.2f}"), (0.06, 0.86),
                      xycoords="axes fraction")  # fmt: skip

    told = {"forecast": of, "value": number(float(VALUE))}
    alt = gettext(
        "The distribution function of {forecast}, and that of the value {value}, a step from 0 "
        "to 1. The area between them is shaded.",
        **told,
    )
    area = gettext(
        "The square of the difference, largest at the value. Its area is {area}.",
        area=f"{float(loss):.2f}",
    )
    return [
        svg(both, alt, f"{name}-1", title=gettext("probability to stay below z"),
            labels=("z", ""), legend_rows=1),
        svg(squared, area, f"{name}-2", title=gettext("difference, squared"),
            labels=("z", ""), legend_rows=1),
    ]  # fmt: skip


@picture("crps_gaussian", ["crps_normal_loss"])
def crps_gaussian(name: str) -> str:
    zero = torch.zeros((), dtype=torch.float64)
    loss = losses.crps_normal_loss(zero, VALUE, 1.0)
    forecast = torch.special.ndtr(Z)
    told = {"value": number(float(VALUE)), "loss": f"{float(loss):.2f}"}
    caption = gettext(
        "A Gaussian with mean 0 and standard deviation 1, and the value {value}. The loss, {loss}, "
        "is the area under the squared difference. A mean nearer to the value makes it smaller; "
        "so does the right spread.",
        **told,
    )
    of = gettext("a Gaussian with mean 0 and standard deviation 1")
    return whole(name, panels(name, forecast, loss, of), caption)


@picture("crps_staircase", ["crps_ensemble_loss"])
def crps_staircase(name: str) -> str:
    loss = losses.crps_ensemble_loss(MEMBERS, VALUE)
    forecast = (Z[:, None] >= MEMBERS).double().mean(1)
    told = {
        "members": listed(number(float(member)) for member in MEMBERS),
        "value": number(float(VALUE)),
        "loss": f"{float(loss):.2f}",
    }
    caption = gettext(
        "Five members, at {members}, and the value {value}. At each member the forecast rises by a "
        "fifth. The loss, {loss}, is the area under the squared difference.",
        **told,
    )
    of = gettext("an ensemble of five members, a staircase")
    return whole(name, panels(name, forecast, loss, of), caption)


@picture("crps_and_likelihood", [], ["crps_normal_loss", "gaussian_nll_loss"])
def crps_and_likelihood(name: str) -> str:
    """Draw both over the error, and over the standard deviation."""
    zero = torch.zeros((), dtype=torch.float64)
    names = ["gaussian_nll_loss", "crps_normal_loss"]

    def values(error: Tensor, sigma: Tensor) -> list[Tensor]:
        x, s = torch.broadcast_tensors(error, sigma)
        y = torch.zeros_like(x)
        return [
            losses.gaussian_nll_loss(x, y, s**2, full=True, eps=1e-9, reduction="none"),
            losses.crps_normal_loss(x, y, s, reduction="none"),
        ]

    def over(xs: Tensor, drawn: list[Tensor], top: float) -> Callable[[Axes], None]:
        def paint(axes: Axes) -> None:
            for k, text in enumerate(names):
                axes.plot(xs, drawn[k], ls=("--", "-")[k], color=COLOURS[(1, 0)[k]], label=text)
            axes.axhline(0, color=INK, linewidth=0.8)
            axes.set_ylim(-1, top)
            legend(axes, names, 2)

        return paint

    error = torch.linspace(-5, 5, 201, dtype=torch.float64)
    sigma = torch.linspace(0.02, 4, 200, dtype=torch.float64)
    first, second = values(error, zero + 1), values(zero + 1, sigma)
    best = listed(
        named(text, f"{float(sigma[int(loss.argmin())]):.1f}")
        for text, loss in zip(names, second, strict=True)
    )
    far = listed(
        named(text, f"{float(loss[-1]):.1f}") for text, loss in zip(names, first, strict=True)
    )
    told = {"far": far, "best": best}
    drawn = [
        svg(over(error, first, 8),
            gettext("Both over the error, with standard deviation 1. At an error of 5: {far}.",
                    **told),
            f"{name}-1", title=gettext("error, with s = 1"), labels=("x − y", "ℓ"), legend_rows=2),
        svg(over(sigma, second, 4),
            gettext("Both over the standard deviation, with error 1. Lowest at: {best}.", **told),
            f"{name}-2", title=gettext("standard deviation, with x − y = 1"), labels=("s", "ℓ"),
            legend_rows=2),
    ]  # fmt: skip
    caption = gettext(
        "First: the Gaussian loss grows with the square of the error, the CRPS with the error "
        "itself. At an error of 5: {far}. Second: as the standard deviation goes to 0, the "
        "Gaussian loss grows without end, the CRPS to the absolute error. Lowest at: {best}.",
        **told,
    )
    return whole(name, drawn, caption)
