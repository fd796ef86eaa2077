from collections.abc import Iterator
from functools import partial

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise, signs
from tests.domains import SCALAR, SIGNS, Domain
from tests.strategies import INF, NAN, SIGN, pointwise

SYMBOLS = {"m": "margin"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = randn(4, 3, dtype=dtype).abs()
    y = randn(4, 3, dtype=dtype, seed=1).sign()
    for margin in (1.0, 0.25, 2):
        yield Case(f"margin={margin}", {"input": x, "target": y, "margin": margin})
    yield Case("integer target", {"input": x, "target": y.long()})
    yield Case("similar", {"input": x, "target": torch.ones_like(y)})
    yield Case("dissimilar", {"input": x, "target": -torch.ones_like(y)})
    yield Case("target 0", {"input": x, "target": torch.zeros_like(y)})
    yield Case("negative distance", {"input": -x, "target": y})
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    inf, nan = float("inf"), float("nan")
    edge = torch.tensor([0.0, 1.0, 2.0, inf, -inf, 1e4, nan], dtype=dtype)
    for sign in (1, -1):
        kinks = {"input": edge, "target": torch.full_like(edge, sign)}
        yield Case(f"kinks, target {sign}", kinks, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(12, seed=seed).abs(), torch.tensor([1.0, -1.0]).repeat(6)
    for margin in (1.0, 0.5):
        yield Point({"input": x, "target": y, "margin": margin})


def errors() -> Iterator[Error]:
    x = torch.zeros(3)
    yield Error(
        "shapes",
        {"input": torch.zeros(3, 2), "target": x},
        RuntimeError,
        r"size of tensor .* input of shape \(3, 2\), target of shape \(3,\)",
    )
    yield Error("integers", {"input": x.long(), "target": x}, RuntimeError, "needs floating point")
    call = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", call, ValueError, "avg .* for reduction")


domain = Domain(SCALAR, SIGNS, lambda u: u.abs())

DISTANCE = st.floats(0, 8, width=32) | st.sampled_from([0.0, 1.0, 0.5, INF, NAN, 1e30, -1.0])
strategy = pointwise(DISTANCE, SIGN, True, ("input",), margin=st.sampled_from([0.5, 2.0]))

contests = (Contest(partial(elementwise, input=torch.rand, target=signs)),)
