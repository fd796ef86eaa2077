"""Distillation loss: a student learns the softened answers of a teacher."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_softness, check_teacher, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["DistillationLoss", "distillation_loss"]


@loss_function("input")
def distillation_loss(
    input: Tensor, teacher: Tensor, *, temperature: float = 2.0, reduction: str = "mean"
) -> Tensor:
    r"""Measure how far a student's answers are from a teacher's, both softened by a temperature.

    For the student's logits $x$ and the teacher's $y$ of $C$ classes, the temperature $T$ makes the
    distributions $q$ and $p$. The loss is $T^2$ times their Kullback-Leibler divergence:

    $$
    \ell(x, y) = T^2 \sum_{i = 1}^{C} p_i \log \frac{p_i}{q_i}, \qquad
    p_i = \frac{e^{y_i / T}}{\sum_{j = 1}^{C} e^{y_j / T}}, \qquad
    q_i = \frac{e^{x_i / T}}{\sum_{j = 1}^{C} e^{x_j / T}}
    $$

    A class of probability $p_i = 0$ costs nothing.

    `'mean'` divides the sum of all rows by the number of rows, $\frac{1}{n} \sum_i \ell(x_i, y_i)$,
    not by that of classes, and is 0 where there are none.

    The gradient is the difference of the two distributions. Without $T^2$ it would shrink as the
    temperature grows. The teacher gets none.

    $$
    \frac{\partial \ell}{\partial x_i} = T (q_i - p_i)
    $$

    Args:
        input: Logits $x$ of the student, floating point, any real number, classes last.
            Log-probabilities are logits too. At −∞ a class is excluded.
        teacher: Logits $y$ of the teacher, floating point, same shape as `input`.
        temperature: Temperature $T$ by which the logits of both are divided, above 0. At 1 the loss
            is the divergence alone. The higher it is, the more the classes count that the teacher
            finds unlikely.
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
        ValueError: If `temperature` is not above 0, the shapes differ, there is no dimension of
            classes, or `reduction` is none of the three.
        NotImplementedError: If `input` or `teacher` is not floating point.

    Examples:
        At temperature 2 the teacher's logits become 1, 0, 0, with the softmax 0.5761, 0.2119,
        0.2119; the student's become 0.5, 0, −0.5, with 0.5065, 0.3072, 0.1863. By hand,
        0.5761 · 0.1288 − 0.2119 · 0.3712 + 0.2119 · 0.1288 = 0.0229, and four times that.

        >>> import torch
        >>> from losses import distillation_loss
        >>> student = torch.tensor([[1.0, 0.0, -1.0]])
        >>> teacher = torch.tensor([[2.0, 0.0, 0.0]])
        >>> distillation_loss(student, teacher)
        tensor(0.0914)

        The typical training step: part of the loss is this one, the rest comes from the labels.

        >>> import torch
        >>> from losses import cross_entropy, distillation_loss
        >>> student = torch.tensor([[1.0, 0.0, -1.0]], requires_grad=True)
        >>> teacher, label = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([0])
        >>> alpha = 0.7
        >>> soft = distillation_loss(student, teacher, temperature=4.0)
        >>> loss = alpha * soft + (1 - alpha) * cross_entropy(student, label)
        >>> loss.backward()
        >>> loss.detach(), student.grad
        (tensor(0.1945), tensor([[-0.1918,  0.2202, -0.0284]]))

        At a high temperature it is the squared difference of the logits, each less its mean,
        divided by twice the number of classes.

        >>> import torch
        >>> from losses import distillation_loss
        >>> student = torch.tensor([[1.0, 0.0, -1.0]], dtype=torch.float64)
        >>> teacher = torch.tensor([[2.0, 0.0, -2.0]], dtype=torch.float64)
        >>> distillation_loss(student, teacher, temperature=1000.0)
        tensor(0.3333, dtype=torch.float64)
        >>> (student - teacher).square().sum() / (2 * 3)
        tensor(0.3333, dtype=torch.float64)

    References:
        - Hinton, Vinyals, Dean,
          [Distilling the Knowledge in a Neural Network](https://arxiv.org/abs/1503.02531), 2015
        - PyTorch has no such loss; its
          [`torch.nn.KLDivLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html)
          with `'batchmean'` leaves softmax, temperature and $T^2$ to the caller
    """
    check_teacher(input, teacher, temperature)
    teacher = teacher.detach()
    input, teacher = upcast(input, teacher)
    log_p = (teacher / temperature).log_softmax(-1)
    log_q = (input / temperature).log_softmax(-1)
    p = log_p.exp()
    # Where p is 0, logarithms may be infinite, their difference NaN.
    difference = torch.where(p == 0, 0, log_p - log_q)
    loss = temperature**2 * (p * difference).sum(-1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class DistillationLoss(Loss):
    r"""[`distillation_loss`][losses.distillation_loss] as a module.

    Args:
        temperature: Temperature by which the logits of both are divided, above 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `temperature` is not above 0.

    Examples:
        >>> import torch
        >>> from losses import DistillationLoss
        >>> criterion = DistillationLoss(temperature=4.0)
        >>> criterion
        DistillationLoss(reduction='mean', temperature=4.0)
        >>> student = torch.tensor([[1.0, 0.0, -1.0]], requires_grad=True)
        >>> loss = criterion(student, torch.tensor([[2.0, 0.0, 0.0]]))
        >>> loss.backward()
        >>> loss.detach(), student.grad
        (tensor(0.1031), tensor([[-0.1305,  0.2097, -0.0792]]))
    """

    temperature: float

    def __init__(self, *, temperature: float = 2.0, reduction: str = "mean") -> None:
        check_softness(temperature)
        super().__init__(reduction=reduction)
        self.temperature = temperature

    def forward(self, input: Tensor, teacher: Tensor) -> Tensor:
        """Compute the loss; see [`distillation_loss`][losses.distillation_loss]."""
        return distillation_loss(
            input, teacher, temperature=self.temperature, reduction=self.reduction
        )


# The temperature times how far the student's softmax may be from the teacher's: all on the class
# that the teacher finds least likely.
P = "(teacher / 2).softmax(-1)"
FARTHEST = f"2 * (1 - 2 * {P}.min() + {P}.square().sum()).sqrt()"

RECORD = Record(
    function="distillation_loss",
    classes=("DistillationLoss",),
    aliases=(
        "knowledge distillation loss",
        "soft-target loss",
        "KD loss",
        "teacher–student loss",
        "Hinton loss",
    ),
    summary="A small model that learns from the logits of a large one.",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0]], "teacher": [[2.0, 0.0]]},
        (-6, 8),
        "x₁ − x₂, with y₁ − y₂ = 2",
        sweep=("temperature", (1.0, 2.0, 5.0)),
        slider=(0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 20.0),
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(True, "a logarithm of a sum of exponentials less a line"),
        lipschitz=Claim(
            True,
            "the temperature times the distance of two softmaxes: less than 2√2 at the default of "
            "2, less still for a soft teacher",
            FARTHEST,
        ),
        smooth=Claim(True, "the gradient is a difference of softmaxes"),
        symmetric=Claim(
            False, "student and teacher exchanged make another divergence", "arguments"
        ),
        bounded=Claim(
            True,
            "the temperature times the distance of two softmaxes: less than 2√2 at the default of "
            "2, less still for a soft teacher",
            FARTHEST,
        ),
        non_negative=Claim(True, "a divergence is at least 0"),
        minimum=Claim(
            True, "0 where the logits of the two differ by a constant", "input == teacher"
        ),
    ),
)
