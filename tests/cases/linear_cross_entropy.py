from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import FEATURES, Arguments, Contest, Shape
from tests.domains import LOGITS, Domain
from tests.strategies import TAME, WEIGHT, Draw, indices, settings_of, tensor

SYMBOLS = {"W": "linear_weight", "b": "linear_bias", "w": "weight"}
SHARED = ("linear_weight", "linear_bias", "weight")
REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def blocks(rows: int | None) -> Any:
    """Make `options`; where PyTorch is too old to have them, any object with the field."""
    kind = getattr(torch.nn, "LinearCrossEntropyOptions", SimpleNamespace)
    return kind(batch_chunk_size=rows)


def reference(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    linear_bias: Tensor | None = None,
    ignore_index: int = -100,
    options: Any = None,
    **settings: Any,
) -> Tensor:
    """The layer, then the loss: for a PyTorch that has no such loss."""
    dimensions = "nd,c...d->nc..." if input.dim() == 2 else "d,cd->c"
    logits = torch.einsum(dimensions, input, linear_weight)
    if linear_bias is not None:
        logits = logits + linear_bias
    settings |= {"ignore_index": ignore_index}
    return torch.nn.functional.cross_entropy(logits, target, **settings)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(5, 3, dtype=dtype), randint(4, 5)
    layer, bias = randn(4, 3, dtype=dtype, seed=1), randn(4, dtype=dtype, seed=2)
    weight = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=dtype)
    ignored = torch.tensor([0, -100, 3, 1, -100])
    both = ("input", "linear_weight")
    every = (*both, "linear_bias")
    call = {"input": x, "linear_weight": layer, "target": y}
    biased = call | {"linear_bias": bias}
    yield Case("indices", call, both)
    yield Case("bias", biased, every)
    yield Case("weight", biased | {"weight": weight}, every)
    yield Case("ignored", biased | {"target": ignored, "weight": weight}, every)
    yield Case("ignore_index=1", call | {"target": ignored.abs() % 4, "ignore_index": 1}, both)
    smooth = {"label_smoothing": 0.2}
    yield Case("smoothing", biased | smooth | {"target": ignored, "weight": weight}, every)
    soft = randn(5, 4, dtype=dtype, seed=3).softmax(1)
    yield Case("probabilities", biased | {"target": soft}, (*every, "target"))
    yield Case("probabilities, weight", call | {"target": soft, "weight": weight} | smooth, both)

    grid = {
        "input": x,
        "linear_weight": randn(4, 2, 3, 3, dtype=dtype, seed=4),
        "linear_bias": randn(4, 2, 3, dtype=dtype, seed=5),
        "target": randint(4, 5, 2, 3, seed=6),
    }
    yield Case("out_features", grid | {"weight": weight}, every)
    soft_grid = grid | {"target": randn(5, 4, 2, 3, dtype=dtype, seed=7).softmax(1)}
    yield Case("out_features, probabilities", soft_grid, every)
    yield Case("one sample", call | {"input": x[0], "target": y[0]}, both)
    yield Case("one sample, probabilities", call | {"input": x[0], "target": soft[0]}, both)
    yield Case("empty", call | {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    yield Case("all ignored", call | {"target": torch.full_like(y, -100)}, both)

    # Of 3 rows and of 2: in a block of one, the compiler of PyTorch 2.14.1 fails at the bias.
    in_blocks = {"options": blocks(3)}
    yield Case("blocks", biased | in_blocks, every)
    yield Case("blocks, ignored", biased | in_blocks | {"target": ignored, "weight": weight}, every)
    # PyTorch's blocks know neither of these: it warns and keeps all logits.
    unknown = "options ignored, with a warning"
    yield Case("blocks, smoothing", biased | in_blocks | smooth, every, defect=unknown)
    yield Case("blocks, probabilities", biased | in_blocks | {"target": soft}, defect=unknown)
    yield Case("blocks, out_features", grid | in_blocks, defect=unknown)
    infinite = x.clone()
    infinite[1, 0] = float("inf")
    yield Case(
        "blocks, infinite ignored",
        biased | in_blocks | {"input": infinite, "target": ignored},
        ("linear_bias",),
        gradcheck=False,
        defect="an ignored infinity gives NaN",
    )


def points(seed: int) -> Iterator[Point]:
    layer, b = randn(5, 3, seed=seed), randn(5, seed=seed + 1)
    arguments = {"input": randn(4, 3, seed=seed + 2), "target": randint(5, 4, seed=seed)}
    weight = randn(5, seed=seed + 3).exp()
    yield Point({**arguments, "linear_weight": layer, "linear_bias": b, "weight": weight})


def errors() -> Iterator[Error]:
    x, layer, y = torch.zeros(2, 3), torch.zeros(4, 3), torch.tensor([0, 1])
    call = {"input": x, "linear_weight": layer, "target": y}
    soft = torch.zeros(2, 4)
    yield Error("input 3-d", call | {"input": x[None]}, RuntimeError, "dimensionality 1 or 2")
    yield Error("layer 1-d", call | {"linear_weight": x[0]}, RuntimeError, "at least 2")
    yield Error("layer transposed", call | {"linear_weight": layer.T}, RuntimeError, "in_features")
    yield Error("bias", call | {"linear_bias": torch.zeros(3)}, RuntimeError, "linear_bias shape")
    grid = {"input": x[0], "linear_weight": layer[:, None]}
    yield Error("unbatched grid", call | grid, RuntimeError, "requires batched input")
    yield Error("class weight", call | {"weight": torch.ones(3)}, RuntimeError, "weight tensor")
    yield Error(
        "ignored probabilities",
        call | {"target": soft, "ignore_index": -100},
        RuntimeError,
        "ignore_index",
    )
    yield Error("range", call | {"target": y + 3}, IndexError, "Target 4 is out of bounds")
    yield Error("dtype", call | {"target": y.float()}, RuntimeError, "Long or Byte")
    yield Error("batch", call | {"target": y[:1]}, ValueError, "batch_size")
    yield Error("smoothing", call | {"label_smoothing": 2.0}, RuntimeError, "label_smoothing")
    yield Error("reduction", call | {"reduction": "avg"}, ValueError, "avg")
    yield Error("integers", {k: v.long() for k, v in call.items()}, NotImplementedError, "input")


def class_errors() -> Iterator[Error]:
    layer = {"in_features": 3, "num_classes": 4}
    yield Error("weight", layer | {"weight": torch.ones(3)}, RuntimeError, r"weight shape .*\(3,\)")
    for share in (-0.1, 1.1):
        smooth = {"label_smoothing": share}
        yield Error(f"smoothing {share}", layer | smooth, RuntimeError, f"0, 1.*, got {share}")


domain = Domain(
    {"input": (2,)},
    ({"target": torch.tensor(1), "linear_weight": randn(3, 2)},),
    scales=LOGITS,
)


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
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


def last_layer(shape: Shape, **settings: Any) -> Arguments:
    samples, features, classes = shape
    return {
        "input": torch.randn(samples, features),
        "linear_weight": torch.randn(classes, features) / 8,
        "target": torch.randint(classes, (samples,)),
        **settings,
    }


def in_blocks(shape: Shape) -> Arguments:
    return last_layer(shape, options=blocks(128))


def two_steps(input: Tensor, linear_weight: Tensor, target: Tensor, options: object) -> Tensor:
    logits = torch.nn.functional.linear(input, linear_weight)
    return torch.nn.functional.cross_entropy(logits, target)


LAYER = ("input", "linear_weight")
tokens = partial(Contest, in_blocks, LAYER, shapes={"vocabulary": (2048, 128, 32000)}, memory=True)
contests = (
    Contest(last_layer, LAYER, shapes=FEATURES),
    tokens(label="in blocks", against="PyTorch's blocks", wanted={"vocabulary": {"memory": 1.3}}),
    tokens(
        label="in blocks, two steps",
        other=two_steps,
        against="`linear`, then `cross_entropy`",
        wanted={"vocabulary": {"memory": 1 / 7}},
    ),
)
