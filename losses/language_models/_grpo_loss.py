"""Group relative policy optimisation: sampled answers, weighted by their rewards, with a clip."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from losses._checks import check_logps, check_real, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["GRPOLoss", "grpo_loss"]


@loss_function("policy_logps")
def grpo_loss(
    policy_logps: Tensor,
    old_logps: Tensor | None,
    advantages: Tensor,
    reference_logps: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    epsilon: float = 0.2,
    epsilon_high: float | None = None,
    beta: float = 0.0,
    loss_type: str = "grpo",
    max_length: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Make sampled answers likelier where they earned more than others, in small steps.

    For the log-probability $p_{i,t}$ of token $t$ of answer $i$, the same $o_{i,t}$ when it was
    sampled and $q_{i,t}$ by a reference model, the advantage $A_i$ of the answer, the mask
    $m_{i,t}$ of 0 and 1, the clip from $1 - \varepsilon$ to $1 + h$ and the weight $\beta$ of the
    penalty,

    $$
    \begin{aligned}
    r_{i,t} &= e^{p_{i,t} - o_{i,t}} \\
    b_{i,t} &= \max(1 - \varepsilon, \min(1 + h, r_{i,t})) \\
    k_{i,t} &= e^{q_{i,t} - p_{i,t}} - (q_{i,t} - p_{i,t}) - 1 \\
    \ell_{i,t}(p) &= m_{i,t} \left(\beta k_{i,t} - \min(r_{i,t} A_i, b_{i,t} A_i)\right)
    \end{aligned}
    $$

    `'mean'` is, for `loss_type='grpo'`, the mean of the answers' means over their $n_i$ tokens. An
    answer without tokens counts as 0.

    $$
    n_i = \sum_t m_{i,t}, \qquad
    L = \frac{1}{G} \sum_{i = 1}^{G} \frac{1}{n_i} \sum_{t = 1}^{T} \ell_{i,t}(p)
    $$

    `'dapo'` divides the sum of all tokens by their number, so that long answers weigh more:

    $$
    L = \frac{\sum_{i = 1}^{G} \sum_{t = 1}^{T} \ell_{i,t}(p)}{\sum_{i = 1}^{G} n_i}
    $$

    `'dr_grpo'` divides it by a length $M$ that is the same for all answers, so that an answer's own
    length does not decide how hard it pulls:

    $$
    L = \frac{1}{G M} \sum_{i = 1}^{G} \sum_{t = 1}^{T} \ell_{i,t}(p)
    $$

    The gradient raises tokens of a positive advantage and lowers those of a negative one, until the
    ratio $r_{i,t}$ has left the clip in that direction:

    $$
    \frac{\partial \ell_{i,t}}{\partial p_{i,t}} = m_{i,t} \left(\beta (1 - e^{q_{i,t} - p_{i,t}})
    - r_{i,t} A_i \mathbb{1}[r_{i,t} A_i \le b_{i,t} A_i]\right)
    $$

    Args:
        policy_logps: Log-probability $p$ that the model in training gives to each token of each
            answer. Floating point.
        old_logps: Log-probability $o$ of the same tokens when they were sampled. `None` where the
            model has not been changed since: then $r_{i,t}$ is 1, with its gradient. No gradient
            flows into `old_logps`.
        advantages: Advantage $A$ of each answer: usually its reward less the mean of its group,
            divided by the group's standard deviation. No gradient flows there.
        reference_logps: Log-probability $q$ that a frozen reference model gives to each token.
            Needed where `beta` is above 0. No gradient flows there.
        mask: Which tokens count: true, or anything but 0. `None` where all do. What stands at the
            others has no part in value or gradient, not even NaN.
        epsilon: How far below 1 the clip begins, $\varepsilon$, at least 0 and below 1.
        epsilon_high: How far above 1 it ends, $h$, at least 0. `None` where it is
            `epsilon`.
        beta: Weight $\beta$ of the penalty for leaving the reference, at least 0.
        loss_type: What `'mean'` divides by: `'grpo'`, `'dapo'` or `'dr_grpo'`. Nothing else
            depends on it.
        max_length: Length $M$ for `'dr_grpo'`, at least 1. `None` where it is the length of the
            tensors.
        reduction: `'none'` keeps one loss per token, `'sum'` adds them up, `'mean'` averages as
            `loss_type` says.

    Shape:
        - `policy_logps`, `old_logps`, `reference_logps`, `mask`: $(G, T)$, one answer per row.
        - `advantages`: $(G)$.
        - result: a scalar; $(G, T)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `policy_logps` (float32 under autocast).

    Raises:
        TypeError: If one of the arguments is not a tensor.
        ValueError: If a shape does not fit, `epsilon` is not in [0, 1), `epsilon_high` or `beta` is
            below 0, `beta` is above 0 without `reference_logps`, `max_length` is below 1, or
            `loss_type` or `reduction` is none of those above.
        NotImplementedError: If log-probabilities are not floating point.
        RuntimeError: If `advantages` or `mask` is complex.

    Examples:
        The first token's ratio is exp(0.5) = 1.65. Its advantage is positive, so it counts as 1.2.
        The other ratios are 1. The first answer costs (−1.2 − 1)/2 = −1.1 on average, the second,
        of one token, 1: the mean is −0.05.

        >>> import torch
        >>> from losses import grpo_loss
        >>> policy = torch.tensor([[-1.0, -0.5], [-1.0, -2.0]])
        >>> old = torch.tensor([[-1.5, -0.5], [-1.0, -1.5]])
        >>> advantages = torch.tensor([1.0, -1.0])
        >>> mask = torch.tensor([[True, True], [True, False]])
        >>> grpo_loss(policy, old, advantages, mask=mask, reduction="none")
        tensor([[-1.2000, -1.0000],
                [ 1.0000,  0.0000]])
        >>> grpo_loss(policy, old, advantages, mask=mask)
        tensor(-0.0500)

        The clipped token gets no gradient, nor does the masked one.

        >>> import torch
        >>> from losses import grpo_loss
        >>> policy = torch.tensor([[-1.0, -0.5], [-1.0, -2.0]], requires_grad=True)
        >>> old = torch.tensor([[-1.5, -0.5], [-1.0, -1.5]])
        >>> advantages = torch.tensor([1.0, -1.0])
        >>> mask = torch.tensor([[True, True], [True, False]])
        >>> grpo_loss(policy, old, advantages, mask=mask).backward()
        >>> policy.grad
        tensor([[ 0.0000, -0.2500],
                [ 0.5000,  0.0000]])

        The first step: nothing has changed since sampling. The loss is minus the mean advantage,
        here 0. Its gradient is not 0.

        >>> import torch
        >>> from losses import grpo_loss
        >>> policy = torch.tensor([[-1.0, -0.5], [-1.0, -2.0]], requires_grad=True)
        >>> loss = grpo_loss(policy, None, torch.tensor([1.0, -1.0]))
        >>> loss.backward()
        >>> loss.detach(), policy.grad
        (tensor(0.), tensor([[-0.2500, -0.2500],
                [ 0.2500,  0.2500]]))

        What the mean divides by: answers of 4 and of 1 token.

        >>> import torch
        >>> from losses import grpo_loss
        >>> policy, advantages = torch.zeros(2, 4), torch.tensor([1.0, -1.0])
        >>> mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0]])
        >>> call = policy, None, advantages, None, mask
        >>> for loss_type in ("grpo", "dapo", "dr_grpo"):
        ...     print(grpo_loss(*call, loss_type=loss_type))
        tensor(0.)
        tensor(-0.6000)
        tensor(-0.3750)

    References:
        - Shao et al., [DeepSeekMath: Pushing the
          Limits of Mathematical Reasoning in Open Language
          Models](https://arxiv.org/abs/2402.03300), 2024
        - Yu et al., [DAPO: An Open-Source LLM Reinforcement Learning System at
          Scale](https://arxiv.org/abs/2503.14476), 2025: `'dapo'` and `epsilon_high`
        - Liu et al., [Understanding R1-Zero-Like Training: A Critical
          Perspective](https://arxiv.org/abs/2503.20783), 2025: `'dr_grpo'`
        - PyTorch has no such loss; the nearest is
          [`torch.nn.NLLLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html)
          with one weight for each answer
    """
    check_settings(epsilon, epsilon_high, beta, loss_type, max_length)
    check_tokens(policy_logps, old_logps, advantages, reference_logps, mask, beta)
    policy_logps, old_logps, advantages, reference_logps = upcast(
        policy_logps, old_logps, advantages, reference_logps
    )
    if mask is None:
        mask = torch.ones_like(policy_logps)
    out = mask == 0
    old = policy_logps if old_logps is None else old_logps
    log_ratio = (policy_logps - old.detach()).masked_fill(out, 0)
    advantage = advantages.detach()[:, None]
    # min(r A, clip(r) A): the sign of A says which end counts.
    # The clip is on the logarithm: where the ratio overflows,
    # the gradient is then 0, not NaN.
    high = epsilon if epsilon_high is None else epsilon_high
    raised = log_ratio.clamp(max=math.log1p(high))
    lowered = log_ratio.clamp(min=math.log1p(-epsilon))
    loss = -torch.where(advantage < 0, lowered, raised).exp() * advantage
    if reference_logps is not None and beta > 0:
        q = reference_logps.detach()
        d = (q - policy_logps).masked_fill(out, 0)
        loss = loss + beta * (torch.expm1(d) - d)
    loss = loss.masked_fill(out, 0)
    answers, length = loss.shape
    tokens = (~out).sum(1)
    if loss_type == "dapo":
        return reduce_loss(loss, reduction, tokens.sum().clamp(min=1))
    if loss_type == "dr_grpo":
        total = max(1, answers * (max_length or length))
        return reduce_loss(loss, reduction, total)
    if reduction == "mean":
        loss = loss.sum(1) / tokens.clamp(min=1)  # of each answer
    return reduce_loss(loss, reduction, max(1, answers))


def check_settings(
    epsilon: float,
    epsilon_high: float | None,
    beta: float,
    loss_type: str,
    max_length: int | None,
) -> None:
    """Raise unless the clip holds 1, the penalty is one, and there is something to divide by."""
    if loss_type not in ("grpo", "dapo", "dr_grpo"):
        raise ValueError(
            f"loss_type must be 'grpo', 'dapo' or 'dr_grpo', got {loss_type!r}: the 'bnpo' of "
            "other libraries is 'dapo' here"
        )
    if not 0 <= epsilon < 1:
        raise ValueError(
            f"epsilon must be in [0, 1), got epsilon={epsilon}: the clip begins at 1 - epsilon, "
            "0.2 is usual"
        )
    if epsilon_high is not None and not epsilon_high >= 0:
        raise ValueError(
            f"epsilon_high must be at least 0, got epsilon_high={epsilon_high}: the clip ends at "
            "1 + epsilon_high"
        )
    if not beta >= 0:
        raise ValueError(
            f"beta must be at least 0, got beta={beta}: it is the weight of the penalty for "
            "leaving the reference"
        )
    if max_length is not None and max_length < 1:
        raise ValueError(
            f"max_length must be at least 1, got max_length={max_length}: it is the number of "
            "tokens that an answer may have"
        )


def check_tokens(
    policy_logps: Tensor,
    old_logps: Tensor | None,
    advantages: Tensor,
    reference_logps: Tensor | None,
    mask: Tensor | None,
    beta: float,
) -> None:
    """Raise unless there is one number for each token, and one advantage for each answer."""
    optional = {"old_logps": old_logps, "reference_logps": reference_logps}
    given = {name: logps for name, logps in optional.items() if logps is not None}
    check_logps(policy_logps=policy_logps, **given)
    check_real(advantages=advantages)
    if policy_logps.ndim != 2 or advantages.shape != policy_logps.shape[:1]:
        raise ValueError(
            "expected policy_logps of shape (G, T), one answer per row, and advantages of shape "
            f"(G), got {tuple(policy_logps.shape)} and {tuple(advantages.shape)}: all tokens of an "
            "answer share its advantage"
        )
    if mask is not None:
        check_real(mask=mask)
        if mask.shape != policy_logps.shape:
            raise ValueError(
                f"mask must have the shape of policy_logps, {tuple(policy_logps.shape)}, got "
                f"{tuple(mask.shape)}: pass the mask of the answer's tokens, without the prompt"
            )
    if beta > 0 and reference_logps is None:
        raise ValueError(
            f"reference_logps must be given with beta={beta}: the penalty compares with the "
            "reference model"
        )


class GRPOLoss(Loss):
    r"""[`grpo_loss`][losses.grpo_loss] as a module.

    Args:
        epsilon: How far below 1 the clip begins, in [0, 1).
        epsilon_high: How far above 1 it ends, at least 0. `None` where it is `epsilon`.
        beta: Weight of the penalty for leaving the reference, at least 0.
        loss_type: What `'mean'` divides by: `'grpo'`, `'dapo'` or `'dr_grpo'`.
        max_length: Length for `'dr_grpo'`. `None` where it is the length of the tensors.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If a setting is out of its range.

    Examples:
        >>> import torch
        >>> from losses import GRPOLoss
        >>> criterion = GRPOLoss(epsilon_high=0.28, loss_type="dapo")
        >>> criterion.epsilon, criterion.epsilon_high, criterion.beta
        (0.2, 0.28, 0.0)
        >>> policy = torch.tensor([[-1.0, -0.5], [-1.0, -2.0]], requires_grad=True)
        >>> old = torch.tensor([[-1.5, -0.5], [-1.0, -1.5]])
        >>> loss = criterion(policy, old, torch.tensor([1.0, -1.0]))
        >>> loss.backward()
        >>> loss.detach(), policy.grad
        (tensor(-0.1200), tensor([[ 0.0000, -0.2500],
                [ 0.2500,  0.0000]]))
    """

    epsilon: float
    epsilon_high: float | None
    beta: float
    loss_type: str
    max_length: int | None

    def __init__(
        self,
        *,
        epsilon: float = 0.2,
        epsilon_high: float | None = None,
        beta: float = 0.0,
        loss_type: str = "grpo",
        max_length: int | None = None,
        reduction: str = "mean",
    ) -> None:
        check_settings(epsilon, epsilon_high, beta, loss_type, max_length)
        super().__init__(reduction=reduction)
        self.epsilon = epsilon
        self.epsilon_high = epsilon_high
        self.beta = beta
        self.loss_type = loss_type
        self.max_length = max_length

    def forward(
        self,
        policy_logps: Tensor,
        old_logps: Tensor | None,
        advantages: Tensor,
        reference_logps: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Compute the loss; see [`grpo_loss`][losses.grpo_loss]."""
        return grpo_loss(
            policy_logps,
            old_logps,
            advantages,
            reference_logps,
            mask,
            epsilon=self.epsilon,
            epsilon_high=self.epsilon_high,
            beta=self.beta,
            loss_type=self.loss_type,
            max_length=self.max_length,
            reduction=self.reduction,
        )


RECORD = Record(
    function="grpo_loss",
    classes=("GRPOLoss",),
    aliases=(
        "group relative policy optimization",
        "DAPO",
        "Dr. GRPO",
        "PPO clipped surrogate",
        "RLVR",
    ),
    summary="Sampled answers with rewards: the clipped step of policy optimisation.",
    torch_equivalent=False,
    input="log-probabilities of tokens, by the policy now and when they were sampled",
    target="`advantages`: one number per answer, above 0 where it earned more than others",
    mean="by `loss_type`: tokens of each answer, then answers; all tokens; or a fixed length",
    shapes="log-probabilities and `mask` (G, T), `advantages` (G)",
    curve=Curve(
        {"policy_logps": [["x"]], "old_logps": [[0.0]], "advantages": [1.0]},
        (-1, 1),
        "p − o, with A = 1",
        sweep=("epsilon", (0.1, 0.2, 0.4)),
        slider=(0.0, 0.1, 0.2, 0.3, 0.4),
        symbol="p",
    ),
    more=(
        Curve(
            {"policy_logps": [["x"]], "old_logps": [[0.0]], "advantages": [-1.0]},
            (-1, 1),
            "p − o, with A = −1",
            sweep=("epsilon", (0.1, 0.2, 0.4)),
            symbol="p",
        ),
    ),
    properties=Properties(
        convex=Claim(False, "for a positive advantage it falls ever faster, then levels off"),
        lipschitz=Claim(False, "for a negative advantage it grows like an exponential"),
        smooth=Claim(False, "a kink where the ratio leaves the clip"),
        symmetric=Claim(False, "old and new log-probability have different parts", "arguments"),
        bounded=Claim(False, "for a negative advantage it grows like an exponential"),
        non_negative=Claim(False, "for a positive advantage it is below 0"),
        minimum=Claim(
            True,
            "where the ratio has left the clip in the direction of the advantage",
            "where(advantages > 0, exp(policy_logps - old_logps) >= 1.2, "
            "exp(policy_logps - old_logps) <= 0.8).all()",
        ),
    ),
)
