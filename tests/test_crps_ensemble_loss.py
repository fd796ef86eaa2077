"""What the pairs of the formula do not show: infinite members, and what the score is a limit of."""

from __future__ import annotations

import math

import pytest
import torch

from losses import crps_ensemble_loss, crps_normal_loss, quantile_loss
from tests.cases import randn

INF, NAN = math.inf, math.nan


def test_an_infinite_member_costs_what_a_far_one_tends_to() -> None:
    """A fair score counts the outermost member only where the value lies beyond it."""
    for far in (1e6, INF):
        members = torch.tensor([1.0, far, 0.0], dtype=torch.float64, requires_grad=True)
        for fair, count in ((False, 1 / 9), (True, 0.0)):
            loss = crps_ensemble_loss(members, torch.tensor(2.0), fair=fair)
            (gradient,) = torch.autograd.grad(loss, members)
            assert gradient[1] == pytest.approx(count)
            assert loss.item() == pytest.approx(count * far if count else 1 / 3, rel=1e-5)
        beyond = crps_ensemble_loss(members, torch.tensor(-INF), fair=True)
        assert beyond == INF


def test_what_is_no_number_stays_none() -> None:
    unknown = torch.tensor([[1.0, NAN], [1.0, 2.0], [1.0, 2.0]])
    value = torch.tensor([1.0, NAN, 1.0])
    for fair in (False, True):
        loss = crps_ensemble_loss(unknown, value, fair=fair, reduction="none")
        assert loss.isnan().tolist() == [True, True, False]


def test_it_is_twice_the_mean_of_quantile_losses() -> None:
    members, value = randn(20, 8).sort(-1).values, randn(20, seed=1)
    levels = [(2 * i - 1) / 16 for i in range(1, 9)]
    torch.testing.assert_close(
        crps_ensemble_loss(members, value), 2 * quantile_loss(members, value, quantile=levels)
    )


def test_of_many_members_it_is_the_score_of_what_they_were_drawn_from() -> None:
    size = 20_000
    levels = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    members = torch.distributions.Normal(0.5, 2.0).icdf(levels)
    for y in (-3.0, 0.5, 4.0):
        value = torch.tensor(y, dtype=torch.float64)
        limit = crps_normal_loss(torch.tensor(0.5, dtype=torch.float64), value, 2.0)
        torch.testing.assert_close(crps_ensemble_loss(members, value), limit, rtol=1e-4, atol=0)
