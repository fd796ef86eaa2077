"""Sigmoid focal loss: binary cross entropy with the easy elements turned down."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from losses._checks import check_floating, check_gamma, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SigmoidFocalLoss", "sigmoid_focal_loss"]


@loss_function("inputs", "targets")
def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float = 0.25,
    gamma: float = 2,
    reduction: str = "none",
) -> Tensor:
    r"""Measure the binary cross entropy, turned down for the elements that are already right.

    For a logit $x$ and a label $y$, either 0 or 1,

    $$
    \ell(x, y) = -\alpha_t \left(1 - p_t\right)^{\gamma} \log p_t, \qquad
    p_t = \begin{cases}
    \sigma(x) & \text{if } y = 1 \\
    1 - \sigma(x) & \text{if } y = 0
    \end{cases}, \qquad
    \alpha_t = \begin{cases}
    \alpha & \text{if } y = 1 \\
    1 - \alpha & \text{if } y = 0
    \end{cases}
    $$

    with the sigmoid $\sigma(x) = \frac{1}{1 + \exp(-x)}$. For a label in between, each of
    $\log p_t$, $1 - p_t$ and $\alpha_t$ is the average of its two cases, weighted $y$ and $1 - y$.

    The default is `'none'`. `'mean'` divides by the number of elements,
    $\frac{1}{n} \sum_i \ell(x_i, y_i)$; the paper divides the sum by the number of positive ones.

    The gradient is that of binary cross entropy, $\sigma(x) - y$, times a factor that fades to 0
    as $p_t$ approaches 1:

    $$
    \frac{\partial \ell}{\partial x} = \alpha_t \left(
    \left(1 - p_t\right)^{\gamma} - \gamma \left(1 - p_t\right)^{\gamma - 1} p_t \log p_t
    \right) \left(\sigma(x) - y\right)
    $$

    Args:
        inputs: Logits $x$, floating point, any real number, any shape. An infinite one counts as
            the largest finite number, and gets no gradient.
        targets: Labels $y$, 0.0 or 1.0, same shape and floating point too.
        alpha: Weight of the positive labels, in [0, 1]; the negative ones get 1 − `alpha`. −1 turns
            the weighting off.
        gamma: Exponent $\gamma$, at least 0. The higher, the less the easy elements count; 0 is
            weighted binary cross entropy.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `inputs`: $(*)$, any number of dimensions, including 0.
        - `targets`: $(*)$, same as `inputs`.
        - result: $(*)$; a scalar with `reduction='mean'` or `'sum'`.

    Returns:
        The loss in the common data type of `inputs` and `targets` (float32 under autocast).

    Raises:
        TypeError: If `inputs` or `targets` is not a tensor, or `gamma` not a number.
        ValueError: If the shapes differ, `alpha` is neither in [0, 1] nor −1, `gamma` is
            negative, or `reduction` is none of the three.
        NotImplementedError: If `inputs` or `targets` is not floating point.

    Examples:
        A logit of 0 means a probability of 1/2. By hand: 0.5² · 0.6931 = 0.1733. A positive label
        gets a quarter of it, 0.0433, and a negative one three quarters, 0.1300.

        >>> import torch
        >>> from losses import sigmoid_focal_loss
        >>> logits, labels = torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0])
        >>> sigmoid_focal_loss(logits, labels)
        tensor([0.0433, 0.1300])
        >>> sigmoid_focal_loss(logits, labels, alpha=-1)
        tensor([0.1733, 0.1733])

        A training step of a detector: four anchors, one of them on an object. The losses are added
        up and divided by the number of objects, at least 1.

        >>> import torch
        >>> from losses import sigmoid_focal_loss
        >>> logits = torch.tensor([-1.0, -1.0, -2.0, 1.0], requires_grad=True)
        >>> labels = torch.tensor([1.0, 0.0, 0.0, 0.0])
        >>> total = sigmoid_focal_loss(logits, labels, reduction="sum")
        >>> loss = total / labels.sum().clamp(min=1)
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.7202)
        >>> logits.grad
        tensor([-0.1921,  0.0394,  0.0037,  0.5762])

    References:
        - Lin et al., [Focal Loss for Dense Object Detection](https://arxiv.org/abs/1708.02002),
          2017, equation 5
        - [`torchvision.ops.sigmoid_focal_loss`](https://docs.pytorch.org/vision/stable/generated/torchvision.ops.sigmoid_focal_loss.html)
    """
    check(inputs, targets, alpha, gamma)
    inputs, targets = upcast(inputs, targets)
    # An infinite logit is the largest number: 0 * inf would be NaN.
    x, y = inputs.nan_to_num(nan=torch.nan), targets
    # softplus(-x) is -log σ(x) without its underflow; past 40 it is x.
    ce = y * softplus(-x, threshold=40) + (1 - y) * softplus(x, threshold=40)
    one_minus_p_t = y * torch.sigmoid(-x) + (1 - y) * torch.sigmoid(x)
    if gamma < 1:
        # At 0 its gradient is infinite, that of the product is not.
        one_minus_p_t = one_minus_p_t.clamp(min=torch.finfo(x.dtype).tiny)
    loss = one_minus_p_t**gamma * ce
    if alpha != -1:
        loss = (alpha * y + (1 - alpha) * (1 - y)) * loss
    return reduce_loss(loss, reduction)


def check(inputs: Tensor, targets: Tensor, alpha: float, gamma: float) -> None:
    """Raise unless there is a floating-point label for each logit, and the settings are right."""
    check_gamma(gamma)
    if not (0 <= alpha <= 1 or alpha == -1):
        raise ValueError(
            f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore: "
            "pass the share of weight that positive labels get, such as 0.25"
        )
    if targets.shape != inputs.shape:
        raise ValueError(
            f"Target size ({targets.size()}) must be the same as input size ({inputs.size()}): "
            "pass one label, 0.0 or 1.0, for each logit"
        )
    check_floating(inputs=inputs)
    check_floating(targets=targets)


class SigmoidFocalLoss(Loss):
    r"""[`sigmoid_focal_loss`][losses.sigmoid_focal_loss] as a module.

    Args:
        alpha: Weight of the positive labels, in [0, 1]; −1 turns the weighting off.
        gamma: Exponent of the factor that turns easy elements down, at least 0.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import SigmoidFocalLoss
        >>> criterion = SigmoidFocalLoss(reduction="sum")
        >>> criterion
        SigmoidFocalLoss(reduction='sum', alpha=0.25, gamma=2)
        >>> logits = torch.tensor([0.0, 0.0], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([1.0, 0.0]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(0.1733), tensor([-0.0746,  0.2237]))
    """

    alpha: float
    gamma: float

    def __init__(self, alpha: float = 0.25, gamma: float = 2, reduction: str = "none") -> None:
        check_gamma(gamma)
        super().__init__(reduction=reduction)
        self.alpha = alpha
        self.gamma = gamma

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Compute the loss; see [`sigmoid_focal_loss`][losses.sigmoid_focal_loss]."""
        return sigmoid_focal_loss(inputs, targets, self.alpha, self.gamma, self.reduction)


RECORD = Record(
    function="sigmoid_focal_loss",
    classes=("SigmoidFocalLoss",),
    aliases=("binary focal loss", "RetinaNet loss"),
    summary="Binary or multi-label, easy samples turned down: dense detection.",
    input="logits, any real number",
    target="0.0 or 1.0, floating point, same shape",
    mean="the number of elements; the default is `'none'`",
    shapes="`inputs` (*), `targets` (*)",
    torch_equivalent=False,
    curve=Curve(
        {"inputs": "x", "targets": 1.0},
        (0, 1),
        "probability p of the right class, with α = −1",
        sweep=("gamma", (0.0, 0.5, 1.0, 2.0, 5.0)),
        keywords={"alpha": -1.0},
        slider=(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0),
        probability=True,
    ),
    more=(
        Curve(
            {"inputs": "x", "targets": 1.0},
            (-6, 6),
            "x, with y = 1",
            sweep=("alpha", (0.25, 0.5, 0.75)),
            slider=(0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0),
        ),
    ),
    properties=Properties(
        convex=Claim(False, "it curves downwards where the model is confident and wrong"),
        lipschitz=Claim(
            True,
            "0.75, the weight of a no, times the steepest slope, which is at p = 0.058",
            0.8467,
        ),
        smooth=Claim(True, "a power of a probability times its logarithm"),
        symmetric=Claim(
            False,
            "a wrong logit costs `alpha` or 1 − `alpha` times its size, a right one little",
            "sign",
        ),
        bounded=Claim(
            True,
            "0.75, the weight of a no, times the steepest slope, which is at p = 0.058",
            0.8467,
        ),
        non_negative=Claim(True, "a square times minus the logarithm of a probability"),
        minimum=Claim(False, "0 is only approached, as the logit grows towards its label"),
    ),
)
