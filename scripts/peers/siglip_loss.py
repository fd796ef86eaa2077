from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer

INPUT = "the pictures (1, 0) and (1, 1), the texts (1, 1) and (0, 1), scale 2, bias −1"
ARGUMENTS: dict[str, Any] = {
    "image_features": torch.tensor([[1.0, 0.0], [1.0, 1.0]]),
    "text_features": torch.tensor([[1.0, 1.0], [0.0, 1.0]]),
    "logit_scale": 2.0,
    "logit_bias": -1.0,
}


def of_open_clip(
    image_features: Tensor, text_features: Tensor, logit_scale: Any, logit_bias: Any
) -> Tensor:
    from open_clip.loss import SigLipLoss

    return SigLipLoss()(image_features, text_features, logit_scale, logit_bias)


def unit(x: Tensor) -> Tensor:
    return torch.nn.functional.normalize(x, dim=1)


def of_rows(
    image_features: Tensor, text_features: Tensor, logit_scale: Any, logit_bias: Any
) -> Tensor:
    return of_open_clip(unit(image_features), unit(text_features), logit_scale, logit_bias)


def of_torch(
    image_features: Tensor, text_features: Tensor, logit_scale: Any, logit_bias: Any
) -> Tensor:
    logits = logit_scale * unit(image_features) @ unit(text_features).T + logit_bias
    same = torch.eye(len(logits))
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, same)


PEERS = (
    Peer(
        "open-clip-torch",
        "SigLipLoss()(image, text, scale, bias)",
        "raw products: `normalize=False`",
        1.994186,
        lambda: of_open_clip(**ARGUMENTS),
    ),
    Peer(
        "open-clip-torch",
        "SigLipLoss()(normalize(image), normalize(text), scale, bias)",
        "",
        1.320597,
        lambda: of_rows(**ARGUMENTS),
    ),
    Peer(
        "torch",
        "binary_cross_entropy_with_logits(logits, torch.eye(N))",
        "divides by all pairs, not by the pictures: N times less",
        0.660299,
        lambda: of_torch(**ARGUMENTS),
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
        "logit_bias": (scale.detach() - 5).requires_grad_(),
        **settings,
    }


AGREEMENTS = (
    Agreement("open-clip-torch", "SigLipLoss of rows of length 1", random, of_rows),
    Agreement(
        "open-clip-torch",
        "SigLipLoss",
        lambda: random(normalize=False),
        lambda normalize, **arguments: of_open_clip(**arguments),
    ),
)
