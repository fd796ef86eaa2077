"""Triplet margin with a distance of your own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from losses._checks import check_triplets, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["TripletMarginWithDistanceLoss", "triplet_margin_with_distance_loss"]


@loss_function("anchor", "positive", "negative")
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""In any distance, charge a triplet whose negative is not `margin` farther than its positive.

    For an anchor $a$, a positive $a^+$, a negative $a^-$, a distance $d$ and the margin $m$,

    $$
    \ell(a, a^+, a^-) = \max\left(0, d(a, a^+) - d(a, a^-) + m\right)
    $$

    With `swap`, $d(a, a^-)$ is replaced by $\min(d(a, a^-), d(a^+, a^-))$. `'mean'` divides the sum
    by the number of triplets, $\frac{1}{N} \sum_i \ell(a_i, a_i^+, a_i^-)$.

    The gradient is that of the distance, as long as the margin is violated:

    $$
    \frac{\partial \ell}{\partial a} = \begin{cases}
    \frac{\partial d(a, a^+)}{\partial a} - \frac{\partial d(a, a^-)}{\partial a}
    & \text{if } d(a, a^+) - d(a, a^-) + m \ge 0 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        anchor: Embeddings $a$, any real value.
        positive: Embeddings $a^+$ that belong with the anchors, as many dimensions as `anchor`.
        negative: Embeddings $a^-$ that do not, as many dimensions as `anchor`.
        distance_function: Takes two batches and returns one number per pair: small for similar
            embeddings, large for dissimilar ones. Half precision and small integers reach it as
            float32. The default is $\lVert x - y + 10^{-6} \rVert_2$ over the last dimension, as
            in `torch.nn.PairwiseDistance`.
        margin: How much farther than the positive the negative must be, greater than 0, in the
            unit of the distance.
        swap: Whether to measure the distance to the negative from the positive, where that is
            smaller than from the anchor.
        reduction: `'none'` keeps one loss per triplet, `'sum'` adds them up, `'mean'` averages
            over the triplets.

    Shape:
        - `anchor`, `positive`, `negative`: $(N, *)$, as the distance takes them.
        - result: a scalar; what the distance returns, usually $(N)$, with `reduction='none'`.

    Returns:
        The loss in the common data type of the embeddings (float32 under autocast, and for
        integers).

    Raises:
        TypeError: If `anchor`, `positive` or `negative` is not a tensor.
        ValueError: If `margin` is not greater than 0, or `reduction` is none of the three.
        RuntimeError: If the three differ in their number of dimensions, or do not broadcast.

    Examples:
        The distance is the largest difference in any coordinate. The positive is max(3, 4) = 4
        away, the negative max(0, 2) = 2, and the loss is 4 − 2 + 1 = 3.

        >>> import torch
        >>> from losses import triplet_margin_with_distance_loss
        >>> def chessboard(x, y):
        ...     return (x - y).abs().amax(dim=-1)
        >>> anchor, positive = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
        >>> negative = torch.tensor([[0.0, 2.0]])
        >>> triplet_margin_with_distance_loss(
        ...     anchor, positive, negative, distance_function=chessboard
        ... )
        tensor(3.)

        Training by angle. The cosine similarity grows as two embeddings become more alike, but a
        distance must shrink: hence 1 − cosine.

        >>> import torch
        >>> from losses import triplet_margin_with_distance_loss
        >>> def cosine_distance(x, y):
        ...     return 1 - torch.nn.functional.cosine_similarity(x, y)
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(3, 16, 8)
        >>> loss = triplet_margin_with_distance_loss(
        ...     *embed(samples), distance_function=cosine_distance, margin=0.5
        ... )
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(0.6822), tensor(1.0166))

    References:
        - Balntas, Riba, Ponsa, Mikolajczyk,
          [Learning local feature descriptors with triplets and shallow convolutional neural
          networks](https://bmva-archive.org.uk/bmvc/2016/papers/paper119/index.html), BMVC 2016
        - [`torch.nn.functional.triplet_margin_with_distance_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html)
    """
    check_triplets(margin, anchor, positive, negative)
    anchor, positive, negative = upcast(anchor, positive, negative)
    distance = nn.PairwiseDistance() if distance_function is None else distance_function
    to_positive, to_negative = distance(anchor, positive), distance(anchor, negative)
    if swap:
        to_negative = torch.minimum(to_negative, distance(positive, negative))
    loss = (margin + to_positive - to_negative).clamp(min=0)
    return reduce_loss(loss, reduction)


class TripletMarginWithDistanceLoss(Loss):
    r"""[`triplet_margin_with_distance_loss`][losses.triplet_margin_with_distance_loss] as a module.

    Args:
        distance_function: Takes two batches and returns one number per pair. The default is
            `torch.nn.PairwiseDistance()`. A module becomes a submodule: its parameters are
            trained and saved along.
        margin: How much farther than the positive the negative must be, greater than 0.
        swap: Whether to measure the distance to the negative from the positive, where that is
            smaller.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import TripletMarginWithDistanceLoss
        >>> criterion = TripletMarginWithDistanceLoss(margin=0.5)
        >>> criterion
        TripletMarginWithDistanceLoss(
          reduction='mean', margin=0.5, swap=False
          (distance_function): PairwiseDistance()
        )
        >>> anchor = torch.zeros(1, 2, requires_grad=True)
        >>> positive = torch.tensor([[3.0, 4.0]])
        >>> negative = torch.tensor([[0.0, 2.0]])
        >>> loss = criterion(anchor, positive, negative)
        >>> loss.backward()
        >>> loss.detach(), anchor.grad
        (tensor(3.5000), tensor([[-0.6000,  0.2000]]))
    """

    distance_function: Callable[[Tensor, Tensor], Tensor]
    margin: float
    swap: bool

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, "
                f"got {margin} instead"
            )
        self.distance_function = (
            nn.PairwiseDistance() if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Compute the loss; see the function of the same name."""
        return triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


RECORD = Record(
    function="triplet_margin_with_distance_loss",
    classes=("TripletMarginWithDistanceLoss",),
    aliases=("triplet loss with your own distance", "custom distance triplet loss"),
    summary="Embeddings in ready-made triplets, any distance.",
    input="three embeddings, any real number",
    target="none: the positive and the negative are the supervision",
    mean="the number of triplets",
    shapes="`anchor`, `positive`, `negative`: (N, *), as the distance takes them",
    eps="no argument: the default distance adds 10⁻⁶ to every coordinate of a difference",
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
            {"anchor": [[0.0]], "positive": [[1.0]], "negative": [["x"]]},
            (-4, 4),
            "a⁻, with a = 0 and a⁺ = 1",
            sweep=("swap", (False, True)),
            symbol="a⁻",
        ),
    ),
    properties=Properties(
        convex=Claim(False, "the distance to the negative is subtracted"),
        lipschitz=Claim(True, "with the default, Euclidean distance: √(2² + 1 + 1)", 6**0.5),
        smooth=Claim(False, "a kink at the margin, and where two embeddings are equal"),
        symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
        bounded=Claim(True, "with the default, Euclidean distance: √(2² + 1 + 1)", 6**0.5),
        non_negative=Claim(True, "a hinge"),
        minimum=Claim(
            True,
            "wherever the negative is farther than the positive by the `margin`",
            "loss == 0",
        ),
    ),
)
