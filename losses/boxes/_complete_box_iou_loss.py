"""Complete box IoU loss: the distance box IoU loss, and how the proportions differ."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from losses._checks import check_boxes, check_eps, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CompleteBoxIoULoss", "complete_box_iou_loss"]


@loss_function("boxes1")
def complete_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    r"""Measure how little two boxes share, how far apart they are, how unlike in proportions.

    A box $a$ has its left and upper edge at $a_1$ and $a_2$, its right and lower edge at $a_3$ and
    $a_4$. For boxes $a$ and $b$, with the area $I$ that both cover, the area $U$ that either
    covers, the squared distance $D$ of their centres, and the squared diagonal $S$ of the smallest
    box around both,

    $$
    \begin{aligned}
    \ell(a, b) &= 1 - \frac{I}{U + \varepsilon} + \frac{D}{S + \varepsilon} + \alpha v, \qquad
    I = w h \\
    U &= (a_3 - a_1) (a_4 - a_2) + (b_3 - b_1) (b_4 - b_2) - I
    \end{aligned}
    $$

    The overlap has the width $w$ and the height $h$, one of which is 0 where the boxes are apart:

    $$
    \begin{aligned}
    w &= \max(0, \min(a_3, b_3) - \max(a_1, b_1)), \qquad
    h = \max(0, \min(a_4, b_4) - \max(a_2, b_2)) \\
    D &= \frac{(a_1 + a_3 - b_1 - b_3)^2 + (a_2 + a_4 - b_2 - b_4)^2}{4} \\
    S &= \left(\max(a_3, b_3) - \min(a_1, b_1)\right)^2
    + \left(\max(a_4, b_4) - \min(a_2, b_2)\right)^2
    \end{aligned}
    $$

    The proportions differ by $v$, between 0 and 1. It is the squared angle $t$ between the
    diagonals, over that of a right angle. The weight $\alpha$ of it is larger the more the boxes
    overlap, and counts as a constant: no gradient flows through it.

    $$
    v = \frac{4}{\pi^2} t^2, \qquad
    t = \arctan\left(\frac{b_3 - b_1}{b_4 - b_2}\right)
    - \arctan\left(\frac{a_3 - a_1}{a_4 - a_2}\right), \qquad
    \alpha = \frac{v}{1 - \frac{I}{U + \varepsilon} + v + \varepsilon}
    $$

    It is 0 for equal boxes and stays below 3. The default is `'none'`. `'mean'` divides the sum by
    the number of pairs, $\frac{1}{n} \sum_i \ell(a_i, b_i)$, and is 0 where there are none.

    The gradient in the right edge follows from how fast the overlap grows with it, $p$, the union,
    $q$, and the squared diagonal, $r$. The other edges have theirs likewise.

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial a_3} &=
    \frac{I q - (U + \varepsilon) p}{(U + \varepsilon)^2}
    + \frac{a_1 + a_3 - b_1 - b_3}{2 (S + \varepsilon)} - \frac{D r}{(S + \varepsilon)^2}
    - \frac{8 \alpha t}{\pi^2} \frac{a_4 - a_2}{(a_3 - a_1)^2 + (a_4 - a_2)^2} \\
    p &= h \mathbb{1}[w > 0, a_3 < b_3], \qquad
    q = a_4 - a_2 - p, \qquad
    r = 2 \left(\max(a_3, b_3) - \min(a_1, b_1)\right) \mathbb{1}[a_3 > b_3]
    \end{aligned}
    $$

    Args:
        boxes1: Boxes $a$ as x1, y1, x2, y2, floating point, with x1 ≤ x2 and y1 ≤ y2. In any unit
            in which areas fit the data type.
        boxes2: Boxes $b$ in the same unit, same shape as `boxes1`. Integers are allowed.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            the pairs.
        eps: What is added to each denominator, $\varepsilon$, at least 0: an area, in the square of
            the boxes' unit. With 0, two boxes without an area give NaN,
            and so do equal ones.

    Shape:
        - `boxes1`: $(*, 4)$, any number of dimensions.
        - `boxes2`: $(*, 4)$, same as `boxes1`.
        - result: $(*)$; a scalar with `reduction='mean'` or `'sum'`.

    Returns:
        The loss in the data type of `boxes1` (float32 under autocast).

    Raises:
        TypeError: If `boxes1` or `boxes2` is not a tensor.
        ValueError: If the shapes differ or do not end in 4, a box has x2 < x1 or y2 < y1, `eps` is
            negative, or `reduction` is none of the three.
        NotImplementedError: If `boxes1` is not floating point.
        RuntimeError: If `boxes2` is complex.

    Examples:
        Boxes of 2 by 2 and 2 by 3 share a square of 1 by 1. By hand, 1 − 1/9 + 3.25/25 = 1.0189 is
        the distance box IoU loss. The angles are arctan(2/2) = 0.7854 and arctan(2/3) = 0.5880, so
        v = 4/π² · 0.1974² = 0.0158, α = 0.0158 / (0.8889 + 0.0158) = 0.0175, and α v = 0.0003.

        >>> import torch
        >>> from losses import complete_box_iou_loss
        >>> predicted = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
        >>> wanted = torch.tensor([[1.0, 1.0, 3.0, 4.0]])
        >>> complete_box_iou_loss(predicted, wanted)
        tensor([1.0192])

        Two boxes of the same area inside of a wide one, with its centre. The overlap is the same,
        and so is the loss without the proportions: 1 − 8/32. The tall one costs more, and its edges
        are pulled to the sides.

        >>> import torch
        >>> from losses import complete_box_iou_loss
        >>> wanted = torch.tensor([-4.0, -2.0, 4.0, 2.0])
        >>> complete_box_iou_loss(torch.tensor([-2.0, -1.0, 2.0, 1.0]), wanted)
        tensor(0.7500)
        >>> tall = torch.tensor([-1.25, -1.6, 1.25, 1.6], requires_grad=True)
        >>> loss = complete_box_iou_loss(tall, wanted)
        >>> loss.backward()
        >>> loss.detach(), tall.grad
        (tensor(0.7577), tensor([ 0.1067,  0.0729, -0.1067, -0.0729]))

    References:
        - Zheng et al., [Distance-IoU Loss: Faster and Better Learning for Bounding Box
          Regression](https://arxiv.org/abs/1911.08287), 2019
        - [`torchvision.ops.complete_box_iou_loss`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.complete_box_iou_loss.html)
        - PyTorch has no such loss
    """
    check_boxes(boxes1, boxes2, eps)
    boxes1, boxes2 = upcast(boxes1, boxes2)
    a1, a2, a3, a4 = boxes1.unbind(-1)
    b1, b2, b3, b4 = boxes2.unbind(-1)
    w = torch.relu(torch.minimum(a3, b3) - torch.maximum(a1, b1))
    h = torch.relu(torch.minimum(a4, b4) - torch.maximum(a2, b2))
    both = w * h
    union = (a3 - a1) * (a4 - a2) + (b3 - b1) * (b4 - b2) - both
    width = torch.maximum(a3, b3) - torch.minimum(a1, b1)
    height = torch.maximum(a4, b4) - torch.minimum(a2, b2)
    diagonal = width**2 + height**2
    distance = ((a1 + a3 - b1 - b3) ** 2 + (a2 + a4 - b2 - b4) ** 2) / 4
    t = angle(b3 - b1, b4 - b2) - angle(a3 - a1, a4 - a2)
    v = 4 / math.pi**2 * t**2
    miss = 1 - both / (union + eps)
    alpha = (v / (miss + v + eps)).detach()
    loss = miss + distance / (diagonal + eps) + alpha * v
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def angle(width: Tensor, height: Tensor) -> Tensor:
    """Return arctan(width / height): a right angle where the height is 0, and 0 for a point."""
    point = (width == 0) & (height == 0)
    # Of two zeros, the gradient of atan2 is NaN.
    return torch.atan2(width.masked_fill(point, 0), height.masked_fill(point, 1))


class CompleteBoxIoULoss(Loss):
    r"""[`complete_box_iou_loss`][losses.complete_box_iou_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.
        eps: What is added to each denominator, at least 0.

    Raises:
        ValueError: If `eps` is negative.

    Examples:
        >>> import torch
        >>> from losses import CompleteBoxIoULoss
        >>> criterion = CompleteBoxIoULoss(reduction="mean")
        >>> criterion
        CompleteBoxIoULoss(reduction='mean', eps=1e-07)
        >>> predicted = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
        >>> loss = criterion(predicted, torch.tensor([[1.0, 1.0, 3.0, 4.0]]))
        >>> loss.backward()
        >>> loss.detach(), predicted.grad
        (tensor(1.0192), tensor([[-0.0342, -0.0424, -0.1381, -0.1595]]))
    """

    eps: float

    def __init__(self, *, reduction: str = "none", eps: float = 1e-7) -> None:
        check_eps(eps)
        super().__init__(reduction=reduction)
        self.eps = eps

    def forward(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Compute the loss; see [`complete_box_iou_loss`][losses.complete_box_iou_loss]."""
        return complete_box_iou_loss(boxes1, boxes2, reduction=self.reduction, eps=self.eps)


RECORD = Record(
    function="complete_box_iou_loss",
    classes=("CompleteBoxIoULoss",),
    aliases=("CIoU loss", "complete intersection over union", "YOLO box loss"),
    summary="Boxes whose proportions count too, as in YOLO.",
    mean="the number of pairs of boxes; the default is `'none'`",
    eps="added to each denominator",
    torch_equivalent=False,
    curve=Curve(
        {"boxes1": [[0.0, 0.0, "x", 2.0]], "boxes2": [[0.0, 0.0, 2.0, 2.0]]},
        (0.5, 6.5),
        "x, right edge beside a square of side 2",
        endless=(False, True),
    ),
    properties=Properties(
        convex=Claim(False, "it rises ever more slowly as the boxes part"),
        lipschitz=Claim(False, "a box that is nearly a point can turn from wide to tall at once"),
        smooth=Claim(False, "a kink wherever an edge passes an edge of the other box"),
        symmetric=Claim(
            True, "neither areas, distance nor angle tell which box is which", "arguments"
        ),
        bounded=Claim(False, "the smaller a box, the faster its proportions change with an edge"),
        non_negative=Claim(True, "the overlap is a part of the union, and the rest is squares"),
        minimum=Claim(
            True, "there the overlap is all, centres and proportions the same", "boxes1 == boxes2"
        ),
    ),
)
