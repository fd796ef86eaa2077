import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import elementwise, usual
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {r"\varepsilon": "eps"}


def reference(
    input: torch.Tensor, target: torch.Tensor, *, eps: float = 1e-3, reduction: str = "mean"
) -> torch.Tensor:
    """Write √(e² + ε²) out, in float64; an infinite error is left to |e|, whose slope is 1."""
    error = input.double() - target.double()
    infinite = error.abs() == math.inf
    loss = (error.masked_fill(infinite, 0) ** 2 + eps**2).sqrt()
    loss = torch.where(infinite, error.abs(), loss)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y}, both)
    for eps in (0.5, 3.0, 1e-6, 1e3):
        yield Case(f"eps={eps}", {"input": x, "target": y, "eps": eps}, both, eps > 1e-4)
    yield Case("strided", {"input": x.T, "target": y.T, "eps": 0.5}, both)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    edge = torch.tensor([0, 1e-4, -1e-4, 100, -100, math.inf, -math.inf], dtype=dtype)
    yield Case("edges", {"input": edge, "target": torch.zeros_like(edge)}, gradcheck=False)
    # The square of the error is beyond float32, the loss is not.
    huge = torch.tensor([-1e30, 1.0], dtype=dtype)
    yield Case("huge", {"input": huge, "target": torch.zeros_like(huge)}, gradcheck=False)
    right = {"input": x[0], "target": x[0].clone()}
    yield Case("right", right, both, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name, other in (("input", "target"), ("target", "input")):
        unknown = {name: missing, other: torch.zeros_like(missing)}
        yield Case(f"nan in {name}", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "eps": 0.5})
    yield Case("booleans", {"input": x, "target": y > 0, "eps": 0.5})
    yield Case("wide target", {"input": x, "target": y.double(), "eps": 0.5})


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    for eps in (0.5, 2.0):
        bessel = torch.special.modified_bessel_k1(torch.tensor(eps).double())
        yield Point({"input": x, "target": y, "eps": eps}, {"c": 1 / (2 * eps * bessel)})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    for eps in (0.0, -1e-3, math.nan):
        outside = {"input": x, "target": x, "eps": eps}
        yield Error(f"eps={eps}", outside, ValueError, f"eps={eps}", False)
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
    yield Error("eps", {"eps": 0.0}, ValueError, "eps=0.0", False)


# Within 0.001 of the target the slope goes from 0 to 1: nearer, so that halving gets that far.
domain = Domain(SCALAR, NUMBERS, scales=(-4.0, 1.0))
contests = (usual(elementwise, 1000, 1000),)
