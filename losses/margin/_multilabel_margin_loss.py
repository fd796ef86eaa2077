"""Multi-label margin: every right class must lead every wrong one by 1."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from losses._checks import can_inspect, check_floating, loss_function, outlier, scalar_type, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss, sum_of_hinges

__all__ = ["MultiLabelMarginLoss", "multilabel_margin_loss"]


@loss_function("input")
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Charge every pair of a right and a wrong class in which the right one does not lead by 1.

    For the scores $x$ of $C$ classes and the list $y$ of the right ones, $y_1$ to $y_K$,

    $$
    \ell(x, y) = \frac{1}{C} \sum_{j = 1}^{K} \sum_{i \notin y}
    \max\left(0, 1 - x_{y_j} + x_i\right)
    $$

    The list ends at the first -1; what follows does not count. `'mean'` divides the sum of all
    samples by their number, $\frac{1}{N} \sum_n \ell(x_n, y_n)$.

    A wrong class is pushed down once for each right class that it comes too close to. A right class
    is pushed up once for each wrong class that it leads by too little. Exactly at the margin
    nothing moves:

    $$
    \frac{\partial \ell}{\partial x_k} = \begin{cases}
    \frac{1}{C} \sum_{j = 1}^{K} \mathbb{1}\left[1 - x_{y_j} + x_k > 0\right]
    & \text{if } k \notin y \\
    -\frac{1}{C} \sum_{i \notin y} \mathbb{1}\left[1 - x_k + x_i > 0\right]
    & \text{if } k \in y
    \end{cases}
    $$

    Args:
        input: Scores $x$, floating point, any real value.
        target: Indices $y$ of the right classes, int64, from 0 to $C - 1$, then -1 up to the
            width of `input`. Not a multi-hot mask. An index that is listed twice counts twice.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per sample, `'sum'` adds them up, `'mean'` averages over
            the samples.

    Shape:
        - `input`: $(N, C)$, or $(C)$ for a single sample.
        - `target`: same as `input`.
        - result: a scalar; $(N)$ with `reduction='none'`, $()$ for a single sample.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It is 0 for a sample without
        a right class or without a wrong one. The mean over no samples is NaN.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        RuntimeError: If `target` is not int64, is out of range (after the first -1 as well; looked
            for on the CPU only, outside of compiling, tracing and `torch.func`) or has another
            shape, or if `input` has no classes or more than two dimensions.
        NotImplementedError: If `input` is not floating point.
        ValueError: If `reduction` is none of the three.

    Examples:
        Classes 3 and 0 are right, 1 and 2 are wrong; the 1 behind the -1 does not count. By hand,
        the four pairs: 1 − 0.8 + 0.2 = 0.4, 1 − 0.8 + 0.4 = 0.6, 1 − 0.9 + 0.2 = 0.3 and
        1 − 0.9 + 0.4 = 0.5. Together 1.8, divided by the 4 classes 0.45.

        >>> import torch
        >>> from losses import multilabel_margin_loss
        >>> scores = torch.tensor([[0.9, 0.2, 0.4, 0.8]])
        >>> target = torch.tensor([[3, 0, -1, 1]])
        >>> multilabel_margin_loss(scores, target)
        tensor(0.4500)

        In training. Each right class leads two wrong ones by too little: its gradient is −2/4. Each
        wrong one is too close to two right ones: 2/4.

        >>> import torch
        >>> from losses import multilabel_margin_loss
        >>> scores = torch.tensor([[0.9, 0.2, 0.4, 0.8]], requires_grad=True)
        >>> loss = multilabel_margin_loss(scores, torch.tensor([[3, 0, -1, -1]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(0.4500), tensor([[-0.5000,  0.5000,  0.5000, -0.5000]]))

        From a multi-hot mask to the list. A stable sort brings the right classes to the front.

        >>> import torch
        >>> from losses import multilabel_margin_loss
        >>> mask = torch.tensor([[1, 0, 0, 1]])
        >>> first, index = mask.sort(dim=1, descending=True, stable=True)
        >>> target = index.masked_fill(first == 0, -1)
        >>> target
        tensor([[ 0,  3, -1, -1]])
        >>> multilabel_margin_loss(torch.tensor([[0.9, 0.2, 0.4, 0.8]]), target)
        tensor(0.4500)

    References:
        - Crammer and Singer, *A family of additive online algorithms for category ranking*, 2003,
          Journal of Machine Learning Research 3, pages 1025 to 1058: labels ranked by such pairs
        - [`torch.nn.functional.multilabel_margin_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_margin_loss.html)
    """
    check(input, target)
    (input,) = upcast(input)
    x = input.reshape(-1, target.shape[-1] if target.dim() else 1)
    label = target.view_as(x)
    listed = (label < 0).cumsum(-1) == 0  # places before the first -1
    label = label.clamp(min=0)
    right = torch.zeros_like(x).scatter_add(-1, label, listed.to(x.dtype)) > 0
    # relu(1 - x_j + x_i): each right class j, all wrong classes i
    hinges, _ = sum_of_hinges(1 - x.gather(-1, label), -x, ~right)
    loss = hinges.masked_fill(~listed, 0).sum(-1) / x.shape[-1]
    return reduce_loss(loss if input.dim() == 2 else loss[0], reduction)


def check(input: Tensor, target: Tensor) -> None:
    """Raise where PyTorch does; warn where the target must be a mask taken for a list."""
    check_floating(input=input)
    if input.dim() > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}: pass input of shape (N, C), or (C) for a single sample"
        )
    single = input.dim() < 2 and target.dim() < 2 and input.numel() == target.numel()
    if input.shape != target.shape and not single:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: "
            f"{list(input.shape)}. Pass target in the shape of input, filled up with -1"
        )
    if target.dtype != torch.int64:
        raise RuntimeError(
            f"expected scalar type Long but found {scalar_type(target.dtype)}: target must hold "
            "class indices as int64, not a mask"
        )
    classes = input.shape[-1] if input.dim() else 1
    wrong = outlier(-1, target, classes - 1, input)
    if wrong is not None:
        raise RuntimeError(
            f"argument #2 'target' is out of range: got {wrong}, expected class indices from 0 to "
            f"{classes - 1}, ended by -1"
        )
    known = can_inspect(target, input) and target.numel() > 0
    # Is there an entry other than 0 and 1? Where nobody may look, the answer is neither 0 nor 1.
    if known and classes > 2 and outlier(1, ((target < 0) | (target > 1)).any().long(), 1) == 0:
        warnings.warn(
            "target holds nothing but 0 and 1, like a multi-hot mask, but it is read as a list of "
            "class indices: only classes 0 and 1 are taken for right, each several times. Pass the "
            "indices, ended by -1, or use multilabel_soft_margin_loss, which takes a mask.",
            stacklevel=4,
        )


class MultiLabelMarginLoss(Loss):
    r"""[`multilabel_margin_loss`][losses.multilabel_margin_loss] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import MultiLabelMarginLoss
        >>> criterion = MultiLabelMarginLoss()
        >>> criterion
        MultiLabelMarginLoss(reduction='mean')
        >>> scores = torch.tensor([[0.9, 0.2, 0.4, 0.8]], requires_grad=True)
        >>> loss = criterion(scores, torch.tensor([[3, 0, -1, 1]]))
        >>> loss.backward()
        >>> loss.detach(), scores.grad
        (tensor(0.4500), tensor([[-0.5000,  0.5000,  0.5000, -0.5000]]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`multilabel_margin_loss`][losses.multilabel_margin_loss]."""
        return multilabel_margin_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="multilabel_margin_loss",
    classes=("MultiLabelMarginLoss",),
    aliases=("multi-label hinge loss", "multi-label margin"),
    summary="Several classes at once, as a hinge between each right and each wrong one.",
    input="scores, any real number",
    target="class indices (int64), ended by the first -1",
    mean="the batch size; each sample is already divided by C",
    shapes="`input` (C) or (N, C), `target` same",
    curve=Curve(
        {"input": [["x", 0.0, -1.0]], "target": [[0, -1, -1]]},
        (-3, 3),
        "x₁, with x = (x₁, 0, −1) and y = {1}",
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(True, "a sum of hinges"),
        lipschitz=Claim(
            True, "largest when half of the C classes are right: √C / 2", "len(input) ** 0.5 / 2"
        ),
        smooth=Claim(False, "a kink wherever a right class is 1 above a wrong one"),
        symmetric=Claim(False, "the best class becomes the worst", "sign"),
        bounded=Claim(
            True,
            "each hinge pulls one right class up and one wrong class down",
            "len(input) ** 0.5 / 2",
        ),
        non_negative=Claim(True, "a sum of hinges"),
        minimum=Claim(
            True, "wherever each right class is at least 1 above each wrong one", "loss == 0"
        ),
    ),
)
