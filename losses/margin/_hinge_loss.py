"""Hinge: no cost for a score on the right side by 1, a straight line below that."""

from __future__ import annotations

from torch import Tensor

from losses._checks import (
    check_floating,
    check_real,
    check_same_shape,
    check_signs,
    loss_function,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["HingeLoss", "hinge_loss"]


@loss_function("input")
def hinge_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""Classify into two classes labelled -1 and 1: a score should be right by 1, and no more.

    For a score $x$ and a label $y$ of 1 or -1,

    $$
    \ell(x, y) = \max(0, 1 - y \, x)
    $$

    The product $y \, x$ is the lead of the right class: above 0 where the sign of the score is
    right. From a lead of 1 on, the loss is 0.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient pulls with the same force, however wrong the score is, and not at all from a lead
    of 1 on:

    $$
    \frac{\partial \ell}{\partial x} = \begin{cases}
    -y & \text{if } y \, x < 1 \\
    0 & \text{if } y \, x \geq 1
    \end{cases}
    $$

    Args:
        input: Score $x$, floating point, any shape, any real value. No sigmoid before it.
        target: Label $y$, same shape as `input`, any data type: 1 or -1.
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
        ValueError: If the shapes differ, a label is neither -1 nor 1 (looked at on the CPU only),
            or `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        Both signs are right. The first score leads by 0.3, so 0.7 is missing; the second leads by
        2, which is enough. On average 0.35.

        >>> import torch
        >>> from losses import hinge_loss
        >>> score, label = torch.tensor([0.3, -2.0]), torch.tensor([1, -1])
        >>> hinge_loss(score, label, reduction="none")
        tensor([0.7000, 0.0000])
        >>> hinge_loss(score, label)
        tensor(0.3500)

        In training. A score that is wrong by 5 pulls no harder than one that is right by a little,
        and one that is right by 2 does not pull. The gradient is −1 or 0, divided by the three
        samples.

        >>> import torch
        >>> from losses import hinge_loss
        >>> score = torch.tensor([-5.0, 0.5, -2.0], requires_grad=True)
        >>> loss = hinge_loss(score, torch.tensor([1, 1, -1]))
        >>> loss.backward()
        >>> loss.detach(), score.grad
        (tensor(2.1667), tensor([-0.3333, -0.3333,  0.0000]))

        Labels of 0 and 1 are rewritten first.

        >>> import torch
        >>> from losses import hinge_loss
        >>> score, label = torch.tensor([0.3, -2.0]), torch.tensor([1, 0])
        >>> hinge_loss(score, 2 * label - 1)
        tensor(0.3500)

    References:
        - Cortes, Vapnik, [Support-Vector Networks](https://doi.org/10.1007/BF00994018), 1995: what
          is missing from the margin is the cost there
        - PyTorch has no such loss: the nearest are
          [`torch.nn.SoftMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html),
          which rounds the kink off, and
          [`torch.nn.MultiMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html)
          for several classes
    """
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)
    check_signs(target)
    input, target = upcast(input, target)
    missing = (1 - target * input).relu()
    return reduce_loss(missing, reduction, max(1, missing.numel()))


class HingeLoss(Loss):
    r"""[`hinge_loss`][losses.hinge_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import HingeLoss
        >>> criterion = HingeLoss()
        >>> criterion
        HingeLoss(reduction='mean')
        >>> score = torch.tensor([0.3, -2.0], requires_grad=True)
        >>> loss = criterion(score, torch.tensor([1, -1]))
        >>> loss.backward()
        >>> loss.detach(), score.grad
        (tensor(0.3500), tensor([-0.5000,  0.0000]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`hinge_loss`][losses.hinge_loss]."""
        return hinge_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="hinge_loss",
    classes=("HingeLoss",),
    aliases=("SVM loss", "L1-SVM", "binary hinge", "max-margin loss"),
    summary="Binary labels written as -1 and 1; a lead of 1 is enough.",
    input="scores, any real number",
    target="-1 or 1",
    shapes="`input` (*), `target` (*)",
    torch_equivalent=False,
    curve=Curve({"input": "x", "target": 1.0}, (-3, 3), sweep=("target", (1.0, -1.0))),
    properties=Properties(
        convex=Claim(True, "the larger of 0 and a line"),
        lipschitz=Claim(True, "the slope is −1, 0 or 1", 1.0),
        smooth=Claim(False, "a kink where the lead is 1"),
        symmetric=Claim(False, "only the right side costs nothing", "sign"),
        bounded=Claim(True, "it is −1, 0 or 1", 1.0),
        non_negative=Claim(True, "the larger of 0 and something else"),
        minimum=Claim(True, "from a lead of 1 on", "input * target >= 1"),
    ),
)
