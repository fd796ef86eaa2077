"""General robust loss: one number leads from the squared error to one that ignores outliers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from losses._checks import check_floating, check_real, check_same_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["GeneralRobustLoss", "general_robust_loss"]


@loss_function("input")
def general_robust_loss(
    input: Tensor,
    target: Tensor,
    *,
    alpha: float = 1.0,
    scale: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure the error by a loss whose shape is a number: squared, straight, or flat far out.

    For a prediction $x$, a target $y$, the shape $\alpha$ = `alpha` and the scale $c$ = `scale`,

    $$
    \ell(x, y) = \begin{cases}
    \dfrac{z}{2} & \text{if } \alpha = 2 \\
    \log\left(\dfrac{z}{2} + 1\right) & \text{if } \alpha = 0 \\
    \dfrac{|\alpha - 2|}{\alpha} \left(
    \left(\dfrac{z}{|\alpha - 2|} + 1\right)^{\alpha / 2} - 1
    \right) & \text{otherwise}
    \end{cases}, \qquad
    z = \left(\frac{x - y}{c}\right)^2
    $$

    The first two rows are limits of the third. For an $\alpha$ of minus infinity its limit is
    $1 - e^{-z / 2}$. Well below $c$ the loss is $z / 2$, whatever $\alpha$ is. Far out it grows as
    the power $\alpha$ of the error if $\alpha$ is above 0. Below 0 it becomes flat.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is that of half the squared error, times a weight that falls as the error grows:

    $$
    \frac{\partial \ell}{\partial x} = \frac{x - y}{c^2}
    \left(\frac{z}{|\alpha - 2|} + 1\right)^{\alpha / 2 - 1}
    $$

    For an $\alpha$ of 2 the weight is always 1. Up to an $\alpha$ of 1 the gradient never exceeds
    $1 / c$ in size. Below 1 it fades again far out.

    Args:
        input: Prediction $x$, floating point, any shape, any real value. An infinite error has no
            gradient.
        target: Value to reach $y$, same shape as `input`. Booleans count as 0 and 1.
        alpha: Shape $\alpha$, a number or minus infinity: 2 is half the squared error, 1 the
            smooth absolute error, 0 Cauchy's, −2 Geman and McClure's, minus infinity Welsch's.
        scale: Error $c$ around which the parabola ends, above 0, in the unit of the error.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor, or `alpha` or `scale` not a number.
        ValueError: If `alpha` is infinity or NaN, `scale` is not above 0, the shapes differ, or
            `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        Errors of 0 and 2. With an `alpha` of 1, by hand: √(0 + 1) − 1 = 0 and
        √(4 + 1) − 1 = 1.2361, on average 0.6180.

        >>> import torch
        >>> from losses import general_robust_loss
        >>> prediction, target = torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])
        >>> general_robust_loss(prediction, target, reduction="none")
        tensor([0.0000, 1.2361])
        >>> general_robust_loss(prediction, target)
        tensor(0.6180)

        The lower `alpha`, the less an outlier pulls. By hand, the gradient of an error of 2 is
        2, 2/√5 = 0.8944, 2/3 and 2/4 = 0.5: the weight is (z/|α − 2| + 1) to the power α/2 − 1.

        >>> import torch
        >>> from losses import general_robust_loss
        >>> y = torch.zeros(2)
        >>> for alpha in (2.0, 1.0, 0.0, -2.0):
        ...     x = torch.tensor([0.1, 2.0], requires_grad=True)
        ...     loss = general_robust_loss(x, y, alpha=alpha, reduction="sum")
        ...     loss.backward()
        ...     print(alpha, x.grad)
        2.0 tensor([0.1000, 2.0000])
        1.0 tensor([0.0995, 0.8944])
        0.0 tensor([0.0995, 0.6667])
        -2.0 tensor([0.0995, 0.5000])

        With minus infinity no error costs more than 1. `scale` says from where on: an error of 30
        is ordinary with a scale of 100.

        >>> import torch
        >>> from losses import general_robust_loss
        >>> x, y = torch.tensor([0.0, 30.0]), torch.zeros(2)
        >>> low = float("-inf")
        >>> general_robust_loss(x, y, alpha=low, reduction="none")
        tensor([0., 1.])
        >>> general_robust_loss(x, y, alpha=low, scale=100.0, reduction="none")
        tensor([0.0000, 0.0440])

    References:
        - Barron, [A General and Adaptive Robust Loss Function](https://arxiv.org/abs/1701.03077),
          2017
        - PyTorch has no such loss; the nearest is
          [`torch.nn.HuberLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html)
    """
    check(input, target, alpha, scale)
    input, target = upcast(input, target)
    # So near to the limits at 0 and minus infinity, nothing is left between.
    alpha = max(alpha, -1e15) if abs(alpha) > 1e-20 else 1e-20
    b = abs(alpha - 2) or 1.0  # at 2 any number gives the same
    error = (input - target) / scale
    infinite = error.isinf()
    root = error.masked_fill(infinite, 0) / math.sqrt(b)
    beyond = root.abs() > 1
    far = root.abs().masked_fill(~beyond, 1)
    # log(root² + 1), where the square may overflow.
    outside = 2 * far.log() + far.pow(-2).log1p()
    log_power = torch.where(beyond, outside, root.square().log1p())
    loss = b / alpha * torch.expm1(alpha / 2 * log_power)
    highest = math.inf if alpha > 0 else -b / alpha
    loss = loss.masked_fill(infinite, highest)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, alpha: float, scale: float) -> None:
    """Raise unless there is one real target for each prediction, a shape and a scale."""
    check_shape(alpha, scale)
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)


def check_shape(alpha: float, scale: float) -> None:
    """Raise unless both are numbers for which there is such a loss."""
    for name, value in (("alpha", alpha), ("scale", scale)):
        if not isinstance(value, (int, float)):
            raise TypeError(
                f"{name} must be a number, got {type(value).__name__}: it is not learned here, "
                f"because the loss alone would push it to where nothing costs anything; pass "
                f"{name}=1.0 and compare a few values"
            )
    if not alpha < math.inf:
        raise ValueError(
            f"alpha must be a number or minus infinity, got alpha={alpha}: pass 2.0 for the "
            "squared error, 1.0 for a straight line far out, less to ignore outliers"
        )
    if not scale > 0:
        raise ValueError(
            f"scale must be above 0, got scale={scale}: pass the size of an ordinary error"
        )


class GeneralRobustLoss(Loss):
    r"""[`general_robust_loss`][losses.general_robust_loss] as a module.

    Args:
        alpha: Shape: 2 is half the squared error, 1 the smooth absolute error, less ignores more.
        scale: Error around which the parabola ends, above 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        TypeError: If `alpha` or `scale` is not a number.
        ValueError: If `alpha` is infinity or NaN, or `scale` is not above 0.

    Examples:
        >>> import torch
        >>> from losses import GeneralRobustLoss
        >>> criterion = GeneralRobustLoss(alpha=0.0)
        >>> criterion
        GeneralRobustLoss(reduction='mean', alpha=0.0, scale=1.0)
        >>> prediction = torch.tensor([0.0, 2.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.zeros(2))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(0.5493), tensor([0.0000, 0.3333]))
    """

    alpha: float
    scale: float

    def __init__(self, *, alpha: float = 1.0, scale: float = 1.0, reduction: str = "mean") -> None:
        check_shape(alpha, scale)
        super().__init__(reduction=reduction)
        self.alpha = alpha
        self.scale = scale

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`general_robust_loss`][losses.general_robust_loss]."""
        return general_robust_loss(
            input, target, alpha=self.alpha, scale=self.scale, reduction=self.reduction
        )


RECORD = Record(
    function="general_robust_loss",
    classes=("GeneralRobustLoss",),
    aliases=("Barron loss", "adaptive robust loss", "Cauchy", "Geman-McClure", "Welsch"),
    summary="Regression with outliers: one number says how little they count.",
    torch_equivalent=False,
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-5, 5),
        "x − y",
        sweep=("alpha", (2.0, 1.0, 0.0, -2.0)),
        slider=(float("-inf"), -10.0, -4.0, -2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 0.0},
            (-5, 5),
            "x − y",
            sweep=("scale", (0.5, 1.0, 2.0)),
        ),
    ),
    properties=Properties(
        convex=Claim(True, "at the default `alpha` of 1, and from there up to 2; below 1 not"),
        lipschitz=Claim(True, "at the default the slope is between −1 and 1", 1.0),
        smooth=Claim(True, "a power of a number that is at least 1"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "by 1 over `scale`, for every `alpha` up to 1", 1.0),
        non_negative=Claim(True, "it grows with the error, from 0"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
