from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "two images of two pixels, three classes of which the last is absent; logits of 1 for the "
INPUT += "predicted class and 0 elsewhere, predictions (0, 1) and (1, 2), targets (0, 1) and (0, 0)"
ARGUMENTS: dict[str, Any] = {
    "input": torch.eye(3)[torch.tensor([[0, 1], [1, 2]])].movedim(-1, 1),
    "target": torch.tensor([[0, 1], [0, 0]]),
}


def of_kornia(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    """Call it as it wants images: (N, C, H, W)."""
    from kornia.losses import lovasz_softmax_loss

    return lovasz_softmax_loss(input[:, :, None], target[:, None])


def of_segmentation_models(
    input: Tensor, target: Tensor, per_image: bool = False, ignore_index: int | None = None
) -> Tensor:
    """Call it as it wants images: it takes three dimensions for probabilities of yes."""
    lovasz = _load.part("segmentation_models_pytorch.losses").LovaszLoss
    return lovasz("multiclass", per_image, ignore_index)(input[:, :, None], target[:, None])


def of_probabilities() -> Tensor:
    input, target = ARGUMENTS["input"].softmax(1)[:, :, None], ARGUMENTS["target"][:, None]
    lovasz = _load.part("segmentation_models_pytorch.losses").LovaszLoss
    return lovasz("multiclass", from_logits=False)(input, target)


PEERS = (
    Peer(
        "segmentation-models-pytorch",
        'LovaszLoss("multiclass")',
        "",
        0.583333,
        lambda: of_segmentation_models(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'LovaszLoss("multiclass", per_image=True)',
        "averages the classes of each image first, then the images: "
        "`per_image=True` here averages all pairs at once",
        0.60597,
        lambda: of_segmentation_models(**ARGUMENTS, per_image=True),
    ),
    Peer(
        "kornia",
        "lovasz_softmax_loss(...)",
        "each image by itself, absent classes as well: `per_image=True, classes='all'`",
        0.5,
        lambda: of_kornia(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'LovaszLoss("multiclass", from_logits=False)(probabilities, ...)',
        "takes `from_logits` and does not read it: probabilities go through a second softmax",
        0.624088,
        of_probabilities,
    ),
)


def random(**settings: Any) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(3, 4, 10, dtype=torch.float64, generator=draw)
    target = torch.randint(4, (3, 10), generator=draw)
    return {"input": input.requires_grad_(), "target": target, **settings}


def with_void() -> dict[str, Any]:
    """Take float32, the one type that the library computes this in."""
    input, target = (x.detach() for x in random().values())
    target = target.masked_fill(torch.arange(10) < 3, 255)
    return {"input": input.float().requires_grad_(), "target": target, "ignore_index": 255}


AGREEMENTS = (
    Agreement(
        "kornia",
        "`lovasz_softmax_loss(...)`, as `per_image=True, classes='all'`",
        lambda: random(per_image=True, classes="all"),
        of_kornia,
    ),
    Agreement("segmentation-models-pytorch", "LovaszLoss", with_void, of_segmentation_models, 1e-5),
)
