"""What every loss does before it computes: refuse what would be silently wrong."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual


def values_known(*tensors: Tensor) -> bool:
    """Whether values may be looked at: not while compiling, in `torch.func`, or on meta."""
    unknown = torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active()
    for tensor in tensors:
        unknown = unknown or tensor.is_meta
    return not unknown


def has_tangent(tensor: Tensor) -> bool:
    """Whether forward AD follows it, which a function without forward derivatives would end."""
    tangent: Tensor | None = unpack_dual(tensor).tangent  # type: ignore[no-untyped-call]
    return tangent is not None


def all_finite(*tensors: Tensor) -> bool:
    """Whether no element is known to be infinite or NaN: False also where nothing is known.

    A sum tells, at the price of one pass; where it overflows the answer is a cautious no.
    """
    return values_known(*tensors) and all(
        math.isfinite(tensor.detach().sum().item()) for tensor in tensors
    )


def full_precision(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Under autocast, lift half precision to float32, as PyTorch does for its own losses."""
    if not torch._C._is_any_autocast_enabled():
        return tensors
    device = tensors[0].device.type
    if not (torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)):
        return tensors
    return lifted(*tensors)


def lifted(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Lift half precision to float32."""
    return tuple(t.float() if t.dtype in (torch.float16, torch.bfloat16) else t for t in tensors)


def promoted(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Give both the data type that an operation on both has."""
    if x.dtype == y.dtype:
        return x, y
    dtype = torch.promote_types(x.dtype, y.dtype)
    return x.to(dtype), y.to(dtype)


def check_floating(**tensors: Tensor) -> None:
    """Raise where integers would have to be computed with: they have no gradient."""
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise NotImplementedError(
                f"{name} must be floating point, got {tensor.dtype}: pass {name}.float()"
            )


def check_real(**tensors: Tensor) -> None:
    """Raise where complex numbers would have to be compared."""
    for name, tensor in tensors.items():
        if tensor.is_complex():
            raise NotImplementedError(
                f"{name} must be real, got {tensor.dtype}: pass {name}.real or {name}.abs()"
            )


def paired(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Prepare two tensors that are compared element by element; warn where they broadcast.

    (N, 1) against (N) silently becomes (N, N), the most expensive missing `squeeze` there is.
    """
    if input.shape != target.shape and not torch.compiler.is_compiling():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )
    if target.dtype == torch.bool and input.is_floating_point():
        target = target.to(input.dtype)
    input, target = full_precision(input, target)
    return input, target


def bounds(tensor: Tensor) -> tuple[float, float]:
    """Return the lowest and the highest value."""
    lowest, highest = tensor.aminmax()
    return lowest.item(), highest.item()


def check_probabilities(name: str, tensor: Tensor, remedy: str) -> tuple[float, float]:
    """Raise unless all values are in [0, 1]; return the lowest and the highest, if known."""
    if not values_known(tensor) or not tensor.numel():
        return 0, 1
    low, high = bounds(tensor.detach())
    if not (low >= 0 and high <= 1):
        raise RuntimeError(
            f"all elements of {name} should be between 0 and 1, "
            f"got values from {low} to {high}: {remedy}"
        )
    return low, high


def check_weight_shape(weight: Tensor, input: Tensor) -> None:
    """Raise unless there is one weight for each element."""
    if weight.shape != input.shape:
        raise ValueError(
            "Weights and input must have the same size. Got weight of shape "
            f"{tuple(weight.shape)} and input of shape {tuple(input.shape)}: "
            "pass weight.expand_as(input)"
        )


def class_indices(
    target: Tensor, shape: torch.Size, ignore_index: int
) -> tuple[Tensor, Tensor | None]:
    """Prepare class indices for an `input` of `shape`: int64, in range, one for each prediction.

    The value `ignore_index` passes wherever it lies: the mask says where, and is left out where
    the indices are known not to hold it. For an `input` (C) the result has shape ().
    """
    if len(shape) == 0:
        raise ValueError("Expected 1 or more dimensions (got 0): input must be (C) or (N, C, ...)")
    expected = list(shape)
    classes = expected.pop(1 if len(shape) > 1 else 0)
    if list(target.shape) != expected:
        target = _aligned(target, list(shape), expected)
    if target.dtype == torch.uint8:
        target = target.long()
    if target.dtype != torch.int64:
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {scalar_type(target.dtype)}: pass "
            "target.long() for class indices; class probabilities need the shape of input"
        )
    if not values_known(target):
        return target, target == ignore_index
    if target.numel() == 0:
        return target, None
    lowest, highest = bounds(target)
    if lowest < 0 or highest >= classes:
        outside = ((target < 0) | (target >= classes)) & (target != ignore_index)
        if outside.any():
            wrong = target[outside][0]
            raise IndexError(
                f"Target {wrong} is out of bounds. Input has {classes} classes, counted from 0: "
                "give the model more outputs, relabel, or, if this value marks what to leave out, "
                f"pass ignore_index={wrong}"
            )
    return target, target == ignore_index if lowest <= ignore_index <= highest else None


def _aligned(target: Tensor, shape: list[int], expected: list[int]) -> Tensor:
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


def weight_of(y: Tensor, weight: Tensor, input: Tensor) -> Tensor:
    """Return the weight of each class in `y`, in a precision for sums."""
    (weight,) = full_precision(weight)
    check_class_weight(weight, input.shape[min(1, input.dim() - 1)], input.dtype)
    exact = torch.promote_types(input.dtype, torch.float32)
    return weight.to(exact).index_select(0, y.flatten()).reshape(y.shape)


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
