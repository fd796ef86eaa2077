"""Mean squared error."""

from __future__ import annotations

from torch import Tensor

from losses._checks import check_floating, check_weight_shape, loss_function, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["MSELoss", "mse_loss"]


@loss_function("input", "target", "weight")
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Measure the squared error: twice as far off costs four times as much.

    For a prediction $x$ and a target $y$,

    $$
    \ell(x, y) = (x - y)^2
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.
    With `weight` $w$ it divides by the sum of the weights,
    $\frac{\sum_i w_i \ell(x_i, y_i)}{\sum_i w_i}$.

    The gradient is twice the error: the farther off, the harder the pull.

    $$
    \frac{\partial \ell}{\partial x} = 2 (x - y)
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Another shape is broadcast, with a
            warning. Booleans count as 0 and 1.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.
        weight: Importance $w$ of each element, same shape as `input`, usually at least 0. Left
            out, every element counts the same.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `weight`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of the arguments (float32 under autocast).

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        RuntimeError: If the shapes do not broadcast.
        NotImplementedError: If neither `input` nor `target` is floating point, or one is complex.
        ValueError: If `weight` has another shape than `input`, or `reduction` is none of the
            three.

    Examples:
        Two errors, by hand: (3 − 1)² = 4 and (2 − 6)² = 16, on average 20 / 2 = 10.

        >>> import torch
        >>> from losses import mse_loss
        >>> prediction = torch.tensor([3.0, 2.0])
        >>> target = torch.tensor([1.0, 6.0])
        >>> mse_loss(prediction, target, reduction="none")
        tensor([ 4., 16.])
        >>> mse_loss(prediction, target)
        tensor(10.)

        The gradient of the sum is twice each error.

        >>> import torch
        >>> from losses import mse_loss
        >>> prediction = torch.tensor([3.0, 2.0], requires_grad=True)
        >>> target = torch.tensor([1.0, 6.0])
        >>> mse_loss(prediction, target, reduction="sum").backward()
        >>> prediction.grad
        tensor([ 4., -8.])

        With weights 3 and 1 the mean is (3 · 4 + 1 · 16) / (3 + 1) = 7.

        >>> import torch
        >>> from losses import mse_loss
        >>> prediction, target = torch.tensor([3.0, 2.0]), torch.tensor([1.0, 6.0])
        >>> mse_loss(prediction, target, weight=torch.tensor([3.0, 1.0]))
        tensor(7.)

        A training step: from w = 0 the model y = w x sees the errors −3 and −6. The gradient is
        2 · (−3 · 1 − 6 · 2) / 2 = −15, and a step of 0.2 lands on the right slope.

        >>> import torch
        >>> from losses import mse_loss
        >>> w = torch.tensor(0.0, requires_grad=True)
        >>> x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 6.0])
        >>> mse_loss(w * x, y).backward()
        >>> w.grad
        tensor(-15.)
        >>> w.detach() - 0.2 * w.grad
        tensor(3.)

    References:
        - Legendre, [Nouvelles méthodes pour la détermination des orbites des
          comètes](https://books.google.com/books?id=FRcOAAAAQAAJ), 1805: the method of least
          squares
        - [`torch.nn.functional.mse_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html)
    """
    check_floating(input=input, target=target)
    check_weight_shape(weight, input)
    input, target, weight = paired(input, target, weight)
    error = input - target
    loss = error * error  # the slope of a square, 2 * error, may overflow before it is averaged
    if weight is not None:
        return reduce_loss(weight * loss, reduction, weight.expand_as(loss).sum())
    return reduce_loss(loss, reduction)


class MSELoss(Loss):
    r"""[`mse_loss`][losses.mse_loss] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import MSELoss
        >>> criterion = MSELoss()
        >>> criterion
        MSELoss(reduction='mean')
        >>> prediction = torch.tensor([3.0, 2.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.tensor([1.0, 6.0]))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(10.), tensor([ 2., -4.]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`mse_loss`][losses.mse_loss]."""
        return mse_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="mse_loss",
    classes=("MSELoss",),
    aliases=("mean squared error", "MSE", "L2 loss", "quadratic loss", "least squares"),
    summary="Regression towards the mean; large errors dominate.",
    mean="the number of elements; the sum of `weight` where one is given",
    shapes="`input` (*), `target` (*), `weight` (*)",
    curve=Curve(
        {"input": "x", "target": 0.0, "weight": 1.0},
        (-3, 3),
        "x − y",
        sweep=("weight", (0.5, 1.0, 2.0)),
        slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
    ),
    properties=Properties(
        convex=Claim(True, "a parabola"),
        lipschitz=Claim(False, "the slope grows with the error"),
        smooth=Claim(True, "a parabola"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(False, "it is twice the error, so an outlier pulls without limit"),
        non_negative=Claim(True, "a square"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
