import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases.info_nce_loss import cosine, log_sum_exp, nothing, reduced, wrong_embeddings
from tests.contests import PAIR, named, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
BOTH = ("input1", "input2")
SYMBOLS = {"z": BOTH, "T": "temperature"}
SHARED = BOTH
BELOW = ("z",)


def reference(
    input1: Tensor, input2: Tensor, *, temperature: float = 0.5, reduction: str = "mean"
) -> Tensor:
    """Go through the rows of both views, of each through all others, in float64."""
    views = [input1.double(), input2.double()]
    zero = nothing(*views)
    rows = []
    for view in range(2):
        for i, z in enumerate(views[view]):
            others = [
                cosine(z, other) / temperature
                for seen in range(2)
                for j, other in enumerate(views[seen])
                if (seen, j) != (view, i)
            ]
            own = cosine(z, views[1 - view][i]) / temperature
            rows.append(log_sum_exp(others) - own + zero)
    return reduced(rows, zero, reduction).to(input1.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(5, 3, dtype=dtype), randn(5, 3, dtype=dtype, seed=1)
    yield Case("plain", {"input1": x, "input2": y}, BOTH)
    hand = {
        "input1": x.new_tensor([[1.0, 0.0], [1.0, 1.0]]),
        "input2": x.new_tensor([[1.0, 1.0], [0.0, 1.0]]),
    }
    yield Case("by hand", hand, BOTH)
    for t in (0.1, 2.0):
        yield Case(f"temperature={t}", {"input1": x, "input2": y, "temperature": t}, BOTH)
    axes = torch.eye(3, dtype=dtype)
    # About 200: the other view is opposite, and one row is where this one is.
    far = {"input1": axes[[0, 0, 1]], "input2": -axes[[0, 0, 1]], "temperature": 0.01}
    yield Case("far, temperature=0.01", far, BOTH, gradcheck=False)
    near = {"input1": axes, "input2": axes, "temperature": 0.01}
    yield Case("near, temperature=0.01", near, BOTH, gradcheck=False)
    yield Case("one", {"input1": x[:1], "input2": y[:1]}, BOTH)
    yield Case("empty", {"input1": x[:0], "input2": y[:0]}, BOTH, gradcheck=False)
    yield Case("collapsed", {"input1": 0 * x + 1, "input2": 0 * y + 1}, BOTH)
    yield Case("the same view", {"input1": x, "input2": x.clone()}, BOTH)
    zero = torch.tensor([1, 0, 1, 1, 1], dtype=dtype)[:, None] * x
    yield Case("a row of 0", {"input1": zero, "input2": y}, ("input2",))
    if dtype != torch.float16:
        yield Case("long", {"input1": 1e25 * x, "input2": y}, BOTH, gradcheck=False)
    broken = torch.where(torch.arange(5)[:, None] == 2, math.nan, x)
    yield Case("nan", {"input1": broken, "input2": y}, ("input1",), gradcheck=False)
    yield Case("wide second view", {"input1": x, "input2": y.double()}, ("input1",))


def points(seed: int) -> Iterator[Point]:
    x, y = randn(3, 3, seed=seed), randn(3, 3, seed=seed + 10)
    for temperature in (0.5, 1.5):
        given = {"input1": x, "input2": y, "temperature": temperature}
        yield Point(given, {"N": 3})


def errors() -> Iterator[Error]:
    yield from wrong_embeddings("input1", "input2")


# The two samples of the first view are opposite.
domain = Domain(
    {"input2": (2, 2)},
    ({"input1": torch.tensor([[1.0, 2.0], [-1.0, -2.0]])},),
    scales=(2.0, -14.0),
)
contests = (usual(partial(named, names=PAIR), 128, 128, leaves=PAIR),)
