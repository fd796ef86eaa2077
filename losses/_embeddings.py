"""What losses of embeddings share: rows of length 1, and the rows of other processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import Function, once_differentiable
from torch.distributed import ProcessGroup


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
