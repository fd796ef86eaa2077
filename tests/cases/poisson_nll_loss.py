import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st

import losses
from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Contest, Shape, elementwise
from tests.domains import LOGITS, SCALAR, Domain, targets
from tests.strategies import INF, NAN, pointwise

SYMBOLS = {r"\varepsilon": "eps"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = randn(4, 3, dtype=dtype)
    y = randint(6, 4, 3).to(dtype) + 0.25
    both = ("input", "target")
    yield Case("log rate", {"input": x, "target": y}, both)
    yield Case("full", {"input": x, "target": y, "full": True}, both)
    rate = {"input": x.abs() + 0.1, "target": y, "log_input": False}
    yield Case("rate", rate, both)
    yield Case("rate, full, eps", {**rate, "full": True, "eps": 0.5}, both)
    yield Case("integers", {"input": x, "target": randint(6, 4, 3)})
    yield Case("without counts", {"input": x, "target": 0 * y}, both, gradcheck=False)
    yield Case("rate without counts", {**rate, "target": 0 * y}, both, gradcheck=False)
    whole = randint(6, 4, 3)
    yield Case(
        "integers, full",
        {"input": x, "target": whole, "full": True},
        defect="Stirling's term in float32",
        elements=torch.nn.functional.poisson_nll_loss(
            x.double(), whole.double(), full=True, reduction="none"
        ),
    )
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]}, both)
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    few = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0], dtype=dtype)
    # PyTorch's gradient in a target of 0 is NaN, so only the input's is compared.
    yield Case("Stirling's limit", {"input": 0 * few, "target": few, "full": True})
    nan_at_0 = {"input": 0 * few, "target": few, "full": True}
    yield Case("count 0", nan_at_0, both, gradcheck=False, defect="NaN gradient in a count of 0")
    edge = torch.tensor([-math.inf, 50.0, -50.0, math.nan, 0.0], dtype=dtype)
    counts = torch.tensor([2.0, 2.0, 2.0, 2.0, 0.0], dtype=dtype)
    yield Case("extremes", {"input": edge, "target": counts}, gradcheck=False)
    infinite = torch.tensor([-math.inf, math.inf, math.inf], dtype=dtype)
    counts = torch.tensor([0.0, 0.0, 2.0], dtype=dtype)
    nan: dict[str, Any] = {"gradcheck": False, "defect": "infinity minus infinity is NaN"}
    nan["elements"] = torch.tensor([0.0, math.inf, math.inf])
    yield Case("infinite", {"input": infinite, "target": counts}, **nan)
    rate = {"input": infinite.exp(), "target": counts, "log_input": False}
    yield Case("infinite rate", rate, **nan)
    nowhere = {"input": 0 * counts[:2], "target": counts[1:], "log_input": False, "eps": 0.0}
    nan["elements"] = torch.tensor([0.0, math.inf])
    yield Case("rate 0, eps 0", nowhere, **nan)
    nothing = torch.zeros(2, dtype=dtype)
    rate = {"input": nothing, "target": counts[1:], "log_input": False}
    yield Case("rate 0", rate, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(8, seed=seed), torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.5, 7.0]).double()
    call = {"input": x, "target": y, "reduction": "none"}
    stirling = losses.poisson_nll_loss(**call, full=True) - losses.poisson_nll_loss(**call)
    yield Point({"input": x, "target": y}, left={r"\log y!": list(stirling)}, blocks=(0, 2, 3, 4))
    for eps in (1e-8, 0.5):
        rate = {"input": x.exp(), "target": y, "log_input": False, "eps": eps}
        yield Point(rate, blocks=(1,))


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    yield Error("shapes", {"input": x, "target": torch.zeros(3)}, RuntimeError, "size of tensor")
    yield Error("reduction", {"input": x, "target": x, "reduction": "avg"}, ValueError, "avg")


def warnings() -> Iterator[Error]:
    call = {"input": torch.zeros(2), "target": torch.tensor([1.0, -0.5])}
    yield Error("negative count", call, UserWarning, "target has negative entries", False)


domain = Domain(SCALAR, targets(2.0, 5.0), scales=LOGITS)

COUNT = st.integers(0, 12).map(float) | st.sampled_from([0.5, 1.5, 1000.0])
LOG_RATE = st.floats(-8, 8, width=32) | st.sampled_from([0.0, -INF, INF, NAN, 50.0, -50.0, 1000.0])
strategy = pointwise(LOG_RATE, COUNT, full=st.booleans())


def counts(shape: Shape) -> torch.Tensor:
    return torch.randint(9, shape).float()


contests = (Contest(partial(elementwise, target=counts), wanted={"million": {"eager": 1.7}}),)
