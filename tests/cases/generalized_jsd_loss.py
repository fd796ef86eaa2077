import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases.distillation_loss import TEACHERS, students, wrong_students
from tests.contests import taught, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"y": "teacher", "T": "temperature", r"\beta": "beta"}


def reference(
    input: Tensor,
    teacher: Tensor,
    *,
    beta: float = 0.5,
    temperature: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Add up the entropy of the mixture less those of the parts, row by row, in float64."""
    x = input.double().reshape(-1, input.shape[-1]) / temperature
    y = teacher.detach().double().reshape(x.shape) / temperature
    rows = []
    for n in range(len(x)):
        p, s = ((z - z.max()).exp() / (z - z.max()).exp().sum() for z in (y[n], x[n]))
        m = beta * p + (1 - beta) * s
        terms = [0 * x[n].nan_to_num(0, 0, 0).sum()]
        for weight, q in ((beta, p), (1 - beta, s)):
            terms += [weight * q[i] * (q[i] / m[i]).log() for i in range(len(q)) if q[i] != 0]
        rows.append(sum(terms))
    loss = torch.stack(rows) if rows else 0 * x.sum(-1)
    loss = loss.reshape(input.shape[:-1])
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from students(dtype)
    by_hand = torch.tensor([[[1, 0, -1]], [[2, 0, 0]]], dtype=dtype)
    quarter = {"input": by_hand[0], "teacher": by_hand[1], "beta": 0.25}
    yield Case("a quarter by hand", quarter)
    x, y = 2 * randn(4, 3, dtype=dtype), 2 * randn(4, 3, dtype=dtype, seed=1)
    for beta in (0.1, 0.9, 1e-6, 1 - 1e-6):
        yield Case(f"beta={beta}", {"input": x, "teacher": y, "beta": beta})
    excluded = x.masked_fill(torch.eye(4, 3) > 0, -math.inf)
    yield Case("student excludes", {"input": excluded, "teacher": y}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(2, 6, 4, seed=seed)
    for beta, temperature in ((0.5, 1.0), (0.3, 2.0)):
        call = {"input": x, "teacher": y, "beta": beta, "temperature": temperature}
        yield Point(call, {"C": 4})


def errors() -> Iterator[Error]:
    yield from wrong_students()
    x = torch.zeros(2, 3)
    for beta in (0.0, 1.0, -0.5, math.nan):
        call = {"input": x, "teacher": x, "beta": beta}
        yield Error(f"beta={beta}", call, ValueError, f"beta={beta}", False)


def class_errors() -> Iterator[Error]:
    yield Error("beta", {"beta": 1.0}, ValueError, "beta=1.0", False)
    yield Error("temperature", {"temperature": 0.0}, ValueError, "temperature=0.0", False)


domain = Domain({"input": (3,)}, TEACHERS)
contests = (usual(taught, 128, 32000),)
