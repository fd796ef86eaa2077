"""Contrastive loss of pairs: a spring that pulls the similar and pushes the dissimilar."""

from __future__ import annotations

from torch import Tensor
from torch.linalg import vector_norm

from losses._checks import check_floating, check_real, loss_function, outlier, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, product, reduce_loss

__all__ = ["ContrastiveLoss", "contrastive_loss"]


@loss_function("input1")
def contrastive_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    *,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Charge a similar pair for its distance, a dissimilar pair for what it lacks to the margin.

    For two embeddings $x_1$ and $x_2$, a label $y$ that is 1 if they are similar and 0 if not, and
    the margin $m$,

    $$
    \begin{aligned}
    \ell(x_1, x_2, y) &= \frac{y}{2} d^2 + \frac{1 - y}{2} \max(0, m - d)^2 \\
    d &= \lVert x_1 - x_2 \rVert_2
    \end{aligned}
    $$

    A label between 0 and 1 is a mixture of both cases.

    `'mean'` divides the sum over the pairs by their number, $\frac{1}{N} \sum_n \ell_n$, and is 0
    where there are none.

    The gradient pulls a similar pair together, the harder the farther apart it is. It pushes a
    dissimilar pair apart, the harder the nearer it is, and not at all from the margin on. Two equal
    embeddings stay where they are, since no direction is singled out:

    $$
    \frac{\partial \ell}{\partial x_1} =
    \left(y - (1 - y) \frac{\max(0, m - d)}{d}\right) (x_1 - x_2)
    $$

    The gradient with respect to $x_2$ is the opposite.

    Args:
        input1: First embeddings $x_1$, floating point, any real value.
        input2: Second embeddings $x_2$, same shape.
        target: Label $y$ of each pair, in [0, 1], any data type: 1 or `True` for a similar pair,
            0 for a dissimilar one.
        margin: Distance $m$ from which on a dissimilar pair costs nothing, at least 0.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - `input1`, `input2`: $(*, D)$, usually $(N, D)$; $(D)$ for a single pair.
        - `target`: $(*)$, usually $(N)$.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input1` (float32 under autocast).

    Raises:
        TypeError: If `input1`, `input2` or `target` is not a tensor.
        ValueError: If the shapes do not fit, `margin` is negative, `reduction` is none of the
            three, or, on the CPU, a label is outside of [0, 1].
        NotImplementedError: If `input1` is not floating point.
        RuntimeError: If `input2` or `target` is complex.

    Examples:
        The first pair is similar and 1 apart, the second is not, and √2 = 1.4142 apart where 2 is
        asked for. By hand: 1² / 2 = 0.5 and (2 − 1.4142)² / 2 = 0.1716, on average 0.3358.

        >>> import torch
        >>> from losses import contrastive_loss
        >>> first = torch.tensor([[0.0, 0.0], [0.0, 0.0]])
        >>> second = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> similar = torch.tensor([1, 0])
        >>> contrastive_loss(first, second, similar, margin=2.0, reduction="none")
        tensor([0.5000, 0.1716])
        >>> contrastive_loss(first, second, similar, margin=2.0)
        tensor(0.3358)

        In training, one pair per row. The similar pair lies 5 apart, and is pulled together with a
        force of 5; the dissimilar pair lacks 0.5 to the margin, and is pushed with 0.5.

        >>> import torch
        >>> from losses import contrastive_loss
        >>> first = torch.tensor([[3.0, 4.0], [0.3, 0.4]], requires_grad=True)
        >>> second, similar = torch.zeros(2, 2), torch.tensor([1, 0])
        >>> contrastive_loss(first, second, similar, reduction="sum").backward()
        >>> first.grad
        tensor([[ 3.0000,  4.0000],
                [-0.3000, -0.4000]])

        Pairs made of a batch with class labels: which rows, and whether their labels agree.

        >>> import torch
        >>> from losses import contrastive_loss
        >>> x = torch.tensor([[0.0], [0.5], [1.0]])
        >>> label = torch.tensor([0, 0, 1])
        >>> i, j = torch.triu_indices(3, 3, offset=1)
        >>> similar = label[i] == label[j]
        >>> contrastive_loss(x[i], x[j], similar, reduction="none")
        tensor([0.1250, 0.0000, 0.1250])

    References:
        - Hadsell, Chopra, LeCun, [Dimensionality reduction by learning an invariant
          mapping](https://doi.org/10.1109/CVPR.2006.100), 2006, where 0 means similar
        - PyTorch has no such loss; for ready-made distances, and without the squares, it has
          [`torch.nn.HingeEmbeddingLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html)
    """
    check(input1, input2, target, margin)
    input1, input2, target = upcast(input1, input2, target)
    difference = input1 - input2
    similar = difference.square().sum(-1) / 2
    # This norm's gradient is 0 at 0, where a root's would be NaN.
    distance = vector_norm(difference, dim=-1)
    dissimilar = (margin - distance).clamp(min=0).square() / 2
    loss = product(target, similar) + (1 - target) * dissimilar
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check(input1: Tensor, input2: Tensor, target: Tensor, margin: float) -> None:
    """Raise unless these are pairs of embeddings, each with a label in [0, 1]."""
    check_margin(margin)
    check_floating(input1=input1)
    check_real(input2=input2, target=target)
    if input1.dim() == 0 or input1.shape != input2.shape:
        raise ValueError(
            "input1 and input2 must have the same shape, (*, D), got "
            f"{tuple(input1.shape)} and {tuple(input2.shape)}: row i of one is the partner of row "
            "i of the other; for one against many pass input1.expand_as(input2)"
        )
    if target.shape != input1.shape[:-1]:
        raise ValueError(
            f"expected target of shape {tuple(input1.shape[:-1])}, one label per pair, got "
            f"{tuple(target.shape)}: pass target.flatten() for (N, 1), (label1 == label2) where "
            "each embedding has a class label of its own"
        )
    wrong = outlier(0, target, 1, input1, input2, nan=True)
    if wrong is not None:
        raise ValueError(
            f"every target must be between 0 and 1, got {wrong:g}: for labels of -1 and 1 pass "
            "(target > 0), for pairs of class labels (label1 == label2)"
        )


def check_margin(margin: float) -> None:
    """Raise unless the margin is a distance."""
    if not margin >= 0:
        raise ValueError(
            f"margin must be at least 0, got {margin}: it is the distance from which on a "
            "dissimilar pair costs nothing, 1 or less where embeddings have the length 1"
        )


class ContrastiveLoss(Loss):
    r"""[`contrastive_loss`][losses.contrastive_loss] as a module.

    Args:
        margin: Distance from which on a dissimilar pair costs nothing, at least 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `margin` is negative.

    Examples:
        >>> import torch
        >>> from losses import ContrastiveLoss
        >>> criterion = ContrastiveLoss(margin=2.0)
        >>> criterion
        ContrastiveLoss(reduction='mean', margin=2.0)
        >>> first = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
        >>> loss = criterion(first, torch.zeros(2, 2), torch.tensor([1, 0]))
        >>> loss.backward()
        >>> loss.detach(), first.grad
        (tensor(0.5000), tensor([[ 0.5000,  0.0000],
                [ 0.0000, -0.5000]]))
    """

    margin: float

    def __init__(self, *, margin: float = 1.0, reduction: str = "mean") -> None:
        check_margin(margin)
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`contrastive_loss`][losses.contrastive_loss]."""
        return contrastive_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


RECORD = Record(
    function="contrastive_loss",
    classes=("ContrastiveLoss",),
    aliases=("contrastive loss of pairs", "siamese loss", "Hadsell's contrastive loss"),
    summary="Pairs of embeddings, similar or not: a spring between the two.",
    input="two embeddings, any real number",
    target="1 if the pair is similar, 0 if not; in between, a share of each",
    mean="the number of pairs",
    shapes="`input1` (*, D), `input2` (*, D), `target` (*)",
    torch_equivalent=False,
    curve=Curve(
        {"input1": [["x"]], "input2": [[0.0]], "target": [0.0]},
        (0, 3),
        "distance d, with y = 0",
        sweep=("margin", (0.5, 1.0, 2.0)),
        slider=(0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5),
        symbol="d",
        endless=(False, True),
    ),
    more=(
        Curve(
            {"input1": [["x"]], "input2": [[0.0]], "target": ["target"]},
            (0, 1.5),
            "distance d",
            sweep=("target", (1.0, 0.5, 0.0)),
            symbol="d",
            endless=(False, True),
        ),
    ),
    properties=Properties(
        convex=Claim(False, "a dissimilar pair costs most where both are equal"),
        lipschitz=Claim(False, "the pull on a similar pair grows with its distance"),
        smooth=Claim(False, "the push on a dissimilar pair jumps where the two meet"),
        symmetric=Claim(True, "the distance is the same in either order", "arguments"),
        bounded=Claim(False, "the pull on a similar pair grows with its distance"),
        non_negative=Claim(True, "squares, with weights of at least 0"),
        minimum=Claim(
            True,
            "similar: where both are equal; dissimilar: from the `margin` on",
            "loss == 0",
        ),
    ),
)
