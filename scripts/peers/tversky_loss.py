from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = (
    "`alpha` 0.3, `beta` 0.7, logits of 0 for three classes, and two images of two pixels of the "
    "classes 0, 1 and 0, 0"
)
ARGUMENTS: dict[str, Any] = {
    "input": torch.zeros(2, 3, 1, 2),
    "target": torch.tensor([[[0, 1]], [[0, 0]]]),
    "alpha": 0.3,
    "beta": 0.7,
}


def of_monai(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    from monai.losses import TverskyLoss

    criterion = TverskyLoss(softmax=True, to_onehot_y=True, **settings)
    return criterion(input, target[:, None])


def of_segmentation_models(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    tversky = _load.part("segmentation_models_pytorch.losses").TverskyLoss
    return tversky("multiclass", **settings)(input, target)


def of_kornia(input: Tensor, target: Tensor, alpha: float, beta: float) -> Tensor:
    from kornia.losses import tversky_loss

    return tversky_loss(input, target, alpha, beta)


MISSES: dict[str, Any] = {
    "input": torch.tensor([[[1.0, 0.0, 0.0, 0.0]]]),
    "target": torch.tensor([[[1, 1, 1, 0]]]),
    "alpha": 0.3,
    "beta": 0.7,
    "from_logits": False,
}


def of_keras(input: Tensor, target: Tensor, alpha: float, beta: float, **others: Any) -> Tensor:
    return _load.keras().losses.tversky(target, input, alpha=alpha, beta=beta)


PEERS = (
    Peer(
        "monai",
        "TverskyLoss(softmax=True, to_onehot_y=True, ...)",
        "",
        0.807071,
        lambda: of_monai(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'TverskyLoss("multiclass", ...)',
        "adds up the whole batch, as `per_image=False`; an absent class costs 0",
        0.432323,
        lambda: of_segmentation_models(**ARGUMENTS),
    ),
    Peer(
        "keras",
        "tversky(mask, probabilities, alpha=0.3, beta=0.7)",
        "exchanges `alpha` and `beta`, against its own words; adds up everything",
        0.375,
        lambda: of_keras(**MISSES),
        "one mask of three pixels, of which one is found",
        MISSES,
    ),
    Peer(
        "kornia",
        "tversky_loss",
        "averages over the classes that an image has",
        0.606481,
        lambda: of_kornia(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'TverskyLoss("multiclass", ..., gamma=2.0)',
        "raises the mean of the classes to `gamma`, not each class",
        0.186903,
        lambda: of_segmentation_models(**ARGUMENTS, gamma=2.0),
        "the same with `gamma` 2",
        ARGUMENTS | {"gamma": 2.0},
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(2, 3, 4, 4, dtype=torch.float64, generator=draw)
    target = torch.randint(3, (2, 4, 4), generator=draw)
    return {"input": input.requires_grad_(), "target": target, "alpha": 0.3, "beta": 0.7}


def one_class() -> dict[str, Any]:
    masks = random()["target"][:, None].clamp(max=1)
    input = random()["input"].detach()[:, :1].requires_grad_()
    weights = {"alpha": 0.3, "beta": 0.7, "gamma": 2.0, "smooth": 0, "per_image": False}
    return {"input": input, "target": masks, **weights}


def binary(input: Tensor, target: Tensor, per_image: bool, **settings: Any) -> Tensor:
    tversky = _load.part("segmentation_models_pytorch.losses").TverskyLoss
    return tversky("binary", **settings)(input, target)


AGREEMENTS = (
    Agreement(
        "keras",
        "`tversky(mask, probabilities, alpha=beta, beta=alpha)`, one mask at a time",
        lambda: MISSES | {"input": torch.tensor([[[0.9, 0.3, 0.2, 0.1]]]).requires_grad_()},
        lambda alpha, beta, **call: of_keras(**call, alpha=beta, beta=alpha),
        1e-5,  # no `smooth`
        timed=False,  # it takes probabilities alone
    ),
    Agreement("monai", "TverskyLoss(softmax=True, to_onehot_y=True, ...)", random, of_monai),
    Agreement(
        "kornia",
        "`tversky_loss(...)`, where no class is absent",
        lambda: random() | {"smooth": 0},
        lambda smooth, **call: of_kornia(**call),
        1e-6,
    ),
    Agreement(
        "segmentation-models-pytorch",
        '`TverskyLoss("multiclass", ...)`, as `per_image=False`, where no class is absent',
        lambda: random() | {"per_image": False, "smooth": 0},
        lambda per_image, **call: of_segmentation_models(**call),
    ),
    Agreement(
        "segmentation-models-pytorch",
        '`TverskyLoss("binary", ...)`, as `per_image=False`',
        one_class,
        binary,
    ),
)
