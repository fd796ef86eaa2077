"""Multi-label margin: every right class must lead every wrong one by 1."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from losses._checks import bounds, check_floating, full_precision, scalar_type, values_known
from losses._reduction import Loss, legacy_reduction, reduce_loss


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

    The list ends at the first -1; what follows is not looked at. `'mean'` divides the sum of all
    samples by their number, $\frac{1}{N} \sum_n \ell(x_n, y_n)$.

    A wrong class is pushed down by as many steps as there are right classes that it comes too
    close to, a right class up by as many as it leads too little. Exactly at the margin nothing
    moves:

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
        reduction: `'none'` keeps one loss a sample, `'sum'` adds them up, `'mean'` averages over
            the samples.

    Shape:
        - `input`: $(N, C)$, or $(C)$ for a single sample.
        - `target`: same as `input`.
        - result: a scalar; $(N)$ with `reduction='none'`, $()$ for a single sample.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It is 0 for a sample
        without a right class, or with no wrong one. The mean over no samples is NaN.

    Raises:
        RuntimeError: If `target` is not int64, is out of range (after the first -1 as well) or
            has another shape, or if `input` has no classes or more than two dimensions.
        NotImplementedError: If `input` is not floating point.
        ValueError: If `reduction` is none of the three.

    Examples:
        Classes 3 and 0 are right, 1 and 2 are wrong; the 1 behind the -1 does not count. By hand,
        the four pairs: 1 − 0.8 + 0.2 = 0.4, 1 − 0.8 + 0.4 = 0.6, 1 − 0.9 + 0.2 = 0.3 and
        1 − 0.9 + 0.4 = 0.5. Together 1.8, divided by the 4 classes 0.45.

        >>> import torch
        >>> import losses
        >>> scores = torch.tensor([[0.9, 0.2, 0.4, 0.8]])
        >>> target = torch.tensor([[3, 0, -1, 1]])
        >>> losses.multilabel_margin_loss(scores, target)
        tensor(0.4500)

        In training. Each right class leads two wrong ones by too little: −2/4. Each wrong one is
        too close to two right ones: 2/4.

        >>> import torch
        >>> import losses
        >>> scores = torch.tensor([[0.9, 0.2, 0.4, 0.8]], requires_grad=True)
        >>> loss = losses.multilabel_margin_loss(scores, torch.tensor([[3, 0, -1, -1]]))
        >>> loss.backward()
        >>> loss, scores.grad
        (tensor(0.4500, grad_fn=<MeanBackward0>), tensor([[-0.5000,  0.5000,  0.5000, -0.5000]]))

        From a multi-hot mask to the list. A stable sort brings the right classes to the front.

        >>> import torch
        >>> import losses
        >>> mask = torch.tensor([[1, 0, 0, 1]])
        >>> first, index = mask.sort(dim=1, descending=True, stable=True)
        >>> target = index.masked_fill(first == 0, -1)
        >>> target
        tensor([[ 0,  3, -1, -1]])
        >>> losses.multilabel_margin_loss(torch.tensor([[0.9, 0.2, 0.4, 0.8]]), target)
        tensor(0.4500)

    References:
        - Crammer and Singer, *A family of additive online algorithms for category ranking*, 2003,
          Journal of Machine Learning Research 3, pages 1025 to 1058: labels ranked by such pairs
        - [`torch.nn.functional.multilabel_margin_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.multilabel_margin_loss.html)
    """
    reduction = legacy_reduction(size_average, reduce, reduction)
    (input,) = full_precision(input)
    _check(input, target)
    scores = input if input.dim() == 2 else input.reshape(1, -1)
    label = target.view_as(scores)
    ended = label < 0
    if values_known(ended):
        # Pairs, not C * C of them: only as many columns as the longest list needs.
        longest = label.shape[1] - int(ended.all(0).sum())
        label, ended = label[:, :longest], ended[:, :longest]
    past = ended.cumsum(1) > 0  # the places from the first -1 on
    label = label.clamp(min=0)
    right = torch.zeros_like(scores, dtype=torch.bool).scatter_add(1, label, ~past)
    hinge = 1 - scores.gather(1, label).unsqueeze(2) + scores.unsqueeze(1)
    no_pair = past.unsqueeze(2) | right.unsqueeze(1)
    loss = hinge.masked_fill_(no_pair, 0).relu_().mean(2).sum(1)
    return reduce_loss(loss if input.dim() == 2 else loss[0], reduction)


def _check(input: Tensor, target: Tensor) -> None:
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
    if not values_known(target) or not target.numel():
        return
    classes = input.shape[-1] if input.dim() else 1
    lowest, highest = bounds(target)
    if lowest < -1 or highest >= classes:
        raise RuntimeError(
            f"argument #2 'target' is out of range: got {lowest} to {highest}, expected class "
            f"indices from 0 to {classes - 1}, ended by -1"
        )
    if classes > 2 and lowest >= 0 and highest <= 1:
        warnings.warn(
            "target holds nothing but 0 and 1, like a multi-hot mask, but it is read as a list of "
            "class indices: only classes 0 and 1 are taken for right, each several times. Pass the "
            "indices, ended by -1, or use multilabel_soft_margin_loss, which takes a mask.",
            stacklevel=3,
        )


class MultiLabelMarginLoss(Loss):
    r"""[`multilabel_margin_loss`][losses.multilabel_margin_loss] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> import losses
        >>> criterion = losses.MultiLabelMarginLoss()
        >>> criterion
        MultiLabelMarginLoss(reduction='mean')
        >>> scores = torch.tensor([[0.9, 0.2, 0.4, 0.8]], requires_grad=True)
        >>> loss = criterion(scores, torch.tensor([[3, 0, -1, 1]]))
        >>> loss.backward()
        >>> loss, scores.grad
        (tensor(0.4500, grad_fn=<MeanBackward0>), tensor([[-0.5000,  0.5000,  0.5000, -0.5000]]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`multilabel_margin_loss`][losses.multilabel_margin_loss]."""
        return multilabel_margin_loss(input, target, reduction=self.reduction)
