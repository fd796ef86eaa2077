from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases.clip_loss import OPPOSITE, dot, pairs, points_of, wrong_pairs
from tests.contests import scaled, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"x": "image_features", "y": "text_features", "t": "logit_scale", "b": "logit_bias"}
SHARED = ("image_features", "text_features", "logit_scale", "logit_bias")


def reference(
    image_features: Tensor,
    text_features: Tensor,
    logit_scale: Any,
    logit_bias: Any,
    *,
    normalize: bool = True,
    reduction: str = "mean",
) -> Tensor:
    """Ask of one pair after the other, in float64."""
    x, y = image_features.double(), text_features.double()
    item = []
    for i in range(len(x)):
        total = torch.zeros((), dtype=torch.float64)
        for j in range(len(y)):
            logit = logit_scale * dot(x[i], y[j], normalize) + logit_bias
            wrong = -logit if i == j else logit
            total = total + torch.logaddexp(torch.zeros_like(wrong), wrong)
        item.append(total)
    nothing = x.sum(1) + y.sum(1) + 0 * (logit_scale + logit_bias)
    loss = torch.stack(item) if item else nothing
    if reduction == "mean":
        loss = loss.sum() / max(1, len(loss))
    return (loss.sum() if reduction == "sum" else loss).to(image_features.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from pairs(dtype, logit_scale=3.0, logit_bias=-1.0)
    x, y = randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    start = {"image_features": x, "text_features": y, "logit_scale": 10.0, "logit_bias": -10.0}
    yield Case("the paper's start", start, ("image_features", "text_features"))
    for bias in (-1e4, -30.0, 30.0, 1e4):
        yield Case(
            f"bias={bias}",
            {**start, "logit_bias": bias},
            ("image_features", "text_features"),
            gradcheck=False,
        )
    one = {**start, "logit_bias": torch.tensor(-3.0, dtype=dtype)}
    yield Case("only the bias is learned", one, ("text_features", "logit_bias"))


def points(seed: int) -> Iterator[Point]:
    yield from points_of(seed, logit_scale=2.5, logit_bias=-1.5)


def errors() -> Iterator[Error]:
    yield from wrong_pairs(logit_scale=1.0, logit_bias=0.0)


domain = Domain(
    {"image_features": (2, 2)},
    ({"text_features": OPPOSITE, "logit_scale": 2.0, "logit_bias": -1.0},),
    scales=(-14.0, 2.0),
    element=(0,),
)
contests = (
    usual(
        partial(scaled, logit_scale=3.0, logit_bias=-5.0),
        1024,
        128,
        leaves=("image_features", "text_features", "logit_scale", "logit_bias"),
    ),
)
