from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "logits of 0 for three classes, and two images of two pixels of the classes 0, 1 and 0, 0"
ARGUMENTS: dict[str, Any] = {
    "input": torch.zeros(2, 3, 1, 2),
    "target": torch.tensor([[[0, 1]], [[0, 0]]]),
}


def of_monai(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from monai.losses import DiceLoss

    criterion = DiceLoss(softmax=True, to_onehot_y=True, **settings)
    return criterion(input, target[:, None])


def of_segmentation_models(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    dice = _load.part("segmentation_models_pytorch.losses").DiceLoss
    return dice("multiclass", **settings)(input, target)


def of_kornia() -> Tensor:
    from kornia.losses import dice_loss

    return dice_loss(ARGUMENTS["input"], ARGUMENTS["target"])


PEERS = (
    Peer(
        "monai",
        "DiceLoss(softmax=True, to_onehot_y=True)",
        "",
        0.783324,
        lambda: of_monai(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'DiceLoss("multiclass")',
        "adds up the whole batch, as `per_image=False`; an absent class costs 0",
        0.417582,
        lambda: of_segmentation_models(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        "dice_loss",
        "adds up all classes first",
        0.666667,
        of_kornia,
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(2, 3, 4, 4, dtype=torch.float64, generator=draw)
    target = torch.randint(3, (2, 4, 4), generator=draw)
    return {"input": input.requires_grad_(), "target": target}


def random_batch() -> dict[str, Any]:
    return random() | {"per_image": False, "smooth": 0}


AGREEMENTS = (
    Agreement("monai", "DiceLoss(softmax=True, to_onehot_y=True)", random, of_monai),
    Agreement(
        "monai",
        "DiceLoss(..., squared_pred=True)",
        lambda: random() | {"squared": True},
        lambda squared, **call: of_monai(**call, squared_pred=squared),
        1e-6,  # the size of its target is rounded to float32
    ),
    Agreement(
        "segmentation-models-pytorch",
        'DiceLoss("multiclass"), where no class is absent',
        random_batch,
        lambda per_image, **call: of_segmentation_models(**call),
    ),
)
