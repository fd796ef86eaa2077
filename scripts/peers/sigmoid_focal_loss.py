from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from scripts.peers import Agreement, Peer, _load

INPUT = "the logits 2 and −1 against the targets 1 and 0, added up"
ARGUMENTS: dict[str, Any] = {
    "inputs": torch.tensor([2.0, -1.0]),
    "targets": torch.tensor([1.0, 0.0]),
    "reduction": "sum",
}


def of_torchvision(inputs: Tensor, targets: Tensor, **settings: Any) -> Tensor:
    return _load.torchvision().ops.sigmoid_focal_loss(inputs, targets, **settings)


def of_kornia() -> Tensor:
    from kornia.losses import binary_focal_loss_with_logits

    input, target = ARGUMENTS["inputs"], ARGUMENTS["targets"]
    return binary_focal_loss_with_logits(input[:, None], target[:, None], reduction="sum")


def of_monai() -> Tensor:
    """Call it as it wants images: one of one class, whose pixels these are."""
    from monai.losses import FocalLoss

    input, target = (ARGUMENTS[name][None, None] for name in ("inputs", "targets"))
    return FocalLoss(reduction="sum")(input, target)


def of_segmentation_models() -> Tensor:
    focal = _load.part("segmentation_models_pytorch.losses").FocalLoss
    return focal("binary", reduction="sum")(ARGUMENTS["inputs"], ARGUMENTS["targets"])


def of_keras(**settings: Any) -> Tensor:
    """Call it as it wants rows: of one logit each, for it averages over a row."""
    input, target = (ARGUMENTS[name][:, None] for name in ("inputs", "targets"))
    focal = _load.keras().losses.binary_focal_crossentropy
    return focal(target, input, from_logits=True, **settings).sum()


PEERS = (
    Peer(
        "keras",
        "binary_focal_crossentropy(..., from_logits=True)",
        "weighs yes and no alike, whatever `alpha` is, unless `apply_class_balancing=True`",
        0.0244616,
        of_keras,
    ),
    Peer(
        "optax",
        "sigmoid_focal_loss(inputs, targets).sum()",
        "weighs yes and no alike, unless `alpha` is given",
        0.0244616,
        lambda: _load.optax("sigmoid_focal_loss", *list(ARGUMENTS.values())[:2]).sum(),
    ),
    Peer(
        "torchvision",
        'sigmoid_focal_loss(..., reduction="sum")',
        "",
        0.0174444,
        lambda: of_torchvision(**ARGUMENTS),
    ),
    Peer(
        "kornia",
        'binary_focal_loss_with_logits(..., reduction="sum")',
        "",
        0.0174444,
        of_kornia,
    ),
    Peer(
        "segmentation-models-pytorch",
        'FocalLoss("binary", reduction="sum")',
        "weighs yes and no alike, unless `alpha` is given",
        0.0244616,
        of_segmentation_models,
    ),
    Peer(
        "monai",
        'FocalLoss(reduction="sum")',
        "averages over the pixels even so, and weighs yes and no alike, unless `alpha` is given",
        0.0122308,
        of_monai,
    ),
)


def random() -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    input = torch.randn(4, 3, dtype=torch.float64, generator=draw)
    target = torch.randint(2, (4, 3), generator=draw).double()
    return {"inputs": input.requires_grad_(), "targets": target, "gamma": 3.0, "reduction": "mean"}


AGREEMENTS = (Agreement("torchvision", "sigmoid_focal_loss", random, of_torchvision),)
