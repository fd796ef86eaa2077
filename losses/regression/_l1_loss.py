"""L1: the absolute error."""

from __future__ import annotations

from torch import Tensor

from losses._checks import check_mean, check_weight_shape, loss_function, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["L1Loss", "l1_loss"]


@loss_function("input", "target", "weight")
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Measure the absolute error: how far each prediction is from its target.

    For a prediction $x$ and a target $y$,

    $$
    \ell(x, y) = |x - y|
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.
    With `weight` $w$ it divides by the sum of the weights,
    $\frac{\sum_i w_i \ell(x_i, y_i)}{\sum_i w_i}$.

    The gradient is the sign of the error. Every element pulls with the same force, however far it
    is off, and only an exact hit stops pulling:

    $$
    \frac{\partial \ell}{\partial x} = \begin{cases}
    1 & \text{if } x > y \\
    -1 & \text{if } x < y \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Prediction $x$, any shape, any real value. Complex numbers are allowed: $|x - y|$
            is then their distance.
        target: Value to reach $y$, same shape as `input`. Another shape is broadcast, with a
            warning.
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
        The loss in the common data type of the arguments (float32 under autocast, and for
        integers). For complex numbers it is real.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        RuntimeError: If the shapes do not broadcast, or `'mean'` would average integers.
        ValueError: If `weight` has another shape than `input`, or `reduction` is none of the
            three.

    Examples:
        Two errors, by hand: |3 − 1| = 2 and |2 − 6| = 4, on average 6 / 2 = 3.

        >>> import torch
        >>> from losses import l1_loss
        >>> prediction = torch.tensor([3.0, 2.0])
        >>> target = torch.tensor([1.0, 6.0])
        >>> l1_loss(prediction, target, reduction="none")
        tensor([2., 4.])
        >>> l1_loss(prediction, target)
        tensor(3.)

        The gradient of the sum is the sign of each error, and 0 where the prediction is exact.

        >>> import torch
        >>> from losses import l1_loss
        >>> prediction = torch.tensor([3.0, 2.0, 5.0], requires_grad=True)
        >>> target = torch.tensor([1.0, 6.0, 5.0])
        >>> l1_loss(prediction, target, reduction="sum").backward()
        >>> prediction.grad
        tensor([ 1., -1.,  0.])

        With weights 3 and 1 the mean is (3 · 2 + 1 · 4) / (3 + 1) = 2.5.

        >>> import torch
        >>> from losses import l1_loss
        >>> prediction, target = torch.tensor([3.0, 2.0]), torch.tensor([1.0, 6.0])
        >>> l1_loss(prediction, target, weight=torch.tensor([3.0, 1.0]))
        tensor(2.5000)

    References:
        - Koenker and Bassett, [Regression Quantiles](https://doi.org/10.2307/1913643), 1978:
          the absolute error leads to the median
        - [`torch.nn.functional.l1_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.l1_loss.html)
    """
    check_mean(reduction, input, target)
    check_weight_shape(weight, input)
    input, target, weight = paired(input, target, weight)
    loss = (input - target).abs()
    if weight is not None:
        return reduce_loss(weight * loss, reduction, weight.expand_as(loss).sum())
    return reduce_loss(loss, reduction)


class L1Loss(Loss):
    r"""[`l1_loss`][losses.l1_loss] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import L1Loss
        >>> criterion = L1Loss()
        >>> criterion
        L1Loss(reduction='mean')
        >>> prediction = torch.tensor([3.0, 2.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.tensor([1.0, 6.0]))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(3.), tensor([ 0.5000, -0.5000]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`l1_loss`][losses.l1_loss]."""
        return l1_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="l1_loss",
    classes=("L1Loss",),
    aliases=("mean absolute error", "MAE", "L1 loss", "least absolute deviations"),
    summary="Regression towards the median; outliers pull no harder than the rest.",
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
        convex=Claim(True, "an absolute value"),
        lipschitz=Claim(True, "the slope is −1 or 1", 1.0),
        smooth=Claim(False, "the gradient jumps from −1 to 1 at the target"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "it is −1, 0 or 1", 1.0),
        non_negative=Claim(True, "an absolute value"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
