"""Quantile loss: the absolute error, with one weight above the target and another below."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from losses._checks import (
    check_floating,
    check_real,
    check_same_shape,
    loss_function,
    outlier,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["QuantileLoss", "quantile_loss"]


@loss_function("input")
def quantile_loss(
    input: Tensor,
    target: Tensor,
    *,
    quantile: float | Sequence[float] | Tensor = 0.5,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure the absolute error, weighted by whether the prediction is too low or too high.

    For a prediction $x$, a target $y$ and the quantile $q$,

    $$
    \ell(x, y) = \max(q (y - x), (q - 1) (y - x))
    $$

    A prediction that is too low pays $q$ for each unit, one that is too high $1 - q$. At 0.5 both
    pay the same, and the loss is half the absolute error.

    With several quantiles there is one prediction for each, in the last dimension of `input`. All
    are compared with the same target, each with its own $q$.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none. With several quantiles $n$ counts every prediction.

    The gradient knows the side, not the distance:

    $$
    \frac{\partial \ell}{\partial x} = \mathbb{1}[y < x] - q
    $$

    Where $x$ equals $y$, it is taken halfway between both sides.

    Args:
        input: Prediction $x$, floating point, any shape, any real value. With several quantiles
            one more dimension, the last, with a prediction for each.
        target: Value to reach $y$, any real value. Booleans count as 0 and 1.
        quantile: Share of the targets that should stay below, $q$, above 0 and below 1. Several
            as a list or a tensor of one dimension.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0; $(*, Q)$ for $Q$ quantiles.
        - `target`: $(*)$.
        - result: a scalar; the shape of `input` with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If a quantile is not between 0 and 1 (of a tensor looked for on the CPU only,
            outside of compiling, tracing and `torch.func`), the shapes do not fit, or `reduction`
            is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        One prediction is too low by 1, the other too high by 2. By hand, 0.9 · 1 = 0.9 and
        (1 − 0.9) · 2 = 0.2, on average 0.55.

        >>> import torch
        >>> from losses import quantile_loss
        >>> prediction, target = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> quantile_loss(prediction, target, quantile=0.9, reduction="none")
        tensor([0.9000, 0.2000])
        >>> quantile_loss(prediction, target, quantile=0.9)
        tensor(0.5500)

        Three quantiles of one target: the model returns three numbers for it. Those too low by 2
        and by 1 pay 0.1 · 2 and 0.5 · 1, the one too high by 2 pays (1 − 0.9) · 2.

        >>> import torch
        >>> from losses import quantile_loss
        >>> prediction = torch.tensor([[1.0, 2.0, 5.0]])
        >>> target = torch.tensor([3.0])
        >>> q = [0.1, 0.5, 0.9]
        >>> quantile_loss(prediction, target, quantile=q, reduction="none")
        tensor([[0.2000, 0.5000, 0.2000]])

        The gradient counts. Nine of these ten targets lie below the prediction: nine pulls of 0.1
        down and one of 0.9 up. They balance, however far away the tenth lies.

        >>> import torch
        >>> from losses import quantile_loss
        >>> prediction = torch.tensor(9.5, requires_grad=True)
        >>> target = torch.tensor([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 1000])
        >>> quantile_loss(prediction.expand(10), target, quantile=0.9).backward()
        >>> prediction.grad.abs() < 1e-6
        tensor(True)

        At 0.5 it is half the absolute error: (1 + 2) / 2 = 1.5, and half of that.

        >>> import torch
        >>> from losses import l1_loss, quantile_loss
        >>> prediction, target = torch.tensor([1.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> quantile_loss(prediction, target), l1_loss(prediction, target)
        (tensor(0.7500), tensor(1.5000))

    References:
        - Koenker and Bassett, [Regression Quantiles](https://doi.org/10.2307/1913643), 1978
        - PyTorch has no such loss ([asked for](https://github.com/pytorch/pytorch/issues/38035));
          the nearest is
          [`torch.nn.L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
    """
    check(input, target, quantile)
    input, target = upcast(input, target)
    # Several quantiles have a prediction each, and one target.
    if not isinstance(quantile, (int, float)):
        quantile = torch.as_tensor(quantile, dtype=input.dtype)
        quantile = quantile.to(input.device, non_blocking=True)
        target = target.unsqueeze(-1)
    error = target - input
    loss = torch.maximum(quantile * error, (quantile - 1) * error)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, quantile: float | Sequence[float] | Tensor) -> None:
    """Raise unless there is a prediction for each target and quantile, all of them real."""
    check_quantile(quantile, input, target)
    check_floating(input=input)
    check_real(target=target)
    if isinstance(quantile, (int, float)):
        check_same_shape(input, target)
    elif input.shape != (*target.shape, len(quantile)):
        raise ValueError(
            "input must have one prediction for each target and quantile, got input "
            f"{tuple(input.shape)} for target {tuple(target.shape)} and {len(quantile)} quantiles: "
            f"expected {(*target.shape, len(quantile))}, the quantiles last; squeeze target if it "
            "has a dimension of 1 in their place"
        )


def check_quantile(quantile: float | Sequence[float] | Tensor, *others: Tensor) -> None:
    """Raise unless it is one number between 0 and 1, or a row of them."""
    if isinstance(quantile, Tensor):
        if quantile.dim() != 1:
            raise ValueError(
                "quantile must be a number, a list or a tensor of one dimension, got shape "
                f"{tuple(quantile.shape)}: pass quantile.flatten() for several, a number for one"
            )
        above, below = math.nextafter(0, 1), math.nextafter(1, 0)
        found = [outlier(above, quantile, below, *others, nan=True)]
        wrong = [value for value in found if value is not None]
    else:
        values = [quantile] if isinstance(quantile, (int, float)) else quantile
        wrong = [value for value in values if not 0 < value < 1]
    if wrong:
        raise ValueError(
            f"quantile must be above 0 and below 1, got {wrong[0]}: it is a share, pass 0.9 for "
            "the value that 90 % of the targets stay below"
        )


class QuantileLoss(Loss):
    r"""[`quantile_loss`][losses.quantile_loss] as a module.

    Args:
        quantile: Share of the targets that should stay below, above 0 and below 1. Several as a
            list or a tensor of one dimension; a tensor on the device is not copied at each call.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If a quantile is not between 0 and 1.

    Examples:
        >>> import torch
        >>> from losses import QuantileLoss
        >>> criterion = QuantileLoss(quantile=[0.1, 0.9])
        >>> criterion
        QuantileLoss(reduction='mean', quantile=[0.1, 0.9])
        >>> prediction = torch.tensor([[1.0, 5.0]], requires_grad=True)
        >>> loss = criterion(prediction, torch.tensor([3.0]))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(0.2000), tensor([[-0.0500,  0.0500]]))
    """

    quantile: float | Sequence[float] | Tensor

    def __init__(
        self, *, quantile: float | Sequence[float] | Tensor = 0.5, reduction: str = "mean"
    ) -> None:
        check_quantile(quantile)
        super().__init__(reduction=reduction)
        self.quantile = quantile

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`quantile_loss`][losses.quantile_loss]."""
        return quantile_loss(input, target, quantile=self.quantile, reduction=self.reduction)


RECORD = Record(
    function="quantile_loss",
    classes=("QuantileLoss",),
    aliases=("pinball loss", "check loss", "tilted absolute error", "quantile regression"),
    summary="Regression to the value that a share of the targets stays below.",
    torch_equivalent=False,
    shapes="`input` (*), `target` (*); for Q quantiles `input` (*, Q)",
    mean="the number of elements of `input`",
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-3, 3),
        "x − y",
        sweep=("quantile", (0.1, 0.5, 0.9)),
        slider=(0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98),
    ),
    properties=Properties(
        convex=Claim(True, "two straight lines that bend upwards where they meet"),
        lipschitz=Claim(True, "at the default `quantile`; max(q, 1 − q) in general", 0.5),
        smooth=Claim(False, "a kink where the error is 0"),
        symmetric=Claim(True, "at the default `quantile` of 0.5, and there alone", "error"),
        bounded=Claim(True, "−q below the target, 1 − q above it", 0.5),
        non_negative=Claim(True, "the larger of two numbers, one of them at least 0"),
        minimum=Claim(True, "there the error is 0", "input == target"),
    ),
)
