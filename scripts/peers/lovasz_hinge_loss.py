from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "two images of three pixels, logits (2, −0.5, 0.25) and (0.5, 0.25, −0.5), masks (1, 1, 0) "
INPUT += "and (0, 0, 0)"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[2.0, -0.5, 0.25], [0.5, 0.25, -0.5]]),
    "target": torch.tensor([[1, 1, 0], [0, 0, 0]]),
}


def of_kornia(input: Tensor, target: Tensor) -> Tensor:
    from kornia.losses import lovasz_hinge_loss

    return lovasz_hinge_loss(input[:, None, None], target[:, None])


def of_segmentation_models(
    input: Tensor, target: Tensor, per_image: bool = False, ignore_index: int | None = None
) -> Tensor:
    lovasz = _load.part("segmentation_models_pytorch.losses").LovaszLoss
    return lovasz("binary", per_image, ignore_index)(input, target)


PEERS = (
    Peer(
        "segmentation-models-pytorch",
        'LovaszLoss("binary")',
        "all pixels of the batch are one image: `per_image=False`",
        1.18333,
        lambda: of_segmentation_models(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'LovaszLoss("binary", per_image=True)',
        "",
        1.22917,
        lambda: of_segmentation_models(**ARGUMENTS, per_image=True),
    ),
    Peer("kornia", "lovasz_hinge_loss(...)", "", 1.22917, lambda: of_kornia(**ARGUMENTS)),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(4, 12, dtype=torch.float64, generator=draw)
    target = torch.randint(2, (4, 12), generator=draw)
    return {"input": input.requires_grad_(), "target": target}


def together() -> dict[str, Any]:
    """Take float32, the one type that the library computes this in; differences there cancel."""
    input, target = (x.detach() for x in random().values())
    target = target.masked_fill(torch.arange(12) < 3, 255)
    settings = {"per_image": False, "ignore_index": 255}
    return {"input": input.float().requires_grad_(), "target": target, **settings}


AGREEMENTS = (
    Agreement("kornia", "lovasz_hinge_loss", random, of_kornia),
    Agreement("segmentation-models-pytorch", "LovaszLoss", together, of_segmentation_models, 1e-4),
)
