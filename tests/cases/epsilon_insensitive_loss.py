import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import elementwise, usual
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {r"\varepsilon": "epsilon"}


def reference(
    input: torch.Tensor, target: torch.Tensor, *, epsilon: float = 0.1, reduction: str = "mean"
) -> torch.Tensor:
    """Write the distance to the tube out, in float64; on its edge nothing pulls."""
    outside = (input.double() - target.double()).abs() - epsilon
    loss = torch.where(outside <= 0, torch.zeros_like(outside), outside)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y}, both)
    for epsilon in (0.0, 0.5, 1.5, 1e3):
        yield Case(f"epsilon={epsilon}", {"input": x, "target": y, "epsilon": epsilon}, both)
    yield Case("strided", {"input": x.T, "target": y.T, "epsilon": 0.5}, both)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    # On the edge of the tube, in its middle, and far out; 0.5 is exact in any data type.
    edge = torch.tensor([0, 0.5, -0.5, 1e-4, -1e-4, 1e4, -1e4, math.inf, -math.inf], dtype=dtype)
    for epsilon in (0.5, 0.0):
        edges = {"input": edge, "target": torch.zeros_like(edge), "epsilon": epsilon}
        yield Case(f"edges, epsilon={epsilon}", edges, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name, other in (("input", "target"), ("target", "input")):
        unknown = {name: missing, other: torch.zeros_like(missing)}
        yield Case(f"nan in {name}", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "epsilon": 0.5})
    yield Case("booleans", {"input": x, "target": y > 0, "epsilon": 0.5})
    yield Case("wide target", {"input": x, "target": y.double(), "epsilon": 0.5})


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    for epsilon in (0.25, 1.0):
        # A plateau of the width 2ε, and half of a Laplace distribution on either side of it.
        yield Point({"input": x, "target": y, "epsilon": epsilon}, {"c": 1 / (2 * epsilon + 2)})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    for epsilon in (-0.1, -math.inf, math.nan):
        outside = {"input": x, "target": x, "epsilon": epsilon}
        yield Error(f"epsilon={epsilon}", outside, ValueError, f"epsilon={epsilon}", False)
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
    yield Error("epsilon", {"epsilon": -0.1}, ValueError, "epsilon=-0.1", False)


domain = Domain(SCALAR, NUMBERS)
contests = (usual(elementwise, 1000, 1000),)
