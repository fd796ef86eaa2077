"""Log-cosh: half the squared error near zero, the absolute error far out, smooth in between."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import hardtanh

from losses._checks import check_floating, check_real, loss_function, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["LogCoshLoss", "log_cosh_loss"]


@loss_function("input")
def log_cosh_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    r"""Measure the logarithm of the hyperbolic cosine of the error: a Huber loss without a seam.

    For a prediction $x$ and a target $y$,

    $$
    \ell(x, y) = \log \cosh(x - y)
    $$

    where the hyperbolic cosine of $a$ is the mean of $e^a$ and $e^{-a}$. Near zero the loss is
    nearly $\frac{(x - y)^2}{2}$, far out $|x - y| - \log 2$.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.

    The gradient is the error itself near zero, and never leaves the range from -1 to 1:

    $$
    \frac{\partial \ell}{\partial x} = \tanh(x - y)
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Another shape is broadcast, with a
            warning. Booleans count as 0 and 1.
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
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex, or the shapes do not broadcast.
        ValueError: If `reduction` is none of the three.

    Examples:
        Errors of ln 2 and ln 3. By hand, cosh(ln 2) = (2 + 1/2) / 2 = 5/4 and
        cosh(ln 3) = (3 + 1/3) / 2 = 5/3. The losses are ln 5/4 = 0.2231 and ln 5/3 = 0.5108, on
        average 0.3670.

        >>> import torch
        >>> from losses import log_cosh_loss
        >>> prediction = torch.tensor([2.0, 3.0]).log()
        >>> target = torch.tensor([0.0, 0.0])
        >>> log_cosh_loss(prediction, target, reduction="none")
        tensor([0.2231, 0.5108])
        >>> log_cosh_loss(prediction, target)
        tensor(0.3670)

        The gradient of the sum is the hyperbolic tangent: (2 − 1/2) / (2 + 1/2) = 3/5 and
        (3 − 1/3) / (3 + 1/3) = 4/5.

        >>> import torch
        >>> from losses import log_cosh_loss
        >>> prediction = torch.tensor([2.0, 3.0]).log().requires_grad_()
        >>> log_cosh_loss(prediction, torch.zeros(2), reduction="sum").backward()
        >>> prediction.grad
        tensor([0.6000, 0.8000])

        Huge errors do not overflow: 100 − ln 2 = 99.3069.

        >>> import torch
        >>> from losses import log_cosh_loss
        >>> log_cosh_loss(torch.tensor(100.0), torch.tensor(0.0))
        tensor(99.3069)

    References:
        - Saleh, Saleh, [Statistical Properties of the log-cosh Loss Function Used in Machine
          Learning](https://arxiv.org/abs/2208.04564), 2022
        - PyTorch has no such loss; the nearest is
          [`torch.nn.HuberLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html)
    """
    check_floating(input=input)
    check_real(target=target)
    input, target = paired(input, target)
    # cosh e = 1 + (exp e - 1)^2 / (2 exp e) keeps small errors. Beyond 20 only the line is left, to
    # the last digit of float64, and the exponential function would soon overflow.
    error = input - target
    clipped = hardtanh(error, -20, 20)
    beyond_1 = torch.expm1(clipped).square() * torch.exp(-clipped) / 2
    loss = torch.log1p(beyond_1) + (error.abs() - clipped.abs())
    return reduce_loss(loss, reduction)


class LogCoshLoss(Loss):
    r"""[`log_cosh_loss`][losses.log_cosh_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import LogCoshLoss
        >>> criterion = LogCoshLoss()
        >>> criterion
        LogCoshLoss(reduction='mean')
        >>> prediction = torch.tensor([2.0, 3.0]).log().requires_grad_()
        >>> loss = criterion(prediction, torch.zeros(2))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(0.3670), tensor([0.3000, 0.4000]))
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`log_cosh_loss`][losses.log_cosh_loss]."""
        return log_cosh_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="log_cosh_loss",
    classes=("LogCoshLoss",),
    aliases=("log-cosh", "log cosh", "logarithm of the hyperbolic cosine"),
    summary="Regression with outliers: Huber's shape, smooth everywhere, nothing to set.",
    torch_equivalent=False,
    curve=Curve({"input": "x", "target": 0.0}, (-3, 3), "x − y"),
    properties=Properties(
        convex=Claim(True, "the second derivative, 1 − tanh², is above 0"),
        lipschitz=Claim(True, "the slope, a hyperbolic tangent, is between −1 and 1", 1.0),
        smooth=Claim(True, "all its derivatives are smooth too; there is no seam"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "a hyperbolic tangent is between −1 and 1", 1.0),
        non_negative=Claim(True, "a hyperbolic cosine is at least 1"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
