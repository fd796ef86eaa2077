"""What is known of the losses of boxes, and more of their edges."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import losses
from tests.cases._boxes import boxes

FUNCTIONS = ("box", "generalized_box", "distance_box", "complete_box")
each_loss = pytest.mark.parametrize("name", FUNCTIONS)


def loss_of(name: str, boxes1: Tensor, boxes2: Tensor, **settings: float) -> Tensor:
    value: Tensor = getattr(losses, f"{name}_iou_loss")(boxes1, boxes2, **settings)
    return value


def many() -> tuple[Tensor, Tensor]:
    near, far = boxes(2000, seed=1), boxes(2000, seed=2)
    return near, torch.cat([far[:1000], 10 * far[1000:]])


def test_each_loss_is_at_least_the_one_that_it_adds_to() -> None:
    plain, generalized, distance, complete = (loss_of(name, *many()) for name in FUNCTIONS)
    none = torch.zeros_like(plain)
    for smaller, larger, most in (
        (none, plain, 1),
        (plain, generalized, 2),
        (plain, distance, 2),
        (distance, complete, 3),
    ):
        assert (smaller <= larger + 1e-12).all()
        assert larger.max() <= most


@each_loss
def test_neither_place_nor_unit_matters(name: str) -> None:
    a, b = many()
    wanted = loss_of(name, a, b, eps=0.0)
    place = torch.tensor([3.0, -7.0, 3.0, -7.0], dtype=torch.float64)
    torch.testing.assert_close(loss_of(name, a + place, b + place, eps=0.0), wanted)
    torch.testing.assert_close(loss_of(name, 640 * a, 640 * b, eps=0.0), wanted)
    turned = [1, 0, 3, 2]  # width for height
    torch.testing.assert_close(loss_of(name, a[:, turned], b[:, turned], eps=0.0), wanted)


@each_loss
def test_equal_boxes_cost_what_eps_adds(name: str) -> None:
    a = boxes(100)
    area = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    torch.testing.assert_close(loss_of(name, a, a, eps=0.1), 0.1 / (area + 0.1))


def test_of_boxes_inside_of_each_other_the_generalized_loss_sees_the_overlap_alone() -> None:
    outer = boxes(100)
    inner = outer + torch.tensor([0.2, 0.2, -0.3, -0.3]) * (outer[:, 2:] - outer[:, :2]).repeat(
        1, 2
    )
    torch.testing.assert_close(
        loss_of("generalized_box", inner, outer), loss_of("box", inner, outer)
    )


def test_boxes_of_one_centre_and_the_same_proportions_have_the_overlap_alone() -> None:
    outer = boxes(100)
    inner = outer + torch.tensor([0.2, 0.2, -0.2, -0.2]) * (outer[:, 2:] - outer[:, :2]).repeat(
        1, 2
    )
    for name in ("distance_box", "complete_box"):
        torch.testing.assert_close(loss_of(name, inner, outer), loss_of("box", inner, outer))


def test_apart_only_the_plain_loss_is_flat() -> None:
    a, b = boxes(100), boxes(100, seed=1) + 50
    for name in FUNCTIONS:
        leaf = a.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss_of(name, leaf, b).sum(), leaf)
        assert ((gradient == 0).all(1) == (name == "box")).all()


def test_the_weight_of_the_proportions_is_a_constant() -> None:
    """The gradient is that of the distance loss, and the weight times that of the proportions."""
    a, b = boxes(50).requires_grad_(), boxes(50, seed=1)
    angle = lambda x: torch.atan((x[:, 2] - x[:, 0]) / (x[:, 3] - x[:, 1]))
    v = (2 * (angle(b) - angle(a)) / torch.pi) ** 2
    alpha = v / (loss_of("box", a, b) + v + 1e-7)
    wanted = loss_of("distance_box", a, b) + alpha.detach() * v
    mine = loss_of("complete_box", a, b)
    torch.testing.assert_close(mine, wanted)
    pair = (torch.autograd.grad(x.sum(), a)[0] for x in (mine, wanted))
    torch.testing.assert_close(*pair)


@each_loss
@pytest.mark.parametrize("eps", [1e-7, 1e-12])
def test_boxes_without_an_area_have_finite_gradients(name: str, eps: float) -> None:
    a = boxes(40, dtype=torch.float32)
    a[:10, 2:] = a[:10, :2]  # points
    a[10:20, 2] = a[10:20, 0]  # no width
    a[20:30, 3] = a[20:30, 1]  # no height
    for b in (boxes(40, dtype=torch.float32, seed=1), a.roll(5, 0), a):
        first, second = a.clone().requires_grad_(), b.clone().requires_grad_()
        loss = loss_of(name, first, second, eps=eps)
        assert loss.isfinite().all()
        for gradient in torch.autograd.grad(loss.sum(), (first, second)):
            assert gradient.isfinite().all()
