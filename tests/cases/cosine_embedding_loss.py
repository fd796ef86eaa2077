from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, paired
from tests.domains import SIGNS, Domain
from tests.strategies import INF, NAN, SIGN, TAME, Draw, settings_of, tensor

BOTH = ("input1", "input2")

SYMBOLS = {"x": BOTH, "m": "margin"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    a, b = randn(6, 3, dtype=dtype), randn(6, 3, dtype=dtype, seed=1)
    y = torch.tensor([1, -1, -1, 1, -1, -1])
    pairs = {"input1": a, "input2": b, "target": y}
    for margin in (0, 0.5, -0.75):
        yield Case(f"margin={margin}", {**pairs, "margin": margin}, BOTH)
    yield Case("floating point target", {**pairs, "target": y.to(dtype)}, BOTH)
    yield Case("long vectors", {"input1": 100 * a, "input2": 100 * b, "target": y}, BOTH)
    yield Case("one against many", {**pairs, "input1": a[:1]}, BOTH)
    yield Case("single", {"input1": a[0], "input2": b[0], "target": y[0]}, BOTH)
    yield Case("other labels", {**pairs, "target": torch.arange(6) % 2 * 2}, BOTH)
    yield Case("empty", {"input1": a[:0], "input2": b[:0], "target": y[:0]}, BOTH, gradcheck=False)
    flat = {"input1": a[:, :0], "input2": b[:, :0], "target": y}
    yield Case("no coordinates", flat, BOTH, gradcheck=False)
    yield Case("integers and floats", {**pairs, "input1": (3 * a).long()}, BOTH[1:])
    # Both are at the kink (cosine 0 for a margin of 0), the last two through a zero vector.
    edge1 = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]], dtype=dtype)
    edge2 = torch.tensor([[0.0, 1.0], [0.0, 1.0], [3.0, 4.0], [3.0, 4.0]], dtype=dtype)
    kinks = {"input1": edge1, "input2": edge2, "target": torch.tensor([1, -1, 1, -1])}
    rounded = "the epsilon is 1e-12 rounded to float32" if dtype == torch.float64 else ""
    right = torch.tensor([1.0, 0.0, 1.0, 0.0])
    yield Case("kinks", kinks, BOTH, gradcheck=False, defect=rounded, elements=right)
    short = {"input1": a * 1e-5, "input2": a * 1e-5 + b * 1e-6, "target": y}
    yield Case("lengths near the epsilon", short, BOTH, gradcheck=False, defect=rounded)
    broken = torch.tensor([[float("nan"), 1.0], [float("inf"), 1.0]], dtype=dtype)
    nan = {"input1": broken, "input2": torch.ones_like(broken), "target": y[:2]}
    yield Case("NaN and infinity", nan, BOTH, gradcheck=False)
    largest = torch.finfo(dtype).max * torch.tensor(
        [[-0.6, 0.0, -0.8], [1.0, 0.0, -1.0], [1.0, 0.0, 0.0]], dtype=dtype
    )
    huge = {"input1": largest, "input2": largest.flip(1), "target": y[:3], "margin": -2}
    overflow, angles = "the squared lengths overflow", torch.tensor([0.04, 1, 2], dtype=dtype)
    yield Case("huge", huge, BOTH, gradcheck=False, defect=overflow, elements=angles)
    one = torch.tensor([[3.0, 4.0]], dtype=dtype)
    for name, pair in (("first", (largest[2:, ::2], one)), ("second", (one, largest[2:, ::2]))):
        mixed = {**dict(zip(BOTH, pair, strict=True)), "target": y[:1]}
        cosine = torch.tensor([0.4], dtype=dtype)
        yield Case(f"huge {name}", mixed, BOTH, gradcheck=False, defect=overflow, elements=cosine)


def points(seed: int) -> Iterator[Point]:
    a, b = randn(2, 12, 3, seed=seed)
    y = torch.tensor([1.0, -1.0]).repeat(6)
    for margin in (0.0, 0.5):
        # In the second call the epsilon is as large as the squared lengths.
        for scale in (1.0, 1e-6):
            pairs = {"input1": scale * a, "input2": scale * b, "target": y}
            yield Point({**pairs, "margin": margin})


def errors() -> Iterator[Error]:
    pairs, one = torch.ones(2, 3), torch.ones(2)
    good = {"input1": pairs, "input2": pairs, "target": one}
    multi = r"^0D or 1D target tensor expected, multi-target not supported: got target of shape "
    yield Error("target (1, N)", {**good, "target": one[None]}, RuntimeError, multi + r"\(1, 2\)")
    yield Error("target (N, 1)", {**good, "target": one[:, None]}, RuntimeError, multi)
    yield Error(
        "one vector, many labels",
        {**good, "input1": pairs[0], "input2": pairs[0]},
        RuntimeError,
        r"^1D target tensor expects 2D input tensors, but found inputs with sizes \[3\] and \[3\]",
    )
    yield Error(
        "many vectors, one label",
        {**good, "target": one[0]},
        RuntimeError,
        r"^0D target tensor expects 1D input tensors, but found inputs with sizes \[2, 3\]",
    )
    yield Error(
        "coordinates",
        {**good, "input2": pairs[:, :2]},
        RuntimeError,
        r"^The size of tensor a \(3\) must match the size of tensor b \(2\) .* input2 of shape",
    )
    labels = {**good, "target": torch.ones(5)}
    shapes = r"input1 of shape \(2,\), input2 of shape \(2,\), target of shape \(5,\)"
    yield Error("labels", labels, RuntimeError, f"size of tensor .* {shapes}")
    yield Error("reduction", {**good, "reduction": "avg"}, ValueError, "avg .* for reduction")


def warnings() -> Iterator[Error]:
    pairs = randn(2, 3)
    one = {"input1": pairs, "input2": pairs[:, :1], "target": torch.ones(2)}
    match = r"input2 of shape \(2, 1\) should have the same number of coordinates"
    yield Error("one coordinate", one, UserWarning, match, False)


domain = Domain({"input1": (2,), "input2": (2,)}, SIGNS, scales=(-8.0, 2.0))


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    batch = draw(st.sampled_from([(), (0,), (1,), (3,)]))
    size = draw(st.integers(1, 3))
    elements = TAME | st.sampled_from([NAN, INF, 1e-6, 1e-30, 1e5, 1e30])
    arguments: dict[str, Any] = {
        name: tensor(draw, (*batch, size), dtype, elements) for name in BOTH
    }
    arguments["target"] = tensor(draw, batch, dtype, SIGN | st.just(0.0))
    arguments |= settings_of(draw, {"margin": st.sampled_from([0.5, -0.5])})
    return Case("", arguments, BOTH)


contests = (Contest(partial(paired, rows=True), BOTH),)
