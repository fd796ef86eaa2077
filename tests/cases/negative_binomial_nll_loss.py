import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.functional import softplus

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import counted, usual
from tests.domains import LOGITS, SCALAR, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"r": "total_count"}


def ways(r: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Take the logarithm of the factors r + k of a whole count one by one: nothing cancels."""
    k = torch.arange(64, dtype=torch.float64)
    terms = (r[..., None] + k).log() - (1 + k).log()
    whole = torch.where(k < y[..., None], terms, 0).sum(-1)
    return torch.where(y == y.floor(), whole, (y + r).lgamma() - r.lgamma() - (y + 1).lgamma())


def elements(
    input: torch.Tensor,
    target: torch.Tensor,
    total_count: torch.Tensor | float,
    log_input: bool = True,
) -> torch.Tensor:
    """Write the definition out, in float64; at the ends, with what the other term leaves."""
    x, y = input.double(), target.double()
    r = torch.as_tensor(total_count, dtype=torch.float64) * torch.ones_like(x)
    r = r.clamp(max=1e25)  # so near to a Poisson distribution that no digit differs
    if log_input:
        odds = x - r.log()
        nothing = (odds == -math.inf) & (y == 0)
        succeed = softplus(-odds.masked_fill(nothing, 0)).masked_fill(nothing, 0)
        fail = softplus(odds)
    else:
        nothing = ((x == 0) & (y == 0)) | (x == math.inf)
        plain = x.masked_fill(nothing, 1)
        fail, succeed = (x / r).log1p(), (plain + r).log() - plain.log()
        succeed = succeed.masked_fill(nothing, 0)
    return r * fail + y * succeed - ways(r, y)


def reference(
    input: torch.Tensor,
    target: torch.Tensor,
    total_count: torch.Tensor | float,
    *,
    log_input: bool = True,
    reduction: str = "mean",
) -> torch.Tensor:
    loss = elements(input, target, total_count, log_input)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def calls(dtype: torch.dtype) -> Iterator[Case]:
    """Yield what the zero-inflated loss is called with as well."""
    x, y = 2 * randn(4, 3, dtype=dtype), randint(9, 4, 3).to(dtype)
    r = randn(4, 3, dtype=dtype, seed=2).exp()
    both = ("input", "total_count")
    yield Case("plain", {"input": x, "target": y, "total_count": r}, both)
    mean = {"input": x.exp(), "target": y, "total_count": r, "log_input": False}
    yield Case("mean", mean, both)
    for number in (2.0, 1, 0.01, 100.0):
        yield Case(f"total_count={number}", {"input": x, "target": y, "total_count": number})
    for number in (1e3, 1e4, 1e8, 1e30, math.inf):  # nearly, then wholly, a Poisson distribution
        large = {"input": x, "target": y, "total_count": number}
        yield Case(f"total_count={number}", large, gradcheck=number < 1e8)
    for name, shared in (("column", r[:, :1]), ("row", r[0]), ("scalar", r[0, 0])):
        yield Case(name, {"input": x, "target": y, "total_count": shared}, both)
    fractions = {"input": x, "target": y + 0.5, "total_count": r}
    yield Case("fractions", fractions, both)
    yield Case("strided", {"input": x.T, "target": y.T, "total_count": r.T}, both)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0], "total_count": r[0, 0]}, both)
    empty = {"input": x[:0], "target": y[:0], "total_count": r[:0]}
    yield Case("empty", empty, both, gradcheck=False)
    yield Case("no counts", {"input": x, "target": 0 * y, "total_count": r}, both)
    edge = torch.tensor([-math.inf, -math.inf, math.inf, math.inf, 80.0, -80.0], dtype=dtype)
    counts = torch.tensor([0, 3, 0, 3, 3, 3], dtype=dtype)
    edges: dict[str, Any] = {"input": edge, "target": counts, "total_count": 2.0}
    yield Case("edges", edges, gradcheck=False)
    edges = {"input": edge.exp(), "target": counts, "total_count": 2.0, "log_input": False}
    yield Case("edges of the mean", edges, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name in ("input", "target", "total_count"):
        unknown = dict.fromkeys(("input", "target", "total_count"), torch.ones_like(missing))
        yield Case(f"nan in {name}", {**unknown, name: missing}, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "total_count": 2.0})
    yield Case("booleans", {"input": x, "target": y > 4, "total_count": 2.0})
    yield Case("wide", {"input": x, "target": y.double(), "total_count": r.double()})


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from calls(dtype)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(12, seed=seed), randint(9, 12, seed=seed).double()
    r = randn(12, seed=seed + 10).exp() + 0.5
    yield Point({"input": x, "target": y, "total_count": r})
    yield Point({"input": x, "target": y + 0.5, "total_count": 2.0}, {"r": 2})


def wrong_calls(**more: Any) -> Iterator[Error]:
    """Yield what the zero-inflated loss refuses as well."""
    x = torch.zeros(2)
    good: dict[str, Any] = {"input": x, "target": x, "total_count": 1.0, **more}
    for number in (0.0, -2.0):
        for kind, value in (("number", number), ("tensor", torch.tensor([1.0, number]))):
            outside = {**good, "total_count": value}
            what = f"total_count must be above 0, got {number:g}"
            yield Error(f"{kind} {number}", outside, ValueError, what, False)
    outside = {**good, "total_count": math.nan}
    yield Error("nan", outside, ValueError, "total_count .* nan", False)
    yield Error("no number", {**good, "total_count": None}, TypeError, "total_count", False)
    yield Error("complex r", {**good, "total_count": x + 1j}, RuntimeError, "total_count", False)
    for size in ((3,), (2, 2), (2, 1)):
        shape = {**good, "total_count": torch.ones(size)}
        yield Error(f"total_count {size}", shape, ValueError, "total_count must broadcast", False)
    yield Error("negative", {**good, "target": x - 1}, ValueError, "target .* -1", False)
    mean = {**good, "input": x - 1, "log_input": False}
    yield Error("negative mean", mean, ValueError, "input .* -1", False)
    for other in (torch.zeros(3), torch.zeros(2, 1), torch.zeros(())):
        shapes = {**good, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    yield Error("reduction", {**good, "reduction": "avg"}, ValueError, "avg", False)
    integers = {**good, "input": x.long()}
    yield Error("integers", integers, NotImplementedError, "input", False)
    yield Error("complex", {**good, "target": x + 0j}, RuntimeError, "target", False)


def errors() -> Iterator[Error]:
    yield from wrong_calls()


R = (torch.tensor(2.0).double(), torch.tensor(0.5).double())
domain = Domain(
    SCALAR, tuple(y | {"total_count": r} for y in targets(2.0, 5.0) for r in R), scales=LOGITS
)
contests = (usual(counted, 1000, 1000, leaves=("input", "total_count")),)
