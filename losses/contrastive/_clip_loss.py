"""CLIP loss: pictures and texts find each other, by cross entropy in both directions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function, upcast
from losses._embeddings import check_embeddings, check_numbers, joined, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CLIPLoss", "clip_loss"]


@loss_function("image_features", autocast=False)
def clip_loss(
    image_features: Tensor,
    text_features: Tensor,
    logit_scale: Tensor | float,
    *,
    normalize: bool = True,
    group: ProcessGroup | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Let every picture of a batch find its text among all texts, and every text its picture.

    Row $x_i$ describes picture $i$ and $y_i$ its text. All $N^2$ cosines, times a scale $t$, are
    the logits of two classifications: of each row, and of each column,

    $$
    \begin{aligned}
    \ell_i(x, y) &= -\frac{\log p_{ii} + \log q_{ii}}{2} \\
    p_{ij} &= \frac{e^{s_{ij}}}{\sum_k e^{s_{ik}}}, \qquad
    q_{ij} = \frac{e^{s_{ij}}}{\sum_k e^{s_{kj}}} \\
    s_{ij} &= t \, u_i \cdot v_j, \qquad u_i = \frac{x_i}{\lVert x_i \rVert}, \qquad
    v_j = \frac{y_j}{\lVert y_j \rVert}
    \end{aligned}
    $$

    A row of zeros stays zero. `'mean'` divides by the number of pairs, $\frac{1}{N} \sum_i \ell_i$,
    and is 0 where there are none.

    The gradient draws a picture to its own text, and away from every text in proportion to its
    probability. Only the part at right angles to $u_i$ is left, since length does not count:

    $$
    \frac{\partial \ell_i}{\partial x_i} = \frac{g_i - u_i (u_i \cdot g_i)}{\lVert x_i \rVert},
    \qquad g_i = \frac{t}{2} \left( \sum_{j = 1}^{N} p_{ij} v_j + q_{ii} v_i \right) - t v_i
    $$

    Args:
        image_features: Embeddings $x$ of pictures, floating point, any real value, one per row.
        text_features: Embeddings $y$ of their texts, same shape, in the same order.
        logit_scale: Factor $t$ of the cosines, above 0: 1 / temperature. A number, or a tensor
            without dimensions, which gets a gradient. Pass `parameter.exp()` where its logarithm is
            learned, as in CLIP.
        normalize: Whether to give all rows the length 1. Otherwise $u_i$ is $x_i$ itself, and $v_j$
            is $y_j$.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.
        reduction: `'none'` keeps one loss per pair, `'sum'` adds them up, `'mean'` averages over
            the pairs.

    Shape:
        - `image_features`: $(N, D)$.
        - `text_features`: $(N, D)$, same as `image_features`.
        - `logit_scale`: $()$, or a number.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `image_features`. Under autocast everything is computed in
        float32, the product of the features too.

    Raises:
        TypeError: If the features are not tensors, or `logit_scale` neither a tensor nor a number.
        ValueError: If a shape does not fit, or `reduction` is none of the three.
        NotImplementedError: If the features are not floating point.

    Examples:
        Two pairs. The cosines are 0.7071 and 0 in the first row, 1 and 0.7071 in the second. With
        the scale 2, the first picture pays log(exp(1.4142) + 1) − 1.4142 = 0.2176 to find its text,
        and the text pays log(exp(1.4142) + exp(2)) − 1.4142 = 1.0283 to find it. Their mean is
        0.6230.
        For the second pair the two are exchanged.

        >>> import torch
        >>> from losses import clip_loss
        >>> image = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> text = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        >>> clip_loss(image, text, 2.0, reduction="none")
        tensor([0.6230, 0.6230])
        >>> clip_loss(image, text, 2.0)
        tensor(0.6230)

        A step of training, with a learned scale. Its logarithm is the parameter, and begins at
        log(1 / 0.07).

        >>> import math
        >>> import torch
        >>> from losses import clip_loss
        >>> _ = torch.manual_seed(0)
        >>> log_scale = torch.tensor(math.log(1 / 0.07), requires_grad=True)
        >>> image = torch.randn(4, 8, requires_grad=True)
        >>> text = (image + 0.5 * torch.randn(4, 8)).detach()
        >>> loss = clip_loss(image, text, log_scale.exp())
        >>> loss.backward()
        >>> loss.detach(), image.grad.norm(), log_scale.grad
        (tensor(0.4949), tensor(0.9752), tensor(0.2119))

        It is the mean of two cross entropies, whose right class is the row's own number.

        >>> import torch
        >>> from losses import clip_loss, cross_entropy
        >>> image = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> text = torch.tensor([[0.8, 0.6], [0.0, 1.0]])
        >>> logits, right = 2 * image @ text.T, torch.arange(2)
        >>> (cross_entropy(logits, right) + cross_entropy(logits.T, right)) / 2
        tensor(0.5249)
        >>> clip_loss(image, text, 2.0)
        tensor(0.5249)

    References:
        - Radford, Kim, Hallacy, Ramesh, Goh, Agarwal, Sastry, Askell, Mishkin, Clark, Krueger,
          Sutskever, [Learning Transferable Visual Models From Natural Language
          Supervision](https://arxiv.org/abs/2103.00020), 2021, figure 3
        - PyTorch has no such loss; two
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
          of the logits and of their transpose, halved, are the same
    """
    check_embeddings(image_features=image_features, text_features=text_features)
    check_numbers(logit_scale=logit_scale)
    image_features, text_features = joined(group, image_features, text_features)
    image_features, text_features = upcast(image_features, text_features)
    x, y = image_features, text_features
    if normalize:
        x, y = unit(x), unit(y)
    logits = logit_scale * (x @ y.T)
    # Not logsumexp less the own logit: digits would cancel.
    log_p, log_q = logits.log_softmax(1), logits.log_softmax(0)
    i = torch.arange(x.shape[0], device=x.device)
    loss = -(log_p[i, i] + log_q[i, i]) / 2
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class CLIPLoss(Loss):
    r"""[`clip_loss`][losses.clip_loss] as a module.

    Args:
        normalize: Whether to give all rows the length 1.
        group: Processes whose batches are joined first, as for the function.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CLIPLoss
        >>> criterion = CLIPLoss()
        >>> criterion
        CLIPLoss(reduction='mean', normalize=True)
        >>> image = torch.tensor([[1.0, 0.0], [1.0, 1.0]], requires_grad=True)
        >>> text = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        >>> scale = torch.tensor(2.0, requires_grad=True)
        >>> loss = criterion(image, text, scale)
        >>> loss.backward()
        >>> loss.detach(), image.grad, scale.grad
        (tensor(0.6230), tensor([[ 0.0000, -0.1007],
                [ 0.1481, -0.1481]]), tensor(0.0249))
    """

    normalize: bool

    def __init__(
        self,
        *,
        normalize: bool = True,
        group: ProcessGroup | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.normalize = normalize
        self._group = group

    def forward(
        self, image_features: Tensor, text_features: Tensor, logit_scale: Tensor | float
    ) -> Tensor:
        """Compute the loss; see [`clip_loss`][losses.clip_loss]."""
        return clip_loss(
            image_features,
            text_features,
            logit_scale,
            normalize=self.normalize,
            group=self._group,
            reduction=self.reduction,
        )


RECORD = Record(
    function="clip_loss",
    classes=("CLIPLoss",),
    aliases=(
        "contrastive language-image pretraining",
        "symmetric InfoNCE",
        "image-text contrastive loss",
        "in-batch softmax loss",
    ),
    summary="Pictures and texts in one space: each finds its partner in the batch.",
    input="`image_features`, and `logit_scale`, which multiplies their cosines",
    target="`text_features`, row by row the partners of the pictures",
    mean="the number of pairs",
    shapes="`image_features` (N, D), `text_features` (N, D), `logit_scale` () or a number",
    eps="no argument: a row is divided by its length, or by 1e-12 if that is larger",
    torch_equivalent=False,
    curve=Curve(
        {
            "image_features": [["cos", "sin"], [0.0, 1.0]],
            "text_features": [[1.0, 0.0], [0.0, 1.0]],
            "logit_scale": "logit_scale",
        },
        (0, 3.141592653589793),
        "angle θ between x₁ and y₁",
        sweep=("logit_scale", (1.0, 4.0, 14.0)),
        slider=(1.0, 2.0, 4.0, 8.0, 14.0, 20.0),
        symbol="θ",
    ),
    properties=Properties(
        convex=Claim(False, "in the logits it is; a cosine is not in its rows"),
        lipschitz=Claim(False, "the shorter a row, the faster its direction turns"),
        smooth=Claim(False, "logarithms of softmaxes are; a row of zeros has no direction"),
        symmetric=Claim(True, "pictures and texts play the same part", "arguments"),
        bounded=Claim(False, "the shorter a row, the faster its direction turns"),
        non_negative=Claim(True, "minus the logarithms of probabilities"),
        minimum=Claim(
            True,
            "above 0: log(1 + e^(−2t)) for two pairs, each alike, and opposite to the other",
            "image_features == text_features",
        ),
    ),
)
