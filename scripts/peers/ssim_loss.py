from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

RAMP = (torch.arange(256, dtype=torch.float64) / 255).reshape(1, 1, 16, 16)
INPUT = "the ramp k / 255 of 16 × 16 pixels against its square"
ARGUMENTS: dict[str, Any] = {"input": RAMP, "target": RAMP**2}


def of_msssim(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from pytorch_msssim import ssim

    return ssim(input, target, **settings)


def of_piq(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from piq import SSIMLoss

    return SSIMLoss(**settings)(input, target)


def of_kornia(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from kornia.losses import ssim_loss

    return ssim_loss(input, target, 11, **settings)


PEERS = (
    Peer(
        "pytorch-msssim",
        "ssim(..., data_range=1.0)",
        "the similarity: 1 minus the loss",
        0.779221,
        lambda: of_msssim(**ARGUMENTS, data_range=1.0),
    ),
    Peer(
        "pytorch-msssim",
        "1 - ssim(...)",
        "`data_range` is 255, whatever the pictures hold",
        0.00772823,
        lambda: 1 - of_msssim(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        "ssim_loss(..., window_size=11)",
        "half of it, at every pixel: borders are mirrored",
        0.171202,
        lambda: of_kornia(**ARGUMENTS),
    ),
    Peer("piq", "SSIMLoss()", "", 0.220779, lambda: of_piq(**ARGUMENTS)),
)


def random(**settings: Any) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, target = torch.rand(2, 2, 3, 14, 13, dtype=torch.float64, generator=draw)
    return {"input": input.requires_grad_(), "target": target, **settings}


AGREEMENTS = (
    Agreement("piq", "SSIMLoss", random, of_piq, 1e-9),
    Agreement(
        "pytorch-msssim",
        "1 - ssim",
        lambda: random(data_range=2.0),
        lambda **arguments: 1 - of_msssim(**arguments),
        1e-3,  # its window is float32, and some gradients are close to 0
    ),
)
