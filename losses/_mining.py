"""What the mined triplet losses share: which samples belong together, and all distances."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import check_floating, check_labels, upcast
from losses._embeddings import joined


def check_batch(input: Tensor, target: Tensor, margin: float) -> None:
    """Raise unless there is one embedding per row, one label for each, and a margin."""
    check_floating(input=input)
    if input.ndim != 2:
        raise ValueError(
            f"expected input of shape (N, D), one embedding per row, got {tuple(input.shape)}: "
            "pass input.flatten(1), or input.unsqueeze(0) for a single embedding"
        )
    check_labels(input, target)
    if margin < 0:
        raise ValueError(
            f"margin must be at least 0, got {margin}: below 0, a wrong order may cost nothing"
        )


def gathered(input: Tensor, target: Tensor, group: ProcessGroup | None) -> tuple[Tensor, ...]:
    """Join the batches of a group of processes, in the order of their ranks."""
    return joined(group, input, target)


def pairs(target: Tensor) -> tuple[Tensor, Tensor]:
    """Return which pairs have the same label, without a sample and itself, and which have two."""
    same = target[:, None] == target
    itself = torch.eye(target.shape[0], dtype=torch.bool, device=target.device)
    return same & ~itself, ~same


def all_distances(x: Tensor) -> Tensor:
    """Compute the distance of every row from every other, in float64 where the device has it.

    Far from the origin, and for close pairs, products in float32 would have no digit left.
    """
    (x,) = upcast(x)
    x = x if x.device.type == "mps" else x.double()
    x = x - x.detach().nanmean(0)  # centred: less is rounded
    square = x.square().sum(1)
    return root(square[:, None] + square - 2 * (x @ x.T))


def root(square: Tensor) -> Tensor:
    """Take the square root, with a gradient of 0 at 0, where that of the root is infinite."""
    zero = square <= 0
    return square.masked_fill(zero, 1).sqrt().masked_fill(zero, 0)
