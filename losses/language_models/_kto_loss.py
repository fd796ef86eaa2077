"""Kahneman-Tversky optimisation: answers that are liked or not, without pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import (
    check_beta,
    check_logps,
    check_real,
    loss_function,
    outlier,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["KTOLoss", "kto_loss"]


@loss_function("policy_logps")
def kto_loss(
    policy_logps: Tensor,
    reference_logps: Tensor,
    target: Tensor,
    policy_kl_logps: Tensor,
    reference_kl_logps: Tensor,
    *,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Raise answers that are liked above the level of the batch, and lower those that are not.

    For the log-probability $p_n$ of an answer and $p'_n$ of the same by a frozen reference model,
    the label $y_n$, 1 where the answer is liked and 0 where it is not, and $q$ and $q'$ of $M$
    answers that belong to other prompts,

    $$
    \begin{aligned}
    z &= \max\left(0, \frac{1}{M} \sum_m (q_m - q'_m)\right) \\
    w_n &= w^+ y_n + w^- (1 - y_n) \\
    \ell_n(p) &= w_n \, \sigma\left(-\beta (2 y_n - 1) (p_n - p'_n - z)\right)
    \end{aligned}
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$, the scale $\beta$ and the weights $w^+$
    and $w^-$. The level $z$ estimates how far the policy has drifted from the reference; it gets
    no gradient, and is 0 where $M$ is 0. `'mean'` divides the sum of all answers by their number,
    whatever they weigh, and is 0 where there are none.

    The gradient is largest at the level and fades on both sides: an answer far above it is good
    enough, and one far below it is given up.

    $$
    \frac{\partial \ell_n}{\partial p_n} = -\beta w_n (2 y_n - 1)
    \sigma\left(\beta (p_n - p'_n - z)\right) \sigma\left(-\beta (p_n - p'_n - z)\right)
    $$

    Args:
        policy_logps: Log-probability $p$ that the model in training gives to each answer: the sum
            over its tokens, prompt and padding left out. Floating point.
        reference_logps: Log-probability $p'$ that the reference model gives to it. No gradient
            flows there.
        target: Label $y$: 1 or true where the answer is liked, 0 or false where it is not.
        policy_kl_logps: Log-probability $q$ that the model gives to mismatched answers: each is
            that of another prompt. No gradient flows there.
        reference_kl_logps: Log-probability $q'$ that the reference model gives to them.
        beta: Scale $\beta$, above 0. The larger it is, the sooner the curve levels off, and the
            closer the model stays to the reference.
        desirable_weight: Weight $w^+$ of answers that are liked, at least 0.
        undesirable_weight: Weight $w^-$ of answers that are not liked, at least 0.
        reduction: `'none'` keeps one loss per answer, `'sum'` adds them up, `'mean'` averages over
            all answers.

    Shape:
        - `policy_logps`, `reference_logps`, `target`: $(N)$.
        - `policy_kl_logps`, `reference_kl_logps`: $(M)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `policy_logps` (float32 under autocast).

    Raises:
        TypeError: If one of the five is not a tensor.
        ValueError: If the shapes do not fit, a target is neither 0 nor 1, `beta` is not above 0, a
            weight is below 0, or `reduction` is none of the three.
        NotImplementedError: If log-probabilities are not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        Of the mismatched answers the log-ratios are 0 and 1, so the level is 0.5. The answer that
        is liked has a log-ratio of 1, the one that is not of −0.5. By hand, 1/(1 + exp(0.05)) =
        0.4875 and 1/(1 + exp(0.1)) = 0.4750, on average 0.4813.

        >>> import torch
        >>> from losses import kto_loss
        >>> policy = torch.tensor([-10.0, -12.0])
        >>> reference = torch.tensor([-11.0, -11.5])
        >>> liked = torch.tensor([True, False])
        >>> mismatched = torch.tensor([-12.0, -11.0]), torch.tensor([-12.0, -12.0])
        >>> kto_loss(policy, reference, liked, *mismatched, reduction="none")
        tensor([0.4875, 0.4750])
        >>> kto_loss(policy, reference, liked, *mismatched)
        tensor(0.4813)

        At the level the slope is a quarter of `beta`. Far away on either side, it is gone.

        >>> import torch
        >>> from losses import kto_loss
        >>> policy = torch.tensor([-200.0, -20.0, 160.0], requires_grad=True)
        >>> reference, liked = torch.full((3,), -20.0), torch.ones(3)
        >>> nothing = torch.zeros(0)
        >>> loss = kto_loss(
        ...     policy, reference, liked, nothing, nothing, reduction="none"
        ... )
        >>> loss.sum().backward()
        >>> loss.detach().round(decimals=4), -policy.grad.round(decimals=4)
        (tensor([1.0000, 0.5000, 0.0000]), tensor([0.0000, 0.0250, 0.0000]))

        Three times as many answers are liked as not. A weight of 3 makes up for it.

        >>> import torch
        >>> from losses import kto_loss
        >>> policy = torch.zeros(4, requires_grad=True)
        >>> zero, liked = torch.zeros(4), torch.tensor([1, 1, 1, 0])
        >>> loss = kto_loss(policy, zero, liked, zero, zero, undesirable_weight=3.0)
        >>> loss.backward()
        >>> loss.detach(), policy.grad
        (tensor(0.7500), tensor([-0.0063, -0.0063, -0.0063,  0.0188]))

    References:
        - Ethayarajh, Xu, Muennighoff, Jurafsky, Kiela, [KTO: Model Alignment as Prospect Theoretic
          Optimization](https://arxiv.org/abs/2402.01306), 2024
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """
    check_settings(beta, desirable_weight, undesirable_weight)
    check_logps(policy_logps=policy_logps, reference_logps=reference_logps)
    check_logps(policy_kl_logps=policy_kl_logps, reference_kl_logps=reference_kl_logps)
    check_target(policy_logps, target, policy_kl_logps)
    policy_logps, reference_logps, target = upcast(policy_logps, reference_logps, target)
    policy_kl_logps, reference_kl_logps = upcast(policy_kl_logps, reference_kl_logps)
    drift = (policy_kl_logps - reference_kl_logps).sum() / max(1, policy_kl_logps.numel())
    level = drift.detach().clamp(min=0)
    gain = policy_logps - reference_logps.detach() - level
    weight = desirable_weight * target + undesirable_weight * (1 - target)
    loss = weight * torch.sigmoid(-beta * (2 * target - 1) * gain)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_settings(beta: float, desirable_weight: float, undesirable_weight: float) -> None:
    """Raise unless the scale is above 0, and no weight is below 0."""
    check_beta(beta)
    weights = {"desirable_weight": desirable_weight, "undesirable_weight": undesirable_weight}
    for name, weight in weights.items():
        if not weight >= 0:
            raise ValueError(
                f"{name} must be at least 0, got {name}={weight}: 0 leaves these answers out"
            )


def check_target(policy_logps: Tensor, target: Tensor, policy_kl_logps: Tensor) -> None:
    """Raise unless there is one label, 0 or 1, for each answer."""
    check_real(target=target)
    if policy_logps.ndim != 1 or target.shape != policy_logps.shape or policy_kl_logps.ndim != 1:
        raise ValueError(
            "expected policy_logps and target of shape (N), policy_kl_logps of shape (M), got "
            f"{tuple(policy_logps.shape)}, {tuple(target.shape)} and "
            f"{tuple(policy_kl_logps.shape)}: pass one number and one label for each answer, "
            "the sum over its tokens"
        )
    (label,) = upcast(target)
    wrong = outlier(0, label.masked_fill(label == 1, 0), 0, policy_logps, nan=True)
    if wrong is not None:
        raise ValueError(
            f"every target must be 0 or 1, got {wrong:g}: pass (target > 0) for labels of -1 and 1"
        )


class KTOLoss(Loss):
    r"""[`kto_loss`][losses.kto_loss] as a module.

    Args:
        beta: Scale, above 0.
        desirable_weight: Weight of answers that are liked, at least 0.
        undesirable_weight: Weight of answers that are not liked, at least 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `beta` is not above 0, or a weight is below 0.

    Examples:
        >>> import torch
        >>> from losses import KTOLoss
        >>> criterion = KTOLoss(beta=0.5, undesirable_weight=2.0)
        >>> criterion
        KTOLoss(reduction='mean', beta=0.5, desirable_weight=1.0, undesirable_weight=2.0)
        >>> policy = torch.tensor([-10.0, -12.0], requires_grad=True)
        >>> reference = torch.tensor([-11.0, -11.5])
        >>> liked = torch.tensor([True, False])
        >>> mismatched = torch.tensor([-12.0, -11.0]), torch.tensor([-12.0, -12.0])
        >>> loss = criterion(policy, reference, liked, *mismatched)
        >>> loss.backward()
        >>> loss.detach(), policy.grad
        (tensor(0.5965), tensor([-0.0615,  0.1175]))
    """

    beta: float
    desirable_weight: float
    undesirable_weight: float

    def __init__(
        self,
        *,
        beta: float = 0.1,
        desirable_weight: float = 1.0,
        undesirable_weight: float = 1.0,
        reduction: str = "mean",
    ) -> None:
        check_settings(beta, desirable_weight, undesirable_weight)
        super().__init__(reduction=reduction)
        self.beta = beta
        self.desirable_weight = desirable_weight
        self.undesirable_weight = undesirable_weight

    def forward(
        self,
        policy_logps: Tensor,
        reference_logps: Tensor,
        target: Tensor,
        policy_kl_logps: Tensor,
        reference_kl_logps: Tensor,
    ) -> Tensor:
        """Compute the loss; see [`kto_loss`][losses.kto_loss]."""
        return kto_loss(
            policy_logps,
            reference_logps,
            target,
            policy_kl_logps,
            reference_kl_logps,
            beta=self.beta,
            desirable_weight=self.desirable_weight,
            undesirable_weight=self.undesirable_weight,
            reduction=self.reduction,
        )


ANSWER = {
    "policy_logps": ["x"],
    "reference_logps": [0.0],
    "target": [1],
    "policy_kl_logps": [0.0],
    "reference_kl_logps": [0.0],
}
RECORD = Record(
    function="kto_loss",
    classes=("KTOLoss",),
    aliases=("Kahneman-Tversky optimization", "unpaired preference", "thumbs up and thumbs down"),
    summary="Answers that are liked or not, each by itself, against a frozen reference model.",
    torch_equivalent=False,
    input="log-probabilities of answers, sums over their tokens, by the policy and the reference",
    target="1 where the answer is liked, 0 where it is not",
    mean="the number of answers",
    shapes="`policy_logps`, `reference_logps`, `target` (N); the mismatched ones (M)",
    curve=Curve(
        ANSWER,
        (-60, 60),
        "p − p′, with z = 0",
        sweep=("beta", (0.05, 0.1, 0.5)),
        slider=(0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
        symbol="p",
    ),
    more=(
        Curve(
            ANSWER | {"target": ["target"]},
            (-60, 60),
            "p − p′, with z = 0",
            sweep=("target", (1, 0)),
            symbol="p",
        ),
    ),
    properties=Properties(
        convex=Claim(False, "it levels off on both sides"),
        lipschitz=Claim(True, "the slope is at most a quarter of `beta` times the weight", 0.025),
        smooth=Claim(True, "a sigmoid"),
        symmetric=Claim(False, "an answer that is liked should become likelier", "sign"),
        bounded=Claim(True, "it is at most a quarter of `beta` times the weight", 0.025),
        non_negative=Claim(True, "a weight times a probability"),
        minimum=Claim(False, "further from the level always costs less, on one side"),
    ),
)
