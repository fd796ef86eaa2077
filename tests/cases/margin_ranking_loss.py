from collections.abc import Iterator
from functools import partial

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import PAIR, Contest, paired
from tests.domains import SIGNS, Domain
from tests.strategies import REAL, SHAPES, SIGN, TAME, Draw, settings_of, smaller, tensor

SYMBOLS = {"x": ("input1", "input2"), "m": "margin"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x1, x2 = randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    y = randn(4, 3, dtype=dtype, seed=2).sign()
    pair, scores = {"input1": x1, "input2": x2}, ("input1", "input2")
    for margin in (0, 0.5, 2.0, -0.5):
        yield Case(f"margin={margin}", {**pair, "target": y, "margin": margin}, (*scores, "target"))
    yield Case("integer target", {**pair, "target": y.long(), "margin": 1.0}, scores)
    yield Case("target 0", {**pair, "target": torch.zeros_like(y), "margin": 0.5}, scores)
    yield Case("one label a row", {**pair, "target": y[:, :1], "margin": 1.0}, scores)
    single = {"input1": x1[0, 0], "input2": x2[0, 0], "target": y[0, 0], "margin": 3.0}
    yield Case("0-d", single, scores)
    empty = {"input1": x1[:0], "input2": x2[:0], "target": y[:0]}
    yield Case("empty", empty, scores, gradcheck=False)
    inf, nan = float("inf"), float("nan")
    edge = torch.tensor([0.0, 0.5, 1.0, -1.0, inf, -inf, 1e4, nan], dtype=dtype)
    for sign in (1, -1):
        kinks = {
            "input1": edge,
            "input2": torch.zeros_like(edge),
            "target": torch.full_like(edge, sign),
            "margin": 0.5,
        }
        yield Case(f"kinks, target {sign}", kinks, scores, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    a, b = randn(2, 12, seed=seed)
    y = torch.tensor([1.0, -1.0]).repeat(6)
    for margin in (0.0, 0.5):
        yield Point({"input1": a, "input2": b, "target": y, "margin": margin})


def errors() -> Iterator[Error]:
    x, rows = torch.zeros(3), torch.zeros(3, 2)
    same = {"input1": x, "input2": x, "target": x}
    yield Error(
        "target of one dimension",
        {"input1": rows, "input2": rows, "target": x},
        RuntimeError,
        r"All input tensors should have same dimension .* target: torch.Size\(\[3\]\)",
    )
    yield Error(
        "target (N, 1)",
        {"input1": x, "input2": x, "target": x[:, None]},
        RuntimeError,
        r"All input tensors should have same dimension .* target: torch.Size\(\[3, 1\]\)",
    )
    for name in same:
        odd = rf"size of tensor .* {name} of shape \(2,"
        yield Error(f"{name} shape", {**same, name: x[:2]}, RuntimeError, odd)
    yield Error("bool target", {**same, "target": x == 0}, RuntimeError, "target must hold 1 and")
    yield Error("reduction", {**same, "reduction": "avg"}, ValueError, "avg .* for reduction")


domain = Domain({"input1": (), "input2": ()}, SIGNS)


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    shape = draw(SHAPES)
    tame = draw(st.booleans())
    arguments = {
        name: tensor(draw, smaller(draw, shape) if tame else shape, dtype, elements)
        for name, elements in (
            ("input1", TAME if tame else REAL),
            ("input2", TAME if tame else REAL),
            ("target", SIGN | st.just(0.0)),
        )
    }
    arguments |= settings_of(draw, {"margin": st.sampled_from([0.5, 1, -0.5])})
    return Case("", arguments, ("input1", "input2"))


contests = (Contest(partial(paired, rows=False), PAIR),)
