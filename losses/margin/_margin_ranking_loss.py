"""Margin ranking: the right one of two scores has to win by a margin."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import broadcast_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["MarginRankingLoss", "margin_ranking_loss"]


@loss_function("input1", "input2", "target")
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Punish a pair of scores until the one that should be higher leads by `margin`.

    For scores $x_1$ and $x_2$, a label $y$ of 1 or -1, and the margin $m$,

    $$
    \ell(x_1, x_2, y) = \max\left(0, -y \, (x_1 - x_2) + m\right)
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell_i$.

    The gradient pushes the two scores apart, with the same strength whatever the gap, until the
    lead reaches the margin. On the kink, where the lead is exactly the margin, it still pushes, as
    in PyTorch:

    $$
    \frac{\partial \ell}{\partial x_1} = \begin{cases}
    -y & \text{if } y \, (x_1 - x_2) \leq m \\
    0 & \text{otherwise}
    \end{cases}
    $$

    The gradient with respect to $x_2$ is the same with the opposite sign.

    Args:
        input1: First score $x_1$, any shape, any real value.
        input2: Second score $x_2$, as many dimensions as `input1`.
        target: Label $y$, as many dimensions as the scores: 1 where `input1` should be higher,
            -1 where `input2` should. Not 0: a pair labelled 0 only adds the margin.
        margin: Lead $m$ that the higher score needs, in the unit of the scores. With 0 a tie
            costs nothing.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - `input1`, `input2`, `target`: $(*)$, the same number of dimensions, 0 or more. A
          dimension of size 1 is broadcast.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of the scores and the label (float32 under autocast, and
        for integers).

    Raises:
        TypeError: If `input1`, `input2` or `target` is not a tensor.
        RuntimeError: If the numbers of dimensions differ, the shapes do not broadcast, or
            `target` is of type bool, which cannot hold -1.
        ValueError: If `reduction` is none of the three.

    Examples:
        The first pair leads by 1, enough for a margin of 0.5. The second is in the wrong order
        by 0.5. By hand: max(0, −1 + 0.5) = 0 and max(0, 0.5 + 0.5) = 1, on average 0.5.

        >>> import torch
        >>> from losses import margin_ranking_loss
        >>> first, second = torch.tensor([2.0, 1.0]), torch.tensor([1.0, 1.5])
        >>> target = torch.tensor([1.0, 1.0])
        >>> margin_ranking_loss(first, second, target, margin=0.5, reduction="none")
        tensor([0., 1.])
        >>> margin_ranking_loss(first, second, target, margin=0.5)
        tensor(0.5000)

        In training one model scores both items of a pair. Here the better item of each pair
        scores 0.5 against 0.4 and 0.2 against 0.1: both leads miss the margin of 1 by 0.9.

        >>> import torch
        >>> from losses import margin_ranking_loss
        >>> weight = torch.tensor([0.1, 0.2], requires_grad=True)
        >>> better = torch.tensor([[1.0, 2.0], [2.0, 0.0]])
        >>> worse = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
        >>> loss = margin_ranking_loss(
        ...     better @ weight, worse @ weight, torch.ones(2), margin=1.0
        ... )
        >>> loss.backward()
        >>> loss.detach(), weight.grad
        (tensor(0.9000), tensor([-1.,  0.]))

    References:
        - Joachims, [Optimizing search engines using clickthrough
          data](https://doi.org/10.1145/775047.775067), 2002: the pairwise hinge (ranking SVM)
        - [`torch.nn.functional.margin_ranking_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.margin_ranking_loss.html)
    """
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()}. "
            "Pass one score and one label per pair: squeeze or unsqueeze the odd one"
        )
    broadcast_shape(input1=input1.shape, input2=input2.shape, target=target.shape)
    if target.dtype == torch.bool:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. target must hold 1 "
            "and -1, got torch.bool: pass 2 * target.float() - 1"
        )
    input1, input2, target = upcast(input1, input2, target)
    loss = (margin - target * (input1 - input2)).clamp(min=0)
    return reduce_loss(loss, reduction)


class MarginRankingLoss(Loss):
    r"""[`margin_ranking_loss`][losses.margin_ranking_loss] as a module.

    Args:
        margin: Lead that the higher score needs.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import MarginRankingLoss
        >>> criterion = MarginRankingLoss(margin=0.5)
        >>> criterion
        MarginRankingLoss(reduction='mean', margin=0.5)
        >>> first = torch.tensor([2.0, 1.0], requires_grad=True)
        >>> loss = criterion(first, torch.tensor([1.75, 1.5]), torch.ones(2))
        >>> loss.backward()
        >>> loss.detach(), first.grad
        (tensor(0.6250), tensor([-0.5000, -0.5000]))
    """

    margin: float

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`margin_ranking_loss`][losses.margin_ranking_loss]."""
        return margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


RECORD = Record(
    function="margin_ranking_loss",
    classes=("MarginRankingLoss",),
    aliases=("pairwise ranking loss", "pairwise hinge loss"),
    summary="Which of two scores should be higher.",
    input="two scores, any real number",
    target="1 if `input1` should be higher, -1 if `input2` should",
    shapes="`input1`, `input2`, `target`: (*), the same number of dimensions",
    curve=Curve(
        {"input1": "x", "input2": 0.0, "target": 1.0},
        (-3, 3),
        "x₁ − x₂, with y = 1",
        sweep=("margin", (0.0, 0.5, 1.0)),
        slider=(-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
        symbol="x₁",
    ),
    more=(
        Curve(
            {"input1": "x", "input2": 0.0, "target": 1.0},
            (-3, 3),
            "x₁ − x₂, with m = 1",
            sweep=("target", (1.0, -1.0)),
            keywords={"margin": 1.0},
            symbol="x₁",
        ),
    ),
    properties=Properties(
        convex=Claim(True, "the larger of 0 and a line"),
        lipschitz=Claim(
            True, "the slope is −1 in one score and 1 in the other, or 0 in both", 2**0.5
        ),
        smooth=Claim(False, "a kink where the scores are `margin` apart"),
        symmetric=Claim(False, "the label says which of the two should be higher", "arguments"),
        bounded=Claim(True, "it is −1 in one score and 1 in the other, or 0 in both", 2**0.5),
        non_negative=Claim(True, "the larger of 0 and a line"),
        minimum=Claim(
            True,
            "wherever the order is right and the lead is at least the `margin`, by default 0",
            "target * (input1 - input2) >= 0",
        ),
    ),
)
