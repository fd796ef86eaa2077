"""What every loss does last: reduce its elements to one number, and what every class does first."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn


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
