"""What the mined triplet losses begin with: who belongs together, and how far apart all are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import Function, once_differentiable
from torch.distributed import ProcessGroup

from losses._checks import check_floating


def check_batch(input: Tensor, target: Tensor, margin: float) -> None:
    """Raise unless there is one embedding a row, one label for each, and a margin."""
    check_floating(input=input)
    if input.ndim != 2:
        raise ValueError(
            f"expected input of shape (N, D), one embedding a row, got {tuple(input.shape)}: "
            "pass input.flatten(1), or input.unsqueeze(0) for a single embedding"
        )
    if target.shape != input.shape[:1]:
        raise ValueError(
            f"expected target of shape ({len(input)},), one label for each row of input, "
            f"got {tuple(target.shape)}: pass target.flatten(), or target.argmax(1) if one-hot"
        )
    if margin < 0:
        raise ValueError(f"margin must be at least 0, got {margin}: below it, errors are free")


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


def gathered(input: Tensor, target: Tensor, group: ProcessGroup | None) -> tuple[Tensor, Tensor]:
    """Join the batches of a group of processes, in the order of their ranks."""
    if group is None:
        return input, target
    mine = torch.tensor(input.shape, device=input.device)
    shapes = [torch.empty_like(mine) for _ in range(dist.get_world_size(group))]
    dist.all_gather(shapes, mine, group=group)
    lengths, widths = zip(*(shape.tolist() for shape in shapes), strict=True)
    if len(set(widths)) > 1:
        raise ValueError(f"input must have as many columns on every process, got {widths}")
    join: Callable[..., Tensor] = Gather.apply
    return join(input, lengths, group), join(target, lengths, group)


def pairs(target: Tensor) -> tuple[Tensor, Tensor]:
    """Tell, for each anchor (row), its positives and its negatives; nothing is its own positive."""
    same = target[:, None] == target
    other = ~same
    same.diagonal().fill_(False)
    return same, other


def widened(input: Tensor) -> Tensor:
    """Lift to float64, where a matrix product still tells close embeddings apart."""
    return input.float() if input.device.type == "mps" else input.double()  # MPS lacks float64


def as_written(x: Tensor) -> AbstractContextManager[Any]:
    """Keep autocast off a product, in the precision that `widened` chose."""
    # It leaves float64 alone, and to tell it so takes longer than a small product.
    return nullcontext() if x.dtype == torch.float64 else torch.autocast("mps", enabled=False)


def root(square: Tensor) -> Tensor:
    """Take the square root, with all derivatives 0 at 0 instead of infinite."""
    zero = square <= 0
    return square.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)


def squared_distances(input: Tensor) -> Tensor:
    """Compute the squared Euclidean distances of all rows to each other."""
    input = input - input[:1].detach()  # changes no distance, and rounds less
    with as_written(input):
        products = input @ input.T
    return products.diagonal()[:, None] + products.diagonal() - 2 * products
