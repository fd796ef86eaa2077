"""Lovász-Softmax: the Jaccard loss of every class, made continuous in the probabilities."""

from __future__ import annotations

import torch
from torch import Tensor

from losses._checks import check_floating, classified, loss_function
from losses._lovasz import lovasz_extension
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["LovaszSoftmaxLoss", "lovasz_softmax_loss"]


@loss_function("input")
def lovasz_softmax_loss(
    input: Tensor,
    target: Tensor,
    *,
    classes: str = "present",
    per_image: bool = False,
    from_logits: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Weigh the error of each pixel by how much that pixel, wrong, adds to the Jaccard loss.

    For $P$ pixels with the logits $x_{ic}$ of the classes $c$ and the right classes $y_i$,

    $$
    \begin{aligned}
    \ell_c(x, y) &= \sum_{i = 1}^{P} e_{ic} s_{ic} \\
    e_{ic} &= |t_{ic} - p_{ic}|, \qquad t_{ic} = \mathbb{1}[y_i = c] \\
    p_{ic} &= \frac{\exp(x_{ic})}{\sum_j \exp(x_{ij})} \\
    s_{ic} &= J_c(m_{ic}, f_{ic}) - J_c(m_{ic} - t_{ic}, f_{ic} - 1 + t_{ic}) \\
    J_c(m, f) &= \frac{m + f}{\sum_j \mathbb{1}[y_j = c] + f} \\
    m_{ic} &= \sum_{j, e_{jc} \ge e_{ic}} \mathbb{1}[y_j = c] \\
    f_{ic} &= \sum_{j, e_{jc} \ge e_{ic}} \mathbb{1}[y_j \ne c]
    \end{aligned}
    $$

    For each class the errors $e_{ic}$ are sorted, and pixels turned wrong one after the other, the
    worst first. $J_c(m, f)$ is the Jaccard loss of the class, 1 − IoU, with $m$ of its pixels
    missed and $f$ false alarms; $J_c(0, 0)$ is 0. The steps $s_{ic}$ are at least 0 and add up to
    1, so $\ell_c$ is a weighted mean of the errors.

    `'mean'` divides the sum over all classes by the number $C$ of those that some pixel has,
    $\frac{1}{C} \sum_c \ell_c$; the others are 0. With `classes='all'` they count as well, with
    their largest probability. With `per_image=True` each pair of an image and a class is counted.
    Where nothing is counted, the mean is 0.

    The gradient is that of the probability, times the step of its error:

    $$
    \frac{\partial \ell_c}{\partial x_{ik}} =
    (1 - 2 t_{ic}) s_{ic} p_{ic} (\mathbb{1}[k = c] - p_{ik})
    $$

    Args:
        input: Logits $x$, floating point, any real number, with the classes in dimension 1; or
            probabilities, with `from_logits=False`.
        target: Class indices $y$, int64 or uint8, one per pixel.
        classes: `'present'` counts the classes that some pixel has, `'all'` counts all of them.
        per_image: Whether the pixels of each image are compared among themselves. `False` compares
            all pixels of the batch.
        from_logits: Whether `input` holds logits. `False` takes it as probabilities.
        ignore_index: Pixels with this target do not count, whatever their logits hold.
        reduction: `'none'` keeps one loss per class, `'sum'` adds them up, `'mean'` averages
            over the classes counted.

    Shape:
        - `input`: $(N, C, d_1, ..., d_K)$, any number of further dimensions, including 0.
        - `target`: $(N, d_1, ..., d_K)$.
        - result: a scalar; $(C)$ with `reduction='none'`, $(N, C)$ with `per_image=True` as well.

    Returns:
        The loss in the data type of `input` (float32 under autocast). It takes the time and memory
        of one sort for each class.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `input` has fewer than two dimensions or no class, `classes` is neither of
            the two, the batches differ, or `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.
        RuntimeError: If `target` has another shape or data type.
        IndexError: If a class index is out of range, on the CPU.

    Examples:
        Three pixels, two classes. In the second class the errors are 0.1, 0.3 and 0.6. The last
        pixel is a false alarm, and takes the Jaccard loss to 1/2. Then the only pixel of the class
        is missed: 1. So (0.6 + 0.3) / 2 = 0.45.

        >>> import torch
        >>> from losses import lovasz_softmax_loss
        >>> p = torch.tensor([[0.9, 0.1], [0.3, 0.7], [0.4, 0.6]])
        >>> y = torch.tensor([0, 1, 0])
        >>> lovasz_softmax_loss(p, y, from_logits=False, reduction="none")
        tensor([0.3833, 0.4500])
        >>> lovasz_softmax_loss(p, y, from_logits=False)
        tensor(0.4167)

        On probabilities of 0 and 1 it is 1 − IoU. Here one pixel of the first class is right and
        one of the second, of unions of two and three. Of the third none is.

        >>> import torch
        >>> from losses import lovasz_softmax_loss
        >>> predicted, y = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 2])
        >>> p = torch.eye(3)[predicted]
        >>> lovasz_softmax_loss(p, y, from_logits=False, reduction="none")
        tensor([0.5000, 0.6667, 1.0000])

        A training step: two pictures, three classes, 255 for what nobody labelled.

        >>> import torch
        >>> from losses import lovasz_softmax_loss
        >>> _ = torch.manual_seed(0)
        >>> logits = torch.randn(2, 3, 4, 4, requires_grad=True)
        >>> target = torch.randint(3, (2, 4, 4))
        >>> target[:, 0] = 255
        >>> loss = lovasz_softmax_loss(logits, target, ignore_index=255)
        >>> loss.backward()
        >>> logits.grad[:, :, 0].any(), logits.grad[:, :, 1:].all()
        (tensor(False), tensor(True))

    References:
        - Berman, Rannen Triki, Blaschko, [The Lovász-Softmax loss: A tractable surrogate for the
          optimization of the intersection-over-union measure in neural
          networks](https://arxiv.org/abs/1705.08790), 2018, section 3
        - PyTorch has no such loss; the nearest is
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
    """
    check_counted(classes)
    check_class_logits(input)
    input, target = prepared(input, target, ignore_index)
    ignored = target == ignore_index
    # An ignored pixel may hold anything: blank it.
    x = input.masked_fill(ignored.unsqueeze(1), 0)
    p = x.softmax(1) if from_logits else x
    y = target.masked_fill(ignored, -1)
    t = (y[..., None] == torch.arange(x.shape[1], device=y.device)).movedim(-1, 1)
    error = (t.to(p.dtype) - p).abs().masked_fill(ignored.unsqueeze(1), 0)
    # A row for each class and image, or for each class.
    if per_image:
        error, t = error[..., None].flatten(2), t[..., None].flatten(2)
    else:
        error, t = error.transpose(0, 1).flatten(1), t.transpose(0, 1).flatten(1)
    loss = lovasz_extension(error, t)
    counted = t.any(-1) if classes == "present" else torch.ones_like(loss, dtype=torch.bool)
    loss = loss.masked_fill(~counted, 0)
    return reduce_loss(loss, reduction, counted.sum().clamp(min=1))


def check_counted(classes: str) -> None:
    """Raise unless it is known which classes count."""
    if classes not in ("present", "all"):
        raise ValueError(
            f"classes must be 'present' or 'all', got {classes!r}: to average over others, pass "
            "reduction='none' and choose from the result"
        )


def check_class_logits(input: Tensor) -> None:
    """Raise unless there is a number for each class."""
    if input.dim() < 2 or input.shape[1] == 0:
        raise ValueError(
            f"input must be of shape (N, C, ...), one number a class, got {tuple(input.shape)}: "
            "pass input[None] for a single image; for a mask of 0 and 1, see lovasz_hinge_loss"
        )
    check_floating(input=input)


def prepared(input: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Give the data type to compute in, and one class index a pixel."""
    input, target, _ = classified(input, target, None, ignore_index)
    return input, target


class LovaszSoftmaxLoss(Loss):
    r"""[`lovasz_softmax_loss`][losses.lovasz_softmax_loss] as a module.

    Args:
        classes: `'present'` counts the classes that some pixel has, `'all'` counts all of them.
        per_image: Whether the pixels of each image are compared among themselves.
        from_logits: Whether `input` holds logits. `False` takes it as probabilities.
        ignore_index: Pixels with this target do not count.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Raises:
        ValueError: If `classes` is neither of the two.

    Examples:
        >>> import torch
        >>> from losses import LovaszSoftmaxLoss
        >>> criterion = LovaszSoftmaxLoss(from_logits=False)
        >>> rows = [[0.9, 0.1], [0.3, 0.7], [0.4, 0.6]]
        >>> p = torch.tensor(rows, requires_grad=True)
        >>> loss = criterion(p, torch.tensor([0, 1, 0]))
        >>> loss.backward()
        >>> loss.detach(), p.grad
        (tensor(0.4167), tensor([[-0.1667,  0.0000],
                [ 0.0833, -0.2500],
                [-0.2500,  0.2500]]))
    """

    classes: str
    per_image: bool
    from_logits: bool
    ignore_index: int

    def __init__(
        self,
        *,
        classes: str = "present",
        per_image: bool = False,
        from_logits: bool = True,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        check_counted(classes)
        super().__init__(reduction=reduction)
        self.classes = classes
        self.per_image = per_image
        self.from_logits = from_logits
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`lovasz_softmax_loss`][losses.lovasz_softmax_loss]."""
        return lovasz_softmax_loss(
            input,
            target,
            classes=self.classes,
            per_image=self.per_image,
            from_logits=self.from_logits,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


RECORD = Record(
    function="lovasz_softmax_loss",
    classes=("LovaszSoftmaxLoss",),
    aliases=("Lovász-Softmax", "Lovász loss", "mIoU loss"),
    summary="One class per pixel, judged by the mean IoU; from logits.",
    target="class indices (int64, uint8)",
    mean="the number of classes that some pixel has; with `per_image=True`, of such pairs of an "
    "image and a class",
    shapes="`input` (N, C) or (N, C, d1, ...); `target` (N) or (N, d1, ...)",
    torch_equivalent=False,
    curve=Curve(
        {"input": [["x", 0.0], [0.0, 1.0], [1.0, 0.0]], "target": [0, 0, 1]},
        (-4, 4),
        "x₁₁, beside (0, 1) and (1, 0), with y = (1, 1, 2)",
        symbol="x₁₁",
    ),
    properties=Properties(
        convex=Claim(False, "a probability flattens out where it is wrong"),
        lipschitz=Claim(
            True, "steps add up to at most 1, and a probability has a slope of √2 / 4", 2**0.5 / 4
        ),
        smooth=Claim(False, "a kink where two pixels change places"),
        symmetric=Claim(False, "what is right becomes wrong", "sign"),
        bounded=Claim(
            True, "steps add up to at most 1, and a probability has a slope of √2 / 4", 2**0.5 / 4
        ),
        non_negative=Claim(True, "a weighted mean of errors, none of them below 0"),
        minimum=Claim(False, "0 is only approached, as the logits of the right classes grow"),
    ),
)
