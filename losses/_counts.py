"""What the losses for counts share: the likelihood of a negative binomial."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._reduction import product


def negative_binomial(
    input: Tensor, target: Tensor, total_count: Tensor, log_input: bool
) -> Tensor:
    """Compute minus the logarithm of a count's probability, of its mean or the mean's logarithm."""
    # In float64, because gammas of nearly the same number are subtracted.
    x, y = wide(input), wide(target)
    r = wide(total_count).clamp(max=1e30)
    if log_input:
        odds = x - r.log()
        fail, succeed = softplus(odds), softplus(-odds)
    else:
        # A mean of 0 is right for a count of 0. An infinite mean costs
        # infinity through the other term.
        certain = (x == torch.inf) | ((x == 0) & (y == 0))
        plain = x.masked_fill(certain, 1)
        fail = torch.log1p(x / r)
        succeed = (plain + r).log() - plain.log()
    ways = log_rising(r, y) - torch.lgamma(y + 1)
    return r * fail + product(y, succeed) - ways


def log_rising(r: Tensor, y: Tensor) -> Tensor:
    """Compute log Γ(r + y) − log Γ(r), for a large r by Stirling's formula."""
    large = r.clamp(min=2e3)
    stirling = (large + y - 0.5) * torch.log1p(y / large)
    stirling = stirling + y * (large.log() - 1)
    stirling = stirling - y / (12 * large * (large + y))
    exact = torch.lgamma(r + y) - torch.lgamma(r)
    return torch.where(r > 2e3, stirling, exact)


def wide(x: Tensor) -> Tensor:
    """Go on in float64, where the device has that."""
    return x if x.device.type == "mps" else x.double()
