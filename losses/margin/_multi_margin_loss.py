"""Multi-class margin: the right class must lead every other one by a margin (multi-class SVM)."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import autocasting, check_floating, loss_function, outlier, scalar_type, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, reduce_loss

__all__ = ["MultiMarginLoss", "multi_margin_loss"]


@loss_function("input")
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Charge every wrong class whose score is less than `margin` below that of the right class.

    For the scores $x$ of $C$ classes, the right class $y$, the margin $m$ and the weight $w_y$
    of the right class,

    $$
    \ell(x, y) = \frac{w_y}{C} \sum_{i \neq y} \max\left(0, m - x_y + x_i\right)^p
    $$

    The sum has $C - 1$ terms, yet it is divided by $C$. `'mean'` divides the sum of all samples
    by their number, $\frac{1}{N} \sum_n \ell(x_n, y_n)$, whatever the weights.

    Each wrong class that violates the margin is pushed down. The right class is pushed up by the
    sum of these pushes. Exactly at the margin nothing moves:

    $$
    \frac{\partial \ell}{\partial x_i} = \begin{cases}
    \frac{w_y}{C} p \left(m - x_y + x_i\right)^{p - 1} & \text{if } i \neq y
    \text{ and } m - x_y + x_i > 0 \\
    -\sum_{j \neq y} \frac{\partial \ell}{\partial x_j} & \text{if } i = y \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Scores $x$, floating point, any real value. No softmax is needed.
        target: Right class $y$ of each sample, int64, from 0 to $C - 1$. No index is ignored.
        p: Power of each term, 1 or 2.
        margin: Lead $m$ that the right class needs, in the unit of the scores.
        weight: One weight for each class, in the data type of `input`; 1 for all by default. It
            multiplies after the power is taken.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per sample, `'sum'` adds them up, `'mean'` averages over
            the samples.

    Shape:
        - `input`: $(N, C)$, or $(C)$ for a single sample.
        - `target`: $(N)$; $()$ or $(1)$ for a single sample.
        - `weight`: $(C)$.
        - result: a scalar; the shape of `target` with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). The mean over no samples
        is NaN.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        ValueError: If `p` is neither 1 nor 2, `weight` is not one-dimensional, or `reduction` is
            none of the three.
        RuntimeError: If `target` is not int64, is out of range (looked for on the CPU only,
            outside of compiling, tracing and `torch.func`; elsewhere the kernel's own assertion
            fails) or has another shape, if `input` has no classes or more than two dimensions, or
            if `weight` has another length or data type.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Two samples of two classes. By hand: max(0, 1 − 0.3 + 0.7) = 1.4 and
        max(0, 1 − 0.5 + 0.5) = 1. Each is divided by the 2 classes; the mean of 0.7 and 0.5 is
        0.6.

        >>> import torch
        >>> from losses import multi_margin_loss
        >>> scores = torch.tensor([[0.3, 0.7], [0.5, 0.5]])
        >>> target = torch.tensor([0, 1])
        >>> multi_margin_loss(scores, target, reduction="none")
        tensor([0.7000, 0.5000])
        >>> multi_margin_loss(scores, target)
        tensor(0.6000)

        In training. In the first row the right class leads by 2, so nothing is left to learn there.
        In the second, class 0 is too close by 0.5. The gradient is ±1 / (N · C) = ±1/6.

        >>> import torch
        >>> from losses import multi_margin_loss
        >>> rows = [[3.0, 1.0, 0.0], [0.5, 1.0, -2.0]]
        >>> scores = torch.tensor(rows, requires_grad=True)
        >>> loss = multi_margin_loss(scores, torch.tensor([0, 1]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(0.0833), tensor([[ 0.0000,  0.0000,  0.0000],
                [ 0.1667, -0.1667,  0.0000]]))

        `p=2` squares each term, and then `weight` multiplies: 1.4² · 3 / 2 = 2.94 and
        1² · 1 / 2 = 0.5.

        >>> import torch
        >>> from losses import multi_margin_loss
        >>> scores = torch.tensor([[0.3, 0.7], [0.5, 0.5]])
        >>> weight = torch.tensor([3.0, 1.0])
        >>> multi_margin_loss(
        ...     scores, torch.tensor([0, 1]), p=2, weight=weight, reduction="none"
        ... )
        tensor([2.9400, 0.5000])

    References:
        - Weston and Watkins, [Support vector machines for multi-class pattern
          recognition](https://www.esann.org/sites/default/files/proceedings/legacy/es1999-461.pdf),
          1999: the sum over all wrong classes; before, in 1998, technical report CSD-TR-98-04 of
          Royal Holloway
        - Crammer and Singer, [On the algorithmic implementation of multiclass kernel-based vector
          machines](https://www.jmlr.org/papers/v2/crammer01a.html), 2001: only the worst
        - [`torch.nn.functional.multi_margin_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multi_margin_loss.html)
    """
    check(input, target, p, weight)
    (input,) = upcast(input)
    scores, y = input.reshape(-1, input.shape[-1] if input.dim() else 1), target.reshape(-1, 1)
    # relu(x_i - x_y + margin), but 0 for the right class.
    hinge = (scores - scores.gather(1, y) + margin).relu().scatter(1, y, 0)
    loss = hinge if p == 1 else hinge * hinge
    if weight is not None:
        loss = weight[y] * loss
    loss = loss.mean(1)
    return reduce_loss(loss if target.dim() == 1 else loss[0], reduction)


def check(input: Tensor, target: Tensor, p: int, weight: Tensor | None) -> None:
    """Raise where PyTorch does, and say what to pass instead."""
    if p not in (1, 2):
        raise ValueError(
            f"only p == 1 and p == 2 supported. Got p={p}: pass 1 for the hinge, 2 for its square"
        )
    check_floating(input=input)
    samples, classes = (1, 1, *input.shape)[-2:]
    if input.dim() > 2 or classes == 0:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}: pass input of shape (N, C), or (C) for a single sample"
        )
    if target.dim() > 1 or target.numel() != samples:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{samples}], but got "
            f"{list(target.shape)}. Input has shape {list(input.shape)}: pass one class index for "
            "each row of input"
        )
    if target.dtype != torch.int64:
        raise RuntimeError(
            f"expected scalar type Long but found {scalar_type(target.dtype)}: target must hold "
            "class indices, pass target.long()"
        )
    if weight is not None:
        if weight.dim() != 1:
            raise ValueError(
                f"weight must be one-dimensional, got {weight.dim()} dimensions: pass one number "
                f"for each of the {classes} classes"
            )
        if len(weight) != classes:
            raise RuntimeError(
                f"inconsistent weight size, expected {classes} but got {list(weight.shape)}: pass "
                "one number for each class"
            )
        if weight.dtype != input.dtype and not autocasting(input):
            raise RuntimeError(
                f"expected scalar type {scalar_type(input.dtype)} but found "
                f"{scalar_type(weight.dtype)}: weight must have the data type of input, "
                "pass weight.to(input.dtype)"
            )
    wrong = outlier(0, target, classes - 1, input)
    if wrong is not None:
        raise RuntimeError(
            f"target out of range: got class {wrong}, expected 0 to {classes - 1}. Classes count "
            "from 0, and there is no ignore_index: select the rows to keep first"
        )


class MultiMarginLoss(WeightedLoss):
    r"""[`multi_margin_loss`][losses.multi_margin_loss] as a module.

    Args:
        p: Power of each term, 1 or 2.
        margin: Lead that the right class needs.
        weight: One weight for each class, or none.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import MultiMarginLoss
        >>> criterion = MultiMarginLoss(margin=0.5)
        >>> criterion
        MultiMarginLoss(reduction='mean', p=1, margin=0.5)
        >>> scores = torch.tensor([[0.3, 0.7], [0.5, 0.5]], requires_grad=True)
        >>> loss = criterion(scores, torch.tensor([0, 1]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(0.3500), tensor([[-0.2500,  0.2500],
                [ 0.2500, -0.2500]]))
    """

    p: int
    margin: float

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"only p == 1 and p == 2 supported. Got p={p}: pass 1 or 2")
        if weight is not None and weight.dim() != 1:
            raise ValueError(
                "MultiMarginLoss: expected weight to be None or 1D tensor, got "
                f"{weight.dim()}D instead: pass one number for each class"
            )
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`multi_margin_loss`][losses.multi_margin_loss]."""
        return multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


RECORD = Record(
    function="multi_margin_loss",
    classes=("MultiMarginLoss",),
    aliases=("multi-class hinge loss", "multi-class SVM loss", "hinge loss"),
    summary="One class out of C, as a hinge (multi-class SVM).",
    input="scores, any real number",
    target="class indices (int64)",
    mean="the batch size; each sample is already divided by C",
    shapes="`input` (C) or (N, C); `target` () or (N); `weight` (C)",
    curve=Curve(
        {"input": [["x", 0.0, -1.0]], "target": [0]},
        (-3, 3),
        "x₁, with x = (x₁, 0, −1) and y = 1",
        sweep=("margin", (0.5, 1.0, 2.0)),
        slider=(0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0),
        symbol="x₁",
    ),
    more=(
        Curve(
            {"input": [["x", 0.0, -1.0]], "target": [0]},
            (-3, 3),
            "x₁, with x = (x₁, 0, −1) and y = 1",
            sweep=("p", (1, 2)),
            symbol="x₁",
        ),
    ),
    properties=Properties(
        convex=Claim(True, "a mean of hinges"),
        lipschitz=Claim(
            True,
            "C − 1 hinges, divided by C: at most √((C − 1) / C)",
            "((len(input) - 1) / len(input)) ** 0.5",
        ),
        smooth=Claim(
            False, "a kink wherever the target is `margin` above another class; with `p=2` none"
        ),
        symmetric=Claim(False, "the best class becomes the worst", "sign"),
        bounded=Claim(
            True,
            "at most √((C − 1) / C); with `p=2` there is no bound",
            "((len(input) - 1) / len(input)) ** 0.5",
        ),
        non_negative=Claim(True, "a mean of hinges"),
        minimum=Claim(True, "wherever the target is `margin` above every other class", "loss == 0"),
    ),
)
