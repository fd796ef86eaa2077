import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import elementwise, usual
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"q": "expectile"}


def reference(
    input: torch.Tensor, target: torch.Tensor, *, expectile: float = 0.5, reduction: str = "mean"
) -> torch.Tensor:
    """Write |q - [e < 0]| e² out, in float64."""
    error = target.double() - input.double()
    loss = (expectile - (error < 0).double()).abs() * error**2
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y}, both)
    for q in (0.9, 0.1, 0.001, 1 - 1e-6):
        yield Case(f"expectile={q}", {"input": x, "target": y, "expectile": q}, both)
    yield Case("strided", {"input": x.T, "target": y.T, "expectile": 0.9}, both)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    edge = torch.tensor([0, 1e-4, -1e-4, 100, -100, math.inf, -math.inf], dtype=dtype)
    edges = {"input": edge, "target": torch.zeros_like(edge), "expectile": 0.9}
    yield Case("edges", edges, gradcheck=False)
    # The square of the error is beyond float32, the loss is not.
    huge = torch.tensor([-3e19, 1.0], dtype=dtype)
    large = {"input": huge, "target": torch.zeros_like(huge), "expectile": 0.01}
    yield Case("huge", large, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name, other in (("input", "target"), ("target", "input")):
        unknown = {name: missing, other: torch.zeros_like(missing)}
        yield Case(f"nan in {name}", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "expectile": 0.9})
    yield Case("booleans", {"input": x, "target": y > 0, "expectile": 0.9})
    yield Case("wide target", {"input": x, "target": y.double(), "expectile": 0.9})


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    for q in (0.9, 0.25):
        # Half of a Gaussian on each side, of the variances 1 / 2q and 1 / 2(1 - q).
        halves = (math.sqrt(2 * math.pi / (2 * weight)) / 2 for weight in (q, 1 - q))
        yield Point({"input": x, "target": y, "expectile": q}, {"c": 1 / sum(halves)})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    for q in (0.0, 1.0, -0.5, 90.0, math.nan):
        outside = {"input": x, "target": x, "expectile": q}
        yield Error(f"expectile={q}", outside, ValueError, f"expectile={q}", False)
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
    yield Error("expectile", {"expectile": 1.0}, ValueError, "expectile=1.0", False)


domain = Domain(SCALAR, NUMBERS)
contests = (usual(elementwise, 1000, 1000),)
