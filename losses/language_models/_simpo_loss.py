"""Simple preference optimisation: the chosen answer above the rejected one, without a reference."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_beta, check_logps, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SimPOLoss", "simpo_loss"]


@loss_function("policy_chosen_logps")
def simpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    *,
    beta: float = 2.0,
    gamma: float = 0.5,
    reduction: str = "mean",
) -> Tensor:
    r"""Make the chosen answer likelier per token than the rejected one, by a margin.

    For the log-probabilities per token $c$ of the chosen answer and $r$ of the rejected one, the
    scale $\beta$ and the margin $\gamma$,

    $$
    \ell(c, r) = \log(1 + e^{\gamma - \beta (c - r)})
    $$

    No reference model takes part. `'mean'` divides the sum of all pairs by their number, and is 0
    where there are none.

    The gradient pushes the two answers apart, least where the lead is already large:

    $$
    \frac{\partial \ell}{\partial c} = -\beta \, \sigma(\gamma - \beta (c - r)), \qquad
    \frac{\partial \ell}{\partial r} = \beta \, \sigma(\gamma - \beta (c - r))
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$.

    Args:
        policy_chosen_logps: Log-probability per token $c$ that the model gives to the chosen
            answer: the average over its tokens, prompt and padding left out. Floating point.
        policy_rejected_logps: The same for the rejected answer, $r$.
        beta: Scale $\beta$ of the difference, above 0.
        gamma: Margin $\gamma$ that is asked for, in the unit of the scaled difference. Where code
            takes the ratio of the two, `gamma` is `beta` times the ratio.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - both log-probabilities: $(*)$, one per pair, the same shape.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `policy_chosen_logps` (float32 under autocast).

    Raises:
        TypeError: If log-probabilities are not tensors.
        ValueError: If the shapes differ, `beta` is not above 0, or `reduction` is none of the
            three.
        NotImplementedError: If log-probabilities are not floating point.

    Examples:
        The first pair leads by 0.5, the second by −0.25. By hand, with a `beta` of 2 and a `gamma`
        of 0.5: log(1 + exp(0.5 − 1)) = 0.4741 and log(1 + exp(0.5 + 0.5)) = 1.3133, on average
        0.8937.

        >>> import torch
        >>> from losses import simpo_loss
        >>> chosen = torch.tensor([-0.5, -1.0])
        >>> rejected = torch.tensor([-1.0, -0.75])
        >>> simpo_loss(chosen, rejected, reduction="none")
        tensor([0.4741, 1.3133])
        >>> simpo_loss(chosen, rejected)
        tensor(0.8937)

        The pair in the wrong order is pushed harder, and each pair on both sides alike.

        >>> import torch
        >>> from losses import simpo_loss
        >>> chosen = torch.tensor([-0.5, -1.0], requires_grad=True)
        >>> rejected = torch.tensor([-1.0, -0.75], requires_grad=True)
        >>> simpo_loss(chosen, rejected, reduction="sum").backward()
        >>> chosen.grad, rejected.grad
        (tensor([-0.7551, -1.4621]), tensor([0.7551, 1.4621]))

        Averages leave out the length: an answer of 4 tokens and one of 8, each token as likely.

        >>> import torch
        >>> from losses import simpo_loss
        >>> of_tokens = torch.full((2, 8), -0.7)
        >>> answer = torch.arange(8) < torch.tensor([[4], [8]])
        >>> chosen, rejected = (of_tokens * answer).sum(1) / answer.sum(1)
        >>> simpo_loss(chosen, rejected, gamma=0.0)
        tensor(0.6931)

    References:
        - Meng, Xia, Chen, [SimPO: Simple Preference Optimization with a Reference-Free
          Reward](https://arxiv.org/abs/2405.14734), 2024
        - PyTorch has no such loss; the nearest is
          [`torch.nn.MarginRankingLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html),
          a hinge instead of a softplus
    """
    check_beta(beta)
    check_logps(
        policy_chosen_logps=policy_chosen_logps, policy_rejected_logps=policy_rejected_logps
    )
    policy_chosen_logps, policy_rejected_logps = upcast(policy_chosen_logps, policy_rejected_logps)
    missing = gamma - beta * (policy_chosen_logps - policy_rejected_logps)
    # Past 40, softplus is the identity; below, no digit is lost.
    loss = softplus(missing, threshold=40)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class SimPOLoss(Loss):
    r"""[`simpo_loss`][losses.simpo_loss] as a module.

    Args:
        beta: Scale of the difference, above 0.
        gamma: Margin that is asked for, in the unit of the scaled difference.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `beta` is not above 0.

    Examples:
        >>> import torch
        >>> from losses import SimPOLoss
        >>> criterion = SimPOLoss(gamma=1.0)
        >>> criterion
        SimPOLoss(reduction='mean', beta=2.0, gamma=1.0)
        >>> chosen = torch.tensor([-0.5, -1.0], requires_grad=True)
        >>> loss = criterion(chosen, torch.tensor([-1.0, -0.75]))
        >>> loss.backward()
        >>> loss.detach(), chosen.grad
        (tensor(1.1973), tensor([-0.5000, -0.8176]))
    """

    beta: float
    gamma: float

    def __init__(self, *, beta: float = 2.0, gamma: float = 0.5, reduction: str = "mean") -> None:
        check_beta(beta)
        super().__init__(reduction=reduction)
        self.beta = beta
        self.gamma = gamma

    def forward(self, policy_chosen_logps: Tensor, policy_rejected_logps: Tensor) -> Tensor:
        """Compute the loss; see [`simpo_loss`][losses.simpo_loss]."""
        return simpo_loss(
            policy_chosen_logps,
            policy_rejected_logps,
            beta=self.beta,
            gamma=self.gamma,
            reduction=self.reduction,
        )


PAIR = {"policy_chosen_logps": "x", "policy_rejected_logps": 0.0}
RECORD = Record(
    function="simpo_loss",
    classes=("SimPOLoss",),
    aliases=("simple preference optimization", "reference-free DPO"),
    summary="Which of two answers people prefer, per token and without a reference model.",
    torch_equivalent=False,
    input="log-probabilities of two answers, averages over their tokens",
    target="none: the first argument is the chosen answer",
    mean="the number of pairs",
    shapes="both log-probabilities: (*), one per pair",
    curve=Curve(
        PAIR,
        (-2, 2),
        "c − r",
        sweep=("gamma", (0.0, 0.5, 1.5)),
        slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.5),
        symbol="c",
    ),
    more=(
        Curve(
            PAIR,
            (-2, 2),
            "c − r, with γ = 0.5",
            sweep=("beta", (1.0, 2.0, 10.0)),
            symbol="c",
        ),
    ),
    properties=Properties(
        convex=Claim(True, "the softplus of a linear function"),
        lipschitz=Claim(True, "the slope is below `beta` for each of the two answers", 2 * 2**0.5),
        smooth=Claim(True, "the softplus of a linear function"),
        symmetric=Claim(False, "one answer is the chosen one", "arguments"),
        bounded=Claim(True, "it is below `beta` for each of the two answers", 2 * 2**0.5),
        non_negative=Claim(True, "the logarithm of more than 1"),
        minimum=Claim(False, "a larger lead always costs less"),
    ),
)
