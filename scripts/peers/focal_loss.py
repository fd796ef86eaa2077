from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "the logits (2, 0, −1) and (0, 1, 0), of the classes 0 and 2"
ARGUMENTS: dict[str, Any] = {
    "input": torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
    "target": torch.tensor([0, 2]),
}


def of_kornia(
    input: Tensor,
    target: Tensor,
    alpha: float | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    from kornia.losses import focal_loss

    return focal_loss(input, target, alpha, gamma, reduction)


def of_monai(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from monai.losses import FocalLoss

    return FocalLoss(to_onehot_y=True, **settings)(input, target[:, None])


def of_segmentation_models(input: Tensor, target: Tensor) -> Tensor:
    focal = _load.part("segmentation_models_pytorch.losses").FocalLoss
    return focal("multiclass")(input, target)


def of_rows(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    return of_kornia(input, target, **settings, reduction="none").sum(1).mean()


def of_keras(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    hot = torch.nn.functional.one_hot(target, input.shape[1]).to(input.dtype)
    focal = _load.keras().losses.categorical_focal_crossentropy
    return focal(hot, input, from_logits=True, **settings).mean()


PEERS = (
    Peer(
        "keras",
        "categorical_focal_crossentropy(one_hot, logits, from_logits=True).mean()",
        "multiplies all classes by `alpha`, by default 0.25",
        0.120956,
        lambda: of_keras(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        'focal_loss(..., alpha=None, gamma=2.0, reduction="none").sum(1).mean()',
        "",
        0.483824,
        lambda: of_rows(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        'focal_loss(..., alpha=None, gamma=2.0, reduction="mean")',
        "divides by rows and classes",
        0.161275,
        lambda: of_kornia(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        'focal_loss(..., alpha=0.25, gamma=2.0, reduction="mean")',
        "weighs class 0 by 1 less `alpha` and all others by `alpha`; divides by rows and classes",
        0.0406640,
        lambda: of_kornia(**ARGUMENTS, alpha=0.25),
    ),
    Peer(
        "monai",
        "FocalLoss(use_softmax=True, to_onehot_y=True)",
        "divides by rows and classes",
        0.161275,
        lambda: of_monai(**ARGUMENTS, use_softmax=True),
    ),
    Peer(
        "monai",
        "FocalLoss(to_onehot_y=True)",
        "asks yes or no of each class, by a sigmoid; divides by rows and classes",
        0.207698,
        lambda: of_monai(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'FocalLoss("multiclass")',
        "asks yes or no of each class, by a sigmoid; divides by rows and classes",
        0.207698,
        lambda: of_segmentation_models(**ARGUMENTS),
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(6, 4, dtype=torch.float64, generator=draw)
    target = torch.randint(4, (6,), generator=draw)
    return {"input": input.requires_grad_(), "target": target, "gamma": 3.0}


AGREEMENTS = (
    Agreement("kornia", "focal_loss(alpha=None), added up over the classes", random, of_rows),
    Agreement(
        "monai",
        "`C * FocalLoss(use_softmax=True, to_onehot_y=True)(...)`",
        random,
        lambda **call: 4 * of_monai(**call, use_softmax=True),
        1e-6,  # in float32
    ),
)
