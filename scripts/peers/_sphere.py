"""What the losses on the sphere share here: an example, and a library that has both."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

INPUT = (
    "`scale` 4, the embedding (1, 1), the directions (1, 0), (0, 2) and (−1, 0), the first right"
)
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[1.0, 1.0]]),
    "linear_weight": torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]),
    "target": torch.tensor([0]),
    "scale": 4.0,
}


def of_metric_learning(
    name: str, input: Tensor, linear_weight: Tensor, target: Tensor, **settings: Any
) -> Tensor:
    """Call a loss of pytorch-metric-learning, whose directions are columns."""
    from pytorch_metric_learning import losses

    none = lambda weight: None  # it would be thrown away
    criterion = getattr(losses, name)(*linear_weight.shape, weight_init_func=none, **settings)
    del criterion.W
    criterion.W = linear_weight.T  # so that a gradient reaches the tensor that it is made of
    criterion.cast_types = lambda *types: None
    loss: Tensor = criterion(input, target)
    return loss


def random(**settings: Any) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    x, w = (torch.randn(n, 4, dtype=torch.float64, generator=draw) for n in (12, 5))
    target = torch.randint(5, (12,), generator=draw)
    both = {"input": x.requires_grad_(), "linear_weight": w.requires_grad_()}
    return {**both, "target": target, **settings}
