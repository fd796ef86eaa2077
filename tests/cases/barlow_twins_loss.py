import math
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases.vicreg_loss import APART, BOTH, views, wrong_views
from tests.contests import PAIR, named, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"x": "input1", "y": "input2", r"\lambda": "lambd", r"\varepsilon": "eps"}
SHARED = BOTH


def adapted(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Give each sample the one number of the batch where others have one loss a sample."""

    def call(
        input1: Tensor,
        input2: Tensor,
        *,
        lambd: float = 5e-3,
        eps: float = 1e-5,
        reduction: str = "mean",
    ) -> Tensor:
        value = function(input1, input2, lambd=lambd, eps=eps)
        return value.expand(len(input1)) if reduction == "none" else value

    return call


def by_definition(
    input1: Tensor, input2: Tensor, *, lambd: float = 5e-3, eps: float = 1e-5
) -> Tensor:
    """Correlate one column after the other, in float64."""
    x, y = input1.double(), input2.double()
    n, d = x.shape
    loss = x.sum() * 0 + y.sum() * 0
    for j in range(d if n else 0):
        for k in range(d):
            a, b = x[:, j] - x[:, j].mean(), y[:, k] - y[:, k].mean()
            spread = ((a**2).sum() / n + eps) ** 0.5 * ((b**2).sum() / n + eps) ** 0.5
            correlation = (a * b).sum() / n / spread
            loss = loss + ((1 - correlation) ** 2 if j == k else lambd * correlation**2)
    return loss.to(torch.promote_types(input1.dtype, input2.dtype))


reference = adapted(by_definition)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from views(dtype)
    x = randn(5, 3, dtype=dtype, seed=2)
    y = x + randn(5, 3, dtype=dtype, seed=3) / 4
    for settings in ({"lambd": 0.0}, {"lambd": 1.0}, {"eps": 0.5}, {"eps": 1e-3}):
        yield Case(f"{settings}", {"input1": x, "input2": y, **settings}, BOTH)
    square = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=dtype)
    yield Case("exchanged", {"input1": square, "input2": square[:, [1, 0]]}, BOTH)
    yield Case("opposite", {"input1": x, "input2": -y}, BOTH)
    if dtype in (torch.float64, torch.float32):
        far = {"input1": (1024 * x).round() / 1024 + 4096, "input2": y}
        yield Case("far from the origin", far, BOTH, gradcheck=False)
        still = torch.where(torch.arange(3) == 1, 4096.1, x)
        yield Case("constant, far", {"input1": still, "input2": y}, BOTH, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 3, 2, seed=seed)
    for settings in ({}, {"lambd": 0.5, "eps": 0.25}):
        yield Point({"input1": x, "input2": y, **settings}, {"N": 3, "D": 2})


def settings() -> Iterator[Error]:
    for wrong in (-1.0, math.nan):
        yield Error(f"lambd={wrong}", {"lambd": wrong}, ValueError, f"lambd={wrong}", False)
    for wrong in (0.0, -1.0, math.nan):
        yield Error(f"eps={wrong}", {"eps": wrong}, ValueError, f"eps={wrong}: it is", False)


def errors() -> Iterator[Error]:
    yield from wrong_views()
    good = {"input1": torch.zeros(4, 2), "input2": torch.zeros(4, 2)}
    for error in settings():
        yield Error(error.id, good | error.arguments, error.type, error.match, False)


class_errors = settings
domain = Domain({"input1": (3, 2)}, ({"input2": APART},), element=(0,))
contests = (usual(partial(named, names=PAIR), 1024, 128, leaves=PAIR),)
