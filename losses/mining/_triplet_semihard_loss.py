"""Semi-hard triplets: for each positive pair, the nearest negative beyond the positive."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function
from losses._mining import all_distances, check_batch, gathered, pairs
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["TripletSemihardLoss", "triplet_semihard_loss"]


@loss_function("input")
def triplet_semihard_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 0.2,
    reduction: str = "mean",
    *,
    group: ProcessGroup | None = None,
) -> Tensor:
    r"""Compare each positive pair of a batch with the nearest negative beyond the positive.

    For embeddings $x_i$ with labels $y_i$, the Euclidean distance
    $d_{ij} = \lVert x_i - x_j \rVert_2$ and the margin $m$, an anchor $a$ and a positive $p$
    (another sample of its label) give, with one chosen negative $n$,

    $$
    \begin{aligned}
    \ell_{ap}(x, y) &= \max\left(0, d_{ap} - d_{an} + m\right) \\
    n &= \begin{cases}
    \arg\min_{k, y_k \ne y_a, d_{ak} > d_{ap}} d_{ak}
    & \text{if } d_{ap} < \max_{k, y_k \ne y_a} d_{ak} \\
    \arg\max_{k, y_k \ne y_a} d_{ak} & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    `'mean'` divides the sum by the number $P$ of the positive pairs whose anchor has a negative in
    the batch, $\frac{1}{P} \sum_{a, p} \ell_{ap}(x, y)$, and is 0 where there are none. The pairs
    $(a, p)$ and $(p, a)$ count separately.

    The gradient pulls the anchor towards the positive and pushes it away from the chosen negative.
    Between equal embeddings, where the direction is unknown, it does neither:

    $$
    \frac{\partial \ell_{ap}}{\partial x_a} = \begin{cases}
    (x_a - x_p) / d_{ap} - (x_a - x_n) / d_{an} & \text{if } d_{ap} - d_{an} + m \ge 0 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Embeddings $x$, floating point, any real value, one per row. FaceNet scales them to
            length 1.
        target: Labels $y$, usually class indices. They are only compared with each other.
        margin: How much farther than the positive the negative must be, at least 0, in the unit
            of the distance. With 0 only pairs without a farther negative have a loss.
        reduction: `'none'` keeps one loss per positive pair, `'sum'` adds them up, `'mean'`
            averages over the positive pairs whose anchor has a negative.
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
        rounding.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `input` or `target` has another shape, `margin` is negative, or `reduction`
            is none of the three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four points on a line, two of each label: four positive pairs. From 3 to 7 the distance
        is 4, and no negative is farther, so the farthest counts, 3 away: 4 − 3 + 1 = 2. From 7
        to 3 it is 4 again, but the nearest negative beyond is 6 away, far enough. On average
        2/4 = 0.5.

        >>> import torch
        >>> from losses import triplet_semihard_loss
        >>> input = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
        >>> target = torch.tensor([0, 0, 1, 1])
        >>> triplet_semihard_loss(input, target, margin=1.0, reduction="none")
        tensor([[0., 0., 0., 0.],
                [0., 0., 0., 0.],
                [0., 0., 0., 2.],
                [0., 0., 0., 0.]])
        >>> triplet_semihard_loss(input, target, margin=1.0)
        tensor(0.5000)

        Training, on embeddings of length 1 and a batch of 4 labels with 4 samples each.

        >>> import torch
        >>> from losses import triplet_semihard_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(16, 8)
        >>> target = torch.arange(4).repeat_interleave(4)
        >>> embeddings = torch.nn.functional.normalize(embed(samples))
        >>> loss = triplet_semihard_loss(embeddings, target)
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(0.1283), tensor(0.6636))

    References:
        - Schroff, Kalenichenko, Philbin, [FaceNet: A Unified Embedding for Face Recognition and
          Clustering](https://arxiv.org/abs/1503.03832), 2015, section 3.2, there with squared
          distances
        - PyTorch has no such loss; for ready-made triplets it has
          [`torch.nn.TripletMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html)
    """
    check_batch(input, target, margin)
    input, target = gathered(input, target, group)
    positive, negative = pairs(target)
    distance = all_distances(input)
    # Each row: the anchor's negatives, nearest first; then infinity.
    to_negatives = distance.masked_fill(~negative, torch.inf).sort(1).values
    # Of each positive the next farther negative, or the farthest.
    beyond = torch.searchsorted(to_negatives.detach(), distance.detach(), right=True)
    farthest = (negative.sum(1, keepdim=True) - 1).clamp(min=0)
    to_negative = to_negatives.gather(1, torch.minimum(beyond, farthest))
    loss = (distance - to_negative + margin).clamp(min=0).masked_fill(~positive, 0)
    return reduce_loss(loss, reduction, positive.sum().clamp(min=1))


class TripletSemihardLoss(Loss):
    r"""[`triplet_semihard_loss`][losses.triplet_semihard_loss] as a module.

    Args:
        device: Accepted for existing code and not needed: the loss is computed where the
            embeddings are.
        margin: How much farther than the positive the negative must be, at least 0. The default
            is FaceNet's.
        size_average: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.
        group: Processes whose batches are joined first, as for the function.

    Examples:
        >>> import torch
        >>> from losses import TripletSemihardLoss
        >>> criterion = TripletSemihardLoss(margin=0.5)
        >>> criterion
        TripletSemihardLoss(reduction='mean', margin=0.5)
        >>> input = torch.tensor([[0.0], [1.0], [3.0], [7.0]], requires_grad=True)
        >>> loss = criterion(input, torch.tensor([0, 0, 1, 1]))
        >>> loss.backward()
        >>> loss.detach(), input.grad.squeeze(1)
        (tensor(0.3750), tensor([ 0.2500,  0.0000, -0.5000,  0.2500]))
    """

    margin: float

    def __init__(
        self,
        device: torch.device | str | int | None = None,
        margin: float = 0.2,
        size_average: bool | None = None,
        reduction: str = "mean",
        *,
        group: ProcessGroup | None = None,
    ) -> None:
        super().__init__(size_average, reduction=reduction)
        self.margin = margin
        self._group = group

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`triplet_semihard_loss`][losses.triplet_semihard_loss]."""
        return triplet_semihard_loss(input, target, self.margin, self.reduction, group=self._group)


RECORD = Record(
    function="triplet_semihard_loss",
    classes=("TripletSemihardLoss",),
    aliases=("semi-hard triplet loss", "semi-hard mining", "FaceNet loss"),
    summary="Embeddings with labels: nearest negative beyond each positive (FaceNet).",
    input="embeddings, any real number",
    target="labels, usually class indices, only compared with each other",
    mean="the number of positive pairs whose anchor has a negative in the batch",
    shapes="`input` (N, D), `target` (N)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [[0.0], [1.0], ["x"]], "target": [0, 0, 1]},
        (-2.5, 3.5),
        "x₃, with x₁ = 0, x₂ = 1 and y = (1, 1, 2)",
        sweep=("margin", (0.2, 0.5, 1.0)),
        slider=(0.0, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0),
        symbol="x₃",
    ),
    properties=Properties(
        convex=Claim(False, "the distance to the negative is subtracted"),
        lipschitz=Claim(
            False,
            "it jumps where a negative comes nearer than the positive: the next one is chosen",
        ),
        smooth=Claim(False, "not even continuous"),
        symmetric=Claim(False, "only the anchor is compared with the negative", "arguments"),
        bounded=Claim(
            True,
            "two unit vectors on the anchor, one on each of the others: √(2² + 1 + 1)",
            6**0.5,
        ),
        non_negative=Claim(True, "a hinge"),
        minimum=Claim(
            True,
            "wherever the chosen negative is farther than the positive by the `margin`",
            "loss == 0",
        ),
    ),
)
