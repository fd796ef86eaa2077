"""Multi-label soft margin: one yes-or-no question for each class, averaged."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_floating, check_real, loss_function, outlier, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, product, reduce_loss

__all__ = ["MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss"]


@loss_function("input", "target", "weight")
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Ask of each class whether it applies, and average the binary cross entropies.

    For the logits $x$ of $C$ classes, the multi-hot target $y$ and the weight $w_c$ of each class,

    $$
    \ell(x, y) = -\frac{1}{C} \sum_{c = 1}^{C} w_c \left( y_c \log \sigma(x_c)
    + (1 - y_c) \log \left(1 - \sigma(x_c)\right) \right)
    $$

    `'mean'` divides the sum of all samples by their number, $\frac{1}{N} \sum_n \ell(x_n, y_n)$,
    whatever the weights. So it divides by all $N \cdot C$ elements, as
    [`binary_cross_entropy_with_logits`][losses.binary_cross_entropy_with_logits] does, and the two
    give the same number.

    The gradient is the predicted probability minus the target:

    $$
    \frac{\partial \ell}{\partial x_c} = \frac{w_c}{C} \left(\sigma(x_c) - y_c\right)
    $$

    Args:
        input: Logits $x$, floating point, any real value, infinite ones included. Pass them without
            a sigmoid.
        target: For each class 1 if it applies and 0 if not, or a probability; any number type.
            Not a list of class indices. A value outside of 0 to 1 causes a warning on the CPU.
        weight: One weight for each class, or any shape that broadcasts with `input`; 1 for all by
            default.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per sample, `'sum'` adds them up, `'mean'` averages over
            the samples.

    Shape:
        - `input`: $(N, C)$, $(C)$ for a single sample, or $(*, C)$. The classes come last.
        - `target`: same as `input`. Another shape is broadcast, with a warning.
        - `weight`: $(C)$.
        - result: a scalar; $(N)$, $()$ or $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of `input` and `target` (float32 under autocast). The mean
        over no samples is NaN.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        IndexError: If `input` has no dimension.
        RuntimeError: If the shapes do not broadcast, or `target` is boolean or complex.
        NotImplementedError: If `input` is not floating point.
        ValueError: If `reduction` is none of the three.

    Examples:
        Two classes, of which the first applies. A logit of 0 means a probability of 1/2, and
        −log(1/2) = 0.6931. A logit of log 3 means 3/4, and −log(1 − 3/4) = 1.3863. The average is
        1.0397.

        >>> import math
        >>> import torch
        >>> from losses import multilabel_soft_margin_loss
        >>> logits = torch.tensor([[0.0, math.log(3)]])
        >>> target = torch.tensor([[1.0, 0.0]])
        >>> multilabel_soft_margin_loss(logits, target)
        tensor(1.0397)

        In training. The gradient is (1/2 − 1) / 2 and (3/4 − 0) / 2.

        >>> import math
        >>> import torch
        >>> from losses import multilabel_soft_margin_loss
        >>> logits = torch.tensor([[0.0, math.log(3)]], requires_grad=True)
        >>> loss = multilabel_soft_margin_loss(logits, torch.tensor([[1.0, 0.0]]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(1.0397), tensor([[-0.2500,  0.3750]]))

        One weight for each class, here 2 and 0: the first class counts twice, the second not at
        all. 2 · 0.6931 / 2 = 0.6931.

        >>> import torch
        >>> from losses import multilabel_soft_margin_loss
        >>> logits = torch.tensor([[0.0, 5.0]])
        >>> target = torch.tensor([[1.0, 0.0]])
        >>> weight = torch.tensor([2.0, 0.0])
        >>> multilabel_soft_margin_loss(logits, target, weight)
        tensor(0.6931)

    References:
        - Nam et al., [Large-scale multi-label text classification: revisiting neural
          networks](https://arxiv.org/abs/1312.5419), 2014, compare it with a loss on pairs of
          classes
        - [`torch.nn.functional.multilabel_soft_margin_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_soft_margin_loss.html)
    """
    check(input, target)
    input, target, weight = paired(input, target, weight)
    # softplus(-x) is -log σ(x) without its underflow; past 40 it is x.
    loss = product(target, softplus(-input, threshold=40))
    loss = loss + product(1 - target, softplus(input, threshold=40))
    if weight is not None:
        loss = weight * loss
    return reduce_loss(loss.mean(-1), reduction)


def check(input: Tensor, target: Tensor) -> None:
    """Raise unless there are classes, and the target is a mask or holds probabilities."""
    if input.dim() == 0:
        raise IndexError(
            "Dimension specified as -1 but tensor has no dimensions: input is (N, C), or (C) for "
            "a single sample"
        )
    check_floating(input=input)
    check_real(target=target)
    if target.dtype == torch.bool:
        raise RuntimeError("target is boolean, which has no 1 - target: pass target.float()")
    wrong = outlier(0, target, 1, input)
    if wrong is not None:
        warnings.warn(
            f"all elements of target should be between 0 and 1, got {wrong}: pass 1 for each class "
            "that applies and 0 for each that does not; multilabel_margin_loss is the one that "
            "takes class indices",
            stacklevel=4,
        )


class MultiLabelSoftMarginLoss(WeightedLoss):
    r"""[`multilabel_soft_margin_loss`][losses.multilabel_soft_margin_loss] as a module.

    Args:
        weight: One weight for each class, or none.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import MultiLabelSoftMarginLoss
        >>> criterion = MultiLabelSoftMarginLoss()
        >>> criterion
        MultiLabelSoftMarginLoss(reduction='mean')
        >>> logits = torch.tensor([[0.0, 2.0, -1.0]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([[1.0, 1.0, 0.0]]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.3778), tensor([[-0.1667, -0.0397,  0.0896]]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute [`multilabel_soft_margin_loss`][losses.multilabel_soft_margin_loss]."""
        return multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


RECORD = Record(
    function="multilabel_soft_margin_loss",
    classes=("MultiLabelSoftMarginLoss",),
    aliases=("multi-label soft margin", "multi-label one-versus-all logistic loss"),
    summary="Several classes at once; BCEWithLogitsLoss averaged over the classes.",
    input="logits, any real number",
    target="multi-hot: 0.0 or 1.0 for every class",
    mean="the batch size; each sample is already divided by C",
    shapes="`input` (C) or (N, C), `target` same, `weight` (C)",
    curve=Curve(
        {"input": [["x"]], "target": [["target"]]},
        (-6, 6),
        "x, with C = 1",
        sweep=("target", (1.0, 0.0)),
    ),
    more=(
        Curve(
            {"input": [["x", 0.0]], "target": [[1.0, 0.0]], "weight": ["weight", 1.0]},
            (-6, 6),
            "x₁, with x₂ = 0 and y = (1, 0)",
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
        ),
    ),
    properties=Properties(
        convex=Claim(True, "minus a mean of log-sigmoids"),
        lipschitz=Claim(
            True,
            "each slope is between −1 and 1, divided by the C classes",
            "len(input) ** -0.5",
        ),
        smooth=Claim(True, "log-sigmoid is smooth"),
        symmetric=Claim(
            False, "a wrong logit costs about its size, a right one next to nothing", "sign"
        ),
        bounded=Claim(True, "each entry is between −1 / C and 1 / C", "len(input) ** -0.5"),
        non_negative=Claim(True, "minus the logarithms of probabilities"),
        minimum=Claim(False, "0 is only approached, as every logit grows towards its label"),
    ),
)
