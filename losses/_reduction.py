"""What the formulas share: a reduction, a product in which nothing times infinity is nothing."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn.functional import pad


def reduce_loss(loss: Tensor, reduction: str, total: Tensor | int | None = None) -> Tensor:
    """Keep, add up or average the elements; `total` is what 'mean' divides the sum by."""
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction: expected 'none', 'mean' or 'sum'"
        )
    if reduction == "mean":
        return loss.mean() if total is None else loss.sum() / total
    return loss.sum() if reduction == "sum" else loss


def product(x: Tensor, y: Tensor) -> Tensor:
    """Multiply, where 0 times infinity is 0: what never happens costs nothing."""
    return x * torch.where((x == 0) & (y.abs() == torch.inf), 0, y)


def sum_of_hinges(reach: Tensor, values: Tensor, counted: Tensor) -> tuple[Tensor, Tensor]:
    """Add up relu(reach - value) over the `counted` values of a row, for each `reach` of that row.

    Return the sums, and of how many values above 0 each is made. Sorting them takes n log n steps
    and n numbers, where all pairs would take n².
    """
    nearest_first = values.masked_fill(~counted, torch.inf).sort(-1).values
    within = torch.searchsorted(nearest_first.detach(), reach.detach())
    sums = pad(nearest_first.cumsum(-1), (1, 0)).gather(-1, within)
    return (within * reach).masked_fill(within == 0, 0) - sums, within


def legacy_reduction(
    size_average: bool | None, reduce: bool | None, reduction: str, stacklevel: int = 3
) -> str:
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
            stacklevel=stacklevel,
        )
    return reduction


class Criterion(nn.Module):
    """What all classes share: a telling repr."""

    def extra_repr(self) -> str:
        """Name every setting: `HuberLoss(reduction='mean', delta=1.0)`."""
        settings = {k: v for k, v in vars(self).items() if k != "training" and k[0] != "_"}
        return ", ".join(f"{name}={value!r}" for name, value in settings.items())


class Loss(Criterion):
    """What nearly all classes share: the reduction, and its deprecated spellings."""

    reduction: str

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = legacy_reduction(size_average, reduce, reduction)


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
