"""Smooth L1: a parabola near zero, the absolute error farther out."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import hardtanh

from losses._checks import check_floating, loss_function, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SmoothL1Loss", "smooth_l1_loss"]


@loss_function("input", "target")
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""Measure the absolute error with its tip rounded: a parabola below `beta`, a line above.

    For a prediction $x$ and a target $y$,

    $$
    \ell(x, y) = \begin{cases}
    \dfrac{(x - y)^2}{2 \beta} & \text{if } |x - y| < \beta \\
    |x - y| - \dfrac{\beta}{2} & \text{otherwise}
    \end{cases}
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.

    The gradient is the error divided by `beta`, held between -1 and 1. No outlier pulls harder
    than that, and near the target the pull fades instead of flipping its sign:

    $$
    \frac{\partial \ell}{\partial x} = \max\left(-1, \min\left(1, \frac{x - y}{\beta}\right)\right)
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Another shape is broadcast, with a
            warning.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.
        beta: Width of the parabola on either side of zero, in the unit of the error, at least 0.
            With 0 the loss is [`l1_loss`][losses.l1_loss].

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of `input` and `target` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        RuntimeError: If `beta` is negative, or the shapes do not broadcast.
        NotImplementedError: If neither `input` nor `target` is floating point, or one is complex.
        ValueError: If `reduction` is none of the three.

    Examples:
        One error inside the parabola, one on the line. By hand: 0.5² / 2 = 0.125 and
        3 − 1/2 = 2.5, on average 2.625 / 2 = 1.3125.

        >>> import torch
        >>> from losses import smooth_l1_loss
        >>> prediction = torch.tensor([0.5, 3.0])
        >>> target = torch.tensor([0.0, 0.0])
        >>> smooth_l1_loss(prediction, target, reduction="none")
        tensor([0.1250, 2.5000])
        >>> smooth_l1_loss(prediction, target)
        tensor(1.3125)

        The gradient of the sum shows both parts: the error itself, then a constant 1.

        >>> import torch
        >>> from losses import smooth_l1_loss
        >>> prediction = torch.tensor([0.5, 3.0], requires_grad=True)
        >>> smooth_l1_loss(prediction, torch.zeros(2), reduction="sum").backward()
        >>> prediction.grad
        tensor([0.5000, 1.0000])

        `beta` widens the parabola. The error of 1 now lies inside it: 1² / (2 · 2) = 0.25.

        >>> import torch
        >>> from losses import smooth_l1_loss
        >>> smooth_l1_loss(torch.tensor(1.0), torch.tensor(0.0), beta=2.0)
        tensor(0.2500)

    References:
        - Girshick, [Fast R-CNN](https://arxiv.org/abs/1504.08083), 2015, equation 3
        - [`torch.nn.functional.smooth_l1_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.smooth_l1_loss.html)
    """
    if beta < 0:
        raise RuntimeError(
            f"smooth_l1_loss does not support negative values for beta. Got beta={beta}: "
            "pass 0 for the plain absolute error, or a positive width"
        )
    check_floating(input=input, target=target)
    input, target = paired(input, target)
    error = input - target
    if beta == 0:
        return reduce_loss(error.abs(), reduction)
    clipped = hardtanh(error, -beta, beta)  # inside the parabola
    return reduce_loss(clipped * (error - clipped / 2) / beta, reduction)


class SmoothL1Loss(Loss):
    r"""[`smooth_l1_loss`][losses.smooth_l1_loss] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.
        beta: Width of the parabola on either side of zero, at least 0.

    Examples:
        >>> import torch
        >>> from losses import SmoothL1Loss
        >>> criterion = SmoothL1Loss(beta=0.5)
        >>> criterion
        SmoothL1Loss(reduction='mean', beta=0.5)
        >>> prediction = torch.tensor([0.25, 2.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.zeros(2))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(0.9062), tensor([0.2500, 0.5000]))
    """

    beta: float

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`smooth_l1_loss`][losses.smooth_l1_loss]."""
        return smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


RECORD = Record(
    function="smooth_l1_loss",
    classes=("SmoothL1Loss",),
    aliases=("smooth L1", "Fast R-CNN box loss"),
    summary="Regression with outliers: squared when small, slope 1 when large.",
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-3, 3),
        "x − y",
        sweep=("beta", (0.5, 1.0, 2.0)),
        slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
    ),
    properties=Properties(
        convex=Claim(True, "the gradient never falls as the error grows"),
        lipschitz=Claim(True, "the slope is held between −1 and 1, whatever `beta`", 1.0),
        smooth=Claim(True, "parabola and line meet with the same slope; not with `beta=0`"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "it is held between −1 and 1, whatever `beta`", 1.0),
        non_negative=Claim(True, "a square, then an absolute value that continues it"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
