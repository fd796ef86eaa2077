from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise
from tests.domains import NUMBERS, SCALAR, Domain
from tests.strategies import pointwise


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    w = randn(4, 3, dtype=dtype, seed=2).abs()
    yield Case("plain", {"input": x, "target": y}, ("input", "target"))
    yield Case("weight", {"input": x, "target": y, "weight": w}, ("input", "target", "weight"))
    yield Case("strided", {"input": x.T, "target": y.T, "weight": w.T}, ("input", "weight"))
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0], "weight": w[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("no weight", {"input": x, "target": y, "weight": 0 * w}, gradcheck=False)
    edge = torch.tensor([0.0, -0.0, float("inf"), -float("inf"), 1e4, 1e-7], dtype=dtype)
    yield Case("kink", {"input": edge, "target": torch.zeros_like(edge)}, gradcheck=False)
    missing = torch.tensor([1.0, float("nan")], dtype=dtype)
    yield Case("nan", {"input": missing, "target": torch.zeros_like(missing)}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 6, seed=seed)
    yield Point({"input": torch.cat([x, y[:1]]), "target": torch.cat([y, y[:1]])})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    yield Error("shapes", {"input": x, "target": torch.zeros(3)}, RuntimeError, "size of tensor")
    yield Error("reduction", {"input": x, "target": x, "reduction": "avg"}, ValueError, "avg")
    yield Error("integers", {"input": x.long(), "target": x.long()}, RuntimeError, "input.float")
    weight = torch.ones(3)
    yield Error(
        "weight", {"input": x, "target": x, "weight": weight}, ValueError, r"weight .*3,\) and"
    )


domain = Domain(SCALAR, NUMBERS)
strategy = pointwise(weights=("weight",))
contests = (Contest(elementwise, wanted={"million": {"eager": 1.7}}),)
