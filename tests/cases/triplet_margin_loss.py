from collections.abc import Iterator
from functools import partial

import torch
from hypothesis import strategies as st

from tests.cases import Case, Error, Point, randn
from tests.contests import Contest, named
from tests.domains import TRIPLET
from tests.strategies import triplets

NAMES = ("anchor", "positive", "negative")

SYMBOLS = dict(zip(("a", "a^+", "a^-"), NAMES, strict=True))
SYMBOLS |= {"m": "margin", "p": "p", r"\varepsilon": "eps"}


def cases(dtype: torch.dtype) -> Iterator[Case]:
    def triplets(*shape: int) -> dict[str, torch.Tensor]:
        return {name: randn(*shape, dtype=dtype, seed=seed) for seed, name in enumerate(NAMES)}

    batch = triplets(6, 4)
    yield Case("default", batch, NAMES)
    half = dtype in (torch.float16, torch.bfloat16)
    # Rounding to half precision makes coordinates equal: then the largest is not the only one.
    for p in (1.0, 1.5, 3.0) if half else (1.0, 1.5, 3.0, float("inf")):
        yield Case(f"p={p}", {**batch, "p": p}, NAMES)
    yield Case("p=0.5", {**triplets(3, 2), "p": 0.5, "margin": 4.0}, NAMES)
    yield Case("swap", {**batch, "swap": True, "margin": 2.0}, NAMES)
    yield Case("eps=0", {**batch, "eps": 0.0, "margin": 0.5}, NAMES)
    yield Case("large eps", {**batch, "eps": 0.25}, NAMES)
    yield Case("unbatched", triplets(4), NAMES)
    yield Case("K-d", triplets(2, 3, 4), NAMES)
    one = {**batch, "anchor": batch["anchor"][:1]}
    yield Case("one anchor", one, NAMES)
    yield Case("empty", triplets(0, 4), NAMES, gradcheck=False)
    yield Case("no coordinates", triplets(3, 0), NAMES, gradcheck=False)
    zero = torch.zeros(2, 4, dtype=dtype)
    equal = dict.fromkeys(NAMES, zero)
    yield Case("collapsed", equal, NAMES, gradcheck=False)
    yield Case("collapsed, eps=0", {**equal, "eps": 0.0}, NAMES, gradcheck=False)
    line = torch.tensor([[0.0], [0.0], [0.0]], dtype=dtype)
    # Negatives 2 away: exactly on the margin. At 2 with a swap, both distances are equal.
    on_margin = {"anchor": line, "positive": line + 1, "negative": line - 2, "eps": 0.0}
    yield Case("on the margin", on_margin, NAMES, gradcheck=False)
    tie = {"anchor": line, "positive": line + 4, "negative": line + 2, "eps": 0.0, "swap": True}
    yield Case("tie in the swap", tie, NAMES, gradcheck=False)
    far = torch.tensor([[64.0, -64.0], [float("nan"), 0.0], [0.5, 0.25]], dtype=dtype)
    wild = {"anchor": far, "positive": torch.zeros_like(far), "negative": torch.ones_like(far)}
    yield Case("large and nan", wild, NAMES, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    triplets = dict(zip(NAMES, randn(3, 6, 4, seed=seed), strict=True))
    for p, margin, eps in ((2.0, 1.0, 1e-6), (3.0, 0.5, 0.25), (1.0, 1.0, 1e-6)):
        yield Point({**triplets, "p": p, "margin": margin, "eps": eps})


def errors() -> Iterator[Error]:
    x = torch.zeros(2, 3)
    same = dict.fromkeys(NAMES, x)
    yield Error("margin", {**same, "margin": 0.0}, ValueError, "margin must be .* got 0.0")
    yield Error("dimensions", {**same, "positive": x[0]}, RuntimeError, "positive 1D")
    for name in NAMES:
        odd = rf"{name} of shape \(2, 2\)"
        yield Error(f"{name} shape", {**same, name: x[:, :2]}, RuntimeError, odd)
    yield Error("reduction", {**same, "reduction": "avg"}, ValueError, "avg")


def class_errors() -> Iterator[Error]:
    for margin in (0.0, -1.0):
        yield Error(f"margin={margin}", {"margin": margin}, ValueError, f"margin .* got {margin}")


domain = TRIPLET
strategy = triplets(
    p=st.sampled_from([1.0, 1.5, 3.0]), swap=st.booleans(), eps=st.sampled_from([0.0, 0.25])
)
contests = (Contest(partial(named, names=NAMES), NAMES, wanted={"million": {"eager": 1.7}}),)
