"""Binary cross entropy from logits: sigmoid and loss in one step, so that neither saturates."""

from __future__ import annotations

import warnings

from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import (
    check_factors,
    check_floating,
    check_real,
    loss_function,
    outlier,
    scalar_type,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, product, reduce_loss

__all__ = ["BCEWithLogitsLoss", "binary_cross_entropy_with_logits"]


@loss_function("input", "target")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Measure how surprising a yes (1) or a no (0) is, given the logit of a yes.

    For a logit $x$, whose probability is $\sigma(x) = \frac{1}{1 + e^{-x}}$, a target $y$, the
    weight $w$ of this element and the weight $p$ of a yes (both 1 by default),

    $$
    \ell(x, y) = -w \left( p \, y \log \sigma(x)
    + (1 - y) \log \left(1 - \sigma(x)\right) \right)
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    whatever the weights.

    The gradient, $\sigma(x) - y$ without weights, is the predicted probability minus the target.
    It never vanishes on a wrong prediction, however sure:

    $$
    \frac{\partial \ell}{\partial x} = w \left( (1 - y) \, \sigma(x)
    - p \, y \left(1 - \sigma(x)\right) \right)
    $$

    Args:
        input: Logit $x$, floating point, any shape, any real value, infinite ones included. No
            sigmoid before it.
        target: Wanted probability $y$ of a yes, from 0 to 1 and mostly 0.0 or 1.0. Shape of
            `input`, floating point. A value outside of 0 to 1 causes a warning on the CPU.
        weight: Factor $w$ for the loss of each element, any shape that broadcasts to that of
            `input`; 1 for all by default.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.
        pos_weight: Factor $p$ for the positive part alone, at least 0, any shape that broadcasts
            to that of `input`; 1 by default. The number of negatives over that of positives
            balances the two.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `weight`, `pos_weight`: $(*)$, or a shape that broadcasts to it: $(C)$ where the classes
          come last, $(C, 1, 1)$ for an `input` $(N, C, H, W)$.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` and `target`, the wider one if they differ (float32
        under autocast). The mean of no elements is NaN.

    Raises:
        TypeError: If `input`, `target` or a weight is not a tensor.
        ValueError: If the shapes of `input` and `target` differ, or `reduction` is none of the
            three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is not floating point, or a weight does not broadcast to the
            shape of `input`.

    Examples:
        A logit of log 3 means odds of 3 to 1, a probability of 3/4. The first is a yes:
        −log(3/4) = 0.2877. A logit of 0 means 1/2, and the second is a no:
        −log(1 − 1/2) = 0.6931. On average 0.4904.

        >>> import math
        >>> import torch
        >>> from losses import binary_cross_entropy_with_logits
        >>> logits = torch.tensor([math.log(3), 0.0])
        >>> target = torch.tensor([1.0, 0.0])
        >>> binary_cross_entropy_with_logits(logits, target, reduction="none")
        tensor([0.2877, 0.6931])
        >>> binary_cross_entropy_with_logits(logits, target)
        tensor(0.4904)

        In training, the gradient of the mean is (σ(x) − y) / n: (0.75 − 1) / 2 and (0.5 − 0) / 2.

        >>> import math
        >>> import torch
        >>> from losses import binary_cross_entropy_with_logits
        >>> logits = torch.tensor([math.log(3), 0.0], requires_grad=True)
        >>> target = torch.tensor([1.0, 0.0])
        >>> loss = binary_cross_entropy_with_logits(logits, target)
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.4904), tensor([-0.1250,  0.2500]))

        `pos_weight` multiplies the loss of a yes, 2 · 0.6931 = 1.3863, and leaves that of a no.

        >>> import torch
        >>> from losses import binary_cross_entropy_with_logits
        >>> binary_cross_entropy_with_logits(
        ...     torch.zeros(2),
        ...     torch.tensor([1.0, 0.0]),
        ...     pos_weight=torch.tensor(2.0),
        ...     reduction="none",
        ... )
        tensor([1.3863, 0.6931])

    References:
        - Cox, [The Regression Analysis of Binary
          Sequences](https://doi.org/10.1111/j.2517-6161.1958.tb00292.x), 1958, logistic regression
        - [`torch.nn.functional.binary_cross_entropy_with_logits`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html)
    """
    check(input, target, weight=weight, pos_weight=pos_weight)
    input, target, weight, pos_weight = upcast(input, target, weight, pos_weight)
    positive = target if pos_weight is None else pos_weight * target
    # softplus(-x) is -log σ(x), without its underflow; the threshold leaves float64 all its digits.
    loss = product(positive, softplus(-input, threshold=40))
    loss = loss + product(1 - target, softplus(input, threshold=40))
    if weight is not None:
        loss = weight * loss
    return reduce_loss(loss, reduction)


def check(input: Tensor, target: Tensor, **weights: Tensor | None) -> None:
    """Raise unless these are logits and probabilities of one shape, with weights that fit."""
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.size()}) must be the same as input size ({input.size()}): "
            "squeeze or expand one of them, as in input.squeeze(1) for (N, 1) against (N)"
        )
    check_floating(input=input)
    check_real(target=target)
    if not target.is_floating_point():
        raise RuntimeError(
            f"result type {scalar_type(input.dtype)} can't be cast to the desired output type "
            f"{scalar_type(target.dtype)}: target must be floating point, "
            "pass target.to(input.dtype)"
        )
    check_factors(input, **weights)
    wrong = outlier(0, target, 1, input)
    if wrong is not None:
        warnings.warn(
            f"all elements of target should be between 0 and 1, got {wrong}: pass 0.0 for no and "
            "1.0 for yes. Outside, the loss has no lower bound",
            stacklevel=4,
        )


class BCEWithLogitsLoss(WeightedLoss):
    r"""[`binary_cross_entropy_with_logits`][losses.binary_cross_entropy_with_logits] as a module.

    Args:
        weight: Factor for the loss of each element, any shape that broadcasts to that of `input`,
            or none.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.
        pos_weight: Factor for the positive part alone, such as one for each class, or none.

    Examples:
        >>> import torch
        >>> from losses import BCEWithLogitsLoss
        >>> criterion = BCEWithLogitsLoss(pos_weight=torch.tensor([3.0, 1.0]))
        >>> criterion
        BCEWithLogitsLoss(reduction='mean')
        >>> logits = torch.tensor([[0.0, 1.0]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([[1.0, 0.0]]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(1.6963), tensor([[-0.7500,  0.3655]]))
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute [`binary_cross_entropy_with_logits`][losses.binary_cross_entropy_with_logits]."""
        return binary_cross_entropy_with_logits(
            input,
            target,
            self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )


RECORD = Record(
    function="binary_cross_entropy_with_logits",
    classes=("BCEWithLogitsLoss",),
    aliases=(
        "sigmoid cross-entropy",
        "BCE with logits",
        "logistic loss",
        "multi-label classification loss",
    ),
    summary="Binary or multi-label, from logits. The default choice for both.",
    input="logits, any real number",
    target="probabilities in [0, 1], usually 0.0 or 1.0; floating point",
    shapes="`input` (*), `target` (*), `weight` and `pos_weight` broadcastable to them",
    curve=Curve(
        {"input": "x", "target": 1.0},
        (-6, 6),
        sweep=("target", (1.0, 0.5, 0.0)),
        slider=(0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 1.0, "pos_weight": 1.0},
            (-6, 6),
            sweep=("pos_weight", (0.5, 1.0, 3.0)),
            slider=(0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0),
        ),
    ),
    properties=Properties(
        convex=Claim(True, "the second derivative σ(x) (1 − σ(x)) is never negative"),
        lipschitz=Claim(True, "the gradient is σ(x) − y, between −1 and 1", 1.0),
        smooth=Claim(True, "softplus is smooth"),
        symmetric=Claim(
            False, "a wrong logit costs about its size, a right one next to nothing", "sign"
        ),
        bounded=Claim(True, "it is σ(x) − y, between −1 and 1", 1.0),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(
            True,
            "there σ(x) = y; for a target of 0 or 1 it is infinite, so only approached",
            "input == logit(target)",
        ),
    ),
)
