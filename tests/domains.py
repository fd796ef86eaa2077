"""Where the losses are sampled to attack what the catalogue claims: what several cases share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Domain:
    """Where to sample a loss, and of what.

    Attributes:
        shapes: The arguments that are its input.
        others: The other arguments; each entry is one loss to attack.
        inside: Takes real numbers into the domain.
        scales: Powers of 10: how far out, and how close to 0, the real numbers lie.
        element: Which element of the result.
        exchange: What the symmetry does, where it is not simply in one of `EXCHANGES` of
            `tests/test_properties.py`.
    """

    shapes: dict[str, tuple[int, ...]]
    others: tuple[Arguments, ...]
    inside: Callable[[Tensor], Tensor] = lambda u: u
    scales: tuple[float, float] = (-2.0, 4.0)
    element: tuple[int, ...] = ()
    exchange: Callable[[Arguments], Arguments] | None = None


def targets(*values: Any) -> tuple[Arguments, ...]:
    return tuple({"target": torch.as_tensor(value)} for value in values)


def probability(u: Tensor) -> Tensor:
    return 0.999 * u.sin().square()  # nearer to 1, 1 - x has too few digits left to be smooth


LOGITS = (-1.0, 1.3)
NUMBERS = targets(0.5, -2.0)
SIGNS = targets(1.0, -1.0)
SCALAR: dict[str, tuple[int, ...]] = {"input": ()}
ROW: dict[str, tuple[int, ...]] = {"input": (3,)}
TRIPLET = Domain(dict.fromkeys(("anchor", "positive", "negative"), (2,)), ({},), scales=(-1.0, 2.0))
MINED = Domain(
    {"input": (3, 2)},
    targets([0, 0, 1]),
    scales=(-1.0, 2.0),
    element=(0, 1),
    exchange=lambda a: a | {"input": a["input"][torch.tensor([1, 0, 2])]},
)
