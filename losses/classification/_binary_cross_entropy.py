"""Binary cross entropy: how surprising a yes or no is, given a probability."""

from __future__ import annotations

from torch import Tensor

from losses._checks import (
    check_factors,
    check_floating,
    check_probabilities,
    loss_function,
    scalar_type,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, reduce_loss

__all__ = ["BCELoss", "binary_cross_entropy"]


@loss_function("input", "target")
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how surprising a yes (1) or a no (0) is, given the probability of a yes.

    For a predicted probability $x$, a target $y$ and the weight $w$ of this element (1 by default),

    $$
    \ell(x, y) = -w \left( y \log x + (1 - y) \log (1 - x) \right)
    $$

    Each logarithm counts as -100 where it is lower, so a certain and wrong prediction costs 100
    and not infinity. `'mean'` divides the sum of all elements by their number,
    $\frac{1}{n} \sum_i \ell(x_i, y_i)$, whatever the weights.

    The gradient is the error divided by the variance of a yes or no with probability $x$. As in
    PyTorch, that variance counts as $10^{-12}$ where it is smaller:

    $$
    \frac{\partial \ell}{\partial x} = w \, \frac{x - y}{\max\left(x (1 - x), 10^{-12}\right)}
    $$

    Args:
        input: Predicted probability $x$, floating point, any shape, from 0 to 1. For the output of
            a model before its sigmoid use
            [`binary_cross_entropy_with_logits`][losses.binary_cross_entropy_with_logits].
        target: Wanted probability $y$ of a yes, from 0 to 1 and mostly 0.0 or 1.0. Shape and data
            type of `input`.
        weight: Factor $w$ for the loss of each element, any shape that broadcasts to that of
            `input`; 1 for all by default.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - `weight`: $(*)$, or a shape that broadcasts to it, such as $(C)$ for an `input` $(N, C)$.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). The mean of no elements is
        NaN.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        RuntimeError: If an element of `input` or `target` is NaN or lies outside of 0 to 1 (looked
            for on the CPU only, outside of compiling, tracing and `torch.func`), if their data
            types differ, or if `weight` does not broadcast to the shape of `input`.
        ValueError: If the shapes of `input` and `target` differ, or `reduction` is none of the
            three.
        NotImplementedError: If `input` and `target` are not floating point.

    Examples:
        The first is a yes, predicted with probability 3/4: −log(3/4) = 0.2877. The second is a no,
        and a yes was predicted with probability 1/2: −log(1 − 1/2) = 0.6931. On average 0.4904.

        >>> import torch
        >>> from losses import binary_cross_entropy
        >>> probability = torch.tensor([0.75, 0.5])
        >>> target = torch.tensor([1.0, 0.0])
        >>> binary_cross_entropy(probability, target, reduction="none")
        tensor([0.2877, 0.6931])
        >>> binary_cross_entropy(probability, target)
        tensor(0.4904)

        In training, the probability comes out of a sigmoid. In the logits before it, the gradient
        of the mean is (x − y) / n: (0.75 − 1) / 2 and (0.5 − 0) / 2.

        >>> import math
        >>> import torch
        >>> from losses import binary_cross_entropy
        >>> logits = torch.tensor([math.log(3), 0.0], requires_grad=True)
        >>> probability = torch.sigmoid(logits)
        >>> loss = binary_cross_entropy(probability, torch.tensor([1.0, 0.0]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.4904), tensor([-0.1250,  0.2500]))

        A weight for each element. Both losses are −log(1/2) = 0.6931; the second counts 3 times.

        >>> import torch
        >>> from losses import binary_cross_entropy
        >>> weight = torch.tensor([1.0, 3.0])
        >>> half, target = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0])
        >>> binary_cross_entropy(half, target, weight, reduction="none")
        tensor([0.6931, 2.0794])

    References:
        - Good, [Rational Decisions](https://doi.org/10.1111/j.2517-6161.1952.tb00104.x), 1952,
          pays forecasters by the logarithm of the probability that they gave
        - [`torch.nn.functional.binary_cross_entropy`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy.html)
    """
    check(input, target, weight)
    input, target, weight = upcast(input, target, weight)
    log_x, log_q = held_log(input, 1 - input), held_log(1 - input, input)
    loss = -target * log_x - (1 - target) * log_q
    if weight is not None:
        loss = weight * loss
    return reduce_loss(loss, reduction)


def held_log(p: Tensor, q: Tensor) -> Tensor:
    """Take log p, at least -100, and its gradient, 1/p, as q / max(pq, 1e-12), with q = 1 - p.

    What is detached passes no gradient on: the value is that of the logarithm, the gradient that of
    `steep`, which ends at 1e12.
    """
    steep = (p + (p.clamp(min=1e-12) - p).detach()).log() * (q / q.clamp(min=1e-12)).detach()
    return steep + (p.log().clamp(min=-100) - steep).detach()


def check(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Raise unless these are probabilities of one shape and type, with weights that fit."""
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size "
            f"({input.size()}) is deprecated. Please ensure they have the same size: squeeze or "
            "expand one of them, as in input.squeeze(1) for (N, 1) against (N)"
        )
    if target.dtype != input.dtype:
        raise RuntimeError(
            f"Found dtype {scalar_type(target.dtype)} but expected {scalar_type(input.dtype)}: "
            "target must have the data type of input, and that be floating point; "
            "pass target.to(input.dtype)"
        )
    check_floating(input=input)
    check_factors(input, weight=weight)
    logits = "for logits, use binary_cross_entropy_with_logits; nan comes from the model"
    check_probabilities("target", target, "pass 0.0 for no and 1.0 for yes", input)
    check_probabilities("input", input, logits, target)


class BCELoss(WeightedLoss):
    r"""[`binary_cross_entropy`][losses.binary_cross_entropy] as a module.

    Args:
        weight: Factor for the loss of each element, any shape that broadcasts to that of `input`,
            or none.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import BCELoss
        >>> criterion = BCELoss()
        >>> criterion
        BCELoss(reduction='mean')
        >>> probability = torch.tensor([0.8, 0.4], requires_grad=True)
        >>> loss = criterion(probability, torch.tensor([1.0, 0.0]))
        >>> loss.backward()
        >>> loss.detach(), probability.grad
        (tensor(0.3670), tensor([-0.6250,  0.8333]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`binary_cross_entropy`][losses.binary_cross_entropy]."""
        return binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


RECORD = Record(
    function="binary_cross_entropy",
    classes=("BCELoss",),
    aliases=("binary cross-entropy", "BCE", "log loss", "logistic loss on probabilities"),
    summary="Binary or multi-label, from probabilities. Prefer BCEWithLogitsLoss.",
    input="probabilities in [0, 1], after a sigmoid",
    target="probabilities in [0, 1], usually 0.0 or 1.0; floating point",
    shapes="`input` (*), `target` (*), `weight` broadcastable to them",
    eps="no argument: each logarithm is held at -100 or above",
    curve=Curve(
        {"input": "x", "target": "target"},
        (0.02, 0.98),
        sweep=("target", (1.0, 0.5, 0.0)),
        slider=(0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
        walls=(0.0, 1.0),
    ),
    more=(
        Curve(
            {"input": "x", "target": 1.0, "weight": 1.0},
            (0.02, 0.98),
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
            walls=(0.0,),
        ),
    ),
    properties=Properties(
        convex=Claim(
            True,
            "a mixture of −log x and −log (1 − x), both convex, where no logarithm is held",
        ),
        lipschitz=Claim(
            False, "−log x gets steeper without end towards 0, until it is held at 100"
        ),
        smooth=Claim(True, "both logarithms are smooth where neither is held"),
        symmetric=Claim(False, "exchanging prediction and target gives another value", "arguments"),
        bounded=Claim(True, "the variance that it divides by is held at 1e-12", 1e12),
        non_negative=Claim(True, "both logarithms are of numbers up to 1"),
        minimum=Claim(
            True,
            "there the gradient is 0; the value is the target's entropy, 0 only for 0 and 1",
            "input == target",
        ),
    ),
)
