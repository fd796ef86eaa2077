import math
from collections.abc import Iterator

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise
from tests.domains import NUMBERS, SCALAR, Domain
from tests.strategies import pointwise

SYMBOLS = {r"\delta": "delta"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    w = randn(4, 3, dtype=dtype, seed=2).abs()
    for delta in (1.0, 0.5, 2.0, 1e5):
        yield Case(f"delta={delta}", {"input": x, "target": y, "delta": delta}, ("input", "target"))
    yield Case("weight", {"input": x, "target": y, "weight": w}, ("input", "target", "weight"))
    yield Case("strided", {"input": x.T, "target": y.T, "weight": w.T}, ("input", "weight"))
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0], "weight": w[0, 0]})
    bent = torch.nn.functional.huber_loss(x, (y > 0).to(dtype), reduction="none")
    refuses = "its backward raises on a boolean target"
    yield Case("booleans", {"input": x, "target": y > 0}, defect=refuses, elements=bent)
    whole = y.long()
    bent = torch.nn.functional.huber_loss(x, whole.to(dtype), reduction="none")
    refuses = "its backward raises on whole numbers as target"
    yield Case("integers", {"input": x, "target": whole}, defect=refuses, elements=bent)
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    edge = torch.tensor([0.0, 1.0, -1.0, 0.5, float("inf"), -float("inf"), 1e4], dtype=dtype)
    yield Case("kinks", {"input": edge, "target": torch.zeros_like(edge)}, gradcheck=False)
    missing = torch.tensor([1.0, float("nan")], dtype=dtype)
    yield Case("nan", {"input": missing, "target": torch.zeros_like(missing)}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 12, seed=seed)
    for delta in (1.0, 0.5):
        core = math.sqrt(2 * math.pi) * math.erf(delta / math.sqrt(2))
        tails = 2 / delta * math.exp(-(delta**2) / 2)
        density = {"c": 1 / (core + tails)}
        yield Point({"input": x, "target": y, "delta": delta}, density)


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    yield Error("delta", {"input": x, "target": x, "delta": 0.0}, RuntimeError, "delta=0.0")
    yield Error("nan delta", {"input": x, "target": x, "delta": float("nan")}, RuntimeError, "nan")
    yield Error("shapes", {"input": x, "target": torch.zeros(3)}, RuntimeError, "size of tensor")
    yield Error("reduction", {"input": x, "target": x, "reduction": "avg"}, ValueError, "avg")
    yield Error("integers", {"input": x.long(), "target": x.long()}, NotImplementedError, "input")
    yield Error("target", {"input": x, "target": x + 0j}, RuntimeError, "target")
    yield Error("complex", {"input": x + 0j, "target": x}, NotImplementedError, "input")
    weight = torch.ones(3)
    yield Error(
        "weight", {"input": x, "target": x, "weight": weight}, ValueError, r"weight .*3,\) and"
    )


def class_errors() -> Iterator[Error]:
    yield Error("delta", {"delta": "1"}, TypeError, "delta must be a float or int, got.*str")


domain = Domain(SCALAR, NUMBERS)
strategy = pointwise(weights=("weight",), delta=st.sampled_from([0.5, 1.0, 2.0]))
contests = (Contest(elementwise, wanted={"million": {"eager": 7.5}}),)
