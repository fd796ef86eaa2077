"""Generated calls for the losses that PyTorch has too: what the strategies of several share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from tests.cases import Case, part_of

Draw = Callable[[st.SearchStrategy[Any]], Any]
Builder = Callable[[Draw, torch.dtype], Case]
Shape = tuple[int, ...]

INF, NAN = math.inf, math.nan
SHAPES = st.sampled_from(
    [(), (1,), (3,), (2, 3), (3, 1), (2, 2, 2), (1, 2, 3, 2), (0,), (0, 3), (2, 0)]
)
ORDINARY = st.floats(-8, 8, width=32)
KINKS = st.sampled_from([0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0])
EXTREME = st.sampled_from([INF, -INF, NAN, 1e30, -1e30, 1e-30, 100.0, -100.0, 1000.0, -1000.0])
REAL = ORDINARY | KINKS | EXTREME
TAME = ORDINARY | KINKS  # where a sum of huge numbers would only measure its order
WEIGHT = st.floats(0.125, 4, width=32) | st.just(0.0)
PROBABILITY = st.floats(0, 1, width=32) | st.sampled_from([0.0, 1.0, 0.5, 1e-30, 1 - 2**-24])
LOG_PROBABILITY = st.floats(-20, 0, width=32) | st.sampled_from([0.0, -INF, -1e30, -1e-30, NAN])
SIGN = st.sampled_from([1.0, -1.0])


def tensor(
    draw: Draw, shape: Shape, dtype: torch.dtype, elements: st.SearchStrategy[Any]
) -> Tensor:
    """Draw a tensor in any memory layout."""
    size = math.prod(shape)
    values = draw(st.lists(elements, min_size=size, max_size=size))
    dense = torch.tensor(values, dtype=dtype).reshape(shape)
    layout = draw(st.sampled_from(["dense", "transposed", "strided", "channels last"]))
    if layout == "transposed" and dense.dim() > 1:
        return dense.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "strided":
        return torch.stack([dense, dense], -1)[..., 0]
    if layout == "channels last" and dense.dim() == 4:
        return dense.contiguous(memory_format=torch.channels_last)
    return dense


def settings_of(draw: Draw, settings: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    return {name: draw(strategy) for name, strategy in settings.items() if draw(st.booleans())}


def smaller(draw: Draw, shape: Shape) -> Shape:
    """Draw a shape that broadcasts to this one, mostly itself."""
    return tuple(size if draw(st.integers(0, 3)) else 1 for size in shape)


def pointwise(
    input: st.SearchStrategy[Any] = REAL,
    target: st.SearchStrategy[Any] = REAL,
    broadcasts: bool = True,
    differentiable: tuple[str, ...] = ("input", "target"),
    weights: tuple[str, ...] = (),
    weight_broadcasts: bool = False,
    **settings: st.SearchStrategy[Any],
) -> Builder:
    def build(draw: Draw, dtype: torch.dtype) -> Case:
        shape = draw(SHAPES)
        tame = broadcasts and draw(st.booleans())
        shapes = [smaller(draw, shape) if tame else shape for _ in range(2)]
        arguments: dict[str, Any] = {}
        for name, its, elements in zip(("input", "target"), shapes, (input, target), strict=True):
            if tame:
                elements = elements.filter(lambda x: abs(x) < 50)
            arguments[name] = tensor(draw, its, dtype, elements)
        for name in weights:
            if draw(st.booleans()) and (not tame or weight_broadcasts):
                its = smaller(draw, shape) if weight_broadcasts else shape
                arguments[name] = tensor(draw, its, dtype, WEIGHT)
        arguments |= settings_of(draw, settings)
        return Case("", arguments, differentiable)

    return build


def indices(draw: Draw, shape: Shape, classes: int, also: tuple[int, ...] = ()) -> Tensor:
    allowed = st.sampled_from([*range(classes), *also])
    return tensor(draw, shape, torch.int64, allowed)


def one_of_classes(
    input: st.SearchStrategy[Any], smoothing: bool = False, probabilities: bool = False
) -> Builder:
    """Class indices, or class probabilities, in any number of dimensions."""

    def build(draw: Draw, dtype: torch.dtype) -> Case:
        classes = draw(st.integers(1, 4))
        form = [(), (1,), (3,), (0,), (2, 2), (1, 2, 2), (2, 1, 1, 2)]
        positions = draw(st.sampled_from(form))
        shape = (*positions[:1], classes, *positions[1:])
        arguments: dict[str, Any] = {"input": tensor(draw, shape, dtype, input)}
        settings = {"label_smoothing": st.sampled_from([0.1, 1.0])} if smoothing else {}
        if probabilities and draw(st.booleans()):
            arguments["target"] = tensor(draw, shape, dtype, PROBABILITY)
        else:
            skip = draw(st.sampled_from([(), (-100,)]))
            arguments["target"] = indices(draw, positions, classes, skip)
            if not skip:
                settings["ignore_index"] = st.sampled_from([-1, *range(classes)])
        if draw(st.booleans()):
            arguments["weight"] = tensor(draw, (classes,), dtype, WEIGHT)
        arguments |= settings_of(draw, settings)
        return Case("", arguments)

    return build


def scores(draw: Draw, dtype: torch.dtype) -> tuple[Tensor, Shape, int]:
    batch, classes = draw(st.sampled_from([(), (0,), (1,), (3,)])), draw(st.integers(1, 4))
    return tensor(draw, (*batch, classes), dtype, REAL), batch, classes


def triplets(**settings: st.SearchStrategy[Any]) -> Builder:
    def build(draw: Draw, dtype: torch.dtype) -> Case:
        shape = draw(st.sampled_from([(3,), (1, 2), (2, 3), (0, 2), (2, 2, 2)]))
        names = ("anchor", "positive", "negative")
        arguments: dict[str, Any] = {
            name: tensor(draw, shape, dtype, TAME | st.just(NAN)) for name in names
        }
        margin = {"margin": st.sampled_from([0.5, 1.0, 20.0])}
        return Case("", arguments | settings_of(draw, settings | margin), names)

    return build


@st.composite
def calls(draw: Draw, function: str) -> Case:
    """Draw a call of this loss, in float64 or float32."""
    strategy: Builder = part_of(function, "strategy")
    return strategy(draw, draw(st.sampled_from([torch.float64, torch.float32])))
