from collections.abc import Iterator
from functools import partial

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise
from tests.domains import SCALAR, Domain, probability
from tests.strategies import PROBABILITY, pointwise

SYMBOLS = {"w": "weight"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(4, 3).sigmoid().to(dtype), randn(4, 3, seed=1).sigmoid().to(dtype)
    hard = (y > 0.5).to(dtype)
    yield Case("hard", {"input": x, "target": hard})
    yield Case("soft", {"input": x, "target": y}, ("input", "target"))
    for shape in ((4, 3), (3,), (4, 1), (1,)):
        weight = randn(*shape, seed=2).exp().to(dtype)
        yield Case(f"weight {shape}", {"input": x, "target": y, "weight": weight})
    # The target's gradient is the small difference of two large numbers.
    even = torch.tensor([1 - 2**-7, 1.0, 1 + 2**-7], dtype=dtype) / 2
    heavy = {"input": even, "target": y[0], "weight": torch.full_like(even, 1000)}
    yield Case("heavy, near 1/2", heavy, ("input", "target"))
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    near = torch.tensor([2e-12, 1e-7, 1e-3, 0.5, 1 - 1e-3, 1 - 1e-6, 1 - 1e-11], dtype=dtype)
    near = near.clamp(torch.finfo(dtype).tiny, 1 - torch.finfo(dtype).eps)
    ends = torch.tensor([0.0, 1e-40, 1e-20, 1e-13, 1 - 1e-13, 1.0], dtype=dtype)
    # The 1e-12 of PyTorch's gradient has the digits of a float32, in float64 too.
    defect = "1e-12 is 9.99999996e-13" if dtype == torch.float64 else ""
    ones = torch.ones(2, dtype=dtype)
    for name, sure in (("yes", ones), ("no", 0 * ones)):
        wrong = {"input": sure, "target": 1 - sure}
        yield Case(f"certain of {name}", wrong, gradcheck=False, defect=defect)
    for value in (0.0, 0.3, 1.0):
        target = torch.full_like(near, value)
        inputs = {"input": near, "target": target}
        yield Case(f"near {value}", inputs, ("input", "target"), gradcheck=False)
        inputs = {"input": ends, "target": target[: len(ends)]}
        yield Case(f"ends {value}", inputs, gradcheck=False, defect=defect)
        yield Case(
            f"ends {value}, target gradient",
            inputs,
            ("target",),
            gradcheck=False,
            defect="target gradient inf at 0 and 1",
        )


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 6, seed=seed).sigmoid()
    # The last two have a variance below 1e-12.
    x = torch.cat([x, torch.tensor([2e-13, 1 - 2e-13], dtype=x.dtype)])
    y = torch.cat([y, torch.tensor([0.25, 0.75])])
    yield Point({"input": x, "target": y, "weight": randn(8, seed=seed + 9).exp()})


def errors() -> Iterator[Error]:
    x, y = torch.tensor([0.2, 0.7]), torch.tensor([0.0, 1.0])
    above, nan = torch.tensor([0.5, 2.0]), torch.tensor([0.5, float("nan")])
    below = torch.tensor([-1.0, 1.0])
    between = "should be between 0 and 1"
    yield Error("logits", {"input": above, "target": y}, RuntimeError, f"input {between}, .* 2.0")
    yield Error("nan", {"input": nan, "target": y}, RuntimeError, f"input {between}, .* nan")
    yield Error("labels", {"input": x, "target": below}, RuntimeError, f"target {between}, .*-1.0")
    yield Error("target nan", {"input": x, "target": nan}, RuntimeError, f"target {between}")
    yield Error("shapes", {"input": x[:, None], "target": y}, ValueError, "Using a target size")
    yield Error("broadcastable", {"input": x, "target": y[:1]}, ValueError, "Using a target size")
    long = y.long()
    yield Error("integers", {"input": x, "target": long}, RuntimeError, "dtype Long but.* Float")
    yield Error("doubles", {"input": x, "target": y.double()}, RuntimeError, "dtype Double but")
    yield Error("input only", {"input": x.long(), "target": y}, RuntimeError, "expected Long")
    yield Error("both", {"input": x.long(), "target": long}, NotImplementedError, "input")
    for shape in ((3,), (3, 2)):
        arguments = {"input": x, "target": y, "weight": torch.ones(shape)}
        yield Error(f"weight {shape}", arguments, RuntimeError, "weight of shape")
    yield Error("reduction", {"input": x, "target": y, "reduction": "avg"}, ValueError, "avg")


domain = Domain(
    SCALAR,
    tuple({"target": torch.tensor(y, dtype=torch.float64)} for y in (1.0, 0.0, 0.3)),
    probability,
    (-8.0, 1.0),
)
strategy = pointwise(PROBABILITY, PROBABILITY, False, weights=("weight",), weight_broadcasts=True)
contests = (
    Contest(
        partial(elementwise, input=torch.rand, target=torch.rand), wanted={"million": {"eager": 3}}
    ),
)
