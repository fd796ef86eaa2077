from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the pictures (1, 0) and (1, 1), the texts (1, 1) and (0, 1), and a scale of 2"
ARGUMENTS: dict[str, Any] = {
    "image_features": torch.tensor([[1.0, 0.0], [1.0, 1.0]]),
    "text_features": torch.tensor([[1.0, 1.0], [0.0, 1.0]]),
    "logit_scale": 2.0,
}


def of_open_clip(image_features: Tensor, text_features: Tensor, logit_scale: Any) -> Tensor:
    from open_clip.loss import ClipLoss

    return ClipLoss()(image_features, text_features, logit_scale)


def unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=1)


def of_rows(image_features: Tensor, text_features: Tensor, logit_scale: Any) -> Tensor:
    return of_open_clip(unit(image_features), unit(text_features), logit_scale)


PEERS = (
    Peer(
        "open-clip-torch",
        "ClipLoss()(image, text, scale)",
        "raw products: `normalize=False`",
        1.126928,
        lambda: of_open_clip(**ARGUMENTS),
    ),
    Peer(
        "open-clip-torch",
        "ClipLoss()(normalize(image), normalize(text), scale)",
        "",
        0.622978,
        lambda: of_rows(**ARGUMENTS),
    ),
)


def random(**settings: Any) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    image, text = torch.randn(2, 7, 5, dtype=torch.float64, generator=draw)
    scale = torch.tensor(3.0, dtype=torch.float64)
    return {
        "image_features": image.requires_grad_(),
        "text_features": text.requires_grad_(),
        "logit_scale": scale.requires_grad_(),
        **settings,
    }


AGREEMENTS = (
    Agreement("open-clip-torch", "ClipLoss of rows of length 1", random, of_rows),
    Agreement(
        "open-clip-torch",
        "ClipLoss",
        lambda: random(normalize=False),
        lambda normalize, **arguments: of_open_clip(**arguments),
    ),
)
