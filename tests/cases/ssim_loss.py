import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"L": "data_range", "k": ("k1", "k2"), "g": "sigma"}
SHARED = ("k1", "sigma")


def adapted(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Take rows of nine numbers as well: windows of 3 times 3, to be read pixel by pixel."""

    @functools.wraps(function)
    def call(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
        if isinstance(input, Tensor) and input.dim() == 2:
            input, target = (x.reshape(-1, 1, 3, 3) for x in (input, target))
        return function(input, target, **settings)

    return call


def gaussian(size: int, sigma: float) -> Tensor:
    """Weigh the pixels of a square by their distance from its middle."""
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    square = place[:, None] ** 2 + place**2
    weight = torch.exp(-square / (2 * sigma**2))
    return weight / weight.sum()


def reference(
    input: Tensor,
    target: Tensor,
    *,
    data_range: float = 1.0,
    kernel_size: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    reduction: str = "mean",
) -> Tensor:
    """Cut out every window, and compare the two in float64."""
    g = gaussian(kernel_size, sigma)
    x, y = (z.double().unfold(2, kernel_size, 1).unfold(3, kernel_size, 1) for z in (input, target))
    mean = lambda z: (g * z).sum((-2, -1))
    mx, my = mean(x), mean(y)
    dx, dy = x - mx[..., None, None], y - my[..., None, None]
    c1, c2 = (k1 * data_range) ** 2, (k2 * data_range) ** 2
    luminance = (2 * mx * my + c1) / (mx**2 + my**2 + c1)
    rest = (2 * mean(dx * dy) + c2) / (mean(dx**2) + mean(dy**2) + c2)
    loss = 1 - (luminance * rest).mean((1, 2, 3))
    if reduction == "mean":
        loss = loss.sum() / max(1, len(loss))
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = randn(2, 2, 5, 4, dtype=dtype).sigmoid()
    y = randn(2, 2, 5, 4, dtype=dtype, seed=1).sigmoid()
    both = ("input", "target")
    small = {"input": x, "target": y, "kernel_size": 3}
    yield Case("plain", small, both)
    for name, values in {
        "data_range": (0.1, 255.0),
        "sigma": (0.5, 20.0),
        "k1": (1e-4, 1.0),
        "k2": (1e-4, 1.0),
        "kernel_size": (1,),
    }.items():
        for value in values:
            yield Case(f"{name}={value}", {**small, name: value}, both)
    ramp = (torch.arange(121, dtype=dtype) / 120).reshape(1, 1, 11, 11)
    yield Case("one window", {"input": ramp, "target": ramp**2}, both, gradcheck=False)
    photo = {"input": randn(2, 3, 13, 12, dtype=dtype), "target": randn(2, 3, 13, 12, dtype=dtype)}
    yield Case("equal", photo, both, gradcheck=False)
    yield Case("opposite", {**photo, "target": -photo["target"]}, both, gradcheck=False)
    bytes_ = {"input": 255 * x, "target": 255 * y, "data_range": 255.0, "kernel_size": 3}
    yield Case("bytes", bytes_, both)
    flat = torch.full_like(x, 0.1)
    yield Case("flat", {"input": flat, "target": 3 * flat, "kernel_size": 3}, gradcheck=False)
    # Squares of the values would have no digit left of the variance.
    for level, ripple in ((0.5, 1e-4), (100.0, 0.01)):
        almost = {"input": level + ripple * x, "target": level + ripple * y, "kernel_size": 3}
        yield Case(f"almost flat at {level}", {**almost, "k2": 1e-3}, gradcheck=False)
    strided = {"input": x.transpose(2, 3), "target": y.transpose(2, 3), "kernel_size": 3}
    yield Case("strided", strided, both)
    yield Case("no pictures", {"input": x[:0], "target": y[:0], "kernel_size": 3}, gradcheck=False)
    broken = torch.where(torch.arange(4) == 2, math.nan, x)
    yield Case("nan", {"input": broken, "target": y, "kernel_size": 3}, gradcheck=False)
    wide = {"input": x, "target": y.double(), "kernel_size": 3}
    yield Case("wide target", wide)


def points(seed: int) -> Iterator[Point]:
    # Few: each of nine pixels asks for all moments of its window.
    x, y = randn(2, 2, 9, seed=seed).sigmoid()
    settings = {"data_range": 2.0, "k1": 0.2, "k2": 0.3, "sigma": 0.75, "kernel_size": 3}
    k = torch.tensor([0.2, 0.3], dtype=torch.float64)
    symbols = {"k": k, "g": gaussian(3, 0.75).flatten()}
    yield Point({"input": x, "target": y, **settings}, symbols)


def errors() -> Iterator[Error]:
    x = torch.zeros(2, 3, 12, 11)
    for name in ("data_range", "sigma", "k1", "k2"):
        for wrong in (0.0, -1.0, math.nan):
            settings = {"input": x, "target": x, name: wrong}
            yield Error(f"{name}={wrong}", settings, ValueError, f"{name}={wrong}", False)
    for size in (10, 0, -1):
        window = {"input": x, "target": x, "kernel_size": size}
        yield Error(f"kernel_size={size}", window, ValueError, f"kernel_size={size}", False)
    large = {"input": x, "target": x, "kernel_size": 13}
    yield Error("window", large, ValueError, "smaller than kernel_size=13", False)
    yield Error("shape", {"input": x, "target": x[:, :1]}, ValueError, "same shape", False)
    for wrong in (x[0], x[:, :0]):
        shape = {"input": wrong, "target": wrong}
        yield Error(f"shape {tuple(wrong.shape)}", shape, ValueError, r"\(N, C, H, W\)", False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    for name in ("input", "target"):
        whole = {"input": x, "target": x, name: x.long()}
        yield Error(f"integer {name}", whole, NotImplementedError, name, False)


def class_errors() -> Iterator[Error]:
    for name in ("data_range", "sigma", "k1", "k2"):
        yield Error(name, {name: 0.0}, ValueError, f"{name}=0.0", False)
    yield Error("kernel_size", {"kernel_size": 8}, ValueError, "kernel_size=8", False)


WINDOW = torch.tensor([[0.2, 0.9, 0.4, 0.7, 0.1, 0.5, 0.3, 0.8, 0.6]])
domain = Domain({"input": (1, 9)}, ({"target": WINDOW, "kernel_size": 3},), element=(0,))


def pictures(shape: tuple[int, ...]) -> dict[str, Tensor]:
    return {"input": torch.rand(shape), "target": torch.rand(shape)}


contests = (usual(pictures, 8, 3, 128, 128),)
