"""CORAL: ordered classes by one score and a threshold between each two ranks."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_ranks, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CoralLoss", "coral_loss"]


@loss_function("input")
def coral_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""Classify into ordered classes: is the rank above the first, above the second, and so on?

    There are $K$ ranks, 1 to $K$ in the formulas and 0 to $K - 1$ in `target`. Each row is asked
    $K - 1$ questions. The logit $x_k$ says whether its rank $y$ is above $k$:

    $$
    \ell(x, y) = \sum_{k=1}^{K - 1} \begin{cases}
    \log(1 + \exp(-x_k)) & \text{if } y > k \\
    \log(1 + \exp(x_k)) & \text{otherwise}
    \end{cases}
    $$

    The answers agree with each other where the logits of a row fall from the first to the last.
    CORAL's last layer sees to that: $x_k = s + b_k$, one score $s$ for the row, and one bias $b_k$
    for each question, the same for all rows. That layer is the caller's.

    `'mean'` divides the sum of all rows by their number, $\frac{1}{N} \sum_n \ell(x_n, y_n)$, and
    is 0 where there are none. The questions of a row are added up, not averaged.

    The gradient is the probability of the answer yes, minus the right answer:

    $$
    \frac{\partial \ell}{\partial x_k} = \sigma(x_k) - \mathbb{1}[y > k]
    $$

    Args:
        input: Logits $x$, floating point, any real value, $K - 1$ per row: one fewer than there are
            ranks. No sigmoid before it.
        target: Ranks, from 0 to $K - 1$, of type int64, one per row.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages over
            the rows.

    Shape:
        - `input`: $(N, K - 1)$.
        - `target`: $(N)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If a shape is another, or `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is not of type int64.
        IndexError: If a rank is below 0 or above $K - 1$ (looked at on the CPU only).

    Examples:
        Three ranks. The first row is of rank 0, so both answers should be no:
        log(1 + exp(0.5)) = 0.9741 and log(1 + exp(−1)) = 0.3133, together 1.2873. The second is of
        rank 2, both yes: log(1 + exp(−1)) = 0.3133 and log(1 + exp(−2)) = 0.1269, together 0.4402.

        >>> import torch
        >>> from losses import coral_loss
        >>> logits = torch.tensor([[0.5, -1.0], [1.0, 2.0]])
        >>> rank = torch.tensor([0, 2])
        >>> coral_loss(logits, rank, reduction="none")
        tensor([1.2873, 0.4402])
        >>> coral_loss(logits, rank)
        tensor(0.8638)

        In training, with the layer that makes it CORAL: one score per row, one bias per question.
        The row is of rank 1 out of three: above 0, not above 1.

        >>> import torch
        >>> from losses import coral_loss
        >>> score = torch.tensor([[0.5]], requires_grad=True)
        >>> bias = torch.tensor([1.0, -1.0], requires_grad=True)
        >>> loss = coral_loss(score + bias, torch.tensor([1]))
        >>> loss.backward()
        >>> loss.detach(), score.grad, bias.grad
        (tensor(0.6755), tensor([[0.1951]]), tensor([-0.1824,  0.3775]))

        From logits to a rank: count the answers that are yes.

        >>> import torch
        >>> logits = torch.tensor([[0.5, -1.0], [1.0, 2.0]])
        >>> (logits > 0).sum(dim=1)
        tensor([1, 2])

    References:
        - Cao, Mirjalili, Raschka, [Rank Consistent Ordinal Regression for Neural Networks with
          Application to Age Estimation](https://doi.org/10.1016/j.patrec.2020.11.008), 2020
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
          on a row of zeros and ones for each rank
    """
    check_ranks(input, target)
    (input,) = upcast(input)
    rank = target[:, None]
    k = torch.arange(input.shape[1], device=input.device)
    against = torch.where(rank > k, -input, input)
    # log(1 + exp(x)) without overflow; past 40 it is x.
    loss = softplus(against, threshold=40).sum(1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class CoralLoss(Loss):
    r"""[`coral_loss`][losses.coral_loss] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CoralLoss
        >>> criterion = CoralLoss()
        >>> criterion
        CoralLoss(reduction='mean')
        >>> rows = [[0.5, -1.0], [1.0, 2.0]]
        >>> logits = torch.tensor(rows, requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([0, 2]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.8638), tensor([[ 0.3112,  0.1345],
                [-0.1345, -0.0596]]))
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`coral_loss`][losses.coral_loss]."""
        return coral_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="coral_loss",
    classes=("CoralLoss",),
    aliases=(
        "consistent rank logits",
        "ordinal regression",
        "ordinal cross entropy",
        "extended binary classification",
    ),
    summary="Ordered classes by one score and thresholds between the ranks.",
    input="K − 1 logits per row, any real number",
    target="ranks, 0 to K − 1",
    mean="the number of rows",
    shapes="`input` (N, K − 1), `target` (N)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", "x", "x"]], "target": ["rank"]},
        (-4, 4),
        "x₁ = x₂ = x₃: the score, with biases of 0",
        sweep=("rank", (0, 1, 2, 3)),
    ),
    properties=Properties(
        convex=Claim(True, "a sum of logarithms of 1 plus an exponential"),
        lipschitz=Claim(
            True, "each of the K − 1 slopes is less than 1 in size", "input.shape[1] ** 0.5"
        ),
        smooth=Claim(True, "each slope is a sigmoid, or one less"),
        symmetric=Claim(False, "a wrong answer costs more than the right one", "sign"),
        bounded=Claim(
            True, "each of the K − 1 slopes is less than 1 in size", "input.shape[1] ** 0.5"
        ),
        non_negative=Claim(True, "minus the logarithm of a product of probabilities"),
        minimum=Claim(False, "0 is only approached, as the answers grow surer"),
    ),
)
