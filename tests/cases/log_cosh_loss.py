import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def reference(input: torch.Tensor, target: torch.Tensor, reduction: str = "mean") -> torch.Tensor:
    """Write log((exp(e) + exp(-e)) / 2) out, by a function that does not overflow."""
    error = input - target
    loss = torch.logaddexp(error, -error) - math.log(2)
    return loss if reduction == "none" else getattr(loss, reduction)()


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    yield Case("plain", {"input": x, "target": y}, ("input", "target"))
    yield Case("far", {"input": 15 * x, "target": y}, ("input", "target"))
    yield Case("strided", {"input": x.T, "target": y.T}, ("input", "target"))
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    edge = torch.tensor([0, 1e-4, 20, -20, 100, 1e4, float("inf"), -float("inf")], dtype=dtype)
    yield Case("edges", {"input": edge, "target": torch.zeros_like(edge)}, gradcheck=False)
    missing = torch.tensor([1.0, float("nan")], dtype=dtype)
    yield Case("nan", {"input": missing, "target": torch.zeros_like(missing)}, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long()})
    yield Case("booleans", {"input": x, "target": y > 0}, defect="refused by the minus of torch")


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    yield Point({"input": x, "target": y})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    shapes = {"input": x, "target": torch.zeros(3)}
    yield Error("shapes", shapes, RuntimeError, "size of tensor", False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    integers = {"input": x.long(), "target": x.long()}
    yield Error("integers", integers, NotImplementedError, "input", False)
    complex_ = {"input": x, "target": x + 0j}
    yield Error("complex", complex_, RuntimeError, "target", False)


domain = Domain(SCALAR, NUMBERS)


def by_softplus(input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Compute it as Keras does."""
    error = input - target
    return (error + torch.nn.functional.softplus(-2 * error) - math.log(2)).mean()


contests = (Contest(elementwise, other=by_softplus, against="Keras's formula"),)
