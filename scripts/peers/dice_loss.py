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


BOTH = {"input": torch.zeros(1, 2, 1, 2), "target": torch.tensor([[[0, 1]]])}


def of_monai(input: Tensor, target: Tensor, softmax: bool = True, **settings: Any) -> Tensor:
    from monai.losses import DiceLoss

    criterion = DiceLoss(softmax=softmax, to_onehot_y=True, **settings)
    return criterion(input, target[:, None])


def of_segmentation_models(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    dice = _load.part("segmentation_models_pytorch.losses").DiceLoss
    return dice("multiclass", **settings)(input, target)


def of_kornia(**settings: Any) -> Tensor:
    from kornia.losses import dice_loss

    return dice_loss(ARGUMENTS["input"], ARGUMENTS["target"], **settings)


def as_last(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Put the classes last, and write the target as one-hot."""
    hot = torch.nn.functional.one_hot(target, input.shape[1])
    return input.movedim(1, -1), hot.to(input.dtype)


def of_keras(input: Tensor, target: Tensor) -> Tensor:
    logits, hot = as_last(input, target)
    return _load.keras().losses.dice(hot, logits.softmax(-1))


def of_optax(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    return _load.optax("dice_loss", *as_last(input, target), **settings).mean()


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
        "keras",
        "dice(one_hot, probabilities)",
        "adds up all classes, pixels and images first, unless `axis` says otherwise",
        0.666667,
        lambda: of_keras(**ARGUMENTS),
    ),
    Peer(
        "optax",
        "dice_loss(logits, one_hot).mean()",
        "smooths by 1 unless told otherwise, which is `smooth=2` here",
        0.263528,
        lambda: of_optax(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        "dice_loss",
        "adds up all classes first",
        0.666667,
        of_kornia,
    ),
    Peer(
        "kornia",
        'dice_loss(..., average="macro")',
        "averages over the classes that an image has, then over the images",
        0.55,
        lambda: of_kornia(average="macro"),
    ),
    Peer(
        "monai",
        "DiceLoss(to_onehot_y=True)",
        "takes the input for probabilities: no softmax unless asked for",
        0.499996,
        lambda: of_monai(**ARGUMENTS, softmax=False),
    ),
    Peer(
        "monai",
        "DiceLoss(..., squared_pred=True)",
        "squares the sizes, as `squared=True`",
        0.718158,
        lambda: of_monai(**ARGUMENTS, squared_pred=True),
    ),
    Peer(
        "segmentation-models-pytorch",
        'DiceLoss("multiclass", smooth=1.0)',
        "counts `smooth` double: it is added to the overlap, not to twice the overlap",
        0.25,
        lambda: of_segmentation_models(**BOTH, smooth=1.0),
        "logits of 0 for two classes, one image of two pixels, one of each class, and `smooth` 1",
        BOTH | {"smooth": 1.0},
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
    Agreement(
        "optax",
        "`dice_loss(logits, one_hot, smooth=smooth / 2).mean()`",
        lambda: {name: x.detach() for name, x in random().items()} | {"smooth": 0.5},
        lambda smooth, **call: of_optax(**call, smooth=smooth / 2),
        1e-6,  # it computes in float32
        timed=False,
    ),
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
        '`DiceLoss("multiclass")`, as `per_image=False`, where no class is absent',
        random_batch,
        lambda per_image, **call: of_segmentation_models(**call),
    ),
)
