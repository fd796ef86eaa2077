from collections.abc import Iterator

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise
from tests.domains import NUMBERS, SCALAR, Domain
from tests.strategies import pointwise

SYMBOLS = {r"\beta": "beta"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    for beta in (1.0, 0.5, 2.0):
        yield Case(f"beta={beta}", {"input": x, "target": y, "beta": beta}, ("input", "target"))
    yield Case("beta=0", {"input": x, "target": y, "beta": 0.0}, ("input", "target"))
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("integer input", {"input": x.long(), "target": y}, ("target",))
    if dtype == torch.float32:
        yield Case("wider target", {"input": x, "target": y.double()}, ("input", "target"))
        yield Case("wider input", {"input": x.double(), "target": y}, ("input", "target"))
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    edge = torch.tensor([0.0, 1.0, -1.0, 0.5, float("inf"), -float("inf"), 1e4], dtype=dtype)
    yield Case("kinks", {"input": edge, "target": torch.zeros_like(edge)}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    for beta in (1.0, 0.5):
        yield Point({"input": x, "target": y, "beta": beta})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    yield Error("beta", {"input": x, "target": x, "beta": -1.0}, RuntimeError, "beta=-1.0")
    yield Error("shapes", {"input": x, "target": torch.zeros(3)}, RuntimeError, "size of tensor")
    yield Error("reduction", {"input": x, "target": x, "reduction": "avg"}, ValueError, "avg")
    yield Error("integers", {"input": x.long(), "target": x.long()}, NotImplementedError, "input")


domain = Domain(SCALAR, NUMBERS)
strategy = pointwise(beta=st.sampled_from([0.0, 0.5, 1.0, 2.0]))
contests = (Contest(elementwise, wanted={"million": {"eager": 7.5}}),)
