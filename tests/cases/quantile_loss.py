import math
from collections.abc import Iterator
from typing import Any

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import elementwise, usual
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"q": "quantile"}


def reference(
    input: torch.Tensor, target: torch.Tensor, *, quantile: Any = 0.5, reduction: str = "mean"
) -> torch.Tensor:
    """Write |q - [e < 0]| |e| out, in float64. No number has no gradient."""
    q = torch.as_tensor(quantile, dtype=torch.float64)
    y = target.double()
    error = (y if q.dim() == 0 else y[..., None].expand_as(input)) - input.double()
    loss = (q - (error < 0).double()).abs() * error.abs()
    loss = torch.where(error.isnan(), error.detach(), loss)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y}, both)
    for q in (0.9, 0.1, 0.001, 1 - 1e-6):
        yield Case(f"quantile={q}", {"input": x, "target": y, "quantile": q}, both)
    yield Case("strided", {"input": x.T, "target": y.T, "quantile": 0.9}, both)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    several = {"input": x, "target": y[:, 0], "quantile": [0.1, 0.5, 0.9]}
    yield Case("several", several, both)
    yield Case("several as a tuple", {**several, "quantile": (0.1, 0.5, 0.9)}, both)
    levels = torch.tensor([0.125, 0.5, 0.875], dtype=dtype)
    yield Case("several as a tensor", {**several, "quantile": levels}, both)
    deep = {"input": randn(2, 3, 4, dtype=dtype), "target": y[:2], "quantile": [0.2, 0.4, 0.6, 0.8]}
    yield Case("several, of a series", deep, both)
    yield Case("one in a list", {"input": x[:, :1], "target": y[:, 0], "quantile": [0.9]}, both)
    none = {"input": x[:0], "target": y[:0, 0], "quantile": [0.1, 0.5, 0.9]}
    yield Case("several, empty", none, both, gradcheck=False)
    no_quantile = {"input": x[:, :0], "target": y[:, 0], "quantile": []}
    yield Case("no quantile", no_quantile, both, gradcheck=False)
    edge = torch.tensor([1e-4, -1e-4, 100, -100, math.inf, -math.inf], dtype=dtype)
    edges = {"input": edge, "target": torch.zeros_like(edge), "quantile": 0.9}
    yield Case("edges", edges, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name, other in (("input", "target"), ("target", "input")):
        unknown = {name: missing, other: torch.zeros_like(missing)}
        yield Case(f"nan in {name}", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "quantile": 0.9})
    yield Case("booleans", {"input": x, "target": y > 0, "quantile": 0.9})
    yield Case("wide target", {"input": x, "target": y.double(), "quantile": 0.9})
    yield Case("several, wide target", {**several, "target": y[:, 0].double()})


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    for q in (0.75, 0.4):
        yield Point({"input": x, "target": y, "quantile": q})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    for q in (0.0, 1.0, -0.5, 90, math.nan):
        outside = {"input": x, "target": x, "quantile": q}
        yield Error(f"quantile={q}", outside, ValueError, f"quantile .* got {q}:", False)
        row = {"input": x[:, None].expand(2, 2), "target": x, "quantile": [0.5, q]}
        yield Error(f"quantile=[0.5, {q}]", row, ValueError, f"quantile .* got {q}:", False)
        tensor = {**row, "quantile": torch.tensor([0.5, q])}
        yield Error(f"{q} in a tensor", tensor, ValueError, f"quantile .* got {q}", False)
    for level in (torch.tensor(0.5), torch.tensor([[0.5]])):
        shape = {"input": x, "target": x, "quantile": level}
        yield Error(f"{level.dim()}-d", shape, ValueError, "quantile .* one dimension", False)
    for other in (torch.zeros(3), torch.zeros(2, 1), torch.zeros(())):
        shapes = {"input": x, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    for shape in ((2,), (2, 3), (2, 1, 2), (3, 2)):
        fewer = {"input": torch.zeros(shape), "target": x, "quantile": [0.1, 0.9]}
        match = r"input .* one prediction for each .* expected \(2, 2\)"
        yield Error(f"several, shape {shape}", fewer, ValueError, match, False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    integers = {"input": x.long(), "target": x}
    yield Error("integers", integers, NotImplementedError, "input", False)
    complex_ = {"input": x, "target": x + 0j}
    yield Error("complex", complex_, RuntimeError, "target", False)


def class_errors() -> Iterator[Error]:
    yield Error("quantile", {"quantile": 1.0}, ValueError, "quantile .* got 1.0", False)
    yield Error("quantiles", {"quantile": [0.1, 1.5]}, ValueError, "quantile .* got 1.5", False)


domain = Domain(SCALAR, NUMBERS)
contests = (usual(elementwise, 1000, 1000),)
