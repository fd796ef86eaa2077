from collections.abc import Iterator
from functools import partial

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise, signs
from tests.domains import LOGITS, SCALAR, SIGNS, Domain
from tests.strategies import REAL, SIGN, pointwise


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 3 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1).sign()
    yield Case("matrix", {"input": x, "target": y})
    yield Case("large", {"input": 10 * x, "target": y}, gradcheck=False)
    between = torch.tensor([-21.0, -22.0], dtype=dtype)
    yield Case("wrong by 20 to 40", {"input": between, "target": -between.sign()})
    yield Case("integer target", {"input": x, "target": y.long()})
    yield Case("target in double precision", {"input": x, "target": y.double()})
    yield Case("target 0", {"input": x, "target": torch.zeros_like(y)})
    yield Case("one row of labels", {"input": x, "target": y[:1]})
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    nan = torch.tensor([float("nan"), 0.0], dtype=dtype)
    yield Case("NaN", {"input": nan, "target": torch.ones_like(nan)}, gradcheck=False)
    inf = float("inf")
    edge = torch.tensor([-1000.0, 1000.0, -6e4, 6e4, inf, -inf], dtype=dtype)
    for sign in (1, -1):
        yield Case(
            f"saturated, target {sign}",
            {"input": edge, "target": torch.full_like(edge, sign)},
            gradcheck=False,
            defect="exp(-y x) overflows: infinite loss, NaN gradient",
            elements=(-sign * edge).clamp(min=0),
        )


def points(seed: int) -> Iterator[Point]:
    x, y = randn(8, seed=seed), torch.tensor([1.0, -1.0]).repeat(4)
    yield Point({"input": 2 * x, "target": y})


def errors() -> Iterator[Error]:
    x = torch.zeros(3)
    yield Error("integers", {"input": x.long(), "target": x}, RuntimeError, "input must be float")
    yield Error(
        "shapes",
        {"input": x, "target": torch.ones(2)},
        RuntimeError,
        r"size of tensor .* input of shape \(3,\), target of shape \(2,\)",
    )
    yield Error(
        "input (N, 1)",
        {"input": x[:, None], "target": torch.ones(3)},
        RuntimeError,
        r"output with shape \[3, 1\] doesn't match the broadcast shape \[3, 3\]: target",
    )
    call = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", call, ValueError, "avg .* for reduction")


domain = Domain(SCALAR, SIGNS, scales=LOGITS)
strategy = pointwise(REAL, SIGN | st.just(0.0), False, ("input",))
contests = (Contest(partial(elementwise, target=signs)),)
