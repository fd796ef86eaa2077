import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.cases.dice_loss import MASKS, by_definition, one_image, pictures, wrong_pictures
from tests.contests import segmented, usual

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {
    **{"p": "input", "t": "target", "s": "smooth"},
    **{r"\alpha": "alpha", r"\beta": "beta", r"\gamma": "gamma"},
}


def reference(
    input: Tensor,
    target: Tensor,
    alpha: float = 0.5,
    beta: float = 0.5,
    gamma: float = 1.0,
    smooth: float = 1e-5,
    **how: object,
) -> Tensor:
    """Write (1 - T)^gamma out, pixel by pixel."""

    def of_item(p: Tensor, t: Tensor) -> Tensor:
        wrong = (alpha * p * (1 - t) + beta * (1 - p) * t).sum()
        whole = (p * t).sum() + wrong + smooth
        return p.sum() * 0 if (wrong == 0 and gamma < 1) or whole == 0 else (wrong / whole) ** gamma

    return by_definition(of_item, input, target, **how)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from pictures(dtype)
    x, y = 2 * randn(3, 3, 4, 2, dtype=dtype), randint(3, 3, 4, 2)
    soft = randn(3, 3, 4, 2, dtype=dtype, seed=2).sigmoid()
    both = ("input", "target")
    for alpha, beta in ((0.3, 0.7), (0.7, 0.3), (1.0, 1.0), (0.0, 1.0), (2.0, 0.0), (0.0, 0.0)):
        weights = {"input": x, "target": y, "alpha": alpha, "beta": beta}
        yield Case(f"alpha={alpha}, beta={beta}", weights)
    for gamma in (0.5, 0.75, 2.0, 3.5):
        power = {"alpha": 0.3, "beta": 0.7, "gamma": gamma}
        yield Case(f"gamma={gamma}", {"input": x, "target": y, **power})
        yield Case(f"gamma={gamma}, soft", {"input": x, "target": soft, **power}, both)
        exact = {"input": (soft > 0.5).to(dtype), "target": soft > 0.5, "from_logits": False}
        yield Case(f"gamma={gamma}, all right", {**exact, **power}, gradcheck=False)
        gone = {"input": x, "target": torch.full_like(y, -100), "smooth": 0}
        yield Case(f"gamma={gamma}, all ignored", {**gone, **power})


def points(seed: int) -> Iterator[Point]:
    for gamma in (0.75, 2.0):
        settings = {"alpha": 0.3, "beta": 0.8, "gamma": gamma}
        yield one_image(seed, (0, 1, 2), smooth=0.5, **settings)
    yield one_image(seed, (0, 1, 2, 3), smooth=0, alpha=0.2, beta=0.8)


def errors() -> Iterator[Error]:
    yield from wrong_pictures()
    x, y = torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.long)
    for name, values in {
        "alpha": (-0.1, math.nan),
        "beta": (-0.1, math.nan),
        "gamma": (0.0, -1.0, math.nan),
    }.items():
        for value in values:
            wrong = {"input": x, "target": y, name: value}
            yield Error(f"{name}={value}", wrong, ValueError, f"{name}={value}", False)


def class_errors() -> Iterator[Error]:
    for name in ("alpha", "beta", "gamma", "smooth"):
        yield Error(name, {name: -1.0}, ValueError, f"{name}=-1.0", False)


domain = MASKS
contests = (usual(segmented, 8, 19, 128, 128),)
