import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.distributions import Normal

from tests.cases import Case, Error, Point, randn
from tests.contests import elementwise, usual
from tests.domains import NUMBERS, SCALAR, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"s": "sigma"}
UNIT = Normal(torch.zeros(()).double(), 1.0, validate_args=False)  # it would refuse nan


def reference(
    input: torch.Tensor, target: torch.Tensor, sigma: Any, *, reduction: str = "mean"
) -> torch.Tensor:
    """Write s (w (2 F(w) - 1) + 2 f(w) - 1 / sqrt(pi)) out in float64, with s hardly above 0."""
    difference = target.double() - input.double()
    error = difference.masked_fill(difference.isinf(), 0)
    s = torch.as_tensor(sigma, dtype=torch.float64).expand(error.shape) + 1e-40
    w = error / s
    loss = error * (2 * UNIT.cdf(w) - 1) + s * (2 * UNIT.log_prob(w).exp() - math.pi**-0.5)
    loss = torch.where(difference.isinf(), difference.abs(), loss)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    sigma = randn(4, 3, dtype=dtype, seed=2).exp()
    every = ("input", "target", "sigma")
    yield Case("each its own", {"input": x, "target": y, "sigma": sigma}, every)
    yield Case("a row's", {"input": x, "target": y, "sigma": sigma[:, :1]}, every)
    yield Case("a column's", {"input": x, "target": y, "sigma": sigma[0]}, every)
    yield Case("one for all", {"input": x, "target": y, "sigma": sigma[0, 0]}, every)
    yield Case("number", {"input": x, "target": y, "sigma": 0.3}, every[:2])
    yield Case("whole number", {"input": x, "target": y, "sigma": 2}, every[:2])
    yield Case("number 0", {"input": x, "target": y, "sigma": 0.0}, every[:2], gradcheck=False)
    yield Case("strided", {"input": x.T, "target": y.T, "sigma": sigma.T}, every)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0], "sigma": sigma[0, 0]}, every)
    none = {"input": x[:0], "target": y[:0], "sigma": sigma[:0]}
    yield Case("empty", none, every, gradcheck=False)
    # No spread: the absolute error, with a gradient; also where there is no error.
    error = torch.tensor([0.0, 1.0, -2.0, 1e4, 0.25, -30.0], dtype=dtype)
    narrow = {"input": error, "target": 0 * error, "sigma": 0 * error}
    yield Case("no spread", narrow, every, gradcheck=False)
    tiny = torch.full_like(error, torch.finfo(dtype).tiny)
    yield Case("hardly a spread", {**narrow, "sigma": tiny}, every, gradcheck=False)
    wide = {"input": error.clamp(max=2000), "target": 0 * error, "sigma": 0 * error + 1000}
    yield Case("wide", wide, every, gradcheck=False)
    near = torch.tensor([39.0, -39.0, 39.99, 40.0, 40.01, 45.0], dtype=dtype)
    far = {"input": near, "target": 0 * near, "sigma": 1.0}
    yield Case("forty standard deviations", far, gradcheck=False)
    edge = torch.tensor([math.inf, -math.inf], dtype=dtype)
    infinite = {"input": edge, "target": 0 * error[:2], "sigma": 1 + 0 * error[:2]}
    yield Case("infinite", infinite, gradcheck=False)
    missing = torch.tensor([1.0, math.nan], dtype=dtype)
    for name in every:
        known = dict.fromkeys(every, torch.ones_like(missing))
        yield Case(f"nan in {name}", {**known, name: missing}, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long(), "sigma": sigma})
    wide_types = {"input": x, "target": y.double(), "sigma": sigma.double()}
    yield Case("wide target and sigma", wide_types)


def points(seed: int) -> Iterator[Point]:
    x, y, s = randn(3, 8, seed=seed)
    yield Point({"input": x, "target": y, "sigma": s.exp()}, {r"\Phi": UNIT.cdf})


def errors() -> Iterator[Error]:
    x = torch.zeros(3, 2)
    good = {"input": x, "target": x, "sigma": 1.0}
    negative = {**good, "sigma": x - 1}
    yield Error("negative", negative, ValueError, r"^sigma must be at least 0, got -1:", False)
    for number in (-0.5, math.nan):
        wrong = {**good, "sigma": number}
        yield Error(f"sigma={number}", wrong, ValueError, f"^sigma .* got {number}:", False)
    for shape in ((3,), (3, 3), (1, 3, 2), (4, 2)):
        size = {**good, "sigma": torch.ones(shape)}
        yield Error(f"sigma {shape}", size, ValueError, "^sigma must broadcast to input", False)
    integers = {**good, "sigma": x.long() + 1}
    yield Error("sigma of integers", integers, NotImplementedError, "^sigma", False)
    yield Error("none", {**good, "sigma": None}, TypeError, "sigma .* NoneType", False)
    for shape in ((3,), (2,), (3, 1), ()):
        target = {**good, "target": torch.zeros(shape)}
        yield Error(f"target {shape}", target, ValueError, "same shape", False)
    yield Error("reduction", {**good, "reduction": "avg"}, ValueError, "avg", False)
    yield Error("integers", {**good, "input": x.long()}, NotImplementedError, "input", False)
    yield Error("complex", {**good, "target": x + 0j}, RuntimeError, "target", False)


domain = Domain(
    SCALAR, tuple(y | {"sigma": torch.tensor(s).double()} for y in NUMBERS for s in (1.0, 0.25))
)


def spread(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {**elementwise(shape), "sigma": torch.rand(shape) + 0.5}


contests = (usual(spread, 1000, 1000, leaves=("input", "sigma")),)
