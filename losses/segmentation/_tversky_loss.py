"""Tversky loss: an overlap of masks that weighs false alarms and misses apart."""

from __future__ import annotations

from torch import Tensor

from losses._checks import loss_function
from losses._overlap import check_pixels, check_smooth, pixels, ratio
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["TverskyLoss", "tversky_loss"]


@loss_function("input")
def tversky_loss(
    input: Tensor,
    target: Tensor,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    gamma: float = 1.0,
    smooth: float = 1e-5,
    per_image: bool = True,
    from_logits: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how badly two masks overlap, false alarms and misses weighed apart.

    For one class of one image, with the probability $p_i$ of the class at each pixel $i$, the
    target $t_i$ there, and a small number $s$,

    $$
    \ell(p, t) = (1 - T)^{\gamma}, \qquad
    T = \frac{A + s}{A + \alpha F + \beta M + s}
    $$

    with the hits $A$, the false alarms $F$ and the misses $M$:

    $$
    A = \sum_i p_i t_i, \qquad
    F = \sum_i p_i (1 - t_i), \qquad
    M = \sum_i (1 - p_i) t_i
    $$

    The probabilities come from the logits: by softmax over the classes where the target holds class
    indices, by sigmoid where it holds a mask for each class.

    `'mean'` divides the sum of all losses by their number: the pairs of image and class, or with
    `per_image=False`, where the sums run over the pixels of the whole batch, the classes.

    The gradient has one value for all pixels of the target and another for all others:

    $$
    \frac{\partial \ell}{\partial p_i} = -\gamma (1 - T)^{\gamma - 1} \,
    \frac{t_i - T (t_i + \alpha (1 - t_i) - \beta t_i)}{A + \alpha F + \beta M + s}
    $$

    For a logit, the sigmoid multiplies it by $p_i (1 - p_i)$. With $\gamma < 1$ it grows without
    bound as $T$ approaches 1, and counts as 0 there.

    Args:
        input: Logits, floating point, any real number, classes in dimension 1; probabilities $p$
            with `from_logits=False`.
        target: Class indices, int64 or uint8, one for each pixel; or masks $t$ of the shape of
            `input`, any type, values in [0, 1].
        alpha: Weight $\alpha$ of the false alarms, at least 0.
        beta: Weight $\beta$ of the misses, at least 0. Both 0.5 make the Dice loss of twice the
            `smooth`, both 1 the Jaccard loss.
        gamma: Exponent $\gamma$, above 0. Below 1 it turns the poor overlaps down and the good ones
            up, above 1 the other way round.
        smooth: Number $s$ above and below, at least 0. It makes an empty mask that is found empty
            cost 0. At 0 such a mask costs 0 as well, but the slightest false alarm 1.
        per_image: Whether each image has a loss of its own. `False` adds the pixels of all images
            up first.
        from_logits: Whether `input` holds logits. `False`: probabilities.
        ignore_index: Pixels whose target has this value enter no sum, and get no gradient.
        reduction: `'none'` keeps one loss for each image and class, `'sum'` adds them up, `'mean'`
            averages over them.

    Shape:
        - `input`: $(N, C, d_1, \ldots, d_K)$, with K at least 1.
        - `target`: $(N, d_1, \ldots, d_K)$ for class indices; $(N, C, d_1, \ldots, d_K)$ for masks.
        - result: a scalar; with `reduction='none'` $(N, C)$, or $(C)$ with `per_image=False`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). The mean of nothing is 0.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `input` has fewer than 3 dimensions, a mask another shape than `input`, class
            indices another batch size, `alpha`, `beta` or `smooth` is negative, `gamma` not above
            0, or `reduction` none of the three.
        RuntimeError: If class indices are neither int64 nor uint8 or have another shape than the
            pixels, a mask is complex, or values of a mask or of probabilities lie outside of
            [0, 1] (looked for on the CPU only).
        IndexError: If a class index is neither a class nor `ignore_index` (on the CPU only).
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four pixels, three of them in the mask. By hand: the hits are 0.9 + 0.6 + 0.1 = 1.6, the
        false alarms 0.2, the misses 0.1 + 0.4 + 0.9 = 1.4. So
        T = 1.6 / (1.6 + 0.3 · 0.2 + 0.7 · 1.4) = 1.6 / 2.64 = 0.6061, and (1 − T)² = 0.1552.

        >>> import torch
        >>> from losses import tversky_loss
        >>> p = torch.tensor([[[0.9, 0.2, 0.6, 0.1]]])
        >>> t = torch.tensor([[[1.0, 0.0, 1.0, 1.0]]])
        >>> weights = {"alpha": 0.3, "beta": 0.7, "smooth": 0}
        >>> tversky_loss(p, t, **weights, from_logits=False)
        tensor(0.3939)
        >>> tversky_loss(p, t, **weights, gamma=2.0, from_logits=False)
        tensor(0.1552)

        A training step with class indices: three classes, an image of two by two pixels. The last
        pixel is marked 255 and left out.

        >>> import torch
        >>> from losses import tversky_loss
        >>> logits = torch.zeros(1, 3, 2, 2, requires_grad=True)
        >>> target = torch.tensor([[[0, 1], [1, 255]]])
        >>> loss = tversky_loss(
        ...     logits, target, alpha=0.3, beta=0.7, ignore_index=255
        ... )
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.7582)
        >>> logits.grad[0, 1]
        tensor([[ 0.0385, -0.0422],
                [-0.0422,  0.0000]])

        With both weights at 0.5 it is the Dice loss, with both at 1 the Jaccard loss.

        >>> import torch
        >>> from losses import dice_loss, jaccard_loss, tversky_loss
        >>> p = torch.tensor([[[0.9, 0.2, 0.6, 0.1]]])
        >>> t = torch.tensor([[[1.0, 0.0, 1.0, 1.0]]])
        >>> how = {"smooth": 0, "from_logits": False}
        >>> tversky_loss(p, t, alpha=0.5, beta=0.5, **how), dice_loss(p, t, **how)
        (tensor(0.3333), tensor(0.3333))
        >>> tversky_loss(p, t, alpha=1, beta=1, **how), jaccard_loss(p, t, **how)
        (tensor(0.5000), tensor(0.5000))

    References:
        - Salehi, Erdogmus, Gholipour, [Tversky loss function for image segmentation using 3D fully
          convolutional deep networks](https://arxiv.org/abs/1706.05721), 2017
        - Abraham, Khan, [A Novel Focal Tversky loss function with improved Attention U-Net for
          lesion segmentation](https://arxiv.org/abs/1810.07842), 2018; its γ is 1 over the exponent
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """
    check_pixels(input)
    check_weights(alpha, beta, gamma)
    check_smooth(smooth)
    p, t = pixels(input, target, per_image, from_logits, ignore_index)
    hits = (p * t).sum(-1)
    alarms = (p * (1 - t)).sum(-1)
    misses = ((1 - p) * t).sum(-1)
    errors = alpha * alarms + beta * misses
    # 1 - T, with all digits where T is close to 1.
    loss = ratio(errors, hits + errors + smooth, nothing=0)
    if gamma < 1:
        # At 0 the slope of the power is infinite: keep away.
        right = loss == 0
        power = loss.masked_fill(right, 1) ** gamma
        loss = power.masked_fill(right, 0)
    else:
        loss = loss**gamma
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_weights(alpha: float, beta: float, gamma: float) -> None:
    """Raise unless false alarms and misses cost something or nothing, and the power grows."""
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not value >= 0:
            raise ValueError(
                f"{name} must be at least 0, got {name}={value}: alpha weighs the false alarms, "
                "beta the misses; 0.5 for both is the Dice loss"
            )
    if not gamma > 0:
        raise ValueError(
            f"gamma must be above 0, got gamma={gamma}: it is the exponent; pass 1 / gamma for the "
            "gamma of the focal Tversky paper"
        )


class TverskyLoss(Loss):
    r"""[`tversky_loss`][losses.tversky_loss] as a module.

    Args:
        alpha: Weight of the false alarms, at least 0.
        beta: Weight of the misses, at least 0.
        gamma: Exponent, above 0.
        smooth: Number above and below the fraction, at least 0.
        per_image: Whether each image has a loss of its own.
        from_logits: Whether the input holds logits.
        ignore_index: The value of a target that marks what to leave out.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `alpha`, `beta` or `smooth` is negative, or `gamma` not above 0.

    Examples:
        >>> import torch
        >>> from losses import TverskyLoss
        >>> criterion = TverskyLoss(alpha=0.3, beta=0.7)
        >>> logits = torch.tensor([[[2.0, 0.0, -1.0]]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([[[1, 1, 0]]]))
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.2713)
        >>> logits.grad
        tensor([[[-0.0433, -0.1031,  0.0227]]])
    """

    alpha: float
    beta: float
    gamma: float
    smooth: float
    per_image: bool
    from_logits: bool
    ignore_index: int

    def __init__(
        self,
        *,
        alpha: float = 0.5,
        beta: float = 0.5,
        gamma: float = 1.0,
        smooth: float = 1e-5,
        per_image: bool = True,
        from_logits: bool = True,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        check_weights(alpha, beta, gamma)
        check_smooth(smooth)
        super().__init__(reduction=reduction)
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.smooth = smooth
        self.per_image = per_image
        self.from_logits = from_logits
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`tversky_loss`][losses.tversky_loss]."""
        return tversky_loss(
            input,
            target,
            alpha=self.alpha,
            beta=self.beta,
            gamma=self.gamma,
            smooth=self.smooth,
            per_image=self.per_image,
            from_logits=self.from_logits,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


RECORD = Record(
    function="tversky_loss",
    classes=("TverskyLoss",),
    aliases=("focal Tversky loss", "Tversky index"),
    summary="Segmentation where misses and false alarms cost differently.",
    mean="the number of pairs of image and class; of classes with `per_image=False`",
    shapes="`input` (N, C, d1, ...); `target` (N, d1, ...) or as `input`",
    eps="`smooth` is added above and below the fraction",
    torch_equivalent=False,
    curve=Curve(
        {"input": [[["x", "x", 1000.0, 1000.0]]], "target": [[[1.0, 1.0, 1.0, 0.0]]]},
        (0, 1),
        "p of two of the object's three pixels",
        sweep=("beta", (0.3, 0.5, 0.7)),
        slider=(0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
        probability=True,
    ),
    more=(
        Curve(
            {"input": [[["x", "x", 1000.0, 1000.0]]], "target": [[[1.0, 1.0, 1.0, 1.0]]]},
            (0, 1),
            "p of two of the object's four pixels",
            sweep=("gamma", (0.75, 1.0, 2.0)),
            slider=(0.5, 0.75, 1.0, 1.5, 2.0, 3.0),
            probability=True,
        ),
        Curve(
            {"input": [[["x", "x", 1000.0, 1000.0]]], "target": [[[0.0, 0.0, 1.0, 1.0]]]},
            (0, 1),
            "p of two pixels beside the object",
            sweep=("alpha", (0.3, 0.5, 0.7)),
            slider=(0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
            probability=True,
        ),
    ),
    properties=Properties(
        convex=Claim(False, "the sigmoid is not, and neither is a ratio"),
        lipschitz=Claim(
            True, "with masks a quarter: one pixel is the whole object, and its p is 1/3", 0.25
        ),
        smooth=Claim(True, "a ratio of sums of sigmoids, and `smooth` keeps it off 0/0"),
        symmetric=Claim(
            False,
            "logits are no mask; with `from_logits=False` the two may change places",
            "arguments",
        ),
        bounded=Claim(
            True, "with masks a quarter: one pixel is the whole object, and its p is 1/3", 0.25
        ),
        non_negative=Claim(True, "neither part of the fraction is below 0"),
        minimum=Claim(False, "0 is only approached, as the logits grow towards the mask"),
    ),
)
