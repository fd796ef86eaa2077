"""Hinge embedding: shrink the distance of a similar pair, widen that of a dissimilar one."""

from __future__ import annotations

from torch import Tensor

from losses._checks import broadcast_shape, check_mean, check_real, loss_function, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["HingeEmbeddingLoss", "hinge_embedding_loss"]


@loss_function("input")
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Charge a similar pair for its distance, a dissimilar pair for being closer than `margin`.

    For a distance $x$, a label $y$ of 1 or -1, and the margin $m$,

    $$
    \ell(x, y) = \begin{cases}
    x & \text{if } y = 1 \\
    \max(0, m - x) & \text{if } y = -1
    \end{cases}
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$.

    The gradient pulls a similar pair together at any distance. It pushes a dissimilar pair apart up
    to the margin, and still at the margin itself, as in PyTorch:

    $$
    \frac{\partial \ell}{\partial x} = \begin{cases}
    1 & \text{if } y = 1 \\
    -1 & \text{if } y = -1 \text{ and } x \leq m \\
    0 & \text{if } y = -1 \text{ and } x > m
    \end{cases}
    $$

    Args:
        input: Distance $x$ of each pair, any shape, at least 0. The loss computes no distance:
            pass, for instance, `(a - b).norm(dim=1)`.
        target: Label $y$, same shape as `input`, any data type: 1 for a similar pair, -1 for a
            dissimilar one. Any other value adds both cases. Another shape is broadcast, with a
            warning.
        margin: Distance $m$ beyond which a dissimilar pair costs nothing.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast, and for integers).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        RuntimeError: If the shapes do not broadcast, `input` or `target` is complex, or `'mean'`
            would average integers.
        ValueError: If `reduction` is none of the three.

    Examples:
        Two similar pairs and a dissimilar one, the example of two source documents. By hand:
        1 and 0.8 as they are, max(0, 1 − 0.5) = 0.5, on average 2.3 / 3 = 0.7667.

        >>> import torch
        >>> from losses import hinge_embedding_loss
        >>> distance = torch.tensor([[1.0, 0.8, 0.5]])
        >>> target = torch.tensor([[1, 1, -1]])
        >>> hinge_embedding_loss(distance, target, reduction="none")
        tensor([[1.0000, 0.8000, 0.5000]])
        >>> hinge_embedding_loss(distance, target)
        tensor(0.7667)

        In training the distance comes from two embeddings. The similar pair lies 5 apart and is
        pulled together along (0.6, 0.8); the dissimilar pair lies 0.5 apart and is pushed.

        >>> import torch
        >>> from losses import hinge_embedding_loss
        >>> a = torch.tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
        >>> b = torch.zeros(2, 2)
        >>> loss = hinge_embedding_loss((a - b).norm(dim=1), torch.tensor([1, -1]))
        >>> loss.backward()
        >>> loss.detach(), a.grad
        (tensor(2.7500), tensor([[ 0.3000,  0.4000],
                [-0.3000, -0.4000]]))

    References:
        - Hadsell, Chopra, LeCun, [Dimensionality reduction by learning an invariant
          mapping](https://doi.org/10.1109/CVPR.2006.100), 2006: the contrastive loss, which
          squares both cases
        - [`torch.nn.functional.hinge_embedding_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.hinge_embedding_loss.html)
    """
    broadcast_shape(input=input.shape, target=target.shape)
    check_real(input=input, target=target)
    check_mean(reduction, input)
    input, target = paired(input, target)
    similar = input.masked_fill(target == -1, 0)
    dissimilar = (margin - input).clamp(min=0).masked_fill(target == 1, 0)
    return reduce_loss(similar + dissimilar, reduction)


class HingeEmbeddingLoss(Loss):
    r"""[`hinge_embedding_loss`][losses.hinge_embedding_loss] as a module.

    Args:
        margin: Distance beyond which a dissimilar pair costs nothing.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import HingeEmbeddingLoss
        >>> criterion = HingeEmbeddingLoss(margin=2.0)
        >>> criterion
        HingeEmbeddingLoss(reduction='mean', margin=2.0)
        >>> distance = torch.tensor([0.5, 0.5], requires_grad=True)
        >>> loss = criterion(distance, torch.tensor([1, -1]))
        >>> loss.backward()
        >>> loss.detach(), distance.grad
        (tensor(1.), tensor([ 0.5000, -0.5000]))
    """

    margin: float

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`hinge_embedding_loss`][losses.hinge_embedding_loss]."""
        return hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


RECORD = Record(
    function="hinge_embedding_loss",
    classes=("HingeEmbeddingLoss",),
    aliases=("hinge embedding", "pairwise contrastive loss"),
    summary="Pairs with a ready-made distance: pull together or push apart.",
    input="distances, at least 0",
    target="1 if the pair is similar, -1 if not",
    shapes="`input` (*), `target` (*)",
    curve=Curve(
        {"input": "x", "target": -1.0},
        (0, 3),
        "x, with y = −1",
        sweep=("margin", (0.5, 1.0, 2.0)),
        slider=(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
    ),
    more=(Curve({"input": "x", "target": 1.0}, (0, 3), sweep=("target", (1.0, -1.0))),),
    properties=Properties(
        convex=Claim(True, "a line, or the larger of 0 and a line"),
        lipschitz=Claim(True, "the slope is −1, 0 or 1", 1.0),
        smooth=Claim(False, "for a dissimilar pair, a kink at the `margin`"),
        symmetric=Claim(False, "its input is a distance, which has no sign to flip", "sign"),
        bounded=Claim(True, "it is −1, 0 or 1", 1.0),
        non_negative=Claim(True, "for distances; a negative one would give a negative loss"),
        minimum=Claim(
            True,
            "similar: at distance 0; dissimilar: from the `margin` on, by default 1",
            "where(target == 1, input <= 0, input >= 1)",
        ),
    ),
)
