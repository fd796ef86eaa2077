from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

RAMP = (torch.arange(256, dtype=torch.float64) / 255).reshape(1, 1, 16, 16)
INPUT = "the ramp k / 255 of 16 × 16 pixels against its square"
ARGUMENTS: dict[str, Any] = {"input": RAMP, "target": RAMP**2}


BOARD = (torch.arange(512)[:, None] + torch.arange(512)).double().remainder(2)[None, None]
NEGATIVE = {"input": BOARD, "target": 1 - BOARD}


def of_msssim(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from pytorch_msssim import ssim

    return ssim(input, target, **settings)


def of_piq(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from piq import SSIMLoss

    return SSIMLoss(**settings)(input, target)


def of_kornia(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from kornia.losses import ssim_loss

    return ssim_loss(input, target, 11, **settings)


def of_monai(input: Tensor, target: Tensor) -> Tensor:
    from monai.losses import SSIMLoss

    return SSIMLoss(spatial_dims=2)(input, target)


def of_torchmetrics(input: Tensor, target: Tensor) -> Tensor:
    from torchmetrics.functional.image import structural_similarity_index_measure

    similarity = structural_similarity_index_measure(input, target)
    assert isinstance(similarity, Tensor)
    return similarity


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
        "half of 1 − SSIM; borders are mirrored, so that every pixel has a value",
        0.171202,
        lambda: of_kornia(**ARGUMENTS),
    ),
    Peer("piq", "SSIMLoss()", "", 0.220779, lambda: of_piq(**ARGUMENTS)),
    Peer("monai", "SSIMLoss(spatial_dims=2)", "", 0.220778, lambda: of_monai(**ARGUMENTS)),
    Peer(
        "torchmetrics",
        "1 - structural_similarity_index_measure(...)",
        "counts mirrored borders; takes `data_range` from the pictures, unless it is given",
        0.342405,
        lambda: 1 - of_torchmetrics(**ARGUMENTS),
    ),
    Peer(
        "piq",
        "SSIMLoss()",
        "shrinks larger pictures to about 256 pixels first; `downsample=False` does not",
        0.0,
        lambda: of_piq(**NEGATIVE),
        "a chequerboard of 512 × 512 pixels of 0 and 1, against its negative",
        NEGATIVE,
    ),
)


def random(**settings: Any) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input, target = torch.rand(2, 2, 3, 14, 13, dtype=torch.float64, generator=draw)
    return {"input": input.requires_grad_(), "target": target, **settings}


AGREEMENTS = (
    Agreement("piq", "SSIMLoss", random, of_piq, 1e-9),
    Agreement(
        "pytorch-msssim",
        "`1 - ssim(..., data_range=1.0)`",
        lambda: random(data_range=2.0),
        lambda **arguments: 1 - of_msssim(**arguments),
        1e-3,  # its window is float32, and some gradients are close to 0
    ),
)
