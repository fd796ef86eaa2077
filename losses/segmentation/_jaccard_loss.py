"""Jaccard loss: one minus the overlap of two masks, divided by their union."""

from __future__ import annotations

from torch import Tensor

from losses._checks import loss_function
from losses._overlap import check_pixels, check_smooth, pixels, ratio
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["JaccardLoss", "jaccard_loss"]


@loss_function("input")
def jaccard_loss(
    input: Tensor,
    target: Tensor,
    *,
    smooth: float = 1e-5,
    per_image: bool = True,
    from_logits: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how much of the union of two masks is not their overlap: one minus IoU.

    For one class of one image, with the probability $p_i$ of the class at each pixel $i$, the
    target $t_i$ there, and a small number $s$,

    $$
    \ell(p, t) = 1 - \frac{\sum_i p_i t_i + s}{\sum_i p_i + \sum_i t_i - \sum_i p_i t_i + s}
    $$

    The probabilities come from the logits: by softmax over the classes where the target holds class
    indices, by sigmoid where it holds a mask for each class.

    `'mean'` divides the sum of all losses by their number: the pairs of image and class, or with
    `per_image=False`, where the sums run over the pixels of the whole batch, the classes.

    The gradient pulls up all pixels of the target and pushes down all others, each kind alike. The
    denominator is the union:

    $$
    \frac{\partial \ell}{\partial p_i} =
    \frac{(1 - \ell(p, t)) (1 - t_i) - t_i}{\sum_j p_j + \sum_j t_j - \sum_j p_j t_j + s}
    $$

    For a logit, the sigmoid multiplies it by $p_i (1 - p_i)$.

    Args:
        input: Logits, floating point, any real number, classes in dimension 1; probabilities $p$
            with `from_logits=False`.
        target: Class indices, int64 or uint8, one for each pixel; or masks $t$ of the shape of
            `input`, any type, values in [0, 1].
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
            indices another batch size, `smooth` is negative, or `reduction` is none of the three.
        RuntimeError: If class indices are neither int64 nor uint8 or have another shape than the
            pixels, a mask is complex, or values of a mask or of probabilities lie outside of
            [0, 1] (looked for on the CPU only).
        IndexError: If a class index is neither a class nor `ignore_index` (on the CPU only).
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four pixels, three of them in the mask. By hand: the overlap is 0.9 + 0.6 + 0.1 = 1.6, the
        sizes are 1.8 and 3, the union is 1.8 + 3 − 1.6 = 3.2, and 1 − 1.6 / 3.2 = 1/2.

        >>> import torch
        >>> from losses import jaccard_loss
        >>> p = torch.tensor([[[0.9, 0.2, 0.6, 0.1]]])
        >>> t = torch.tensor([[[1.0, 0.0, 1.0, 1.0]]])
        >>> jaccard_loss(p, t, from_logits=False, smooth=0)
        tensor(0.5000)

        A training step with class indices: three classes, an image of two by two pixels. The last
        pixel is marked 255 and left out.

        >>> import torch
        >>> from losses import jaccard_loss
        >>> logits = torch.zeros(1, 3, 2, 2, requires_grad=True)
        >>> target = torch.tensor([[[0, 1], [1, 255]]])
        >>> loss = jaccard_loss(logits, target, ignore_index=255)
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.8381)
        >>> logits.grad[0, 1]
        tensor([[ 0.0313, -0.0362],
                [-0.0362,  0.0000]])

        From the Dice loss $d$ without `smooth` it is $2d / (1 + d)$.

        >>> import torch
        >>> from losses import dice_loss, jaccard_loss
        >>> p = torch.tensor([[[0.9, 0.2, 0.6, 0.1]]])
        >>> t = torch.tensor([[[1.0, 0.0, 1.0, 1.0]]])
        >>> d = dice_loss(p, t, from_logits=False, smooth=0)
        >>> 2 * d / (1 + d), jaccard_loss(p, t, from_logits=False, smooth=0)
        (tensor(0.5000), tensor(0.5000))

    References:
        - Rahman, Wang, [Optimizing Intersection-Over-Union in Deep Neural Networks for Image
          Segmentation](https://doi.org/10.1007/978-3-319-50835-1_22), 2016
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """
    check_pixels(input)
    check_smooth(smooth)
    p, t = pixels(input, target, per_image, from_logits, ignore_index)
    overlap = (p * t).sum(-1)
    union = (p + t - p * t).sum(-1)
    loss = 1 - ratio(overlap + smooth, union + smooth)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class JaccardLoss(Loss):
    r"""[`jaccard_loss`][losses.jaccard_loss] as a module.

    Args:
        smooth: Number above and below the fraction, at least 0.
        per_image: Whether each image has a loss of its own.
        from_logits: Whether the input holds logits.
        ignore_index: The value of a target that marks what to leave out.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `smooth` is negative.

    Examples:
        >>> import torch
        >>> from losses import JaccardLoss
        >>> criterion = JaccardLoss(smooth=1.0)
        >>> logits = torch.tensor([[[2.0, 0.0, -1.0]]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([[[1, 1, 0]]]))
        >>> loss.backward()
        >>> loss.detach()
        tensor(0.2717)
        >>> logits.grad
        tensor([[[-0.0321, -0.0765,  0.0438]]])
    """

    smooth: float
    per_image: bool
    from_logits: bool
    ignore_index: int

    def __init__(
        self,
        *,
        smooth: float = 1e-5,
        per_image: bool = True,
        from_logits: bool = True,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        check_smooth(smooth)
        super().__init__(reduction=reduction)
        self.smooth = smooth
        self.per_image = per_image
        self.from_logits = from_logits
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`jaccard_loss`][losses.jaccard_loss]."""
        return jaccard_loss(
            input,
            target,
            smooth=self.smooth,
            per_image=self.per_image,
            from_logits=self.from_logits,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


RECORD = Record(
    function="jaccard_loss",
    classes=("JaccardLoss",),
    aliases=("IoU loss", "soft Jaccard loss", "intersection over union"),
    summary="Segmentation judged by IoU: overlap over union.",
    mean="the number of pairs of image and class; of classes with `per_image=False`",
    shapes="`input` (N, C, d1, ...); `target` (N, d1, ...) or as `input`",
    eps="`smooth` is added above and below the fraction",
    torch_equivalent=False,
    curve=Curve(
        {"input": [[["x", "x", -1000.0, -1000.0]]], "target": [[[1.0, 1.0, 0.0, 0.0]]]},
        (0, 1),
        "probability p of both pixels of the object",
        sweep=("smooth", (1e-5, 1.0, 10.0)),
        slider=(1e-5, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0),
        probability=True,
    ),
    properties=Properties(
        convex=Claim(False, "the sigmoid is not, and neither is a ratio"),
        lipschitz=Claim(
            True, "with masks a quarter: one pixel is the whole object, and its p is 1/2", 0.25
        ),
        smooth=Claim(True, "a ratio of sums of sigmoids, and `smooth` keeps it off 0/0"),
        symmetric=Claim(
            False,
            "logits are no mask; with `from_logits=False` the two may change places",
            "arguments",
        ),
        bounded=Claim(
            True, "with masks a quarter: one pixel is the whole object, and its p is 1/2", 0.25
        ),
        non_negative=Claim(True, "the overlap is at most the union"),
        minimum=Claim(False, "0 is only approached, as the logits grow towards the mask"),
    ),
)
