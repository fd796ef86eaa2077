import math
from collections.abc import Iterator
from functools import partial

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, elementwise
from tests.domains import LOGITS, SCALAR, Domain, targets
from tests.strategies import PROBABILITY, REAL, pointwise

SYMBOLS = {"w": "weight", "p": "pos_weight"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = 2 * randn(2, 3, 2, dtype=dtype)
    y = randn(2, 3, 2, seed=1).sigmoid().to(dtype)
    yield Case("hard", {"input": x, "target": (y > 0.5).to(dtype)})
    yield Case("soft", {"input": x, "target": y}, ("input", "target"))
    for shape in ((2, 3, 2), (2,), (3, 1), (1,)):
        weight = randn(*shape, seed=2).exp().to(dtype)
        pos_weight = randn(*shape, seed=3).exp().to(dtype)
        both = ("input", "target")
        yield Case(f"weight {shape}", {"input": x, "target": y, "weight": weight}, both)
        yield Case(f"pos_weight {shape}", {"input": x, "target": y, "pos_weight": pos_weight}, both)
    two = {"weight": weight, "pos_weight": torch.full((3, 1), 2.5, dtype=dtype)}
    yield Case("both weights", {"input": x, "target": y, **two})
    # The gradients are the small differences of large numbers.
    even = torch.tensor([-3, 3], dtype=dtype) / 512
    heavy = {"target": torch.full_like(even, 0.5), "weight": torch.full_like(even, 1100)}
    yield Case("heavy, near 0", {"input": even, **heavy}, ("input", "target"))
    if dtype == torch.float32:
        yield Case("wider target", {"input": x, "target": y.double()}, ("input", "target"))
    yield Case("0-d", {"input": x[0, 0, 0], "target": y[0, 0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)

    inf, nan = float("inf"), float("nan")
    huge = torch.tensor([-1e4, -200, -90, -41, -39, -21, 0, 21, 39, 41, 90, 200, 1e4, nan]).to(
        dtype
    )
    for value in (0.0, 0.3, 1.0):
        target = torch.full_like(huge, value)
        for name, weight in {"": None, ", pos_weight": torch.tensor(3.0, dtype=dtype)}.items():
            arguments = {"input": huge, "target": target, "pos_weight": weight}
            yield Case(f"huge, {value}{name}", arguments, ("input", "target"), gradcheck=False)
    wrong = torch.tensor([inf, inf], dtype=dtype)
    wrong_target = torch.tensor([0.0, 0.3], dtype=dtype)
    yield Case("inf", {"input": wrong, "target": wrong_target}, gradcheck=False)
    ends = torch.tensor([inf, -inf, -inf, -inf, 1.0, nan], dtype=dtype)
    target = torch.tensor([1.0, 0.0, 1.0, 0.3, 1.0, 1.0], dtype=dtype)
    losses = torch.tensor([0, 0, inf, inf, math.log1p(math.exp(-1)), nan], dtype=torch.float64)
    for name, factor in {"": 1, ", weighted": 2}.items():
        weights = {"weight": torch.full_like(ends, factor)} if name else {}
        yield Case(
            f"matching inf{name}",
            {"input": ends, "target": target, **weights},
            gradcheck=False,
            defect="nan where the loss is 0, or infinite",
            elements=factor * losses,
        )
    sure = torch.tensor([inf, -inf, 1.5], dtype=dtype)
    arguments = {"input": sure, "target": torch.tensor([1.0, 0.0, 0.5], dtype=dtype)}
    found = torch.tensor([0.0, 0.0, math.log1p(math.exp(1.5)) - 0.75], dtype=torch.float64)
    yield Case("right inf", arguments, gradcheck=False, defect="nan, not 0", elements=found)


def points(seed: int) -> Iterator[Point]:
    x, y, w, p = randn(4, 6, seed=seed)
    weights = {"weight": w.exp(), "pos_weight": p.exp()}
    log_odds = {"x": list(2 * x)}
    yield Point({"input": 2 * x, "target": y.sigmoid(), **weights}, left=log_odds)


def errors() -> Iterator[Error]:
    x, y = torch.tensor([0.2, -0.7]), torch.tensor([0.0, 1.0])
    yield Error("shapes", {"input": x[:, None], "target": y}, ValueError, "Target size .* input")
    yield Error("broadcastable", {"input": x, "target": y[:1]}, ValueError, "Target size .* input")
    cast = "result type Float can't be cast to the desired output type"
    yield Error("integers", {"input": x, "target": y.long()}, RuntimeError, f"{cast} Long: target")
    yield Error("booleans", {"input": x, "target": y.bool()}, RuntimeError, f"{cast} Bool: target")
    yield Error("input", {"input": x.long(), "target": y}, NotImplementedError, "input")
    for name in ("weight", "pos_weight"):
        for shape in ((3,), (3, 2)):
            arguments = {"input": x, "target": y, name: torch.ones(shape)}
            yield Error(f"{name} {shape}", arguments, RuntimeError, f"{name} of shape")
    yield Error("reduction", {"input": x, "target": y, "reduction": "avg"}, ValueError, "avg")


def warnings() -> Iterator[Error]:
    for label in (-1.0, 2.0):
        arguments = {"input": torch.tensor([0.2, -0.7]), "target": torch.tensor([1.0, label])}
        match = f"target should be between 0 and 1, got {label}"
        yield Error(f"label {label}", arguments, UserWarning, match, parity=False)


domain = Domain(SCALAR, targets(1.0, 0.0, 0.3), scales=LOGITS)
strategy = pointwise(
    REAL, PROBABILITY, False, weights=("weight", "pos_weight"), weight_broadcasts=True
)
contests = (Contest(partial(elementwise, target=torch.rand), wanted={"million": {"eager": 3}}),)
