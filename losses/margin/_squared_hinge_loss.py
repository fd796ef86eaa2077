"""Squared hinge: what a score lacks of being right by 1, squared."""

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

__all__ = ["SquaredHingeLoss", "squared_hinge_loss"]


@loss_function("input")
def squared_hinge_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""Classify into two classes labelled -1 and 1: what is missing from a lead of 1, squared.

    For a score $x$ and a label $y$ of 1 or -1,

    $$
    \ell(x, y) = \max(0, 1 - y \, x)^2
    $$

    The product $y \, x$ is the lead of the right class: above 0 where the sign of the score is
    right. From a lead of 1 on, the loss is 0.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is twice what is missing. It fades to 0 as the lead comes to 1, so there is no
    kink:

    $$
    \frac{\partial \ell}{\partial x} = -2 y \max(0, 1 - y \, x)
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
        Both signs are right. The first score leads by 0.3, so 0.7 is missing, squared 0.49; the
        second leads by 2, which is enough. On average 0.245.

        >>> import torch
        >>> from losses import squared_hinge_loss
        >>> score, label = torch.tensor([0.3, -2.0]), torch.tensor([1, -1])
        >>> squared_hinge_loss(score, label, reduction="none")
        tensor([0.4900, 0.0000])
        >>> squared_hinge_loss(score, label)
        tensor(0.2450)

        In training. What is missing is 6, 0.5 and nothing. The gradient is −2 times that, divided
        by the three samples.

        >>> import torch
        >>> from losses import squared_hinge_loss
        >>> score = torch.tensor([-5.0, 0.5, -2.0], requires_grad=True)
        >>> loss = squared_hinge_loss(score, torch.tensor([1, 1, -1]))
        >>> loss.backward()
        >>> loss.detach(), score.grad
        (tensor(12.0833), tensor([-4.0000, -0.3333,  0.0000]))

        On the near side of the label it is the squared error; beyond it, nothing.

        >>> import torch
        >>> from losses import mse_loss, squared_hinge_loss
        >>> score, label = torch.tensor([0.3, 2.0]), torch.tensor([1.0, 1.0])
        >>> squared_hinge_loss(score, label, reduction="none")
        tensor([0.4900, 0.0000])
        >>> mse_loss(score, label, reduction="none")
        tensor([0.4900, 1.0000])

    References:
        - Cortes, Vapnik, [Support-Vector Networks](https://doi.org/10.1007/BF00994018), 1995: what
          is missing, to a power
        - Tang, [Deep Learning using Linear Support Vector
          Machines](https://arxiv.org/abs/1306.0239), 2013: squared, on top of a deep network
        - PyTorch has no such loss: the nearest is
          [`torch.nn.MultiMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html)
          with `p=2`, for several classes
    """
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)
    check_signs(target)
    input, target = upcast(input, target)
    missing = (1 - target * input).relu()
    loss = missing * missing
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class SquaredHingeLoss(Loss):
    r"""[`squared_hinge_loss`][losses.squared_hinge_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import SquaredHingeLoss
        >>> criterion = SquaredHingeLoss()
        >>> criterion
        SquaredHingeLoss(reduction='mean')
        >>> score = torch.tensor([0.3, -2.0], requires_grad=True)
        >>> loss = criterion(score, torch.tensor([1, -1]))
        >>> loss.backward()
        >>> loss.detach(), score.grad
        (tensor(0.2450), tensor([-0.7000,  0.0000]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`squared_hinge_loss`][losses.squared_hinge_loss]."""
        return squared_hinge_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="squared_hinge_loss",
    classes=("SquaredHingeLoss",),
    aliases=("L2-SVM", "quadratic hinge", "truncated squared error"),
    summary="Binary labels written as -1 and 1; squared up to a lead of 1, no kink.",
    input="scores, any real number",
    target="-1 or 1",
    shapes="`input` (*), `target` (*)",
    torch_equivalent=False,
    curve=Curve({"input": "x", "target": 1.0}, (-3, 3), sweep=("target", (1.0, -1.0))),
    properties=Properties(
        convex=Claim(True, "a parabola and a level line that meet where both are level"),
        lipschitz=Claim(False, "the slope grows with what is missing"),
        smooth=Claim(True, "the slope fades to 0 as the lead comes to 1"),
        symmetric=Claim(False, "only the right side costs nothing", "sign"),
        bounded=Claim(False, "it is twice what is missing"),
        non_negative=Claim(True, "a square"),
        minimum=Claim(True, "from a lead of 1 on", "input * target >= 1"),
    ),
)
