"""CORN: ordered classes by a chain of questions, each asked only of those who came that far."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_ranks, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CornLoss", "corn_loss"]


@loss_function("input")
def corn_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""Classify into ordered classes: of those at rank k or above, who is above k?

    There are $K$ ranks, 1 to $K$ in the formulas and 0 to $K - 1$ in `target`. Question $k$, one of
    $K - 1$, asks whether a row that has come as far as rank $k$ goes on. The logit $x_{nk}$
    predicts the answer, and the rank $y_n$ gives the right one. Rows that end before rank $k$ are
    not asked:

    $$
    \ell_{nk}(x, y) = \begin{cases}
    \log(1 + \exp(-x_{nk})) & \text{if } y_n > k \\
    \log(1 + \exp(x_{nk})) & \text{if } y_n = k \\
    0 & \text{if } y_n < k
    \end{cases}
    $$

    `'mean'` divides by the number of questions asked, not by rows:

    $$
    L = \frac{\sum_{n=1}^{N} \sum_{k=1}^{K - 1} \ell_{nk}(x, y)}{\sum_n \min(y_n, K - 1)}
    $$

    It is 0 where none is asked. A batch without anybody at rank $k$ leaves the logits of question
    $k$ alone.

    The gradient is that of a binary cross entropy for each question that is asked:

    $$
    \frac{\partial \ell_{nk}}{\partial x_{nk}} = \begin{cases}
    \sigma(x_{nk}) - 1 & \text{if } y_n > k \\
    \sigma(x_{nk}) & \text{if } y_n = k \\
    0 & \text{if } y_n < k
    \end{cases}
    $$

    Args:
        input: Logits $x$, floating point, any real value, $K - 1$ per row: one fewer than there are
            ranks. No sigmoid before it.
        target: Ranks, from 0 to $K - 1$, of type int64, one per row.
        reduction: `'none'` keeps one loss per question, `'sum'` adds them up, `'mean'` averages
            over the questions asked.

    Shape:
        - `input`: $(N, K - 1)$.
        - `target`: $(N)$.
        - result: a scalar; $(N, K - 1)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If a shape is another, or `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is not of type int64.
        IndexError: If a rank is below 0 or above $K - 1$ (looked at on the CPU only).

    Examples:
        Three ranks. The first row is of rank 0, so it is asked only whether it goes on, and did
        not: log(1 + exp(0.5)) = 0.9741. The second went on twice: log(1 + exp(−1)) = 0.3133 and
        log(1 + exp(−2)) = 0.1269. Three questions were asked, so the mean is 1.4143 / 3.

        >>> import torch
        >>> from losses import corn_loss
        >>> logits = torch.tensor([[0.5, -1.0], [1.0, 2.0]])
        >>> rank = torch.tensor([0, 2])
        >>> corn_loss(logits, rank, reduction="none")
        tensor([[0.9741, 0.0000],
                [0.3133, 0.1269]])
        >>> corn_loss(logits, rank)
        tensor(0.4714)

        In training. The question that the first row was not asked has no gradient.

        >>> import torch
        >>> from losses import corn_loss
        >>> rows = [[0.5, -1.0], [1.0, 2.0]]
        >>> logits = torch.tensor(rows, requires_grad=True)
        >>> corn_loss(logits, torch.tensor([0, 2])).backward()
        >>> logits.grad
        tensor([[ 0.2075,  0.0000],
                [-0.0896, -0.0397]])

        From logits to a rank. The probability of coming beyond rank k is the product of the first
        answers. Count those above 1/2.

        >>> import torch
        >>> logits = torch.tensor([[0.5, -1.0], [1.0, 2.0]])
        >>> beyond = logits.sigmoid().cumprod(dim=1)
        >>> beyond
        tensor([[0.6225, 0.1674],
                [0.7311, 0.6439]])
        >>> (beyond > 0.5).sum(dim=1)
        tensor([1, 2])

    References:
        - Shi, Cao, Raschka, [Deep Neural Networks for Rank-Consistent Ordinal Regression Based On
          Conditional Probabilities](https://arxiv.org/abs/2111.08851), 2021
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html),
          which asks every question of every row
    """
    check_ranks(input, target)
    (input,) = upcast(input)
    rank = target[:, None]
    k = torch.arange(input.shape[1], device=input.device)
    against = torch.where(rank > k, -input, input)
    # What is not asked costs nothing: softplus(-inf) and its slope are 0.
    against = against.masked_fill(rank < k, -torch.inf)
    loss = softplus(against, threshold=40)
    return reduce_loss(loss, reduction, (rank >= k).sum().clamp(min=1))


class CornLoss(Loss):
    r"""[`corn_loss`][losses.corn_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CornLoss
        >>> criterion = CornLoss()
        >>> criterion
        CornLoss(reduction='mean')
        >>> rows = [[0.5, -1.0], [1.0, 2.0]]
        >>> logits = torch.tensor(rows, requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([0, 2]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.4714), tensor([[ 0.2075,  0.0000],
                [-0.0896, -0.0397]]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`corn_loss`][losses.corn_loss]."""
        return corn_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="corn_loss",
    classes=("CornLoss",),
    aliases=(
        "ordinal regression",
        "conditional ordinal regression",
        "continuation ratio model",
        "ordered classes",
    ),
    summary="Ordered classes, one question per step: grades, ages, severities.",
    input="K − 1 logits per row, any real number",
    target="ranks, 0 to K − 1",
    mean="the number of questions asked, at most K − 1 per row",
    shapes="`input` (N, K − 1), `target` (N)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", "x", "x"]], "target": ["rank"]},
        (-4, 4),
        "x₁ = x₂ = x₃, all questions of a row added up",
        sweep=("rank", (0, 1, 2, 3)),
    ),
    properties=Properties(
        convex=Claim(True, "the logarithm of 1 plus an exponential of the logit"),
        lipschitz=Claim(True, "the slope is a sigmoid, or one less", 1.0),
        smooth=Claim(True, "the slope is a sigmoid, or one less"),
        symmetric=Claim(False, "a wrong answer costs more than the right one", "sign"),
        bounded=Claim(True, "it is a sigmoid, or one less", 1.0),
        non_negative=Claim(True, "minus the logarithm of a probability, or nothing"),
        minimum=Claim(False, "0 is only approached, as the answer grows surer"),
    ),
)
