"""Box IoU loss: 1 less the share of two boxes' area that both cover."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_boxes, check_eps, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["BoxIoULoss", "box_iou_loss"]


@loss_function("boxes1")
def box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Tensor:
    r"""Measure how much of the area that two boxes cover is not covered by both.

    A box $a$ has its left and upper edge at $a_1$ and $a_2$, its right and lower edge at $a_3$ and
    $a_4$. For boxes $a$ and $b$, with the area $I$ that both cover, its width $w$ and height $h$,
    one of which is 0 where the boxes are apart, and the area $U$ that either covers,

    $$
    \begin{aligned}
    \ell(a, b) &= 1 - \frac{I}{U + \varepsilon}, \qquad
    I = w h \\
    U &= (a_3 - a_1) (a_4 - a_2) + (b_3 - b_1) (b_4 - b_2) - I \\
    w &= \max(0, \min(a_3, b_3) - \max(a_1, b_1)), \qquad
    h = \max(0, \min(a_4, b_4) - \max(a_2, b_2))
    \end{aligned}
    $$

    The default is `'none'`. `'mean'` divides the sum by the number of pairs,
    $\frac{1}{n} \sum_i \ell(a_i, b_i)$, and is 0 where there are none.

    The gradient in the right edge follows from how fast the overlap grows with it, $p$, and the
    union, $q$. The other edges have theirs likewise. Boxes that are apart have none: $I$ and $p$
    are 0.

    $$
    \frac{\partial \ell}{\partial a_3} = \frac{I q - (U + \varepsilon) p}{(U + \varepsilon)^2},
    \qquad
    p = h \mathbb{1}[w > 0, a_3 < b_3], \qquad
    q = a_4 - a_2 - p
    $$

    Args:
        boxes1: Boxes $a$ as x1, y1, x2, y2, floating point, with x1 ≤ x2 and y1 ≤ y2. In any unit
            in which areas fit the data type.
        boxes2: Boxes $b$ in the same unit, same shape as `boxes1`. Integers are allowed.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            the pairs.
        eps: What is added to the denominator, $\varepsilon$, at least 0: an area, in the square of
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
        Boxes of 2 by 2 and 2 by 3 share a square of 1 by 1. By hand, the union is 4 + 6 − 1 = 9,
        and the loss 1 − 1/9 = 0.8889.

        >>> import torch
        >>> from losses import box_iou_loss
        >>> predicted = torch.tensor([[0.0, 0.0, 2.0, 2.0]])
        >>> wanted = torch.tensor([[1.0, 1.0, 3.0, 4.0]])
        >>> box_iou_loss(predicted, wanted)
        tensor([0.8889])

        The first box lies inside of the wanted one. A step against the gradient moves each of its
        edges outwards. The second is apart, and nothing pulls.

        >>> import torch
        >>> from losses import box_iou_loss
        >>> wanted = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0]])
        >>> predicted = torch.tensor([[1.0, 1.0, 3.0, 3.0], [5.0, 0.0, 7.0, 4.0]])
        >>> loss = box_iou_loss(predicted.requires_grad_(), wanted)
        >>> loss.sum().backward()
        >>> loss.detach()
        tensor([0.7500, 1.0000])
        >>> predicted.grad[0], predicted.grad[1].norm()
        (tensor([ 0.1250,  0.1250, -0.1250, -0.1250]), tensor(0.))

    References:
        - Yu et al., [UnitBox: An Advanced Object Detection
          Network](https://arxiv.org/abs/1608.01471), 2016, takes minus its logarithm
        - Rezatofighi et al., [Generalized Intersection over Union: A Metric and A Loss for Bounding
          Box Regression](https://arxiv.org/abs/1902.09630), 2019, compares it with
          [`generalized_box_iou_loss`][losses.generalized_box_iou_loss]
        - PyTorch has no such loss; torchvision has
          [`torchvision.ops.box_iou`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.box_iou.html),
          the ratio of all pairs
    """
    check_boxes(boxes1, boxes2, eps)
    boxes1, boxes2 = upcast(boxes1, boxes2)
    a1, a2, a3, a4 = boxes1.unbind(-1)
    b1, b2, b3, b4 = boxes2.unbind(-1)
    w = torch.relu(torch.minimum(a3, b3) - torch.maximum(a1, b1))
    h = torch.relu(torch.minimum(a4, b4) - torch.maximum(a2, b2))
    both = w * h
    union = (a3 - a1) * (a4 - a2) + (b3 - b1) * (b4 - b2) - both
    loss = 1 - both / (union + eps)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class BoxIoULoss(Loss):
    r"""[`box_iou_loss`][losses.box_iou_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.
        eps: What is added to the denominator, at least 0.

    Raises:
        ValueError: If `eps` is negative.

    Examples:
        >>> import torch
        >>> from losses import BoxIoULoss
        >>> criterion = BoxIoULoss(reduction="mean")
        >>> criterion
        BoxIoULoss(reduction='mean', eps=1e-07)
        >>> predicted = torch.tensor([[0.0, 0.0, 2.0, 2.0]], requires_grad=True)
        >>> loss = criterion(predicted, torch.tensor([[1.0, 1.0, 3.0, 4.0]]))
        >>> loss.backward()
        >>> loss.detach(), predicted.grad
        (tensor(0.8889), tensor([[-0.0247, -0.0247, -0.0988, -0.0988]]))
    """

    eps: float

    def __init__(self, *, reduction: str = "none", eps: float = 1e-7) -> None:
        check_eps(eps)
        super().__init__(reduction=reduction)
        self.eps = eps

    def forward(self, boxes1: Tensor, boxes2: Tensor) -> Tensor:
        """Compute the loss; see [`box_iou_loss`][losses.box_iou_loss]."""
        return box_iou_loss(boxes1, boxes2, reduction=self.reduction, eps=self.eps)


RECORD = Record(
    function="box_iou_loss",
    classes=("BoxIoULoss",),
    aliases=("IoU loss", "Jaccard loss of boxes", "intersection over union"),
    summary="Boxes that overlap already: the area that they do not share.",
    mean="the number of pairs of boxes; the default is `'none'`",
    eps="added to the denominator",
    torch_equivalent=False,
    curve=Curve(
        {"boxes1": [["x", 0.0, "x + 2", 2.0]], "boxes2": [[0.0, 0.0, 2.0, 2.0]]},
        (-5, 5),
        "x, by how far a square of side 2 is displaced",
    ),
    more=(
        Curve(
            {"boxes1": [[0.0, 0.0, "x", "x"]], "boxes2": [[0.0, 0.0, "x", "x"]]},
            (0, 2),
            "side x of two equal squares",
            sweep=("eps", (0.1, 0.3, 1.0)),
            slider=(0.1, 0.2, 0.3, 0.5, 1.0),
            endless=(False, True),
        ),
    ),
    properties=Properties(
        convex=Claim(False, "it rises ever more slowly as the boxes part, then not at all"),
        lipschitz=Claim(True, "as long as the target has an area: the union is never smaller"),
        smooth=Claim(False, "a kink wherever an edge passes an edge of the other box"),
        symmetric=Claim(True, "overlap and union do not tell which box is which", "arguments"),
        bounded=Claim(True, "as long as the target has an area: the union is never smaller"),
        non_negative=Claim(True, "the overlap is a part of the union"),
        minimum=Claim(True, "there overlap and union are the same", "boxes1 == boxes2"),
    ),
)
