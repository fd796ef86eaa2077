from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "a mean of 2, a count of 3, `total_count` 4"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([2.0]).log(),
    "target": torch.tensor([3.0]),
    "total_count": 4.0,
}


LARGE = ARGUMENTS | {"total_count": torch.tensor([1e8])}


def of_torch(input: Tensor, target: Tensor, total_count: Tensor, **settings: Any) -> Tensor:
    same = torch.distributions.NegativeBinomial(total_count, logits=input - total_count.log())
    return -same.log_prob(target).mean()


def of_torch_alone() -> Tensor:
    given = torch.distributions.NegativeBinomial(4.0, logits=ARGUMENTS["input"])
    return -given.log_prob(ARGUMENTS["target"]).mean()


def of_scipy(input: Tensor, target: Tensor, total_count: Tensor, **settings: Any) -> Tensor:
    from scipy.stats import nbinom

    share = total_count / (total_count + input.exp())
    found = nbinom.logpmf(target.numpy(), total_count.numpy(), share.numpy())
    return -torch.as_tensor(found).mean()


PEERS = (
    Peer(
        "torch",
        "-NegativeBinomial(4.0, logits=input).log_prob(target)",
        "`logits` is the logarithm of the mean over `total_count`",
        2.61511,
        of_torch_alone,
    ),
    Peer(
        "torch",
        "-NegativeBinomial(r, logits=input - r.log()).log_prob(target)",
        "",
        1.92197,
        lambda: of_torch(**ARGUMENTS | {"total_count": torch.tensor([4.0])}),
    ),
    Peer(
        "scipy",
        "-nbinom.logpmf(target, r, r / (r + mean))",
        "",
        1.92197,
        lambda: of_scipy(**ARGUMENTS | {"total_count": torch.tensor([4.0])}),
    ),
    Peer(
        "torch",
        "-NegativeBinomial(r, logits=input - r.log()).log_prob(target)",
        "subtracts large logarithms of the gamma function: in float32 no digit of it is left",
        55.1826,
        lambda: of_torch(**LARGE),
        "a mean of 2, a count of 3, `total_count` 1e8",
        LARGE,
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, logarithm = torch.randn(2, 4, 3, dtype=torch.float64, generator=draw)
    return {
        "input": input.requires_grad_(),
        "target": torch.randint(9, (4, 3), generator=draw).double(),
        "total_count": logarithm.exp().requires_grad_(),
    }


def without_gradient() -> dict[str, Any]:
    return {name: value.detach() for name, value in random().items()}


AGREEMENTS = (
    Agreement("torch", "distributions.NegativeBinomial", random, of_torch),
    Agreement("scipy", "stats.nbinom", without_gradient, of_scipy),
)
