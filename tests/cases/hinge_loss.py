import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import signed, usual
from tests.domains import SCALAR, SIGNS, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def reference(
    input: torch.Tensor, target: torch.Tensor, *, reduction: str = "mean"
) -> torch.Tensor:
    """Write max(0, 1 - y x) out, in float64."""
    lead = target.double() * input.double()
    loss = torch.where(lead >= 1, torch.zeros_like(lead), 1 - lead)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1).sign()
    yield Case("plain", {"input": x, "target": y})
    worked = torch.tensor([0.3, -2.0], dtype=dtype)
    yield Case("worked by hand", {"input": worked, "target": worked.sign()})
    yield Case("one element", {"input": worked[:1], "target": worked[:1].sign()})
    yield Case("strided", {"input": x.T, "target": y.T})
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    edge = torch.tensor([0, 1, -1, 1e4, -1e4, math.inf, -math.inf], dtype=dtype)
    for sign in (1, -1):
        edges = {"input": edge, "target": torch.full_like(edge, sign)}
        yield Case(f"edges, target {sign}", edges, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    unknown = {"input": missing, "target": torch.ones_like(missing)}
    yield Case("NaN", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long()})
    yield Case("small integers", {"input": x, "target": y.to(torch.int8)})
    yield Case("booleans", {"input": x, "target": torch.ones_like(y).bool()})
    yield Case("wide target", {"input": x, "target": y.double()})


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(8, seed=seed), torch.tensor([1.0, -1.0]).repeat(4)
    yield Point({"input": x, "target": y})


def errors() -> Iterator[Error]:
    x = torch.ones(2)
    for y in (0.0, 2.0, -2.0, 0.5, math.nan):
        label = {"input": x, "target": torch.tensor([1.0, y])}
        yield Error(f"label {y}", label, ValueError, f"target must be -1 or 1, got {y:g}", False)
    for dtype in (torch.bool, torch.uint8, torch.int64):
        zero = {"input": x, "target": torch.tensor([1, 0]).to(dtype)}
        yield Error(f"0 as {dtype}", zero, ValueError, "target must be -1 or 1, got 0", False)
    for other in (torch.ones(3), torch.ones(2, 1), torch.ones(())):
        shapes = {"input": x, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    integers = {"input": x.long(), "target": x}
    yield Error("integers", integers, NotImplementedError, "input", False)
    complex_ = {"input": x, "target": x + 0j}
    yield Error("complex", complex_, RuntimeError, "target", False)


domain = Domain(SCALAR, SIGNS)
contests = (usual(signed, 1000000),)
