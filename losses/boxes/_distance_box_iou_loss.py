"""Distance box IoU loss: the box IoU loss, and how far apart the centres are."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_boxes, check_eps, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["DistanceBoxIoULoss", "distance_box_iou_loss"]


@loss_function("boxes1")
def distance_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    r"""Measure how little two boxes share, and how far apart their centres are.

    A box $a$ has its left and upper edge at $a_1$ and $a_2$, its right and lower edge at $a_3$ and
    $a_4$. For boxes $a$ and $b$, with the area $I$ that both cover, its width $w$ and height $h$,
    one of which is 0 where the boxes are apart, the area $U$ that either covers, the squared
    distance $D$ of their centres, and the squared diagonal $S$ of the smallest box around both,

    $$
    \begin{aligned}
    \ell(a, b) &= 1 - \frac{I}{U + \varepsilon} + \frac{D}{S + \varepsilon}, \qquad
    I = w h \\
    U &= (a_3 - a_1) (a_4 - a_2) + (b_3 - b_1) (b_4 - b_2) - I \\
    w &= \max(0, \min(a_3, b_3) - \max(a_1, b_1)), \qquad
    h = \max(0, \min(a_4, b_4) - \max(a_2, b_2)) \\
    D &= \left((a_1 + a_3 - b_1 - b_3)^2 + (a_2 + a_4 - b_2 - b_4)^2\right) / 4 \\
    S &= \left(\max(a_3, b_3) - \min(a_1, b_1)\right)^2
    + \left(\max(a_4, b_4) - \min(a_2, b_2)\right)^2
    \end{aligned}
    $$

    It is 0 for equal boxes and nears 2 as they part. The default is `'none'`. `'mean'` divides the
    sum by the number of pairs, $\frac{1}{n} \sum_i \ell(a_i, b_i)$, and is 0 where there are none.

    The gradient in the right edge follows from how fast the overlap grows with it, $p$, the union,
    $q$, and the squared diagonal, $r$. The other edges have theirs likewise. It is not 0 where the
    centres differ.

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial a_3} &=
    \frac{I q - (U + \varepsilon) p}{(U + \varepsilon)^2}
    + \frac{a_1 + a_3 - b_1 - b_3}{2 (S + \varepsilon)} - \frac{D r}{(S + \varepsilon)^2} \\
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
            the boxes' unit. With 0, two boxes without an area give NaN.

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
        Boxes of 2 by 2 and 2 by 3 share a square of 1 by 1. By hand, the union is 4 + 6 − 1 = 9.
        The centres (1, 1) and (2, 2.5) are 1² + 1.5² = 3.25 apart, squared, and the box around
        both, 3 by 4, has the squared diagonal 25. The loss is 1 − 1/9 + 3.25/25 = 1.0189.

        >>> import torch
        >>> from losses import distance_box_iou_loss
        >>> predicted = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
        >>> wanted = torch.tensor([[1.0, 1.0, 3.0, 4.0]])
        >>> distance_box_iou_loss(predicted, wanted)
        tensor([1.0189])

        Boxes that are apart have a gradient too. A step against it moves the left edge of the right
        box into the gap. Its right edge goes the other way, as a longer diagonal makes the distance
        count less. The centre comes nearer.

        >>> import torch
        >>> from losses import distance_box_iou_loss
        >>> wanted = torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> predicted = torch.tensor([5.0, 0.5, 7.0, 1.5], requires_grad=True)
        >>> loss = distance_box_iou_loss(predicted, wanted)
        >>> loss.backward()
        >>> loss.detach(), predicted.grad
        (tensor(1.4717), tensor([ 0.0943,  0.0000, -0.0303,  0.0000]))

    References:
        - Zheng et al., [Distance-IoU Loss: Faster and Better Learning for Bounding Box
          Regression](https://arxiv.org/abs/1911.08287), 2019
        - [`torchvision.ops.distance_box_iou_loss`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.distance_box_iou_loss.html)
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
    loss = 1 - both / (union + eps) + distance / (diagonal + eps)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class DistanceBoxIoULoss(Loss):
    r"""[`distance_box_iou_loss`][losses.distance_box_iou_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.
        eps: What is added to each denominator, at least 0.

    Raises:
        ValueError: If `eps` is negative.

    Examples:
        >>> import torch
        >>> from losses import DistanceBoxIoULoss
        >>> criterion = DistanceBoxIoULoss(reduction="mean")
        >>> criterion
        DistanceBoxIoULoss(reduction='mean', eps=1e-07)
        >>> predicted = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
        >>> loss = criterion(predicted, torch.tensor([[1.0, 1.0, 3.0, 4.0]]))
        >>> loss.backward()
        >>> loss.detach(), predicted.grad
        (tensor(1.0189), tensor([[-0.0335, -0.0431, -0.1388, -0.1588]]))
    """

    eps: float

    def __init__(self, *, reduction: str = "none", eps: float = 1e-7) -> None:
        check_eps(eps)
        super().__init__(reduction=reduction)
        self.eps = eps

    def forward(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Compute the loss; see [`distance_box_iou_loss`][losses.distance_box_iou_loss]."""
        return distance_box_iou_loss(boxes1, boxes2, reduction=self.reduction, eps=self.eps)


RECORD = Record(
    function="distance_box_iou_loss",
    classes=("DistanceBoxIoULoss",),
    aliases=("DIoU loss", "distance intersection over union"),
    summary="Boxes whose centres should meet quickly, also from afar.",
    mean="the number of pairs of boxes; the default is `'none'`",
    eps="added to each denominator",
    torch_equivalent=False,
    curve=Curve(
        {"boxes1": [["x", 0.0, "x + 2", 2.0]], "boxes2": [[0.0, 0.0, 2.0, 2.0]]},
        (-5, 5),
        "x, by how far a square of side 2 is displaced",
    ),
    properties=Properties(
        convex=Claim(False, "it rises ever more slowly as the boxes part"),
        lipschitz=Claim(True, "as long as the target has an area: neither divisor is ever smaller"),
        smooth=Claim(False, "a kink wherever an edge passes an edge of the other box"),
        symmetric=Claim(True, "neither areas nor distance tell which box is which", "arguments"),
        bounded=Claim(True, "as long as the target has an area: neither divisor is ever smaller"),
        non_negative=Claim(True, "the overlap is a part of the union, and the rest is squares"),
        minimum=Claim(True, "there the overlap is all, and the centres meet", "boxes1 == boxes2"),
    ),
)
