"""Margin ranking of integer scores, which no proof over gradients reaches."""

from __future__ import annotations

import pytest
import torch

import losses


@pytest.mark.parametrize("margin", [0, 1, 0.5])
def test_integer_scores_give_a_floating_point_loss(margin: float) -> None:
    scores = torch.tensor([3, 1, 2]), torch.tensor([1, 1, 4]), torch.tensor([1, -1, 1])
    actual = losses.margin_ranking_loss(*scores, margin=margin)
    expected = torch.nn.functional.margin_ranking_loss(*scores, margin=margin)
    torch.testing.assert_close(actual, expected)
