from collections.abc import Iterator
from functools import partial

import torch
from hypothesis import strategies as st
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, named
from tests.domains import TRIPLET
from tests.strategies import triplets

NAMES = ("anchor", "positive", "negative")
SYMBOLS = dict(zip(("a", "a^+", "a^-"), NAMES, strict=True))
SYMBOLS |= {"m": "margin", "d": "distance_function"}


def cosine(x: Tensor, y: Tensor) -> Tensor:
    return 1 - torch.nn.functional.cosine_similarity(x, y, dim=-1)


def chessboard(x: Tensor, y: Tensor) -> Tensor:
    return (x - y).abs().amax(dim=-1)


def per_coordinate(x: Tensor, y: Tensor) -> Tensor:
    return (x - y) ** 2


def cases(dtype: torch.dtype) -> Iterator[Case]:
    def triplets(*shape: int) -> dict[str, Tensor]:
        return {name: randn(*shape, dtype=dtype, seed=seed) for seed, name in enumerate(NAMES)}

    batch = triplets(6, 4)
    yield Case("default", batch, NAMES)
    yield Case("swap", {**batch, "swap": True, "margin": 2.0}, NAMES)
    half = dtype in (torch.float16, torch.bfloat16)
    # Half precision is the distance's own affair: it receives the embeddings as they are.
    for distance in (per_coordinate,) if half else (per_coordinate, cosine, chessboard):
        settings = {"distance_function": distance, "margin": 0.5, "swap": True}
        yield Case(distance.__name__, {**batch, **settings}, NAMES)
    yield Case("unbatched", triplets(4), NAMES)
    yield Case("K-d", triplets(2, 3, 4), NAMES)
    yield Case("empty", triplets(0, 4), NAMES, gradcheck=False)
    equal = dict.fromkeys(NAMES, torch.zeros(2, 4, dtype=dtype))
    yield Case("collapsed", equal, NAMES, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    triplets = dict(zip(NAMES, randn(3, 6, 4, seed=seed), strict=True))
    for distance in (cosine, chessboard):
        yield Point({**triplets, "distance_function": distance, "margin": 0.25})


def errors() -> Iterator[Error]:
    x = torch.zeros(2, 3)
    same = dict.fromkeys(NAMES, x)
    yield Error("margin", {**same, "margin": -1.0}, ValueError, "margin must be .* got -1.0")
    yield Error("dimensions", {**same, "positive": x[0]}, RuntimeError, "positive 1D")
    yield Error("shapes", {**same, "negative": x[:, :2]}, RuntimeError, "size of tensor")
    yield Error("reduction", {**same, "reduction": "avg"}, ValueError, "avg")


def class_errors() -> Iterator[Error]:
    for margin in (0.0, -1.0):
        yield Error(f"margin={margin}", {"margin": margin}, ValueError, f"margin .* got {margin}")


domain = TRIPLET
strategy = triplets(swap=st.booleans())
contests = (Contest(partial(named, names=NAMES), NAMES),)
