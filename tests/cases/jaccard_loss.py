from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point
from tests.cases.dice_loss import MASKS, by_definition, one_image, pictures, wrong_pictures
from tests.contests import segmented, usual

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"p": "input", "t": "target", "s": "smooth"}


def reference(input: Tensor, target: Tensor, smooth: float = 1e-5, **how: object) -> Tensor:
    """Write 1 - overlap / union out, the union as what either has, less what both have."""

    def of_item(p: Tensor, t: Tensor) -> Tensor:
        union = (1 - (1 - p) * (1 - t)).sum() + smooth
        return 1 - ((p * t).sum() + smooth) / union if union != 0 else p.sum() * 0

    return by_definition(of_item, input, target, **how)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from pictures(dtype)


def points(seed: int) -> Iterator[Point]:
    yield one_image(seed, (0, 1), smooth=0.5)
    yield one_image(seed, (0, 1, 2, 3), smooth=0)


def errors() -> Iterator[Error]:
    yield from wrong_pictures()


def class_errors() -> Iterator[Error]:
    yield Error("smooth", {"smooth": -1.0}, ValueError, "smooth=-1.0", False)


domain = MASKS
contests = (usual(segmented, 8, 19, 128, 128),)
