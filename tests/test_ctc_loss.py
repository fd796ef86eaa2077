"""CTC against PyTorch, whose gradient is the one in the logits, and against its definition."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

import losses
from tests.cases import Case, randint, randn
from tests.cases import ctc_loss as cases_of

REDUCTIONS = ("none", "mean", "sum")


def params(
    *dtypes: torch.dtype, keep: Callable[[Case], bool] = lambda case: True
) -> pytest.MarkDecorator:
    found = [(case, dtype) for dtype in dtypes for case in cases_of.cases(dtype) if keep(case)]
    ids = [f"{case.id}-{str(dtype)[6:]}" for case, dtype in found]
    return pytest.mark.parametrize(("case", "dtype"), found, ids=ids)


def finite(case: Case) -> bool:
    """PyTorch's gradient is NaN where a log-probability is -inf."""
    return bool(case.arguments["log_probs"].isfinite().all())


def countable(case: Case) -> bool:
    """A few frames have few enough alignments to go through; a sum with NaN proves nothing."""
    log_probs = case.arguments["log_probs"]
    return len(log_probs) <= 5 and not bool(log_probs[0].isnan().any())


def close(actual: Tensor, expected: Tensor, tolerance: float = 2e-6) -> None:
    tolerance = 1e-12 if actual.dtype == torch.float64 else tolerance
    torch.testing.assert_close(
        actual, expected, rtol=10 * tolerance, atol=tolerance, equal_nan=True
    )


@params(torch.float64, torch.float32)
def test_values_equal_pytorch(case: Case, dtype: torch.dtype) -> None:
    for reduction in REDUCTIONS:
        close(
            losses.ctc_loss(**case.arguments, reduction=reduction),
            torch.nn.functional.ctc_loss(**case.arguments, reduction=reduction),
        )


@params(torch.float64, torch.float32, keep=finite)
def test_gradients_in_the_logits_equal_pytorch(case: Case, dtype: torch.dtype) -> None:
    log_probs = case.arguments["log_probs"]

    def gradient(function: Callable[..., Tensor], reduction: str) -> Tensor:
        logits = log_probs.clone().requires_grad_()
        arguments = {**case.arguments, "log_probs": logits.log_softmax(-1)}
        value = function(**arguments, reduction=reduction)
        seed = torch.linspace(1, 2, value.numel(), dtype=dtype).reshape(value.shape)
        return torch.autograd.grad(value, logits, seed)[0]

    for reduction in REDUCTIONS:
        actual = gradient(losses.ctc_loss, reduction)
        expected = gradient(torch.nn.functional.ctc_loss, reduction)
        # Where no alignment fits, PyTorch's gradient is NaN and ours 0. In float32 it is PyTorch's
        # that is further from float64.
        close(actual, expected.nan_to_num(0.0), tolerance=1e-4)


@params(torch.float64, keep=countable)
def test_values_and_gradients_are_the_sum_over_alignments(case: Case, dtype: torch.dtype) -> None:
    log_probs = case.arguments["log_probs"].clone().requires_grad_()
    arguments = {k: v for k, v in case.arguments.items() if k != "zero_infinity"}
    arguments["log_probs"] = log_probs
    actual = losses.ctc_loss(**arguments, reduction="none")
    expected = cases_of.reference(**arguments).reshape(actual.shape)
    close(actual.detach(), expected.detach())
    feasible = expected.isfinite()
    gradients = [
        torch.autograd.grad(value[feasible].sum(), log_probs)[0] for value in (actual, expected)
    ]
    close(gradients[0], gradients[1].nan_to_num(0.0))


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_an_infeasible_sample_leaves_the_others_alone(zero_infinity: bool) -> None:
    logits = randn(4, 2, 3).requires_grad_()
    targets, frames = torch.tensor([[1, 1, 1], [1, 2, 2]]), torch.tensor([4, 4])
    loss = losses.ctc_loss(
        logits.log_softmax(-1),
        targets,
        frames,
        torch.tensor([3, 3]),
        reduction="none",
        zero_infinity=zero_infinity,
    )
    assert loss[0] == (0.0 if zero_infinity else float("inf"))
    (gradient,) = torch.autograd.grad(loss.sum(), logits, create_graph=True)
    assert gradient[:, 0].eq(0).all()
    assert gradient[:, 1].abs().sum() > 0
    (second,) = torch.autograd.grad(gradient.square().sum(), logits)
    assert second.isfinite().all()


def test_certain_frames_have_finite_gradients() -> None:
    logits = torch.tensor([[0.0, 1e4, 0.0], [1e4, 0.0, 0.0], [0.0, 0.0, 1e4]]).requires_grad_()

    def measure(logits: Tensor) -> Tensor:
        return losses.ctc_loss(logits.log_softmax(-1), torch.tensor([1, 2]), (3,), (2,))

    loss = measure(logits)
    (gradient,) = torch.autograd.grad(loss, logits, create_graph=True)
    assert loss == 0
    assert gradient.eq(0).all()
    (second,) = torch.autograd.grad(gradient[0, 1], logits)
    assert second.eq(0).all()
    with torch.no_grad():
        assert torch.func.jacfwd(torch.func.jacfwd(measure))(logits.detach()).eq(0).all()


def test_a_tangent_of_the_gradient_is_the_second_derivative() -> None:
    log_probs, along = randn(5, 2, 3).log_softmax(-1).requires_grad_(), randn(5, 2, 3)

    def gradient(log_probs: Tensor, create_graph: bool = False) -> Tensor:
        targets, lengths = torch.tensor([[1, 2], [2, 0]]), (torch.tensor([5, 4]), (2, 1))
        loss = losses.ctc_loss(log_probs, targets, *lengths)
        return torch.autograd.grad(loss, log_probs, create_graph=create_graph)[0]

    first = gradient(log_probs, create_graph=True)
    (second,) = torch.autograd.grad((first * along).sum(), log_probs)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(log_probs, along)
        tangent = forward_ad.unpack_dual(gradient(dual)).tangent
    close(tangent, second)


def test_the_arguments_say_on_which_device_it_is_computed() -> None:
    log_probs = randn(5, 1, 3).log_softmax(-1)
    arguments = torch.tensor([[1, 2]]), torch.tensor([5]), torch.tensor([2])
    expected = losses.ctc_loss(log_probs, *arguments)
    with torch.device("meta"):  # the default, where nobody says otherwise
        close(losses.ctc_loss(log_probs, *arguments), expected)
        close(losses.ctc_loss(log_probs.requires_grad_(), *arguments).detach(), expected)


def test_a_long_sequence_is_as_accurate_as_pytorch() -> None:
    logits = 3 * randn(300, 2, 10)
    targets, lengths = 1 + randint(9, 2, 40), (torch.tensor([300, 250]), torch.tensor([40, 31]))
    exact = torch.nn.functional.ctc_loss(logits.log_softmax(-1), targets, *lengths)
    single = logits.float().log_softmax(-1)
    theirs = torch.nn.functional.ctc_loss(single, targets, *lengths)
    actual = losses.ctc_loss(single, targets, *lengths)
    assert (actual - exact).abs() <= 2 * (theirs - exact).abs() + 1e-6 * exact


@pytest.mark.slow
def test_lengths_may_be_tensors_while_compiling() -> None:
    case = next(cases_of.cases(torch.float64)).arguments
    for targets in (case["targets"], torch.tensor([1, 2, 3, 3, 2])):
        torch._dynamo.reset()
        arguments = {**case, "targets": targets}
        compiled = torch.compile(losses.ctc_loss, fullgraph=True, backend="aot_eager")
        close(compiled(**arguments), losses.ctc_loss(**arguments))
