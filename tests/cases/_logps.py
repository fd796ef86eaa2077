"""What the losses of log-probabilities share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from tests.cases import Error, randn

POLICY = ("policy_chosen_logps", "policy_rejected_logps")
REFERENCE = ("reference_chosen_logps", "reference_rejected_logps")


def answers(names: tuple[str, ...], dtype: torch.dtype, *shape: int) -> dict[str, Tensor]:
    """Draw log-probabilities, all below 0."""
    draws = enumerate(names)
    return {name: -(1 + 2 * randn(*shape, seed=k).abs()).to(dtype) for k, name in draws}


def reduced(loss: Tensor, reduction: str, dtype: torch.dtype) -> Tensor:
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(dtype)


def wrong_pairs(names: tuple[str, ...]) -> Iterator[Error]:
    x: dict[str, Any] = {name: torch.zeros(3) for name in names}
    for name in names[1:]:
        for other in (torch.zeros(2), torch.zeros(3, 1), torch.zeros(())):
            match = f"{name} must have the shape of {names[0]}"
            yield Error(f"{name} {tuple(other.shape)}", x | {name: other}, ValueError, match, False)
    for name in names:
        integers = x | {name: torch.zeros(3).long()}
        yield Error(f"{name} int", integers, NotImplementedError, name, False)
    yield Error("list", x | {names[1]: [0.0]}, TypeError, names[1], False)
    yield Error("reduction", x | {"reduction": "avg"}, ValueError, "avg", False)
