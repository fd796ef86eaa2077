"""Asymmetric loss: binary cross entropy with easy noes turned down more than easy yeses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, relu

from losses._checks import (
    check_floating,
    check_label_rows,
    check_real,
    loss_function,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["AsymmetricLoss", "asymmetric_loss"]


@loss_function("input")
def asymmetric_loss(
    input: Tensor,
    target: Tensor,
    *,
    gamma_neg: float = 4.0,
    gamma_pos: float = 1.0,
    clip: float = 0.05,
    reduction: str = "mean",
) -> Tensor:
    r"""Add up the binary cross entropy of all labels, easy noes turned down the most.

    For the logits $x_c$ of the labels $c$ and the answers $y_c$, 0 or 1,

    $$
    \begin{aligned}
    \ell(x, y) &= -\sum_c y_c (1 - p_c)^{\gamma^+} \log p_c
    - \sum_c (1 - y_c) q_c^{\gamma^-} \log(1 - q_c) \\
    p_c &= \sigma(x_c), \qquad q_c = \max(0, p_c - m)
    \end{aligned}
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$. A no of a probability up to $m$, the
    `clip`, costs nothing. An answer in between mixes the two terms.

    `'mean'` divides the sum over all rows by their number, $\frac{1}{N} \sum_n \ell_n$, not by the
    number of labels. It is 0 where there are no rows.

    The gradient goes through the factors as well:

    $$
    \frac{\partial \ell}{\partial x_c} = \begin{cases}
    (1 - p_c)^{\gamma^+} \left(\gamma^+ p_c \log p_c - 1 + p_c\right) & \text{if } y_c = 1 \\
    p_c (1 - p_c) \left(\frac{q_c^{\gamma^-}}{1 - q_c}
    - \gamma^- q_c^{\gamma^- - 1} \log(1 - q_c)\right) & \text{if } y_c = 0 \text{ and } p_c > m \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Logits $x$, floating point, any real number, the labels in the last dimension. An
            infinite one counts as the largest finite number, and gets no gradient.
        target: Answers $y$, 0 or 1, of any data type, same shape as `input`.
        gamma_neg: Exponent $\gamma^-$ of the noes, at least 0. The higher, the less easy ones cost.
        gamma_pos: Exponent $\gamma^+$ of the yeses, at least 0. The paper keeps it at or near 0.
        clip: Probability $m$ up to which a no costs nothing, at least 0 and below 1. 0 clips none.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages
            over all rows.

    Shape:
        - `input`: $(*, C)$, any number of dimensions before the labels, including 0.
        - `target`: $(*, C)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor, or an exponent not a number.
        ValueError: If an exponent is negative, `clip` not in [0, 1), the shapes differ, `input` has
            no dimension, a value of `target` is not in [0, 1] (on the CPU), or `reduction` is none
            of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        A yes of probability σ(1) = 0.7311 costs (1 − 0.7311) · 0.3133 = 0.0842. A no of
        probability σ(−1) = 0.2689 is clipped to 0.2189, and costs 0.2189⁴ · 0.2471 = 0.0006.

        >>> import torch
        >>> from losses import asymmetric_loss
        >>> logits, answers = torch.tensor([[1.0, -1.0]]), torch.tensor([[1, 0]])
        >>> asymmetric_loss(logits, answers)
        tensor(0.0848)

        Without its settings it is binary cross entropy, added up over the labels.

        >>> import torch
        >>> from losses import asymmetric_loss, binary_cross_entropy_with_logits
        >>> logits = torch.tensor([[1.0, -1.0]])
        >>> answers = torch.tensor([[1.0, 0.0]])
        >>> asymmetric_loss(logits, answers, gamma_neg=0, gamma_pos=0, clip=0)
        tensor(0.6265)
        >>> binary_cross_entropy_with_logits(logits, answers, reduction="sum")
        tensor(0.6265)

        A training step: two pictures, 80 labels, few of them right. Clipped noes get no gradient.

        >>> import torch
        >>> from losses import asymmetric_loss
        >>> logits = torch.full((2, 80), -3.0, requires_grad=True)
        >>> answers = torch.zeros(2, 80)
        >>> answers[0, 7] = answers[1, 42] = 1
        >>> loss = asymmetric_loss(logits, answers)
        >>> loss.backward()
        >>> loss.detach(), logits.grad.count_nonzero()
        (tensor(2.9040), tensor(2))

    References:
        - Ben-Baruch et al., [Asymmetric Loss For Multi-Label
          Classification](https://arxiv.org/abs/2009.14119), 2020
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """
    check_exponents(gamma_neg, gamma_pos, clip)
    check_floating(input=input)
    check_real(target=target)
    check_label_rows(input, target)
    input, target = upcast(input, target)
    # An infinite logit is the largest number: 0 * inf would be NaN.
    x, y = input.nan_to_num(nan=torch.nan), target
    not_p, q = torch.sigmoid(-x), relu(torch.sigmoid(x) - clip)
    if gamma_pos < 1 or gamma_neg < 1:
        # At 0 the gradient of a power is infinite, that of the product is not.
        tiny = torch.finfo(x.dtype).tiny
        not_p, q = not_p.clamp(min=tiny), q.clamp(min=tiny)
    # Without a clip, log(1 - p) would underflow.
    log_not_q = (not_p + clip).clamp(max=1).log() if clip > 0 else logsigmoid(-x)
    yes = not_p**gamma_pos * logsigmoid(x)
    no = q**gamma_neg * log_not_q
    loss = -(y * yes + (1 - y) * no).sum(-1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_exponents(gamma_neg: float, gamma_pos: float, clip: float) -> None:
    """Raise unless no probability is raised to a negative power, and the clip is one."""
    for name, gamma in (("gamma_neg", gamma_neg), ("gamma_pos", gamma_pos)):
        if not isinstance(gamma, (int, float)):
            raise TypeError(
                f"{name} must be a number, got {type(gamma).__name__}: class weights have no place "
                "here; multiply the losses of reduction='none'"
            )
        if not gamma >= 0:
            raise ValueError(
                f"{name} must be at least 0, got {name}={gamma}: 0 turns nothing down, 4 is usual "
                "for gamma_neg, 0 or 1 for gamma_pos"
            )
    if not 0 <= clip < 1:
        raise ValueError(
            f"clip must be at least 0 and below 1, got clip={clip}: it is a probability; pass 0 to "
            "clip nothing"
        )


class AsymmetricLoss(Loss):
    r"""[`asymmetric_loss`][losses.asymmetric_loss] as a module.

    Args:
        gamma_neg: Exponent of the noes, at least 0.
        gamma_pos: Exponent of the yeses, at least 0.
        clip: Probability up to which a no costs nothing, at least 0 and below 1.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If an exponent is negative, or `clip` not in [0, 1).

    Examples:
        >>> import torch
        >>> from losses import AsymmetricLoss
        >>> criterion = AsymmetricLoss(gamma_pos=0.0)
        >>> criterion
        AsymmetricLoss(reduction='mean', gamma_neg=4.0, gamma_pos=0.0, clip=0.05)
        >>> logits = torch.tensor([[1.0, 1.0]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([[1, 0]]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.5591), tensor([[-0.2689,  0.4165]]))
    """

    gamma_neg: float
    gamma_pos: float
    clip: float

    def __init__(
        self,
        *,
        gamma_neg: float = 4.0,
        gamma_pos: float = 1.0,
        clip: float = 0.05,
        reduction: str = "mean",
    ) -> None:
        check_exponents(gamma_neg, gamma_pos, clip)
        super().__init__(reduction=reduction)
        self.gamma_neg = gamma_neg
        self.gamma_pos = gamma_pos
        self.clip = clip

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`asymmetric_loss`][losses.asymmetric_loss]."""
        return asymmetric_loss(
            input,
            target,
            gamma_neg=self.gamma_neg,
            gamma_pos=self.gamma_pos,
            clip=self.clip,
            reduction=self.reduction,
        )


RECORD = Record(
    function="asymmetric_loss",
    classes=("AsymmetricLoss",),
    aliases=("ASL", "asymmetric focal loss", "multi-label focal loss"),
    summary="Many labels, few of them right: easy noes turned down, then dropped.",
    input="logits, any real number",
    target="0 or 1, same shape",
    mean="the number of rows",
    shapes="`input` (*, C), `target` (*, C)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x"]], "target": [[0.0]]},
        (0, 1),
        "probability p, with y = 0",
        sweep=("gamma_neg", (0.0, 1.0, 2.0, 4.0)),
        slider=(0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0),
        probability=True,
    ),
    more=(
        Curve(
            {"input": [["x"]], "target": [[0.0]]},
            (0, 1),
            "probability p, with y = 0",
            sweep=("clip", (0.0, 0.05, 0.2)),
            slider=(0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
            probability=True,
        ),
        Curve(
            {"input": [["x"]], "target": [[1.0]]},
            (0, 1),
            "probability p, with y = 1",
            sweep=("gamma_pos", (0.0, 1.0, 2.0)),
            slider=(0.0, 0.5, 1.0, 2.0, 3.0, 4.0),
            probability=True,
        ),
    ),
    properties=Properties(
        convex=Claim(False, "it curves downwards where the model is confident and wrong"),
        lipschitz=Claim(
            True,
            "of each label the slope is at most 1.0453: that of a yes at p = 0.043",
            "1.0453 * len(input) ** 0.5",
        ),
        smooth=Claim(
            True,
            "where the clip ends, a no's loss begins as a fifth power: no kink",
        ),
        symmetric=Claim(
            False, "a wrong yes costs about its logit, a wrong no at most 2.44", "sign"
        ),
        bounded=Claim(
            True,
            "of each label the slope is at most 1.0453: that of a yes at p = 0.043",
            "1.0453 * len(input) ** 0.5",
        ),
        non_negative=Claim(True, "powers of probabilities times minus logarithms of probabilities"),
        minimum=Claim(False, "the loss of a yes only approaches 0, as its logit grows"),
    ),
)
