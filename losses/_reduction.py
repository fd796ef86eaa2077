"""What every loss does last: reduce its elements to one number, and what every class does first."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import Function

from losses._checks import values_known

Product = Callable[[Tensor, Tensor], Tensor]
Elements = Callable[..., Tensor]  # of a product, and of tensors of one shape
Slopes = tuple[Callable[..., Tensor], ...]
WORTHWHILE = 2**14  # elements; for fewer, calling a Function costs more than it saves
BLOCK = 2**15  # elements; what is computed of one stays in the cache


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


class Total(Function):
    """The sum of a loss over all elements, with its derivatives written out.

    Autograd finds the same derivatives by itself, in several times as many passes over memory.
    """

    @staticmethod
    def forward(ctx: Any, loss: Elements, slopes: Slopes, *tensors: Tensor) -> Tensor:
        ctx.slopes = slopes
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        # By blocks: the dot product of millions of numbers would lose digits.
        blocks = zip(*(torch.split(tensor.flatten(), BLOCK) for tensor in tensors), strict=True)
        return torch.stack([loss(torch.dot, *block).sum() for block in blocks]).sum()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        # In place it takes less memory, but leaves no second derivative, and no batch of gradients.
        batched = torch._C._functorch.is_legacy_batchedtensor(gradient)
        times = torch.mul if torch.is_grad_enabled() or batched else Tensor.mul_
        found: list[Tensor | None] = [None, None]
        for slope, needed in zip(ctx.slopes, ctx.needs_input_grad[2:], strict=True):
            found.append(times(slope(*ctx.saved_tensors), gradient) if needed else None)
        return tuple(found)

    @staticmethod
    def jvp(ctx: Any, _loss: None, _slopes: None, *tangents: Tensor | None) -> Tensor:
        along = zip(ctx.slopes, tangents, strict=True)
        parts = [(slope(*ctx.saved_tensors) * t).sum() for slope, t in along if t is not None]
        return torch.stack(parts).sum()


def reduce_by_slopes(loss: Elements, slopes: Slopes, reduction: str, *tensors: Tensor) -> Tensor:
    """Reduce `loss(product, *tensors)`; its derivative in each tensor is the slope in its place.

    The product is that of elements, or where these are only added up, the dot product. The tensors
    are of one shape, and each slope makes a new one.
    """
    # The compiler and `torch.func` do without: the former joins the passes over memory by itself.
    if reduction not in ("mean", "sum") or not (values_known(*tensors) and worthwhile(tensors[0])):
        return reduce_loss(loss(torch.mul, *tensors), reduction)
    apply: Callable[..., Tensor] = Total.apply
    total = apply(loss, slopes, *tensors)
    return total if reduction == "sum" else total / tensors[0].numel()


def worthwhile(tensor: Tensor) -> bool:
    """Whether `Total` is the faster way, and right: in half precision a sum may overflow."""
    return tensor.numel() >= WORTHWHILE and tensor.dtype in (torch.float32, torch.float64)


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
