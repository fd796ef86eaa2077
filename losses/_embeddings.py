"""What losses of embeddings share: checks, rows of length 1, and the rows of other processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import Function, once_differentiable
from torch.distributed import ProcessGroup

from losses._checks import check_floating, check_labels, check_real, outlier, scalar_type
from losses._reduction import Loss


def check_embeddings(**embeddings: Tensor) -> None:
    """Raise unless all of these are of one shape (N, D), an embedding per row."""
    check_floating(**embeddings)
    (name, first), *others = embeddings.items()
    if first.ndim != 2 or first.shape[1] == 0:
        raise ValueError(
            f"expected {name} of shape (N, D), one embedding per row, got {tuple(first.shape)}: "
            f"pass {name}.flatten(1), or {name}.unsqueeze(0) for a single embedding"
        )
    for other, tensor in others:
        if tensor.shape != first.shape:
            raise ValueError(
                f"{name} and {other} must have the same shape, got {tuple(first.shape)} and "
                f"{tuple(tensor.shape)}: row i of one belongs to row i of the other"
            )


def check_directions(input: Tensor, linear_weight: Tensor, target: Tensor, scale: float) -> None:
    """Raise unless each embedding has one class of those that have a direction, and a scale."""
    if not scale > 0:
        raise ValueError(
            f"scale must be above 0, got {scale}: it multiplies cosines, which end at 1; 16 to 64 "
            "are usual"
        )
    check_floating(input=input)
    check_floating(linear_weight=linear_weight)
    found = f"got {tuple(input.shape)} and {tuple(linear_weight.shape)}"
    if input.ndim != 2 or linear_weight.ndim != 2 or input.shape[1] != linear_weight.shape[1]:
        raise ValueError(
            "expected input of shape (N, D) and linear_weight of shape (C, D), one direction per "
            f"class, {found}: pass input.unsqueeze(0) for a single embedding, linear_weight.T for "
            "one direction per column"
        )
    if target.dtype != torch.int64:
        raise RuntimeError(
            f"expected target dtype to be Long, but got {scalar_type(target.dtype)}: pass "
            "target.long(), the class of each row, counted from 0"
        )
    check_labels(input, target)
    classes = len(linear_weight)
    wrong = outlier(0, target, classes - 1, input, linear_weight)
    if wrong is not None:
        raise IndexError(
            f"Target {wrong} is out of bounds. linear_weight has {classes} classes, counted from "
            "0: give it more rows, relabel, or leave out the rows whose class is unknown"
        )


def check_temperature(temperature: float) -> None:
    """Raise unless similarities can be divided by it."""
    if not temperature > 0:
        raise ValueError(
            f"temperature must be above 0, got {temperature}: similarities are divided by it; of a "
            "scale that multiplies, pass 1 / scale"
        )


def check_numbers(**numbers: Tensor | float) -> None:
    """Raise unless each is one real number, learned or not: no tensor with a dimension."""
    for name, number in numbers.items():
        if isinstance(number, Tensor) and number.dim() > 0:
            raise ValueError(
                f"{name} must be a number or a tensor without dimensions, got shape "
                f"{tuple(number.shape)}: pass {name}.squeeze() if it holds one number"
            )
        if isinstance(number, Tensor):
            check_real(**{name: number})
        elif not isinstance(number, (int, float)):
            raise TypeError(f"{name} must be a tensor or a number, got {type(number).__name__}")


def unit(x: Tensor) -> Tensor:
    """Give every row the length 1; one of 0 stays as it is."""
    largest = x.detach().abs().amax(-1, keepdim=True)
    x = x / largest.clamp(min=1)  # else its squares may overflow
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x / torch.clamp(length, min=1e-12)


def centred(x: Tensor) -> Tensor:
    """Take its mean off every column; and again, since the first mean was rounded."""
    x = x - x.detach().mean(0)
    return x - x.mean(0)


class Gather(Function):
    """Join the rows of all processes, `lengths` of each; the gradient goes back to its row."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, lengths: list[int], group: ProcessGroup) -> Tensor:
        ctx.lengths, ctx.group = lengths, group
        padded = rows.new_zeros(max(lengths), *rows.shape[1:])  # a collective wants equal shapes
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(parts, padded, group=group)
        return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total, group=ctx.group)  # what every process asks of every row
        rank = dist.get_rank(ctx.group)
        return total.narrow(0, sum(ctx.lengths[:rank]), ctx.lengths[rank]), None, None


def joined(group: ProcessGroup | None, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Join the rows of a group of processes, in the order of their ranks.

    All tensors of one process have equally many rows.
    """
    if group is None:
        return tensors
    mine = torch.tensor(tensors[0].shape, device=tensors[0].device)
    shapes = [torch.empty_like(mine) for _ in range(dist.get_world_size(group))]
    dist.all_gather(shapes, mine, group=group)
    lengths, *widths = zip(*(shape.tolist() for shape in shapes), strict=True)
    for width in widths:
        if len(set(width)) > 1:
            raise ValueError(f"input must have as many columns on every process, got {width}")
    join: Callable[..., Tensor] = Gather.apply
    return tuple(join(tensor, lengths, group) for tensor in tensors)


class DirectionsLoss(Loss):
    """A loss whose `weight` is a parameter: a direction for each class, which has to be learned."""

    in_features: int
    num_classes: int
    margin: float
    scale: float

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        margin: float,
        scale: float,
        device: torch.device | str | int | None,
        dtype: torch.dtype | None,
        reduction: str,
    ) -> None:
        super().__init__(reduction=reduction)
        self.in_features = in_features
        self.num_classes = num_classes
        self.margin = margin
        self.scale = scale
        self.weight = nn.Parameter(
            torch.empty(num_classes, in_features, device=device, dtype=dtype)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the directions anew."""
        nn.init.normal_(self.weight, std=max(1, self.in_features) ** -0.5)
