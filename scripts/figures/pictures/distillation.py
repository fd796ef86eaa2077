"""What a student keeps of a teacher, by divergence, and what a temperature makes of the targets."""

from __future__ import annotations

from collections.abc import Callable

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from scripts.figures.drawing import COLOURS, DASHES, legend, number, picture, rows_for, svg, whole
from scripts.website.language import gettext, listed, named

Z = torch.linspace(-6, 6, 241, dtype=torch.float64)
STEP = float(Z[1] - Z[0])
DEVIATION = 0.6
PEAKS = ((-2.0, 0.6), (2.0, 0.4))


def gaussian(mean: float | Tensor, deviation: float | Tensor) -> Tensor:
    """Logits of a Gaussian over the grid."""
    return -(((Z - mean) / deviation) ** 2) / 2


TEACHER = torch.stack(
    [gaussian(mean, DEVIATION) + torch.tensor(share).log() for mean, share in PEAKS]
).logsumexp(0)
Divergence = Callable[[Tensor, Tensor], Tensor]


def forward(student: Tensor, teacher: Tensor) -> Tensor:
    return losses.distillation_loss(student, teacher, temperature=1.0, reduction="none")


def reverse(student: Tensor, teacher: Tensor) -> Tensor:
    return forward(teacher, student)


def mixed(beta: float) -> Divergence:
    return lambda student, teacher: losses.generalized_jsd_loss(
        student, teacher, beta=beta, reduction="none"
    )


def best(divergence: Divergence) -> tuple[float, float]:
    """Try all Gaussians, and return mean and standard deviation of the nearest."""
    means = torch.linspace(-4, 4, 161, dtype=torch.float64)
    deviations = torch.linspace(0.3, 4, 75, dtype=torch.float64)
    mean, deviation = torch.cartesian_prod(means, deviations).T
    students = gaussian(mean[:, None], deviation[:, None])
    first = int(divergence(students, TEACHER.expand_as(students)).argmin())
    return float(mean[first]), float(deviation[first])


def panel(salt: str, title: str, students: dict[str, Divergence]) -> str:
    """Draw the teacher, and the nearest Gaussian by each divergence."""
    found = {name: best(divergence) for name, divergence in students.items()}
    names = [gettext("teacher"), *found]

    def paint(axes: Axes) -> None:
        axes.fill_between(Z, TEACHER.softmax(0) / STEP, color=COLOURS[2], alpha=0.3, lw=0)
        axes.plot(Z, TEACHER.softmax(0) / STEP, DASHES[2], color=COLOURS[2], label=names[0])
        for k, (name, (mean, deviation)) in enumerate(found.items()):
            density = gaussian(mean, deviation).softmax(0) / STEP
            axes.plot(Z, density, ls=DASHES[k], color=COLOURS[k], label=name)
        axes.set_ylim(0, 0.72)
        axes.set_yticks([0, 0.2, 0.4, 0.6])
        legend(axes, names, rows_for(names))

    ends = [
        named(name, f"{number(mean)} ± {number(deviation)}")
        for name, (mean, deviation) in found.items()
    ]
    alt = gettext(
        "The teacher has a peak at −2 and a lower one at 2. The nearest Gaussian, mean and "
        "standard deviation: {students}.",
        students=listed(ends),
    )
    return svg(paint, alt, salt, title=title, labels=("z", ""), legend_rows=rows_for(names))


@picture("distillation_peaks", [], ("distillation_loss", "generalized_jsd_loss"))
def distillation_peaks(name: str) -> str:
    plain = {gettext("forward"): forward, gettext("reverse"): reverse}
    bounded = {f"beta={number(beta)}": mixed(beta) for beta in (0.5, 0.9)}
    panels = [
        panel(f"{name}-1", gettext("divergence of teacher and student"), plain),
        panel(f"{name}-2", "generalized_jsd_loss", bounded),
    ]
    caption = gettext(
        "A teacher with two peaks, of 60 and 40 %, and the Gaussians nearest to it. A student that "
        "can only be one Gaussian covers both peaks under the forward divergence, and puts many of "
        "its answers where the teacher has none. Under the reverse one it learns the higher peak "
        "alone. The mixture of the two does the one or the other, by its beta."
    )
    return whole(name, panels, caption)


LOGITS = torch.tensor([8.0, 5.0, 3.0, -2.0], dtype=torch.float64)


@picture("distillation_temperature", [], ("distillation_loss",))
def distillation_temperature(name: str) -> str:
    temperatures = torch.logspace(-0.3, 1.3, 161, dtype=torch.float64)
    targets = (LOGITS / temperatures[:, None]).softmax(1)
    words = [gettext("cat"), gettext("lynx"), gettext("dog"), gettext("car")]
    slopes = []
    for temperature in temperatures.tolist():
        student = torch.zeros(4, dtype=torch.float64, requires_grad=True)
        loss = losses.distillation_loss(student, LOGITS, temperature=temperature)
        slopes.append(float(torch.autograd.grad(loss, student)[0].norm()))
    kept = torch.tensor(slopes)
    sizes = {
        gettext("with T²"): kept,
        gettext("without"): kept / temperatures**2,
    }

    def scale(axes: Axes) -> None:
        axes.set_xscale("log")
        axes.set_xticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
        axes.minorticks_off()

    def shares(axes: Axes) -> None:
        for k, word in enumerate(words):
            axes.plot(temperatures, targets[:, k], ls=DASHES[k], color=COLOURS[k], label=word)
        scale(axes)
        axes.set_ylim(0, 1.04)
        legend(axes, words, 1)

    def lengths(axes: Axes) -> None:
        for k, (word, length) in enumerate(sizes.items()):
            axes.plot(temperatures, length, ls=DASHES[k], color=COLOURS[k], label=word)
        axes.set_yscale("log")
        axes.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
        scale(axes)
        legend(axes, list(sizes), 1)

    at = {t: (LOGITS / t).softmax(0).tolist() for t in (1, 5, 20)}
    told = listed(
        named(f"T={t}", listed(f"{100 * p:.1f} %" for p in shares_)) for t, shares_ in at.items()
    )
    alt = gettext(
        "The teacher's probabilities of cat, lynx, dog and car: {shares}.",
        shares=told,
    )

    def ends(lengths: Tensor) -> str:
        first = int((temperatures - 1).abs().argmin())
        return listed(number(float(lengths[k])) for k in (first, -1))

    size = gettext(
        "The length of the gradient at the temperatures 1 and 20: with the factor {kept}, without "
        "it {bare}.",
        kept=ends(kept),
        bare=ends(kept / temperatures**2),
    )
    drawn = [
        svg(shares, alt, f"{name}-1", title=gettext("teacher's probabilities"), labels=("T", ""),
            legend_rows=1),
        svg(lengths, size, f"{name}-2", title=gettext("length of the gradient"), labels=("T", ""),
            legend_rows=1),
    ]  # fmt: skip
    caption = gettext(
        "First: a teacher's logits of 8, 5, 3 and −2, as probabilities. At temperature 1 it is all "
        "but sure of the cat. At 5 it says that a lynx is nearer to it than a car. Second: the "
        "length of the gradient for a student that knows nothing yet, with and without the factor."
    )
    return whole(name, drawn, caption)
