"""Direct preference optimisation: the chosen answer above the rejected one, by log-ratios."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_beta, check_logps, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["DPOLoss", "dpo_loss"]


@loss_function("policy_chosen_logps")
def dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    loss_type: str = "sigmoid",
    reduction: str = "mean",
) -> Tensor:
    r"""Make the chosen of two answers likelier than the rejected one, measured against a reference.

    For the log-probabilities $c$ of the chosen answer and $r$ of the rejected one, those of a
    frozen reference model, $c'$ and $r'$, the scale $\beta$ and the share $\varepsilon$ of swapped
    labels,

    $$
    \begin{aligned}
    x &= (c - c') - (r - r') \\
    \ell(c, r) &= (1 - \varepsilon) \log(1 + e^{-\beta x}) + \varepsilon \log(1 + e^{\beta x})
    \end{aligned}
    $$

    Only the margin $x$ counts. Where the policy still is the reference it is 0, and the loss
    $\log 2$. `'mean'` divides the sum of all pairs by their number, and is 0 where there are none.

    The gradient pushes the chosen answer up and the rejected one down by as much, least where the
    margin is already large:

    $$
    \frac{\partial \ell}{\partial c} = \beta \left(\varepsilon - \sigma(-\beta x)\right), \qquad
    \frac{\partial \ell}{\partial r} = \beta \left(\sigma(-\beta x) - \varepsilon\right)
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$. The reference gets no gradient.

    Other values of `loss_type` put another curve on the margin. `'hinge'` is content with a margin
    of $\frac{1}{\beta}$:

    $$
    \ell(c, r) = \max(0, 1 - \beta x)
    $$

    `'ipo'` wants half of that exactly, so that no pair is pushed without end:

    $$
    \ell(c, r) = \left(x - \frac{1}{2 \beta}\right)^2
    $$

    `'robust'` takes out what swapped labels add to the loss on average. It has no lower bound
    where $\varepsilon$ is above 0:

    $$
    \ell(c, r) = \frac{(1 - \varepsilon) \log(1 + e^{-\beta x}) - \varepsilon
    \log(1 + e^{\beta x})}{1 - 2 \varepsilon}
    $$

    Args:
        policy_chosen_logps: Log-probability $c$ that the model in training gives to the chosen
            answer: the sum over its tokens, prompt and padding left out. Floating point.
        policy_rejected_logps: The same for the rejected answer, $r$.
        reference_chosen_logps: Log-probability $c'$ that the reference model gives to the chosen
            answer. No gradient flows there.
        reference_rejected_logps: The same for the rejected answer, $r'$.
        beta: Scale $\beta$ of the margin, above 0. The larger it is, the smaller a margin is
            enough, and the closer the model stays to the reference.
        label_smoothing: Share $\varepsilon$ of labels taken to be swapped, at least 0 and below
            0.5. For `'sigmoid'` (conservative DPO) and `'robust'` alone.
        loss_type: `'sigmoid'`, `'hinge'`, `'ipo'` or `'robust'`.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            all pairs.

    Shape:
        - all four log-probabilities: $(*)$, one per pair, the same shape.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `policy_chosen_logps` (float32 under autocast).

    Raises:
        TypeError: If log-probabilities are not tensors.
        ValueError: If the shapes differ, `beta` is not above 0, `label_smoothing` is not in
            [0, 0.5) or not 0 for `'hinge'` and `'ipo'`, or `loss_type` or `reduction` is none of
            those above.
        NotImplementedError: If log-probabilities are not floating point.

    Examples:
        The first pair has the margin (−10 + 11) − (−12 + 12) = 1, the second (−12 + 11.5) −
        (−11 + 12) = −1.5. By hand, log(1 + exp(−0.1)) = 0.6444 and log(1 + exp(0.15)) = 0.7710, on
        average 0.7077.

        >>> import torch
        >>> from losses import dpo_loss
        >>> chosen = torch.tensor([-10.0, -12.0])
        >>> rejected = torch.tensor([-12.0, -11.0])
        >>> of_reference = torch.tensor([[-11.0, -11.5], [-12.0, -12.0]])
        >>> dpo_loss(chosen, rejected, *of_reference, reduction="none")
        tensor([0.6444, 0.7710])
        >>> dpo_loss(chosen, rejected, *of_reference)
        tensor(0.7077)

        The pair in the wrong order is pushed harder, and each pair on both sides alike. Before the
        mean halves them, the forces lie between 0 and `beta`.

        >>> import torch
        >>> from losses import dpo_loss
        >>> chosen = torch.tensor([-10.0, -12.0], requires_grad=True)
        >>> rejected = torch.tensor([-12.0, -11.0], requires_grad=True)
        >>> of_reference = torch.tensor([[-11.0, -11.5], [-12.0, -12.0]])
        >>> dpo_loss(chosen, rejected, *of_reference).backward()
        >>> chosen.grad, rejected.grad
        (tensor([-0.0238, -0.0269]), tensor([0.0238, 0.0269]))

        The other forms, for margins of 0, 5 and 10 and a `beta` of 0.1: IPO is content at 5, the
        hinge at 10, the logistic forms never.

        >>> import torch
        >>> from losses import dpo_loss
        >>> chosen, zero = torch.tensor([0.0, 5.0, 10.0]), torch.zeros(3)
        >>> pairs = chosen, zero, zero, zero
        >>> dpo_loss(*pairs, reduction="none")
        tensor([0.6931, 0.4741, 0.3133])
        >>> dpo_loss(*pairs, loss_type="hinge", reduction="none")
        tensor([1.0000, 0.5000, 0.0000])
        >>> dpo_loss(*pairs, loss_type="ipo", reduction="none")
        tensor([25.,  0., 25.])
        >>> dpo_loss(*pairs, label_smoothing=0.2, reduction="none")
        tensor([0.6931, 0.5741, 0.5133])
        >>> dpo_loss(
        ...     *pairs, loss_type="robust", label_smoothing=0.2, reduction="none"
        ... )
        tensor([ 0.6931,  0.3074, -0.0201])

    References:
        - Rafailov, Sharma, Mitchell, Ermon, Manning, Finn, [Direct Preference Optimization: Your
          Language Model is Secretly a Reward Model](https://arxiv.org/abs/2305.18290), 2023
        - Azar, Rowland, Piot, Guo, Calandriello, Valko, Munos, [A General Theoretical Paradigm to
          Understand Learning from Human Preferences](https://arxiv.org/abs/2310.12036), 2023:
          `'ipo'`, equation 17
        - PyTorch has no such loss; the nearest is
          [`torch.nn.SoftMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html)
          of the margin
    """
    check_settings(beta, label_smoothing, loss_type)
    check_logps(
        policy_chosen_logps=policy_chosen_logps,
        policy_rejected_logps=policy_rejected_logps,
        reference_chosen_logps=reference_chosen_logps,
        reference_rejected_logps=reference_rejected_logps,
    )
    policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, reference_rejected_logps = (
        upcast(
            policy_chosen_logps,
            policy_rejected_logps,
            reference_chosen_logps,
            reference_rejected_logps,
        )
    )
    chosen = policy_chosen_logps - reference_chosen_logps.detach()
    rejected = policy_rejected_logps - reference_rejected_logps.detach()
    margin = chosen - rejected
    if loss_type == "hinge":
        loss = torch.relu(1 - beta * margin)
    elif loss_type == "ipo":
        loss = (margin - 1 / (2 * beta)) ** 2
    else:
        # Past 40, softplus is the identity; below, no digit is lost.
        loss = softplus(-beta * margin, threshold=40)
        if label_smoothing > 0:
            e, swapped = label_smoothing, softplus(beta * margin, threshold=40)
            if loss_type == "robust":
                loss = ((1 - e) * loss - e * swapped) / (1 - 2 * e)
            else:
                loss = (1 - e) * loss + e * swapped
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_settings(beta: float, label_smoothing: float, loss_type: str) -> None:
    """Raise unless the scale, the share of swapped labels and the form fit each other."""
    check_beta(beta)
    if loss_type not in ("sigmoid", "hinge", "ipo", "robust"):
        raise ValueError(
            f"loss_type must be 'sigmoid', 'hinge', 'ipo' or 'robust', got {loss_type!r}: "
            "conservative DPO is 'sigmoid' with label_smoothing above 0"
        )
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(
            f"label_smoothing must be in [0, 0.5), got label_smoothing={label_smoothing}: it is "
            "the share of labels that are swapped; with half of them nothing could be learned"
        )
    if label_smoothing > 0 and loss_type in ("hinge", "ipo"):
        raise ValueError(
            f"label_smoothing must be 0 for loss_type={loss_type!r}, got "
            f"label_smoothing={label_smoothing}: pass loss_type='sigmoid' or 'robust'"
        )


class DPOLoss(Loss):
    r"""[`dpo_loss`][losses.dpo_loss] as a module.

    Args:
        beta: Scale of the margin, above 0.
        label_smoothing: Share of labels taken to be swapped, in [0, 0.5).
        loss_type: `'sigmoid'`, `'hinge'`, `'ipo'` or `'robust'`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If a setting is out of its range, or `label_smoothing` is not 0 for `'hinge'`
            or `'ipo'`.

    Examples:
        >>> import torch
        >>> from losses import DPOLoss
        >>> criterion = DPOLoss(beta=0.5)
        >>> criterion
        DPOLoss(reduction='mean', beta=0.5, label_smoothing=0.0, loss_type='sigmoid')
        >>> chosen = torch.tensor([-10.0, -12.0], requires_grad=True)
        >>> rejected = torch.tensor([-12.0, -11.0])
        >>> of_reference = torch.tensor([[-11.0, -11.5], [-12.0, -12.0]])
        >>> loss = criterion(chosen, rejected, *of_reference)
        >>> loss.backward()
        >>> loss.detach(), chosen.grad
        (tensor(0.8055), tensor([-0.0944, -0.1698]))
    """

    beta: float
    label_smoothing: float
    loss_type: str

    def __init__(
        self,
        *,
        beta: float = 0.1,
        label_smoothing: float = 0.0,
        loss_type: str = "sigmoid",
        reduction: str = "mean",
    ) -> None:
        check_settings(beta, label_smoothing, loss_type)
        super().__init__(reduction=reduction)
        self.beta = beta
        self.label_smoothing = label_smoothing
        self.loss_type = loss_type

    def forward(
        self,
        policy_chosen_logps: Tensor,
        policy_rejected_logps: Tensor,
        reference_chosen_logps: Tensor,
        reference_rejected_logps: Tensor,
    ) -> Tensor:
        """Compute the loss; see [`dpo_loss`][losses.dpo_loss]."""
        return dpo_loss(
            policy_chosen_logps,
            policy_rejected_logps,
            reference_chosen_logps,
            reference_rejected_logps,
            beta=self.beta,
            label_smoothing=self.label_smoothing,
            loss_type=self.loss_type,
            reduction=self.reduction,
        )


PAIR = {
    "policy_chosen_logps": "x",
    "policy_rejected_logps": 0.0,
    "reference_chosen_logps": 0.0,
    "reference_rejected_logps": 0.0,
}
RECORD = Record(
    function="dpo_loss",
    classes=("DPOLoss",),
    aliases=(
        "direct preference optimization",
        "IPO",
        "cDPO",
        "robust DPO",
        "SLiC and RSO hinge",
    ),
    summary="Which of two answers people prefer, against a frozen reference model.",
    torch_equivalent=False,
    input="log-probabilities of two answers, sums over their tokens",
    target="none: the first argument is the chosen answer; the reference scores both as well",
    mean="the number of pairs",
    shapes="all four log-probabilities: (*), one per pair",
    curve=Curve(
        PAIR,
        (-30, 30),
        "margin x",
        sweep=("beta", (0.05, 0.1, 0.5)),
        slider=(0.01, 0.05, 0.1, 0.2, 0.5, 1.0),
        symbol="c",
    ),
    more=(
        Curve(
            PAIR,
            (-6, 6),
            "margin x, with β = 1",
            sweep=("label_smoothing", (0.0, 0.1, 0.3)),
            keywords={"beta": 1.0},
            symbol="c",
        ),
    ),
    properties=Properties(
        convex=Claim(True, "the softplus of a linear function"),
        lipschitz=Claim(
            True, "the slope is below `beta` for each of the two answers", 0.1 * 2**0.5
        ),
        smooth=Claim(True, "the softplus of a linear function"),
        symmetric=Claim(False, "one answer is the chosen one", "arguments"),
        bounded=Claim(True, "it is below `beta` for each of the two answers", 0.1 * 2**0.5),
        non_negative=Claim(True, "the logarithm of more than 1"),
        minimum=Claim(False, "a larger margin always costs less"),
    ),
)
