import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import directed, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"W": "linear_weight", "m": "margin", "s": "scale"}
SHARED = ("linear_weight",)
BOTH = ("input", "linear_weight")


def reference(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    margin: float = 0.5,
    scale: float = 64.0,
    reduction: str = "mean",
) -> Tensor:
    """Row by row, with cos(a + b) = cos a cos b - sin a sin b, in float64."""
    rows = []
    w = [row / row.norm().clamp(min=1e-12) for row in linear_weight.double()]
    for x, y in zip(input.double(), target.tolist(), strict=True):
        x = x / x.norm().clamp(min=1e-12)
        logits = [scale * (x * other).sum() for other in w]
        c = (x * w[y]).sum()
        # Where x lies on its direction, the sine is 0 and has no slope.
        apart = (x - w[y]).norm() > 1e-9 and (x + w[y]).norm() > 1e-9
        sine = (1 - c * c).sqrt() if apart else 0 * c
        added = c * math.cos(margin) - sine * math.sin(margin)
        angle = math.acos(min(1.0, max(-1.0, c.item())))
        beyond = c - margin * math.sin(margin)
        logits[y] = scale * (added if angle + margin <= math.pi else beyond)
        rows.append(torch.stack(logits).logsumexp(0) - logits[y])
    loss = torch.stack(rows) if rows else input.double().sum(1) + 0 * linear_weight.sum()
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def arguments_of(dtype: torch.dtype) -> dict[str, Tensor]:
    """Six embeddings among five directions, all angles far from 0 and π."""
    return {
        "input": randn(6, 4, dtype=dtype),
        "linear_weight": randn(5, 4, dtype=dtype, seed=1),
        "target": randint(5, 6),
    }


def cases(dtype: torch.dtype, margins: tuple[float, ...] = (0.0, 1.5, 3.0)) -> Iterator[Case]:
    call = arguments_of(dtype)
    yield Case("plain", {**call, "scale": 16.0}, BOTH)
    if dtype == torch.float64:  # a scale of 64 enlarges what is rounded
        yield Case("default", call, BOTH)
    for margin in margins:
        yield Case(f"margin={margin}", {**call, "margin": margin, "scale": 8.0}, BOTH)
    yield Case("scale=0.5", {**call, "scale": 0.5}, BOTH)
    worked = {
        "input": torch.tensor([[1.0, 1.0]], dtype=dtype),
        "linear_weight": torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]], dtype=dtype),
        "target": torch.tensor([0]),
        "scale": 4.0,
    }
    yield Case("worked", worked, BOTH)
    single = {
        "linear_weight": call["linear_weight"][:1],
        "target": torch.zeros_like(call["target"]),
    }
    yield Case("one class", call | single, BOTH)
    empty = {**call, "input": call["input"][:0], "target": call["target"][:0]}
    yield Case("empty", empty, BOTH, gradcheck=False)
    # On its direction, opposite to it, and at right angles to all; the lengths do not matter.
    axes = torch.eye(3, dtype=dtype)
    edge = torch.stack([2 * axes[0], -axes[0], axes[2], 1e3 * axes[1]])
    edges = {"input": edge, "linear_weight": axes[:2], "target": torch.tensor([0, 0, 1, 1])}
    yield Case("edges", {**edges, "scale": 8.0}, BOTH, gradcheck=False)
    nothing = {**edges, "input": torch.zeros_like(edge), "scale": 2.0}
    yield Case("rows of zeros", nothing, BOTH[1:], gradcheck=False)
    if dtype not in (torch.float16, torch.bfloat16):
        far = 1e25 * call["input"]
        yield Case("long rows", {**call, "input": far, "scale": 4.0}, BOTH[1:], gradcheck=False)
    unknown = call["input"].clone()
    unknown[1] = math.nan
    nan = {**call, "input": unknown, "scale": 4.0}
    yield Case("nan", nan, BOTH[:1], gradcheck=False)
    wide = {**call, "linear_weight": call["linear_weight"].double(), "scale": 4.0}
    yield Case("wide directions", wide, BOTH[:1])


def points(seed: int) -> Iterator[Point]:
    w = randn(4, 3, seed=seed)
    x, y = randn(8, 3, seed=seed + 10), randint(4, 8, seed=seed)
    for margin in (0.5, 1.8):
        call = {"input": x, "linear_weight": w, "target": y, "margin": margin, "scale": 3.0}
        yield Point(call, {"C": 4})


def errors() -> Iterator[Error]:
    good = arguments_of(torch.float32)
    x, w, y = good.values()
    for scale in (0.0, -1.0, math.nan):
        wrong = {**good, "scale": scale}
        yield Error(f"scale={scale}", wrong, ValueError, f"scale .* got {scale}", False)
    for name, other in (("input", x[0]), ("input", x[:, :2]), ("linear_weight", w.T)):
        wrong = {**good, name: other}
        match = r"input of shape \(N, D\) and linear_weight of shape \(C, D\)"
        yield Error(f"{name} {tuple(other.shape)}", wrong, ValueError, match, False)
    for labels in (y[:, None], y[:3]):
        wrong = {**good, "target": labels}
        match = r"expected target of shape \(6,\)"
        yield Error(f"target {tuple(labels.shape)}", wrong, ValueError, match, False)
    for value in (-1, 5):
        wrong = {**good, "target": torch.full_like(y, value)}
        yield Error(f"class {value}", wrong, IndexError, f"Target {value} is out of bounds", False)
    yield Error("labels", {**good, "target": y.int()}, RuntimeError, "dtype .* Long", False)
    yield Error("reduction", {**good, "reduction": "avg"}, ValueError, "avg", False)
    for name in BOTH:
        wrong = {**good, name: good[name].long()}
        yield Error(f"integer {name}", wrong, NotImplementedError, name, False)
    for margin in (-0.1, 28.6, math.nan):
        wrong = {**good, "margin": margin}
        yield Error(f"margin={margin}", wrong, ValueError, f"angle .* got {margin}", False)


def class_errors() -> Iterator[Error]:
    layer = {"in_features": 3, "num_classes": 4}
    yield Error("margin", layer | {"margin": 28.6}, ValueError, "in radians", False)


domain = Domain(
    {"input": (1, 2)},
    ({"target": torch.tensor([1]), "linear_weight": randn(3, 2)},),
    scales=(-3.0, 2.0),
    element=(0,),
)
contests = (usual(directed, 512, 128, 1000, leaves=("input", "linear_weight")),)
