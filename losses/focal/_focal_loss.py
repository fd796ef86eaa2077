"""Focal loss: cross entropy with the easy samples turned down."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_gamma, classified, loss_function
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import WeightedLoss, product, reduce_loss

__all__ = ["FocalLoss", "focal_loss"]


@loss_function("input")
def focal_loss(
    input: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure the cross entropy, turned down for the samples that are already right.

    For a row of logits $x$, a class index $y$ and class weights $w$,

    $$
    \ell(x, y) = -w_y \left(1 - p_y\right)^{\gamma} \log p_y, \qquad
    p_i = \frac{\exp(x_i)}{\sum_j \exp(x_j)}
    $$

    The weights do not enter the probability $p_y$. `'mean'` divides by the weights of the targets,
    as [`cross_entropy`][losses.cross_entropy] does, so that `gamma=0` is cross entropy:

    $$
    L = \frac{\sum_n \ell(x_n, y_n)}{\sum_n w_{y_n}}
    $$

    A target equal to `ignore_index` counts in neither sum. Without `weight`, every $w_i$ is 1.

    The gradient is that of cross entropy, $p_i - \mathbb{1}[i = y]$, times a factor that fades to
    0 as $p_y$ approaches 1:

    $$
    \frac{\partial \ell}{\partial x_i} = w_y \left(
    \left(1 - p_y\right)^{\gamma} - \gamma \left(1 - p_y\right)^{\gamma - 1} p_y \log p_y
    \right) \left(p_i - \mathbb{1}[i = y]\right)
    $$

    Args:
        input: Logits $x$, floating point, any real number. Classes are dimension 1, or dimension
            0 where there is no other.
        target: Class indices $y$, int64 or uint8, from 0 to C − 1, or `ignore_index`.
        gamma: Exponent $\gamma$, at least 0. The higher, the less the easy samples count; 0 is
            cross entropy.
        weight: One weight $w_i$ for each class, at least 0. By default all are 1.
        ignore_index: Targets of this value count nowhere, and get no gradient.
        reduction: `'none'` keeps one loss per sample, `'sum'` adds them up, `'mean'` divides their
            sum by the weights of the targets.

    Shape:
        - `input`: $(C)$, $(N, C)$ or $(N, C, d_1, \ldots, d_K)$.
        - `target`: $()$, $(N)$ or $(N, d_1, \ldots, d_K)$.
        - `weight`: $(C)$.
        - result: a scalar; the shape of `target` with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). `'mean'` over nothing, all
        targets being ignored, is NaN: zero divided by zero.

    Raises:
        TypeError: If `input`, `target` or `weight` is not a tensor, or `gamma` not a number but,
            say, a list of class counts.
        ValueError: If `gamma` is negative, `reduction` is none of the three, or `target` has
            another batch size than `input`.
        RuntimeError: If `target` is neither int64 nor uint8, or has another shape than the
            predictions, or `weight` is not one number for each class.
        IndexError: If a target is neither a class of `input` nor `ignore_index` (looked for on the
            CPU only, outside of compiling, tracing and `torch.func`; elsewhere the kernel's own
            assertion fails).
        NotImplementedError: If `input` is not floating point.

    Examples:
        A sure sample and an unsure one, `gamma` 2. By hand: p = 0.9 gives 0.1² · 0.1054 = 0.0011,
        a hundredth of its cross entropy; p = 0.5 gives 0.5² · 0.6931 = 0.1733, a quarter.

        >>> import torch
        >>> from losses import cross_entropy, focal_loss
        >>> logits = torch.tensor([[0.9, 0.1], [0.5, 0.5]]).log()
        >>> target = torch.tensor([0, 1])
        >>> focal_loss(logits, target, reduction="none")
        tensor([0.0011, 0.1733])
        >>> cross_entropy(logits, target, reduction="none")
        tensor([0.1054, 0.6931])

        A training step. The rare class 1 weighs three times as much.

        >>> import torch
        >>> from losses import focal_loss
        >>> logits = torch.tensor([[2.0, 0.0], [1.0, 0.0]], requires_grad=True)
        >>> target = torch.tensor([0, 1])
        >>> loss = focal_loss(logits, target, weight=torch.tensor([1.0, 3.0]))
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.5268)
        >>> logits.grad
        tensor([[-0.0012,  0.0012],
                [ 0.5762, -0.5762]])

        With `gamma=0` it is the weighted cross entropy, `'mean'` included.

        >>> import torch
        >>> from losses import cross_entropy, focal_loss
        >>> logits = torch.tensor([[2.0, 0.0], [1.0, 0.0]])
        >>> target = torch.tensor([0, 1])
        >>> weight = torch.tensor([1.0, 3.0])
        >>> focal_loss(logits, target, gamma=0.0, weight=weight)
        tensor(1.0167)
        >>> cross_entropy(logits, target, weight=weight)
        tensor(1.0167)

    References:
        - Lin et al., [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002),
          2017, equations 4 and 5; there for two classes, here for any number
        - PyTorch has no such loss; for two classes torchvision has
          [`sigmoid_focal_loss`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.sigmoid_focal_loss.html)
    """
    check_gamma(gamma)
    input, target, weight = classified(input, target, weight, ignore_index)
    input = input.movedim(min(1, input.dim() - 1), -1)  # classes last
    ignored = target == ignore_index
    y = target.masked_fill(ignored, 0)
    # An ignored row may hold anything: blank it.
    log_p = torch.where(ignored[..., None], 0, input).log_softmax(-1)
    nll = -log_p.gather(-1, y[..., None])[..., 0]
    # Past 100 the factor is 1: that part is added without it.
    near = nll.clamp(max=100)
    # At p = 1 the gradient of a gamma below 1 is infinite: stay below.
    one_minus_p = (-torch.expm1(-near)).clamp(min=torch.finfo(near.dtype).tiny)
    loss = one_minus_p**gamma * near + (nll - near)
    w = torch.ones_like(nll) if weight is None else weight.gather(0, y.flatten()).view_as(y)
    w = w.masked_fill(ignored, 0)
    return reduce_loss(product(w, loss), reduction, w.sum())


class FocalLoss(WeightedLoss):
    r"""[`focal_loss`][losses.focal_loss] as a module.

    Args:
        gamma: Exponent of the factor that turns easy samples down, at least 0.
        weight: One weight for each class. A buffer: it moves with the module and is saved.
        ignore_index: Targets of this value count nowhere.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import FocalLoss
        >>> criterion = FocalLoss(gamma=2.0, weight=torch.tensor([1.0, 3.0]))
        >>> criterion
        FocalLoss(reduction='mean', gamma=2.0, ignore_index=-100)
        >>> logits = torch.tensor([[2.0, 0.0], [1.0, 0.0]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([0, 1]))
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.5268)
    """

    gamma: float
    ignore_index: int

    def __init__(
        self,
        gamma: float = 2.0,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        check_gamma(gamma)
        super().__init__(weight, reduction=reduction)
        self.gamma = gamma
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`focal_loss`][losses.focal_loss]."""
        return focal_loss(input, target, self.gamma, self.weight, self.ignore_index, self.reduction)


RECORD = Record(
    function="focal_loss",
    classes=("FocalLoss",),
    aliases=("multi-class focal loss", "softmax focal loss"),
    summary="One class out of C, easy samples turned down: heavy class imbalance.",
    input="logits, any real number",
    target="class indices (int64)",
    mean="the sum of the targets' weights, ignored ones left out",
    shapes="`input` (C), (N, C) or (N, C, d1, ...); `target` (), (N) or (N, d1, ...); `weight` (C)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0]], "target": [0]},
        (0, 1),
        "probability p of the right class",
        sweep=("gamma", (0.0, 0.5, 1.0, 2.0, 5.0)),
        slider=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
        symbol="x₁",
        probability=True,
    ),
    more=(
        Curve(
            {"input": [["x", 0.0]], "target": [0], "weight": ["weight", 1.0]},
            (-6, 6),
            "x₁, with x₂ = 0 and y = 1",
            sweep=("weight", (0.5, 1.0, 2.0)),
            slider=(0.0, 0.25, 0.5, 1.0, 1.5, 2.0),
            symbol="x₁",
        ),
    ),
    properties=Properties(
        convex=Claim(False, "it curves downwards where the model is confident and wrong"),
        lipschitz=Claim(True, "√2 times the steepest slope, which is at p = 0.058", 1.5966),
        smooth=Claim(True, "a power of a probability times its logarithm"),
        symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
        bounded=Claim(True, "√2 times the steepest slope, which is at p = 0.058", 1.5966),
        non_negative=Claim(True, "a square times minus the logarithm of a probability"),
        minimum=Claim(False, "0 is only approached, as the target's logit grows"),
    ),
)
