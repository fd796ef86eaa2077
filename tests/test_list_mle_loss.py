import itertools

import pytest
import torch

from losses import list_mle_loss, pairwise_logistic_loss
from tests.cases import randn


@pytest.mark.parametrize("items", [2, 3, 4])
def test_the_probabilities_of_all_orders_add_up_to_1(items: int) -> None:
    orders = torch.tensor([*itertools.permutations(range(items))])
    scores = 3 * randn(1, items).expand(len(orders), items)
    likely = (-list_mle_loss(scores, orders, reduction="none")).exp()
    torch.testing.assert_close(likely.sum(), torch.ones_like(likely[0]))


def test_two_items_are_a_pair() -> None:
    scores, first = randn(20, 2), torch.tensor([1, 0]).expand(20, 2)
    torch.testing.assert_close(list_mle_loss(scores, first), pairwise_logistic_loss(scores, first))


def test_lists_without_places_cost_nothing() -> None:
    scores = randn(3, 0).requires_grad_()
    for reduction, wanted in (("none", [0.0] * 3), ("sum", 0.0), ("mean", 0.0)):
        loss = list_mle_loss(scores, torch.zeros(3, 0), reduction=reduction)
        torch.testing.assert_close(loss.detach(), torch.tensor(wanted).double())
        assert torch.autograd.grad(loss.sum(), scores)[0].shape == (3, 0)
