"""Kullback-Leibler divergence: what it costs to expect Q where P is true."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from losses._checks import loss_function, outlier, paired
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["KLDivLoss", "kl_div"]


@loss_function("input", "target")
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Measure how far a model's distribution Q is from a reference P: the divergence KL(P‖Q).

    For a log-probability $x = \log Q$ of the model and a probability $y = P$ of the reference,

    $$
    \ell(x, y) = y \left(\log y - x\right)
    $$

    where an outcome of probability $y = 0$ costs nothing. With `log_target=True` the target is a
    logarithm as well, $y = \log P$:

    $$
    \ell(x, y) = e^{y} \left(y - x\right)
    $$

    A single element is one term. The divergence is the sum over all outcomes:

    $$
    \operatorname{KL}(P \Vert Q) = \sum_i \ell(x_i, y_i)
    $$

    `'batchmean'` divides the sum of all elements by the batch size, the length of the first
    dimension: the mean divergence, if each sample is one distribution. `'mean'`, the default,
    divides by the number of elements, so it is as many times smaller as there are outcomes.

    The gradient does not depend on the model at all. It is the log_softmax before this loss that
    turns it into the familiar difference $Q - P$ of the two distributions.

    $$
    \frac{\partial \ell}{\partial x} = -y
    $$

    With `log_target=True` it is $-e^{y}$. The derivative in the target, $\log y + 1 - x$, is
    $-\infty$ at $y = 0$. As in the value, that outcome is left out: its gradient is 0.

    Args:
        input: Log-probabilities $x$ of the model, at most 0, floating point, any shape. Positive
            values cause a warning on the CPU.
        target: Probabilities $y$ of the reference, in [0, 1], or their logarithms with
            `log_target=True`; floating point, same shape as `input`. Another shape is broadcast,
            with a warning.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one term per element, `'batchmean'` divides the sum by the batch
            size, `'sum'` adds all terms up, `'mean'` averages over all elements, with a warning.
        log_target: Whether `target` holds logarithms.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0; usually $(N, C)$.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the common data type of `input` and `target` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        RuntimeError: If `input` or `target` is not floating point, or the shapes do not
            broadcast.
        ValueError: If `reduction` is none of the four.

    Examples:
        A fair coin P, and a model Q that expects heads in one toss out of four. By hand:
        0.5 · ln(0.5 / 0.25) + 0.5 · ln(0.5 / 0.75) = 0.3466 − 0.2027 = 0.1438.

        >>> import torch
        >>> from losses import kl_div
        >>> q = torch.tensor([[0.25, 0.75]])
        >>> p = torch.tensor([[0.5, 0.5]])
        >>> kl_div(q.log(), p, reduction="none")
        tensor([[ 0.3466, -0.2027]])
        >>> kl_div(q.log(), p, reduction="batchmean")
        tensor(0.1438)

        The typical training call: log_softmax first. The gradient in the logits is Q − P, divided
        by the batch size.

        >>> import torch
        >>> from losses import kl_div
        >>> logits = torch.tensor([[0.0, 0.0], [0.0, 0.0]], requires_grad=True)
        >>> p = torch.tensor([[0.75, 0.25], [0.5, 0.5]])
        >>> loss = kl_div(logits.log_softmax(dim=1), p, reduction="batchmean")
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.0654)
        >>> logits.grad
        tensor([[-0.1250,  0.1250],
                [ 0.0000,  0.0000]])

        Two sets of logits, as in distillation. Both stay logarithms: no probability is computed in
        between.

        >>> import torch
        >>> from losses import kl_div
        >>> student = torch.tensor([[1.0, 0.0]]).log_softmax(dim=1)
        >>> teacher = torch.tensor([[200.0, 0.0]]).log_softmax(dim=1)
        >>> kl_div(student, teacher, reduction="batchmean", log_target=True)
        tensor(0.3133)

    References:
        - Kullback, Leibler,
          [On Information and Sufficiency](https://doi.org/10.1214/aoms/1177729694), 1951
        - Hinton, Vinyals, Dean,
          [Distilling the Knowledge in a Neural Network](https://arxiv.org/abs/1503.02531), 2015
        - [`torch.nn.functional.kl_div`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.kl_div.html)
    """
    check(input, target, reduction)
    input, target = paired(input, target)
    p = target.exp() if log_target else target
    never = p == 0  # costs nothing, even where a logarithm is infinite
    log_p = target if log_target else torch.where(never, 1, target).log()
    nothing = input.detach().clamp(0, 0)  # 0, but a NaN stays NaN
    loss = p * torch.where(never, nothing, log_p - input)
    if reduction == "batchmean":
        return loss.sum() / input.shape[0] if input.dim() > 0 else loss.sum()
    return reduce_loss(loss, reduction)


def check(input: Tensor, target: Tensor, reduction: str) -> None:
    """Raise unless both are floating point; warn of what is probably no divergence."""
    for name, tensor in (("input", input), ("target", target)):
        if not tensor.is_floating_point():
            kind = "Complex" if tensor.is_complex() else "Integral"
            raise RuntimeError(
                f"kl_div: {kind} inputs not supported. Got {name} of {tensor.dtype}: "
                "expected floating point"
            )
    if reduction not in ("none", "batchmean", "sum", "mean"):
        raise ValueError(
            f"{reduction} is not a valid value for reduction: "
            "expected 'none', 'batchmean', 'sum' or 'mean'"
        )
    if reduction == "mean" and not torch.compiler.is_compiling():
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support "
            "size. Pass reduction='batchmean' for the divergence, the sum over the support",
            stacklevel=4,
        )
    if outlier(-math.inf, input, torch.finfo(input.dtype).eps, target) is not None:
        warnings.warn(
            "input has positive entries, but kl_div expects log-probabilities, which are at most "
            "0: pass input.log() if these are probabilities, input.log_softmax(dim) if logits",
            stacklevel=4,
        )


class KLDivLoss(Loss):
    r"""[`kl_div`][losses.kl_div] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'batchmean'`, `'sum'` or `'mean'`. The default is not the
            divergence: pass `'batchmean'`.
        log_target: Whether the target holds logarithms of probabilities.

    Examples:
        >>> import torch
        >>> from losses import KLDivLoss
        >>> criterion = KLDivLoss(reduction="batchmean")
        >>> criterion
        KLDivLoss(reduction='batchmean', log_target=False)
        >>> logits = torch.zeros(1, 2, requires_grad=True)
        >>> p = torch.tensor([[0.75, 0.25]])
        >>> loss = criterion(logits.log_softmax(dim=1), p)
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.1308), tensor([[-0.2500,  0.2500]]))
    """

    log_target: bool

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`kl_div`][losses.kl_div]."""
        return kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


RECORD = Record(
    function="kl_div",
    classes=("KLDivLoss",),
    aliases=("Kullback–Leibler divergence", "KL divergence", "relative entropy"),
    summary="Match a whole distribution: distillation, soft labels, variational terms.",
    input="log-probabilities, at most 0, of the model Q",
    target="probabilities of the reference P; log-probabilities with `log_target=True`",
    mean="the number of elements, which is not the divergence: use `'batchmean'`",
    shapes="`input` (*), `target` (*), usually (N, C); `'batchmean'` divides by N",
    curve=Curve(
        {"input": "x", "target": 0.5},
        (-4, 0),
        "x = log Q",
        sweep=("target", (0.2, 0.5, 0.8)),
        slider=(0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0),
    ),
    properties=Properties(
        convex=Claim(True, "linear in the log-probabilities"),
        lipschitz=Claim(
            True, "the gradient is −p, of length 1 at most for a row of probabilities", 1.0
        ),
        smooth=Claim(True, "linear"),
        symmetric=Claim(False, "the divergence of Q from P is not that of P from Q", "arguments"),
        bounded=Claim(True, "it is −p, of length 1 at most for a row of probabilities", 1.0),
        non_negative=Claim(
            True, "summed over a row of probabilities; a single element may be negative"
        ),
        minimum=Claim(
            True,
            "among rows of probabilities: there Q equals P, and the sum is 0",
            "input == log(target)",
        ),
    ),
)
