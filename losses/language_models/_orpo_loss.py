"""Odds ratio preference optimisation: cross entropy, and a price on what is rejected."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_logps, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["ORPOLoss", "orpo_loss"]


@loss_function("policy_chosen_logps")
def orpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Tensor:
    r"""Learn the chosen answer, and make its odds better than those of the rejected one.

    For the log-probabilities per token $c$ of the chosen answer and $r$ of the rejected one, their
    log-odds $o$, and the weight $\beta$,

    $$
    \begin{aligned}
    o(l) &= l - \log(1 - e^l) \\
    \ell(c, r) &= -c + \beta \log(1 + e^{o(r) - o(c)})
    \end{aligned}
    $$

    The first part is the cross entropy per token of the chosen answer, as in supervised
    fine-tuning. No reference model takes part. `'mean'` divides the sum of all pairs by their
    number, and is 0 where there are none.

    The gradient always pulls the chosen answer up, at least as hard as the cross entropy alone:

    $$
    \frac{\partial \ell}{\partial c} = -1 - \frac{\beta \, \sigma(o(r) - o(c))}{1 - e^c}, \qquad
    \frac{\partial \ell}{\partial r} = \frac{\beta \, \sigma(o(r) - o(c))}{1 - e^r}
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$.

    Args:
        policy_chosen_logps: Log-probability per token $c$ that the model gives to the chosen
            answer: the average over its tokens, prompt and padding left out. Floating point,
            below 0; in the odds, 0 and more count as the largest number below 0.
        policy_rejected_logps: The same for the rejected answer, $r$.
        beta: Weight $\beta$ of the odds, at least 0; the $\lambda$ of the paper.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - both log-probabilities: $(*)$, one per pair, the same shape.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `policy_chosen_logps` (float32 under autocast).

    Raises:
        TypeError: If log-probabilities are not tensors.
        ValueError: If the shapes differ, `beta` is below 0, or `reduction` is none of the three.
        NotImplementedError: If log-probabilities are not floating point.

    Examples:
        Tokens of probability 0.8 have odds of 4 to 1, those of 0.5 odds of 1 to 1. By hand, the
        cross entropy is −log 0.8 = 0.2231, the odds cost log(1 + 1/4) = 0.2231 as well, and a
        tenth of that is 0.0223: together 0.2455. The other way round, they are −log 0.5 = 0.6931
        and a tenth of log(1 + 4) = 1.6094, together 0.8541.

        >>> import torch
        >>> from losses import orpo_loss
        >>> chosen = torch.tensor([0.8, 0.5]).log()
        >>> rejected = torch.tensor([0.5, 0.8]).log()
        >>> orpo_loss(chosen, rejected, reduction="none")
        tensor([0.2455, 0.8541])
        >>> orpo_loss(chosen, rejected)
        tensor(0.5498)

        The pull of the cross entropy on the chosen answer is 1. The odds add to it, and push the
        rejected answer down.

        >>> import torch
        >>> from losses import orpo_loss
        >>> chosen = torch.tensor([-0.5, -1.0], requires_grad=True)
        >>> rejected = torch.tensor([-1.0, -0.75], requires_grad=True)
        >>> loss = orpo_loss(chosen, rejected)
        >>> loss.backward()
        >>> loss.detach(), chosen.grad, rejected.grad
        (tensor(0.8126), tensor([-0.5348, -0.5479]), tensor([0.0217, 0.0574]))

    References:
        - Hong, Lee, Thorne, [ORPO: Monolithic Preference Optimization without Reference
          Model](https://arxiv.org/abs/2403.07691), 2024
        - PyTorch has no such loss; its first part is
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
    """
    check_weight(beta)
    check_logps(
        policy_chosen_logps=policy_chosen_logps, policy_rejected_logps=policy_rejected_logps
    )
    policy_chosen_logps, policy_rejected_logps = upcast(policy_chosen_logps, policy_rejected_logps)
    lead = log_odds(policy_chosen_logps) - log_odds(policy_rejected_logps)
    # Past 40, softplus is the identity; below, no digit is lost.
    loss = -policy_chosen_logps + beta * softplus(-lead, threshold=40)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def log_odds(logps: Tensor) -> Tensor:
    """Give the logarithm of p / (1 - p), for the logarithm of p."""
    # At 0 the odds would be infinite.
    below = logps.clamp(max=-torch.finfo(logps.dtype).tiny)
    # expm1 keeps the digits of 1 - p where p is nearly 1.
    return below - torch.log(-torch.expm1(below))


def check_weight(beta: float) -> None:
    """Raise unless the weight of the odds is at least 0."""
    if not beta >= 0:
        raise ValueError(
            f"beta must be at least 0, got beta={beta}: it is the weight of the odds beside the "
            "cross entropy; 0.1 is usual"
        )


class ORPOLoss(Loss):
    r"""[`orpo_loss`][losses.orpo_loss] as a module.

    Args:
        beta: Weight of the odds, at least 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `beta` is below 0.

    Examples:
        >>> import torch
        >>> from losses import ORPOLoss
        >>> criterion = ORPOLoss(beta=0.5)
        >>> criterion
        ORPOLoss(reduction='mean', beta=0.5)
        >>> chosen = torch.tensor([-0.5, -1.0], requires_grad=True)
        >>> loss = criterion(chosen, torch.tensor([-1.0, -0.75]))
        >>> loss.backward()
        >>> loss.detach(), chosen.grad
        (tensor(1.0629), tensor([-0.6741, -0.7397]))
    """

    beta: float

    def __init__(self, *, beta: float = 0.1, reduction: str = "mean") -> None:
        check_weight(beta)
        super().__init__(reduction=reduction)
        self.beta = beta

    def forward(self, policy_chosen_logps: Tensor, policy_rejected_logps: Tensor) -> Tensor:
        """Compute the loss; see [`orpo_loss`][losses.orpo_loss]."""
        return orpo_loss(
            policy_chosen_logps, policy_rejected_logps, beta=self.beta, reduction=self.reduction
        )


RECORD = Record(
    function="orpo_loss",
    classes=("ORPOLoss",),
    aliases=("odds ratio preference optimization",),
    summary="Fine-tuning and preference in one step, without a reference model.",
    torch_equivalent=False,
    input="log-probabilities of two answers, averages over their tokens, below 0",
    target="none: the first argument is the chosen answer",
    mean="the number of pairs",
    shapes="both log-probabilities: (*), one per pair",
    curve=Curve(
        {"policy_chosen_logps": "x", "policy_rejected_logps": -1.0},
        (-3, -0.02),
        "c, with r = −1",
        sweep=("beta", (0.0, 0.1, 1.0)),
        slider=(0.0, 0.1, 0.25, 0.5, 1.0, 2.0),
        symbol="c",
        endless=(True, False),
    ),
    properties=Properties(
        convex=Claim(
            False, "where the rejected odds are above 1, it bends down in the chosen answer"
        ),
        lipschitz=Claim(False, "the odds grow without bound as the log-probability nears 0"),
        smooth=Claim(True, "below 0 all parts are"),
        symmetric=Claim(False, "one answer is the chosen one", "arguments"),
        bounded=Claim(False, "the odds grow without bound as the log-probability nears 0"),
        non_negative=Claim(True, "both parts are above 0 where log-probabilities are below 0"),
        minimum=Claim(False, "a likelier chosen answer always costs less"),
    ),
)
