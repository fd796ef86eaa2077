"""Value and gradient of a loss along one variable, a line for each setting of a parameter.

Both are computed by the loss itself and by autograd, never from a formula typed again.
"""

from __future__ import annotations

import html
import inspect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

import losses
from losses.catalog import Curve
from scripts.figures.drawing import (
    COLOURS,
    DASHES,
    INK,
    legend,
    number,
    rows_for,
    svg,
    whole,
)
from scripts.website.language import gettext, listed, named, sentences


@dataclass
class Line:
    """One line of a figure: the loss and its gradient at every point."""

    name: str
    x: Tensor
    value: Tensor
    gradient: Tensor
    kinks: list[int] = field(default_factory=list)  # k: the gradient jumps from k to k + 1

    def __post_init__(self) -> None:
        self.kinks = jumps(self.gradient)


def fill(template: Any, values: dict[str, Any], x: Tensor) -> Any:
    """Turn nested lists into a tensor, with values wherever they say a name; keep tuples.

    A name may have a number added to it: "x + 2".
    """
    if isinstance(template, tuple):
        return tuple(fill(item, values, x) for item in template)
    if isinstance(template, list):
        return torch.stack([fill(item, values, x) for item in template])
    if isinstance(template, str):
        name, added, number_ = template.partition(" + ")
        value = fill(values[name], values, x) if name in values else x
        return value + float(number_) if added else value
    if isinstance(template, Tensor):
        return template
    return torch.tensor(template, dtype=torch.long if isinstance(template, int) else x.dtype)


def mentions(template: Any, name: str) -> bool:
    if isinstance(template, list):
        return any(mentions(item, name) for item in template)
    return isinstance(template, str) and template.partition(" + ")[0] == name


def evaluate(function: str, curve: Curve, value: Any, xs: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the loss and its gradient at every x, with the swept parameter at `value`.

    Where x is a probability, the loss is given its logit, and the slope is that in the logit.
    """
    name = curve.sweep[0] if curve.sweep else ""
    arguments, keywords = dict(curve.arguments), dict(curve.keywords)
    if name in arguments and not mentions(arguments[name], name):
        arguments[name] = value
    elif name and not any(mentions(template, name) for template in arguments.values()):
        keywords[name] = value

    def call(x: Tensor) -> Any:
        values = {"x": x, "cos": x.cos(), "sin": x.sin(), name: value}
        loss = getattr(losses, function)
        given = {key: spread(template, values, x) for key, template in arguments.items()}
        if "reduction" not in inspect.signature(loss).parameters:
            result = loss(**given, **keywords)
            # One number for a batch, or a log-probability a row.
            return result if isinstance(result, Tensor) else -result.output
        # One point only, so the sum is its loss, whatever the mean divides by.
        return loss(**given, **keywords, reduction="none" if x.dim() else "sum")

    xs = xs.logit() if curve.probability else xs
    if at_once(curve):
        x = xs.clone().requires_grad_()
        y = call(x).reshape(len(x), -1).sum(1)  # of a point, what may be a table of pairs
        return y.detach(), torch.autograd.grad(y.sum(), x)[0]
    ys, slopes = [], []
    for point in xs:
        x = point.clone().requires_grad_()
        y = call(x)
        ys.append(y.detach())
        slopes.append(torch.autograd.grad(y, x)[0])
    return torch.stack(ys), torch.stack(slopes)


def at_once(curve: Curve) -> bool:
    """Tell whether the points can make one batch: numbers, or lists of one row, hold x."""
    return not any(
        isinstance(template, list) and len(template) > 1
        for template in curve.arguments.values()
        if any(mentions(template, variable) for variable in ("x", "cos", "sin"))
    )


def spread(template: Any, values: dict[str, Any], x: Tensor) -> Any:
    """Fill a template, with one row a point where x is several points."""
    several = isinstance(template, tuple) or (isinstance(template, list) and len(template) > 1)
    if x.dim() == 0 or several:
        return fill(template, values, x)

    def rows(part: Any) -> Any:
        if isinstance(part, list):
            return torch.stack([rows(item) for item in part], dim=1)
        return fill(part, values, x).expand_as(x)

    return rows(template[0] if isinstance(template, list) else template)


def grid(curve: Curve) -> Tensor:
    first, last = curve.domain
    steps = 240 if at_once(curve) else 120
    # Not linspace, which misses 0 by a rounding error, and with it the kinks.
    points = first + (last - first) * torch.arange(steps + 1, dtype=torch.float64) / steps
    return points[1:-1] if curve.probability else points  # at 0 and 1 there is no logit


def setting(value: Any) -> str:
    """Write a setting as the axes write numbers, but a small one is not 0: there 1e-4 is usual."""
    small = not isinstance(value, bool) and 0 < value < 5e-4
    return str(value) if small or isinstance(value, bool) else number(value)


SAMPLED: dict[tuple[str, str, Any], tuple[Tensor, Tensor]] = {}


def sample(function: str, curve: Curve, values: Sequence[Any] | None = None) -> list[Line]:
    """Compute the curve's lines: one, or one for each value of the swept parameter."""
    name, family = curve.sweep or ("", (None,))
    lines = []
    x = grid(curve)
    for value in family if values is None else values:
        key = (function, repr(curve), value)
        if key not in SAMPLED:
            SAMPLED[key] = evaluate(function, curve, value, x)
        y, gradient = SAMPLED[key]
        lines.append(Line(f"{name} = {setting(value)}" if name else function, x, y, gradient))
    return lines


def jumps(gradient: Tensor) -> list[int]:
    """Return where the gradient jumps, not where it is merely steep."""
    step = gradient.diff().abs()
    span = float(gradient.max() - gradient.min())
    found = []
    for k in (step > 0.1 * span).nonzero().flatten().tolist():
        around = step[[max(0, k - 2), min(len(step) - 1, k + 2)]]
        if span > 1e-9 and 1 < k < len(step) - 2 and step[k] > 4 * around.min():
            found.append(k)
    return found


def corners(line: Line) -> list[tuple[float, float]]:
    """Return the kinks: where the tangents on both sides of a jump meet."""
    found = []
    for k in line.kinks:
        if k - 1 in line.kinks:  # a subgradient in the middle of the jump
            found[-1] = (float(line.x[k]), float(line.value[k]))
            continue
        rise = line.value[k + 1] - line.value[k]
        g, h = line.gradient[k], line.gradient[k + 1]
        dx = (rise - h * (line.x[k + 1] - line.x[k])) / (g - h)
        found.append((float(line.x[k] + dx), float(line.value[k] + g * dx)))
    return found


def lowest(line: Line) -> tuple[float, float] | None:
    """Return the minimum, if it is a point inside the curve."""
    k = int(line.value.argmin())
    if k in (0, len(line.x) - 1) or not line.value[k] < line.value[[k - 1, k + 1]].min():
        return None
    return float(line.x[k]), float(line.value[k])


def asymptotes(function: str, curve: Curve) -> list[tuple[float, float]]:
    """Return slope and intercept of the lines that the curves approach but do not reach."""
    found: dict[tuple[float, float], None] = {}
    first, last = curve.domain
    if (
        curve.walls
        or curve.probability
        or any(mentions(t, "cos") for t in curve.arguments.values())
    ):
        return []
    for value in curve.sweep[1] if curve.sweep else (None,):
        for edge, endless in zip((first, last), curve.endless, strict=True):
            if not endless:
                continue
            far = edge + (edge - (first + last) / 2) * torch.tensor([60.0, 120.0]).double()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of values beyond the usual domain
                (y1, y2), (s1, s2) = evaluate(function, curve, value, far)
            c1, c2 = y1 - s1 * far[0], y2 - s2 * far[1]
            if not (torch.isclose(s1, s2, 1e-6, 1e-9) and torch.isclose(c1, c2, 1e-4, 1e-6)):
                continue
            near = torch.tensor([edge, (first + last) / 2]).double()
            at_edge, inside = (evaluate(function, curve, value, near)[0] - s2 * near - c2).abs()
            if 1e-9 < at_edge < inside / 2:
                found[(round(float(s2), 4) + 0.0, round(float(c2), 4) + 0.0)] = None
    return list(found)


def path(line: Line, which: str) -> tuple[Tensor, Tensor]:
    """Return the points to join, the gradient broken where it jumps."""
    if which == "value":
        return line.x, line.value
    x, y = line.x.tolist(), line.gradient.tolist()
    for k in reversed(line.kinks):
        middle = (x[k] + x[k + 1]) / 2
        x[k + 1 : k + 1] = [middle, middle, middle]
        y[k + 1 : k + 1] = [y[k], float("nan"), y[k + 1]]
        # A lone subgradient would show as a dash in mid-air.
    for k in line.kinks:
        if k - 1 in line.kinks:
            at = float(line.x[k])
            y = [
                float("nan") if abs(a - at) < float(line.x[1] - line.x[0]) * 0.6 else b
                for a, b in zip(x, y, strict=True)
            ]
    return torch.tensor(x), torch.tensor(y)


def describe(lines: Sequence[Line], curve: Curve, which: str) -> str:
    """Say what the panel shows, from its numbers."""
    parts = [named(line.name, course(line, which)) for line in lines]
    what = gettext("Loss") if which == "value" else gettext("Gradient")
    if which == "gradient" and curve.probability:
        what = gettext("Gradient in the logit")
    told = gettext("{what} against {variable}.", what=what, variable=gettext(curve.label))
    return sentences(told, *parts)


def course(line: Line, which: str) -> str:
    """Tell a line's way from left to right: falls to ..., rises to ..."""
    tensor = line.value if which == "value" else line.gradient
    x, y = line.x.tolist(), tensor.tolist()
    tolerance = 1e-3 * (max(y) - min(y)) + 1e-9
    turns, direction, best = [0], 0, 0

    def level() -> int:  # the end of a flat stretch that begins at `best`
        end = best
        while end + 1 < len(y) and abs(y[end + 1] - y[best]) <= 1e-9:
            end += 1
        return end

    for k in range(1, len(y)):
        ahead = direction * (y[k] - y[best])
        if ahead > 0:
            best = k
        elif ahead < -tolerance or (not direction and abs(y[k] - y[0]) > tolerance):
            turns += [t for t in sorted({best, level()}) if t > turns[-1]]
            direction, best = (1 if y[k] > y[turns[-1]] else -1), k
    turns += [t for t in sorted({best, len(y) - 1}) if t > turns[-1]]
    steps = []
    for a, b in pairwise(turns):
        change = y[b] - y[a]
        at = {"y": number(y[b]), "x": number(x[b])}
        if abs(change) <= 2 * tolerance:
            steps.append(gettext("stays until {x}", x=at["x"]))
        else:
            up = change > 0
            steps.append(
                gettext("rises to {y} at {x}", **at) if up else gettext("falls to {y} at {x}", **at)
            )
    start = gettext("{y} at {x}", y=number(y[0]), x=number(x[0]))
    return gettext("{course}.", course=listed([start, *steps], chinese="，"))


def plot(
    lines: Sequence[Line],
    curve: Curve,
    which: str,
    salt: str,
    dotted: Sequence[tuple[float, float]] = (),
    steps: Sequence[Line] = (),
    chosen: int = -1,
) -> str:
    """Draw one panel, the value or the gradient of every line."""
    names = [line.name for line in lines]
    if curve.sweep and len(names) > 1:  # "beta = 0.5, 1, 2" is enough
        names = [names[0], *(name.split(" = ")[1] for name in names[1:])]
    rows = rows_for(names)

    def paint(axes: Axes) -> None:
        for index, (line, name) in enumerate(zip(lines, names, strict=True)):
            style = {"color": COLOURS[index], "gid": "@family"}
            axes.plot(*path(line, which), linestyle=DASHES[index], label=name, **style)
            if which == "value":
                for x, y in corners(line):  # a ring, also around the lowest point
                    axes.plot(x, y, "o", markersize=8, fillstyle="none", mew=1.2, **style)
                if low := lowest(line):
                    axes.plot(*low, "o", markersize=5, **style)
        for index, line in enumerate(steps):
            axes.plot(*path(line, which), "-", color=INK, linewidth=2.5, gid=f"@step:{index}")
        axes.set_xlim(min(curve.domain + curve.walls), max(curve.domain + curve.walls))
        low, high = limits([*lines, *steps], which)
        axes.set_ylim(low, high)
        # A number at the very top would stand behind the legend.
        edge = high - 0.03 * (high - low)
        axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= edge])
        ends = torch.tensor(curve.domain)
        levels = dotted if which == "value" else {(0.0, slope): None for slope, _ in dotted}
        for slope, offset in levels:
            axes.plot(ends, slope * ends + offset, ":", color=INK, linewidth=1)
        for wall in curve.walls:
            axes.axvline(wall, linestyle=":", color=INK, linewidth=1.2)
        if any(mentions(template, "cos") for template in curve.arguments.values()):
            quarters = round(4 * curve.domain[1] / torch.pi) + 1
            axes.set_xticks([k * torch.pi / 4 for k in range(quarters)])
            axes.set_xticklabels(["0", "π/4", "π/2", "3π/4", "π"][:quarters])
        if rows:
            legend(axes, names, rows)

    symbol = "ℓ" if which == "value" else f"∂ℓ/∂{curve.symbol}"
    word = gettext("value") if which == "value" else gettext("gradient")
    title = f"{word} {symbol}"
    if which == "gradient" and curve.probability:
        title = gettext("gradient {symbol}, in the logit", symbol=symbol)
    text = svg(
        paint,
        describe(lines, curve, which),
        salt,
        title=title,
        labels=(gettext(curve.label), ""),
        legend_rows=rows,
    )
    for index, line in enumerate(steps):
        alt = html.escape(named(line.name, course(line, which)))
        text = text.replace(f'data-step="{index}"', f'data-step="{index}" data-alt="{alt}"', 1)
    return text


def limits(lines: Sequence[Line], which: str) -> tuple[float, float]:
    every = torch.cat([line.value if which == "value" else line.gradient for line in lines])
    low, high = float(every.min()), float(every.max())
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def slider(name: str, parameter: str, settings: Sequence[str], start: int) -> str:
    """Offer the parameter's steps; figures.js takes it from there."""
    return (
        f'<div class="control" hidden><label for="slider-{name}"><code>{parameter}</code></label>'
        f'<input type="range" id="slider-{name}" min="0" max="{len(settings) - 1}" value="{start}"'
        f' data-settings="{html.escape("|".join(settings))}" data-name="{parameter}">'
        f'<output for="slider-{name}"></output></div>'
    )


def draw(name: str, function: str, curve: Curve) -> str:
    """Draw value and gradient side by side, with a slider where it shows more.

    The slider starts at the parameter's default, if it has one, else in the middle of the lines.
    """
    lines = sample(function, curve)
    steps = sample(function, curve, curve.slider) if curve.slider else []
    dotted = asymptotes(function, curve)
    panels = [
        plot(lines, curve, which, f"{name}-{which}", dotted, steps)
        for which in ("value", "gradient")
    ]
    control = ""
    if curve.slider:
        assert curve.sweep is not None
        parameter, values = curve.sweep
        start = inspect.signature(getattr(losses, function)).parameters[parameter].default
        if start not in curve.slider:
            start = values[len(values) // 2]
        settings = [line.name.split(" = ")[1] for line in steps]
        control = slider(name, parameter, settings, curve.slider.index(start))
    return whole(name, panels, key(lines, dotted, curve), control)


def key(lines: Sequence[Line], dotted: Sequence[object], curve: Curve) -> str:
    """Explain the marks that occur."""
    parts = []
    if any(lowest(line) for line in lines):
        parts.append(gettext("● lowest point"))
    if any(line.kinks for line in lines):
        parts.append(gettext("○ kink: the gradient jumps"))
    if dotted or curve.walls:
        parts.append(gettext("fine dots: asymptote"))
    return " · ".join(parts)


def compare(name: str, entries: Sequence[tuple[str, str, Curve]], variable: str) -> str:
    """Draw several losses over the same variable."""
    lines = []
    for text, function, curve in entries:
        (line,) = sample(function, curve)
        line.name = gettext(text)
        lines.append(line)
    shared = Curve({}, entries[0][2].domain, variable)
    panels = [plot(lines, shared, which, f"{name}-{which}") for which in ("value", "gradient")]
    return whole(name, panels, key(lines, (), shared))
