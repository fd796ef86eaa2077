import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import multi_labelled, usual
from tests.domains import LOGITS, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {r"\gamma^+": "gamma_pos", r"\gamma^-": "gamma_neg", "m": "clip"}


def reference(
    input: Tensor,
    target: Tensor,
    *,
    gamma_neg: float = 4.0,
    gamma_pos: float = 1.0,
    clip: float = 0.05,
    reduction: str = "mean",
) -> Tensor:
    """Write the definition out, in float64."""
    y, p = target.double(), 1 / (1 + torch.exp(-input.double()))
    q = (p - clip).clamp(min=0)
    yes = (1 - p) ** gamma_pos * p.log()
    no = torch.where(q > 0, q, 1) ** gamma_neg * (1 - q).log()
    loss = -(y * yes + (1 - y) * no).sum(-1)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randint(2, 4, 3)
    yield Case("plain", {"input": x, "target": y})
    for name in ("gamma_neg", "gamma_pos"):
        for gamma in (0, 0.5, 1.0, 2.5):
            yield Case(f"{name}={gamma}", {"input": x, "target": y, name: gamma})
    for clip in (0, 1e-10, 0.3, 0.999):
        yield Case(f"clip={clip}", {"input": x, "target": y, "clip": clip})
    off = {"gamma_neg": 0.0, "gamma_pos": 0.0, "clip": 0.0}
    yield Case("binary cross entropy", {"input": x, "target": y, **off})
    soft = {"input": x, "target": randn(4, 3, dtype=dtype, seed=1).sigmoid()}
    yield Case("soft labels", soft, ("input", "target"))
    for name, answers in (("booleans", y > 0), ("floats", y.to(dtype)), ("bytes", y.byte())):
        yield Case(name, {"input": x, "target": answers})
    yield Case("strided", {"input": x.T, "target": y.T})
    yield Case("one row", {"input": x[0], "target": y[0]})
    yield Case("three dimensions", {"input": x.view(2, 2, 3), "target": y.view(2, 2, 3)})
    yield Case("no rows", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("no labels", {"input": x[:, :0], "target": y[:, :0]}, gradcheck=False)
    huge = torch.tensor([[1e4, -1e4, 90.0, -90.0]], dtype=dtype)
    infinite = torch.tensor([[math.inf, -math.inf]], dtype=dtype)
    for gamma in (0, 0.5, 4.0):
        for clip in (0.0, 0.05):
            settings = {"gamma_neg": gamma, "gamma_pos": gamma, "clip": clip}
            for label in (0, 1):
                yield Case(
                    f"huge {gamma} {clip} {label}",
                    {"input": huge, "target": torch.full((1, 4), label), **settings},
                    gradcheck=False,
                    defect="the definition overflows",
                )
            yield Case(
                f"infinite {gamma} {clip}",
                {"input": infinite, "target": torch.tensor([[1, 0]]), **settings},
                gradcheck=False,
                defect="the definition multiplies 0 and infinity",
            )
    missing = torch.tensor([[1.0, math.nan], [0.5, -0.5]], dtype=dtype)
    yield Case("nan", {"input": missing, "target": torch.tensor([[1, 1], [0, 1]])}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(8, 3, seed=seed), randint(2, 8, 3, seed=seed).double()
    for settings in ({}, {"gamma_pos": 0.5, "gamma_neg": 2.0, "clip": 0.2}, {"clip": 0.0}):
        yield Point({"input": x, "target": y, **settings})


def errors() -> Iterator[Error]:
    x = torch.zeros(2, 3)
    for name in ("gamma_neg", "gamma_pos"):
        for wrong in (-1.0, math.nan):
            settings = {"input": x, "target": x, name: wrong}
            yield Error(f"{name}={wrong}", settings, ValueError, f"{name}={wrong}", False)
    tensor = {"input": x, "target": x, "gamma_neg": torch.ones(3)}
    yield Error("a tensor", tensor, TypeError, "gamma_neg must be a number", False)
    for wrong in (-0.1, 1.0, math.nan):
        outside = {"input": x, "target": x, "clip": wrong}
        yield Error(f"clip={wrong}", outside, ValueError, f"clip={wrong}", False)
    for shape in ((3,), (2, 1), (2,)):
        other = {"input": x, "target": torch.zeros(shape)}
        yield Error(f"shape {shape}", other, ValueError, "same shape", False)
    single = {"input": x[0, 0], "target": x[0, 0]}
    yield Error("0-d", single, ValueError, "dimension of labels", False)
    for value in (-1.0, 2.0, math.nan):
        answers = {"input": x, "target": x + value}
        yield Error(f"answer {value}", answers, ValueError, f"target .* {value}", False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    yield Error("integers", {"input": x.long(), "target": x}, NotImplementedError, "input", False)
    yield Error("complex", {"input": x, "target": x + 0j}, RuntimeError, "target", False)


def class_errors() -> Iterator[Error]:
    for name in ("gamma_neg", "gamma_pos", "clip"):
        yield Error(name, {name: -1.0}, ValueError, f"{name}=-1.0", False)


domain = Domain({"input": (2,)}, targets([1.0, 1.0], [0.0, 0.0], [1.0, 0.0]), scales=LOGITS)
contests = (usual(multi_labelled, 1000, 1000),)
