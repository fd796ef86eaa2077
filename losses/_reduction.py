"""What every loss does last: reduce its elements to one number, and what every class does first."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import Function

from losses._checks import lifted

Elements = Callable[[Tensor, Tensor], Tensor]  # of two tensors of one shape, element by element
BLOCK = 2**16  # elements: what is made of them stays in the cache


def legacy_reduction(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """Translate the deprecated `size_average` and `reduce`, with PyTorch's own warning."""
    if size_average is None and reduce is None:
        return reduction
    if isinstance(size_average, Tensor) or isinstance(reduce, Tensor):
        raise RuntimeError(
            "Boolean value of Tensor with more than one value is ambiguous: size_average and "
            "reduce are no tensors. Build the loss, then call it, as in MSELoss()(input, target)"
        )
    if reduce is False:
        reduction = "none"
    else:
        reduction = "sum" if size_average is False else "mean"
    if not torch.compiler.is_compiling():
        warnings.warn(
            "size_average and reduce args will be deprecated, "
            f"please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    return reduction


def reduce_loss(loss: Tensor, reduction: str, denominator: Tensor | int | None = None) -> Tensor:
    """Keep, add up or average the elements; `denominator` is what 'mean' divides by."""
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        if not (loss.is_floating_point() or loss.is_complex()):
            raise RuntimeError(f"'mean' needs floating point, got {loss.dtype}: pass input.float()")
        return loss.mean() if denominator is None else loss.sum() / denominator
    raise ValueError(
        f"{reduction} is not a valid value for reduction: expected 'none', 'mean' or 'sum'"
    )


class CompiledTotal(Function):
    """The sum or the mean of a loss over all elements, with its derivatives written out.

    Autograd finds the same derivatives by itself, in several times as many passes over memory.
    """

    @staticmethod
    def forward(
        ctx: Any,
        loss: Elements,
        slopes: tuple[Elements, Elements],
        times: float,
        reduction: str,
        x: Tensor,
        y: Tensor,
    ) -> Tensor:
        ctx.slopes, ctx.times, ctx.reduction = slopes, times, reduction
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(x, y)
        return reduce_blocks(loss, reduction, x, y)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved_tensors
        share = gradient / ((x.numel() if ctx.reduction == "mean" else 1) / ctx.times)
        in_x, in_y = ctx.slopes
        *_, x_needed, y_needed = ctx.needs_input_grad
        dx = multiplied(share, in_x, x, y) if x_needed else None
        dy = multiplied(share, in_y, x, y) if y_needed else None
        return None, None, None, None, dx, dy


class Total(CompiledTotal):
    """The same, with forward derivatives, which the compiler refuses."""

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> Tensor:
        along = zip(ctx.slopes, tangents[4:], strict=True)
        parts = [slope(*ctx.saved_tensors) * t for slope, t in along if t is not None]
        return reduce_loss(torch.stack(parts).sum(0) * ctx.times, ctx.reduction)


# `Function.apply` looks for `torch.func` once more, which small losses notice.
apply_total: Callable[..., Tensor] = super(Function, Total).apply


def reduce_blocks(loss: Elements, reduction: str, x: Tensor, y: Tensor) -> Tensor:
    """Add up or average `loss(x, y)`, of many elements block by block."""
    # The compiler has its own blocks.
    if x.numel() <= BLOCK or torch.compiler.is_compiling():
        return reduce_loss(loss(x, y), reduction)
    parts = (torch.split(tensor.flatten(), BLOCK) for tensor in (x, y))
    total = torch.stack([loss(*block).sum() for block in zip(*parts, strict=True)]).sum()
    return total / x.numel() if reduction == "mean" else total


def is_final(gradient: Tensor) -> bool:
    """Whether this is one gradient, not a batch of several, that nobody differentiates again."""
    several = torch._C._functorch.is_legacy_batchedtensor(gradient)
    return not (several or torch.is_grad_enabled())


def multiplied(factor: Tensor, slope: Elements, x: Tensor, y: Tensor) -> Tensor:
    """Return `factor * slope(x, y)`, in place where nobody else will ask for the slope."""
    if torch.compiler.is_compiling() or not is_final(factor):
        return factor * slope(x, y)
    return slope(x, y).mul_(factor)


def reduce_by_slopes(
    loss: Elements,
    slopes: tuple[Elements, Elements],
    reduction: str,
    x: Tensor,
    y: Tensor,
    values: Elements | None = None,
    times: float = 1,
) -> Tensor:
    """Reduce `loss(x, y)`, whose derivatives in x and in y are `slopes`, all `times` a number.

    `values` is what to compute where the slopes are used, if less than `loss` will do. What a
    slope returns becomes the gradient: it must be a tensor of its own. Half precision is computed
    in float32 and rounded once at the end.
    """
    # `torch.func` does without, and half precision, in which a sum may overflow.
    written = (
        reduction in ("mean", "sum")
        and x.shape == y.shape
        and x.dtype == y.dtype
        and x.dtype in (torch.float32, torch.float64)
        and not torch._C._are_functorch_transforms_active()
    )
    if not written:
        reduced = reduce_loss(loss(*lifted(x, y)), reduction)
        return reduced.to(x.dtype) if x.is_floating_point() else reduced
    apply: Callable[..., Tensor]
    apply = CompiledTotal.apply if torch.compiler.is_compiling() else apply_total
    return apply(values or loss, slopes, times, reduction, x, y)


def reduce_errors(
    loss: Callable[[Tensor], Tensor],
    slope: Callable[[Tensor], Tensor],
    reduction: str,
    x: Tensor,
    y: Tensor,
    times: float = 1,
) -> Tensor:
    """Reduce `loss(x - y)`, the same for y - x, of slope `times * slope(x - y)`.

    Both may overwrite the error.
    """
    slopes = (lambda x, y: slope(x - y), lambda x, y: slope(y - x))
    return reduce_by_slopes(lambda x, y: loss(x - y), slopes, reduction, x, y, times=times)


def reduce_weighted(loss: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """Weight the elements, then reduce them; 'mean' divides by the sum of the weights."""
    reduced = reduce_loss(loss * weight, reduction)
    # A mean over a mean is a sum over a sum, but does not overflow float16.
    return reduced / weight.to(reduced.dtype).mean() if reduction == "mean" else reduced


class Loss(nn.Module):
    """What the classes share: the reduction, its deprecated spellings and a telling repr."""

    reduction: str

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce, reduction)

    def extra_repr(self) -> str:
        """Name every setting: `HuberLoss(reduction='mean', delta=1.0)`."""
        settings = {k: v for k, v in vars(self).items() if k != "training" and k[0] != "_"}
        return ", ".join(f"{name}={value!r}" for name, value in settings.items())


class WeightedLoss(Loss):
    """A loss whose `weight` is a buffer: it moves with `.to()` and is saved in the state dict."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
