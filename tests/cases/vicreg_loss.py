import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import PAIR, named, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
BOTH = ("input1", "input2")
SYMBOLS = {"x": "input1", "y": "input2", r"\lambda": "sim_coeff", r"\mu": "std_coeff"}
SYMBOLS |= {r"\nu": "cov_coeff", r"\varepsilon": "eps"}
SHARED = BOTH


def adapted(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Give each sample the one number of the batch where others have one loss a sample."""

    def call(
        input1: Tensor,
        input2: Tensor,
        *,
        sim_coeff: float = 25.0,
        std_coeff: float = 25.0,
        cov_coeff: float = 1.0,
        eps: float = 1e-4,
        reduction: str = "mean",
    ) -> Tensor:
        value = function(
            input1, input2, sim_coeff=sim_coeff, std_coeff=std_coeff, cov_coeff=cov_coeff, eps=eps
        )
        return value.expand(len(input1)) if reduction == "none" else value

    return call


def by_definition(
    input1: Tensor,
    input2: Tensor,
    *,
    sim_coeff: float = 25.0,
    std_coeff: float = 25.0,
    cov_coeff: float = 1.0,
    eps: float = 1e-4,
) -> Tensor:
    """Go through columns and pairs of columns, in float64."""
    x, y = input1.double(), input2.double()
    n, d = x.shape
    if n == 0:
        return (x.sum() + y.sum()).to(input1.dtype)
    loss = sim_coeff * ((x - y) ** 2).sum() / (n * d)
    for z in (x, y):
        z = z - z.mean(0)
        for j in range(d):
            variance = (z[:, j] ** 2).sum() / max(1, n - 1)
            loss = loss + std_coeff / 2 * (1 - (variance + eps) ** 0.5).relu() / d
            for k in range(d):
                if k != j:
                    covariance = (z[:, j] * z[:, k]).sum() / max(1, n - 1)
                    loss = loss + cov_coeff * covariance**2 / d
    return loss.to(torch.promote_types(input1.dtype, input2.dtype))


reference = adapted(by_definition)


def views(dtype: torch.dtype) -> Iterator[Case]:
    """The calls that the losses of two views share."""
    x = randn(6, 3, dtype=dtype)
    y = x + randn(6, 3, dtype=dtype, seed=1) / 4
    both = {"input1": x, "input2": y}
    yield Case("plain", both, BOTH)
    a = torch.tensor([[0, 1], [1, 0], [0.5, 0]], dtype=dtype)
    b = torch.tensor([[0, 0.5], [1, 0], [0, 0]], dtype=dtype)
    yield Case("worked by hand", {"input1": a, "input2": b}, BOTH)
    yield Case("wide", {"input1": 3 * x, "input2": 3 * y}, BOTH)
    yield Case("one row", {"input1": x[:1], "input2": y[:1]}, BOTH, gradcheck=False)
    yield Case("two rows", {"input1": x[:2], "input2": y[:2]}, BOTH, gradcheck=False)
    yield Case("empty", {"input1": x[:0], "input2": y[:0]}, BOTH, gradcheck=False)
    yield Case("one column", {"input1": x[:, :1], "input2": y[:, :1]}, BOTH)
    yield Case("more columns than rows", {"input1": x[:4].T, "input2": y[:4].T}, BOTH)
    strided = {"input1": x.T.contiguous().T, "input2": y[:, [2, 0, 1]]}
    yield Case("strided", strided, BOTH)
    yield Case("equal views", {"input1": x, "input2": x}, BOTH, gradcheck=False)
    same = {"input1": x[:1].repeat(6, 1), "input2": y[:1].repeat(6, 1)}
    yield Case("collapsed", same, BOTH, gradcheck=False)
    constant = torch.where(torch.arange(3) == 1, 0.1, x)
    yield Case("a constant column", {"input1": constant, "input2": y}, BOTH, gradcheck=False)
    broken = torch.where(torch.arange(6)[:, None] == 2, math.nan, x)
    yield Case("nan", {"input1": broken, "input2": y}, BOTH, gradcheck=False)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from views(dtype)
    x = randn(5, 3, dtype=dtype, seed=2) / 2
    y = x + randn(5, 3, dtype=dtype, seed=3) / 4
    for name, value in {"sim_coeff": 1.0, "std_coeff": 50.0, "cov_coeff": 0.5, "eps": 0.5}.items():
        yield Case(f"{name}={value}", {"input1": x, "input2": y, name: value}, BOTH)
    off = {name: 0.0 for name in ("sim_coeff", "std_coeff", "cov_coeff")}
    yield Case("nothing counts", {"input1": x, "input2": y, **off}, BOTH)
    if dtype in (torch.float64, torch.float32):
        far = {"input1": (1024 * x).round() / 1024 + 4096, "input2": (1024 * y).round() / 1024}
        settings = {"sim_coeff": 0.0}
        yield Case("far from the origin", {**far, **settings}, BOTH, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 3, 2, seed=seed)
    for scale, settings in (
        (0.5, {}),
        (1.0, {"sim_coeff": 2.0, "std_coeff": 3.0, "cov_coeff": 5.0, "eps": 0.25}),
        (3.0, {"cov_coeff": 0.5}),
    ):
        yield Point({"input1": scale * x, "input2": scale * y, **settings}, {"N": 3, "D": 2})


def wrong_views() -> Iterator[Error]:
    x = torch.zeros(4, 2)
    good = {"input1": x, "input2": x}

    def error(id: str, match: str, type: type[Exception] = ValueError, **wrong: Any) -> Error:
        return Error(id, good | wrong, type, match, parity=False)

    for name, shape in (("1-d", (4,)), ("3-d", (4, 2, 1)), ("no column", (4, 0))):
        yield error(name, r"expected input1 of shape \(N, D\)", input1=torch.zeros(shape))
    for name, shape in (("rows", (3, 2)), ("columns", (4, 3)), ("second 1-d", (4,))):
        match = r"input1 and input2 must have the same shape, got \(4, 2\)"
        yield error(name, match, input2=torch.zeros(shape))
    for name in BOTH:
        match = f"argument '{name}' .* must be Tensor, not list"
        yield error(f"{name} list", match, TypeError, **{name: [[0.0]]})
    whole = {"input1": x.long(), "input2": x.long()}
    yield error("integers", "input1 and input2 must be floating", NotImplementedError, **whole)


def settings() -> Iterator[Error]:
    for name in ("sim_coeff", "std_coeff", "cov_coeff"):
        for wrong in (-1.0, math.nan):
            yield Error(f"{name}={wrong}", {name: wrong}, ValueError, f"{name}={wrong}", False)
    for wrong in (0.0, -1.0, math.nan):
        yield Error(f"eps={wrong}", {"eps": wrong}, ValueError, f"eps={wrong}: it is", False)


def errors() -> Iterator[Error]:
    yield from wrong_views()
    good = {"input1": torch.zeros(4, 2), "input2": torch.zeros(4, 2)}
    for error in settings():
        yield Error(error.id, good | error.arguments, error.type, error.match, False)


class_errors = settings
# Its columns are wide enough and do not vary together.
APART = torch.tensor([[-1.5, 1.0], [0.0, -2.0], [1.5, 1.0]])
domain = Domain({"input1": (3, 2)}, ({"input2": APART},), element=(0,))
contests = (usual(partial(named, names=PAIR), 1024, 128, leaves=PAIR),)
