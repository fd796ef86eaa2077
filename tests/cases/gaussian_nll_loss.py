import math
from collections.abc import Iterator
from typing import Any

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Arguments, Contest, Shape, elementwise
from tests.domains import NUMBERS, SCALAR, Domain
from tests.strategies import INF, REAL, SHAPES, Draw, settings_of, tensor

SYMBOLS = {"v": "var", r"\varepsilon": "eps"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    var = randn(4, 3, dtype=dtype, seed=2).exp()
    every = ("input", "target", "var")
    yield Case("each its own", {"input": x, "target": y, "var": var}, every)
    yield Case("full", {"input": x, "target": y, "var": var, "full": True}, every)
    yield Case("a row's, kept", {"input": x, "target": y, "var": var[:, :1]}, every)
    yield Case("a row's, left out", {"input": x, "target": y, "var": var[:, 0]}, every)
    yield Case("a column's", {"input": x, "target": y, "var": var[:1]}, every)
    yield Case("number", {"input": x, "target": y, "var": 0.5}, every[:2])
    yield Case("number 0", {"input": x, "target": y, "var": 0.0, "eps": 0.25}, every[:2])
    deep = {"input": randn(2, 3, 4, dtype=dtype), "target": randn(2, 3, 4, dtype=dtype, seed=1)}
    yield Case("3-d, left out", {**deep, "var": var[:2, :3]}, every)
    if dtype == torch.float32:
        yield Case("var in double precision", {"input": x, "target": y, "var": var.double()})
    yield Case("broadcast target", {"input": x, "target": y[:, :1], "var": var}, every)
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0], "var": var[0, 0]}, every)
    yield Case("empty", {"input": x[:0], "target": y[:0], "var": var[:0]}, gradcheck=False)
    # Below eps the value is flat, and the gradient on purpose is not.
    low = torch.tensor([0.0, 0.01, 0.1, 0.2], dtype=dtype)
    clamped = {"input": x[:, 0], "target": y[:, 0], "var": low, "eps": 0.1}
    yield Case("below eps", clamped, every, gradcheck=False)
    # In float16 the square of the error overflows, and eps is rounded by 5 %.
    wide = {"input": x[:, 0] * 0 + 300, "target": y[:, 0], "var": low * 0 + 1e4}
    yield Case("wide", wide, gradcheck=False)
    near = {"input": low, "target": 0 * low, "var": 0 * low}
    yield Case("no variance", near, gradcheck=False)
    edge = torch.tensor([math.inf, math.nan, 1e4, 0.0], dtype=dtype)
    yield Case("extremes", {"input": edge, "target": 0 * low, "var": 1.0}, gradcheck=False)
    infinite = {"input": x[:2, 0], "target": y[:2, 0], "var": edge[:2]}
    yield Case("extreme variances", infinite, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y, v = randn(3, 8, seed=seed)
    for eps in (1e-6, 0.5):
        yield Point({"input": x, "target": y, "var": v.exp(), "eps": eps})


def errors() -> Iterator[Error]:
    x = torch.zeros(3, 2)
    good = {"input": x, "target": x}
    yield Error("var", {**good, "var": x - 1}, ValueError, r"^var has negative .*, .* is -1")
    yield Error("number", {**good, "var": -0.5}, ValueError, r"^var has negative .*, .* is -0\.5")
    for shape in ((2,), (1, 1), (), (3, 1, 1)):
        size = {**good, "var": torch.ones(shape)}
        yield Error(f"shape {shape}", size, ValueError, "^var is of incorrect size")
    yield Error("integers", {**good, "var": x.long() + 1}, RuntimeError, r"var\.float\(\)")
    yield Error("none", {**good, "var": None}, TypeError, "var .* NoneType")
    target = {"input": x, "target": torch.ones(3, 3), "var": 1.0}
    yield Error("target", target, RuntimeError, "size of tensor")
    yield Error("reduction", {**good, "var": 1.0, "reduction": "avg"}, ValueError, "avg")


domain = Domain(
    SCALAR, tuple(y | {"var": torch.tensor(v).double()} for y in NUMBERS for v in (1.0, 0.25))
)


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    shape = draw(SHAPES)
    variance = st.floats(0.125, 4, width=32) | st.sampled_from([0.0, 1e-7, 1e-5, INF, 1e30])
    var: Any = draw(st.sampled_from(["each", "kept", "left out", "number"]))
    if var == "number":
        var = draw(st.floats(0.125, 4, width=32))
    else:
        column = (*shape[:-1], 1) if shape and 0 not in shape else shape
        its = {"each": shape, "kept": column, "left out": shape[:-1]}[var]
        var = tensor(draw, its, dtype, variance)
    arguments = {
        "input": tensor(draw, shape, dtype, REAL),
        "target": tensor(draw, shape, dtype, REAL),
        "var": var,
    }
    arguments |= settings_of(draw, {"full": st.booleans(), "eps": st.sampled_from([1e-3, 0.5])})
    return Case("", arguments, ("input", "target"))


def with_variance(shape: Shape) -> Arguments:
    return {**elementwise(shape), "var": torch.rand(shape) + 0.5}


contests = (Contest(with_variance, ("input", "var")),)
