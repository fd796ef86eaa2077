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

    criterion = DiceLoss(softmax=True, to_onehot_y=True, jaccard=True, **settings)
    return criterion(input, target[:, None])


def of_segmentation_models(input: Tensor, target: Tensor, **settings: Any) -> Tensor:
    jaccard = _load.part("segmentation_models_pytorch.losses").JaccardLoss
    return jaccard("multiclass", **settings)(input, target)


PEERS = (
    Peer(
        "monai",
        "DiceLoss(softmax=True, to_onehot_y=True, jaccard=True)",
        "",
        0.861106,
        lambda: of_monai(**ARGUMENTS),
    ),
    Peer(
        "segmentation-models-pytorch",
        'JaccardLoss("multiclass")',
        "adds up the whole batch, as `per_image=False`; an absent class costs 0",
        0.511111,
        lambda: of_segmentation_models(**ARGUMENTS),
    ),
    Peer(
        "monai",
        "DiceLoss(..., jaccard=True, smooth_nr=1.0, smooth_dr=1.0)",
        "halves `smooth` in effect: it is added to twice the overlap",
        0.556421,
        lambda: of_monai(**ARGUMENTS, smooth_nr=1.0, smooth_dr=1.0),
        "the same with `smooth` 1",
        ARGUMENTS | {"smooth": 1.0},
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(2, 3, 4, 4, dtype=torch.float64, generator=draw)
    target = torch.randint(3, (2, 4, 4), generator=draw)
    return {"input": input.requires_grad_(), "target": target}


AGREEMENTS = (
    Agreement(
        "monai",
        "DiceLoss(softmax=True, to_onehot_y=True, jaccard=True), of twice the `smooth`",
        lambda: random() | {"smooth": 0.5},
        lambda smooth, **call: of_monai(**call, smooth_nr=2 * smooth, smooth_dr=2 * smooth),
    ),
    Agreement(
        "segmentation-models-pytorch",
        '`JaccardLoss("multiclass")`, as `per_image=False`, where no class is absent',
        lambda: random() | {"per_image": False, "smooth": 0},
        lambda per_image, **call: of_segmentation_models(**call),
    ),
)
