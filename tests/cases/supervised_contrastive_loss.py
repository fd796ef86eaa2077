import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.cases.info_nce_loss import cosine, log_sum_exp, nothing, reduced
from tests.contests import labelled, usual
from tests.domains import Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"T": "temperature"}
SHARED = ("input", "target")


def reference(
    input: Tensor, target: Tensor, *, temperature: float = 0.1, reduction: str = "mean"
) -> Tensor:
    """Go through the rows, of each through its partners, in float64."""
    x, zero = input.double(), nothing(input.double())
    rows, counted, n = [], 0, range(len(input))
    for i in n:
        others = [j for j in n if j != i]
        partners = [j for j in others if target[j] == target[i]]
        loss = zero
        if partners:
            counted += 1
            total = log_sum_exp([cosine(x[i], x[j]) / temperature for j in others])
            costs = [total - cosine(x[i], x[p]) / temperature for p in partners]
            loss = zero + sum(costs) / len(costs)
        rows.append(loss)
    return reduced(rows, zero, reduction, counted).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(6, 3, dtype=dtype), torch.tensor([0, 1, 0, 2, 1, 0])
    yield Case("plain", {"input": x, "target": torch.tensor([0, 1, 0, 2, 1, 2])})
    yield Case("one alone", {"input": x, "target": y})
    rows = [[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]]
    hand = {"input": x.new_tensor(rows), "target": torch.tensor([0, 1, 0, 2])}
    yield Case("by hand", hand)
    for t in (0.5, 2.0):
        yield Case(f"temperature={t}", {"input": x, "target": y, "temperature": t})
    yield Case("two views", {"input": x, "target": torch.arange(3).repeat(2)})
    yield Case("one label", {"input": x, "target": torch.zeros(6)})
    yield Case("all labels different", {"input": x, "target": torch.arange(6)})
    yield Case("labels -1 and 7", {"input": x, "target": torch.tensor([-1, 7, -1, 7, 7, -1])})
    yield Case("booleans", {"input": x, "target": y == 0})
    yield Case("floating labels", {"input": x, "target": y.to(dtype) / 2})
    yield Case("one row", {"input": x[:1], "target": y[:1]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("collapsed", {"input": 0 * x + 1, "target": y})
    axes = torch.eye(3, dtype=dtype)
    far = {"input": torch.cat((axes, -axes)), "temperature": 0.01}
    yield Case(
        "far, temperature=0.01", far | {"target": torch.arange(3).repeat(2)}, gradcheck=False
    )
    if dtype != torch.float16:
        yield Case("long", {"input": 1e25 * x, "target": y}, gradcheck=False)
    broken = torch.where(torch.arange(6)[:, None] == 2, math.nan, x)
    yield Case("nan", {"input": broken, "target": y}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x = randn(7, 3, seed=seed)
    y = randint(2, 7, seed=seed)
    y[:4] = torch.tensor([0, 1, 1, 0])
    for temperature in (0.5, 1.5):
        yield Point({"input": x, "target": y, "temperature": temperature}, {"N": 7})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(4, 2), torch.arange(4)
    for wrong in (x[0], x[None], x[:, :0]):
        shape = {"input": wrong, "target": y}
        wanted = r"input of shape \(N, D\)"
        yield Error(f"input {tuple(wrong.shape)}", shape, ValueError, wanted, False)
    for wrong in (y[:, None], y[:2]):
        shape = {"input": x, "target": wrong}
        wanted = r"target of shape \(4,\)"
        yield Error(f"target {tuple(wrong.shape)}", shape, ValueError, wanted, False)
    for value in (0.0, -1.0, math.nan):
        temperature = {"input": x, "target": y, "temperature": value}
        wanted = f"temperature must be above 0, got {value}"
        yield Error(f"temperature={value}", temperature, ValueError, wanted, False)
    integers = {"input": x.long(), "target": y}
    yield Error("integers", integers, NotImplementedError, "input must be floating", False)
    average = {"input": x, "target": y, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)


# The first two change places.
domain = Domain(
    {"input": (3, 2)},
    targets([0, 0, 1]),
    scales=(2.0, -14.0),
    element=(0,),
    exchange=lambda a: a | {"input": a["input"][torch.tensor([1, 0, 2])]},
)
contests = (usual(labelled, 1024, 128),)
