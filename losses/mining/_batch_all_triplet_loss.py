"""Batch-all triplets: the mean over every triplet that still violates the margin."""

from __future__ import annotations

from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function
from losses._mining import all_distances, check_batch, gathered, pairs
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss, sum_of_hinges

__all__ = ["BatchAllTripletLoss", "batch_all_triplet_loss"]


@loss_function("input")
def batch_all_triplet_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 0.3,
    reduction: str = "mean",
    *,
    group: ProcessGroup | None = None,
) -> Tensor:
    r"""Measure all triplets that a batch contains, averaged over those that violate the margin.

    For embeddings $x_i$ with labels $y_i$, the Euclidean distance
    $d_{ij} = \lVert x_i - x_j \rVert_2$ and the margin $m$, an anchor $a$ and a positive $p$
    (another sample of its label) meet every negative $n$ (any sample of another label):

    $$
    \ell_{ap}(x, y) = \sum_{n, y_n \ne y_a} \max\left(0, d_{ap} - d_{an} + m\right)
    $$

    `'mean'` divides the sum by the number $A$ of the triplets with a loss above 0,
    $\frac{1}{A} \sum_{a, p} \ell_{ap}(x, y)$, and is 0 where there are none. Divided by all
    triplets, the few that matter would fade as training goes on.

    The gradient adds up the pulls and pushes of the $A$ triplets. Equal embeddings, where the
    direction is unknown, add nothing:

    $$
    \frac{\partial \ell_{ap}}{\partial x_a} = \sum_{n, y_n \ne y_a, d_{an} < d_{ap} + m}
    \left( \frac{x_a - x_p}{d_{ap}} - \frac{x_a - x_n}{d_{an}} \right)
    $$

    Args:
        input: Embeddings $x$, floating point, any real value, one per row.
        target: Labels $y$, usually class indices. They are only compared with each other.
        margin: How much farther than the positive the negative must be, at least 0, in the unit
            of the distance.
        reduction: `'none'` keeps one sum per positive pair, `'sum'` adds them up, `'mean'` averages
            over the triplets with a loss above 0.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.

    Shape:
        - `input`: $(N, D)$.
        - `target`: $(N)$.
        - result: a scalar; $(N, N)$ with `reduction='none'`: row $a$, column $p$, and 0 where
          the two are no positive pair.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It is computed from
        centred embeddings in float64, where the device has that, so that no close pair is lost to
        rounding. Memory grows with $N^2$, not with the number of triplets.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `input` or `target` has another shape, `margin` is negative, or `reduction`
            is none of the three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four points on a line, two of each label: 4 positive pairs times 2 negatives are 8
        triplets. Two of them violate the margin, both with the anchor at 3 and the positive
        at 7: 4 − 3 + 1 = 2 and 4 − 2 + 1 = 3. The sum is 5, the mean over the two 2.5.

        >>> import torch
        >>> from losses import batch_all_triplet_loss
        >>> input = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
        >>> target = torch.tensor([0, 0, 1, 1])
        >>> batch_all_triplet_loss(input, target, margin=1.0, reduction="none")
        tensor([[0., 0., 0., 0.],
                [0., 0., 0., 0.],
                [0., 0., 0., 5.],
                [0., 0., 0., 0.]])
        >>> batch_all_triplet_loss(input, target, margin=1.0)
        tensor(2.5000)

        Training, on a batch of 4 labels with 4 samples each.

        >>> import torch
        >>> from losses import batch_all_triplet_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(16, 8)
        >>> target = torch.arange(4).repeat_interleave(4)
        >>> loss = batch_all_triplet_loss(embed(samples), target)
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(0.8328), tensor(0.8571))

    References:
        - Hermans, Beyer, Leibe, [In Defense of the Triplet Loss for Person
          Re-Identification](https://arxiv.org/abs/1703.07737), 2017, there also with the mean
          over the terms that are not 0
        - PyTorch has no such loss; for ready-made triplets it has
          [`torch.nn.TripletMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html)
    """
    check_batch(input, target, margin)
    input, target = gathered(input, target, group)
    positive, negative = pairs(target)
    distance = all_distances(input)
    # relu(d(a, p) + margin - d(a, n)), over all negatives n
    hinges, violating = sum_of_hinges(distance + margin, distance, negative)
    loss = hinges.masked_fill(~positive, 0)
    violating = violating.masked_fill(~positive, 0)
    return reduce_loss(loss, reduction, violating.sum().clamp(min=1))


class BatchAllTripletLoss(Loss):
    r"""[`batch_all_triplet_loss`][losses.batch_all_triplet_loss] as a module.

    Args:
        margin: How much farther than the positive the negative must be, at least 0.
        reduction: `'none'`, `'mean'` or `'sum'`.
        group: Processes whose batches are joined first, as for the function.

    Examples:
        >>> import torch
        >>> from losses import BatchAllTripletLoss
        >>> criterion = BatchAllTripletLoss(margin=1.0)
        >>> criterion
        BatchAllTripletLoss(reduction='mean', margin=1.0)
        >>> input = torch.tensor([[0.0], [1.0], [3.0], [7.0]], requires_grad=True)
        >>> loss = criterion(input, torch.tensor([0, 0, 1, 1]))
        >>> loss.backward()
        >>> loss.detach(), input.grad.squeeze(1)
        (tensor(2.5000), tensor([ 0.5000,  0.5000, -2.0000,  1.0000]))
    """

    margin: float

    def __init__(
        self, margin: float = 0.3, reduction: str = "mean", *, group: ProcessGroup | None = None
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin = margin
        self._group = group

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`batch_all_triplet_loss`][losses.batch_all_triplet_loss]."""
        return batch_all_triplet_loss(input, target, self.margin, self.reduction, group=self._group)


RECORD = Record(
    function="batch_all_triplet_loss",
    classes=("BatchAllTripletLoss",),
    aliases=("batch-all triplet loss", "all valid triplets"),
    summary="Embeddings with labels: every triplet that still violates the margin.",
    input="embeddings, any real number",
    target="labels, usually class indices, only compared with each other",
    mean="the number of triplets with a loss above 0",
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
        lipschitz=Claim(True, "for a pair with one negative; with K negatives √(5 K² + K)", 6**0.5),
        smooth=Claim(False, "a kink at the margin, and where two embeddings are equal"),
        symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
        bounded=Claim(True, "for a pair with one negative; with K negatives √(5 K² + K)", 6**0.5),
        non_negative=Claim(True, "a sum of hinges"),
        minimum=Claim(
            True,
            "wherever all negatives are farther than the positive by the `margin`",
            "loss == 0",
        ),
    ),
)
