"""CRPS of a Gaussian forecast: how far its distribution function is from the observed value's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from losses._checks import (
    check_floating,
    check_real,
    check_same_shape,
    expands,
    loss_function,
    outlier,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CRPSNormalLoss", "crps_normal_loss"]


@loss_function("input")
def crps_normal_loss(
    input: Tensor, target: Tensor, sigma: Tensor | float, *, reduction: str = "mean"
) -> Tensor:
    r"""Measure how far a Gaussian forecast is from the value that came, in the value's own unit.

    For a predicted mean $x$, a predicted standard deviation $s$ = `sigma` and an observed value
    $y$, with the standard normal density $\varphi$ and distribution function $\Phi$,

    $$
    \begin{aligned}
    w &= \frac{y - x}{s}, \qquad \varphi(w) = \frac{1}{\sqrt{2 \pi}} e^{-\frac{w^2}{2}} \\
    \ell(x, y) &= s (w (2 \Phi(w) - 1) + 2 \varphi(w) - \frac{1}{\sqrt{\pi}})
    \end{aligned}
    $$

    Where $s$ is 0 the forecast is a single number, and the loss its absolute error $|y - x|$.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient in the mean never exceeds 1. The one in the standard deviation is 0 where $w^2$ is
    $\log 2$: forecasts that are farther off want to be wider, nearer ones narrower.

    $$
    \frac{\partial \ell}{\partial x} = 1 - 2 \Phi(w), \qquad
    \frac{\partial \ell}{\partial s} = 2 \varphi(w) - \frac{1}{\sqrt{\pi}}
    $$

    Args:
        input: Predicted means $x$, floating point, any real number, any shape.
        target: Observed values $y$, same shape as `input`.
        sigma: Predicted standard deviations $s$ (no variances), at least 0, floating point, in a
            shape that broadcasts to that of `input`. A single number is for all.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `sigma`: $(*)$, or what broadcasts to it, or a number.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor, or `sigma` neither a tensor nor a number.
        ValueError: If `sigma` has a negative entry (looked for on the CPU only, outside of
            compiling, tracing and `torch.func`), the shapes do not fit, or `reduction` is none of
            the three.
        NotImplementedError: If `input` is not floating point, or `sigma` a tensor that is not.
        RuntimeError: If `target` is complex.

    Examples:
        The first forecast is right, with standard deviation 1: what is left is
        2 φ(0) − 1 / √π = 0.7979 − 0.5642 = 0.2337. The second is wrong by half its standard
        deviation of 2: 2 (0.5 · 0.3829 + 0.7041 − 0.5642) = 0.6628. On average 0.4483.

        >>> import torch
        >>> from losses import crps_normal_loss
        >>> mean, value = torch.tensor([0.0, 0.0]), torch.tensor([0.0, 1.0])
        >>> sigma = torch.tensor([1.0, 2.0])
        >>> crps_normal_loss(mean, value, sigma, reduction="none")
        tensor([0.2337, 0.6628])
        >>> crps_normal_loss(mean, value, sigma)
        tensor(0.4483)

        The typical training call: the model predicts the mean and any real number, of which
        softplus makes a standard deviation. A value 5 above pulls the mean up and widens; the one
        that was met narrows.

        >>> import torch
        >>> from losses import crps_normal_loss
        >>> mean = torch.tensor([0.0, 0.0], requires_grad=True)
        >>> raw = torch.tensor([0.5, 0.5], requires_grad=True)
        >>> sigma = torch.nn.functional.softplus(raw)
        >>> loss = crps_normal_loss(mean, torch.tensor([5.0, 0.0]), sigma)
        >>> loss.backward()
        >>> mean.grad.round(decimals=3), raw.grad.round(decimals=3)
        (tensor([-0.5000, 0.0000]), tensor([-0.1760,  0.0730]))

        Without a spread it is the absolute error, in the same unit.

        >>> import torch
        >>> from losses import crps_normal_loss
        >>> mean, value = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> crps_normal_loss(mean, value, 0.0, reduction="none")
        tensor([1., 2.])

    References:
        - Gneiting, Raftery, Westveld, Goldman, [Calibrated Probabilistic Forecasting Using Ensemble
          Model Output Statistics and Minimum CRPS Estimation](https://doi.org/10.1175/MWR2904.1),
          2005
        - Gneiting, Raftery, [Strictly Proper Scoring Rules, Prediction, and
          Estimation](https://doi.org/10.1198/016214506000001437), 2007
        - PyTorch has no such loss; the nearest is
          [`torch.nn.GaussianNLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html)
    """
    check(input, target, sigma)
    input, target = upcast(input, target)
    sigma = sigma * torch.ones_like(input)  # a number is for all
    error = target - input
    # From 40 sigma on the density is 0. There w need not be exact: sigma may be 0.
    far = error.abs() >= 40 * sigma
    divisor = torch.where(far, 1, sigma)
    w = torch.where(far, 40 * error.sign(), error / divisor)
    density = torch.exp(-w * w / 2) / math.sqrt(2 * math.pi)
    spread = sigma * (2 * density - 1 / math.sqrt(math.pi))
    # sigma w is the error, and 2 Phi(w) - 1 an erf.
    loss = error * torch.erf(w / math.sqrt(2)) + spread
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, sigma: Tensor | float) -> None:
    """Raise unless there are a mean, a standard deviation and a real value for each element."""
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)
    wrong = None
    if isinstance(sigma, Tensor):
        check_floating(sigma=sigma)
        if not expands(sigma, input):
            raise ValueError(
                f"sigma must broadcast to input, got {tuple(sigma.shape)} for input "
                f"{tuple(input.shape)}: pass one standard deviation for each element, or a number "
                "for all; sigma.unsqueeze(1) for one a row"
            )
        wrong = outlier(0, sigma, math.inf, input, target)
    elif not isinstance(sigma, (int, float)):
        raise TypeError(f"sigma must be a tensor or a number, got {type(sigma).__name__}")
    elif not sigma >= 0:
        wrong = sigma
    if wrong is not None:
        raise ValueError(
            f"sigma must be at least 0, got {wrong:.4g}: pass softplus(sigma), or sigma.exp() if "
            "it is a logarithm"
        )


class CRPSNormalLoss(Loss):
    r"""[`crps_normal_loss`][losses.crps_normal_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CRPSNormalLoss
        >>> criterion = CRPSNormalLoss()
        >>> criterion
        CRPSNormalLoss(reduction='mean')
        >>> mean = torch.tensor([0.0, 0.0], requires_grad=True)
        >>> value, sigma = torch.tensor([1.0, 1.0]), torch.tensor([1.0, 2.0])
        >>> loss = criterion(mean, value, sigma)
        >>> loss.backward()
        >>> loss.detach(), mean.grad
        (tensor(0.6326), tensor([-0.3413, -0.1915]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor, sigma: Tensor | float) -> Tensor:
        """Compute the loss; see [`crps_normal_loss`][losses.crps_normal_loss]."""
        return crps_normal_loss(input, target, sigma, reduction=self.reduction)


RECORD = Record(
    function="crps_normal_loss",
    classes=("CRPSNormalLoss",),
    aliases=(
        "CRPS of a normal distribution",
        "continuous ranked probability score",
        "Gaussian CRPS",
        "minimum CRPS estimation",
    ),
    summary="Regression that predicts its own uncertainty, judged in the unit of the target.",
    torch_equivalent=False,
    input="predicted means, any real number",
    target="values, any real number",
    shapes="`input` (*), `target` (*); `sigma` broadcasts to it, or is a number",
    curve=Curve(
        {"input": "x", "target": 0.0, "sigma": 1.0},
        (-3, 3),
        "x − y",
        sweep=("sigma", (0.0, 1.0, 3.0)),
        slider=(0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0),
    ),
    properties=Properties(
        convex=Claim(True, "in the mean: its slope, a distribution function, never falls"),
        lipschitz=Claim(True, "in the mean, as the absolute error far out", 1.0),
        smooth=Claim(True, "where `sigma` is above 0; at 0 it has the kink of the absolute error"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "in the mean between −1 and 1", 1.0),
        non_negative=Claim(True, "an integral of squares"),
        minimum=Claim(True, "in the mean: there the error is 0", "input == target"),
    ),
)
