"""What the Lovász losses share: errors weighed by how much each adds to the Jaccard loss."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._reduction import product


def lovasz_extension(error: Tensor, target: Tensor) -> Tensor:
    """Count pixels as wrong, the largest error first, and weigh each by what it adds.

    With m pixels of the object missed and f false alarms, the Jaccard loss is (m + f) / (G + f).
    """
    error, order = error.sort(dim=-1, descending=True, stable=True)
    g = target.gather(-1, order).to(error.dtype)
    m, f, total = g.cumsum(-1), (1 - g).cumsum(-1), g.sum(-1, keepdim=True)
    union = total + f
    # What a miss adds, and what a false alarm does; differences of quotients would cancel.
    alone = union == 1  # the first false alarm where there is no object
    step = torch.where((g == 1) | alone, 1 / union, (total - m) / (union * (union - 1)))
    return product(step, error).sum(-1)
