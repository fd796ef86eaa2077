"""What every loss does around its formula: check, choose the precision, round the result.

None of it changes a float32 or float64 call that is right, so the short form of a loss on its page
leaves out whatever comes from here.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, get_type_hints

import torch
from torch import Tensor

from losses._reduction import legacy_reduction

P = ParamSpec("P")
R = TypeVar("R", bound=Tensor | tuple[Tensor, ...])
HALF = (torch.float16, torch.bfloat16)


def loss_function(*like: str, autocast: bool = True) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Do around a formula what every loss does.

    Refuse what is no tensor, translate `size_average` and `reduce`, and round the result, once, to
    the common data type of the arguments `like`: a tensor, or each of a named tuple. Without
    `autocast`, that stays outside: it would compute products of matrices in half precision.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        hints = get_type_hints(function)
        names = [name for name in hints if name != "return"]
        tensors = {name for name in names if hints[name] == Tensor}
        optional = {name for name in names if hints[name] == (Tensor | None)}

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            # As many names as arguments: PyTorch 2.6 compiles no other zip.
            given = {**dict(zip(names[: len(args)], args, strict=False)), **kwargs}
            for place, name in enumerate(names, start=1):
                asked = name in tensors or (name in optional and given.get(name) is not None)
                if name in given and asked:
                    check_tensor(function.__name__, place, name, given[name], given.get(names[0]))
            if given.get("size_average") is not None or given.get("reduce") is not None:
                given["reduction"] = legacy_reduction(
                    given.pop("size_average", None), given.pop("reduce", None), "mean", stacklevel=3
                )
                args, kwargs = args[len(names) :], given
            examples: list[Any] = [given.get(name) for name in like]
            if not autocast and autocasting(examples[0]):
                with torch.autocast(examples[0].device.type, enabled=False):
                    loss: Any = function(*args, **kwargs)
            else:
                loss = function(*args, **kwargs)
            if isinstance(loss, tuple):
                return type(loss)(*(rounded(part, *examples) for part in loss))
            return rounded(loss, *examples)

        # Code of its own: the compiler counts its attempts by code, and gives up after eight.
        call.__code__ = call.__code__.replace(co_name=function.__name__)  # type: ignore[attr-defined]
        return call

    return decorate


def check_tensor(function: str, place: int, name: str, value: Any, first: Any) -> None:
    """Raise where no tensor is given, or one without values although the first argument has some.

    From a tensor on the meta device, PyTorch's `gather` and `linear` compute a number on the CPU.
    """
    argument = f"{function}(): argument '{name}' (position {place})"
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{argument} must be Tensor, not {type(value).__name__}: pass torch.as_tensor({name})"
        )
    if value.is_meta and isinstance(first, Tensor) and not first.is_meta:
        raise RuntimeError(
            f"{argument} is on the meta device, where tensors have no values: "
            f"pass it on {first.device}"
        )


def rounded(loss: Tensor, *like: Any) -> Tensor:
    """Give the loss the common data type of the tensors in `like`.

    Where that is half precision, the loss was computed in float32; under autocast it stays so, as
    PyTorch's own losses do. A loss of integers is a float32.
    """
    dtypes = (tensor.dtype for tensor in like if isinstance(tensor, Tensor))
    dtype = functools.reduce(torch.promote_types, dtypes)
    if dtype.is_complex:
        return loss
    if not dtype.is_floating_point or (dtype in HALF and autocasting(loss)):
        dtype = torch.float32
    return loss.to(dtype)


def autocasting(tensor: Tensor) -> bool:
    """Whether autocast is on where the tensor lives."""
    return not tensor.is_meta and torch.is_autocast_enabled(tensor.device.type)


def upcast(*tensors: Tensor | None) -> tuple[Any, ...]:
    """Give all the data type to compute in: their common one, float32 at least.

    Small integers are thereby computed in floating point, where nothing wraps around.
    """
    dtypes = (tensor.dtype for tensor in tensors if tensor is not None)
    dtype = functools.reduce(torch.promote_types, dtypes)
    if dtype in (torch.int32, torch.int64):
        dtype = torch.float64
    dtype = torch.promote_types(dtype, torch.float32)
    return tuple(tensor if tensor is None else tensor.to(dtype) for tensor in tensors)


def can_inspect(*tensors: Tensor) -> bool:
    """Whether values may be looked at: on the CPU, outside of compiling, tracing and `torch.func`.

    Elsewhere there is nothing to see, or looking would make Python wait for the device.
    """
    tracing: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
    if tracing or torch.compiler.is_compiling():
        return False
    try:
        return all(tensor.untyped_storage().device.type == "cpu" for tensor in tensors)
    except NotImplementedError:  # a tensor of `torch.func` has no memory of its own
        return False


def outlier(
    low: float, tensor: Tensor, high: float, *others: Tensor, nan: bool = False
) -> float | None:
    """Return a value outside of [low, high]; None if there is none, or nobody may look.

    NaN counts as outside on request. `others` must allow a look as well.
    """
    if not can_inspect(tensor, *others) or tensor.numel() == 0:
        return None
    try:
        lowest, highest = (bound.item() for bound in tensor.detach().aminmax())
    except RuntimeError:  # `make_fx` is tracing
        return None
    if lowest < low:
        return lowest
    return highest if highest > high or (nan and math.isnan(highest)) else None


def check_floating(**tensors: Tensor) -> None:
    """Raise unless the common data type is floating point: integers have no gradient."""
    dtype = functools.reduce(torch.promote_types, (tensor.dtype for tensor in tensors.values()))
    if not dtype.is_floating_point:
        names, found = " and ".join(tensors), " and ".join(str(t.dtype) for t in tensors.values())
        remedy = f"{next(iter(tensors))}.{'abs' if dtype.is_complex else 'float'}()"
        raise NotImplementedError(f"{names} must be floating point, got {found}: pass {remedy}")


def check_mean(reduction: str, *tensors: Tensor) -> None:
    """Raise where integers would have to be averaged."""
    exact = not any(tensor.is_floating_point() or tensor.is_complex() for tensor in tensors)
    if reduction == "mean" and exact:
        raise RuntimeError(
            f"'mean' needs floating point, got {tensors[0].dtype}: pass input.float()"
        )


def check_real(**tensors: Tensor) -> None:
    """Raise where complex numbers would have to be compared."""
    for name, tensor in tensors.items():
        if tensor.is_complex():
            raise RuntimeError(
                f"{name} must be real, got {tensor.dtype}: pass {name}.real or {name}.abs()"
            )


def paired(input: Tensor, target: Tensor, *others: Tensor | None) -> tuple[Any, ...]:
    """Give two tensors that are compared, and others, a common type; warn where they broadcast.

    (N, 1) against (N) silently becomes (N, N), the most expensive missing `squeeze` there is.
    """
    if input.shape != target.shape and not torch.compiler.is_compiling():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=4,
        )
    return upcast(input, target, *others)


def check_probabilities(name: str, tensor: Tensor, remedy: str, *others: Tensor) -> None:
    """Raise unless all values are in [0, 1]."""
    wrong = outlier(0, tensor, 1, *others, nan=True)
    if wrong is not None:
        raise RuntimeError(
            f"all elements of {name} should be between 0 and 1, got {wrong}: {remedy}"
        )


def check_same_shape(input: Tensor, target: Tensor) -> None:
    """Raise unless there is one target for each prediction: nothing is broadcast."""
    if target.shape != input.shape:
        raise ValueError(
            f"input and target must have the same shape, got {tuple(input.shape)} and "
            f"{tuple(target.shape)}: squeeze or expand one of them, as in input.squeeze(1) for "
            "(N, 1) against (N)"
        )


def check_lists(input: Tensor, target: Tensor, mask: Tensor | None) -> None:
    """Raise unless each row is a list of scores, with a target and a place in the mask for each."""
    check_floating(input=input)
    if input.ndim != 2:
        raise ValueError(
            f"expected input of shape (N, L), the scores of one list a row, got "
            f"{tuple(input.shape)}: pass input.unsqueeze(0) for a single list, "
            "torch.stack((better, worse), 1) for pairs, with 1 and 0 in each row of target"
        )
    for name, other in (("target", target), ("mask", mask)):
        if other is None:
            continue
        check_real(**{name: other})
        if other.shape != input.shape:
            raise ValueError(
                f"{name} must have the shape of input, {tuple(input.shape)}, one entry a score, "
                f"got {tuple(other.shape)}: for the lengths of the lists pass "
                "mask=torch.arange(input.shape[1]) < lengths[:, None]"
            )


def check_labels(input: Tensor, target: Tensor) -> None:
    """Raise unless there is one label for each row."""
    if target.shape != input.shape[:1]:
        raise ValueError(
            f"expected target of shape ({len(input)},), one label for each row of input, "
            f"got {tuple(target.shape)}: pass target.flatten(), or target.argmax(1) if one-hot"
        )


def check_softness(temperature: float) -> None:
    """Raise unless logits can be divided by the temperature."""
    if not temperature > 0:
        raise ValueError(
            f"temperature must be above 0, got temperature={temperature}: 1 leaves the "
            "distributions as they are, 2 to 5 make them softer"
        )


def check_teacher(input: Tensor, teacher: Tensor, temperature: float) -> None:
    """Raise unless student and teacher have a logit for each class, and a temperature."""
    check_softness(temperature)
    check_floating(input=input)
    check_floating(teacher=teacher)
    found = f"got {tuple(input.shape)} and {tuple(teacher.shape)}"
    if input.shape != teacher.shape:
        raise ValueError(
            f"input and teacher must have the same shape, (*, C) logits, {found}: where one has "
            "more classes, compare those that both have, as in teacher[..., :input.shape[-1]]; a "
            "class index is for cross_entropy"
        )
    if input.dim() == 0:
        raise ValueError(
            f"input and teacher must have a dimension of classes, the last one, {found}: for two "
            "classes pass torch.stack((torch.zeros_like(x), x), -1) of each"
        )


def check_signs(target: Tensor) -> None:
    """Raise unless every label is -1 or 1: one of 0 would cost the same whatever the score."""
    (label,) = upcast(target)
    wrong = outlier(1, label.masked_fill(label == -1, 1), 1, nan=True)
    if wrong is not None:
        raise ValueError(
            f"every target must be -1 or 1, got {wrong:g}: "
            "for labels of 0 and 1 pass 2 * target.float() - 1"
        )


def check_ranks(input: Tensor, target: Tensor) -> None:
    """Raise unless each row is the K - 1 logits of one sample, and has one rank of K."""
    check_floating(input=input)
    if input.ndim != 2 or target.shape != input.shape[:1]:
        raise ValueError(
            "expected input of shape (N, K - 1) and target of shape (N) for K ranks, got "
            f"{tuple(input.shape)} and {tuple(target.shape)}: pass target.squeeze(1) for (N, 1), "
            "target.sum(1) for levels of 0 and 1"
        )
    if target.dtype != torch.int64:
        raise RuntimeError(
            f"expected target dtype to be Long, but got {scalar_type(target.dtype)}: pass "
            "target.long(), the rank of each row, counted from 0"
        )
    tasks = input.shape[1]
    wrong = outlier(0, target, tasks, input)
    if wrong is not None:
        raise IndexError(
            f"Target {wrong} is out of bounds. {tasks} logits a row make {tasks + 1} ranks, "
            "counted from 0: pass target - 1 where ranks count from 1, or give the model one "
            "logit less than there are ranks"
        )


def check_label_rows(input: Tensor, target: Tensor) -> None:
    """Raise unless each logit of a row has an answer in [0, 1]."""
    check_same_shape(input, target)
    if input.dim() == 0:
        raise ValueError(
            "input and target must have a dimension of labels, the last one: pass input[None] and "
            "target[None] for a single label"
        )
    wrong = outlier(0, target, 1, input, nan=True)
    if wrong is not None:
        raise ValueError(
            f"all values of target should be between 0 and 1, got {wrong}: pass (target > 0) for "
            "answers of -1 and 1"
        )


def check_mask(input: Tensor, target: Tensor, ignore_index: int) -> None:
    """Raise unless each logit has a label, 0 or 1, or one that is ignored."""
    check_same_shape(input, target)
    if input.dim() == 0:
        raise ValueError(
            "input and target must have at least one dimension, the images of a batch: pass "
            "input[None] and target[None] for a single one"
        )
    if can_inspect(target, input):
        known = (target == 0) | (target == 1) | (target == ignore_index)
        wrong = outlier(0, target.masked_fill(known, 0), 0, input, nan=True)
        if wrong is not None:
            raise ValueError(
                f"target must be 0, 1 or ignore_index, got {wrong}: pass (target > 0) for a mask "
                f"of 0 and 255 or of -1 and 1, ignore_index={wrong} where it marks what to leave "
                "out"
            )


def check_weight_shape(weight: Tensor | None, input: Tensor) -> None:
    """Raise unless there is one weight for each element, or none at all."""
    if weight is not None and weight.shape != input.shape:
        raise ValueError(
            "Weights and input must have the same size. Got weight of shape "
            f"{tuple(weight.shape)} and input of shape {tuple(input.shape)}: "
            "pass weight.expand_as(input)"
        )


def classified(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Prepare what a loss over classes compares: `input`, class indices, a weight for each class.

    The indices become int64, one for each prediction: for an `input` (C) their shape is (). The
    value `ignore_index` passes wherever it lies.
    """
    if input.dim() == 0:
        raise ValueError("Expected 1 or more dimensions (got 0): input must be (C) or (N, C, ...)")
    dim = min(1, input.dim() - 1)
    expected = list(input.shape)
    classes = expected.pop(dim)
    if list(target.shape) != expected:
        target = aligned(target, list(input.shape), expected)
    if target.dtype not in (torch.uint8, torch.int64):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {scalar_type(target.dtype)}: pass "
            "target.long() for class indices; class probabilities need the shape of input"
        )
    target = target.long()
    wrong = outlier(0, target.masked_fill(target == ignore_index, 0), max(0, classes - 1), input)
    if wrong is not None:
        raise IndexError(
            f"Target {wrong} is out of bounds. Input has {classes} classes, counted from 0: "
            "give the model more outputs, relabel, or, if this value marks what to leave out, "
            f"pass ignore_index={wrong}"
        )
    check_floating(input=input)
    if weight is not None:
        check_class_weight(weight, classes, None if autocasting(input) else input.dtype)
        (weight,) = upcast(weight)
    (input,) = upcast(input)
    if classes == 0:  # every target is ignored; one class makes room for them
        input = torch.cat([input, input.new_zeros(input.shape).sum(dim, keepdim=True)], dim)
        weight = None
    return input, target, weight


def aligned(target: Tensor, shape: list[int], expected: list[int]) -> Tensor:
    """Give class indices the shape expected, if that is only another way to write it."""
    dims, got = len(shape), f"got target {list(target.shape)} for input {shape}"
    batch = target.shape[0] if target.dim() else 0
    if dims > 1 and batch != shape[0]:
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({batch}). "
            f"Here, {got}: pass one class index for each row of input"
        )
    if dims < 3 and target.dim() > 1:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported: {got}; pass "
            "target.squeeze(1) if it holds indices, target.argmax(1) if it is one-hot"
        )
    if dims == 1 and batch != 1:
        raise ValueError(
            f"For 1D input, 1D target must have size 1, but got target size: {batch}. "
            "Pass input of shape (N, C) for N predictions, or one index"
        )
    if dims > 2:
        if dims == 4 and target.dim() != 3:
            problem = "only batches of spatial targets supported (3D tensors) but got targets of "
            problem += f"dimension: {target.dim()}. Pass target.squeeze(1) to drop a channel"
        elif dims == 4:
            problem = f"size mismatch (got input: {shape} , target: {list(target.shape)})"
        else:
            problem = f"Expected target size {expected}, got {list(target.shape)}"
        raise RuntimeError(
            f"{problem}. One index for each position of input {shape} has shape {expected}: "
            "dimension 1 of input is the classes; where they come last, pass input.movedim(-1, 1)"
        )
    return target.reshape(expected)


def check_class_weight(weight: Tensor, classes: int, dtype: torch.dtype | None = None) -> None:
    """Raise unless there is one weight for each class, and of the `dtype` of `input`, if given."""
    if list(weight.shape) != [classes]:
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}. Pass {classes} numbers, one a class"
        )
    if dtype not in (None, weight.dtype):
        raise RuntimeError(
            f"expected scalar type {scalar_type(dtype)} but found {scalar_type(weight.dtype)}: "
            f"weight must have the data type of input, pass weight.to({dtype})"
        )


def scalar_type(dtype: torch.dtype | None) -> str:
    """Name a data type as PyTorch's messages do: Float, Long, BFloat16."""
    return torch.empty(0, dtype=dtype).type().split(".")[-1].removesuffix("Tensor")


def broadcast_shape(**shapes: torch.Size) -> torch.Size:
    """Return the shape that all of these broadcast to; name them in the error if there is none."""
    first, *others = shapes.values()
    if all(other == first for other in others):
        return first
    try:
        shape: torch.Size = torch.broadcast_shapes(*shapes.values())  # type: ignore[no-untyped-call]
        return shape
    except RuntimeError:
        found = ", ".join(f"{name} of shape {tuple(shape)}" for name, shape in shapes.items())
        raise RuntimeError(
            f"The size of tensor a must match the size of tensor b: got {found}; "
            "sizes must be equal or 1, counted from the last dimension"
        ) from None


def check_gamma(gamma: float) -> None:
    """Raise unless the focusing exponent is a number, at least 0."""
    if not isinstance(gamma, (int, float)):
        raise TypeError(
            f"gamma must be a number, got {type(gamma).__name__}: pass every setting by its name, "
            "gamma=2.0 for the exponent, weight=... for class weights (class counts have no place)"
        )
    if not gamma >= 0:
        raise ValueError(
            f"gamma must be at least 0, got gamma={gamma}: 0 is plain cross entropy, 2 is usual"
        )


def check_triplets(margin: float, anchor: Tensor, positive: Tensor, negative: Tensor) -> None:
    """Raise unless the margin is positive and the three are alike in their number of dimensions."""
    if margin <= 0:
        raise ValueError(
            f"margin must be greater than 0, got {margin}: without one, a loss of 0 is reached "
            "by giving all embeddings the same value"
        )
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs: pass all three as (N, D), or a single one as x.unsqueeze(0)"
        )


def check_factors(input: Tensor, **factors: Tensor | None) -> None:
    """Raise unless each factor of the loss, such as `weight`, broadcasts to `input`."""
    for name, factor in factors.items():
        if factor is None:
            continue
        shape = broadcast_shape(input=input.shape, **{name: factor.shape})
        if shape != input.shape:
            raise RuntimeError(
                f"output with shape {list(input.shape)} doesn't match the broadcast shape "
                f"{list(shape)}: {name} of shape {tuple(factor.shape)} is larger than input; "
                "pass one number for each element, or a shape that broadcasts to input"
            )


def check_eps(eps: float) -> None:
    """Raise unless what is added to the denominators is a number, at least 0."""
    if not eps >= 0:
        raise ValueError(
            f"eps must be at least 0, got eps={eps}: it is added to each denominator, so that two "
            "boxes without an area cost a finite number; 1e-7 is usual"
        )


def check_boxes(boxes1: Tensor, boxes2: Tensor, eps: float) -> None:
    """Raise unless these are pairs of boxes, each with its corners in order."""
    check_eps(eps)
    check_floating(boxes1=boxes1)
    check_real(boxes2=boxes2)
    found = f"got {tuple(boxes1.shape)} and {tuple(boxes2.shape)}"
    if boxes1.shape != boxes2.shape:
        raise ValueError(
            f"boxes1 and boxes2 must have the same shape, {found}: each box is compared with the "
            "one in the same place; for all pairs pass boxes1[:, None].expand(-1, M, -1) and "
            "boxes2.expand(N, -1, -1)"
        )
    if boxes1.shape[-1:] != (4,):
        raise ValueError(
            f"boxes1 and boxes2 must end in 4 numbers a box, x1, y1, x2, y2, {found}: pass them as "
            "(N, 4), one box per row"
        )
    for name, boxes in (("boxes1", boxes1), ("boxes2", boxes2)):
        if can_inspect(boxes):
            (corners,) = upcast(boxes)
            sides = (corners[..., 2:] - corners[..., :2]).nan_to_num(nan=0.0)
            wrong = outlier(0, sides, math.inf)
            if wrong is not None:
                raise ValueError(
                    f"{name} must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, got a width or "
                    f"height of {wrong}: where they are centres and sizes, pass "
                    f"torch.cat([{name}[..., :2] - {name}[..., 2:] / 2, "
                    f"{name}[..., :2] + {name}[..., 2:] / 2], -1)"
                )


def check_counts(input: Tensor, target: Tensor, log_input: bool) -> None:
    """Raise unless there is one count for each prediction, and no mean is below 0."""
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)
    lowest = outlier(0, target, math.inf, input)
    if lowest is not None:
        raise ValueError(
            f"target must be at least 0, got {lowest:.4g}: pass the amounts themselves, not "
            "standardised ones or their logarithms"
        )
    lowest = None if log_input else outlier(0, input, math.inf, target)
    if lowest is not None:
        raise ValueError(
            f"input must be at least 0 with log_input=False, got {lowest:.4g}: pass "
            "softplus(input), or leave log_input=True and predict the logarithm of the mean"
        )


def check_total_count(total_count: Any, input: Tensor) -> None:
    """Raise unless there is one positive number for each prediction, or for several."""
    if isinstance(total_count, Tensor):
        check_real(total_count=total_count)
        check_expands(input, total_count=total_count)
        lowest = outlier(math.ulp(0), total_count, math.inf, input)
    elif isinstance(total_count, (int, float)):
        lowest = None if total_count > 0 else total_count
    else:
        raise TypeError(
            f"total_count must be a tensor or a number, got {type(total_count).__name__}"
        )
    if lowest is not None:
        raise ValueError(
            f"total_count must be above 0, got {lowest:.4g}: pass softplus(total_count), or "
            "total_count.exp() if it is a logarithm; of a dispersion, pass 1 / dispersion"
        )


def expands(other: Tensor, input: Tensor) -> bool:
    """Whether a tensor fits the shape of `input` without enlarging it."""
    pairs = zip(reversed(other.shape), reversed(input.shape), strict=False)
    return other.dim() <= input.dim() and all(size in (1, there) for size, there in pairs)


def check_expands(input: Tensor, **others: Tensor) -> None:
    """Raise unless each of these broadcasts to the shape of `input`, which stays as it is."""
    for name, other in others.items():
        if not expands(other, input):
            raise ValueError(
                f"{name} must broadcast to the shape of input, got {tuple(other.shape)} for "
                f"{tuple(input.shape)}: pass the same shape, or 1 along a dimension that shares it"
            )


def check_logps(**logps: Tensor) -> None:
    """Raise unless these are log-probabilities of the same shape, one a sequence or one a token."""
    (first, reference), *others = logps.items()
    check_floating(**{first: reference})
    for name, other in others:
        check_floating(**{name: other})
        if other.shape != reference.shape:
            raise ValueError(
                f"{name} must have the shape of {first}, {tuple(reference.shape)}, got "
                f"{tuple(other.shape)}: nothing is broadcast, pass one log-probability for each"
            )


def check_beta(beta: float) -> None:
    """Raise unless what the log-probabilities are multiplied by is above 0."""
    if not beta > 0:
        raise ValueError(
            f"beta must be above 0, got beta={beta}: it multiplies the log-probabilities, and "
            "without them there is nothing to learn from"
        )
