"""Losses at work: on points, sequences, distributions, fits and a small training run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

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

MINING = ("batch_hard_triplet_loss", "triplet_semihard_loss", "batch_all_triplet_loss")
POINTS = torch.tensor(
    [
        *([0.0, 0.0], [1.3, 0.5], [0.5, 1.0], [-0.9, 1.4]),
        *([1.0, 1.5], [1.9, 1.2], [2.5, 0.2]),
        *([-1.0, -0.5], [0.2, -1.9], [-1.9, 0.3]),
    ],
    dtype=torch.float64,
)
LABELS = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
MARGIN = 0.4


@cache
def chosen(function: str) -> tuple[tuple[int, int, int], ...]:
    """Return the triplets that the loss takes: those that its gradient reaches."""
    x = POINTS.clone().requires_grad_()
    loss = getattr(losses, function)(x, LABELS, margin=MARGIN, reduction="none")
    found = []
    for index in (loss.detach() > 0).nonzero().tolist():
        (pull,) = torch.autograd.grad(loss[tuple(index)], x, retain_graph=True)
        attracted = pull.abs().sum(dim=1) > 1e-9
        anchor = index[0]
        same = LABELS[anchor] == LABELS
        near = (attracted & same).nonzero().flatten().tolist()
        positives = [index[1]] if len(index) == 2 else near
        for positive in positives:
            if positive != anchor:
                negatives = (attracted & ~same).nonzero().flatten().tolist()
                found += [(anchor, positive, negative) for negative in negatives]
    return tuple(found)


def scatter(axes: Axes) -> None:
    axes.grid(False)
    axes.axis("off")
    axes.set_aspect("equal")
    for group, marker in enumerate("os^"):
        points = POINTS[group == LABELS]
        axes.plot(points[:, 0], points[:, 1], marker, color=COLOURS[(0, 2, 3)[group]], markersize=8)
    axes.set_xlim(-2.3, 2.9)
    axes.set_ylim(-2.3, 2.1)


def joined(axes: Axes, a: int, b: int, positive: bool, width: float) -> None:
    pair = POINTS[[a, b]]
    style, colour = ("-", INK) if positive else ("--", COLOURS[1])
    axes.plot(pair[:, 0], pair[:, 1], style, color=colour, linewidth=width, zorder=1)


def mined(salt: str, function: str, anchor: int | None) -> str:
    """Draw the triplets of one anchor, with the distances that decide, or all triplets."""
    triplets = [t for t in chosen(function) if anchor in (None, t[0])]

    def paint(axes: Axes) -> None:
        scatter(axes)
        for pair, positive in (
            *((pair, True) for pair in sorted({tuple(sorted((a, p))) for a, p, _ in triplets})),
            *((pair, False) for pair in sorted({tuple(sorted((a, n))) for a, _, n in triplets})),
        ):
            joined(axes, *pair, positive, 1.8 if anchor is not None else 1)
        if anchor is not None:
            for a, p in {(a, p) for a, p, _ in triplets}:  # what lies inside is nearer than p
                turn = torch.arange(121) * torch.pi / 60
                radius = (POINTS[a] - POINTS[p]).norm()
                circle = POINTS[a, :, None] + radius * torch.stack((turn.cos(), turn.sin()))
                axes.plot(*circle, ":", color=INK, linewidth=0.8, alpha=0.7, zorder=0)
            axes.annotate("a", POINTS[anchor].tolist(), (8, -11), textcoords="offset points")
            for p in sorted({p for _, p, _ in triplets}):
                axes.annotate("p", POINTS[p].tolist(), (5, 5), textcoords="offset points")
            for n in sorted({n for _, _, n in triplets}):
                axes.annotate("n", POINTS[n].tolist(), (6, -10), textcoords="offset points")

    title = gettext("all anchors") if anchor is None else gettext("one anchor a")
    alt = gettext(
        "Ten points of three classes. {function} takes these triplets, {count} in all: {triplets}.",
        function=function,
        count=len(triplets),
        triplets=listed(
            [listed((f"a {a}", f"p {p}", f"n {n}")) for a, p, n in triplets[:12]]
            + ["…"] * (len(triplets) > 12),
            "; ",
            "；",
        ),
    )
    return svg(paint, alt, salt, title=title, size=(302, 262), margins=(4, 4, 22, 4))


SCENE = (
    "Ten embeddings; the shape shows the class; the margin is 0.4. Solid lines lead to a positive, "
    "dashed lines to a negative: along them the gradient of the loss pulls. A dotted circle is "
    "as far away as a positive."
)


def mined_picture(name: str) -> str:
    function = name.removesuffix("_mined")
    panels = [mined(f"{name}-1", function, 0), mined(f"{name}-2", function, None)]
    return whole(name, panels, gettext(SCENE))


for loss_function in MINING:
    picture(f"{loss_function}_mined", [loss_function])(mined_picture)


@picture("mining", [], MINING)
def mining(name: str) -> str:
    panels = []
    for function in MINING:
        panel = mined(f"{name}-{function}", function, 0)
        panels.append(panel.replace(gettext("one anchor a"), function))
    return whole(name, panels, gettext(SCENE))


@picture("ctc_lattice", ["ctc_loss"])
def ctc_lattice(name: str) -> str:
    """Draw all alignments of "ab" with five frames, and what the gradient says of them."""
    frames, text, symbols = 5, "ab", "–ab"
    logits = torch.tensor(
        [[1.0, 1.5, 0.0], [0.5, 2.0, 0.5], [1.5, 0.5, 0.5], [0.5, 0.0, 1.5], [1.5, 0.0, 1.0]],
        dtype=torch.float64,
    )
    x = logits.log_softmax(dim=1).requires_grad_()

    def probability(time: int, length: int) -> float:
        """Return the probability that the first frames read the first labels."""
        if time == 0:
            return float(length == 0)
        target = torch.arange(1, length + 1)[None]
        loss = losses.ctc_loss(x[:time, None], target, (time,), (length,), reduction="sum")
        return float((-loss).detach().exp())

    # Those that end in the blank read the same one frame earlier; the others end in the label.
    forward = torch.zeros(frames, 2 * len(text) + 1, dtype=torch.float64)
    for t in range(frames):
        for s in range(len(text) + 1):
            blank = probability(t, s) * float(x[t, 0].detach().exp())
            forward[t, 2 * s] = blank
            if s:
                forward[t, 2 * s - 1] = probability(t + 1, s) - blank
    total = losses.ctc_loss(x[:, None], torch.tensor([[1, 2]]), (5,), (2,), reduction="sum")
    (gradient,) = torch.autograd.grad(total, x)
    states = [0, 1, 0, 2, 0]
    # The last label is still within reach, two states a frame.
    useful = lambda t, s: s + 2 * (frames - 1 - t) >= 3

    def lattice(axes: Axes) -> None:
        axes.grid(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0)
        alive = forward > 1e-12
        for t in range(1, frames):
            for s in range(5):
                for back in (0, 1, 2):
                    if (back == 2 and (s < 2 or states[s] in (0, states[s - 2]))) or s < back:
                        continue
                    if alive[t, s] and alive[t - 1, s - back] and useful(t, s):
                        middle = [s - 0.7 * back, s - 0.3 * back]  # the numbers stay free
                        axes.plot([t + 0.3, t + 0.7], middle, "-", color=INK, lw=0.8, alpha=0.5)
        for t in range(frames):
            for s in range(5):
                if not (alive[t, s] and useful(t, s)):
                    continue
                axes.plot(t + 1, s, "o", color=COLOURS[0], alpha=0.35, mew=0,
                          markersize=6 + 36 * float(forward[t, s]) ** 0.5)  # fmt: skip
                percent = 100 * float(forward[t, s])
                amount = number(percent) if percent < 1 else f"{percent:.0f}"
                axes.annotate(amount, (t + 1, s), ha="center", va="center", fontsize=10)
        axes.set_yticks(range(5), [symbols[k] for k in states])
        axes.set_xticks(range(1, frames + 1))
        axes.set_xlim(0.5, frames + 0.5)
        axes.set_ylim(4.6, -0.6)

    def posterior(axes: Axes) -> None:
        axes.grid(False)
        for k, (mark, dash) in enumerate(zip("Dos", DASHES, strict=False)):
            share = -gradient[:, k]
            axes.plot(range(1, frames + 1), share, ls=dash, marker=mark, color=COLOURS[k],
                      label=symbols[k], markersize=5)  # fmt: skip
        axes.set_xticks(range(1, frames + 1))
        axes.set_ylim(-0.04, 1.04)
        legend(axes, list(symbols), 1)

    ends = f"{number(100 * float(forward[-1, 3]))} + {number(100 * float(forward[-1, 4]))}"
    alt = gettext(
        "Lattice of alignments of ab with five frames: at each frame and label the forward "
        "probability in percent. The last column ends with {ends} percent, so the loss is {loss}.",
        ends=ends,
        loss=number(float(total.detach())),
    )
    rows = [listed(number(-float(g)) for g in gradient[:, k]) for k in range(3)]
    shares = listed(map(named, symbols, rows), "; ", "；")
    panels = [
        svg(lattice, alt, f"{name}-1", title=gettext("forward probability α, in percent"),
            labels=(gettext("frame t"), ""), margins=(22, 8, 22, 38)),
        svg(posterior, gettext("Minus the gradient, frame by frame. {shares}", shares=shares),
            f"{name}-2", title="−∂ℓ/∂x", labels=(gettext("frame t"), ""), legend_rows=1),
    ]  # fmt: skip
    caption = gettext(
        "First: every path from frame 1 to one of the last two rows in frame 5 reads “ab”; – is "
        "the blank. A number is the probability of all beginnings that end there. The last two, "
        "{ends} percent, make the loss {loss}. Second: the probability that a frame shows the "
        "symbol, given that the whole reads “ab”.",
        ends=ends,
        loss=number(float(total.detach())),
    )
    return whole(name, panels, caption)


@picture("kl_div_parts", ["kl_div"])
def kl_div_parts(name: str) -> str:
    z = torch.arange(-60, 61, dtype=torch.float64) / 12
    bell = lambda centre, width: -((z - centre) ** 2) / (2 * width**2)
    p = (bell(-1.5, 0.7).exp() + 0.6 * bell(1.8, 0.5).exp()).clamp(min=1e-12)
    p = p / p.sum()
    q = bell(-1.0, 1.5).log_softmax(dim=0)
    parts = losses.kl_div(q, p, reduction="none")
    total = float(losses.kl_div(q, p, reduction="sum"))
    names = [gettext("P (target)"), gettext("Q = exp(input)")]

    def both(axes: Axes) -> None:
        axes.plot(z, p, "-", color=COLOURS[0], label=names[0])
        axes.plot(z, q.exp(), "--", color=COLOURS[1], label=names[1])
        axes.set_ylim(0, None)
        legend(axes, names, 1)

    def pointwise(axes: Axes) -> None:
        axes.plot(z, parts, "-", color=COLOURS[2])
        axes.fill_between(z, parts, where=(parts > 0).numpy(), color=COLOURS[2], alpha=0.35, lw=0)
        axes.fill_between(z, parts, where=(parts < 0).numpy(), facecolor="none",
                          edgecolor=COLOURS[3], lw=0, hatch="////")  # fmt: skip
        axes.axhline(0, color=INK, linewidth=0.8)

    top = int(parts.argmax())
    alt = gettext(
        "Contributions y (log y − x): largest {high} at {at}, lowest {low}, together {total}.",
        high=number(float(parts.max())), at=number(float(z[top])), low=number(float(parts.min())),
        total=number(total),
    )  # fmt: skip
    two = gettext(
        "Two distributions: P has peaks at {a} and near 1.8, Q one at {b}.",
        a=number(float(z[int(p.argmax())])), b=number(float(z[int(q.argmax())])),
    )  # fmt: skip
    panels = [
        svg(both, two, f"{name}-1", title=gettext("two distributions"), legend_rows=1,
            labels=(gettext("outcome"), "")),
        svg(pointwise, alt, f"{name}-2", title=gettext("contributions ℓ(x, y) = y (log y − x)"),
            labels=(gettext("outcome"), ""), legend_rows=1),
    ]  # fmt: skip
    caption = gettext(
        "Where Q is too small, the contribution is positive; where Q is too large, negative "
        "(hatched). Only the sum, {total}, is the divergence. It is never below 0.",
        total=number(total),
    )
    return whole(name, panels, caption)


@picture("outliers", [], ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def outliers(name: str) -> str:
    generator = torch.Generator().manual_seed(0)
    z = torch.arange(20, dtype=torch.float64) / 2
    y = 1 + 0.5 * z + 0.3 * torch.randn(20, generator=generator, dtype=torch.float64)
    y[[14, 17, 19]] += 9
    functions = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
    fits = {}
    for function in functions:
        line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
        keywords = {"delta": 0.5} if function == "huber_loss" else {}
        optimizer = torch.optim.Adam([line], lr=0.1)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
        for _ in range(500):
            optimizer.zero_grad()
            getattr(losses, function)(line[0] + line[1] * z, y, **keywords).backward()
            optimizer.step()
            schedule.step()
        fits[function] = line.detach()
    names = [f if f != "huber_loss" else "huber_loss (delta=0.5)" for f in functions]

    def paint(axes: Axes) -> None:
        axes.plot(z, y, "o", color=INK, markersize=4, alpha=0.7)
        for k, (function, text) in enumerate(zip(functions, names, strict=True)):
            a, b = fits[function]
            axes.plot(z, a + b * z, ls=DASHES[k], color=COLOURS[k], label=text)
        legend(axes, names, 2)

    slopes = listed(named(f, number(float(fits[f][1]))) for f in functions)
    alt = gettext(
        "Twenty points along a line of slope 0.5, three of them 9 too high, and the line that "
        "each loss fits. Slopes: {slopes}.",
        slopes=slopes,
    )
    panel = svg(paint, alt, name, title=gettext("a line through outliers"), legend_rows=2,
                size=(340, 250), labels=("z", "y"), margins=(46, 8, 22, 38))  # fmt: skip
    caption = gettext("Slopes: {slopes}. Without the outliers it is 0.5.", slopes=slopes)
    return whole(name, [panel], caption)


def stability(
    name: str, naive: Callable[[Tensor], Tensor], stable: Callable[[Tensor], Tensor],
    names: Sequence[str], variable: str, caption: Callable[..., str],
) -> str:  # fmt: skip
    """Draw a naive and a stable form in float32, value and gradient, far from zero."""
    xs = -torch.arange(0, 151) * 1.0
    results = []
    for form in (naive, stable):
        x = xs.clone().requires_grad_()
        value = form(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        results.append((value.detach(), gradient))

    def first_bad(index: int) -> str:
        a, b = results[0][index], results[1][index]
        wrong = ~torch.isclose(a, b, rtol=0.01, atol=1e-6)
        return number(float(xs[int(wrong.int().argmax())])) if wrong.any() else gettext("nowhere")

    panels = []
    for index, title in enumerate((gettext("value ℓ"), f"{gettext('gradient')} ∂ℓ/∂x")):
        top = float(results[1][index].abs().max())

        def paint(axes: Axes, index: int = index) -> None:
            for k, (result, text) in enumerate(zip(results, names, strict=True)):
                y = result[index].clone()
                y[~y.isfinite()] = torch.nan
                axes.plot(xs, y, ("-", "--")[k], color=COLOURS[(1, 0)[k]], label=text,
                          linewidth=(3, 1.8)[k])  # fmt: skip
            gone = ~results[0][index].isfinite()
            if gone.any():
                at = float(xs[int(gone.int().argmax())])
                axes.axvline(at, color=COLOURS[1], linestyle=":", linewidth=1.2)
                what = "nan" if results[0][index][gone].isnan().any() else "inf"
                axes.annotate(f"← {what}", (at, 0.5), (-4, 0), xycoords=("data", "axes fraction"),
                              textcoords="offset points", ha="right")  # fmt: skip
            legend(axes, list(names), rows_for(names))

        alt = gettext(
            "{naive} and {stable}: {title} down to {last}. They part at {part}; the stable form "
            "reaches {top}.",
            naive=names[0], stable=names[1], title=title, last=number(float(xs[-1])),
            part=first_bad(index), top=number(top),
        )  # fmt: skip
        panels.append(
            svg(paint, alt, f"{name}-{index}", title=title, labels=(variable, ""),
                legend_rows=rows_for(names))
        )  # fmt: skip
    return whole(
        name,
        panels,
        caption(value=first_bad(0), gradient=first_bad(1)),
    )


@picture("bce_stability", [], ["binary_cross_entropy", "binary_cross_entropy_with_logits"])
def bce_stability(name: str) -> str:
    one = torch.ones(151)
    return stability(
        name,
        lambda x: losses.binary_cross_entropy(x.sigmoid(), one, reduction="none"),
        lambda x: losses.binary_cross_entropy_with_logits(x, one, reduction="none"),
        (gettext("sigmoid, then BCELoss"), "BCEWithLogitsLoss"),
        gettext("logit x, with y = 1"),
        lambda **at: gettext(
            "In float32. From x = {value} on the values differ, from {gradient} on the gradients.",
            **at,
        ),
    )


@picture("nll_stability", [], ["nll_loss", "cross_entropy"])
def nll_stability(name: str) -> str:
    target = torch.zeros(151, dtype=torch.long)
    rows = lambda x: torch.stack((x, torch.zeros_like(x)), dim=1)
    return stability(
        name,
        lambda x: losses.nll_loss(rows(x).softmax(dim=1).log(), target, reduction="none"),
        lambda x: losses.cross_entropy(rows(x), target, reduction="none"),
        (gettext("softmax, log, NLLLoss"), "CrossEntropyLoss"),
        gettext("logit x₁, with x₂ = 0 and y = 1"),
        lambda **at: gettext(
            "In float32. From x₁ = {value} on the values differ, from {gradient} on the gradients.",
            **at,
        ),
    )


@picture("imbalance", [], ["sigmoid_focal_loss", "binary_cross_entropy_with_logits"])
def imbalance(name: str) -> str:
    """Train on one positive to a hundred negatives, and see who makes the loss."""
    generator = torch.Generator().manual_seed(0)
    draw = lambda n: torch.randn(n, 2, generator=generator, dtype=torch.float64)
    x = torch.cat((draw(4000), draw(40) + 0.8))
    y = torch.cat((torch.zeros(4000), torch.ones(40))).double()
    weights = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")
    logits = lambda: x @ weights[:2] + weights[2]

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = losses.binary_cross_entropy_with_logits(logits(), y)
        loss.backward()
        return loss

    optimizer.step(closure)
    z = logits().detach()
    gammas = (0.0, 1.0, 2.0, 5.0)
    each = [losses.sigmoid_focal_loss(z, y, alpha=-1, gamma=gamma) for gamma in gammas]
    shares = []
    for loss in each:
        negatives = loss[:4000].sort().values
        shares.append(100 * negatives.cumsum(0) / negatives.sum())
    easy = [float(share[3199]) for share in shares]  # the easiest 80 percent
    positive = [100 * float(loss[4000:].sum() / loss.sum()) for loss in each]
    names = [f"γ = {number(gammas[0])}", *(number(gamma) for gamma in gammas[1:])]
    part = torch.arange(1, 4001) / 40.0

    def cumulative(axes: Axes) -> None:
        for k, (share, text) in enumerate(zip(shares, names, strict=True)):
            axes.plot(part, share, ls=DASHES[k], color=COLOURS[k], label=text)
        axes.axvline(80, color=INK, linestyle=":", linewidth=1)
        legend(axes, names, 1)

    def bars(axes: Axes) -> None:
        for k, share in enumerate(positive):
            axes.barh(3 - k, share, 0.6, color=COLOURS[k], alpha=0.5)
            axes.annotate(f"{share:.0f} %", (share, 3 - k), (4, 0),
                          textcoords="offset points", va="center")  # fmt: skip
        axes.set_yticks([3, 2, 1, 0], [f"γ = {number(gamma)}" for gamma in gammas])
        axes.set_xlim(0, 120)
        axes.set_xticks(range(0, 101, 25))

    rounded = lambda values: listed(f"{value:.0f}" for value in values)
    told = {
        "easy": rounded(easy),
        "positive": rounded(positive),
        "gammas": listed(map(number, gammas)),
    }
    panels = [
        svg(cumulative,
            gettext("With γ = {gammas}, the easiest 80 percent of the negatives make {easy} "
                    "percent of the loss of all negatives.", **told),
            f"{name}-1", title=gettext("share of the negatives' loss, in percent"),
            labels=(gettext("negatives, easiest first, in percent"), ""), legend_rows=1),
        svg(bars,
            gettext("With γ = {gammas}, the positives make {positive} percent of the loss.",
                    **told),
            f"{name}-2", title=gettext("share of the positives in the loss"),
            labels=(gettext("percent"), ""), margins=(46, 14, 22, 38)),
    ]  # fmt: skip
    caption = gettext(
        "A linear model is trained with cross entropy (γ = 0) on 4000 negatives and 40 positives "
        "that overlap. Then its loss is computed for γ = {gammas}. First: the easiest 80 percent "
        "of the negatives make {easy} percent of the negatives' loss. Second: the positives, "
        "1 percent of the data, make {positive} percent of the whole loss.",
        **told,
    )
    return whole(name, panels, caption)
