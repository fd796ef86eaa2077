"""Z-loss: a pull on the logarithm of the softmax's denominator, so that logits do not drift."""

from __future__ import annotations

from torch import Tensor

from losses._checks import check_floating, check_real, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["ZLoss", "z_loss"]


@loss_function("input")
def z_loss(
    input: Tensor, mask: Tensor | None = None, *, coefficient: float = 1e-4, reduction: str = "mean"
) -> Tensor:
    r"""Penalise how far the logarithm of the softmax's denominator is from 0.

    For the logits $x$ of $V$ tokens or classes and a coefficient $c$,

    $$
    \ell(x) = c z^2, \qquad
    z = \log \sum_{i = 1}^{V} e^{x_i}
    $$

    It is added to a cross entropy, which does not see $z$: a number added to all logits changes
    none of its probabilities.

    A row that `mask` leaves out costs 0. `'mean'` divides the sum by the number $n$ of the others,
    $\frac{1}{n} \sum_i \ell(x_i)$, and is 0 where there are none.

    The gradient is a multiple of the softmax. Its entries add up to $2 c z$:

    $$
    \frac{\partial \ell}{\partial x_i} = 2 c z e^{x_i - z}
    $$

    Args:
        input: Logits $x$, floating point, any real number, the vocabulary last. −∞ excludes an
            entry.
        mask: Where a row counts: true, or anything but 0. `None` where all do.
        coefficient: Weight $c$, at least 0.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages over
            the rows that count.

    Shape:
        - `input`: $(*, V)$, any number of dimensions before the last, including none.
        - `mask`: $(*)$, as `input` without its last dimension.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `mask` is not a tensor.
        ValueError: If `coefficient` is below 0, `input` has no dimensions, the shape of `mask` does
            not fit, or `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `mask` is complex.

    Examples:
        Two logits of 0 make $z$ = ln 2 = 0.6931, two of 10 make 10.6931. By hand, the squares are
        0.48 and 114.34, on average 57.41, and a ten-thousandth of that.

        >>> import torch
        >>> from losses import z_loss
        >>> logits = torch.tensor([[0.0, 0.0], [10.0, 10.0]])
        >>> print(f"{z_loss(logits).item():.6f}")
        0.005741

        The typical training step. Tokens that the labels leave out are left out here too.

        >>> import torch
        >>> from losses import cross_entropy, z_loss
        >>> logits = torch.tensor([[5.0, 5.0], [7.0, 5.0], [99.0, 99.0]])
        >>> labels = torch.tensor([0, 0, -100])
        >>> cross_entropy(logits, labels)
        tensor(0.4100)
        >>> cross_entropy(logits, labels) + z_loss(logits, labels != -100)
        tensor(0.4142)

        The cross entropy pulls one logit up and the others down, by as much. This loss moves the
        whole row towards $z$ = 0.

        >>> import torch
        >>> from losses import cross_entropy, z_loss
        >>> logits = torch.tensor([[5.0, 5.0]], requires_grad=True)
        >>> label = torch.tensor([0])
        >>> torch.autograd.grad(cross_entropy(logits, label), logits)[0]
        tensor([[-0.5000,  0.5000]])
        >>> torch.autograd.grad(z_loss(logits, coefficient=0.1), logits)[0]
        tensor([[0.5693, 0.5693]])

    References:
        - Zoph et al., [ST-MoE: Designing Stable and Transferable Sparse Expert
          Models](https://arxiv.org/abs/2202.08906), 2022, for the router
        - Chowdhery et al., [PaLM: Scaling Language Modeling with
          Pathways](https://arxiv.org/abs/2204.02311), 2022, for the vocabulary
        - Wortsman et al., [Small-scale proxies for large-scale Transformer training
          instabilities](https://arxiv.org/abs/2309.14322), 2023, on what it prevents
        - PyTorch has no such loss; it is made of
          [`torch.logsumexp`](https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html)
    """
    check(input, mask, coefficient)
    (input,) = upcast(input)
    if mask is None:
        mask = input.new_ones(input.shape[:-1])
    masked = mask == 0
    # What a masked row holds, NaN perhaps, must not reach the gradient.
    z = input.masked_fill(masked[..., None], 0).logsumexp(-1)
    # The coefficient first: the square alone may overflow.
    loss = (coefficient * z * z).masked_fill(masked, 0)
    return reduce_loss(loss, reduction, (~masked).sum().clamp(min=1))


def check(input: Tensor, mask: Tensor | None, coefficient: float) -> None:
    """Raise unless there are logits, and an entry of the mask for each row of them."""
    check_coefficient(coefficient)
    check_floating(input=input)
    if input.dim() == 0:
        raise ValueError("input must have a dimension of logits, the last one: pass input[None]")
    if mask is not None:
        check_real(mask=mask)
        if mask.shape != input.shape[:-1]:
            raise ValueError(
                f"mask must have the shape of input without its last dimension, "
                f"{tuple(input.shape[:-1])}, got {tuple(mask.shape)}: pass labels != -100, one "
                "entry per row of logits"
            )


def check_coefficient(coefficient: float) -> None:
    """Raise where the logits would be driven away from 0."""
    if not coefficient >= 0:
        raise ValueError(
            f"coefficient must be at least 0, got coefficient={coefficient}: below 0 the logits "
            "would grow without end; 1e-4 is usual"
        )


class ZLoss(Loss):
    r"""[`z_loss`][losses.z_loss] as a module.

    Args:
        coefficient: Weight of the square, at least 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `coefficient` is below 0.

    Examples:
        >>> import torch
        >>> from losses import ZLoss
        >>> criterion = ZLoss(coefficient=0.1)
        >>> criterion
        ZLoss(reduction='mean', coefficient=0.1)
        >>> logits = torch.tensor([[5.0, 5.0]], requires_grad=True)
        >>> loss = criterion(logits)
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(3.2412), tensor([[0.5693, 0.5693]]))
    """

    coefficient: float

    def __init__(self, *, coefficient: float = 1e-4, reduction: str = "mean") -> None:
        check_coefficient(coefficient)
        super().__init__(reduction=reduction)
        self.coefficient = coefficient

    def forward(self, input: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute the loss; see [`z_loss`][losses.z_loss]."""
        return z_loss(input, mask, coefficient=self.coefficient, reduction=self.reduction)


RECORD = Record(
    function="z_loss",
    classes=("ZLoss",),
    aliases=("z-loss", "router z-loss", "log Z penalty", "logsumexp regularization"),
    summary="Beside a cross entropy, so that logits do not drift.",
    input="logits, the vocabulary, or the experts of a router, last",
    target="none; `mask` says which rows count",
    mean="the number of rows that `mask` keeps",
    shapes="`input` (*, V), `mask` (*) or none",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", "x + 1", "x + 2"]]},
        (-12, 8),
        "x, with the logits x, x + 1 and x + 2",
        sweep=("coefficient", (1e-4, 3e-4, 1e-3)),
        slider=(1e-5, 3e-5, 1e-4, 3e-4, 1e-3),
    ),
    properties=Properties(
        convex=Claim(False, "only where the exponentials add up to 1 or more"),
        lipschitz=Claim(False, "the slope grows with the logits"),
        smooth=Claim(True, "the square of a smooth function"),
        symmetric=Claim(False, "large logits cost, small ones as well, but not as much", "sign"),
        bounded=Claim(False, "it grows with the logits"),
        non_negative=Claim(True, "a square"),
        minimum=Claim(
            True,
            "0 where the exponentials add up to 1: the logits are log-probabilities",
            "input == log_softmax(input, -1)",
        ),
    ),
)
