"""Linear cross entropy: the last linear layer and its loss, in blocks of rows if asked for."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from losses._checks import (
    aligned,
    autocasting,
    check_class_weight,
    check_floating,
    loss_function,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, reduce_loss
from losses.classification._cross_entropy import cross_entropy

__all__ = ["LinearCrossEntropyLoss", "linear_cross_entropy"]


@loss_function("input", "target")
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    r"""Apply the last linear layer, and measure the cross entropy of the logits that it gives.

    For a row of features $x$, the layer's weight $W$ and bias $b$, and a class $y$,

    $$
    \begin{aligned}
    z &= W x + b \\
    \ell(x, y) &= -w_y \log \frac{\exp(z_y)}{\sum_c \exp(z_c)}
    \end{aligned}
    $$

    This is [`cross_entropy`][losses.cross_entropy] of the logits $z$, in all of its variants. With
    many classes $z$ is by far the largest tensor of a model, and all of it is kept for the
    gradient. With `options` it never exists as a whole: each block of rows is turned into losses,
    its logits are forgotten, and computed again for the gradient. Value and gradient stay the same.

    `'mean'` divides as cross entropy does: by the weights of the targets that are not ignored, and
    for class probabilities by the number of rows (and positions):

    $$
    L = \frac{\sum_n \ell(x_n, y_n)}{\sum_n w_{y_n}}
    $$

    The gradient reaches the features, the weight and the bias through that of the logits, the
    softmax minus the target, $\delta_c = w_y (p_c - \mathbb{1}[c = y])$ with
    $p_c = \frac{\exp(z_c)}{\sum_j \exp(z_j)}$:

    $$
    \frac{\partial \ell}{\partial x} = \sum_c \delta_c W_c, \qquad
    \frac{\partial \ell}{\partial W_c} = \delta_c x, \qquad
    \frac{\partial \ell}{\partial b_c} = \delta_c
    $$

    Args:
        input: Features $x$, the input of the linear layer, floating point, any real number.
        linear_weight: Weight $W$ of the layer: one row of features for each class.
        target: Class indices $y$, int64, from 0 to C − 1, or `ignore_index`. Or class
            probabilities, floating point, in the shape of the logits.
        linear_bias: Bias $b$ of the layer, one number for each class. By default none.
        weight: One weight $w_c$ for each class, at least 0. By default all are 1.
        reduction: `'none'` keeps one loss per target, `'sum'` adds them up, `'mean'` divides their
            sum by the weights of the targets.
        ignore_index: Targets of this value count nowhere, and get no gradient. By default −100
            for class indices; not allowed with class probabilities.
        label_smoothing: Share of each target, in [0, 1], that is spread evenly over all classes.
        options: `torch.nn.LinearCrossEntropyOptions`, or any object with its field
            `batch_chunk_size`, the number of rows in a block. Where that is `None`, the logits of
            a block are about as many numbers as `input`. The other fields tune PyTorch's kernel
            and do nothing here. By default there are no blocks.

    Shape:
        - `input`: $(D)$ or $(N, D)$.
        - `linear_weight`: $(C, D)$, or $(C, d_1, \ldots, d_K, D)$ for $d_1 \cdots d_K$
          predictions from each row; `input` then is $(N, D)$.
        - `linear_bias`: $(C)$ or $(C, d_1, \ldots, d_K)$.
        - `target`: $()$, $(N)$ or $(N, d_1, \ldots, d_K)$ for indices; $(C)$, $(N, C)$ or
          $(N, C, d_1, \ldots, d_K)$ for probabilities.
        - `weight`: $(C)$.
        - result: a scalar; the shape of the indices with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        RuntimeError: If the shapes of `input`, `linear_weight`, `linear_bias`, `weight` or
            `target` do not fit each other, `target` is neither int64 nor probabilities,
            `ignore_index` is given with probabilities, or `label_smoothing` is above 1.
        ValueError: If `target` has another batch size than `input`, or `reduction` is none of
            the three.
        IndexError: If a target is neither a class nor `ignore_index`.

    Examples:
        Two features, three classes. The layer gives the logits (2, 1, 3), and class 2 is right.
        By hand: log(e² + e¹ + e³) − 3 = 3.4076 − 3 = 0.4076.

        >>> import torch
        >>> from losses import linear_cross_entropy
        >>> features = torch.tensor([[2.0, 1.0]])
        >>> layer = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> features @ layer.T
        tensor([[2., 1., 3.]])
        >>> linear_cross_entropy(features, layer, torch.tensor([2]))
        tensor(0.4076)

        A training step: the layer's parameters get their gradients from the loss.

        >>> import torch
        >>> from losses import linear_cross_entropy
        >>> features = torch.tensor([[2.0, 1.0]], requires_grad=True)
        >>> layer = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> _ = layer.requires_grad_()
        >>> loss = linear_cross_entropy(features, layer, torch.tensor([2]))
        >>> loss.backward()
        >>> features.grad
        tensor([[-0.0900, -0.2447]])
        >>> layer.grad
        tensor([[ 0.4895,  0.2447],
                [ 0.1801,  0.0900],
                [-0.6696, -0.3348]])

        In blocks of 32 rows, the last one of 4, the loss is the same as in two steps.

        >>> import torch
        >>> from losses import cross_entropy, linear_cross_entropy
        >>> _ = torch.manual_seed(0)
        >>> features, layer = torch.randn(100, 8), torch.randn(50, 8)
        >>> target = torch.randint(50, (100,))
        >>> options = torch.nn.LinearCrossEntropyOptions(batch_chunk_size=32)
        >>> in_blocks = linear_cross_entropy(
        ...     features, layer, target, options=options
        ... )
        >>> in_two_steps = cross_entropy(features @ layer.T, target)
        >>> torch.allclose(in_blocks, in_two_steps)
        True

    References:
        - Wijmans et al., [Cut Your Losses in Large-Vocabulary Language
          Models](https://arxiv.org/abs/2411.09009), 2024: the same idea as a GPU kernel
        - Chen et al., [Training Deep Nets with Sublinear Memory
          Cost](https://arxiv.org/abs/1604.06174), 2016: compute again instead of keeping
        - [`torch.nn.functional.linear_cross_entropy`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear_cross_entropy.html)
    """
    check_layer(input, linear_weight, linear_bias)
    target, weight = prepared(input, linear_weight, target, weight, ignore_index)
    classes = linear_weight.shape[:-1]
    ignored = -100 if ignore_index is None else ignore_index

    def loss(x: Tensor, y: Tensor, reduction: str = "none") -> Tensor:
        b = None if linear_bias is None else linear_bias.flatten()
        z = linear(x, linear_weight.flatten(0, -2), b).reshape(x.shape[:-1] + classes)
        (z,) = upcast(z)
        return cross_entropy(
            z, y, weight, ignore_index=ignored, reduction=reduction, label_smoothing=label_smoothing
        )

    if options is None or input.dim() == 1:
        return loss(input, target, reduction)
    # By default a block's logits are about as many as the input.
    rows = options.batch_chunk_size or max(1, input.numel() // max(1, classes.numel()))
    # A checkpoint computes a block again where its gradient is due.
    block = partial(checkpoint, loss, use_reentrant=False, preserve_rng_state=False)
    pairs = zip(torch.split(input, rows), torch.split(target, rows), strict=True)
    each = torch.cat([block(x, y) for x, y in pairs])
    if target.is_floating_point():  # a probability for each class
        return reduce_loss(each, reduction)
    kept = target != ignored
    w_y = kept if weight is None else weight[target.masked_fill(~kept, 0)].where(kept, 0)
    return reduce_loss(each, reduction, w_y.sum())


def prepared(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int | None,
) -> tuple[Tensor, Tensor | None]:
    """Prepare one target for each row of `input`, and a weight for each class."""
    classes = linear_weight.shape[:-1]
    soft = target.shape == input.shape[:-1] + classes
    if soft and ignore_index is not None:
        raise RuntimeError(
            "ignore_index cannot be specified when target contains probabilities, got "
            f"ignore_index={ignore_index}: leave it out, or pass class indices"
        )
    if not soft and input.dim() == 2:
        expected = input.shape[:1] + classes[1:]
        if target.shape != expected:
            target = aligned(target, [input.shape[0], *classes], list(expected))
        target = target.long() if target.dtype == torch.uint8 else target
    if weight is not None:
        check_class_weight(weight, classes[0], None if soft or autocasting(input) else input.dtype)
        (weight,) = upcast(weight)
    return target, weight


def check_layer(input: Tensor, linear_weight: Tensor, linear_bias: Tensor | None) -> None:
    """Raise unless `input`, `linear_weight` and `linear_bias` make up a linear layer."""
    got = f"input {tuple(input.shape)} and linear_weight {tuple(linear_weight.shape)}"
    if input.dim() not in (1, 2):
        raise RuntimeError(
            f"expected input with dimensionality 1 or 2, got {input.dim()}: "
            "pass input.flatten(0, -2), and as many targets"
        )
    if linear_weight.dim() < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}: "
            "pass one row of features for each class, (C, D)"
        )
    if input.shape[-1] != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {linear_weight.shape[-1]}, respectively, of {got}: "
            "linear_weight has the layout of torch.nn.Linear, (C, D)"
        )
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise RuntimeError(
            f"expected linear_bias shape {tuple(linear_weight.shape[:-1])}, got "
            f"{tuple(linear_bias.shape)}: pass one number for each row of linear_weight"
        )
    if linear_weight.dim() > 2 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {input.shape[-1]}), got unbatched input with shape "
            f"{tuple(input.shape)}: pass input.unsqueeze(0)"
        )
    check_floating(input=input)


class LinearCrossEntropyLoss(WeightedLoss):
    r"""[`linear_cross_entropy`][losses.linear_cross_entropy] as a module, with the linear layer.

    Args:
        in_features: Number of features in a row of `input`.
        num_classes: Number of classes, C.
        out_features: Further dimensions $(d_1, \ldots, d_K)$ of the predictions. By default none.
        bias: Whether the layer has a bias. By default it has none, unlike `torch.nn.Linear`.
        device: Where the layer lives.
        dtype: Data type of the layer.
        reduction: `'none'`, `'mean'` or `'sum'`.
        weight: One weight for each class. A buffer: it moves with the module and is saved.
        ignore_index: Targets of this value count nowhere. By default −100 for class indices.
        label_smoothing: Share of each target, in [0, 1], that is spread over all classes.
        options: With a `batch_chunk_size`: the number of rows in a block. By default no blocks.

    Attributes:
        linear: The `torch.nn.Linear` layer. With `out_features` its rows are (C, d_1, ..., d_K)
            flattened: class 0 at every position, then class 1, and so on.

    Raises:
        RuntimeError: If `weight` is not one number for each class, or `label_smoothing` is
            outside [0, 1].

    Examples:
        >>> import torch
        >>> from losses import LinearCrossEntropyLoss
        >>> _ = torch.manual_seed(0)
        >>> criterion = LinearCrossEntropyLoss(4, 3)
        >>> criterion
        LinearCrossEntropyLoss(
          reduction='mean', num_classes=3, out_features=(), ignore_index=None, ...
          (linear): Linear(in_features=4, out_features=3, bias=False)
        )
        >>> features = torch.ones(2, 4)
        >>> loss = criterion(features, torch.tensor([0, 2]))
        >>> loss.backward()
        >>> criterion.linear.weight.grad.shape
        torch.Size([3, 4])
    """

    num_classes: int
    out_features: tuple[int, ...]
    ignore_index: int | None
    label_smoothing: float
    options: Any

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(
                f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}: "
                "pass one number for each class; the layer itself is made here"
            )
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                f"expected label_smoothing to be in range [0, 1], got {label_smoothing}: "
                "pass the share of each target to be spread over all classes, such as 0.1"
            )
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        rows = math.prod(out_features, start=num_classes)
        self.linear = nn.Linear(in_features, rows, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`linear_cross_entropy`][losses.linear_cross_entropy]."""
        classes = (self.num_classes, *self.out_features)
        bias: Tensor | None = self.linear.bias
        return linear_cross_entropy(
            input,
            self.linear.weight.reshape(*classes, -1),
            target,
            linear_bias=None if bias is None else bias.reshape(classes),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )


RECORD = Record(
    function="linear_cross_entropy",
    classes=("LinearCrossEntropyLoss",),
    aliases=("fused linear loss", "language-model head loss"),
    summary="Last linear layer and cross entropy in one; in blocks with `options`.",
    input="features before the last linear layer, any real number",
    target="class indices (int64), or class probabilities (floating point)",
    mean="the sum of the targets' weights, ignored ones left out; the batch size for "
    "class probabilities",
    shapes="`input` (in) or (N, in); `linear_weight` (C, in) or (C, d1, ..., in); "
    "`target` (), (N) or (N, d1, ...)",
    curve=Curve(
        {"input": [["x"]], "linear_weight": [[1.0], [0.0]], "target": [0]},
        (-6, 6),
        "x, with W = (1, 0) and y = 1",
        sweep=("label_smoothing", (0.0, 0.1, 0.3)),
        slider=(0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
    ),
    properties=Properties(
        convex=Claim(
            True, "cross entropy is convex, the layer linear; not in features and layer together"
        ),
        lipschitz=Claim(
            True,
            "at most the distance of the target's row of the layer from the farthest other row",
            "(linear_weight - linear_weight[target]).norm(dim=1).max()",
        ),
        smooth=Claim(True, "log-sum-exp is"),
        symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
        bounded=Claim(
            True,
            "at most the distance of the target's row of the layer from the farthest other row",
            "(linear_weight - linear_weight[target]).norm(dim=1).max()",
        ),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(
            False, "where features can set the target's class apart, 0 is only approached"
        ),
    ),
)
