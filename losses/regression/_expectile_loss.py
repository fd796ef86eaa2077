"""Expectile loss: the squared error, with one weight above the target and another below."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_floating, check_real, check_same_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["ExpectileLoss", "expectile_loss"]


@loss_function("input")
def expectile_loss(
    input: Tensor, target: Tensor, *, expectile: float = 0.5, reduction: str = "mean"
) -> Tensor:
    r"""Measure the squared error, weighted by whether the prediction is too low or too high.

    For a prediction $x$, a target $y$ and the expectile $q$,

    $$
    \ell(x, y) = |q - \mathbb{1}[y < x]| (y - x)^2
    $$

    A prediction that is too low weighs $q$, one that is too high $1 - q$. At 0.5 both weigh the
    same, and the loss is half the squared error.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is twice the error, with the weight of its side:

    $$
    \frac{\partial \ell}{\partial x} = 2 |q - \mathbb{1}[y < x]| (x - y)
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Booleans count as 0 and 1.
        expectile: Weight $q$ of a prediction that is too low, above 0 and below 1. Above 0.5 the
            predictions are drawn up, below 0.5 down.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `expectile` is not between 0 and 1, the shapes differ, or `reduction` is
            none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        One prediction is too low by 1, the other too high by 2. By hand, 0.9 · 1² = 0.9 and
        (1 − 0.9) · 2² = 0.4, on average 0.65.

        >>> import torch
        >>> from losses import expectile_loss
        >>> prediction, target = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> expectile_loss(prediction, target, expectile=0.9, reduction="none")
        tensor([0.9000, 0.4000])
        >>> expectile_loss(prediction, target, expectile=0.9)
        tensor(0.6500)

        The 0.9 expectile of 0 and 10 is 9. There the pulls balance: 2 · 0.1 · 9 = 1.8 down, and
        2 · 0.9 · 1 = 1.8 up.

        >>> import torch
        >>> from losses import expectile_loss
        >>> x = torch.tensor([9.0, 9.0], requires_grad=True)
        >>> y = torch.tensor([0.0, 10.0])
        >>> expectile_loss(x, y, expectile=0.9, reduction="sum").backward()
        >>> x.grad
        tensor([ 1.8000, -1.8000])

        At 0.5 it is half the squared error: (1² + 2²) / 2 = 2.5, and half of that.

        >>> import torch
        >>> from losses import expectile_loss, mse_loss
        >>> prediction, target = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> expectile_loss(prediction, target), mse_loss(prediction, target)
        (tensor(1.2500), tensor(2.5000))

    References:
        - Newey, Powell, [Asymmetric Least Squares Estimation and
          Testing](https://doi.org/10.2307/1911031), 1987
        - Kostrikov, Nair, Levine, [Offline Reinforcement Learning with Implicit
          Q-Learning](https://arxiv.org/abs/2110.06169), 2021, learns values with it
        - PyTorch has no such loss ([asked for](https://github.com/pytorch/pytorch/issues/118918));
          the nearest is
          [`torch.nn.MSELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
    """
    check(input, target, expectile)
    input, target = upcast(input, target)
    error = target - input
    # Weight times error, times error again: the square alone may overflow.
    weighted = torch.where(error < 0, (1 - expectile) * error, expectile * error)
    loss = weighted * error
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, expectile: float) -> None:
    """Raise unless there is one real target for each prediction, and an expectile."""
    check_expectile(expectile)
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)


def check_expectile(expectile: float) -> None:
    """Raise unless both sides have a weight above 0."""
    if not 0 < expectile < 1:
        raise ValueError(
            f"expectile must be above 0 and below 1, got expectile={expectile}: pass 0.9 where "
            "too low weighs 9 times as much as too high, 0.5 where both weigh the same"
        )


class ExpectileLoss(Loss):
    r"""[`expectile_loss`][losses.expectile_loss] as a module.

    Args:
        expectile: Weight of a prediction that is too low, above 0 and below 1.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `expectile` is not between 0 and 1.

    Examples:
        >>> import torch
        >>> from losses import ExpectileLoss
        >>> criterion = ExpectileLoss(expectile=0.9)
        >>> criterion
        ExpectileLoss(reduction='mean', expectile=0.9)
        >>> prediction = torch.tensor([1.0, 4.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.tensor([2.0, 2.0]))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(0.6500), tensor([-0.9000,  0.2000]))
    """

    expectile: float

    def __init__(self, *, expectile: float = 0.5, reduction: str = "mean") -> None:
        check_expectile(expectile)
        super().__init__(reduction=reduction)
        self.expectile = expectile

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`expectile_loss`][losses.expectile_loss]."""
        return expectile_loss(input, target, expectile=self.expectile, reduction=self.reduction)


RECORD = Record(
    function="expectile_loss",
    classes=("ExpectileLoss",),
    aliases=("asymmetric least squares", "asymmetric squared error", "expectile regression"),
    summary="Regression where too low costs more, or less, than too high.",
    torch_equivalent=False,
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-3, 3),
        "x − y",
        sweep=("expectile", (0.1, 0.5, 0.9)),
        slider=(0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98),
    ),
    properties=Properties(
        convex=Claim(True, "the slope never falls as the prediction grows"),
        lipschitz=Claim(False, "the slope grows with the error"),
        smooth=Claim(True, "two parabolas that meet where both are level"),
        symmetric=Claim(True, "at the default `expectile` of 0.5, and there alone", "error"),
        bounded=Claim(False, "it grows with the error"),
        non_negative=Claim(True, "a weight above 0 times a square"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
