import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import taught, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"y": "teacher", "T": "temperature"}


def reference(
    input: Tensor, teacher: Tensor, *, temperature: float = 2.0, reduction: str = "mean"
) -> Tensor:
    """Go through the rows, of each through its classes, in float64."""
    x = input.double().reshape(-1, input.shape[-1]) / temperature
    y = teacher.detach().double().reshape(x.shape) / temperature
    rows = []
    for n in range(len(x)):
        p = (y[n] - y[n].max()).exp() / (y[n] - y[n].max()).exp().sum()
        total = x[n].max() + (x[n] - x[n].max()).exp().sum().log()
        terms = [p[i] * (p[i].log() - x[n, i] + total) for i in range(len(p)) if p[i] != 0]
        rows.append(temperature**2 * sum(terms, 0 * total))
    loss = torch.stack(rows) if rows else 0 * x.sum(-1)
    loss = loss.reshape(input.shape[:-1])
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def students(dtype: torch.dtype) -> Iterator[Case]:
    """Yield what any comparison of a student with a teacher must stand."""
    by_hand = torch.tensor([[[1, 0, -1]], [[2, 0, 0]]], dtype=dtype)
    yield Case("by hand", {"input": by_hand[0], "teacher": by_hand[1]})
    x, y = 2 * randn(4, 3, dtype=dtype), 2 * randn(4, 3, dtype=dtype, seed=1)
    for temperature in (0.5, 1.0, 4.0):
        call = {"input": x, "teacher": y, "temperature": temperature}
        yield Case(f"temperature={temperature}", call)
    yield Case("one row", {"input": x[0], "teacher": y[0]})
    yield Case("3-d", {"input": x.reshape(2, 2, 3), "teacher": y.reshape(2, 2, 3)})
    yield Case("strided", {"input": x.T, "teacher": y.T})
    yield Case("one class", {"input": x[:, :1], "teacher": y[:, :1]})
    yield Case("empty", {"input": x[:0], "teacher": y[:0]}, gradcheck=False)
    yield Case("log-probabilities", {"input": x.log_softmax(1), "teacher": y.log_softmax(1)})
    yield Case("identical", {"input": x, "teacher": x.clone()})
    yield Case("shifted", {"input": x, "teacher": x + 3})
    excluded = y.masked_fill(torch.eye(4, 3) > 0, -math.inf)
    yield Case("teacher excludes", {"input": x, "teacher": excluded})
    both = x.masked_fill(torch.eye(4, 3) > 0, -math.inf)
    yield Case("both exclude", {"input": both, "teacher": excluded}, gradcheck=False)
    far = x.new_tensor([[1e4, -1e4, 0], [0, 3e4, -3e4]])
    yield Case("huge", {"input": far, "teacher": -far}, gradcheck=False)
    yield Case("sure", {"input": x[:2], "teacher": far}, gradcheck=False)
    missing = x.new_tensor([[1, math.nan, 0], [1, 2, 0]])
    yield Case("nan in input", {"input": missing, "teacher": y[:2]}, gradcheck=False)
    yield Case("nan in teacher", {"input": x[:2], "teacher": missing}, gradcheck=False)
    yield Case("wide teacher", {"input": x, "teacher": y.double()})


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from students(dtype)
    x, y = 2 * randn(4, 3, dtype=dtype), 2 * randn(4, 3, dtype=dtype, seed=1)
    excluded = x.masked_fill(torch.eye(4, 3) > 0, -math.inf)
    yield Case("student excludes", {"input": excluded, "teacher": y}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(2, 6, 4, seed=seed)
    for temperature in (2.0, 0.7):
        yield Point({"input": x, "teacher": y, "temperature": temperature}, {"C": 4})


def wrong_students() -> Iterator[Error]:
    x = torch.zeros(2, 3)
    for temperature in (0.0, -1.0, math.nan):
        call = {"input": x, "teacher": x, "temperature": temperature}
        match = f"temperature={temperature}"
        yield Error(match, call, ValueError, match, False)
    for other in (torch.zeros(2, 4), torch.zeros(2), torch.zeros(1, 3)):
        shapes = {"input": x, "teacher": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "input and teacher", False)
    scalars = {"input": x[0, 0], "teacher": x[0, 0]}
    yield Error("0-d", scalars, ValueError, "dimension of classes", False)
    average = {"input": x, "teacher": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    for name, other in (("input", "teacher"), ("teacher", "input")):
        integers = {name: x.long(), other: x}
        yield Error(f"integers in {name}", integers, NotImplementedError, name, False)


errors = wrong_students


def class_errors() -> Iterator[Error]:
    yield Error("temperature", {"temperature": 0.0}, ValueError, "temperature=0.0", False)


TEACHERS = (
    {"teacher": torch.tensor([2.0, 1.0, 0.0])},
    {"teacher": torch.tensor([0.0, 9.0, -3.0])},
)
domain = Domain({"input": (3,)}, TEACHERS)
contests = (usual(taught, 128, 32000),)
