"""Cosine embedding of integers and of huge vectors, and the epsilon in longer ones."""

from __future__ import annotations

from functools import partial

import pytest
import torch

import losses


def test_integers_are_computed_in_float32() -> None:
    vectors = torch.tensor([[3, 4], [1, 0], [0, 2]])
    arguments = (vectors, vectors.flip(1), torch.tensor([1, -1, -1]))
    actual = losses.cosine_embedding_loss(*arguments, reduction="none")
    expected = torch.nn.functional.cosine_embedding_loss(*arguments, reduction="none")
    assert actual.dtype == expected.dtype == torch.float32
    torch.testing.assert_close(actual, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_squares_may_overflow_where_nobody_looks(dtype: torch.dtype) -> None:
    huge = torch.tensor([[3, 4], [4, 3]], dtype=dtype) * torch.finfo(dtype).max ** 0.75
    loss = partial(losses.cosine_embedding_loss, reduction="none")
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    for form in (loss, compiled, torch.vmap(losses.cosine_embedding_loss)):
        found = form(huge, huge.flip(1), torch.ones(2))
        assert found.dtype == dtype
        torch.testing.assert_close(found, torch.full((2,), 0.04, dtype=dtype))


def test_the_epsilon_is_added_to_the_squared_length_as_it_is() -> None:
    one, other = torch.tensor([3, 4]).double(), torch.tensor([4, 3]).double()
    actual = losses.cosine_embedding_loss(one, other, torch.tensor(1))
    assert abs(actual - (1 - 24 / (25 + 1e-12))) < 5e-15
    pair = 3 * one[None], 3 * other[None]
    batch = torch.vmap(losses.cosine_embedding_loss)(*pair, torch.tensor([1]))
    assert abs(batch[0] - (1 - 216 / (225 + 1e-12))) < 1e-15  # where long vectors are scaled
