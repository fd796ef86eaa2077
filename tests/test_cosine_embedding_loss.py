"""Cosine embedding of integers, which have no gradient, and the epsilon in longer vectors."""

from __future__ import annotations

import torch

import losses


def test_integers_are_computed_in_float32() -> None:
    vectors = torch.tensor([[3, 4], [1, 0], [0, 2]])
    arguments = (vectors, vectors.flip(1), torch.tensor([1, -1, -1]))
    actual = losses.cosine_embedding_loss(*arguments, reduction="none")
    expected = torch.nn.functional.cosine_embedding_loss(*arguments, reduction="none")
    assert actual.dtype == expected.dtype == torch.float32
    torch.testing.assert_close(actual, expected)


def test_the_epsilon_is_added_to_the_squared_length_as_it_is() -> None:
    one, other = torch.tensor([3, 4]).double(), torch.tensor([4, 3]).double()
    actual = losses.cosine_embedding_loss(one, other, torch.tensor(1))
    assert abs(actual - (1 - 24 / (25 + 1e-12))) < 5e-15
    pair = 3 * one[None], 3 * other[None]
    batch = torch.vmap(losses.cosine_embedding_loss)(*pair, torch.tensor([1]))
    assert abs(batch[0] - (1 - 216 / (225 + 1e-12))) < 1e-15  # where long vectors are scaled
