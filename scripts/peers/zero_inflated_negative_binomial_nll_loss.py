from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from scripts.peers import Agreement, Peer

INPUT = "a mean of 2, a count of 0, `total_count` 4 and `zero_logits` 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([2.0]).log(),
    "target": torch.tensor([0.0]),
    "total_count": torch.tensor([4.0]),
    "zero_logits": torch.tensor([0.0]),
}


def of_torch(input: Tensor, total_count: Tensor, target: Tensor) -> Tensor:
    logits = input - total_count.log()
    return torch.distributions.NegativeBinomial(total_count, logits=logits).log_prob(target)


def mixed(log_prob: Tensor, target: Tensor, zero_logits: Tensor) -> Tensor:
    counted = logsigmoid(-zero_logits) + log_prob
    both = torch.logaddexp(logsigmoid(zero_logits), counted)
    return -torch.where(target == 0, both, counted).mean()


def by_torch(input: Tensor, target: Tensor, total_count: Tensor, zero_logits: Tensor) -> Tensor:
    return mixed(of_torch(input, total_count, target), target, zero_logits)


def by_scipy(input: Tensor, target: Tensor, total_count: Tensor, zero_logits: Tensor) -> Tensor:
    from scipy.stats import nbinom

    share = total_count / (total_count + input.exp())
    log_prob = nbinom.logpmf(target.numpy(), total_count.numpy(), share.numpy())
    return mixed(torch.as_tensor(log_prob), target, zero_logits)


PEERS = (
    Peer(
        "torch",
        "-NegativeBinomial(r, logits=input - r.log()).log_prob(target)",
        "has no extra zeros",
        1.62186,
        lambda: -of_torch(*(ARGUMENTS[name] for name in ("input", "total_count", "target"))),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, logarithm, zero_logits = torch.randn(3, 12, dtype=torch.float64, generator=draw)
    return {
        "input": input.requires_grad_(),
        "target": torch.randint(4, (12,), generator=draw).double(),
        "total_count": logarithm.exp().requires_grad_(),
        "zero_logits": zero_logits.requires_grad_(),
    }


def without_gradient() -> dict[str, Any]:
    return {name: value.detach() for name, value in random().items()}


AGREEMENTS = (
    Agreement("torch", "`distributions.NegativeBinomial`, mixed by hand", random, by_torch),
    Agreement(
        "scipy",
        "`stats.nbinom.logpmf(target, r, r / (r + mean))`, mixed by hand",
        without_gradient,
        by_scipy,
    ),
)
