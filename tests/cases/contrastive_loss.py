import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import PAIR, named, usual
from tests.domains import Domain, targets

BOTH = ("input1", "input2")
REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"x": BOTH, "m": "margin"}


def reference(
    input1: torch.Tensor,
    input2: torch.Tensor,
    target: torch.Tensor,
    *,
    margin: float = 1.0,
    reduction: str = "mean",
) -> torch.Tensor:
    """Pair by pair, one of two springs, or a mixture, in float64."""
    shape = target.shape
    rows = zip(
        input1.double().reshape(math.prod(shape), input1.shape[-1]),
        input2.double().reshape(math.prod(shape), input2.shape[-1]),
        target.double().reshape(math.prod(shape)),
        strict=True,
    )
    found = []
    for a, b, y in rows:
        square = ((a - b) ** 2).sum()
        lack = margin - square.sqrt() if square > 0 else margin + 0 * square
        found.append(y * square / 2 + (1 - y) * (lack**2 / 2 if lack > 0 else 0 * square))
    loss = torch.stack(found).reshape(shape) if found else (input1 + input2).sum(-1)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input1.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    a, b = randn(6, 3, dtype=dtype), randn(6, 3, dtype=dtype, seed=1)
    y = torch.tensor([1, 0, 0, 1, 0, 1])
    pairs = {"input1": a, "input2": b, "target": y}
    yield Case("plain", pairs, BOTH)
    for margin in (0.0, 0.5, 4.0):
        yield Case(f"margin={margin}", {**pairs, "margin": margin}, BOTH)
    soft = torch.tensor([0.25, 0.5, 0.75, 0.9, 0.1, 0.5], dtype=dtype)
    yield Case("soft labels", {**pairs, "target": soft, "margin": 3.0}, (*BOTH, "target"))
    yield Case("booleans", {**pairs, "target": y > 0}, BOTH)
    yield Case("integers in the second", {**pairs, "input2": (2 * b).long()}, BOTH[:1])
    grid = {name: randn(2, 3, 4, dtype=dtype, seed=seed) for seed, name in enumerate(BOTH)}
    labels = torch.tensor([[1, 0, 1], [0, 0, 1]])
    yield Case("more dimensions", {**grid, "target": labels, "margin": 3.0}, BOTH)
    yield Case("one pair", {"input1": a[0], "input2": b[0], "target": y[0]}, BOTH)
    yield Case("empty", {"input1": a[:0], "input2": b[:0], "target": y[:0]}, BOTH, gradcheck=False)
    # The worked number of the docstring of the class: each costs 0.5.
    first = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=dtype)
    worked = {"input1": first, "input2": torch.zeros_like(first), "target": y[:2], "margin": 2.0}
    yield Case("worked", worked, BOTH, elements=torch.tensor([0.5, 0.5]))
    # Equal embeddings, the margin itself, far beyond it.
    edge = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.6, 0.8], [1e4, 0.0]], dtype=dtype)
    edges = {"input1": edge, "input2": torch.zeros_like(edge), "target": y[[0, 1, 1, 1]]}
    yield Case("edges", edges, BOTH, gradcheck=False)
    # The square is beyond float32: a dissimilar pair still costs nothing.
    if dtype not in (torch.float16, torch.bfloat16):
        huge = torch.full((1, 2), 1e25, dtype=dtype)
        apart = {"input1": huge, "input2": -huge, "target": y[1:2]}
        yield Case("far apart", apart, BOTH, gradcheck=False)
    unknown = torch.tensor([[math.nan], [0.25]], dtype=dtype)
    nan = {"input1": unknown, "input2": torch.zeros_like(unknown), "target": y[:2]}
    yield Case("nan", nan, BOTH, gradcheck=False)
    yield Case("wide second", {**pairs, "input2": b.double()}, BOTH[:1])


def points(seed: int) -> Iterator[Point]:
    a, b = randn(2, 12, 3, seed=seed)
    for margin in (1.0, 3.0):
        for y in ((torch.arange(12) % 2).double(), torch.linspace(0, 1, 12, dtype=torch.float64)):
            yield Point({"input1": a, "input2": b, "target": y, "margin": margin})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(2, 3), torch.tensor([1, 0])
    good = {"input1": x, "input2": x, "target": y}
    for margin in (-1.0, math.nan):
        outside = {**good, "margin": margin}
        yield Error(f"margin={margin}", outside, ValueError, f"margin .* got {margin}", False)
    for other in (x[:1], x[:, :1], x[0]):
        shapes = {**good, "input2": other}
        yield Error(f"input2 {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    numbers = {"input1": x[0, 0], "input2": x[0, 0], "target": y[0]}
    yield Error("numbers", numbers, ValueError, r"\(\*, D\), got \(\) and \(\)", False)
    for labels in (y[:, None], y[:1], x):
        wrong = {**good, "target": labels}
        match = r"expected target of shape \(2,\)"
        yield Error(f"target {tuple(labels.shape)}", wrong, ValueError, match, False)
    for labels in (torch.tensor([1, -1]), torch.tensor([2, 0]), torch.tensor([0.5, math.nan])):
        wrong = {**good, "target": labels}
        match = f"between 0 and 1, got {labels[labels != 0.5][labels[labels != 0.5] != 1][0]:g}"
        yield Error(f"labels {labels.tolist()}", wrong, ValueError, match, False)
    yield Error("reduction", {**good, "reduction": "avg"}, ValueError, "avg", False)
    yield Error("integers", {**good, "input1": x.long()}, NotImplementedError, "input1", False)
    yield Error("complex", {**good, "input2": x + 0j}, RuntimeError, "input2", False)
    yield Error("complex labels", {**good, "target": y + 0j}, RuntimeError, "target", False)


def class_errors() -> Iterator[Error]:
    yield Error("margin", {"margin": -0.5}, ValueError, "margin .* got -0.5", False)


domain = Domain({"input1": (1,), "input2": (1,)}, targets(1.0, 0.0), scales=(-1.0, 4.0))


def alike(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {**named(shape, PAIR), "target": torch.randint(2, shape[:1])}


contests = (usual(alike, 1024, 128, leaves=PAIR),)
