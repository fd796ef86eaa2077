"""Triplet margin: the positive nearer to the anchor than the negative, by a margin."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.linalg import vector_norm

from losses._checks import broadcast_shape, check_triplets, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["TripletMarginLoss", "triplet_margin_loss"]


@loss_function("anchor", "positive", "negative")
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Charge a triplet whose negative is not farther than its positive by `margin`.

    For an anchor $a$, a positive $a^+$, a negative $a^-$ and the margin $m$,

    $$
    \ell(a, a^+, a^-) = \max\left(0, d(a, a^+) - d(a, a^-) + m\right),
    \quad d(x, y) = \left\lVert x - y + \varepsilon \right\rVert_p
    $$

    where $\varepsilon$, the parameter `eps`, is added to every coordinate of the difference. With
    `swap`, $d(a, a^-)$ is replaced by $\min(d(a, a^-), d(a^+, a^-))$. `'mean'` divides the sum by
    the number of triplets, $\frac{1}{N} \sum_i \ell(a_i, a_i^+, a_i^-)$.

    The gradient pulls the anchor towards the positive and pushes it away from the negative, with
    the same strength at any distance. With $u = a - a^+ + \varepsilon$ and
    $v = a - a^- + \varepsilon$, coordinate by coordinate,

    $$
    \frac{\partial \ell}{\partial a} = \begin{cases}
    \operatorname{sign}(u) \left(\frac{|u|}{\lVert u \rVert_p}\right)^{p-1}
    - \operatorname{sign}(v) \left(\frac{|v|}{\lVert v \rVert_p}\right)^{p-1}
    & \text{if } d(a, a^+) - d(a, a^-) + m \ge 0 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    The gradient of the positive is the first term with a minus sign, that of the negative the
    second term with a plus sign.

    Args:
        anchor: Embeddings $a$, any real value. The last dimension holds the coordinates.
        positive: Embeddings $a^+$ that belong with the anchors, as many dimensions as `anchor`.
        negative: Embeddings $a^-$ that do not, as many dimensions as `anchor`.
        margin: How much farther than the positive the negative must be, greater than 0, in the
            unit of the distance.
        p: Degree of the norm, any number: 2 is the Euclidean distance, 1 the sum of the absolute
            differences, `float("inf")` the largest of them.
        eps: Added to every coordinate of a difference, so that its norm is hardly ever 0. It may
            be 0: the gradient of a norm at 0 is 0 here.
        swap: Whether to measure the distance to the negative from the positive, where that is
            smaller than from the anchor.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per triplet, `'sum'` adds them up, `'mean'` averages
            over the triplets.

    Shape:
        - `anchor`, `positive`, `negative`: $(N, D)$ or $(D)$; any $(*, D)$ works. Dimensions of
          size 1 are broadcast, silently.
        - result: a scalar; $(N)$, or $(*)$, with `reduction='none'`.

    Returns:
        The loss in the common data type of the embeddings (float32 under autocast, and for
        integers).

    Raises:
        TypeError: If `anchor`, `positive` or `negative` is not a tensor.
        ValueError: If `margin` is not greater than 0, or `reduction` is none of the three.
        RuntimeError: If the three differ in their number of dimensions, or do not broadcast.

    Examples:
        Two triplets around the origin. In the first the positive is 1 away and the negative 5:
        1 − 5 + 1 is below 0, so there is nothing to do. In the second it is 5 and 2, and the loss
        is 5 − 2 + 1 = 4. On average (0 + 4) / 2 = 2.

        >>> import torch
        >>> from losses import triplet_margin_loss
        >>> anchor = torch.zeros(2, 2)
        >>> positive = torch.tensor([[0.0, 1.0], [3.0, 4.0]])
        >>> negative = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
        >>> triplet_margin_loss(anchor, positive, negative, reduction="none")
        tensor([0.0000, 4.0000])
        >>> triplet_margin_loss(anchor, positive, negative)
        tensor(2.0000)

        With `p=1` the distances of the second triplet are 3 + 4 = 7 and 2: 7 − 2 + 1 = 6.

        >>> import torch
        >>> from losses import triplet_margin_loss
        >>> anchor, positive = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> triplet_margin_loss(anchor, positive, torch.tensor([[0.0, 2.0]]), p=1)
        tensor(6.0000)

        Training: one network embeds all three, and one backward pass trains it.

        >>> import torch
        >>> from losses import triplet_margin_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(3, 16, 8)
        >>> anchor, positive, negative = embed(samples)
        >>> loss = triplet_margin_loss(anchor, positive, negative)
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(0.9739), tensor(0.9162))

    References:
        - Balntas, Riba, Ponsa, Mikolajczyk,
          [Learning local feature descriptors with triplets and shallow convolutional neural
          networks](https://bmva-archive.org.uk/bmvc/2016/papers/paper119/index.html), BMVC 2016
        - [`torch.nn.functional.triplet_margin_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_loss.html)
    """
    check_triplets(margin, anchor, positive, negative)
    broadcast_shape(anchor=anchor.shape, positive=positive.shape, negative=negative.shape)
    anchor, positive, negative = upcast(anchor, positive, negative)
    to_positive = vector_norm(anchor - positive + eps, ord=p, dim=-1)
    to_negative = vector_norm(anchor - negative + eps, ord=p, dim=-1)
    if swap:
        between = vector_norm(positive - negative + eps, ord=p, dim=-1)
        to_negative = torch.minimum(to_negative, between)
    loss = (margin + to_positive - to_negative).clamp(min=0)
    return reduce_loss(loss, reduction)


class TripletMarginLoss(Loss):
    r"""[`triplet_margin_loss`][losses.triplet_margin_loss] as a module.

    Args:
        margin: How much farther than the positive the negative must be, greater than 0.
        p: Degree of the norm.
        eps: Added to every coordinate of a difference.
        swap: Whether to measure the distance to the negative from the positive, where that is
            smaller.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import TripletMarginLoss
        >>> criterion = TripletMarginLoss(margin=0.5)
        >>> criterion
        TripletMarginLoss(reduction='mean', margin=0.5, p=2.0, eps=1e-06, swap=False)
        >>> anchor = torch.zeros(1, 2, requires_grad=True)
        >>> positive = torch.tensor([[3.0, 4.0]])
        >>> negative = torch.tensor([[0.0, 2.0]])
        >>> loss = criterion(anchor, positive, negative)
        >>> loss.backward()
        >>> loss.detach(), anchor.grad
        (tensor(3.5000), tensor([[-0.6000,  0.2000]]))
    """

    margin: float
    p: float
    eps: float
    swap: bool

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead"
            )
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Compute the loss; see [`triplet_margin_loss`][losses.triplet_margin_loss]."""
        return triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


RECORD = Record(
    function="triplet_margin_loss",
    classes=("TripletMarginLoss",),
    aliases=("triplet loss", "triplet margin"),
    summary="Embeddings in ready-made triplets, Lp distance.",
    input="three embeddings, any real number",
    target="none: the positive and the negative are the supervision",
    mean="the number of triplets",
    shapes="`anchor`, `positive`, `negative`: (D), (N, D) or (*, D)",
    eps="added to every coordinate of a difference, so that its norm is hardly ever 0",
    curve=Curve(
        {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
        (-3, 3),
        "a⁻, with a = 0 and a⁺ = 1",
        sweep=("margin", (0.5, 1.0, 1.5)),
        slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5),
        symbol="a⁻",
    ),
    more=(
        Curve(
            {
                "anchor": [[0.0, 0.0]],
                "positive": [[1.0, 0.0]],
                "negative": [["x", 1.0]],
            },
            (-3, 3),
            "x, with a = (0, 0), a⁺ = (1, 0), a⁻ = (x, 1)",
            sweep=("p", (1.0, 2.0, 4.0)),
            slider=(1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0),
            symbol="x",
        ),
        Curve(
            {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
            (-4, 4),
            "a⁻, with a = 0 and a⁺ = 1",
            sweep=("swap", (False, True)),
            symbol="a⁻",
        ),
    ),
    properties=Properties(
        convex=Claim(False, "the distance to the negative is subtracted"),
        lipschitz=Claim(
            True, "the anchor changes both distances, the others one each: √(2² + 1 + 1)", 6**0.5
        ),
        smooth=Claim(False, "a kink at the margin, and where two embeddings are equal"),
        symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
        bounded=Claim(
            True,
            "two unit vectors on the anchor, one on each of the others: √(2² + 1 + 1)",
            6**0.5,
        ),
        non_negative=Claim(True, "a hinge"),
        minimum=Claim(
            True,
            "wherever the negative is farther than the positive by the `margin`",
            "loss == 0",
        ),
    ),
)
