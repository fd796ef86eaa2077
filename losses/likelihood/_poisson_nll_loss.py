"""Poisson negative log likelihood: how surprising a count is, given the expected count."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from losses._checks import check_real, loss_function, outlier, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, product, reduce_loss

__all__ = ["PoissonNLLLoss", "poisson_nll_loss"]


@loss_function("input", "target")
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how unlikely a count is under a Poisson distribution with the predicted rate.

    For a predicted logarithm of the rate $x$ and an observed count $y$,

    $$
    \ell(x, y) = e^{x} - y x
    $$

    With `log_input=False`, $x$ is the rate itself, and $\varepsilon$ is `eps`:

    $$
    \ell(x, y) = x - y \log(x + \varepsilon)
    $$

    Both leave out $\log y!$, which does not depend on the prediction. `full=True` adds Stirling's
    approximation of it. For counts of 0 and 1 it adds nothing, as $\log y!$ is 0 there:

    $$
    \log y! \approx \begin{cases}
    y \log y - y + \frac{1}{2} \log(2 \pi y) & \text{if } y > 1 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.

    The gradient is the expected count minus the observed one, so the loss is lowest where they
    agree, at $x = \log y$:

    $$
    \frac{\partial \ell}{\partial x} = e^{x} - y
    $$

    With `log_input=False` it is $1 - \frac{y}{x + \varepsilon}$.

    Args:
        input: Logarithm of the rate $x$, any real number; with `log_input=False` the rate, at
            least 0. Any shape.
        target: Counts $y$, at least 0, same shape as `input`; floating point or integer.
            Negative ones cause a warning on the CPU. Another shape is broadcast, with a warning.
        log_input: Whether `input` is the logarithm of the rate.
        full: Whether to add Stirling's approximation of $\log y!$.
        size_average: Deprecated. Use `reduction`.
        eps: Added to the rate inside the logarithm, so that a rate of 0 does not make the loss
            infinite. Only with `log_input=False`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of `input` and `target` (float32 under autocast, and for
        integers).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        RuntimeError: If `input` or `target` is complex, or the shapes do not broadcast.
        ValueError: If `reduction` is none of the three.

    Examples:
        Two expected events and one, four and one observed. By hand, with x = log 2 and
        x = log 1: 2 − 4 · 0.6931 = −0.7726 and 1 − 1 · 0 = 1, on average 0.1137.

        >>> import torch
        >>> from losses import poisson_nll_loss
        >>> log_rate = torch.tensor([2.0, 1.0]).log()
        >>> counts = torch.tensor([4.0, 1.0])
        >>> poisson_nll_loss(log_rate, counts, reduction="none")
        tensor([-0.7726,  1.0000])
        >>> poisson_nll_loss(log_rate, counts)
        tensor(0.1137)

        The typical training call. The model's last layer has no activation: its output is the
        logarithm of the rate. The gradient of the sum is expected minus observed, 2 − 4 and 1 − 1.

        >>> import torch
        >>> from losses import poisson_nll_loss
        >>> log_rate = torch.tensor([2.0, 1.0]).log().requires_grad_()
        >>> counts = torch.tensor([4.0, 1.0])
        >>> loss = poisson_nll_loss(log_rate, counts, reduction="sum")
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.2274)
        >>> log_rate.grad
        tensor([-2.,  0.])

        `full=True` comes close to the true negative log likelihood. For a rate of 5 and a count
        of 5 it gives 1.7237; the exact value is 1.7403, as log 5! is 4.7875 and Stirling's
        approximation 4.7708.

        >>> import torch
        >>> from losses import poisson_nll_loss
        >>> rate, count = torch.tensor(5.0), torch.tensor(5.0)
        >>> poisson_nll_loss(rate.log(), count, full=True)
        tensor(1.7237)
        >>> -torch.distributions.Poisson(rate).log_prob(count)
        tensor(1.7403)

    References:
        - Nelder, Wedderburn,
          [Generalized Linear Models](https://doi.org/10.2307/2344614), 1972
        - [`torch.nn.functional.poisson_nll_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.poisson_nll_loss.html)
    """
    check(input, target)
    input, target = paired(input, target)
    if log_input:
        rate, log_rate = input.exp(), input
    else:
        # A rate of 0 is right for a count of 0, and costs nothing.
        right = (input + eps == 0) & (target == 0)
        rate, log_rate = input, (input + eps).masked_fill(right, 1).log()
    # An infinite rate costs infinity: it outgrows its logarithm.
    loss = rate - product(target, torch.where(log_rate == torch.inf, 0, log_rate))
    if full:
        y = target.clamp(min=1)
        stirling = y * (y.log() - 1) + 0.5 * (2 * math.pi * y).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return reduce_loss(loss, reduction)


def check(input: Tensor, target: Tensor) -> None:
    """Raise unless both are real; warn of counts below 0."""
    check_real(input=input, target=target)
    if outlier(0, target, math.inf, input) is not None:
        warnings.warn(
            "target has negative entries, but poisson_nll_loss expects counts, which are at "
            "least 0: for a negative one the loss has no lower bound",
            stacklevel=4,
        )


class PoissonNLLLoss(Loss):
    r"""[`poisson_nll_loss`][losses.poisson_nll_loss] as a module.

    Args:
        log_input: Whether the first argument is the logarithm of the rate.
        full: Whether to add Stirling's approximation of $\log y!$.
        size_average: Deprecated. Use `reduction`.
        eps: Added to the rate inside the logarithm, only with `log_input=False`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import PoissonNLLLoss
        >>> criterion = PoissonNLLLoss()
        >>> criterion
        PoissonNLLLoss(reduction='mean', log_input=True, full=False, eps=1e-08)
        >>> log_rate = torch.zeros(2, requires_grad=True)
        >>> loss = criterion(log_rate, torch.tensor([0.0, 3.0]))
        >>> loss.backward()
        >>> loss.detach(), log_rate.grad
        (tensor(1.), tensor([ 0.5000, -1.0000]))
    """

    log_input: bool
    full: bool
    eps: float

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`poisson_nll_loss`][losses.poisson_nll_loss]."""
        return poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


RECORD = Record(
    function="poisson_nll_loss",
    classes=("PoissonNLLLoss",),
    aliases=("Poisson loss", "Poisson regression", "count regression"),
    summary="Counts per interval.",
    input="the log of the rate; the rate itself with `log_input=False`",
    target="counts, at least 0",
    shapes="`input` (*), `target` (*)",
    eps="added to the rate inside the logarithm, only with `log_input=False`",
    curve=Curve(
        {"input": "x", "target": 2.0},
        (-3, 3),
        sweep=("target", (0.0, 2.0, 5.0)),
        slider=(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 2.0},
            (0.2, 3.2),
            "x, with y = 2",
            sweep=("log_input", (True, False)),
        ),
        Curve(
            {"input": "x", "target": 5.0}, (-3, 3), "x, with y = 5", sweep=("full", (True, False))
        ),
    ),
    properties=Properties(
        convex=Claim(True, "an exponential minus a line"),
        lipschitz=Claim(False, "the slope grows as the rate does, exponentially"),
        smooth=Claim(True, "an exponential minus a line"),
        symmetric=Claim(
            False,
            "a log-rate that is too high costs more than one that is too low by as much",
            "error",
        ),
        bounded=Claim(False, "it is the rate minus the count, and the rate has no bound"),
        non_negative=Claim(
            False, "without `log y!` the minimum is y − y log y, which is below 0 from y = 3 on"
        ),
        minimum=Claim(
            True,
            "there the rate equals the count; for a count of 0 it is at −∞, so only approached",
            "input == log(target)",
        ),
    ),
)
