"""Gaussian negative log likelihood: an error, measured against the predicted uncertainty."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from losses._checks import check_real, loss_function, outlier, paired, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["GaussianNLLLoss", "gaussian_nll_loss"]


@loss_function("input", "target", "var")
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how unlikely a value is under a Gaussian with the predicted mean and variance.

    For a predicted mean $x$, an observed value $y$, a predicted variance $v$ and
    $\varepsilon$ = `eps`,

    $$
    \ell(x, y) = \frac{1}{2} \left(
    \log \max(v, \varepsilon) + \frac{(x - y)^2}{\max(v, \varepsilon)}
    \right)
    $$

    `full=True` adds the constant $\frac{1}{2} \log 2 \pi = 0.9189$, which makes it the exact
    negative log likelihood. `'mean'` divides the sum of all elements by their number,
    $\frac{1}{n} \sum_i \ell(x_i, y_i)$.

    The gradient is the error divided by the variance. Where the model says it is unsure, an error
    pulls less:

    $$
    \frac{\partial \ell}{\partial x} = \frac{x - y}{\max(v, \varepsilon)}
    $$

    The gradient in the variance is zero where $v$ equals the squared error. It is taken as if
    $\max$ were not there, so that a variance below `eps` can still grow:

    $$
    \frac{\partial \ell}{\partial v} = \frac{1}{2} \left(
    \frac{1}{\max(v, \varepsilon)} - \frac{(x - y)^2}{\max(v, \varepsilon)^2}
    \right)
    $$

    Args:
        input: Predicted means $x$, any real number, any shape.
        target: Observed values $y$, any real number, same shape as `input`, or with a dimension
            of 1 that is broadcast. With another number of dimensions it is broadcast, with a
            warning.
        var: Predicted variances $v$, at least 0, floating point, in the shape of `input`. One
            dimension of size 1, or the last one left out, means one variance shared along it. A
            single number is the variance of all.
        full: Whether to add the constant.
        eps: Smallest variance that the value is computed with. A lower one is raised to it.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0; usually $(N, D)$.
        - `target`: $(*)$, same as `input`.
        - `var`: $(*)$, same as `input`, or $(N, 1)$, or $(N)$, or a number.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of the tensors (float32 under autocast, and for integers).

    Raises:
        TypeError: If `input` or `target` is not a tensor, or `var` neither a tensor nor a number.
        ValueError: If `var` does not fit the shape of `input` or has a negative entry (looked for
            on the CPU only, outside of compiling, tracing and `torch.func`), or if `reduction` is
            none of the three.
        RuntimeError: If `var` holds integers, a tensor is complex, or `input` and `target` do not
            broadcast.

    Examples:
        The same error of 2, predicted with variance 1 and with variance 4. By hand:
        (log 1 + 4 / 1) / 2 = 2 and (log 4 + 4 / 4) / 2 = 1.1931, on average 1.5966. Predicting the
        uncertainty pays.

        >>> import torch
        >>> from losses import gaussian_nll_loss
        >>> mean, value = torch.tensor([2.0, 2.0]), torch.tensor([0.0, 0.0])
        >>> var = torch.tensor([1.0, 4.0])
        >>> gaussian_nll_loss(mean, value, var, reduction="none")
        tensor([2.0000, 1.1931])
        >>> gaussian_nll_loss(mean, value, var)
        tensor(1.5966)

        The typical training call: the model predicts the mean and the logarithm of the variance,
        and `exp` makes it positive. The second variance equals the squared error, so its gradient
        is 0.

        >>> import torch
        >>> from losses import gaussian_nll_loss
        >>> mean = torch.tensor([2.0, 2.0], requires_grad=True)
        >>> log_var = torch.tensor([1.0, 4.0]).log().requires_grad_()
        >>> loss = gaussian_nll_loss(mean, torch.zeros(2), log_var.exp())
        >>> loss.backward()
        >>> loss.detach()
        tensor(1.5966)
        >>> mean.grad, log_var.grad
        (tensor([1.0000, 0.2500]), tensor([-0.7500,  0.0000]))

        With `full=True` it is the negative logarithm of the density.

        >>> import torch
        >>> from losses import gaussian_nll_loss
        >>> gaussian_nll_loss(torch.tensor(2.0), torch.tensor(0.0), 4.0, full=True)
        tensor(2.1121)
        >>> -torch.distributions.Normal(2.0, 4.0**0.5).log_prob(torch.tensor(0.0))
        tensor(2.1121)

    References:
        - Nix, Weigend,
          [Estimating the mean and variance of the target probability distribution](https://doi.org/10.1109/ICNN.1994.374138),
          1994
        - Seitzer, Tavakoli, Antic, Martius,
          [On the Pitfalls of Heteroscedastic Uncertainty Estimation with Probabilistic Neural
          Networks](https://arxiv.org/abs/2203.09168),
          2022
        - [`torch.nn.functional.gaussian_nll_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gaussian_nll_loss.html)
    """
    check_real(input=input, target=target)
    var = check(input, var)
    if target.dim() != input.dim():
        input, target = paired(input, target)
    input, target, var = upcast(input, target, var)
    var = var * torch.ones_like(input)  # a number is for all
    error = input - target
    # Raised in the value only, or it would have no gradient to grow by.
    var = var + (eps - var.detach()).clamp(min=0)
    loss = 0.5 * (var.log() + error * error / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss(loss, reduction)


def check(input: Tensor, var: Tensor | float) -> Tensor:
    """Return `var` as a tensor that fits `input`; raise unless it holds variances."""
    if isinstance(var, Tensor):
        var = aligned(var, input)
    elif isinstance(var, (int, float)):
        dtype = torch.promote_types(input.dtype, torch.float32)
        var = torch.full_like(input, var, dtype=dtype)
    else:
        raise TypeError(f"var must be a tensor or a number, got {type(var).__name__}")
    wrong = outlier(0, var, math.inf, input)
    if wrong is not None:
        raise ValueError(
            f"var has negative entry/entries, the lowest is {wrong:.4g}: expected "
            "variances, at least 0. Pass softplus(var), or var.exp() if it is a logarithm"
        )
    return var


def aligned(var: Tensor, input: Tensor) -> Tensor:
    """Let `var` broadcast along one dimension of `input`: of size 1, or the last if missing."""
    if not var.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type: var is {var.dtype}, "
            "expected floating point. Pass var.float()"
        )
    if var.shape == input.shape:
        return var
    if var.shape == input.shape[:-1]:
        return var.unsqueeze(-1)
    if var.dim() == input.dim():
        differing = [v for x, v in zip(input.shape, var.shape, strict=True) if x != v]
        if differing == [1]:
            return var
    raise ValueError(
        f"var is of incorrect size. Got {tuple(var.shape)} for an input of {tuple(input.shape)}: "
        "expected the same, or one dimension of 1, or the last left out. Pass "
        "var.expand_as(input), or a number for one variance everywhere"
    )


class GaussianNLLLoss(Loss):
    r"""[`gaussian_nll_loss`][losses.gaussian_nll_loss] as a module.

    Args:
        full: Whether to add the constant $\frac{1}{2} \log 2 \pi$.
        eps: Smallest variance that the value is computed with.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import GaussianNLLLoss
        >>> criterion = GaussianNLLLoss()
        >>> criterion
        GaussianNLLLoss(reduction='mean', full=False, eps=1e-06)
        >>> mean = torch.tensor([2.0, 2.0], requires_grad=True)
        >>> loss = criterion(mean, torch.zeros(2), torch.tensor([1.0, 4.0]))
        >>> loss.backward()
        >>> loss.detach(), mean.grad
        (tensor(1.5966), tensor([1.0000, 0.2500]))
    """

    full: bool
    eps: float

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Compute the loss; see [`gaussian_nll_loss`][losses.gaussian_nll_loss]."""
        return gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


RECORD = Record(
    function="gaussian_nll_loss",
    classes=("GaussianNLLLoss",),
    aliases=(
        "Gaussian negative log-likelihood",
        "normal likelihood",
        "heteroscedastic regression",
    ),
    summary="Regression that predicts its own uncertainty.",
    input="predicted means, any real number",
    target="values, any real number",
    shapes="`input` (*), `target` (*); `var` same, one dimension 1, the last left out, or a number",
    eps="lower bound of `var` in the value; the gradient ignores it",
    curve=Curve(
        {"input": "x", "target": 0.0, "var": 1.0},
        (-3, 3),
        "x − y",
        sweep=("var", (0.5, 1.0, 2.0)),
        slider=(0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 0.0, "var": 1.0},
            (-3, 3),
            "x − y",
            sweep=("full", (True, False)),
        ),
    ),
    properties=Properties(
        convex=Claim(True, "in the mean a parabola; not in the variance"),
        lipschitz=Claim(False, "the slope grows with the error"),
        smooth=Claim(True, "a parabola"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(False, "it is the error divided by the variance, and the error has no bound"),
        non_negative=Claim(
            False, "a narrow Gaussian's density exceeds 1, and minus its logarithm is then below 0"
        ),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
