"""Pairwise logistic loss: within a list, every item above every less relevant one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_lists, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["PairwiseLogisticLoss", "pairwise_logistic_loss"]


@loss_function("input")
def pairwise_logistic_loss(
    input: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    margin: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Ask of every pair of a list that the more relevant item scores higher.

    For the scores $x_{ni}$ and the relevance $y_{ni}$ of the items $i$ of a list $n$, and the
    margin $m$,

    $$
    \ell_{nij}(x, y) = \begin{cases}
    \log\left(1 + e^{m - (x_{ni} - x_{nj})}\right) & \text{if } y_{ni} > y_{nj} \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Two items of the same relevance have no order, and no loss. Nor has a pair of which `mask`
    leaves an item out. `'mean'` divides by the number $P$ of the other pairs in the whole batch,
    $\frac{1}{P} \sum_{n, i, j} \ell_{nij}(x, y)$, and is 0 where there are none.

    The gradient pulls the more relevant item up, and the other down by as much. It is the
    probability that the pair is still in the wrong order, where the margin is 0:

    $$
    \frac{\partial \ell_{nij}}{\partial x_{ni}} = \begin{cases}
    -\sigma\left(m - (x_{ni} - x_{nj})\right) & \text{if } y_{ni} > y_{nj} \\
    0 & \text{otherwise}
    \end{cases}
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$.

    Args:
        input: Scores $x$, floating point, any real number, one list per row.
        target: Relevance $y$, same shape, the higher the better. Only the order counts: 0 and 1
            do, and so do grades, stars or prices.
        mask: Where there is an item: true, or anything but 0. `None` where all lists are full.
        margin: Lead $m$ that is asked for, in the unit of the scores.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            the pairs of different relevance.

    Shape:
        - `input`: $(N, L)$.
        - `target`, `mask`: $(N, L)$, same as `input`.
        - result: a scalar; $(N, L, L)$ with `reduction='none'`: list, more relevant item, other
          item, and 0 where the two have no order.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input`, `target` or `mask` is not a tensor.
        ValueError: If `input` is not of shape (N, L), another shape differs from it, or
            `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        The best item scores 1, the second 2, the third 0. Their pairs lead by −1, 1 and 2. By
        hand, log(1 + e) = 1.3133, log(1 + 1/e) = 0.3133 and log(1 + 1/e²) = 0.1269: on average
        0.5845.

        >>> import torch
        >>> from losses import pairwise_logistic_loss
        >>> scores = torch.tensor([[1.0, 2.0, 0.0]])
        >>> relevance = torch.tensor([[2, 1, 0]])
        >>> pairwise_logistic_loss(scores, relevance, reduction="none")
        tensor([[[0.0000, 1.3133, 0.3133],
                 [0.0000, 0.0000, 0.1269],
                 [0.0000, 0.0000, 0.0000]]])
        >>> pairwise_logistic_loss(scores, relevance)
        tensor(0.5845)

        Ready-made pairs are lists of two: chosen and rejected answers in a reward model, liked and
        other items in a recommender.

        >>> import torch
        >>> from losses import pairwise_logistic_loss
        >>> chosen = torch.tensor([1.5, 0.2], requires_grad=True)
        >>> rejected = torch.tensor([0.5, 0.7], requires_grad=True)
        >>> scores = torch.stack((chosen, rejected), dim=1)
        >>> first_wins = torch.tensor([1, 0]).expand(2, 2)
        >>> loss = pairwise_logistic_loss(scores, first_wins)
        >>> loss.backward()
        >>> loss.detach(), chosen.grad, rejected.grad
        (tensor(0.6437), tensor([-0.1345, -0.3112]), tensor([0.1345, 0.3112]))

        Lists of different length: the second has two items. What stands behind them, here NaN,
        has no part in it.

        >>> import torch
        >>> from losses import pairwise_logistic_loss
        >>> scores = torch.tensor([[1.0, 2.0, 0.0], [0.5, 0.5, torch.nan]])
        >>> relevance = torch.tensor([[2, 1, 0], [1, 0, 0]])
        >>> mask = torch.tensor([[True, True, True], [True, True, False]])
        >>> pairwise_logistic_loss(scores, relevance, mask)
        tensor(0.6116)

    References:
        - Burges, Shaked, Renshaw, Lazier, Deeds, Hamilton, Hullender, [Learning to Rank Using
          Gradient Descent](https://doi.org/10.1145/1102351.1102363), 2005: RankNet
        - Rendle, Freudenthaler, Gantner, Schmidt-Thieme, [BPR: Bayesian Personalized Ranking from
          Implicit Feedback](https://arxiv.org/abs/1205.2618), 2009
        - PyTorch has no such loss; the nearest are
          [`torch.nn.MarginRankingLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html)
          and
          [`torch.nn.SoftMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html)
    """
    check_lists(input, target, mask)
    (input,) = upcast(input)
    if mask is None:
        mask = torch.ones_like(input)
    both = (mask[:, :, None] != 0) & (mask[:, None, :] != 0)
    ordered = both & ~(target[:, :, None] <= target[:, None, :])
    # A target of NaN is no order: where it counts, it makes the score NaN as well.
    x = input.masked_fill(target.isnan(), torch.nan)
    missing = margin - (x[:, :, None] - x[:, None, :])
    # The softplus of -inf is 0, and so is its slope; past 40, softplus is the identity.
    missing = missing.masked_fill(~ordered, -torch.inf)
    loss = softplus(missing, threshold=40)
    return reduce_loss(loss, reduction, ordered.sum().clamp(min=1))


class PairwiseLogisticLoss(Loss):
    r"""[`pairwise_logistic_loss`][losses.pairwise_logistic_loss] as a module.

    Args:
        margin: Lead that is asked for, in the unit of the scores.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import PairwiseLogisticLoss
        >>> criterion = PairwiseLogisticLoss(margin=1.0)
        >>> criterion
        PairwiseLogisticLoss(reduction='mean', margin=1.0)
        >>> scores = torch.tensor([[1.0, 2.0, 0.0]], requires_grad=True)
        >>> loss = criterion(scores, torch.tensor([[2, 1, 0]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(1.0444), tensor([[-0.4603,  0.2040,  0.2563]]))
    """

    margin: float

    def __init__(self, *, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute the loss; see [`pairwise_logistic_loss`][losses.pairwise_logistic_loss]."""
        return pairwise_logistic_loss(
            input, target, mask, margin=self.margin, reduction=self.reduction
        )


RECORD = Record(
    function="pairwise_logistic_loss",
    classes=("PairwiseLogisticLoss",),
    aliases=(
        *("RankNet", "BPR loss", "Bradley-Terry loss", "reward model loss"),
        *("Bayesian personalized ranking", "preference loss"),
    ),
    summary="The order of a list, pair by pair: search, recommendation, rewards.",
    input="scores, any real number, one list per row",
    target="relevance, the higher the better; only its order counts",
    mean="the number of pairs of different relevance, of the whole batch",
    shapes="`input` (N, L), `target` (N, L), `mask` (N, L) or none",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0]], "target": [[1.0, 0.0]]},
        (-4, 4),
        "x₁ − x₂, with y₁ > y₂",
        sweep=("margin", (0.0, 1.0, 2.0)),
        slider=(-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(True, "the logarithm of 1 plus an exponential of the lead"),
        lipschitz=Claim(True, "at most −1 in one score and 1 in the other", 2**0.5),
        smooth=Claim(True, "the slope is a sigmoid of the lead"),
        symmetric=Claim(False, "a wrong order costs more than the right one", "sign"),
        bounded=Claim(True, "at most −1 in one score and 1 in the other", 2**0.5),
        non_negative=Claim(True, "the logarithm of a number above 1"),
        minimum=Claim(False, "0 is only approached, as the lead grows"),
    ),
)
