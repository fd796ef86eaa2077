"""Tweedie loss: amounts that are often 0, and scatter as a power of their mean."""

from __future__ import annotations

from torch import Tensor

from losses._checks import check_counts, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["TweedieLoss", "tweedie_loss"]


@loss_function("input")
def tweedie_loss(
    input: Tensor,
    target: Tensor,
    *,
    power: float = 1.5,
    log_input: bool = True,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how far an amount is from its mean, if the variance is a power of the mean.

    For a predicted logarithm of the mean $x$, an observed amount $y$, and the power $p$,

    $$
    \ell(x, y) = -y \frac{m^{1 - p}}{1 - p} + \frac{m^{2 - p}}{2 - p}, \qquad
    m = e^x
    $$

    With `log_input=False`, the mean $m$ is $x$ itself. It is half the deviance of the Tweedie
    distribution, without what depends on the target alone. So it is lowest where the mean equals
    the amount, and not 0 there.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is the mean minus the amount, over a power of the mean:

    $$
    \frac{\partial \ell}{\partial x} = \frac{m - y}{m^{p - 1}}
    $$

    Towards a power of 1 it becomes that of the Poisson loss, towards 2 that of the gamma
    distribution. The loss itself has no such limits: there one term is divided by 0. With
    `log_input=False` the gradient is $\frac{m - y}{m^p}$, and 0 where both are 0.

    Args:
        input: Logarithm of the mean $x$, floating point, any real number; with `log_input=False`
            the mean, at least 0. Any shape.
        target: Amounts $y$, at least 0, same shape as `input`; floating point or integer.
        power: Power $p$ of the mean that the variance grows by, above 1 and below 2.
        log_input: Whether `input` is the logarithm of the mean.
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
        ValueError: If `power` is not between 1 and 2, the shapes differ, or `reduction` is none of
            the three; and if an amount, or with `log_input=False` a mean, is below 0 (looked for
            on the CPU only, outside of compiling, tracing and `torch.func`).
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        Means of 1 and 4, amounts of 0 and 6. With the default power of 1.5 the loss is
        $2 y / \sqrt{m} + 2 \sqrt{m}$. By hand: 0 + 2 = 2, and 2 · 6/2 + 2 · 2 = 10, on average 6.

        >>> import torch
        >>> from losses import tweedie_loss
        >>> log_mean = torch.tensor([1.0, 4.0]).log()
        >>> amount = torch.tensor([0.0, 6.0])
        >>> tweedie_loss(log_mean, amount, reduction="none")
        tensor([ 2., 10.])
        >>> tweedie_loss(log_mean, amount)
        tensor(6.)

        The gradient of the sum is $(m - y) / \sqrt{m}$: 1 and −2/2 = −1. The Poisson loss has −2.

        >>> import torch
        >>> from losses import tweedie_loss
        >>> log_mean = torch.tensor([1.0, 4.0]).log().requires_grad_()
        >>> amount = torch.tensor([0.0, 6.0])
        >>> tweedie_loss(log_mean, amount, reduction="sum").backward()
        >>> log_mean.grad
        tensor([ 1., -1.])

        The unit of the amounts changes the loss by a factor, and nothing else. Cents instead of
        euros make it larger by 100 to the power of 2 − 1.5, which is 10.

        >>> import torch
        >>> from losses import tweedie_loss
        >>> euros, paid = torch.tensor([1.0, 4.0]), torch.tensor([0.0, 6.0])
        >>> tweedie_loss(euros, paid, log_input=False)
        tensor(6.)
        >>> tweedie_loss(100 * euros, 100 * paid, log_input=False)
        tensor(60.)

    References:
        - Tweedie, *An index which distinguishes between some important exponential families*, 1984
        - Jørgensen, *Exponential Dispersion Models*, 1987
        - PyTorch has no such loss ([asked for](https://github.com/pytorch/pytorch/issues/172059));
          the nearest is
          [`torch.nn.PoissonNLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html)
    """
    check_power(power)
    check_counts(input, target, log_input)
    input, target = upcast(input, target)
    # Of an amount of 0 the first term is 0, however small the mean.
    some = input.masked_fill(target == 0, 1)
    if log_input:
        first = ((1 - power) * some).exp()
        second = ((2 - power) * input).exp()
    else:
        # Where both are 0 the root would have an infinite slope.
        nothing = (input == 0) & (target == 0)
        first = some.pow(1 - power)
        second = input.masked_fill(nothing, 1).pow(2 - power)
        second = second.masked_fill(nothing, 0)
    loss = -target * first / (1 - power) + second / (2 - power)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_power(power: float) -> None:
    """Raise unless the power is one of those that allow both zeros and amounts."""
    if not 1 < power < 2:
        raise ValueError(
            f"power must be above 1 and below 2, got power={power}: 1.5 is usual; for 1 take "
            "poisson_nll_loss"
        )


class TweedieLoss(Loss):
    r"""[`tweedie_loss`][losses.tweedie_loss] as a module.

    Args:
        power: Power of the mean that the variance grows by, above 1 and below 2.
        log_input: Whether the first argument is the logarithm of the mean.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `power` is not between 1 and 2.

    Examples:
        >>> import torch
        >>> from losses import TweedieLoss
        >>> criterion = TweedieLoss()
        >>> criterion
        TweedieLoss(reduction='mean', power=1.5, log_input=True)
        >>> log_mean = torch.tensor([0.0, 1.0], requires_grad=True)
        >>> loss = criterion(log_mean, torch.tensor([0.0, 2.0]))
        >>> loss.backward()
        >>> loss.detach(), log_mean.grad
        (tensor(3.8618), tensor([0.5000, 0.2178]))
    """

    power: float
    log_input: bool

    def __init__(
        self, *, power: float = 1.5, log_input: bool = True, reduction: str = "mean"
    ) -> None:
        check_power(power)
        super().__init__(reduction=reduction)
        self.power = power
        self.log_input = log_input

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`tweedie_loss`][losses.tweedie_loss]."""
        return tweedie_loss(
            input,
            target,
            power=self.power,
            log_input=self.log_input,
            reduction=self.reduction,
        )


RECORD = Record(
    function="tweedie_loss",
    classes=("TweedieLoss",),
    aliases=("Tweedie deviance", "Tweedie regression", "compound Poisson-gamma"),
    summary="Amounts that are often 0: claims, rainfall, sales.",
    torch_equivalent=False,
    input="the log of the mean; the mean itself with `log_input=False`",
    target="amounts, at least 0",
    curve=Curve(
        {"input": "x", "target": 2.0},
        (-3, 4),
        "x, with y = 2",
        sweep=("power", (1.2, 1.5, 1.8)),
        slider=(1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9),
    ),
    more=(
        Curve(
            {"input": "x", "target": 2.0},
            (-3, 4),
            sweep=("target", (0.0, 2.0, 5.0)),
        ),
    ),
    properties=Properties(
        convex=Claim(True, "two exponentials in the logarithm of the mean; not so in the mean"),
        lipschitz=Claim(False, "the slope grows exponentially on both sides"),
        smooth=Claim(True, "two exponentials"),
        symmetric=Claim(
            False, "a mean that is too high and one that is too low cost differently", "error"
        ),
        bounded=Claim(False, "it grows exponentially on both sides"),
        non_negative=Claim(True, "both terms are at least 0, as the power is between 1 and 2"),
        minimum=Claim(
            True,
            "there the mean equals the amount; for an amount of 0 it is at −∞, so only approached",
            "input == log(target)",
        ),
    ),
)
