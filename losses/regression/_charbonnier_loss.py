"""Charbonnier loss: the absolute error, with its corner rounded off by a square root."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_floating, check_real, check_same_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CharbonnierLoss", "charbonnier_loss"]


@loss_function("input")
def charbonnier_loss(
    input: Tensor, target: Tensor, *, eps: float = 1e-3, reduction: str = "mean"
) -> Tensor:
    r"""Measure the absolute error, rounded off near zero so that it has no corner.

    For a prediction $x$, a target $y$ and $\varepsilon$ = `eps`,

    $$
    \ell(x, y) = \sqrt{(x - y)^2 + \varepsilon^2}
    $$

    It is $\varepsilon$ where the prediction is right, and otherwise between $|x - y|$ and
    $|x - y| + \varepsilon$.

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    and is 0 where there are none.

    The gradient is the error over the loss. It fades to 0 once the error is well below
    $\varepsilon$, and never leaves the range from -1 to 1:

    $$
    \frac{\partial \ell}{\partial x} = \frac{x - y}{\sqrt{(x - y)^2 + \varepsilon^2}}
    $$

    Args:
        input: Prediction $x$, floating point, any shape, any real value.
        target: Value to reach $y$, same shape as `input`. Booleans count as 0 and 1.
        eps: Error $\varepsilon$ below which the loss is round, above 0, in the unit of the error.
            It is squared under the root.
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
        ValueError: If `eps` is not above 0, the shapes differ, or `reduction` is none of the
            three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        One error of 0, one of 1. By hand, with `eps=0.5`: √(0 + 0.25) = 0.5 and
        √(1 + 0.25) = 1.1180, on average 0.8090.

        >>> import torch
        >>> from losses import charbonnier_loss
        >>> prediction, target = torch.tensor([2.0, 3.0]), torch.tensor([2.0, 2.0])
        >>> charbonnier_loss(prediction, target, eps=0.5, reduction="none")
        tensor([0.5000, 1.1180])
        >>> charbonnier_loss(prediction, target, eps=0.5)
        tensor(0.8090)

        The gradient is error over loss. Errors of 3 and 4 with an `eps` of 4 and 3 are the sides
        of a triangle with the hypotenuse 5.

        >>> import torch
        >>> from losses import charbonnier_loss
        >>> prediction = torch.tensor([3.0, 4.0], requires_grad=True)
        >>> target = torch.zeros(2)
        >>> loss = charbonnier_loss(prediction, target, eps=4.0, reduction="none")
        >>> loss[0].backward()
        >>> prediction.grad
        tensor([0.6000, 0.0000])
        >>> loss = charbonnier_loss(prediction, target, eps=3.0, reduction="none")
        >>> loss[1].backward()
        >>> prediction.grad
        tensor([0.6000, 0.8000])

        The typical call, on images with values from 0 to 1: by default `eps` is 0.001, and the
        loss is nearly the absolute error.

        >>> import torch
        >>> from losses import charbonnier_loss, l1_loss
        >>> restored = torch.full((1, 3, 8, 8), 0.4)
        >>> sharp = torch.full((1, 3, 8, 8), 0.5)
        >>> charbonnier_loss(restored, sharp), l1_loss(restored, sharp)
        (tensor(0.1000), tensor(0.1000))

    References:
        - Charbonnier, Blanc-Féraud, Aubert, Barlaud, [Two deterministic half-quadratic
          regularization algorithms for computed
          imaging](https://doi.org/10.1109/ICIP.1994.413553), 1994
        - Lai, Huang, Ahuja, Yang, [Deep Laplacian Pyramid Networks for Fast and Accurate
          Super-Resolution](https://arxiv.org/abs/1704.03915), 2017
        - PyTorch has no such loss; the nearest is
          [`torch.nn.SmoothL1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html)
    """
    check(input, target, eps)
    input, target = upcast(input, target)
    error = input - target
    # The hypotenuse: no square overflows. Infinite over infinite would be
    # the slope of an infinite error, so that one is left to |x - y|.
    infinite = error.isinf()
    finite = error.masked_fill(infinite, 0)
    loss = torch.hypot(finite, torch.full_like(finite, eps))
    loss = torch.where(infinite, error.abs(), loss)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input: Tensor, target: Tensor, eps: float) -> None:
    """Raise unless there is one real target for each prediction, and the corner is round."""
    check_eps(eps)
    check_floating(input=input)
    check_real(target=target)
    check_same_shape(input, target)


def check_eps(eps: float) -> None:
    """Raise unless something is left of the rounding."""
    if not eps > 0:
        raise ValueError(
            f"eps must be above 0, got eps={eps}: pass 1e-3 for values from 0 to 1, and l1_loss "
            "takes its place where the corner is wanted"
        )


class CharbonnierLoss(Loss):
    r"""[`charbonnier_loss`][losses.charbonnier_loss] as a module.

    Args:
        eps: Error below which the loss is round, above 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `eps` is not above 0.

    Examples:
        >>> import torch
        >>> from losses import CharbonnierLoss
        >>> criterion = CharbonnierLoss(eps=0.75)
        >>> criterion
        CharbonnierLoss(reduction='mean', eps=0.75)
        >>> prediction = torch.tensor([0.0, 1.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.zeros(2))
        >>> loss.backward()
        >>> loss.detach(), prediction.grad
        (tensor(1.), tensor([0.0000, 0.4000]))
    """

    eps: float

    def __init__(self, *, eps: float = 1e-3, reduction: str = "mean") -> None:
        check_eps(eps)
        super().__init__(reduction=reduction)
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`charbonnier_loss`][losses.charbonnier_loss]."""
        return charbonnier_loss(input, target, eps=self.eps, reduction=self.reduction)


RECORD = Record(
    function="charbonnier_loss",
    classes=("CharbonnierLoss",),
    aliases=("Charbonnier penalty", "smooth absolute error", "L1-L2", "pseudo-Huber"),
    summary="Image restoration, and any absolute error that must be smooth.",
    eps="the error below which the loss is round; squared under the root",
    torch_equivalent=False,
    curve=Curve(
        {"input": "x", "target": 0.0},
        (-3, 3),
        "x − y",
        sweep=("eps", (0.001, 0.5, 1.0)),
        slider=(0.001, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0),
    ),
    properties=Properties(
        convex=Claim(True, "the length of a vector whose one entry is the error"),
        lipschitz=Claim(True, "the slope, error over loss, is between −1 and 1", 1.0),
        smooth=Claim(True, "under the root there is always more than 0"),
        symmetric=Claim(True, "too high and too low cost the same", "error"),
        bounded=Claim(True, "the error is never longer than the hypotenuse", 1.0),
        non_negative=Claim(True, "it is at least `eps`"),
        minimum=Claim(True, "there the error is 0, and the loss `eps`", "input == target"),
    ),
)
