"""Batch-hard triplets: what the class returns for two networks, and the batches of a group."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from tests.cases import randn

MODULE = importlib.import_module("losses.mining._batch_hard_triplet_loss")


def test_a_group_is_joined_first_and_its_distances_come_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In float32 all embeddings lie so far out that only float64 tells them apart."""
    x = (64 * randn(8, 1, seed=2) + randn(8, 3) / 64).float().requires_grad_()
    y, group = torch.arange(8) % 3, object()

    def gathered(input: Tensor, target: Tensor, of: Any) -> tuple[Tensor, Tensor]:
        assert target.equal(y[:4])
        return (x, y) if of is group else (input, target)

    expected = losses.batch_hard_triplet_loss(x, y)
    monkeypatch.setattr(MODULE, "gathered", gathered)
    arguments: Any = {"group": group}
    actual = losses.batch_hard_triplet_loss(x[:4], y[:4], **arguments)
    torch.testing.assert_close(actual, expected)
    criterion = losses.TripletLoss(mutual_flag=True, **arguments)
    loss, distances = criterion(x[:4], y[:4])
    torch.testing.assert_close(loss, expected)
    exact = (x.double()[:, None] - x.double()).square().sum(2).sqrt()
    torch.testing.assert_close(distances, exact.float())
    (gradient,) = torch.autograd.grad(distances.sum(), x)
    assert gradient.isfinite().all()


def test_distances_tell_close_pairs_apart_far_from_the_first() -> None:
    x = torch.tensor([[0.0], [1000.0], [1000.25]])
    _, distances = losses.TripletLoss(mutual_flag=True)(x / 3, torch.tensor([0, 1, 1]))
    exact = (x.double() / 3 - x.T.double() / 3).abs()
    torch.testing.assert_close(distances, exact.float(), rtol=1e-3, atol=0)


def test_many_anchors_find_theirs() -> None:
    x, y = randn(700, 3).double().requires_grad_(), torch.arange(700) % 200
    y[600:] = torch.arange(600, 700)  # each is alone with its label
    distance, same = torch.cdist(x, x), y[:, None] == y
    farthest = distance.masked_fill(~same, 0).amax(1)
    nearest = distance.masked_fill(same, torch.inf).amin(1)
    expected = (farthest - nearest + 0.3)[:600].relu().mean()
    actual = losses.batch_hard_triplet_loss(x, y)
    torch.testing.assert_close(actual, expected)
    (gradient,) = torch.autograd.grad(actual, x)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, x)[0])


def test_far_from_the_origin_the_hardest_are_the_same() -> None:
    """There, squares of float64 have no digit left for the distances."""
    x, y = torch.tensor([[0.0], [1.0], [3.0], [7.0], [8.0]]).double(), torch.tensor([0, 0, 1, 1, 0])
    near, far = (
        losses.batch_hard_triplet_loss(x + offset, y, reduction="none") for offset in (0, 2**40)
    )
    assert torch.equal(near, far)


@pytest.mark.parametrize("dtype", (torch.float32, torch.float16, torch.bfloat16), ids=str)
def test_every_precision_finds_what_float64_finds(dtype: torch.dtype) -> None:
    """Away from the first embedding, which is subtracted, float32 loses what is close."""
    x, y = randn(61, 3), torch.arange(-1, 60) // 5
    x[1:] += 1000 if dtype == torch.float32 else 0
    x = x.to(dtype)
    expected = losses.batch_hard_triplet_loss(x.double(), y, reduction="none")
    actual = losses.batch_hard_triplet_loss(x, y, reduction="none")
    torch.testing.assert_close(actual, expected.to(dtype))
