"""What the losses of overlap share: probabilities beside what they should be, pixel by pixel."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_floating, check_real, classified, outlier, upcast


def check_pixels(input: Tensor) -> None:
    """Raise unless there is a number for each sample, class and pixel."""
    check_floating(input=input)
    if input.ndim < 3:
        raise ValueError(
            f"expected input of shape (N, C, d1, ...), got {tuple(input.shape)}: pass "
            "input[:, None] for one mask an image, input[None] for a single image"
        )


def check_smooth(smooth: float) -> None:
    """Raise unless what is added above and below the fraction is at least 0."""
    if not smooth >= 0:
        raise ValueError(
            f"smooth must be at least 0, got smooth={smooth}: pass 1e-5, or 0 for the plain ratio"
        )


def check_share(name: str, tensor: Tensor, remedy: str, *others: Tensor) -> None:
    """Raise unless all values are in [0, 1], or as close to it as interpolation leaves them."""
    wrong = outlier(-0.01, tensor, 1.01, *others)
    if wrong is not None:
        raise RuntimeError(
            f"all elements of {name} should be between 0 and 1, got {wrong}: {remedy}"
        )


def check_target(input: Tensor, target: Tensor, ignore_index: int) -> None:
    """Raise unless `target` holds a class index for each pixel, or a mask for each class."""
    if target.ndim != input.ndim:
        classified(input, target, None, ignore_index)
        return
    if target.shape != input.shape:
        raise ValueError(
            f"target must have the shape of input, {tuple(input.shape)}, or lack its dimension 1, "
            f"got {tuple(target.shape)}: pass target.squeeze(1) where class indices have a channel"
        )
    check_real(target=target)


def pixels(
    input: Tensor, target: Tensor, per_image: bool, from_logits: bool, ignore_index: int
) -> tuple[Tensor, Tensor]:
    """Give the probabilities of a class, and what they should be, one row of pixels each.

    The rows are (N, C, pixels), or (C, pixels of all images). Where the target is ignored, both
    are 0 and add to no sum.
    """
    check_target(input, target, ignore_index)
    kept, indices = target != ignore_index, target.ndim < input.ndim
    if indices:
        kept = kept[:, None]
        classes = torch.arange(input.shape[1], device=input.device)
        one_hot = (target[..., None] == classes).movedim(-1, 1)
        # In the order of input, so that a product goes straight through both.
        t = one_hot.contiguous().to(input.dtype)
    else:  # a mask for each class
        t = target
    input, t = upcast(input, t)
    # An ignored pixel may hold anything: blank it.
    p, t = torch.where(kept, input, 0), torch.where(kept, t, 0)
    check_share(
        "target", t, "divide an 8-bit mask by 255; class indices have no dimension 1", input
    )
    if from_logits:
        p = p.softmax(1) if indices else p.sigmoid()
        p = torch.where(kept, p, 0)
    else:
        check_share("input", p, "pass from_logits=True for logits")
    if per_image:
        return p.flatten(2), t.flatten(2)
    return p.movedim(1, 0).flatten(1), t.movedim(1, 0).flatten(1)


def ratio(part: Tensor, whole: Tensor, nothing: float = 1) -> Tensor:
    """Divide; 0/0 is `nothing`: 1 where nothing is to be found, and nothing was missed."""
    empty = whole == 0
    whole = whole.masked_fill(empty, 1)
    return part.masked_fill(empty, nothing) / whole
