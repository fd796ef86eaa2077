"""What each loss is tested with: one module a loss, named like its function.

Such a module holds

- `cases(dtype)`: the calls that every proof in `tests/test_losses.py` runs through,
- `errors()`: the wrong calls, with what the message must say,
- `points(seed)`: random calls at which the docstring's formulas are evaluated; where the letters of
  the formulas are others than `x` and `y`, `SYMBOLS` says which arguments they stand for, and
  `BELOW` for which letters the rows of several arguments stand below each other,
- `domain`: where `tests/test_properties.py` samples the loss, to attack what the catalogue claims;
  `tests/domains.py` has the pieces,
- `strategy`, where PyTorch has the loss: what generates calls for `tests/test_generated.py`;
  `tests/strategies.py` has the pieces,
- `contests`: what the benchmark measures, beside PyTorch's own or, where PyTorch has no such loss,
  beside the libraries of `scripts/peers` that agree; `tests/contests.py` has the pieces,
- `warnings()`, only where calls are questionable: the same for what warns,
- `class_errors()`, only where the class itself refuses settings: the same for building it,
- `adapted(function)`, only where a loss is called in another way than all others: the function as
  the proofs call it, with the arguments of the cases and a `reduction`,
- `reference(**arguments)`, only where PyTorch has no such loss: the definition, written out
  independently of the package and as plainly as possible.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch


def adapted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of a loss, wherever it comes from, as the proofs call it."""
    cases = importlib.import_module(f"tests.cases.{name}")
    return cases.adapted(function) if hasattr(cases, "adapted") else function


# What the other tests and the benchmark take from the cases, and how to write it.
PARTS = {
    "domain": "`domain = Domain(...)`, where to sample the loss; pieces are in tests/domains.py",
    "strategy": "`strategy = pointwise(...)`, which makes calls to hold against PyTorch; pieces "
    "are in tests/strategies.py",
    "contests": "`contests = (Contest(...),)`, what to measure beside PyTorch's own, or "
    "`(usual(...),)`, beside other libraries; pieces are in tests/contests.py",
}


def part_of(name: str, what: str) -> Any:
    """Return one of the `PARTS` of a loss; where it is missing, say what to write."""
    cases = importlib.import_module(f"tests.cases.{name}")
    assert hasattr(cases, what), f"tests/cases/{name}.py: write {PARTS[what]}"
    return getattr(cases, what)


@dataclass(frozen=True)
class Case:
    """One call, all arguments by name, without `reduction`.

    Attributes:
        id: What is special about it.
        arguments: The arguments of the function. Tensors are leaves without `requires_grad`.
        differentiable: The arguments whose gradient is checked.
        gradcheck: Whether finite differences make sense here: no kink, no infinity.
        defect: Where PyTorch is wrong, how: the case is then held against float64 or the
            mathematics in the loss's own test, and left out of the comparison with PyTorch.
        elements: What is right there, one loss an element, by other means than the package's.
    """

    id: str
    arguments: dict[str, Any]
    differentiable: tuple[str, ...] = ("input",)
    gradcheck: bool = True
    defect: str = ""
    elements: torch.Tensor | None = None


@dataclass(frozen=True)
class Error:
    """One wrong call.

    Attributes:
        id: What is wrong.
        arguments: The arguments of the function, by name.
        type: The exact exception type.
        match: A regular expression that the message satisfies; it names the argument.
        parity: Whether PyTorch raises the same type for the same call. False where PyTorch is
            silent, or has no such loss.
    """

    id: str
    arguments: dict[str, Any]
    type: type[Exception]
    match: str
    parity: bool = True


@dataclass(frozen=True)
class Point:
    """A random call, of as many samples as the loss returns numbers, where formulas must hold.

    A tensor that a letter stands for has one entry a sample, unless the module lists the argument
    in `SHARED`. Integers count classes from 0, the formulas from 1: they are raised by 1.

    Attributes:
        arguments: The arguments of the function, by name.
        symbols: What further letters stand for. A list has one value a sample.
        left: Values of left sides that are neither the loss, its mean, nor its gradient.
        at: For indices on a left side, as `("a", "p")`, the values where the equation holds.
        blocks: The numbers of the displays that hold here.
    """

    arguments: dict[str, Any]
    symbols: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    at: dict[tuple[str, ...], list[tuple[int, ...]]] = field(default_factory=dict)
    blocks: tuple[int, ...] = tuple(range(9))


def randn(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> torch.Tensor:
    """Draw the same standard normal numbers, whatever the data type they are rounded to."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).to(dtype)


def randint(high: int, *shape: int, seed: int = 0) -> torch.Tensor:
    """Draw class indices in [0, high)."""
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(seed))
