"""CosFace: cross entropy of cosines, with a margin that is taken from the target's cosine."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import loss_function, upcast
from losses._embeddings import DirectionsLoss, check_directions, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import reduce_loss

__all__ = ["CosFaceLoss", "cosface_loss"]


@loss_function("input", autocast=False)
def cosface_loss(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    margin: float = 0.35,
    scale: float = 64.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure the cross entropy of cosines, with a margin taken from the target's cosine.

    For an embedding $x$, a direction $W_j$ for each class, and a class $y$, the logits are the
    cosines $c_j$ times a scale $s$. The margin $m$ is taken from the cosine of the target:

    $$
    \begin{aligned}
    \ell(x, y) &= -\log \frac{\exp(s (c_y - m))}{\sum_{j = 1}^C
    \exp(s (c_j - m \mathbb{1}[j = y]))} \\
    c_j &= \frac{\sum_d x_d \, W_{j,d}}{\lVert x \rVert_2 \lVert W_j \rVert_2}
    \end{aligned}
    $$

    `'mean'` divides the sum over the rows by their number, $\frac{1}{N} \sum_n \ell_n$, and is 0
    where there are none.

    The gradient turns the embedding and leaves its length. With the softmax $p$ of the logits,

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial x} &= \frac{s}{\lVert x \rVert_2} \sum_{j = 1}^C
    (p_j - \mathbb{1}[j = y])
    \left(\frac{W_j}{\lVert W_j \rVert_2} - c_j \frac{x}{\lVert x \rVert_2}\right) \\
    p_j &= \frac{\exp(s (c_j - m \mathbb{1}[j = y]))}{\sum_{k = 1}^C
    \exp(s (c_k - m \mathbb{1}[k = y]))}
    \end{aligned}
    $$

    Args:
        input: Embeddings $x$, floating point, one per row. Their length does not matter; a row of
            zeros is at right angles to everything.
        linear_weight: Directions $W_j$, one row per class, the parameter of a layer without a bias.
            Their lengths do not matter either.
        target: Class indices $y$, int64, from 0 to C − 1.
        margin: Margin $m$ that is taken from the cosine, at least 0; 0.35 or 0.4 is usual. 0 is a
            plain softmax of cosines, and from 2 on no embedding can satisfy it.
        scale: Factor $s$ of the cosines, above 0; 64 is usual.
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
        ValueError: If the shapes do not fit, `margin` is negative, `scale` is not above 0, or
            `reduction` is none of the three.
        NotImplementedError: If `input` or `linear_weight` is not floating point.
        RuntimeError: If `target` is not int64.
        IndexError: If, on the CPU, a target is no class.

    Examples:
        The embedding lies at 45 degrees from the first two classes and at 135 degrees from the
        third: cosines of 0.7071, 0.7071 and −0.7071. The target's counts as 0.7071 − 0.35 = 0.3571.
        With the scale 4 the logits are 1.4284, 2.8284 and −2.8284. The logarithm of the sum of
        their exponentials is 3.0516, and 3.0516 − 1.4284 = 1.6232.

        >>> import torch
        >>> from losses import cosface_loss
        >>> x = torch.tensor([[1.0, 1.0]])
        >>> w = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
        >>> cosface_loss(x, w, torch.tensor([0]), scale=4.0)
        tensor(1.6232)

        It is the cross entropy of scaled cosines, with the target's shifted.

        >>> import torch
        >>> from losses import cosface_loss, cross_entropy
        >>> from torch.nn.functional import normalize, one_hot
        >>> x, w = torch.tensor([[1.0, 1.0]]), torch.eye(2)
        >>> target = torch.tensor([0])
        >>> shifted = normalize(x) @ w.T - 0.35 * one_hot(target, 2)
        >>> cross_entropy(4 * shifted, target)
        tensor(1.6204)
        >>> cosface_loss(x, w, target, scale=4.0)
        tensor(1.6204)

        In training: a step turns the embedding towards its class, and does not change its length.

        >>> import torch
        >>> from losses import cosface_loss
        >>> x = torch.tensor([[1.0, 1.0]], requires_grad=True)
        >>> w = torch.eye(2)
        >>> cosface_loss(x, w, torch.tensor([0]), scale=4.0).backward()
        >>> x.grad
        tensor([[-2.2689,  2.2689]])

    References:
        - Wang et al., [CosFace: Large Margin Cosine Loss for Deep Face
          Recognition](https://arxiv.org/abs/1801.09414), 2018
        - PyTorch has no such loss; without margin and cosines it is
          [`torch.nn.LinearCrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html)
    """
    check_margin(margin)
    check_directions(input, linear_weight, target, scale)
    input, linear_weight = upcast(input, linear_weight)
    cosine = unit(input) @ unit(linear_weight).T
    of_target = target[:, None] == torch.arange(cosine.shape[1], device=target.device)
    logits = scale * torch.where(of_target, cosine - margin, cosine)
    loss = -logits.log_softmax(1).gather(1, target[:, None]).squeeze(1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_margin(margin: float) -> None:
    """Raise unless the margin makes the cosine of the target no larger."""
    if not margin >= 0:
        raise ValueError(
            f"margin must be at least 0, got {margin}: it is taken from the cosine of the target; "
            "0.35 is usual"
        )


class CosFaceLoss(DirectionsLoss):
    r"""[`cosface_loss`][losses.cosface_loss] as a module that owns the directions of the classes.

    They are a parameter: give `criterion.parameters()` to the optimiser as well, and move the
    module with `.to(device)`.

    Args:
        in_features: Number of entries of an embedding, D.
        num_classes: Number of classes, C.
        margin: Margin that is taken from the cosine, at least 0.
        scale: Factor of the cosines, above 0.
        device: Where the directions live.
        dtype: Data type of the directions.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Attributes:
        weight: The directions, a parameter of shape (C, D). They begin spread evenly over the
            sphere, with lengths of about 1.

    Raises:
        ValueError: If `margin` is negative.

    Examples:
        >>> import torch
        >>> from losses import CosFaceLoss
        >>> criterion = CosFaceLoss(2, 3, scale=4.0)
        >>> criterion
        CosFaceLoss(reduction='mean', in_features=2, num_classes=3, margin=0.35, scale=4.0)
        >>> start = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
        >>> _ = criterion.load_state_dict({"weight": start})
        >>> x = torch.tensor([[1.0, 1.0]], requires_grad=True)
        >>> loss = criterion(x, torch.tensor([0]))
        >>> loss.backward()
        >>> loss.detach(), criterion.weight.grad.shape
        (tensor(1.6232), torch.Size([3, 2]))
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        margin: float = 0.35,
        scale: float = 64.0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        reduction: str = "mean",
    ) -> None:
        check_margin(margin)
        super().__init__(in_features, num_classes, margin, scale, device, dtype, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`cosface_loss`][losses.cosface_loss]."""
        return cosface_loss(
            input,
            self.weight,
            target,
            margin=self.margin,
            scale=self.scale,
            reduction=self.reduction,
        )


RECORD = Record(
    function="cosface_loss",
    classes=("CosFaceLoss",),
    aliases=("large margin cosine loss", "AM-Softmax", "additive margin softmax", "LMCL"),
    summary="Embeddings of many known classes: a softmax on the sphere, the margin on the cosine.",
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
        sweep=("margin", (0.0, 0.2, 0.35)),
        slider=(0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0),
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
        convex=Claim(False, "in the cosines it is; in the embedding, a turn is no straight line"),
        lipschitz=Claim(False, "the slope grows as 1 / length"),
        smooth=Claim(False, "around 0, where a row has no direction; elsewhere it is"),
        symmetric=Claim(False, "the opposite embedding has the opposite cosines", "sign"),
        bounded=Claim(False, "the slope grows as 1 / length"),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(True, "in some direction; the length does not matter"),
    ),
)
