"""ArcFace: cross entropy of cosines, with a margin that is added to the angle of the target."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.linalg import vector_norm

from losses._checks import loss_function, upcast
from losses._embeddings import DirectionsLoss, check_directions, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import reduce_loss

__all__ = ["ArcFaceLoss", "arcface_loss"]


@loss_function("input", autocast=False)
def arcface_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    margin: float = 0.5,
    scale: float = 64.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure the cross entropy of cosines, with a margin added to the target's angle.

    For an embedding $x$, a direction $W_j$ for each class, and a class $y$, the logits are the
    cosines $c_j$ times a scale $s$. The angle $\theta$ between $x$ and the direction of its class
    is enlarged by the margin $m$, in radians:

    $$
    \begin{aligned}
    \ell(x, y) &= -\log \frac{\exp(s a_y)}{\sum_{j = 1}^C \exp(s a_j)} \\
    a_j &= \begin{cases}
    c_j & \text{if } j \ne y \\
    \cos(\theta + m) & \text{if } j = y \text{ and } \theta + m \le \pi \\
    \cos(\theta) - m \sin(m) & \text{if } j = y \text{ and } \theta + m > \pi
    \end{cases} \\
    c_j &= \frac{\sum_d x_d \, W_{j,d}}{\lVert x \rVert_2 \lVert W_j \rVert_2},
    \qquad \theta = \arccos(c_y)
    \end{aligned}
    $$

    Beyond $\pi$ a cosine would rise again. There the last case, taken from the authors' code, lets
    the logit of the target keep falling (for margins of up to 2; usual ones are far below).

    `'mean'` divides the sum over the rows by their number, $\frac{1}{N} \sum_n \ell_n$, and is 0
    where there are none.

    The gradient turns the embedding and leaves its length. With the softmax $p$ of the logits,

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial x} &= \frac{s}{\lVert x \rVert_2} \sum_{j = 1}^C
    b_j (p_j - \mathbb{1}[j = y])
    \left(\frac{W_j}{\lVert W_j \rVert_2} - c_j \frac{x}{\lVert x \rVert_2}\right) \\
    p_j &= \frac{\exp(s a_j)}{\sum_{k = 1}^C \exp(s a_k)}, \qquad
    b_j = \begin{cases}
    \frac{\sin(\theta + m)}{\sin(\theta)} & \text{if } j = y \text{ and } \theta + m \le \pi \\
    1 & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    Args:
        input: Embeddings $x$, floating point, one per row. Their length does not matter; a row of
            zeros is at right angles to everything.
        linear_weight: Directions $W_j$, one row per class, the parameter of a layer without a bias.
            Their lengths do not matter either.
        target: Class indices $y$, int64, from 0 to C − 1.
        margin: Angle $m$ in radians, from 0 to π; 0.5 is 28.6 degrees. 0 is a plain softmax of
            cosines.
        scale: Factor $s$ of the cosines, above 0. The paper has 64.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages over
            the rows.

    Shape:
        - `input`: $(N, D)$.
        - `linear_weight`: $(C, D)$.
        - `target`: $(N)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast, which does not reach the
        cosines).

    Raises:
        TypeError: If `input`, `linear_weight` or `target` is not a tensor.
        ValueError: If the shapes do not fit, `margin` is not in [0, π], `scale` is not above 0,
            or `reduction` is none of the three.
        NotImplementedError: If `input` or `linear_weight` is not floating point.
        RuntimeError: If `target` is not int64.
        IndexError: If, on the CPU, a target is no class.

    Examples:
        The embedding lies at 45 degrees from the first two classes and at 135 degrees from the
        third: cosines of 0.7071, 0.7071 and −0.7071. The target's angle becomes π/4 + 0.5 = 1.2854,
        its cosine 0.2815. With the scale 4 the logits are 1.1262, 2.8284 and −2.8284. The logarithm
        of the sum of their exponentials is 2.9989, and 2.9989 − 1.1262 = 1.8727.

        >>> import torch
        >>> from losses import arcface_loss
        >>> x = torch.tensor([[1.0, 1.0]])
        >>> w = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
        >>> arcface_loss(x, w, torch.tensor([0]), scale=4.0)
        tensor(1.8727)

        Without the margin it is the cross entropy of the scaled cosines.

        >>> import torch
        >>> from losses import arcface_loss, cross_entropy
        >>> x, w = torch.tensor([[1.0, 1.0]]), torch.eye(2)
        >>> cosine = torch.tensor([[0.5, 0.5]]).sqrt()
        >>> cross_entropy(4 * cosine, torch.tensor([0]))
        tensor(0.6931)
        >>> arcface_loss(x, w, torch.tensor([0]), margin=0.0, scale=4.0)
        tensor(0.6931)

        In training: a step turns the embedding towards its class, and does not change its length.

        >>> import torch
        >>> from losses import arcface_loss
        >>> x = torch.tensor([[1.0, 1.0]], requires_grad=True)
        >>> w = torch.eye(2)
        >>> arcface_loss(x, w, torch.tensor([0]), scale=4.0).backward()
        >>> x.grad
        tensor([[-2.8194,  2.8194]])
        >>> (x.detach() * x.grad).sum()  # at right angles
        tensor(0.)

    References:
        - Deng, Guo, Xue, Zafeiriou, [ArcFace: Additive Angular Margin Loss for Deep Face
          Recognition](https://arxiv.org/abs/1801.07698), 2018
        - PyTorch has no such loss; without margin and cosines it is
          [`torch.nn.LinearCrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html)
    """
    check_margin(margin)
    check_directions(input, linear_weight, target, scale)
    input, linear_weight = upcast(input, linear_weight)
    x, w = unit(input), unit(linear_weight)
    of_target = target[:, None]
    w_y = w[target]
    # Of two chords: an arccosine has an infinite slope at 1,
    # and few digits near it.
    theta = 2 * torch.atan2(vector_norm(x - w_y, dim=1), vector_norm(x + w_y, dim=1))
    beyond = theta.cos() - margin * math.sin(margin)
    a_y = torch.where(theta + margin <= math.pi, (theta + margin).cos(), beyond)
    logits = scale * (x @ w.T).scatter(1, of_target, a_y[:, None])
    loss = -logits.log_softmax(1).gather(1, of_target).squeeze(1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_margin(margin: float) -> None:
    """Raise unless the margin is an angle in radians."""
    if not 0 <= margin <= math.pi:
        raise ValueError(
            f"margin must be an angle from 0 to pi, got {margin}: it is in radians, pass "
            "math.radians(margin) for degrees"
        )


class ArcFaceLoss(DirectionsLoss):
    r"""[`arcface_loss`][losses.arcface_loss] as a module that owns the directions of the classes.

    They are a parameter: give `criterion.parameters()` to the optimiser as well, and move the
    module with `.to(device)`.

    Args:
        in_features: Number of entries of an embedding, D.
        num_classes: Number of classes, C.
        margin: Angle in radians, from 0 to π.
        scale: Factor of the cosines, above 0.
        device: Where the directions live.
        dtype: Data type of the directions.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Attributes:
        weight: The directions, a parameter of shape (C, D). They begin spread evenly over the
            sphere, with lengths of about 1.

    Raises:
        ValueError: If `margin` is not in [0, π].

    Examples:
        >>> import torch
        >>> from losses import ArcFaceLoss
        >>> criterion = ArcFaceLoss(2, 3, scale=4.0)
        >>> criterion
        ArcFaceLoss(reduction='mean', in_features=2, num_classes=3, margin=0.5, scale=4.0)
        >>> start = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
        >>> _ = criterion.load_state_dict({"weight": start})
        >>> x = torch.tensor([[1.0, 1.0]], requires_grad=True)
        >>> loss = criterion(x, torch.tensor([0]))
        >>> loss.backward()
        >>> loss.detach(), criterion.weight.grad.shape
        (tensor(1.8727), torch.Size([3, 2]))

        Both have parameters that learn: the network, and the loss.

        >>> import torch
        >>> from losses import ArcFaceLoss
        >>> _ = torch.manual_seed(0)
        >>> embed, criterion = torch.nn.Linear(8, 4), ArcFaceLoss(4, 10)
        >>> learned = [*embed.parameters(), *criterion.parameters()]
        >>> optimizer = torch.optim.SGD(learned, lr=0.1)
        >>> sum(p.numel() for p in learned)
        76
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        margin: float = 0.5,
        scale: float = 64.0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        reduction: str = "mean",
    ) -> None:
        check_margin(margin)
        super().__init__(in_features, num_classes, margin, scale, device, dtype, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`arcface_loss`][losses.arcface_loss]."""
        return arcface_loss(
            input,
            self.weight,
            target,
            margin=self.margin,
            scale=self.scale,
            reduction=self.reduction,
        )


RECORD = Record(
    function="arcface_loss",
    classes=("ArcFaceLoss",),
    aliases=("additive angular margin loss", "angular margin softmax", "arc margin product"),
    summary="Embeddings of many known classes: a softmax on the sphere, the margin on the angle.",
    input="embeddings, any real number",
    target="class indices (int64)",
    mean="the number of rows",
    shapes="`input` (N, D), `linear_weight` (C, D), `target` (N)",
    eps="no argument: a row shorter than 1e-12 is divided by that",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["cos", "sin"]], "linear_weight": [[1.0, 0.0], [0.0, 1.0]], "target": [0]},
        (0, 1.5707963267948966),
        "angle θ to its class, the other class at 90°",
        sweep=("margin", (0.0, 0.25, 0.5)),
        slider=(0.0, 0.1, 0.25, 0.35, 0.5, 0.75, 1.0),
        keywords={"scale": 8.0},
        symbol="θ",
    ),
    more=(
        Curve(
            {"input": [["cos", "sin"]], "linear_weight": [[1.0, 0.0], [0.0, 1.0]], "target": [0]},
            (0, 1.5707963267948966),
            "angle θ to its class, the other class at 90°",
            sweep=("scale", (4.0, 16.0, 64.0)),
            slider=(1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0),
            symbol="θ",
        ),
    ),
    properties=Properties(
        convex=Claim(
            False, "it is constant along every ray from 0, and a turn is no straight line"
        ),
        lipschitz=Claim(False, "the slope grows as 1 / length, and beyond π − `margin` it jumps"),
        smooth=Claim(False, "a jump where the angle and the `margin` make π, and no slope at 0"),
        symmetric=Claim(False, "the opposite embedding has the angle π − θ", "sign"),
        bounded=Claim(False, "the slope grows as 1 / length"),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(True, "in some direction; the length does not matter"),
    ),
)
