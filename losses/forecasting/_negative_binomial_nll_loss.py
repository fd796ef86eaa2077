"""Negative binomial: counts that scatter more than a Poisson distribution allows."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_counts, check_total_count, loss_function, upcast
from losses._counts import negative_binomial
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["NegativeBinomialNLLLoss", "negative_binomial_nll_loss"]


@loss_function("input")
def negative_binomial_nll_loss(
    input: Tensor,
    target: Tensor,
    total_count: Tensor | float,
    *,
    log_input: bool = True,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how unlikely a count is under a negative binomial with the predicted mean.

    For a predicted logarithm of the mean $x$, an observed count $y$, and $r$ = `total_count`,

    $$
    \ell(x, y) = r \log\left(1 + \frac{m}{r}\right) + y \log\left(1 + \frac{r}{m}\right)
    - \log \frac{(y + r - 1)!}{(r - 1)! \, y!}, \qquad
    m = e^x
    $$

    With `log_input=False`, the mean $m$ is $x$ itself. The variance is $m + \frac{m^2}{r}$: the
    smaller $r$ is, the more counts scatter, and for a large $r$ the loss is that of a Poisson
    distribution. For a number that is not whole, the factorial is the gamma function of one more.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is the expected count minus the observed one, divided by the variance over the
    mean. It stays between $-y$ and $r$:

    $$
    \frac{\partial \ell}{\partial x} = \frac{m - y}{1 + \frac{m}{r}}
    $$

    With `log_input=False` it is that, divided by $m$. There is a gradient in $r$ as well, so that a
    model can predict both.

    Args:
        input: Logarithm of the mean $x$, floating point, any real number; with `log_input=False`
            the mean, at least 0. Any shape.
        target: Counts $y$, at least 0, same shape as `input`; floating point or integer.
        total_count: Concentration $r$, above 0: the inverse of the dispersion. A number, or a
            tensor that broadcasts to the shape of `input`.
        log_input: Whether `input` is the logarithm of the mean.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `total_count`: $(*)$, same as `input`, or with sizes of 1, or a number.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It is computed in float64,
        where the device has that.

    Raises:
        TypeError: If `input` or `target` is not a tensor, or `total_count` neither a tensor nor a
            number.
        ValueError: If the shapes do not fit, or `reduction` is none of the three; and if a count,
            or with `log_input=False` a mean, is below 0, or a `total_count` not above 0 (looked
            for on the CPU only, outside of compiling, tracing and `torch.func`).
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If a tensor is complex.

    Examples:
        Means of 1 and 2.7183, counts of 0 and 2, and an $r$ of 2. By hand, the first is
        2 · log(1 + 1/2) = 0.8109. The second is 2 · log(1 + 2.7183/2) = 1.7165, plus
        2 · log(1 + 2/2.7183) = 1.1030, minus log(3! / (1! · 2!)) = 1.0986.

        >>> import torch
        >>> from losses import negative_binomial_nll_loss
        >>> log_mean, counts = torch.tensor([0.0, 1.0]), torch.tensor([0.0, 2.0])
        >>> negative_binomial_nll_loss(log_mean, counts, 2.0, reduction="none")
        tensor([0.8109, 1.7209])
        >>> negative_binomial_nll_loss(log_mean, counts, 2.0)
        tensor(1.2659)

        The typical training call. The model predicts the logarithm of the mean, and $r$ through
        `softplus`. The gradients, by hand: (4 − 10) / (1 + 4/2) = −2 and (4 − 1) / (1 + 4/2) = 1,
        where the Poisson loss has 4 − 10 = −6 and 4 − 1 = 3.

        >>> import torch
        >>> from losses import negative_binomial_nll_loss, poisson_nll_loss
        >>> log_mean = torch.tensor([4.0, 4.0]).log().requires_grad_()
        >>> raw = torch.tensor([1.8546, 1.8546], requires_grad=True)
        >>> counts = torch.tensor([10.0, 1.0])
        >>> r = torch.nn.functional.softplus(raw)
        >>> r.detach()
        tensor([2.0000, 2.0000])
        >>> loss = negative_binomial_nll_loss(log_mean, counts, r, reduction="sum")
        >>> loss.backward()
        >>> log_mean.grad
        tensor([-2.0000,  1.0000])
        >>> raw.grad
        tensor([0.0681, 0.0853])
        >>> log_mean.grad = None
        >>> poisson_nll_loss(log_mean, counts, reduction="sum").backward()
        >>> log_mean.grad
        tensor([-6.,  3.])

        The probabilities of all counts add up to 1.

        >>> import torch
        >>> from losses import negative_binomial_nll_loss
        >>> counts = torch.arange(500.0)
        >>> log_mean = torch.full_like(counts, 1.0)
        >>> loss = negative_binomial_nll_loss(
        ...     log_mean, counts, 2.0, reduction="none"
        ... )
        >>> loss.neg().exp().sum()
        tensor(1.)

    References:
        - Lawless, [Negative Binomial and Mixed Poisson Regression](https://doi.org/10.2307/3314912),
          1987
        - Salinas, Flunkert, Gasthaus, [DeepAR: Probabilistic Forecasting with Autoregressive
          Recurrent Networks](https://arxiv.org/abs/1704.04110), 2017
        - PyTorch has no such loss; it has the distribution,
          [`torch.distributions.NegativeBinomial`](https://docs.pytorch.org/docs/stable/distributions.html#negativebinomial)
    """
    check_counts(input, target, log_input)
    check_total_count(total_count, input)
    input, target = upcast(input, target)
    # A number is for all.
    total_count = total_count * torch.ones_like(input)
    loss = negative_binomial(input, target, total_count, log_input)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class NegativeBinomialNLLLoss(Loss):
    r"""[`negative_binomial_nll_loss`][losses.negative_binomial_nll_loss] as a module.

    Args:
        log_input: Whether the first argument is the logarithm of the mean.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import NegativeBinomialNLLLoss
        >>> criterion = NegativeBinomialNLLLoss()
        >>> criterion
        NegativeBinomialNLLLoss(reduction='mean', log_input=True)
        >>> log_mean = torch.zeros(2, requires_grad=True)
        >>> loss = criterion(log_mean, torch.tensor([0.0, 3.0]), torch.tensor(1.0))
        >>> loss.backward()
        >>> loss.detach(), log_mean.grad
        (tensor(1.7329), tensor([ 0.2500, -0.5000]))
    """

    log_input: bool

    def __init__(self, *, log_input: bool = True, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.log_input = log_input

    def forward(self, input: Tensor, target: Tensor, total_count: Tensor | float) -> Tensor:
        """Compute the loss; see the function."""
        return negative_binomial_nll_loss(
            input, target, total_count, log_input=self.log_input, reduction=self.reduction
        )


RECORD = Record(
    function="negative_binomial_nll_loss",
    classes=("NegativeBinomialNLLLoss",),
    aliases=("negative binomial loss", "NB loss", "NB2 regression", "overdispersed counts"),
    summary="Counts that scatter more than their mean.",
    torch_equivalent=False,
    input="the log of the mean; the mean itself with `log_input=False`",
    target="counts, at least 0",
    shapes="`input` (*), `target` (*); `total_count` same, or it broadcasts to it, or a number",
    curve=Curve(
        {"input": "x", "target": 5.0, "total_count": 2.0},
        (-2, 5),
        "x, with y = 5",
        sweep=("total_count", (0.5, 2.0, 10.0)),
        slider=(0.1, 0.5, 1.0, 2.0, 4.0, 7.0, 10.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 2.0, "total_count": 2.0},
            (-3, 4),
            sweep=("target", (0.0, 2.0, 5.0)),
        ),
    ),
    properties=Properties(
        convex=Claim(True, "the slope grows from −y to `total_count`; not so in the mean itself"),
        lipschitz=Claim(
            True,
            "the slope is between −y and `total_count`: the mean has no bound, the slope has",
            "max(target, total_count)",
        ),
        smooth=Claim(True, "softplus and a line"),
        symmetric=Claim(
            False, "a mean that is too high and one that is too low cost differently", "error"
        ),
        bounded=Claim(True, "it is between −y and `total_count`", "max(target, total_count)"),
        non_negative=Claim(True, "minus the logarithm of a probability, for whole counts"),
        minimum=Claim(
            True,
            "there the mean equals the count; for a count of 0 it is at −∞, so only approached",
            "input == log(target)",
        ),
    ),
)
