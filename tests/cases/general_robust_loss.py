import math
from collections.abc import Iterator
from typing import Any

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import elementwise, usual
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {r"\alpha": "alpha", "c": "scale"}


def reference(
    input: torch.Tensor,
    target: torch.Tensor,
    *,
    alpha: float = 1.0,
    scale: float = 1.0,
    reduction: str = "mean",
) -> torch.Tensor:
    """Write the formula and its limits out, in float64; an infinite error is a constant."""
    error = (input.double() - target.double()) / scale
    infinite, b = error.abs() == math.inf, abs(alpha - 2)
    z = error.masked_fill(infinite, 0) ** 2
    if alpha == 2:
        loss, highest = z / 2, math.inf
    elif alpha == 0:
        loss, highest = (z / 2).log1p(), math.inf
    elif alpha == -math.inf:
        loss, highest = -(-z / 2).expm1(), 1.0
    else:
        loss = b / alpha * (alpha / 2 * (z / b).log1p()).expm1()
        highest = math.inf if alpha > 0 else -b / alpha
    loss = loss.masked_fill(infinite, highest)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


SHAPES = (2.0, 1.5, 1.0, 0.5, 0.0, -1.0, -2.0, -10.0, -math.inf)
# Near the limits, and beyond the squared error.
OTHERS = (1e-6, -1e-6, 1e-30, 2 - 1e-6, 2 + 1e-6, -1e9, -1e300, 3.0)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y}, both)
    for alpha in SHAPES + OTHERS:
        yield Case(f"alpha={alpha}", {"input": x, "target": y, "alpha": alpha}, both)
    for alpha, scale in ((0.0, 0.1), (1.0, 100.0), (-2.0, 3.0)):
        scaled: dict[str, Any] = {"input": x, "target": y, "alpha": alpha, "scale": scale}
        yield Case(f"alpha={alpha}, scale={scale}", scaled, both)
    yield Case("strided", {"input": x.T, "target": y.T, "alpha": 0.0}, both)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    # The seam between the two ways to take the logarithm, and both sides of it.
    seam = torch.tensor([0.0, 1e-6, -1e-6, 0.999, 1.0, -1.0, 1.001, 2.0, -100.0], dtype=dtype)
    edge = torch.tensor([0.0, math.inf, -math.inf], dtype=dtype)
    huge = torch.tensor([1e30, -1e30, 1.0], dtype=dtype)
    for alpha in (1.0, 0.5, 0.0, -2.0, -math.inf):
        for name, values in (("seam", seam), ("edges", edge), ("huge", huge)):
            call = {"input": values, "target": torch.zeros_like(values), "alpha": alpha}
            yield Case(f"{name}, alpha={alpha}", call, gradcheck=name == "seam")
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name, other in (("input", "target"), ("target", "input")):
        unknown = {name: missing, other: torch.zeros_like(missing), "alpha": 0.0}
        yield Case(f"nan in {name}", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "alpha": 0.0})
    yield Case("booleans", {"input": x, "target": y > 0, "alpha": 0.0})
    yield Case("wide target", {"input": x, "target": y.double(), "alpha": 0.0})


def points(seed: int) -> Iterator[Point]:
    x, y = 3 * randn(2, 12, seed=seed)
    for alpha, scale in ((1.0, 1.0), (1.5, 0.5), (0.0, 2.0), (-2.0, 0.75), (3.0, 1.0)):
        yield Point({"input": x, "target": y, "alpha": alpha, "scale": scale})
    yield Point({"input": x, "target": y, "alpha": 2.0, "scale": 2.0}, blocks=(0,))


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    for alpha in (math.inf, math.nan):
        outside = {"input": x, "target": x, "alpha": alpha}
        yield Error(f"alpha={alpha}", outside, ValueError, f"alpha={alpha}", False)
    for scale in (0.0, -1.0, math.nan):
        outside = {"input": x, "target": x, "scale": scale}
        yield Error(f"scale={scale}", outside, ValueError, f"scale={scale}", False)
    for name in ("alpha", "scale"):
        learned = {"input": x, "target": x, name: torch.ones(())}
        yield Error(f"learned {name}", learned, TypeError, f"^{name} must be a number", False)
    for other in (torch.zeros(3), torch.zeros(2, 1), torch.zeros(())):
        shapes = {"input": x, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    integers = {"input": x.long(), "target": x}
    yield Error("integers", integers, NotImplementedError, "input", False)
    complex_ = {"input": x, "target": x + 0j}
    yield Error("complex", complex_, RuntimeError, "target", False)


def class_errors() -> Iterator[Error]:
    yield Error("alpha", {"alpha": math.inf}, ValueError, "alpha=inf", False)
    yield Error("scale", {"scale": 0.0}, ValueError, "scale=0.0", False)


domain = Domain(SCALAR, NUMBERS)
contests = (usual(elementwise, 1000, 1000),)
