"""Lovász hinge: the Jaccard loss of a mask, made continuous and convex in the logits."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu

from losses._checks import check_floating, check_mask, check_real, loss_function, upcast
from losses._lovasz import lovasz_extension
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["LovaszHingeLoss", "lovasz_hinge_loss"]


@loss_function("input")
def lovasz_hinge_loss(
    input: Tensor,
    target: Tensor,
    *,
    per_image: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Weigh the hinge of each pixel by how much that pixel, wrong, adds to the Jaccard loss.

    For the $P$ logits $x_i$ of an image and its mask $y_i$, 1 on the object and 0 off it,

    $$
    \begin{aligned}
    \ell(x, y) &= \sum_{i = 1}^{P} \max(0, e_i) \, s_i \\
    e_i &= 1 - (2 y_i - 1) x_i \\
    s_i &= J(m_i, f_i) - J(m_i - y_i, f_i - 1 + y_i) \\
    J(m, f) &= \frac{m + f}{\sum_{j = 1}^{P} y_j + f} \\
    m_i &= \sum_{j, e_j \ge e_i} y_j, \qquad f_i = \sum_{j, e_j \ge e_i} (1 - y_j)
    \end{aligned}
    $$

    The errors $e_i$ are sorted, and pixels turned wrong one after the other, the worst first.
    $J(m, f)$ is the Jaccard loss, 1 − IoU, with $m$ pixels of the object missed and $f$ false
    alarms; $J(0, 0)$ is 0. The steps $s_i$ are at least 0 and add up to 1.

    `'mean'` divides the sum over all images by their number, $\frac{1}{N} \sum_n \ell_n$. With
    `per_image=False` all pixels of the batch are one image. Where no pixel is left, the loss is 0.

    The gradient of a pixel that lacks its margin is its step:

    $$
    \frac{\partial \ell}{\partial x_i} = \begin{cases}
    (1 - 2 y_i) s_i & \text{if } e_i > 0 \\
    0 & \text{otherwise}
    \end{cases}
    $$

    Args:
        input: Logits $x$, floating point, any real number, one image per row.
        target: Masks $y$, 0 or 1, of any data type, same shape as `input`.
        per_image: Whether each image has a loss of its own. `False` compares all pixels of the
            batch as one image.
        ignore_index: Pixels with this target do not count, whatever their logits hold.
        reduction: `'none'` keeps one loss per image, `'sum'` adds them up, `'mean'` averages
            over all images.

    Shape:
        - `input`: $(N, d_1, ..., d_K)$, any number of further dimensions, including 0.
        - `target`: same as `input`.
        - result: a scalar; $(N)$ with `reduction='none'`, $(1)$ with `per_image=False` as well.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It takes the time and memory
        of one sort.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If the shapes differ, `input` has no dimension, a value of `target` is neither
            0, 1 nor `ignore_index`, or `reduction` is none of the three. Values are looked at on
            the CPU only.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` is complex.

    Examples:
        Three pixels, two of them on the object. The errors are 1 − 2 = −1, 1 + 0.5 = 1.5 and
        1 + 0.25 = 1.25. The second pixel wrong makes the Jaccard loss 1/2, the third as well makes
        it 2/3. The steps are 1/2 and 1/6: 1.5 / 2 + 1.25 / 6 = 0.9583.

        >>> import torch
        >>> from losses import lovasz_hinge_loss
        >>> logits = torch.tensor([[2.0, -0.5, 0.25]])
        >>> mask = torch.tensor([[1, 1, 0]])
        >>> lovasz_hinge_loss(logits, mask)
        tensor(0.9583)

        The steps are the gradient. A first pixel without its margin gets the third one.

        >>> import torch
        >>> from losses import lovasz_hinge_loss
        >>> logits = torch.tensor([[0.5, -0.5, 0.25]], requires_grad=True)
        >>> lovasz_hinge_loss(logits, torch.tensor([[1, 1, 0]])).backward()
        >>> logits.grad
        tensor([[-0.3333, -0.5000,  0.1667]])

        A batch of masks. A model's output (N, 1, H, W) needs masks of the same shape; 255 marks
        pixels that nobody labelled.

        >>> import torch
        >>> from losses import lovasz_hinge_loss
        >>> logits = torch.zeros(2, 1, 2, 2)
        >>> masks = torch.tensor([[[[1, 0], [1, 255]]], [[[0, 0], [0, 0]]]])
        >>> lovasz_hinge_loss(logits, masks, ignore_index=255, reduction="none")
        tensor([1., 1.])

    References:
        - Berman, Rannen Triki, Blaschko, [The Lovász-Softmax loss: A tractable surrogate for the
          optimization of the intersection-over-union measure in neural
          networks](https://arxiv.org/abs/1705.08790), 2018, section 3
        - PyTorch has no such loss; the nearest is
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
    """
    check_floating(input=input)
    check_real(target=target)
    check_mask(input, target, ignore_index)
    input, target = upcast(input, target)
    # A row for each image, or one for all of them.
    x, y = (z[:, None] if per_image else z[None] for z in (input, target))
    x, y = x.flatten(1), y.flatten(1)
    error = 1 - (2 * y - 1) * x
    hinge = relu(error).masked_fill(y == ignore_index, 0)  # 0 comes last, and adds nothing
    loss = lovasz_extension(hinge, y == 1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class LovaszHingeLoss(Loss):
    r"""[`lovasz_hinge_loss`][losses.lovasz_hinge_loss] as a module.

    Args:
        per_image: Whether each image has a loss of its own.
        ignore_index: Pixels with this target do not count.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import LovaszHingeLoss
        >>> criterion = LovaszHingeLoss()
        >>> criterion
        LovaszHingeLoss(reduction='mean', per_image=True, ignore_index=-100)
        >>> logits = torch.tensor([[0.5, -0.5, 0.25]], requires_grad=True)
        >>> loss = criterion(logits, torch.tensor([[1, 1, 0]]))
        >>> loss.backward()
        >>> loss.detach(), logits.grad
        (tensor(1.1250), tensor([[-0.3333, -0.5000,  0.1667]]))
    """

    per_image: bool
    ignore_index: int

    def __init__(
        self, *, per_image: bool = True, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.per_image = per_image
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`lovasz_hinge_loss`][losses.lovasz_hinge_loss]."""
        return lovasz_hinge_loss(
            input,
            target,
            per_image=self.per_image,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


RECORD = Record(
    function="lovasz_hinge_loss",
    classes=("LovaszHingeLoss",),
    aliases=("Lovász hinge", "binary Lovász loss", "Lovász extension of the Jaccard loss"),
    summary="A mask whose IoU counts, from logits: convex, one hinge per pixel.",
    input="logits, one per pixel",
    target="masks of 0 and 1, same shape",
    mean="the number of images; 1 with `per_image=False`",
    shapes="`input` (N, d1, ...), `target` as `input`",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0, 1.0]], "target": [[1, 1, 0]]},
        (-3, 3),
        "x₁, with x₂ = 0, x₃ = 1 and y = (1, 1, 0)",
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(True, "a further mistake costs the less, the more there are"),
        lipschitz=Claim(
            True, "its entries are the steps of the Jaccard loss, which add up to at most 1", 1.0
        ),
        smooth=Claim(False, "a kink at the margin, and where two pixels change places"),
        symmetric=Claim(False, "what is right becomes wrong", "sign"),
        bounded=Claim(
            True, "its entries are the steps of the Jaccard loss, which add up to at most 1", 1.0
        ),
        non_negative=Claim(True, "hinges times steps, none of them below 0"),
        minimum=Claim(True, "wherever every pixel is right by a margin of 1", "loss == 0"),
    ),
)
