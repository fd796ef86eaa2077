import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import scaled, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"x": "image_features", "y": "text_features", "t": "logit_scale"}
SHARED = ("image_features", "text_features", "logit_scale")
ALL = ("image_features", "text_features", "logit_scale")


def unit(row: Tensor) -> Tensor:
    """Divide a row by its length, in float64, where squares of float32 cannot overflow."""
    return row / row.square().sum().sqrt().clamp(min=1e-12) if row.any() else row * 1e12


def dot(a: Tensor, b: Tensor, normalize: bool) -> Tensor:
    return (unit(a) * unit(b) if normalize else a * b).sum()


def log_sum(values: list[Tensor]) -> Tensor:
    top = max(value.detach() for value in values)
    return top + sum((value - top).exp() for value in values).log()


def reference(
    image_features: Tensor,
    text_features: Tensor,
    logit_scale: Any,
    *,
    normalize: bool = True,
    reduction: str = "mean",
) -> Tensor:
    """Classify each row and each column of the table, number by number, in float64."""
    x, y = image_features.double(), text_features.double()
    n = range(len(x))
    s = [[logit_scale * dot(x[i], y[j], normalize) for j in n] for i in n]
    item = [(log_sum(s[i]) + log_sum([s[j][i] for j in n])) / 2 - s[i][i] for i in n]
    loss = torch.stack(item) if item else x.sum(1) + y.sum(1) + 0 * logit_scale
    if reduction == "mean":
        loss = loss.sum() / max(1, len(loss))
    return (loss.sum() if reduction == "sum" else loss).to(image_features.dtype)


def pairs(dtype: torch.dtype, **more: Any) -> Iterator[Case]:
    """The calls that the losses of pictures and texts share."""
    x, y = randn(5, 3, dtype=dtype), randn(5, 3, dtype=dtype, seed=1)
    learned = {name: torch.tensor(value, dtype=dtype) for name, value in more.items()}
    every = (*ALL[:2], *more)
    full = {"image_features": x, "text_features": y, **learned}
    yield Case("learned", full, every)
    features = {"image_features": x, "text_features": y}
    yield Case("numbers", {**features, **more}, ALL[:2])
    yield Case("raw products", {**full, "normalize": False}, every)
    a = torch.tensor([[1.0, 0.0], [1.0, 1.0]], dtype=dtype)
    b = torch.tensor([[1.0, 1.0], [0.0, 1.0]], dtype=dtype)
    worked = {"image_features": a, "text_features": b, **more, "logit_scale": 2.0}
    yield Case("worked by hand", worked, ALL[:2])
    yield Case("one pair", {"image_features": x[:1], "text_features": y[:1], **more}, ALL[:2])
    nothing = {"image_features": x[:0], "text_features": y[:0], **more}
    yield Case("empty", nothing, ALL[:2], gradcheck=False)
    thin = {"image_features": x[:, :1], "text_features": y[:, :1], **learned}
    yield Case("one column", thin, tuple(more), gradcheck=False)  # a cosine of 1 or -1
    strided = {"image_features": x.T.contiguous().T, "text_features": y[:, [2, 0, 1]], **learned}
    yield Case("strided", strided, every)
    yield Case("equal", {**full, "text_features": x}, every)
    yield Case("opposite", {**full, "text_features": -x}, every)
    same = {**full, "image_features": x[:1].repeat(5, 1), "text_features": y[:1].repeat(5, 1)}
    yield Case("collapsed", same, every, gradcheck=False)
    twice = {**full, "image_features": x[[0, 0, 1, 2, 3]], "text_features": y[[0, 0, 1, 2, 3]]}
    yield Case("a pair twice", twice, every)
    for scale in (1e-3, 100.0):
        case = {**features, **more, "logit_scale": scale}
        yield Case(f"scale={scale}", case, ALL[:2], gradcheck=False)
    axes = torch.eye(3, dtype=dtype)
    swapped = {"image_features": axes, "text_features": axes[[1, 0, 2]], **more}
    yield Case("huge", {**swapped, "logit_scale": 1e4}, ALL[:2], gradcheck=False)
    large = 60000.0 if dtype == torch.float16 else 1e30
    size = torch.tensor([large, 1.0, 1e-3, 7.0, 1.0], dtype=dtype)[:, None]
    lengths = {"image_features": size * (x / 8), "text_features": y, **learned}
    yield Case("rows of any length", lengths, ("text_features",), gradcheck=False)
    broken = torch.where(torch.arange(5)[:, None] == 2, math.nan, x)
    yield Case("nan", {**full, "image_features": broken}, every, gradcheck=False)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from pairs(dtype, logit_scale=3.0)
    zero = randn(3, 2, dtype=dtype) * torch.tensor([[1], [0], [1]])
    y = randn(3, 2, dtype=dtype, seed=1)
    blank = {"image_features": zero, "text_features": y, "logit_scale": 2.0}
    yield Case("a row of zeros", blank, ("text_features",), gradcheck=False)


def points_of(seed: int, **numbers: float) -> Iterator[Point]:
    """Draw batches; `s` is there for its size alone, since a formula says what it is."""
    x, y = randn(2, 4, 3, seed=seed)
    settings = {name: torch.tensor(value).double() for name, value in numbers.items()}
    symbols = {"N": 4, "s": torch.full((4, 4), math.nan)}
    features = {"image_features": x, "text_features": y}
    yield Point({**features, **settings}, symbols)
    rows = {name: value / value.norm(dim=1, keepdim=True) for name, value in features.items()}
    yield Point({**rows, **settings, "normalize": True}, symbols)


def points(seed: int) -> Iterator[Point]:
    yield from points_of(seed, logit_scale=2.5)


def wrong_pairs(**numbers: float) -> Iterator[Error]:
    x = torch.zeros(4, 2)
    good = {"image_features": x, "text_features": x, **numbers}

    def error(id: str, match: str, type: type[Exception] = ValueError, **wrong: Any) -> Error:
        return Error(id, good | wrong, type, match, parity=False)

    for name, shape in (("1-d", (4,)), ("3-d", (4, 2, 1)), ("no column", (4, 0))):
        yield error(name, r"image_features of shape \(N, D\)", image_features=torch.zeros(shape))
    for name, shape in (("rows", (3, 2)), ("columns", (4, 3)), ("1-d text", (4,))):
        match = r"image_features and text_features must have the same shape, got \(4, 2\)"
        yield error(name, match, text_features=torch.zeros(shape))
    for name in numbers:
        other = {name: torch.ones(1)}
        yield error(f"{name} (1)", rf"{name} must be .* shape \(1,\): pass {name}.sq", **other)
        yield error(f"{name} None", f"{name} must be a tensor", TypeError, **{name: None})
        complex_ = {name: torch.tensor(1j)}
        yield error(f"{name} complex", f"{name} must be real", RuntimeError, **complex_)
    for name in ("image_features", "text_features"):
        match, listed = f"argument '{name}' .* must be Tensor, not list", {name: [[0.0]]}
        yield error(f"{name} list", match, TypeError, **listed)
    whole = {"image_features": x.long(), "text_features": x.long()}
    yield error("integers", "image_features and .* floating", NotImplementedError, **whole)
    yield error("reduction", "avg", reduction="avg")


def errors() -> Iterator[Error]:
    yield from wrong_pairs(logit_scale=1.0)


OPPOSITE = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
domain = Domain(
    {"image_features": (2, 2)},
    ({"text_features": OPPOSITE, "logit_scale": 2.0},),
    scales=(-14.0, 2.0),
    element=(0,),
)
contests = (
    usual(
        partial(scaled, logit_scale=3.0),
        1024,
        128,
        leaves=("image_features", "text_features", "logit_scale"),
    ),
)
