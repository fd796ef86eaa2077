"""Negative log-likelihood: one class out of C, from log-probabilities."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from losses._checks import classified, loss_function
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, product, reduce_loss

__all__ = ["NLLLoss", "NLLLoss2d", "nll_loss"]


@loss_function("input")
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Pick the log-probability of the right class and change its sign.

    For the log-probabilities $x$ of one row, its class $y$ and the weight $w_y$ of that class,

    $$
    \ell(x, y) = -w_y x_y
    $$

    There is no logarithm in it: `input` must already hold logarithms, as a log-softmax gives them.
    The two together are [`cross_entropy`][losses.cross_entropy].

    `'mean'` divides by the sum of the weights of the target classes. Rows whose target is
    `ignore_index` are left out of both sums:

    $$
    L = \frac{\sum_n \ell(x_n, y_n)}{\sum_n w_{y_n}}
    $$

    The gradient does not depend on the input. It pulls up the right class and leaves the others
    alone. They go down all the same, because of the log-softmax before the loss.

    $$
    \frac{\partial \ell}{\partial x_c} = \begin{cases}
    -w_y & \text{if } c = y \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Log-probabilities $x$, floating point, at most 0. An impossible class has -inf.
        target: Class indices $y$ in $[0, C)$, of type int64 or uint8.
        weight: One factor $w_c$ for each class, shape $(C)$, usually at least 0, with the data type
            of `input`; by default 1.
        size_average: Deprecated. Use `reduction`.
        ignore_index: The target that marks a row to leave out, inside $[0, C)$ or not. Such a row
            has the loss 0 and no gradient, whatever it holds.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages as
            above.

    Shape:
        - `input`: $(C)$, $(N, C)$ or $(N, C, d_1, \ldots, d_K)$. The classes are dimension 1.
        - `target`: $()$, $(N)$ or $(N, d_1, \ldots, d_K)$.
        - `weight`: $(C)$.
        - result: a scalar; with `reduction='none'` the shape of `target`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). NaN for `'mean'` over no
        row at all: an empty batch, or every target ignored.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor.
        IndexError: If a class index lies outside $[0, C)$ and is not `ignore_index` (looked for on
            the CPU only, outside of compiling, tracing and `torch.func`; elsewhere the kernel's
            own assertion fails, as in PyTorch).
        RuntimeError: If `target` has the wrong shape or data type, or `weight` the wrong size or
            data type.
        ValueError: If `target` has another batch size than `input`, `input` has no dimension, or
            `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Two rows with the probabilities 1/4 and 3/4. By hand: class 0 costs −ln(1/4) = 1.3863,
        class 1 costs −ln(3/4) = 0.2877, on average 0.8370.

        >>> import torch
        >>> from losses import nll_loss
        >>> log_p = torch.tensor([[0.25, 0.75], [0.25, 0.75]]).log()
        >>> nll_loss(log_p, torch.tensor([0, 1]), reduction="none")
        tensor([1.3863, 0.2877])
        >>> nll_loss(log_p, torch.tensor([0, 1]))
        tensor(0.8370)

        A training step: logits, log-softmax, loss.

        >>> import torch
        >>> from losses import nll_loss
        >>> logits = torch.tensor([[0.0, 1.0, 2.0]], requires_grad=True)
        >>> loss = nll_loss(logits.log_softmax(dim=1), torch.tensor([2]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.4076), tensor([[ 0.0900,  0.2447, -0.3348]]))

        With `weight`, the mean divides by the weights. The two rows cost 1.4076 and 0.1698. By
        hand: (1 · 1.4076 + 4 · 0.1698) / (1 + 4) = 0.4174. Dividing by 2 rows would give 1.0435.

        >>> import torch
        >>> from losses import nll_loss
        >>> logits = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 3.0]])
        >>> log_p = logits.log_softmax(dim=1)
        >>> target, weight = torch.tensor([1, 2]), torch.tensor([1.0, 1.0, 4.0])
        >>> nll_loss(log_p, target, weight)
        tensor(0.4174)
        >>> nll_loss(log_p, target, weight, reduction="sum") / 2
        tensor(1.0435)

    References:
        - Fisher, [On the mathematical foundations of theoretical
          statistics](https://doi.org/10.1098/rsta.1922.0009), 1922, maximum likelihood
        - Bishop, [Pattern Recognition and Machine
          Learning](https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/),
          2006, section 4.3.4
        - [`torch.nn.functional.nll_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html)
    """
    input, target, weight = classified(input, target, weight, ignore_index)
    input = input.movedim(min(1, input.dim() - 1), -1)  # classes last
    ignored = target == ignore_index
    y = target.masked_fill(ignored, 0)
    nll = -input.gather(-1, y[..., None])[..., 0]
    w = torch.ones_like(input[..., 0]) if weight is None else weight.gather(0, y.flatten())
    w = w.view_as(y).masked_fill(ignored, 0)
    return reduce_loss(product(w, nll.masked_fill(ignored, 0)), reduction, w.sum())


class NLLLoss(WeightedLoss):
    r"""[`nll_loss`][losses.nll_loss] as a module.

    Args:
        weight: One factor for each class, shape $(C)$. A buffer: it moves with `.to()` and is
            saved in the state dict.
        size_average: Deprecated. Use `reduction`.
        ignore_index: The class index that marks what to leave out.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        RuntimeError: If given `input` and `target`, which belong in the call of the module.

    Examples:
        >>> import torch
        >>> from losses import NLLLoss
        >>> criterion = NLLLoss(ignore_index=0)
        >>> criterion
        NLLLoss(reduction='mean', ignore_index=0)
        >>> rows = [[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]
        >>> logits = torch.tensor(rows, requires_grad=True)
        >>> loss = criterion(logits.log_softmax(dim=1), torch.tensor([2, 0]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.4076), tensor([[ 0.0900,  0.2447, -0.3348],
                [ 0.0000,  0.0000,  0.0000]]))
    """

    ignore_index: int

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`nll_loss`][losses.nll_loss]."""
        return nll_loss(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss2d(NLLLoss):
    r"""[`NLLLoss`][losses.NLLLoss] under its deprecated name for images.

    Building it gives a `FutureWarning`. `NLLLoss` takes an input (N, C, H, W) just as well.

    Args:
        weight: One factor for each class, shape $(C)$.
        size_average: Deprecated. Use `reduction`.
        ignore_index: The class index that marks what to leave out.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import warnings
        >>> import torch
        >>> from losses import NLLLoss2d
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     criterion = NLLLoss2d()
        >>> print(str(caught[0].message).split(" Please")[0])
        `NLLLoss2d` has been deprecated.
        >>> criterion
        NLLLoss2d(reduction='mean', ignore_index=-100)
        >>> logits = torch.zeros(1, 4, 2, 2, requires_grad=True)
        >>> target = torch.zeros(1, 2, 2).long()
        >>> loss = criterion(logits.log_softmax(dim=1), target)
        >>> loss.backward()
        >>> loss.detach(), logits.grad[0, :, 0, 0]
        (tensor(1.3863), tensor([-0.1875,  0.0625,  0.0625,  0.0625]))
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
            "replacement and see https://pytorch.org/docs/main/nn.html#torch.nn.NLLLoss for more "
            "details.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


RECORD = Record(
    function="nll_loss",
    classes=("NLLLoss", "NLLLoss2d"),
    aliases=("negative log-likelihood", "NLL"),
    summary="One class out of C, from log-probabilities.",
    input="log-probabilities, at most 0, after a log_softmax",
    target="class indices (int64, uint8)",
    mean="the sum of the targets' weights, ignored ones left out",
    shapes="`input` (C), (N, C) or (N, C, d1, ...); `target` (), (N) or (N, d1, ...); `weight` (C)",
    curve=Curve(
        {"input": [["x", -1.0]], "target": [0], "weight": ["weight", 1.0]},
        (-6, 0),
        "log-probability x of the right class",
        sweep=("weight", (0.5, 1.0, 2.0)),
        slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
    ),
    properties=Properties(
        convex=Claim(True, "linear: minus one entry of the input"),
        lipschitz=Claim(True, "the gradient is −1 at the target and 0 elsewhere", 1.0),
        smooth=Claim(True, "linear"),
        symmetric=Claim(False, "it changes its sign with the input", "sign"),
        bounded=Claim(True, "it is −1 at the target and 0 elsewhere", 1.0),
        non_negative=Claim(True, "for log-probabilities, which are at most 0"),
        minimum=Claim(
            True,
            "for log-probabilities: there the target's class is certain",
            "input[target] == 0",
        ),
    ),
)
