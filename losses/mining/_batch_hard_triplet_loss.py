"""Batch-hard triplets: each anchor's farthest positive against its nearest negative."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function, upcast
from losses._mining import all_distances, check_batch, gathered, pairs, root
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["TripletLoss", "batch_hard_triplet_loss"]


@loss_function("input")
def batch_hard_triplet_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 0.3,
    reduction: str = "mean",
    *,
    group: ProcessGroup | None = None,
) -> Tensor:
    r"""Compare, for each embedding of a batch, its farthest positive with its nearest negative.

    For embeddings $x_i$ with labels $y_i$, the Euclidean distance
    $d(x, x') = \lVert x - x' \rVert_2$ and the margin $m$,

    $$
    \begin{aligned}
    \ell_i(x, y) &= \max\left(0, d(x_i, x_p) - d(x_i, x_n) + m\right) \\
    p &= \arg\max_{j \ne i, y_j = y_i} d(x_i, x_j) \\
    n &= \arg\min_{j, y_j \ne y_i} d(x_i, x_j)
    \end{aligned}
    $$

    An anchor $i$ without a positive or without a negative in the batch has $\ell_i = 0$ and is not
    counted: `'mean'` divides by the number $A$ of the others, $\frac{1}{A} \sum_i \ell_i(x, y)$,
    and is 0 where there are none.

    The gradient pulls the anchor towards its hardest positive $x_p$ and pushes it away from its
    hardest negative $x_n$, with the same strength. These two move the opposite way, all other
    samples stay. Between equal embeddings, where the direction is unknown, nothing moves:

    $$
    \frac{\partial \ell_i}{\partial x_i} = \begin{cases}
    \frac{x_i - x_p}{d(x_i, x_p)} - \frac{x_i - x_n}{d(x_i, x_n)}
    & \text{if } d(x_i, x_p) - d(x_i, x_n) + m \ge 0 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Embeddings $x$, floating point, any real value, one per row.
        target: Labels $y$, usually class indices. They are only compared with each other.
        margin: How much farther than the positive the negative must be, at least 0, in the unit
            of the distance.
        reduction: `'none'` keeps one loss per anchor, `'sum'` adds them up, `'mean'` averages
            over the anchors that have both a positive and a negative.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.

    Shape:
        - `input`: $(N, D)$.
        - `target`: $(N)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). The hardest pairs are
        searched for among centred embeddings, in float32 or the type of `input` if that is wider.
        Their distances are computed from differences, so that no close pair is lost to rounding.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `input` or `target` has another shape, `margin` is negative, or `reduction`
            is none of the three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four points on a line, two of each label. The third, at 3, is 4 away from its positive
        and 2 from its nearest negative: 4 − 2 + 1 = 3. For the others the positive is nearer by
        at least the margin. On average 3 / 4 = 0.75.

        >>> import torch
        >>> from losses import batch_hard_triplet_loss
        >>> input = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
        >>> target = torch.tensor([0, 0, 1, 1])
        >>> batch_hard_triplet_loss(input, target, margin=1.0, reduction="none")
        tensor([0., 0., 3., 0.])
        >>> batch_hard_triplet_loss(input, target, margin=1.0)
        tensor(0.7500)

        A sample whose label occurs once is no anchor, but still a negative of all others. Only the
        anchors 0 and 1 count: 1 − 1.5 + 1 = 0.5 and 1 − 0.5 + 1 = 1.5, on average 1.

        >>> import torch
        >>> from losses import batch_hard_triplet_loss
        >>> input = torch.tensor([[0.0], [1.0], [1.5]])
        >>> batch_hard_triplet_loss(input, torch.tensor([0, 0, 1]), margin=1.0)
        tensor(1.)

        Training, on a batch of 4 labels with 4 samples each.

        >>> import torch
        >>> from losses import batch_hard_triplet_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(16, 8)
        >>> target = torch.arange(4).repeat_interleave(4)
        >>> loss = batch_hard_triplet_loss(embed(samples), target)
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(1.7546), tensor(2.1706))

    References:
        - Hermans, Beyer, Leibe, [In Defense of the Triplet Loss for Person
          Re-Identification](https://arxiv.org/abs/1703.07737), 2017, section 2
        - PyTorch has no such loss; for ready-made triplets it has
          [`torch.nn.TripletMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html)
    """
    check_batch(input, target, margin)
    input, target = gathered(input, target, group)
    (input,) = upcast(input)
    if input.shape[0] == 0:
        return reduce_loss(input.sum(1), reduction, input.new_ones(()))
    positive, negative = pairs(target)
    complete = positive.any(1) & negative.any(1)
    # Search without a gradient: only the hardest pairs get one.
    x = (input - input.nanmean(0)).detach()  # centred: less is rounded
    distance = torch.cdist(x, x, compute_mode="use_mm_for_euclid_dist")
    farthest = distance.masked_fill(~positive, -1).argmax(1)
    nearest = distance.masked_fill(~negative, torch.inf).argmin(1)
    to_positive = root((input - input[farthest]).square().sum(1))
    to_negative = root((input - input[nearest]).square().sum(1))
    loss = (to_positive - to_negative + margin).clamp(min=0).masked_fill(~complete, 0)
    return reduce_loss(loss, reduction, complete.sum().clamp(min=1))


class TripletLoss(Loss):
    r"""[`batch_hard_triplet_loss`][losses.batch_hard_triplet_loss] as a module.

    Args:
        margin: How much farther than the positive the negative must be, at least 0.
        mutual_flag: Whether to return the distances of all pairs as well, shape $(N, N)$.
        reduction: `'none'`, `'mean'` or `'sum'`.
        group: Processes whose batches are joined first, as for the function.

    Examples:
        >>> import torch
        >>> from losses import TripletLoss
        >>> criterion = TripletLoss(margin=0.5)
        >>> criterion
        TripletLoss(reduction='mean', margin=0.5, mutual=False)
        >>> inputs = torch.tensor([[0.0], [1.0], [3.0], [7.0]], requires_grad=True)
        >>> loss = criterion(inputs, torch.tensor([0, 0, 1, 1]))
        >>> loss.backward()
        >>> loss.detach(), inputs.grad.squeeze(1)
        (tensor(0.6250), tensor([ 0.0000,  0.2500, -0.5000,  0.2500]))

        The distances carry a gradient, for a second loss between two networks.

        >>> import torch
        >>> from losses import TripletLoss
        >>> criterion = TripletLoss(margin=1.0, mutual_flag=True)
        >>> inputs = torch.tensor([[0.0], [1.0], [3.0]], requires_grad=True)
        >>> loss, dist = criterion(inputs, torch.tensor([0, 0, 1]))
        >>> (loss + dist.mean()).backward()
        >>> dist.detach()
        tensor([[0., 1., 3.],
                [1., 0., 2.],
                [3., 2., 0.]])
    """

    margin: float
    mutual: bool

    def __init__(
        self,
        margin: float = 0.3,
        mutual_flag: bool = False,
        reduction: str = "mean",
        *,
        group: ProcessGroup | None = None,
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin = margin
        self._group = group
        self.mutual = mutual_flag

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Compute the loss; see [`batch_hard_triplet_loss`][losses.batch_hard_triplet_loss]."""
        loss = batch_hard_triplet_loss(
            inputs, targets, self.margin, self.reduction, group=self._group
        )
        if self.mutual:
            inputs, _ = gathered(inputs, targets, self._group)
            return loss, all_distances(inputs).to(loss.dtype)
        return loss


RECORD = Record(
    function="batch_hard_triplet_loss",
    classes=("TripletLoss",),
    aliases=("batch-hard triplet loss", "hard triplet mining"),
    summary="Embeddings with labels: hardest positive against hardest negative.",
    input="embeddings, any real number",
    target="labels, usually class indices, only compared with each other",
    mean="the number of anchors with a positive and a negative in the batch",
    shapes="`input` (N, D), `target` (N)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [[0.0], [1.0], ["x"]], "target": [0, 0, 1]},
        (-2.5, 3.5),
        "x₃, with x₁ = 0, x₂ = 1 and y = (1, 1, 2)",
        sweep=("margin", (0.3, 0.5, 1.0)),
        slider=(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0),
        symbol="x₃",
    ),
    properties=Properties(
        convex=Claim(False, "the distance to the negative is subtracted"),
        lipschitz=Claim(
            True, "the anchor changes both distances, the others one each: √(2² + 1 + 1)", 6**0.5
        ),
        smooth=Claim(False, "a kink at the margin, and where another sample becomes the hardest"),
        symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
        bounded=Claim(
            True,
            "two unit vectors on the anchor, one on each of the others: √(2² + 1 + 1)",
            6**0.5,
        ),
        non_negative=Claim(True, "a hinge"),
        minimum=Claim(
            True,
            "wherever all negatives are farther than all positives by the `margin`",
            "loss == 0",
        ),
    ),
)
