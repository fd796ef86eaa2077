"""The margins on the sphere: their classes own directions, and their gradients have no holes."""

from __future__ import annotations

import copy
import math
import pickle
from itertools import pairwise

import pytest
import torch

import losses
from tests.cases import arcface_loss

BOTH = ("arcface_loss", "cosface_loss")
CLASSES = {"arcface_loss": losses.ArcFaceLoss, "cosface_loss": losses.CosFaceLoss}
each = pytest.mark.parametrize("function", BOTH)


@each
def test_the_class_is_the_function_of_its_own_directions(function: str) -> None:
    call = arcface_loss.arguments_of(torch.float32)
    for reduction in ("none", "mean", "sum"):
        settings = {"margin": 0.25, "scale": 8.0, "reduction": reduction}
        module = CLASSES[function](4, 5, **settings)
        module.load_state_dict({"weight": call["linear_weight"]})
        expected = getattr(losses, function)(**call, **settings)
        for copied in (module, pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
            found = copied(call["input"], call["target"])
            torch.testing.assert_close(found, expected, rtol=0, atol=0)
        found.sum().backward()
        (weight,) = copied.parameters()
        assert weight is copied.weight
        assert weight.grad is not None and weight.grad.abs().sum() > 0


@each
def test_directions_begin_anywhere_with_a_length_of_about_1(function: str) -> None:
    torch.manual_seed(0)
    weight = CLASSES[function](64, 2000).weight.detach()
    assert abs(weight.norm(dim=1).mean() - 1) < 0.02
    assert weight.mean(0).abs().max() < 0.02
    before = weight.clone()
    module = CLASSES[function](3, 4, device="meta", dtype=torch.float64)
    assert (module.weight.device.type, module.weight.dtype) == ("meta", torch.float64)
    module = module.to_empty(device="cpu")
    module.reset_parameters()
    assert module.weight.isfinite().all()
    assert torch.equal(weight, before)


@each
def test_lengths_do_not_matter(function: str) -> None:
    call = arcface_loss.arguments_of(torch.float64)
    longer = {
        "input": call["input"] * torch.tensor([1e-6, 1.0, 3.0, 1e6, 1e9, 7.0])[:, None],
        "linear_weight": call["linear_weight"] * torch.tensor([1e-3, 1.0, 2.0, 5.0, 1e5])[:, None],
    }
    found = getattr(losses, function)(**(call | longer), reduction="none")
    torch.testing.assert_close(found, getattr(losses, function)(**call, reduction="none"))


@each
def test_without_a_margin_it_is_cross_entropy_of_cosines(function: str) -> None:
    call = arcface_loss.arguments_of(torch.float64)
    x, w = (torch.nn.functional.normalize(call[name]) for name in ("input", "linear_weight"))
    expected = torch.nn.functional.cross_entropy(16 * x @ w.T, call["target"])
    found = getattr(losses, function)(**call, margin=0.0, scale=16.0)
    torch.testing.assert_close(found, expected)
    # Up to 2: from 2.03 on, m sin(m) falls.
    margins = torch.linspace(0, 2, 13).tolist()
    values = [getattr(losses, function)(**call, margin=m, scale=8.0) for m in margins]
    assert all(b > a for a, b in pairwise(values))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_close_to_its_direction_the_slope_is_that_of_the_margin(dtype: torch.dtype) -> None:
    """An arccosine, or the root of 1 - c², has no digits left there in float32."""
    w, y = torch.eye(2, dtype=dtype), torch.tensor([0])
    for angle in (1e-2, 1e-3, 1e-4, 1e-5):
        for start in (0.0, math.pi):
            at = torch.tensor(start + angle, dtype=torch.float64)
            x = torch.stack((at.cos(), at.sin()))[None].to(dtype).requires_grad_()
            # Of a small scale, so that neither class is certain.
            loss = losses.arcface_loss(x, w, y, margin=0.5, scale=1.0)
            (slope,) = torch.autograd.grad(loss, x)
            theta = angle if start == 0 else math.pi - angle
            c, other = math.cos(theta), math.sin(at.item())
            beyond = theta + 0.5 > math.pi
            a = c - 0.5 * math.sin(0.5) if beyond else math.cos(theta + 0.5)
            p = math.exp(other) / (math.exp(other) + math.exp(a))
            # Along the circle, in the direction of growing angles.
            fall = math.sin(theta) if beyond else math.sin(theta + 0.5)
            turn = (1 if start == 0 else -1) * p * fall + p * math.cos(at.item())
            along = -at.sin() * slope[0, 0].double() + at.cos() * slope[0, 1].double()
            assert along.item() == pytest.approx(turn, rel=1e-4)


@each
def test_on_its_direction_and_opposite_to_it_the_gradient_is_finite(function: str) -> None:
    torch.manual_seed(0)
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        w = torch.randn(50, 7).to(dtype).requires_grad_()
        y = torch.arange(50)
        for sign in (1, -1):
            x = (sign * w.detach()).requires_grad_()
            loss = getattr(losses, function)(x, w, y)
            assert loss.isfinite()
            for gradient in torch.autograd.grad(loss, (x, w)):
                assert gradient.isfinite().all()


@each
def test_rows_of_zeros_have_a_finite_gradient(function: str) -> None:
    if function == "arcface_loss" and torch.__version__.startswith("2.6."):
        pytest.skip("in PyTorch 2.6 the gradient of atan2(0, 0) is NaN")
    x, w = torch.zeros(2, 3, requires_grad=True), torch.zeros(4, 3)
    w[1] = 1.0
    w.requires_grad_()
    loss = getattr(losses, function)(x, w, torch.tensor([0, 1]), scale=1.0)
    assert all(g.isfinite().all() for g in torch.autograd.grad(loss, (x, w)))


@each
def test_autocast_makes_no_product_in_half_precision(function: str) -> None:
    call = arcface_loss.arguments_of(torch.float32)
    call["input"].requires_grad_()
    plain = getattr(losses, function)(**call)
    (expected,) = torch.autograd.grad(plain, call["input"])
    with torch.autocast("cpu", torch.bfloat16):
        found = getattr(losses, function)(**call)
    torch.testing.assert_close(found, plain, rtol=0, atol=0)
    assert torch.equal(torch.autograd.grad(found, call["input"])[0], expected)


def test_the_logit_of_arcface_falls_with_the_angle_all_the_way() -> None:
    angle = torch.linspace(0, math.pi, 1001, dtype=torch.float64)
    x = torch.stack((angle.cos(), angle.sin(), torch.zeros_like(angle)), 1)
    w = torch.eye(3, dtype=torch.float64)[[0, 2]]  # the other class stays at a right angle
    target = torch.zeros(len(angle), dtype=torch.int64)
    for margin in (0.1, 0.5, 1.5, 2.0):
        loss = losses.arcface_loss(x, w, target, margin=margin, scale=4.0, reduction="none")
        assert (loss.diff() > 0).all()
