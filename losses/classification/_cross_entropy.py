"""Cross entropy: one class out of C, or a distribution over them, from logits."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from losses._checks import (
    check_class_weight,
    check_floating,
    classified,
    loss_function,
    scalar_type,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, product, reduce_loss

__all__ = ["CrossEntropyLoss", "cross_entropy"]


@loss_function("input", "target", "weight")
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Take the negative logarithm of the probability that the logits give to the right class.

    The softmax turns the logits $x$ of one row into the probabilities $p$ of its $C$ classes. For
    the class $y$ with weight $w_y$,

    $$
    \ell(x, y) = -w_y \log p_y, \quad p_c = \frac{\exp(x_c)}{\sum_{k=1}^{C} \exp(x_k)}
    $$

    A target may also hold a probability $y_c$ for each class. Label smoothing mixes $\varepsilon$
    of the uniform distribution into either kind. Both are one formula, in which a class index
    stands for $y_c = 1$ at that class and 0 elsewhere:

    $$
    \ell(x, y) = -\sum_{c=1}^{C} w_c q_c \log p_c,
    \quad q_c = (1 - \varepsilon) y_c + \frac{\varepsilon}{C}
    $$

    `'mean'` divides by the sum of the weights of the target classes. Rows whose target is
    `ignore_index` are left out of both sums:

    $$
    L = \frac{\sum_n \ell(x_n, y_n)}{\sum_n w_{y_n}}
    $$

    Label smoothing does not change that denominator. Only with class probabilities does `'mean'`
    divide by the number of rows instead, whatever the weights.

    The gradient is the predicted probability minus the wanted one; without `weight` it is
    $p_c - q_c$:

    $$
    \frac{\partial \ell}{\partial x_c} = p_c \sum_{k=1}^{C} w_k q_k - w_c q_c
    $$

    Args:
        input: Logits $x$, floating point, any real value. Do not apply a softmax first. A class
            that must not be chosen may have the logit -inf.
        target: Class indices in $[0, C)$, of type int64 or uint8, without the dimension of the
            classes; or class probabilities $y_c$, floating point, with the shape of `input`. Equal
            shapes mean probabilities. Make sure yourself that these lie in [0, 1] and sum to 1.
        weight: One factor $w_c$ for each class, shape $(C)$, usually at least 0; by default 1. With
            class indices it has the data type of `input`.
        size_average: Deprecated. Use `reduction`.
        ignore_index: The target that marks a row to leave out, inside $[0, C)$ or not. Such a row
            has the loss 0 and no gradient, whatever its logits are. For class indices only.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages as
            above.
        label_smoothing: The share $\varepsilon$ of each target that is spread evenly over all
            classes, from 0 to 1. A negative one counts as 0, with a warning.

    Shape:
        - `input`: $(C)$, $(N, C)$ or $(N, C, d_1, \ldots, d_K)$. The classes are dimension 1.
        - `target`: $()$, $(N)$ or $(N, d_1, \ldots, d_K)$ for class indices; same as `input` for
          class probabilities.
        - `weight`: $(C)$.
        - result: a scalar; with `reduction='none'` the shape of the class indices.

    Returns:
        The loss in the data type of `input` (float32 under autocast). Probabilities of a wider type
        widen it. NaN for `'mean'` over no row at all: an empty batch, or every target ignored.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        IndexError: If a class index lies outside $[0, C)$ and is not `ignore_index` (looked for on
            the CPU only, outside of compiling, tracing and `torch.func`; elsewhere the kernel's
            own assertion fails, as in PyTorch).
        RuntimeError: If `target` has the wrong shape or data type, `weight` the wrong size or data
            type, `label_smoothing` is above 1, or `ignore_index` is 0 or more although `target`
            holds probabilities.
        ValueError: If `target` has another batch size than `input`, or `reduction` is none of the
            three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        The exponentials of these logits are 1 and 3, so the classes have the probabilities 1/4 and
        3/4. By hand: class 0 costs −ln(1/4) = 1.3863, class 1 costs −ln(3/4) = 0.2877.

        >>> import torch
        >>> from losses import cross_entropy
        >>> logits = torch.tensor([[1.0, 3.0], [1.0, 3.0]]).log()
        >>> cross_entropy(logits, torch.tensor([0, 1]), reduction="none")
        tensor([1.3863, 0.2877])

        A training step. Each row of the gradient is $p - q$, divided by the 2 rows: here
        (1/4 − 1, 3/4) / 2 and (1/4, 3/4 − 1) / 2.

        >>> import torch
        >>> from losses import cross_entropy
        >>> logits = torch.tensor([[1.0, 3.0], [1.0, 3.0]]).log().requires_grad_()
        >>> loss = cross_entropy(logits, torch.tensor([0, 1]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.8370), tensor([[-0.3750,  0.3750],
                [ 0.1250, -0.1250]]))

        With `weight`, the mean divides by the weights. The two rows cost 1.4076 and 0.1698. By
        hand: (1 · 1.4076 + 4 · 0.1698) / (1 + 4) = 0.4174. Dividing by 2 rows would give 1.0435.

        >>> import torch
        >>> from losses import cross_entropy
        >>> logits = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 3.0]])
        >>> target, weight = torch.tensor([1, 2]), torch.tensor([1.0, 1.0, 4.0])
        >>> cross_entropy(logits, target, weight)
        tensor(0.4174)
        >>> cross_entropy(logits, target, weight, reduction="sum") / 2
        tensor(1.0435)

        Label smoothing moves a fifth of the target from class 0 to both classes alike:
        0.9 · 1.3863 + 0.1 · 0.2877 = 1.2764. The probabilities 0.9 and 0.1 say the same.

        >>> import torch
        >>> from losses import cross_entropy
        >>> logits = torch.tensor([[1.0, 3.0]]).log()
        >>> cross_entropy(logits, torch.tensor([0]), label_smoothing=0.2)
        tensor(1.2764)
        >>> cross_entropy(logits, torch.tensor([[0.9, 0.1]]))
        tensor(1.2764)

        Pixels or words: further dimensions follow the classes. -100 marks what does not count.

        >>> import torch
        >>> from losses import cross_entropy
        >>> logits = torch.zeros(2, 10, 4, 4)
        >>> target = torch.full((2, 4, 4), 7)
        >>> target[:, 0] = -100
        >>> cross_entropy(logits, target)
        tensor(2.3026)

    References:
        - Bridle, [Training Stochastic Model Recognition Algorithms as Networks can Lead to Maximum
          Mutual Information Estimation of
          Parameters](https://proceedings.neurips.cc/paper/1989/hash/0336dcbab05b9d5ad24f4333c7658a0e-Abstract.html),
          1989, the softmax with this loss
        - Szegedy et al., [Rethinking the Inception Architecture for Computer
          Vision](https://arxiv.org/abs/1512.00567), 2015, section 7 (label smoothing)
        - [`torch.nn.functional.cross_entropy`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html)
    """
    check_floating(input=input)
    soft = target.shape == input.shape  # a probability for each class
    if soft:
        input, target, weight = check_soft(input, target, weight, ignore_index)
    else:
        input, target, weight = classified(input, target, weight, ignore_index)
    label_smoothing = check_smoothing(label_smoothing)
    dim = min(1, input.dim() - 1)  # that of the classes, then last
    x, classes = input.movedim(dim, -1), input.shape[dim]
    w = x.new_ones(classes) if weight is None else weight
    if soft:
        q = (1 - label_smoothing) * target.movedim(dim, -1) + label_smoothing / classes
        return reduce_loss(product(w * q, -x.log_softmax(-1)).sum(-1), reduction)
    ignored = target == ignore_index
    y = target.masked_fill(ignored, 0)
    # An ignored row may hold anything: blank it.
    log_p = torch.where(ignored[..., None], 0, x).log_softmax(-1)
    w_y = w.gather(0, y.flatten()).view_as(y).masked_fill(ignored, 0)
    nll = -log_p.gather(-1, y[..., None])[..., 0]
    loss = product((1 - label_smoothing) * w_y, nll)
    if label_smoothing > 0:
        uniform = product(w, -log_p).mean(-1)
        loss = loss + label_smoothing * uniform.masked_fill(ignored, 0)
    return reduce_loss(loss, reduction, w_y.sum())


def check_smoothing(label_smoothing: float) -> float:
    """Raise above 1; below 0, where PyTorch smooths nothing, warn and do the same."""
    if label_smoothing > 1:
        raise RuntimeError(
            f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}. "
            "Pass the share of each target to be spread over all classes, such as 0.1"
        )
    if label_smoothing < 0:
        warnings.warn(
            f"label_smoothing counts as 0, got {label_smoothing}: pass the share of each target "
            "to be spread over all classes, such as 0.1",
            stacklevel=4,
        )
    return max(0.0, label_smoothing)


def check_soft(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Prepare `input`, a probability for each class as `target`, and a weight for each class."""
    if not target.is_floating_point():
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{scalar_type(target.dtype)}: target has the shape of input, {tuple(input.shape)}; "
            "pass target.argmax(1) or target.float() if it is one-hot"
        )
    if ignore_index >= 0:
        raise RuntimeError(
            f"ignore_index is not supported for floating point target, got {ignore_index}: "
            "set the probabilities of a row to 0 to leave it out, or pass class indices"
        )
    if input.dim() == 0:
        raise IndexError("Dimension specified as 1 but tensor has no dimensions: input is (C)")
    input, target = upcast(input, target)
    if weight is not None:
        check_class_weight(weight, input.shape[min(1, input.dim() - 1)])
        (weight,) = upcast(weight)
    return input, target, weight


class CrossEntropyLoss(WeightedLoss):
    r"""[`cross_entropy`][losses.cross_entropy] as a module.

    Args:
        weight: One factor for each class, shape $(C)$. A buffer: it moves with `.to()` and is
            saved in the state dict.
        size_average: Deprecated. Use `reduction`.
        ignore_index: The class index that marks what to leave out.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.
        label_smoothing: The share of each target that is spread evenly over all classes.

    Raises:
        RuntimeError: If given `input` and `target`, which belong in the call of the module.

    Examples:
        >>> import torch
        >>> from losses import CrossEntropyLoss
        >>> criterion = CrossEntropyLoss(label_smoothing=0.1)
        >>> criterion
        CrossEntropyLoss(reduction='mean', ignore_index=-100, label_smoothing=0.1)
        >>> logits = torch.tensor([[1.0, 3.0], [1.0, 3.0]]).log().requires_grad_()
        >>> loss = criterion(logits, torch.tensor([0, 1]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.8370), tensor([[-0.3500,  0.3500],
                [ 0.1000, -0.1000]]))
    """

    ignore_index: int
    label_smoothing: float

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`cross_entropy`][losses.cross_entropy]."""
        return cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


RECORD = Record(
    function="cross_entropy",
    classes=("CrossEntropyLoss",),
    aliases=(
        "cross-entropy",
        "softmax loss",
        "categorical cross-entropy",
        "multinomial logistic loss",
    ),
    summary="One class out of C, from logits. The default for multi-class.",
    input="logits, any real number",
    target="class indices (int64, uint8), or class probabilities (floating point, shape of "
    "`input`)",
    mean="the sum of the targets' weights, ignored ones left out; the number of rows for "
    "class probabilities",
    shapes="`input` (C), (N, C) or (N, C, d1, ...); `target` (), (N) or (N, d1, ...), "
    "or as `input`; `weight` (C)",
    curve=Curve(
        {"input": [["x", 0.0, 0.0]], "target": [0]},
        (-6, 6),
        "x₁, with x₂ = x₃ = 0 and y = 1",
        sweep=("label_smoothing", (0.0, 0.1, 0.3)),
        slider=(0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        symbol="x₁",
    ),
    more=(
        Curve(
            {"input": [["x", 0.0, 0.0]], "target": [0], "weight": ["weight", 1.0, 1.0]},
            (-6, 6),
            "x₁, with x₂ = x₃ = 0 and y = 1",
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
            symbol="x₁",
        ),
    ),
    properties=Properties(
        convex=Claim(True, "log-sum-exp is convex, and the target's logit is subtracted"),
        lipschitz=Claim(
            True, "the gradient is softmax(x) minus the one-hot target, at most √2 long", 2**0.5
        ),
        smooth=Claim(True, "log-sum-exp is"),
        symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
        bounded=Claim(True, "it is softmax(x) minus the one-hot target, at most √2 long", 2**0.5),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(False, "0 is only approached, as the target's logit grows"),
    ),
)
