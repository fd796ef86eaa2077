"""Every loss as data: what it is called, what it takes, where it stands.

The site's navigation, overview and figures, and the tests, all start from these records. Each
stands in the module of its loss, below the code.

Examples:
    >>> from losses import catalog
    >>> catalog.module_of("huber_loss")
    'losses.regression._huber_loss'

    Losses may be asked for by their properties: robust to outliers, and without a kink at the
    target.

    >>> robust = catalog.find(bounded=True, smooth=True)
    >>> names = {record.function for record in robust}
    >>> {"huber_loss", "log_cosh_loss"} <= names
    True
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module

from losses._record import PROPERTIES, Claim, Curve, Properties, Record

__all__ = [
    "CATALOG",
    "FAMILIES",
    "PROPERTIES",
    "Claim",
    "Curve",
    "Family",
    "Properties",
    "Record",
    "find",
    "groups",
    "module_of",
]


@dataclass(frozen=True)
class Family:
    """A package of losses that belong together.

    Attributes:
        title: Its name on the site.
        input: What the records of its losses say of `input`, unless they say it themselves.
        target: The same of `target`.
        mean: The same of what `reduction='mean'` divides by.
        shapes: The same of the shapes.
    """

    title: str
    input: str = ""
    target: str = ""
    mean: str = "the number of elements"
    shapes: str = "`input` (*), `target` (*)"


# In the order of the documents; then those that no document has.
FAMILIES = {
    "classification": Family("Classification"),
    "regression": Family("Regression", "predictions, any real number", "values, any real number"),
    "likelihood": Family("Distributions and likelihoods"),
    "margin": Family("Margins, ranking and embeddings"),
    "sequence": Family("Sequences"),
    "focal": Family("Focal losses"),
    "mining": Family("Mined triplets"),
    "segmentation": Family(
        "Segmentation",
        input="logits, one per class and pixel",
        target="class indices, or masks of values in [0, 1]",
    ),
    "boxes": Family(
        "Boxes",
        input="`boxes1`: corners x1, y1, x2, y2 in any unit",
        target="`boxes2`: corners in the same unit",
        mean="the number of pairs of boxes",
        shapes="`boxes1` (*, 4), `boxes2` (*, 4)",
    ),
    "forecasting": Family("Forecasting and counts"),
    "ranking": Family("Ranking and ordinal"),
    "images": Family("Images"),
    "contrastive": Family("Contrastive and self-supervised"),
    "metric": Family("Metric learning"),
    "distillation": Family(
        "Distillation",
        input="logits of the student, classes last",
        target="`teacher`: logits of the teacher, which get no gradient",
        mean="the number of rows, not of classes",
        shapes="`input` (*, C), `teacher` (*, C)",
    ),
    "language_models": Family("Language models"),
}


def records(name: str) -> Iterator[Record]:
    """Yield the records of a family, in the order in which its package imports the losses."""
    for function in filter(inspect.isfunction, vars(import_module(f"losses.{name}")).values()):
        for record in vars(import_module(function.__module__)).values():
            if isinstance(record, Record) and record.function == function.__name__:
                family = FAMILIES[name]
                yield replace(
                    record,
                    family=name,
                    input=record.input or family.input,
                    target=record.target or family.target,
                    mean=record.mean or family.mean,
                    shapes=record.shapes or family.shapes,
                )


CATALOG = tuple(record for name in FAMILIES for record in records(name))


def groups() -> Iterator[tuple[Family, list[Record]]]:
    """Yield each family with its losses, in order; a family that has none yet is left out."""
    for name, family in FAMILIES.items():
        members = [record for record in CATALOG if record.family == name]
        if members:
            yield family, members


def find(**wanted: bool) -> tuple[Record, ...]:
    """Return the losses for which these properties hold, or do not: `find(convex=False)`."""
    return tuple(
        record
        for record in CATALOG
        if all(getattr(record.properties, name).holds == holds for name, holds in wanted.items())
    )


def module_of(function: str) -> str:
    """Return the name of the module that defines a loss, as in `losses.regression._mse_loss`."""
    family = next(record.family for record in CATALOG if record.function == function)
    return f"losses.{family}._{function}"
