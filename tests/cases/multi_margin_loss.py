from collections.abc import Iterator

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Contest, classified
from tests.domains import ROW, Domain, targets
from tests.strategies import WEIGHT, Draw, indices, scores, settings_of, tensor

SYMBOLS = {"w": "weight", "m": "margin", "p": "p"}
SHARED = ("weight",)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(5, 4, dtype=dtype), randint(4, 5)
    weight = torch.tensor([0.5, 2.0, 0.0, 1.0], dtype=dtype)
    yield Case("plain", {"input": x, "target": y})
    for p in (1, 2):
        arguments = {"input": x, "target": y, "p": p, "margin": 0.25, "weight": weight}
        yield Case(f"p={p}", arguments)
    yield Case("negative margin", {"input": 4 * x, "target": y, "margin": -1.0})
    yield Case("one sample", {"input": x[0], "target": y[0]})
    yield Case("one sample, 1-d target", {"input": x[0], "target": y[:1]})
    yield Case("one row, 0-d target", {"input": x[:1], "target": y[0]})
    yield Case("one class", {"input": x[:, :1], "target": torch.zeros_like(y)})
    yield Case("0-d", {"input": x[0, 0], "target": torch.tensor(0)})
    # At the margin, far beyond it, and ruled out by -inf.
    edge = torch.tensor([[1, 0, 0.5], [0, 3e4, -3e4], [0, 0.5, -float("inf")]], dtype=dtype)
    for p in (1, 2):
        finite = dtype != torch.float16 or p == 1
        arguments = {"input": edge if finite else edge[[0, 2]], "p": p}
        arguments["target"] = torch.zeros(len(arguments["input"]), dtype=torch.int64)
        yield Case(f"kinks, p={p}", arguments, gradcheck=False)
    inf = float("inf")
    infinite = torch.tensor([[inf, 0, 1], [0, inf, 1], [-inf, 0, 1]], dtype=dtype)
    first = torch.zeros(3, dtype=torch.int64)
    yield Case("infinite", {"input": infinite, "target": first}, gradcheck=False)
    yield Case(
        "empty",
        {"input": x[:0], "target": y[:0]},
        gradcheck=False,
        defect="uninitialised memory for the mean over nothing",
        elements=torch.zeros(0),
    )
    nan = torch.tensor([[0.0, float("nan"), 1.0]], dtype=dtype)
    yield Case(
        "NaN",
        {"input": nan, "target": y[:1] * 0},
        gradcheck=False,
        defect="NaN counts as 0",
        elements=nan[:, 1],
    )


def points(seed: int) -> Iterator[Point]:
    x, y = randn(5, 4, seed=seed), randint(4, 5, seed=seed)
    weight = randn(4, seed=seed + 1).exp()
    for p, margin in ((1, 1.0), (2, 0.5)):
        arguments = {"input": x, "target": y, "p": p, "margin": margin, "weight": weight}
        yield Point(arguments, {"C": 4})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(2, 3), torch.tensor([0, 1])

    def call(**changed: object) -> dict[str, object]:
        return {"input": x, "target": y, **changed}

    for p in (0, 3):
        yield Error(f"p={p}", call(p=p), ValueError, f"only p == 1 and p == 2 supported.*p={p}")
    yield Error("too large", call(target=y + 2), RuntimeError, "target out of range: got class 3")
    yield Error("negative", call(target=y - 100), RuntimeError, "target out of range: got class -1")
    yield Error("minus one", call(target=y - 1), RuntimeError, "out of range: got class -1,")
    yield Error("int32", call(target=y.int()), RuntimeError, "type Long but found Int: target")
    yield Error("float", call(target=y.float()), RuntimeError, "type Long but found Float: target")
    yield Error("columns", call(target=y[:, None]), RuntimeError, r"target size \[2\].*\[2, 1\]")
    yield Error("short", call(target=y[:1]), RuntimeError, r"target size \[2\].*\[1\]")
    yield Error("3-d", call(input=x[None]), RuntimeError, r"vector or matrix.*\[1, 2, 3\]")
    yield Error("no classes", call(input=x[:, :0]), RuntimeError, r"non-empty.*\[2, 0\]")
    lone = call(input=x[0, :0], target=y[0])
    yield Error("no classes, one sample", lone, RuntimeError, r"non-empty.*\[0\]")
    single = call(input=x[0, 0], target=y[1])
    yield Error("0-d", single, RuntimeError, "out of range: got class 1, expected 0 to 0")
    yield Error("integers", call(input=x.long()), NotImplementedError, "input")
    yield Error("weight 2-d", call(weight=x[:1]), ValueError, "weight must be one-dimensional")
    yield Error(
        "weight size", call(weight=x[0, :2]), RuntimeError, r"weight size, expected 3.*\[2\]"
    )
    yield Error(
        "weight dtype", call(weight=x[0].double()), RuntimeError, "Float but found Double: weight"
    )
    yield Error("reduction", call(reduction="avg"), ValueError, "avg")


def class_errors() -> Iterator[Error]:
    for p in (0, 3):
        yield Error(f"p={p}", {"p": p}, ValueError, f"p == 1 and p == 2 supported.*p={p}")
    yield Error("weight", {"weight": torch.ones(1, 3)}, ValueError, "weight .* got 2D")


domain = Domain(ROW, targets(0, 2))


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    input, batch, classes = scores(draw, dtype)
    arguments = {"input": input, "target": indices(draw, batch, classes)}
    if draw(st.booleans()):
        arguments["weight"] = tensor(draw, (classes,), dtype, WEIGHT)
    settings = {"p": st.sampled_from([1, 2]), "margin": st.sampled_from([0.5, 2.0, -1.0])}
    return Case("", arguments | settings_of(draw, settings))


contests = (Contest(classified),)
