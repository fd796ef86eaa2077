"""The pictures of the site and of the README: `python -m scripts.figures` draws them all."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module

from losses.catalog import CATALOG, Curve
from scripts.figures import curves, illustrations, pictures, surfaces
from scripts.figures.drawing import PICTURES, RECORDS, cached
from scripts.figures.gallery import gallery
from scripts.website.language import DOCS

__all__ = ["COMPARISONS", "compare", "drawings", "figure", "gallery"]

# name: the axis, then a label, a function and its slice for each line
PLUS = {"target": 1.0}
FIVE = {"target": 5.0}
LOG_MEANS = (-1.0, 3.5)
MARGINS = (-2.0, 3.0)
COMPARISONS: dict[str, tuple[str, list[tuple[str, str, Curve]]]] = {
    "hinges": (
        "lead of the right answer",
        [
            ("hinge_loss", "hinge_loss", Curve({"input": "x", **PLUS}, MARGINS)),
            ("squared_hinge_loss", "squared_hinge_loss", Curve({"input": "x", **PLUS}, MARGINS)),
            (
                "multi_margin_loss",
                "multi_margin_loss",
                Curve({"input": [["x", 0.0]], "target": [0]}, MARGINS),
            ),
            (
                "multi_margin_loss, p = 2",
                "multi_margin_loss",
                Curve({"input": [["x", 0.0]], "target": [0]}, MARGINS, keywords={"p": 2}),
            ),
            ("soft_margin_loss", "soft_margin_loss", Curve({"input": "x", **PLUS}, MARGINS)),
        ],
    ),
    "counts": (
        "x, for a target of 5",
        [
            ("poisson_nll_loss", "poisson_nll_loss", Curve({"input": "x", **FIVE}, LOG_MEANS)),
            (
                "negative_binomial_nll_loss, total_count = 2",
                "negative_binomial_nll_loss",
                Curve({"input": "x", **FIVE, "total_count": 2.0}, LOG_MEANS),
            ),
            ("tweedie_loss", "tweedie_loss", Curve({"input": "x", **FIVE}, LOG_MEANS)),
        ],
    ),
    "multilabel": (
        "x₁ (right class), with x₂ = 0 (wrong)",
        [
            (
                "multilabel_margin_loss",
                "multilabel_margin_loss",
                Curve({"input": [["x", 0.0]], "target": [[0, -1]]}, (-4, 4)),
            ),
            (
                "multilabel_soft_margin_loss",
                "multilabel_soft_margin_loss",
                Curve({"input": [["x", 0.0]], "target": [[1.0, 0.0]]}, (-4, 4)),
            ),
        ],
    ),
}


def slices(function: str) -> Iterator[tuple[str, Curve]]:
    """Yield the names and the slices of a loss's curves."""
    record = RECORDS[function]
    if record.curve is not None:
        yield function, record.curve
    for curve in record.more:
        assert curve.sweep is not None
        yield f"{function}-{curve.sweep[0]}", curve


def drawings() -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield every figure's name, and what draws it or takes it from the cache."""
    for loss in CATALOG:
        for name, curve in slices(loss.function):
            yield name, lambda n=name, f=loss.function, c=curve: curve_figure(n, f, c)
    for name in PICTURES:
        yield name, lambda n=name: picture(n)
    for name in COMPARISONS:
        yield name, lambda n=name: compare(n)


def curve_figure(name: str, function: str, curve: Curve) -> str:
    return cached(name, [function], lambda: curves.draw(name, function, curve))


def picture(name: str) -> str:
    entry = PICTURES[name]
    detail = (DOCS / "en" / entry.runs).read_text("utf-8") if entry.runs else ""
    return cached(name, entry.uses, lambda: entry.make(name), detail)


def figure(name: str) -> str:
    """Draw one picture."""
    return picture(name)


def first(function: str) -> str:
    """Draw the picture of a loss that says most of it."""
    return parts(function)[0]


def others(function: str) -> str:
    """Draw what else there is to see of a loss."""
    return "".join(parts(function)[1:])


def parts(function: str) -> list[str]:
    """Draw all that belongs to a loss: its curves, then its pictures."""
    drawn = [curve_figure(key, function, curve) for key, curve in slices(function)]
    drawn += [picture(key) for key, entry in PICTURES.items() if function in entry.pages]
    assert drawn, f"nothing is drawn for {function}"
    return drawn


def compare(*arguments: str) -> str:
    """Draw a comparison by name, or regression losses over the error: first, last, functions."""
    if arguments[0] in COMPARISONS:
        name, (variable, entries) = arguments[0], COMPARISONS[arguments[0]]
    else:
        first, last, *functions = arguments
        name, variable = "-".join(("compare", *arguments)), "x − y"
        curve = Curve({"input": "x", "target": 0.0}, (float(first), float(last)))
        entries = [(function, function, curve) for function in functions]
    uses = sorted({function for _, function, _ in entries})
    return cached(name, uses, lambda: curves.compare(name, entries, variable), entries)


assert illustrations and surfaces  # imported for the pictures that they register
for found in pkgutil.iter_modules(pictures.__path__, f"{pictures.__name__}."):
    import_module(found.name)
