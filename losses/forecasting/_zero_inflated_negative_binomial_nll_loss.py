"""Zero-inflated negative binomial: scattered counts, with a second source of zeros."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import (
    check_counts,
    check_expands,
    check_real,
    check_total_count,
    loss_function,
    upcast,
)
from losses._counts import negative_binomial, wide
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["ZeroInflatedNegativeBinomialNLLLoss", "zero_inflated_negative_binomial_nll_loss"]


@loss_function("input")
def zero_inflated_negative_binomial_nll_loss(
    input: Tensor,
    target: Tensor,
    total_count: Tensor | float,
    zero_logits: Tensor,
    *,
    log_input: bool = True,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how unlikely a count is, where some zeros only mean that nothing was counted.

    With the probability $s$, nothing is counted at all, and the result is 0. Otherwise it is a
    count with a negative binomial distribution. For a predicted logarithm of its mean $x$, an
    observed count $y$, $r$ = `total_count` and $z$ = `zero_logits`,

    $$
    \begin{aligned}
    \ell(x, y) &= \begin{cases}
    -\log\left(s + (1 - s) e^{-\lambda}\right) & \text{if } y = 0 \\
    -\log(1 - s) + \lambda & \text{otherwise}
    \end{cases}, \qquad
    s = \sigma(z) \\
    \lambda &= r \log\left(1 + \frac{m}{r}\right) + y \log\left(1 + \frac{r}{m}\right)
    - \log \frac{(y + r - 1)!}{(r - 1)! \, y!}, \qquad
    m = e^x
    \end{aligned}
    $$

    where $\lambda$ is what [`negative_binomial_nll_loss`][losses.negative_binomial_nll_loss] gives.
    With `log_input=False`, the mean $m$ is $x$ itself. It is the mean of the counts alone; with the
    extra zeros it is $(1 - s) m$.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient in $x$ is that of the negative binomial, times the probability $q$ that the value
    was counted. The gradient in $z$ is the probability of an extra zero before the value is known,
    less the one after:

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial x} &= q \frac{m - y}{1 + \frac{m}{r}}, \qquad
    \frac{\partial \ell}{\partial z} = s - (1 - q) \\
    q &= \begin{cases}
    (1 - s) e^{-\lambda} / \left(s + (1 - s) e^{-\lambda}\right) & \text{if } y = 0 \\
    1 & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    Args:
        input: Logarithm of the mean $x$ of the counts, floating point, any real number; with
            `log_input=False` the mean, at least 0. Any shape.
        target: Counts $y$, at least 0, same shape as `input`; floating point or integer.
        total_count: Concentration $r$, above 0: the inverse of the dispersion. A number, or a
            tensor that broadcasts to the shape of `input`.
        zero_logits: Logit $z$ of the probability that nothing is counted. It broadcasts to the
            shape of `input`.
        log_input: Whether `input` is the logarithm of the mean.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `total_count`: $(*)$, same as `input`, or with sizes of 1, or a number.
        - `zero_logits`: $(*)$, same as `input`, or with sizes of 1.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It is computed in float64,
        where the device has that.

    Raises:
        TypeError: If `input`, `target` or `zero_logits` is not a tensor, or `total_count` neither a
            tensor nor a number.
        ValueError: If the shapes do not fit, or `reduction` is none of the three; and if a count,
            or with `log_input=False` a mean, is below 0, or a `total_count` not above 0 (looked
            for on the CPU only, outside of compiling, tracing and `torch.func`).
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If a tensor is complex.

    Examples:
        Means of 1 and 2.7183, counts of 0 and 2, an $r$ of 2, and half of the time nothing is
        counted. Without that, the losses are 0.8109 and 1.7209. By hand,
        $-\log(0.5 + 0.5 e^{-0.8109}) = 0.3254$ and $\log 2 + 1.7209 = 2.4141$.

        >>> import torch
        >>> from losses import zero_inflated_negative_binomial_nll_loss
        >>> log_mean, counts = torch.tensor([0.0, 1.0]), torch.tensor([0.0, 2.0])
        >>> zero_logits = torch.zeros(2)
        >>> zero_inflated_negative_binomial_nll_loss(
        ...     log_mean, counts, 2.0, zero_logits, reduction="none"
        ... )
        tensor([0.3254, 2.4141])
        >>> zero_inflated_negative_binomial_nll_loss(
        ...     log_mean, counts, 2.0, zero_logits
        ... )
        tensor(1.3697)

        A zero pulls the mean down only as far as it may have been counted: by
        (1/2 · 4/9) / (1/2 + 1/2 · 4/9) = 0.3077 times 1 / (1 + 1/2) = 0.6667. It raises the
        probability of extra zeros: 0.5 − 0.6923. A count lowers that probability.

        >>> import torch
        >>> from losses import zero_inflated_negative_binomial_nll_loss
        >>> log_mean = torch.tensor([0.0, 0.0], requires_grad=True)
        >>> zero_logits = torch.zeros(2, requires_grad=True)
        >>> counts = torch.tensor([0.0, 4.0])
        >>> loss = zero_inflated_negative_binomial_nll_loss(
        ...     log_mean, counts, 2.0, zero_logits, reduction="sum"
        ... )
        >>> loss.backward()
        >>> log_mean.grad
        tensor([ 0.2051, -2.0000])
        >>> zero_logits.grad
        tensor([-0.1923,  0.5000])

    References:
        - Lambert, [Zero-Inflated Poisson Regression, with an Application to Defects in
          Manufacturing](https://doi.org/10.2307/1269547), 1992
        - PyTorch has no such loss; the nearest is
          [`torch.distributions.NegativeBinomial`](https://docs.pytorch.org/docs/stable/distributions.html#negativebinomial)
    """
    check_counts(input, target, log_input)
    check_total_count(total_count, input)
    check_real(zero_logits=zero_logits)
    check_expands(input, zero_logits=zero_logits)
    input, target, zero_logits = upcast(input, target, zero_logits)
    # A number is for all.
    total_count = total_count * torch.ones_like(input)
    counted = negative_binomial(input, target, total_count, log_input)
    z = wide(zero_logits)
    # Infinity less infinity would be no number.
    sure = z.clamp(max=1e30)
    zero = softplus(sure) - torch.logaddexp(sure, -counted)
    loss = torch.where(target == 0, zero, softplus(z) + counted)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class ZeroInflatedNegativeBinomialNLLLoss(Loss):
    r"""[`zero_inflated_negative_binomial_nll_loss`][losses.zero_inflated_negative_binomial_nll_loss]
    as a module.

    Args:
        log_input: Whether the first argument is the logarithm of the mean.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import ZeroInflatedNegativeBinomialNLLLoss
        >>> criterion = ZeroInflatedNegativeBinomialNLLLoss()
        >>> criterion
        ZeroInflatedNegativeBinomialNLLLoss(reduction='mean', log_input=True)
        >>> log_mean = torch.zeros(2, requires_grad=True)
        >>> counts, zero_logits = torch.tensor([0.0, 3.0]), torch.zeros(2)
        >>> loss = criterion(log_mean, counts, torch.tensor(1.0), zero_logits)
        >>> loss.backward()
        >>> loss.detach(), log_mean.grad
        (tensor(1.8767), tensor([ 0.0833, -0.5000]))
    """

    log_input: bool

    def __init__(self, *, log_input: bool = True, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.log_input = log_input

    def forward(
        self, input: Tensor, target: Tensor, total_count: Tensor | float, zero_logits: Tensor
    ) -> Tensor:
        """Compute the loss; see the function."""
        return zero_inflated_negative_binomial_nll_loss(
            input,
            target,
            total_count,
            zero_logits,
            log_input=self.log_input,
            reduction=self.reduction,
        )


RECORD = Record(
    function="zero_inflated_negative_binomial_nll_loss",
    classes=("ZeroInflatedNegativeBinomialNLLLoss",),
    aliases=("ZINB", "ZINB loss", "zero-inflated counts", "excess zeros", "dropout of counts"),
    summary="Scattered counts with more zeros than they explain.",
    torch_equivalent=False,
    input="the log of the mean; the mean itself with `log_input=False`",
    target="counts, at least 0",
    shapes="`input` (*), `target` (*); `total_count`, `zero_logits` same, or they broadcast to it",
    curve=Curve(
        {"input": "x", "target": 0.0, "total_count": 2.0, "zero_logits": 0.0},
        (-4, 6),
        "x, with y = 0",
        sweep=("zero_logits", (-4.0, 0.0, 2.0)),
        slider=(-8.0, -4.0, -2.0, 0.0, 1.0, 2.0, 4.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 0.0, "total_count": 2.0, "zero_logits": 0.0},
            (-4, 6),
            sweep=("target", (0.0, 1.0, 5.0)),
        ),
    ),
    properties=Properties(
        convex=Claim(False, "for a count of 0 it levels off: an extra zero explains it as well"),
        lipschitz=Claim(
            True, "the slope is between −y and `total_count`", "max(target, total_count)"
        ),
        smooth=Claim(True, "logarithms of sums of exponentials"),
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
