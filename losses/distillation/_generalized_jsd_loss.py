"""Generalised Jensen-Shannon loss: how far a student and a teacher are from their mixture."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from losses._checks import check_softness, check_teacher, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["GeneralizedJSDLoss", "generalized_jsd_loss"]


@loss_function("input")
def generalized_jsd_loss(
    input: Tensor,
    teacher: Tensor,
    *,
    beta: float = 0.5,
    temperature: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how far a student's and a teacher's answers are from a mixture of the two.

    For the student's logits $x$ and the teacher's $y$ of $C$ classes, the temperature $T$ makes the
    distributions $s$ and $p$. They are mixed to $m$, with the share $\beta$ of the teacher. The
    loss weighs two Kullback-Leibler divergences by the same shares:

    $$
    \begin{aligned}
    \ell(x, y) &= \beta \sum_{i = 1}^{C} p_i \log \frac{p_i}{m_i}
        + (1 - \beta) \sum_{i = 1}^{C} s_i \log \frac{s_i}{m_i} \\
    p_i &= \frac{e^{y_i / T}}{\sum_{j = 1}^{C} e^{y_j / T}}, \qquad
    s_i = \frac{e^{x_i / T}}{\sum_{j = 1}^{C} e^{x_j / T}} \\
    m_i &= \beta p_i + (1 - \beta) s_i
    \end{aligned}
    $$

    A class of probability 0 costs nothing. At $\beta = \frac{1}{2}$ this is the Jensen-Shannon
    divergence. As $\beta$ goes to 0 or 1 the loss goes to 0.

    `'mean'` divides the sum of all rows by the number of rows, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    not by that of classes, and is 0 where there are none.

    The gradient is small where the student finds a class unlikely, whatever the teacher says. The
    teacher gets none.

    $$
    \frac{\partial \ell}{\partial x_i} = \frac{1 - \beta}{T} s_i \left( \log \frac{s_i}{m_i}
        - \sum_{j = 1}^{C} s_j \log \frac{s_j}{m_j} \right)
    $$

    Args:
        input: Logits $x$ of the student, floating point, any real number, classes last.
            Log-probabilities are logits too. At −∞ a class is excluded.
        teacher: Logits $y$ of the teacher, floating point, same shape as `input`.
        beta: Share $\beta$ of the teacher in the mixture, above 0 and below 1. Near 0 the loss is
            `beta` times the divergence that `kl_div` computes, near 1 it is 1 − `beta` times the
            reverse one.
        temperature: Temperature $T$ by which the logits of both are divided, above 0. Unlike in
            `distillation_loss`, no square of it makes up for smaller gradients.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages over
            all rows.

    Shape:
        - `input`: $(*, C)$, any number of dimensions before the classes, including none.
        - `teacher`: $(*, C)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `teacher` is not a tensor.
        ValueError: If `beta` is not above 0 and below 1, `temperature` not above 0, the shapes
            differ, there is no dimension of classes, or `reduction` is none of the three.
        NotImplementedError: If `input` or `teacher` is not floating point.

    Examples:
        A student that is undecided, and a teacher that is all but sure. The mixture is 0.75, 0.25.
        By hand, ½ · ln(1 / 0.75) = 0.1438, and ½ · (½ · ln(0.5 / 0.75) + ½ · ln(0.5 / 0.25)) =
        0.0719.

        >>> import torch
        >>> from losses import generalized_jsd_loss
        >>> student = torch.tensor([[0.0, 0.0]])
        >>> teacher = torch.tensor([[100.0, 0.0]])
        >>> generalized_jsd_loss(student, teacher)
        tensor(0.2158)

        Beta says where the mixture lies, and how much each divergence counts.

        >>> import torch
        >>> from losses import generalized_jsd_loss
        >>> student = torch.tensor([[1.0, 0.0, -1.0]])
        >>> teacher = torch.tensor([[2.0, 0.0, 0.0]])
        >>> for beta in (0.25, 0.5, 0.75):
        ...     loss = generalized_jsd_loss(student, teacher, beta=beta)
        ...     print(f"{loss.item():.6f}")
        0.012047
        0.016874
        0.013408

        It never exceeds the entropy of the two shares, ln 2 = 0.6931 at one half. That is reached
        where student and teacher have no class in common. There nothing pulls.

        >>> import torch
        >>> from losses import generalized_jsd_loss
        >>> student = torch.tensor([[100.0, 0.0]], requires_grad=True)
        >>> loss = generalized_jsd_loss(student, torch.tensor([[0.0, 100.0]]))
        >>> loss.backward()
        >>> loss.detach(), student.grad.abs().max() < 1e-6
        (tensor(0.6931), tensor(True))

    References:
        - Lin, [Divergence Measures Based on the Shannon
          Entropy](https://doi.org/10.1109/18.61115), 1991
        - Agarwal, Vieillard, Zhou, Stanczyk, Ramos, Geist, Bachem, [On-Policy Distillation of
          Language Models: Learning from Self-Generated Mistakes](https://arxiv.org/abs/2306.13649),
          2023
        - PyTorch has no such loss; it is made of two
          [`torch.nn.KLDivLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html)
    """
    check_teacher(input, teacher, temperature)
    check_beta(beta)
    teacher = teacher.detach()
    input, teacher = upcast(input, teacher)
    # A finite logarithm of 0: infinity would make a gradient NaN.
    least = torch.finfo(input.dtype).min
    log_p = (teacher / temperature).log_softmax(-1).clamp(min=least)
    log_s = (input / temperature).log_softmax(-1).clamp(min=least)
    log_m = torch.logaddexp(log_p + math.log(beta), log_s + math.log1p(-beta))
    of_teacher = (log_p.exp() * (log_p - log_m)).sum(-1)
    of_student = (log_s.exp() * (log_s - log_m)).sum(-1)
    loss = beta * of_teacher + (1 - beta) * of_student
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_beta(beta: float) -> None:
    """Raise unless the mixture has a share of both."""
    if not 0 < beta < 1:
        raise ValueError(
            f"beta must be above 0 and below 1, got beta={beta}: at 0 and 1 the loss is 0 "
            "everywhere. For what other code computes at 0 take distillation_loss(input, teacher, "
            "temperature=1.0); at 1, nearly the loss at beta=0.999, divided by 0.001"
        )


class GeneralizedJSDLoss(Loss):
    r"""[`generalized_jsd_loss`][losses.generalized_jsd_loss] as a module.

    Args:
        beta: Share of the teacher in the mixture, above 0 and below 1.
        temperature: Temperature by which the logits of both are divided, above 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `beta` is not above 0 and below 1, or `temperature` not above 0.

    Examples:
        >>> import torch
        >>> from losses import GeneralizedJSDLoss
        >>> criterion = GeneralizedJSDLoss(beta=0.25)
        >>> criterion
        GeneralizedJSDLoss(reduction='mean', beta=0.25, temperature=1.0)
        >>> student = torch.tensor([[1.0, 0.0, -1.0]], requires_grad=True)
        >>> loss = criterion(student, torch.tensor([[2.0, 0.0, 0.0]]))
        >>> loss.backward()
        >>> loss.detach(), student.grad
        (tensor(0.0120), tensor([[-0.0240,  0.0273, -0.0033]]))
    """

    beta: float
    temperature: float

    def __init__(
        self, *, beta: float = 0.5, temperature: float = 1.0, reduction: str = "mean"
    ) -> None:
        check_beta(beta)
        check_softness(temperature)
        super().__init__(reduction=reduction)
        self.beta = beta
        self.temperature = temperature

    def forward(self, input: Tensor, teacher: Tensor) -> Tensor:
        """Compute the loss; see [`generalized_jsd_loss`][losses.generalized_jsd_loss]."""
        return generalized_jsd_loss(
            input,
            teacher,
            beta=self.beta,
            temperature=self.temperature,
            reduction=self.reduction,
        )


RECORD = Record(
    function="generalized_jsd_loss",
    classes=("GeneralizedJSDLoss",),
    aliases=(
        "Jensen–Shannon divergence",
        "Jensen–Shannon loss",
        "JSD",
        "GKD loss",
        "generalized knowledge distillation",
    ),
    summary="Distillation that is bounded, between forward and reverse divergence.",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0]], "teacher": [[2.0, 0.0]]},
        (-8, 10),
        "x₁ − x₂, with y₁ − y₂ = 2",
        sweep=("beta", (0.1, 0.5, 0.9)),
        slider=(0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98),
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(False, "it levels off, at the entropy of the shares at most"),
        lipschitz=Claim(True, "the gradient has a bound"),
        smooth=Claim(True, "made of softmaxes and logarithms of what is above 0"),
        symmetric=Claim(
            True, "student and teacher may be exchanged at the default `beta`", "arguments"
        ),
        bounded=Claim(True, "a probability times its logarithm is bounded, and so is the mixture"),
        non_negative=Claim(True, "two divergences, each at least 0, with weights above 0"),
        minimum=Claim(
            True, "0 where the logits of the two differ by a constant", "input == teacher"
        ),
    ),
)
