"""Huber: half the squared error near zero, `delta` times the absolute error farther out."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import hardtanh

from losses._checks import check_floating, check_real, check_weight_shape, loss_function, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["HuberLoss", "huber_loss"]


@loss_function("input", "weight")
def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Measure half the squared error up to `delta`, and go on in a straight line from there.

    For a prediction $x$ and a target $y$,

    $$
    \ell(x, y) = \begin{cases}
    \dfrac{(x - y)^2}{2} & \text{if } |x - y| < \delta \\
    \delta \left(|x - y| - \dfrac{\delta}{2}\right) & \text{otherwise}
    \end{cases}
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.
    With `weight` $w$ it still divides by their number, $\frac{1}{n} \sum_i w_i \ell(x_i, y_i)$.

    The gradient is the error itself, held between $-\delta$ and $\delta$:

    $$
    \frac{\partial \ell}{\partial x} = \max\left(-\delta, \min\left(\delta, x - y\right)\right)
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Another shape is broadcast, with a
            warning. Booleans count as 0 and 1.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.
        delta: Error $\delta$ from which on the loss is a line, in the unit of the error, above 0.
        weight: Importance $w$ of each element, same shape as `input`, usually at least 0. Left
            out, every element counts once.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `weight`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). A wider `weight` widens it.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        RuntimeError: If `delta` is not above 0, `target` is complex, or the shapes do not
            broadcast.
        NotImplementedError: If `input` is not floating point.
        ValueError: If `weight` has another shape than `input`, or `reduction` is none of the
            three.

    Examples:
        One error inside the parabola, one on the line. By hand, with `delta=2`: 1² / 2 = 0.5 and
        2 · (5 − 2/2) = 8, on average 8.5 / 2 = 4.25.

        >>> import torch
        >>> from losses import huber_loss
        >>> prediction = torch.tensor([1.0, 5.0])
        >>> target = torch.tensor([0.0, 0.0])
        >>> huber_loss(prediction, target, reduction="none", delta=2.0)
        tensor([0.5000, 8.0000])
        >>> huber_loss(prediction, target, delta=2.0)
        tensor(4.2500)

        The gradient of the sum shows both parts: the error itself, then a constant `delta`.

        >>> import torch
        >>> from losses import huber_loss
        >>> prediction = torch.tensor([1.0, 5.0], requires_grad=True)
        >>> target = torch.zeros(2)
        >>> loss = huber_loss(prediction, target, reduction="sum", delta=2.0)
        >>> loss.backward()
        >>> prediction.grad
        tensor([1., 2.])

        With weights 3 and 1 the mean is (3 · 0.5 + 1 · 8) / 2 = 4.75: divided by 2 elements, not
        by a total weight of 4.

        >>> import torch
        >>> from losses import huber_loss
        >>> prediction, target = torch.tensor([1.0, 5.0]), torch.zeros(2)
        >>> weight = torch.tensor([3.0, 1.0])
        >>> huber_loss(prediction, target, delta=2.0, weight=weight)
        tensor(4.7500)

    References:
        - Huber, [Robust Estimation of a Location
          Parameter](https://doi.org/10.1214/aoms/1177703732), 1964
        - [`torch.nn.functional.huber_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.huber_loss.html)
    """
    if not delta > 0:
        raise RuntimeError(
            "huber_loss does not support non-positive values for delta. "
            f"Got delta={delta}: pass the error from which on the loss is a line"
        )
    check_floating(input=input)
    check_real(target=target)
    check_weight_shape(weight, input)
    input, target, weight = paired(input, target, weight)
    error = input - target
    clipped = hardtanh(error, -delta, delta)  # inside the parabola
    loss = clipped * (error - clipped / 2)
    if weight is not None:
        loss = weight * loss
    return reduce_loss(loss, reduction)


class HuberLoss(Loss):
    r"""[`huber_loss`][losses.huber_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.
        delta: Error from which on the loss is a line, above 0.

    Raises:
        TypeError: If `delta` is not a number.

    Examples:
        >>> import torch
        >>> from losses import HuberLoss
        >>> criterion = HuberLoss(delta=2.0)
        >>> criterion
        HuberLoss(reduction='mean', delta=2.0)
        >>> prediction = torch.tensor([1.0, 5.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.zeros(2))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(4.2500), tensor([0.5000, 1.0000]))
    """

    delta: float

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}. Pass delta=1.0")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`huber_loss`][losses.huber_loss]."""
        return huber_loss(input, target, reduction=self.reduction, delta=self.delta)


RECORD = Record(
    function="huber_loss",
    classes=("HuberLoss",),
    aliases=("Huber", "robust regression loss"),
    summary="Regression with outliers: squared when small, slope `delta` when large.",
    mean="the number of elements, also where `weight` is given",
    shapes="`input` (*), `target` (*), `weight` (*)",
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-3, 3),
        "x − y",
        sweep=("delta", (0.5, 1.0, 2.0)),
        slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
    ),
    properties=Properties(
        convex=Claim(True, "the gradient never falls as the error grows"),
        lipschitz=Claim(True, "the slope is held between −`delta` and `delta`, by default 1", 1.0),
        smooth=Claim(True, "parabola and line meet with the same slope"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "it is held between −`delta` and `delta`, by default 1", 1.0),
        non_negative=Claim(True, "a square, then an absolute value that continues it"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
