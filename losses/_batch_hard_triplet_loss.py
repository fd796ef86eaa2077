"""Batch-hard triplets: each anchor's farthest positive against its nearest negative."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import Function
from torch.distributed import ProcessGroup

from losses._checks import full_precision, has_tangent, values_known
from losses._mining import as_written, check_batch, gathered, root, squared_distances, widened
from losses._reduction import Loss, reduce_loss


def batch_hard_triplet_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 0.3,
    reduction: str = "mean",
    *,
    group: ProcessGroup | None = None,
) -> Tensor:
    r"""Measure, for each embedding of a batch, the hardest triplet that the batch offers it.

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

    Only the hardest positive $x_p$ and the hardest negative $x_n$ feel an anchor, with pull and
    push of the same strength. Between equal embeddings, where the direction is unknown, there is
    neither:

    $$
    \frac{\partial \ell_i}{\partial x_i} = \begin{cases}
    \frac{x_i - x_p}{d(x_i, x_p)} - \frac{x_i - x_n}{d(x_i, x_n)}
    & \text{if } d(x_i, x_p) - d(x_i, x_n) + m \ge 0 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Embeddings $x$, floating point, any real value, one a row.
        target: Labels $y$, usually class indices. They are only compared with each other.
        margin: How much farther than the positive the negative must be, at least 0, in the unit
            of the distance.
        reduction: `'none'` keeps one loss an anchor, `'sum'` adds them up, `'mean'` averages
            over the anchors that have both a positive and a negative.
        group: Processes whose batches are joined first, in the order of their ranks; each of
            them gets the loss of the whole. `torch.distributed.group.WORLD` is all of them,
            `None` this one alone.

    Shape:
        - `input`: $(N, D)$.
        - `target`: $(N)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). The hardest are searched for
        in float64, so that no close pair is lost to rounding.

    Raises:
        ValueError: If `input` or `target` has another shape, `margin` is negative, or `reduction`
            is none of the three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four points on a line, two of each label. The third, at 3, is 4 away from its positive
        and 2 from its nearest negative: 4 − 2 + 1 = 3. For the others the positive is nearer by
        at least the margin. On average 3 / 4 = 0.75.

        >>> import torch
        >>> import losses
        >>> input = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
        >>> target = torch.tensor([0, 0, 1, 1])
        >>> losses.batch_hard_triplet_loss(input, target, margin=1.0, reduction="none")
        tensor([0., 0., 3., 0.])
        >>> losses.batch_hard_triplet_loss(input, target, margin=1.0)
        tensor(0.7500)

        A label that occurs once makes no anchor, but it still is everyone's negative. Only the
        anchors 0 and 1 count: 1 − 1.5 + 1 = 0.5 and 1 − 0.5 + 1 = 1.5, on average 1.

        >>> import torch
        >>> import losses
        >>> input = torch.tensor([[0.0], [1.0], [1.5]])
        >>> losses.batch_hard_triplet_loss(input, torch.tensor([0, 0, 1]), margin=1.0)
        tensor(1.)

        Training, on a batch of 4 labels with 4 samples each.

        >>> import torch
        >>> import losses
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples, target = torch.randn(16, 8), torch.arange(4).repeat_interleave(4)
        >>> loss = losses.batch_hard_triplet_loss(embed(samples), target)
        >>> loss.backward()
        >>> loss, embed.weight.grad.norm()
        (tensor(1.7546, grad_fn=<DivBackward0>), tensor(2.1706))

    References:
        - Hermans, Beyer, Leibe, [In Defense of the Triplet Loss for Person
          Re-Identification](https://arxiv.org/abs/1703.07737), 2017, section 2
        - PyTorch has no such loss; for ready-made triplets it has
          [`torch.nn.TripletMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html)
    """
    check_batch(input, target, margin)
    input, target = gathered(input, target, group)
    (input,) = full_precision(input)
    if len(input) == 0:
        return reduce_loss(input.sum(dim=1), reduction, denominator=1)
    # Of all the pairs, only the hardest ones are differentiated.
    chosen, complete = hardest(widened(input.detach()), target)
    x = input.to(torch.promote_types(input.dtype, torch.float32))
    if values_known(x) and not has_tangent(x):
        loss: Tensor = Triplets.apply(x, chosen, complete, margin)  # type: ignore[no-untyped-call]
    else:
        loss, *_ = triplets(x, chosen, complete, margin)
    return reduce_loss(loss, reduction, complete.sum().clamp(min=1)).to(input.dtype)


def hardest(x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Find the farthest positive of each anchor, then the nearest negatives; tell who has both."""
    x = x - x[:1]  # changes no distance, and rounds less
    square = x.square().sum(dim=1)
    positives, negatives, complete = [], [], []
    # Some anchors at a time: their distances then fit into the processor's cache.
    rows = 2**17 // len(x) + 1
    for first in range(0, len(x), rows):
        some = slice(first, first + rows)
        # Squared distances, all less by the anchor's own square, which changes no order.
        with as_written(x):
            distance = torch.addmm(square, x[some], x.T, alpha=-2)
        same = target[some, None] == target
        nearest, negative = torch.where(same, torch.inf, distance).min(dim=1)
        distance.diagonal(first).fill_(-torch.inf)  # nothing is its own positive
        farthest, positive = distance.masked_fill_(~same, -torch.inf).max(dim=1)
        positives.append(positive)
        negatives.append(negative)
        complete.append(farthest - nearest != -torch.inf)
    return torch.cat(positives + negatives), torch.cat(complete)


def triplets(x: Tensor, chosen: Tensor, complete: Tensor, margin: float) -> tuple[Tensor, ...]:
    """Compute each anchor's loss, and what its gradient is made of."""
    difference = x - x.index_select(0, chosen).view(2, *x.shape)
    distance = root(difference.square().sum(dim=2))
    to_positive, to_negative = distance
    excess = (to_positive - to_negative + margin).masked_fill(~complete, -torch.inf)
    return excess.clamp(min=0), difference, distance, excess


class Triplets(Function):
    """Each anchor's loss, with the gradient written out.

    Autograd finds the same in more operations, which small batches notice.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, chosen: Tensor, complete: Tensor, margin: float) -> Tensor:
        loss, *made = triplets(x, chosen, complete, margin)
        ctx.margin = margin
        ctx.save_for_backward(x, chosen, complete, *made)
        return loss

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, chosen, complete, difference, distance, excess = ctx.saved_tensors
        if torch.is_grad_enabled():  # these have a gradient, too
            _, difference, distance, _ = triplets(x, chosen, complete, ctx.margin)
        felt = gradient.masked_fill(excess < 0, 0)
        strength = torch.stack((-felt, felt)) / distance.masked_fill(distance == 0, torch.inf)
        positive, negative = both = difference * strength.unsqueeze(2)  # what the chosen feel
        dx = (-positive - negative).index_add_(0, chosen, both.flatten(0, 1))
        return dx, None, None, None


class TripletLoss(Loss):
    r"""[`batch_hard_triplet_loss`][losses.batch_hard_triplet_loss] as a module.

    Args:
        margin: How much farther than the positive the negative must be, at least 0.
        mutual_flag: Whether to return the distances of all pairs as well, shape $(N, N)$.
        reduction: `'none'`, `'mean'` or `'sum'`.
        group: Processes whose batches are joined first, as for the function.

    Examples:
        >>> import torch
        >>> import losses
        >>> criterion = losses.TripletLoss(margin=0.5)
        >>> criterion
        TripletLoss(reduction='mean', margin=0.5, mutual=False)
        >>> inputs = torch.tensor([[0.0], [1.0], [3.0], [7.0]], requires_grad=True)
        >>> loss = criterion(inputs, torch.tensor([0, 0, 1, 1]))
        >>> loss.backward()
        >>> loss, inputs.grad.squeeze(1)
        (tensor(0.6250, grad_fn=<DivBackward0>), tensor([ 0.0000,  0.2500, -0.5000,  0.2500]))

        The distances carry a gradient, for a second loss between two networks.

        >>> import torch
        >>> import losses
        >>> criterion = losses.TripletLoss(margin=1.0, mutual_flag=True)
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
            return loss, root(squared_distances(widened(inputs))).to(loss.dtype)
        return loss
