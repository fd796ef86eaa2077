"""Soft margin: the logistic loss, for labels written as -1 and 1."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import broadcast_shape, check_real, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SoftMarginLoss", "soft_margin_loss"]


@loss_function("input")
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Classify into two classes labelled -1 and 1, by the logistic loss of the score.

    For a score $x$ and a label $y$ of 1 or -1,

    $$
    \ell(x, y) = \log\left(1 + \exp(-y \, x)\right)
    $$

    `'mean'` divides the sum of all elements by their number, $\frac{1}{n} \sum_i \ell(x_i, y_i)$;
    with several outputs per sample, $n$ is samples times outputs.

    The size of the gradient is the probability of the wrong class; its sign is opposite to the
    label's. With the logistic function $\sigma$,

    $$
    \frac{\partial \ell}{\partial x} = -y \, \sigma(-y \, x)
    $$

    Args:
        input: Score $x$, floating point, any shape, any real value: the logit of class 1.
        target: Label $y$, same shape as `input` or one that broadcasts to it, any data type: 1
            or -1. Not 0: there the loss is log 2 whatever the score.
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        RuntimeError: If `input` is not floating point, `target` is complex, or does not broadcast
            to the shape of `input`.
        ValueError: If `reduction` is none of the three.

    Examples:
        Scores of log 3 give class 1 a probability of 3/4. By hand: right, log(1 + 1/3) = 0.2877;
        wrong, log(1 + 3) = 1.3863; on average 0.8370.

        >>> import torch
        >>> from losses import soft_margin_loss
        >>> score = torch.tensor([3.0, 3.0]).log()
        >>> target = torch.tensor([1.0, -1.0])
        >>> soft_margin_loss(score, target, reduction="none")
        tensor([0.2877, 1.3863])
        >>> soft_margin_loss(score, target)
        tensor(0.8370)

        The example of two source documents: two samples with two outputs each. The four losses
        0.8544, 0.4032, 0.4741 and 0.9741 add up to 2.7057, and `'mean'` divides by 4.

        >>> import torch
        >>> from losses import soft_margin_loss
        >>> score = torch.tensor([[0.3, 0.7], [0.5, 0.5]])
        >>> target = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
        >>> soft_margin_loss(score, target)
        tensor(0.6764)

        In training, one score per sample. At 0 either class has probability 1/2, so each gradient
        is a half, divided by the two samples.

        >>> import torch
        >>> from losses import soft_margin_loss
        >>> score = torch.zeros(2, requires_grad=True)
        >>> loss = soft_margin_loss(score, torch.tensor([1.0, -1.0]))
        >>> loss.backward()
        >>> loss.detach(), score.grad
        (tensor(0.6931), tensor([-0.2500,  0.2500]))

    References:
        - Friedman, Hastie, Tibshirani, [Additive logistic regression: a statistical
          view of boosting](https://doi.org/10.1214/aos/1016218223), 2000: the logistic loss in this
          notation, next to the exponential one
        - [`torch.nn.functional.soft_margin_loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.soft_margin_loss.html)
    """
    check_real(input=input, target=target)
    if not input.is_floating_point():
        raise RuntimeError(
            "result type Float can't be cast to the desired output type Long: input must be "
            f"floating point, got {input.dtype}; pass input.float()"
        )
    shape = broadcast_shape(input=input.shape, target=target.shape)
    if shape != input.shape:
        raise RuntimeError(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape "
            f"{list(shape)}: target of shape {tuple(target.shape)} would compare every score with "
            "several labels; give target the shape of input"
        )
    input, target = upcast(input, target)
    # log(1 + exp(-yx)) without overflow; past 40 it is -yx.
    return reduce_loss(softplus(-target * input, threshold=40), reduction)


class SoftMarginLoss(Loss):
    r"""[`soft_margin_loss`][losses.soft_margin_loss] as a module.

    Args:
        size_average: Deprecated. Use `reduction`.
        reduce: Deprecated. Use `reduction`.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import SoftMarginLoss
        >>> criterion = SoftMarginLoss(reduction="sum")
        >>> criterion
        SoftMarginLoss(reduction='sum')
        >>> score = torch.tensor([0.0, 100.0], requires_grad=True)
        >>> loss = criterion(score, torch.tensor([1.0, -1.0]))
        >>> loss.backward()
        >>> loss.detach(), score.grad
        (tensor(100.6931), tensor([-0.5000,  1.0000]))
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`soft_margin_loss`][losses.soft_margin_loss]."""
        return soft_margin_loss(input, target, reduction=self.reduction)


RECORD = Record(
    function="soft_margin_loss",
    classes=("SoftMarginLoss",),
    aliases=("logistic loss with targets 1 and -1",),
    summary="Binary labels written as -1 and 1; the logistic loss.",
    input="scores, any real number",
    target="-1 or 1",
    shapes="`input` (*), `target` (*)",
    curve=Curve({"input": "x", "target": 1.0}, (-6, 6), sweep=("target", (1.0, -1.0))),
    properties=Properties(
        convex=Claim(True, "the second derivative is a sigmoid's slope, never negative"),
        lipschitz=Claim(True, "the slope is a sigmoid, between −1 and 1", 1.0),
        smooth=Claim(True, "log-sigmoid is smooth"),
        symmetric=Claim(
            False, "a wrong score costs about its size, a right one next to nothing", "sign"
        ),
        bounded=Claim(True, "it is a sigmoid with the label's sign", 1.0),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(False, "0 is only approached, as the score grows towards its label"),
    ),
)
