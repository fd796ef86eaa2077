"""ListMLE loss: how likely the right order is, where items are drawn one after another."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_lists, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["ListMLELoss", "list_mle_loss"]


@loss_function("input")
def list_mle_loss(
    input: Tensor, target: Tensor, mask: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    r"""Measure how unlikely the order of the relevance is, by the scores.

    Items are drawn one after another, each with a probability in proportion to $e$ to the power of
    its score $x$ among those left. The loss is the negative logarithm of the probability that they
    come in the order of falling relevance $y$, items of the same relevance in the order given. With
    $S_i$, the sum over item $i$ and all that come after it,

    $$
    \ell(x, y) = \sum_i \left(\log S_i - x_i\right), \qquad
    S_i = \sum_{j, y_j < y_i} e^{x_j} + \sum_{j, y_j = y_i, j \ge i} e^{x_j}
    $$

    The items are those that `mask` leaves in the list. A list without items costs 0. `'mean'`
    divides by the number $n$ of the other lists, $\frac{1}{n} \sum_i \ell(x_i, y_i)$, and is 0
    where there are none. It does not divide by the length of a list.

    The gradient pulls an item up at its own place, and down at that place and each before it, by
    the probability that it would have been drawn there:

    $$
    \frac{\partial \ell}{\partial x_i} =
    \sum_{k, y_k > y_i} \frac{e^{x_i}}{S_k} +
    \sum_{k, y_k = y_i, k \le i} \frac{e^{x_i}}{S_k} - 1
    $$

    Args:
        input: Scores $x$, floating point, any real number, one list per row.
        target: Relevance $y$, same shape, the higher the better. Only the order counts.
        mask: Where there is an item: true, or anything but 0. `None` where all lists are full.
        reduction: `'none'` keeps one loss per list, `'sum'` adds them up, `'mean'` averages over
            the lists that have an item.

    Shape:
        - `input`: $(N, L)$.
        - `target`, `mask`: $(N, L)$, same as `input`.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input`, `target` or `mask` is not a tensor.
        ValueError: If `input` is not of shape (N, L), another shape differs from it, or
            `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        The scores 1, 2, 0 stand in the right order already. The first of three should be drawn:
        log(e + e² + 1) − 1 = 1.4076. Then the second of the two left: log(e² + 1) − 2 = 0.1269. The
        last one is certain. Together 1.5345.

        >>> import torch
        >>> from losses import list_mle_loss
        >>> scores = torch.tensor([[1.0, 2.0, 0.0]], requires_grad=True)
        >>> loss = list_mle_loss(scores, torch.tensor([[2, 1, 0]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(1.5345), tensor([[-0.7553,  0.5460,  0.2092]]))

        It is a likelihood: over all six orders of three items, the probabilities add up to 1.

        >>> import torch
        >>> from itertools import permutations
        >>> from losses import list_mle_loss
        >>> orders = torch.tensor([*permutations(range(3))])
        >>> scores = torch.tensor([1.0, 2.0, 0.0]).expand(6, 3)
        >>> likely = (-list_mle_loss(scores, orders, reduction="none")).exp()
        >>> likely
        tensor([0.0658, 0.1789, 0.0242, 0.4863, 0.0292, 0.2156])
        >>> likely.sum().round(decimals=4)
        tensor(1.)

        Lists of different length: the second has two items, the third has none and is not counted.

        >>> import torch
        >>> from losses import list_mle_loss
        >>> scores = torch.tensor(
        ...     [[1.0, 2.0, 0.0], [0.0, 0.0, 9.0], [1.0, 1.0, 1.0]]
        ... )
        >>> relevance = torch.tensor([[2, 1, 0], [1, 0, 0], [0, 0, 0]])
        >>> mask = torch.tensor([[1, 1, 1], [1, 1, 0], [0, 0, 0]])
        >>> list_mle_loss(scores, relevance, mask, reduction="none")
        tensor([1.5345, 0.6931, 0.0000])
        >>> list_mle_loss(scores, relevance, mask)
        tensor(1.1138)

    References:
        - Xia, Liu, Wang, Zhang, Li, [Listwise Approach to Learning to Rank: Theory and
          Algorithm](https://doi.org/10.1145/1390156.1390306), 2008
        - PyTorch has no such loss; for the first place alone it has
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
    """
    check_lists(input, target, mask)
    (input,) = upcast(input)
    if mask is None:
        mask = torch.ones_like(input)
    order = target.argsort(dim=1, descending=True, stable=True)
    absent = (mask == 0).gather(1, order)
    # A target of NaN has no place: where it counts, it makes the score NaN as well.
    x = input.masked_fill(target.isnan(), torch.nan).gather(1, order)
    x = x.masked_fill(absent, -torch.inf)
    # Of each item and all behind it, the logarithm of the sum S.
    log_s = x.flip(1).logcumsumexp(1).flip(1)
    loss = (log_s - x).masked_fill(absent, 0).sum(1)
    lists = (~absent).any(1).sum()
    return reduce_loss(loss, reduction, lists.clamp(min=1))


class ListMLELoss(Loss):
    r"""[`list_mle_loss`][losses.list_mle_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import ListMLELoss
        >>> criterion = ListMLELoss()
        >>> criterion
        ListMLELoss(reduction='mean')
        >>> scores = torch.tensor([[0.0, 0.0]], requires_grad=True)
        >>> loss = criterion(scores, torch.tensor([[1, 0]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(0.6931), tensor([[-0.5000,  0.5000]]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute the loss; see [`list_mle_loss`][losses.list_mle_loss]."""
        return list_mle_loss(input, target, mask, reduction=self.reduction)


RECORD = Record(
    function="list_mle_loss",
    classes=("ListMLELoss",),
    aliases=("ListMLE", "Plackett-Luce loss", "listwise maximum likelihood"),
    summary="Lists with an order without ties: every place of it at once.",
    input="scores, any real number, one list per row",
    target="relevance, the higher the better; only its order counts, ties as they stand",
    mean="the number of lists with an item",
    shapes="`input` (N, L), `target` (N, L), `mask` (N, L) or none",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 1.0, 0.0]], "target": [["target", 1.0, 0.0]]},
        (-4, 5),
        "x₁, with x₂ = y₂ = 1, x₃ = y₃ = 0; target is y₁",
        sweep=("target", (2.0, 0.5, -1.0)),
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(True, "logarithms of sums of exponentials less a line"),
        lipschitz=Claim(
            True,
            "in a list of n items at most √(n(n − 1)), where the last one is far ahead",
            "(len(input[0]) * (len(input[0]) - 1)) ** 0.5",
        ),
        smooth=Claim(True, "the gradient is made of softmaxes"),
        symmetric=Claim(False, "a wrong order costs more than the right one", "sign"),
        bounded=Claim(
            True,
            "in a list of n items at most √(n(n − 1)), where the last one is far ahead",
            "(len(input[0]) * (len(input[0]) - 1)) ** 0.5",
        ),
        non_negative=Claim(True, "the negative logarithm of a probability"),
        minimum=Claim(False, "0 is only approached, as the leads grow"),
    ),
)
