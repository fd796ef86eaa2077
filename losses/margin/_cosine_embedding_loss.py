"""Cosine embedding: turn similar vectors towards each other, dissimilar ones away."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from losses._checks import broadcast_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CosineEmbeddingLoss", "cosine_embedding_loss"]


@loss_function("input1", "input2")
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Charge a similar pair of vectors for its angle, a dissimilar pair for too small an angle.

    For vectors $x_1$ and $x_2$ at an angle with the cosine $c$, a label $y$ of 1 or -1, and the
    margin $m$,

    $$
    \begin{aligned}
    \ell(x_1, x_2, y) &= \begin{cases}
    1 - c & \text{if } y = 1 \\
    \max(0, c - m) & \text{if } y = -1
    \end{cases} \\
    c &= \frac{\sum_d x_{1,d} \, x_{2,d}}{r_1 r_2},
    \qquad r_k = \sqrt{\lVert x_k \rVert^2 + 10^{-12}}
    \end{aligned}
    $$

    `'mean'` divides the sum over the pairs by their number, $\frac{1}{N} \sum_n \ell_n$. The
    lengths $r_k$ stay above 0, so that a zero vector has the cosine 0 with every other.

    The gradient turns a vector and hardly changes its length. Short vectors turn faster. Where the
    cosine is exactly the margin, the gradient still turns it, as in PyTorch:

    $$
    \frac{\partial \ell}{\partial x_1} = \begin{cases}
    -g & \text{if } y = 1 \\
    g & \text{if } y = -1 \text{ and } c \geq m \\
    0 & \text{if } y = -1 \text{ and } c < m
    \end{cases}
    \qquad g = \frac{1}{r_1} \left(\frac{x_2}{r_2} - c \, \frac{x_1}{r_1}\right)
    $$

    The gradient with respect to $x_2$ is the same with the two vectors exchanged.

    Args:
        input1: First vectors $x_1$, any real value.
        input2: Second vectors $x_2$, same shape. A single coordinate is broadcast, with a warning.
        target: Label $y$ of each pair, any data type: 1 for a similar pair, -1 for a dissimilar
            one. A pair with any other label counts as 0.
        margin: Cosine $m$ below which a dissimilar pair costs nothing, between -1 and 1;
            0 to 0.5 is usual. With 0 a right angle is enough.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - `input1`, `input2`: $(N, D)$, or $(D)$ for a single pair. $N = 1$ is broadcast.
        - `target`: $(N)$, or $()$ for a single pair.
        - result: a scalar; $(N)$ or $()$ with `reduction='none'`.

    Returns:
        The loss in the common data type of the vectors (float32 under autocast, and for
        integers). float16 and bfloat16 are computed in float32.

    Raises:
        TypeError: If `input1`, `input2` or `target` is not a tensor.
        RuntimeError: If `target` has more than one dimension, the vectors do not have one more
            than it, the numbers of coordinates differ and neither is 1, or the numbers of pairs
            do not broadcast.
        NotImplementedError: If the vectors are complex.
        ValueError: If `reduction` is none of the three.

    Examples:
        The cosine of (3, 4) and (4, 3) is 24 / 25 = 0.96. By hand: as a similar pair
        1 − 0.96 = 0.04, as a dissimilar pair max(0, 0.96 − 0) = 0.96.

        >>> import torch
        >>> from losses import cosine_embedding_loss
        >>> a = torch.tensor([[3.0, 4.0], [3.0, 4.0]])
        >>> b = torch.tensor([[4.0, 3.0], [4.0, 3.0]])
        >>> target = torch.tensor([1, -1])
        >>> cosine_embedding_loss(a, b, target, reduction="none")
        tensor([0.0400, 0.9600])

        The example of two source documents, with the target in one dimension. It takes the same
        pair once as similar and once as dissimilar. (1 − c + c) / 2 is 0.5 for every cosine c from
        0.

        >>> import torch
        >>> from losses import cosine_embedding_loss
        >>> a = torch.tensor([[0.3, 0.5, 0.7], [0.3, 0.5, 0.7]])
        >>> b = torch.tensor([[0.1, 0.3, 0.5], [0.1, 0.3, 0.5]])
        >>> cosine_embedding_loss(a, b, torch.tensor([1.0, -1.0]))
        tensor(0.5000)

        In training, one row per pair. The first pair is similar but at a right angle, so it is
        turned together. The second is dissimilar and its cosine of 0 is below the margin, so
        nothing moves.

        >>> import torch
        >>> from losses import cosine_embedding_loss
        >>> a = torch.tensor([[1.0, 0.0], [2.0, 0.0]], requires_grad=True)
        >>> b = torch.tensor([[0.0, 1.0], [0.0, 3.0]])
        >>> loss = cosine_embedding_loss(a, b, torch.tensor([1, -1]), margin=0.2)
        >>> loss.backward()
        >>> loss.detach(), a.grad
        (tensor(0.5000), tensor([[ 0.0000, -0.5000],
                [ 0.0000,  0.0000]]))

    References:
        - Bromley, Guyon, LeCun, Säckinger, Shah, [Signature verification using a "Siamese" time
          delay neural
          network](https://proceedings.neurips.cc/paper/1993/hash/288cc0ff022877bd3df94bc9360b9c5d-Abstract.html),
          1993: two embeddings, compared by the cosine of their angle
        - [`torch.nn.functional.cosine_embedding_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_embedding_loss.html)
    """
    check_shapes(input1, input2, target)
    input1, input2 = upcast(input1, input2)
    (x1, square1), (x2, square2) = shrunk(input1), shrunk(input2)
    cosine = (x1 * x2).sum(-1) / (square1 * square2).sqrt()
    dissimilar = (cosine - margin).clamp(min=0).masked_fill(target != -1, 0)
    return reduce_loss(torch.where(target == 1, 1 - cosine, dissimilar), reduction)


def shrunk(x: Tensor) -> tuple[Tensor, Tensor]:
    """Divide long vectors, whose square might overflow, by a number; add 1e-12 to their square."""
    size = x.detach().abs().sum(-1, keepdim=True).clamp(1, torch.finfo(x.dtype).max)
    x = x / size
    return x, (x * x).sum(-1) + 1e-12 / (size * size).squeeze(-1)


class CosineEmbeddingLoss(Loss):
    r"""[`cosine_embedding_loss`][losses.cosine_embedding_loss] as a module.

    Args:
        margin: Cosine below which a dissimilar pair costs nothing, between -1 and 1.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CosineEmbeddingLoss
        >>> criterion = CosineEmbeddingLoss(margin=0.5)
        >>> criterion
        CosineEmbeddingLoss(reduction='mean', margin=0.5)
        >>> a = torch.tensor([[3.0, 4.0]], requires_grad=True)
        >>> loss = criterion(a, torch.tensor([[4.0, 3.0]]), torch.tensor([-1]))
        >>> loss.backward()
        >>> loss.detach(), a.grad
        (tensor(0.4600), tensor([[ 0.0448, -0.0336]]))
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
        """Compute the loss; see [`cosine_embedding_loss`][losses.cosine_embedding_loss]."""
        return cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


def check_shapes(input1: Tensor, input2: Tensor, target: Tensor) -> None:
    """Raise unless there is one label per pair, and the vectors of a pair have one length."""
    shape1, shape2 = input1.shape, input2.shape
    if target.dim() > 1:
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported: got target of shape "
            f"{tuple(target.shape)}; pass target.flatten(), one label per pair"
        )
    if not len(shape1) == len(shape2) == target.dim() + 1:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found "
            f"inputs with sizes {list(shape1)} and {list(shape2)}. input1 and input2 must be "
            "(N, D) for a target of shape (N), or (D) for a target of shape ()"
        )
    if shape1[-1] != shape2[-1] and 1 not in (shape1[-1], shape2[-1]):
        raise RuntimeError(
            f"The size of tensor a ({shape1[-1]}) must match the size of tensor b ({shape2[-1]}) "
            f"at non-singleton dimension {target.dim()}: input1 of shape {tuple(shape1)} and "
            f"input2 of shape {tuple(shape2)} must have the same number of coordinates"
        )
    if shape1[-1] != shape2[-1] and not torch.compiler.is_compiling():
        warnings.warn(
            f"input1 of shape {tuple(shape1)} and input2 of shape {tuple(shape2)} should have the "
            "same number of coordinates: one coordinate is repeated for the product, but not for "
            "the length, so the result is no cosine",
            stacklevel=4,
        )
    broadcast_shape(input1=shape1[:-1], input2=shape2[:-1], target=target.shape)


RECORD = Record(
    function="cosine_embedding_loss",
    classes=("CosineEmbeddingLoss",),
    aliases=("cosine similarity loss", "cosine embedding"),
    summary="Pairs of embeddings: pull together or push apart by angle.",
    input="two embeddings, any real number",
    target="1 if the pair is similar, -1 if not",
    mean="the number of pairs",
    shapes="`input1`, `input2` (D) or (N, D); `target` () or (N)",
    eps="no argument: 1e-12 is added to each squared norm",
    curve=Curve(
        {"input1": ["cos", "sin"], "input2": [1.0, 0.0], "target": -1.0},
        (0, 3.141592653589793),
        "angle θ between x₁ and x₂, with y = −1",
        sweep=("margin", (0.0, 0.25, 0.5)),
        slider=(-1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0),
        symbol="θ",
    ),
    more=(
        Curve(
            {"input1": ["cos", "sin"], "input2": [1.0, 0.0], "target": "target"},
            (0, 3.141592653589793),
            "angle θ between x₁ and x₂",
            sweep=("target", (1.0, -1.0)),
            symbol="θ",
        ),
    ),
    properties=Properties(
        convex=Claim(False, "the cosine bends down at its top and up at its bottom"),
        lipschitz=Claim(
            True, "it grows as 1 / length; the 1e-12 under the root limits it to a million", 1e6
        ),
        smooth=Claim(False, "for a dissimilar pair, a kink where the cosine is the `margin`"),
        symmetric=Claim(True, "the cosine is the same in either order", "arguments"),
        bounded=Claim(
            True, "it grows as 1 / length; the 1e-12 under the root limits it to a million", 1e6
        ),
        non_negative=Claim(True, "a cosine is at most 1"),
        minimum=Claim(
            True,
            "similar: wherever the directions agree; dissimilar: from a right angle on",
            "loss == 0",
        ),
    ),
)
