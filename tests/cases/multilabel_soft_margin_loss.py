import math
from collections.abc import Iterator
from functools import partial

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Contest, elementwise, labels
from tests.domains import LOGITS, ROW, Domain, targets
from tests.strategies import PROBABILITY, WEIGHT, Draw, scores, tensor

SYMBOLS = {"w": "weight"}
SHARED = ("weight",)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 3 * randn(4, 3, dtype=dtype), randint(2, 4, 3).to(dtype)
    soft = torch.sigmoid(randn(4, 3, dtype=dtype, seed=1))
    weight = torch.tensor([0.5, 0.0, 2.0], dtype=dtype)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y})
    yield Case("weight", {"input": x, "target": soft, "weight": weight}, both)
    yield Case("weight for each element", {"input": x, "target": y, "weight": soft})
    yield Case("probabilities", {"input": x, "target": soft}, both)
    yield Case("integer target", {"input": x, "target": y.long()})
    yield Case("one sample", {"input": x[0], "target": y[0], "weight": weight})
    yield Case("3-d", {"input": x[None], "target": y[None]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    far = torch.tensor([[-200.0, 200.0, 1e4, -1e4, 0.0, 15.0, -15.0]], dtype=dtype)
    for side in (0, 1):
        arguments = {"input": far, "target": torch.full_like(far, side)}
        yield Case(f"far out, {side}", arguments, gradcheck=False)
    broken = torch.tensor([[float("nan"), 1.0, -1.0]], dtype=dtype)
    yield Case("NaN", {"input": broken, "target": torch.zeros_like(broken)}, gradcheck=False)
    infinite = torch.tensor([[float("inf"), -float("inf"), 4.0]], dtype=dtype)
    doubtful = {"input": infinite[:, :2].T, "target": torch.full_like(infinite[:, :2].T, 0.75)}
    yield Case("infinitely sure of what is in doubt", doubtful, gradcheck=False)
    sure = torch.tensor([[1.0, 0.0, 1.0]], dtype=dtype)
    near = math.log1p(math.exp(-4)) / 3
    for name, target, value in (("right", sure, near), ("wrong", 1 - sure, math.inf)):
        yield Case(
            f"infinitely sure and {name}",
            {"input": infinite, "target": target},
            gradcheck=False,
            defect="NaN where the target has weight 0 on an infinite term",
            elements=torch.tensor(value, dtype=torch.float64),
        )


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(4, 3, seed=seed), randn(4, 3, seed=seed + 1).sigmoid()
    yield Point({"input": x, "target": y, "weight": randn(3, seed=seed + 2).exp()}, {"C": 3})


def errors() -> Iterator[Error]:
    x = torch.zeros(2, 3)

    def call(**changed: object) -> dict[str, object]:
        return {"input": x, "target": x, **changed}

    yield Error("0-d", call(input=x[0, 0], target=x[0, 0]), IndexError, "input is")
    yield Error("shapes", call(target=x[:, :2]), RuntimeError, "size of tensor")
    yield Error("weight", call(weight=torch.ones(2)), RuntimeError, "size of tensor")
    yield Error("boolean", call(target=x.bool()), RuntimeError, "target is boolean")
    yield Error("integers", call(input=x.long()), NotImplementedError, "input")
    yield Error("reduction", call(reduction="avg"), ValueError, "avg")


def warnings() -> Iterator[Error]:
    x = randn(2, 3)
    for value in (-0.5, 1.5):
        target, match = torch.tensor([[value, 0.0, 1.0]] * 2), f"of target.*{value}"
        call = {"input": x, "target": target}
        yield Error(f"target {value}", call, UserWarning, match, parity=False)
    listed = {"input": x, "target": torch.tensor([[2, 0, -1], [1, -1, -1]])}
    match = "of target.*got -1.*multilabel_margin_loss"
    yield Error("list", listed, UserWarning, match, parity=False)


domain = Domain(ROW, targets([1.0, 0.0, 1.0]), scales=LOGITS)


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    input, batch, classes = scores(draw, dtype)
    arguments = {"input": input, "target": tensor(draw, (*batch, classes), dtype, PROBABILITY)}
    if draw(st.booleans()):
        arguments["weight"] = tensor(draw, (classes,), dtype, WEIGHT)
    return Case("", arguments)


contests = (Contest(partial(elementwise, target=labels)),)
