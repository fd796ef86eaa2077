"""ListNet loss: cross entropy between the softmax of the relevance and that of the scores."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_lists, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, product, reduce_loss

__all__ = ["ListNetLoss", "list_net_loss"]


@loss_function("input")
def list_net_loss(
    input: Tensor, target: Tensor, mask: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    r"""Compare which item of a list is first by the scores, with which is by the relevance.

    For a list of $L$ items with the scores $x$ and the relevance $y$, both become probabilities, of
    which the loss is the cross entropy:

    $$
    \ell(x, y) = -\sum_{j = 1}^{L} p_j \log q_j, \qquad
    p_j = \frac{e^{y_j}}{\sum_{k = 1}^{L} e^{y_k}}, \qquad
    q_j = \frac{e^{x_j}}{\sum_{k = 1}^{L} e^{x_k}}
    $$

    The items are those that `mask` leaves in the list. A list without items costs 0.
    `'mean'` divides by the number $n$ of the other lists, $\frac{1}{n} \sum_i \ell(x_i, y_i)$, and
    is 0 where there are none.

    The gradient is the difference of the two probabilities:

    $$
    \frac{\partial \ell}{\partial x_j} = q_j - p_j
    $$

    Args:
        input: Scores $x$, floating point, any real number, one list per row.
        target: Relevance $y$, same shape, the higher the better. Its differences count: one more
            is $e = 2.7$ times as likely to be first. −inf is never first.
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
        The softmax of the relevance 2, 1, 0 is 0.6652, 0.2447, 0.0900. The scores 1, 2, 0 give the
        first two the other way round. By hand, minus the logarithms of those are 1.4076, 0.4076 and
        2.4076, and 0.6652 · 1.4076 + 0.2447 · 0.4076 + 0.0900 · 2.4076 = 1.2529.

        >>> import torch
        >>> from losses import list_net_loss
        >>> scores = torch.tensor([[1.0, 2.0, 0.0]])
        >>> relevance = torch.tensor([[2, 1, 0]])
        >>> list_net_loss(scores, relevance)
        tensor(1.2529)

        It is lowest where the scores are the relevance, up to a constant. There it is the entropy
        of the relevance, not 0, and nothing pulls.

        >>> import torch
        >>> from losses import list_net_loss
        >>> scores = torch.tensor([[7.0, 6.0, 5.0]], requires_grad=True)
        >>> loss = list_net_loss(scores, torch.tensor([[2.0, 1.0, 0.0]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad.abs().max() < 1e-6
        (tensor(0.8324), tensor(True))

        Lists of different length: the second has two items, the third has none and is not counted.

        >>> import torch
        >>> from losses import list_net_loss
        >>> scores = torch.tensor(
        ...     [[1.0, 2.0, 0.0], [0.0, 0.0, 9.0], [1.0, 1.0, 1.0]]
        ... )
        >>> relevance = torch.tensor([[2, 1, 0], [1, 0, 0], [0, 0, 0]])
        >>> mask = torch.tensor([[1, 1, 1], [1, 1, 0], [0, 0, 0]])
        >>> list_net_loss(scores, relevance, mask, reduction="none")
        tensor([1.2529, 0.6931, 0.0000])
        >>> list_net_loss(scores, relevance, mask)
        tensor(0.9730)

    References:
        - Cao, Qin, Liu, Tsai, Li, [Learning to Rank: From Pairwise Approach to Listwise
          Approach](https://doi.org/10.1145/1273496.1273513), 2007
        - PyTorch has no such loss; for full lists,
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
          of the scores and the softmax of the relevance is the same
    """
    check_lists(input, target, mask)
    input, target = upcast(input, target)
    if mask is None:
        mask = torch.ones_like(input)
    absent = mask == 0
    empty = absent.all(1, keepdim=True)
    # What is absent has no share; where all is, a softmax would be NaN.
    x = input.masked_fill(absent, -torch.inf).masked_fill(empty, 0)
    y = target.to(x.dtype).masked_fill(absent, -torch.inf)
    p = y.masked_fill(empty, 0).softmax(1)
    loss = -product(p, x.log_softmax(1)).sum(1)
    loss = loss.masked_fill(empty.squeeze(1), 0)
    return reduce_loss(loss, reduction, (~empty).sum().clamp(min=1))


class ListNetLoss(Loss):
    r"""[`list_net_loss`][losses.list_net_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import ListNetLoss
        >>> criterion = ListNetLoss()
        >>> criterion
        ListNetLoss(reduction='mean')
        >>> scores = torch.tensor([[1.0, 2.0, 0.5]], requires_grad=True)
        >>> loss = criterion(scores, torch.tensor([[2, 1, 0]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(1.2647), tensor([[-0.4340,  0.3838,  0.0502]]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute the loss; see [`list_net_loss`][losses.list_net_loss]."""
        return list_net_loss(input, target, mask, reduction=self.reduction)


# What the softmax of the scores may be away from that of the relevance: all on the item that is
# least likely to be first.
FARTHEST = "(1 - 2 * target.softmax(1).min() + target.softmax(1).square().sum()).sqrt()"

RECORD = Record(
    function="list_net_loss",
    classes=("ListNetLoss",),
    aliases=("ListNet", "softmax cross entropy ranking loss", "listwise softmax loss"),
    summary="Lists with grades whose differences count: all items at once.",
    input="scores, any real number, one list per row",
    target="relevance, the higher the better; its softmax is what the scores should give",
    mean="the number of lists with an item",
    shapes="`input` (N, L), `target` (N, L), `mask` (N, L) or none",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0]], "target": [["target", 0.0]]},
        (-4, 4),
        "x₁ − x₂, with y₂ = 0; target is y₁",
        sweep=("target", (0.0, 1.0, 3.0)),
        slider=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(True, "a logarithm of a sum of exponentials less a line"),
        lipschitz=Claim(
            True, "the distance of two softmaxes, at most √2; less for a flat relevance", FARTHEST
        ),
        smooth=Claim(True, "the gradient is a difference of softmaxes"),
        symmetric=Claim(False, "a wrong order costs more than the right one", "sign"),
        bounded=Claim(
            True, "the distance of two softmaxes, at most √2; less for a flat relevance", FARTHEST
        ),
        non_negative=Claim(True, "the entropy of the relevance at least"),
        minimum=Claim(
            True,
            "the entropy of the relevance, where scores and relevance differ by a constant",
            "input == target",
        ),
    ),
)
