import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import named, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"c": "coefficient"}


def reference(
    input: Tensor,
    mask: Tensor | None = None,
    *,
    coefficient: float = 1e-4,
    reduction: str = "mean",
) -> Tensor:
    """Go through the rows, of each through its logits, in float64."""
    x = input.double().reshape(-1, input.shape[-1])
    kept = torch.ones(len(x)) if mask is None else mask.reshape(-1)
    zero = 0 * x.nan_to_num(0, 0, 0).sum()
    rows = [zero for _ in x]
    for n in range(len(x)):
        if kept[n]:
            z = x[n].max() + sum((a - x[n].max()).exp() for a in x[n]).log()
            rows[n] = coefficient * z**2
    loss = torch.stack(rows) if rows else 0 * x.sum(-1)
    loss = loss.reshape(input.shape[:-1])
    if reduction == "mean":
        loss = loss.sum() / max(1, int((kept != 0).sum()))
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield Case("by hand", {"input": torch.tensor([[0, 0], [10, 10]], dtype=dtype)})
    x = 2 * randn(4, 3, dtype=dtype)
    for coefficient in (0.0, 0.1, 1.0):
        yield Case(f"coefficient={coefficient}", {"input": x, "coefficient": coefficient})
    kept = torch.tensor([True, False, True, True])
    some = {"input": x, "coefficient": 0.5}
    yield Case("mask", {**some, "mask": kept})
    yield Case("integer mask", {**some, "mask": 2 * kept.long()})
    yield Case("floating mask", {**some, "mask": kept.to(dtype)})
    yield Case("all masked", {**some, "mask": ~kept & kept})
    yield Case("one row", {"input": x[0], "coefficient": 0.5})
    yield Case("one row, masked", {"input": x[0], "mask": kept[1], "coefficient": 0.5})
    yield Case("3-d", {**some, "input": x.reshape(2, 2, 3), "mask": kept.reshape(2, 2)})
    yield Case("strided", {**some, "input": x.T})
    yield Case("one logit", {**some, "input": x[:, :1]})
    yield Case("empty", {"input": x[:0], "mask": kept[:0]}, gradcheck=False)
    yield Case("log-probabilities", {**some, "input": x.log_softmax(1)})
    excluded = x.masked_fill(torch.eye(4, 3) > 0, -math.inf)
    yield Case("excluded", {**some, "input": excluded}, gradcheck=False)
    held = torch.where(kept[:, None], x, math.nan)
    yield Case("masked nan", {**some, "input": held, "mask": kept}, gradcheck=False)
    nothing = torch.where(kept[:, None], x, -math.inf)
    yield Case("masked inf", {**some, "input": nothing, "mask": kept}, gradcheck=False)
    yield Case("nan", {**some, "input": held}, gradcheck=False)
    # The square of z is beyond float32, the loss is not.
    far = x.new_tensor([[1e20, 0, -1e20], [-3e19, -4e19, -5e19]])
    yield Case("huge", {"input": far, "coefficient": 1e-4}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x = 2 * randn(6, 4, seed=seed)
    for coefficient in (1e-4, 0.5):
        yield Point({"input": x, "coefficient": coefficient}, {"V": 4})


def errors() -> Iterator[Error]:
    x = torch.zeros(2, 3)
    for coefficient in (-1e-4, math.nan):
        call = {"input": x, "coefficient": coefficient}
        match = f"coefficient={coefficient}"
        yield Error(match, call, ValueError, match, False)
    for mask in (torch.ones(2, 3), torch.ones(3), torch.ones(2, 1)):
        shapes = {"input": x, "mask": mask}
        yield Error(f"mask {tuple(mask.shape)}", shapes, ValueError, "mask must have", False)
    yield Error("0-d", {"input": x[0, 0]}, ValueError, "dimension of logits", False)
    yield Error("reduction", {"input": x, "reduction": "avg"}, ValueError, "avg", False)
    yield Error("integers", {"input": x.long()}, NotImplementedError, "input", False)
    complex_ = {"input": x, "mask": torch.ones(2) + 0j}
    yield Error("complex", complex_, RuntimeError, "mask", False)


def class_errors() -> Iterator[Error]:
    yield Error("coefficient", {"coefficient": -1.0}, ValueError, "coefficient=-1.0", False)


domain = Domain({"input": (3,)}, ({},), scales=(-2.0, 8.0))
contests = (usual(partial(named, names=("input",)), 128, 32000),)
