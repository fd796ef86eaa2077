"""Generated calls for every loss that PyTorch has too: one strategy each, from shared builders."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from tests.cases import Case

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


def gaussian(draw: Draw, dtype: torch.dtype) -> Case:
    shape = draw(SHAPES)
    variance = st.floats(0.125, 4, width=32) | st.sampled_from([0.0, 1e-7, 1e-5, INF, 1e30])
    var: Any = draw(st.sampled_from(["each", "kept", "left out", "number"]))
    if var == "number":
        var = draw(st.floats(0.125, 4, width=32))
    else:
        column = (*shape[:-1], 1) if shape and 0 not in shape else shape
        its = {"each": shape, "kept": column, "left out": shape[:-1]}[var]
        var = tensor(draw, its, dtype, variance)
    arguments = {
        "input": tensor(draw, shape, dtype, REAL),
        "target": tensor(draw, shape, dtype, REAL),
        "var": var,
    }
    arguments |= settings_of(draw, {"full": st.booleans(), "eps": st.sampled_from([1e-3, 0.5])})
    return Case("", arguments, ("input", "target"))


def ranking(draw: Draw, dtype: torch.dtype) -> Case:
    shape = draw(SHAPES)
    tame = draw(st.booleans())
    arguments = {
        name: tensor(draw, smaller(draw, shape) if tame else shape, dtype, elements)
        for name, elements in (
            ("input1", TAME if tame else REAL),
            ("input2", TAME if tame else REAL),
            ("target", SIGN | st.just(0.0)),
        )
    }
    arguments |= settings_of(draw, {"margin": st.sampled_from([0.5, 1, -0.5])})
    return Case("", arguments, ("input1", "input2"))


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


def linear(draw: Draw, dtype: torch.dtype) -> Case:
    rows, features, classes = (draw(st.integers(least, 3)) for least in (0, 1, 1))
    grid = draw(st.sampled_from([(), (2,), (1, 2)]))
    batch = (rows,) if grid or draw(st.booleans()) else ()
    arguments: dict[str, Any] = {
        "input": tensor(draw, (*batch, features), dtype, TAME),
        "linear_weight": tensor(draw, (classes, *grid, features), dtype, TAME),
    }
    if draw(st.booleans()):
        arguments["linear_bias"] = tensor(draw, (classes, *grid), dtype, TAME)
    if draw(st.booleans()):
        shape = (*batch, classes, *grid)
        arguments["target"] = tensor(draw, shape, dtype, st.floats(0, 1, width=32))
    else:
        arguments["target"] = indices(draw, (*batch, *grid), classes, (-100,))
    if draw(st.booleans()):
        arguments["weight"] = tensor(draw, (classes,), dtype, WEIGHT)
    arguments |= settings_of(draw, {"label_smoothing": st.sampled_from([0.1, 1.0])})
    return Case("", arguments, ("input", "linear_weight"))


def scores(draw: Draw, dtype: torch.dtype) -> tuple[Tensor, Shape, int]:
    batch, classes = draw(st.sampled_from([(), (0,), (1,), (3,)])), draw(st.integers(1, 4))
    return tensor(draw, (*batch, classes), dtype, REAL), batch, classes


def multi_margin(draw: Draw, dtype: torch.dtype) -> Case:
    input, batch, classes = scores(draw, dtype)
    arguments = {"input": input, "target": indices(draw, batch, classes)}
    if draw(st.booleans()):
        arguments["weight"] = tensor(draw, (classes,), dtype, WEIGHT)
    settings = {"p": st.sampled_from([1, 2]), "margin": st.sampled_from([0.5, 2.0, -1.0])}
    return Case("", arguments | settings_of(draw, settings))


def multilabel_margin(draw: Draw, dtype: torch.dtype) -> Case:
    input, batch, classes = scores(draw, dtype)
    return Case("", {"input": input, "target": indices(draw, (*batch, classes), classes, (-1,))})


def multilabel_soft(draw: Draw, dtype: torch.dtype) -> Case:
    input, batch, classes = scores(draw, dtype)
    arguments = {"input": input, "target": tensor(draw, (*batch, classes), dtype, PROBABILITY)}
    if draw(st.booleans()):
        arguments["weight"] = tensor(draw, (classes,), dtype, WEIGHT)
    return Case("", arguments)


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


def cosine(draw: Draw, dtype: torch.dtype) -> Case:
    batch = draw(st.sampled_from([(), (0,), (1,), (3,)]))
    size = draw(st.integers(1, 3))
    elements = TAME | st.sampled_from([NAN, INF, 1e-6, 1e-30, 1e5, 1e30])
    arguments: dict[str, Any] = {
        name: tensor(draw, (*batch, size), dtype, elements) for name in ("input1", "input2")
    }
    arguments["target"] = tensor(draw, batch, dtype, SIGN | st.just(0.0))
    arguments |= settings_of(draw, {"margin": st.sampled_from([0.5, -0.5])})
    return Case("", arguments, ("input1", "input2"))


def ctc(draw: Draw, dtype: torch.dtype) -> Case:
    time, samples, classes = (draw(st.integers(least, 4)) for least in (1, 1, 2))
    longest = draw(st.integers(0, 3))
    blank = draw(st.integers(0, classes - 1))
    labels = [k for k in range(classes) if k != blank]
    arguments = {
        # Logits: PyTorch's gradient is right in these only.
        "log_probs": tensor(draw, (time, samples, classes), dtype, ORDINARY),
        "targets": tensor(draw, (samples, longest), torch.int64, st.sampled_from(labels)),
        "input_lengths": tensor(draw, (samples,), torch.int64, st.integers(1, time)),
        "target_lengths": tensor(draw, (samples,), torch.int64, st.integers(0, longest)),
        "blank": blank,
    }
    return Case("", arguments | settings_of(draw, {"zero_infinity": st.booleans()}), ("log_probs",))


COUNT = st.integers(0, 12).map(float) | st.sampled_from([0.5, 1.5, 1000.0])
LOG_RATE = st.floats(-8, 8, width=32) | st.sampled_from([0.0, -INF, INF, NAN, 50.0, -50.0, 1000.0])
DISTANCE = st.floats(0, 8, width=32) | st.sampled_from([0.0, 1.0, 0.5, INF, NAN, 1e30, -1.0])

STRATEGIES: dict[str, Builder] = {
    "binary_cross_entropy": pointwise(
        PROBABILITY, PROBABILITY, False, weights=("weight",), weight_broadcasts=True
    ),
    "binary_cross_entropy_with_logits": pointwise(
        REAL, PROBABILITY, False, weights=("weight", "pos_weight"), weight_broadcasts=True
    ),
    "cross_entropy": one_of_classes(REAL, smoothing=True, probabilities=True),
    "nll_loss": one_of_classes(LOG_PROBABILITY),
    "linear_cross_entropy": linear,
    "l1_loss": pointwise(weights=("weight",)),
    "mse_loss": pointwise(weights=("weight",)),
    "smooth_l1_loss": pointwise(beta=st.sampled_from([0.0, 0.5, 1.0, 2.0])),
    "huber_loss": pointwise(weights=("weight",), delta=st.sampled_from([0.5, 1.0, 2.0])),
    "poisson_nll_loss": pointwise(LOG_RATE, COUNT, full=st.booleans()),
    "gaussian_nll_loss": gaussian,
    "kl_div": pointwise(LOG_PROBABILITY, PROBABILITY),
    "margin_ranking_loss": ranking,
    "multilabel_margin_loss": multilabel_margin,
    "multilabel_soft_margin_loss": multilabel_soft,
    "soft_margin_loss": pointwise(REAL, SIGN | st.just(0.0), False, ("input",)),
    "multi_margin_loss": multi_margin,
    "triplet_margin_loss": triplets(
        p=st.sampled_from([1.0, 1.5, 3.0]), swap=st.booleans(), eps=st.sampled_from([0.0, 0.25])
    ),
    "triplet_margin_with_distance_loss": triplets(swap=st.booleans()),
    "hinge_embedding_loss": pointwise(
        DISTANCE, SIGN, True, ("input",), margin=st.sampled_from([0.5, 2.0])
    ),
    "cosine_embedding_loss": cosine,
    "ctc_loss": ctc,
}


@st.composite
def calls(draw: Draw, function: str) -> Case:
    """Draw a call of this loss, in float64 or float32."""
    return STRATEGIES[function](draw, draw(st.sampled_from([torch.float64, torch.float32])))
