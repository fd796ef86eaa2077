"""SigLIP loss: of every picture and every text of a batch, whether the two belong together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup
from torch.nn.functional import softplus

from losses._checks import loss_function, upcast
from losses._embeddings import check_embeddings, check_numbers, joined, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SigLIPLoss", "siglip_loss"]


@loss_function("image_features", autocast=False)
def siglip_loss(
    image_features: Tensor,
    text_features: Tensor,
    logit_scale: Tensor | float,
    logit_bias: Tensor | float,
    *,
    normalize: bool = True,
    group: ProcessGroup | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Ask of every picture and every text of a batch whether they belong together.

    Row $x_i$ describes picture $i$ and $y_i$ its text. The cosine of a picture and a text, times a
    scale $t$ and plus a bias $b$, is a logit, and each is a binary classification of its own:

    $$
    \begin{aligned}
    \ell_i(x, y) &= \sum_{j = 1}^{N} \log\left(1 + e^{-z_{ij} s_{ij}}\right), \qquad
    z_{ij} = \begin{cases} 1 & \text{if } i = j \\ -1 & \text{otherwise} \end{cases} \\
    s_{ij} &= t \, u_i \cdot v_j + b, \qquad u_i = \frac{x_i}{\lVert x_i \rVert}, \qquad
    v_j = \frac{y_j}{\lVert y_j \rVert}
    \end{aligned}
    $$

    A row of zeros stays zero. `'mean'` divides by the number $N$ of pictures, not by the $N^2$
    questions, $\frac{1}{N} \sum_i \ell_i$, and is 0 where there are none.

    The gradient draws a picture to its own text and away from the others, from each in proportion
    to how wrong its answer is. Only the part at right angles to $u_i$ is left, since length does
    not count:

    $$
    \frac{\partial \ell_i}{\partial x_i} = \frac{g_i - u_i (u_i \cdot g_i)}{\lVert x_i \rVert},
    \qquad g_i = -t \sum_{j = 1}^{N} z_{ij} \sigma(-z_{ij} s_{ij}) v_j
    $$

    Args:
        image_features: Embeddings $x$ of pictures, floating point, any real value, one per row.
        text_features: Embeddings $y$ of their texts, same shape, in the same order.
        logit_scale: Factor $t$ of the cosines, above 0. A number, or a tensor without dimensions,
            which gets a gradient. Pass `parameter.exp()` where its logarithm is learned; SigLIP
            begins at 10.
        logit_bias: Bias $b$, a number or a tensor likewise. SigLIP learns it and begins at −10.
        normalize: Whether to give all rows the length 1. Otherwise $u_i$ is $x_i$ itself, and $v_j$
            is $y_j$.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.
        reduction: `'none'` keeps one loss per picture, `'sum'` adds them up, `'mean'` averages over
            the pictures.

    Shape:
        - `image_features`: $(N, D)$.
        - `text_features`: $(N, D)$, same as `image_features`.
        - `logit_scale`, `logit_bias`: $()$, or numbers.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `image_features`. Under autocast everything is computed in
        float32, the product of the features too.

    Raises:
        TypeError: If the features are not tensors, or `logit_scale` or `logit_bias` neither a
            tensor nor a number.
        ValueError: If a shape does not fit, or `reduction` is none of the three.
        NotImplementedError: If the features are not floating point.

    Examples:
        Two pairs. The cosines are 0.7071 and 0 in the first row, 1 and 0.7071 in the second. Times
        2, less 1, the logits are 0.4142 and −1, 1 and 0.4142. The first picture costs
        log(1 + exp(−0.4142)) = 0.5072 for its own text and log(1 + exp(−1)) = 0.3133 for the other
        one, the second 0.5072 and log(1 + e) = 1.3133.

        >>> import torch
        >>> from losses import siglip_loss
        >>> image = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> text = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        >>> siglip_loss(image, text, 2.0, -1.0, reduction="none")
        tensor([0.8206, 1.8205])
        >>> siglip_loss(image, text, 2.0, -1.0)
        tensor(1.3206)

        A step of training, where scale and bias are learned too. At the start nearly all of the
        loss is the own pair: the bias has answered the others.

        >>> import math
        >>> import torch
        >>> from losses import siglip_loss
        >>> _ = torch.manual_seed(0)
        >>> log_scale = torch.tensor(math.log(10), requires_grad=True)
        >>> bias = torch.tensor(-10.0, requires_grad=True)
        >>> image = torch.randn(64, 32, requires_grad=True)
        >>> text = torch.randn(64, 32)
        >>> loss = siglip_loss(image, text, log_scale.exp(), bias)
        >>> loss.backward()
        >>> loss.detach(), image.grad.norm(), bias.grad
        (tensor(9.7670), tensor(0.2238), tensor(-0.9869))

        It is N times the binary cross entropy of the whole table.

        >>> import torch
        >>> from losses import binary_cross_entropy_with_logits, siglip_loss
        >>> image = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
        >>> text = torch.tensor([[0.8, 0.6], [0.0, 1.0]])
        >>> logits = 2 * image @ text.T - 1
        >>> 2 * binary_cross_entropy_with_logits(logits, torch.eye(2))
        tensor(1.2218)
        >>> siglip_loss(image, text, 2.0, -1.0)
        tensor(1.2218)

    References:
        - Zhai, Mustafa, Kolesnikov, Beyer, [Sigmoid Loss for Language Image
          Pre-Training](https://arxiv.org/abs/2303.15343), 2023
        - PyTorch has no such loss;
          [`torch.nn.BCEWithLogitsLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html)
          of the logits and an identity matrix, times N, is the same
    """
    check_embeddings(image_features=image_features, text_features=text_features)
    check_numbers(logit_scale=logit_scale, logit_bias=logit_bias)
    image_features, text_features = joined(group, image_features, text_features)
    image_features, text_features = upcast(image_features, text_features)
    x, y = image_features, text_features
    if normalize:
        x, y = unit(x), unit(y)
    logits = logit_scale * (x @ y.T) + logit_bias
    own = torch.eye(x.shape[0], dtype=torch.bool, device=x.device)
    against = torch.where(own, -logits, logits)
    loss = softplus(against, threshold=40).sum(1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class SigLIPLoss(Loss):
    r"""[`siglip_loss`][losses.siglip_loss] as a module.

    Args:
        normalize: Whether to give all rows the length 1.
        group: Processes whose batches are joined first, as for the function.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import SigLIPLoss
        >>> criterion = SigLIPLoss()
        >>> criterion
        SigLIPLoss(reduction='mean', normalize=True)
        >>> image = torch.tensor([[1.0, 0.0], [1.0, 1.0]], requires_grad=True)
        >>> text = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        >>> bias = torch.tensor(-1.0, requires_grad=True)
        >>> loss = criterion(image, text, 2.0, bias)
        >>> loss.backward()
        >>> loss.detach(), image.grad, bias.grad
        (tensor(1.3206), tensor([[ 0.0000, -0.0124],
                [ 0.1407, -0.1407]]), tensor(0.1021))
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
        self,
        image_features: Tensor,
        text_features: Tensor,
        logit_scale: Tensor | float,
        logit_bias: Tensor | float,
    ) -> Tensor:
        """Compute the loss; see [`siglip_loss`][losses.siglip_loss]."""
        return siglip_loss(
            image_features,
            text_features,
            logit_scale,
            logit_bias,
            normalize=self.normalize,
            group=self._group,
            reduction=self.reduction,
        )


RECORD = Record(
    function="siglip_loss",
    classes=("SigLIPLoss",),
    aliases=(
        "sigmoid loss for language image pre-training",
        "sigmoid contrastive loss",
        "pairwise sigmoid loss",
    ),
    summary="Pictures and texts in one space: every pairing a yes or no.",
    input="`image_features`; `logit_scale` multiplies their cosines, `logit_bias` is added",
    target="`text_features`, row by row the partners of the pictures",
    mean="the number of pictures, not of pairings",
    shapes="`image_features` (N, D), `text_features` (N, D); "
    "`logit_scale`, `logit_bias` () or numbers",
    eps="no argument: a row is divided by its length, or by 1e-12 if that is larger",
    torch_equivalent=False,
    curve=Curve(
        {
            "image_features": [["cos", "sin"], [0.0, 1.0]],
            "text_features": [[1.0, 0.0], [0.0, 1.0]],
            "logit_scale": 10.0,
            "logit_bias": "logit_bias",
        },
        (0, 3.141592653589793),
        "angle θ between x₁ and y₁",
        sweep=("logit_bias", (0.0, -5.0, -10.0)),
        slider=(-15.0, -10.0, -5.0, 0.0, 5.0),
        symbol="θ",
    ),
    properties=Properties(
        convex=Claim(False, "in the logits it is; a cosine is not in its rows"),
        lipschitz=Claim(False, "the shorter a row, the faster its direction turns"),
        smooth=Claim(False, "the slope is a sigmoid; a row of zeros has no direction"),
        symmetric=Claim(
            False, "a picture asks all texts; in the sum of all it is the same", "arguments"
        ),
        bounded=Claim(False, "the shorter a row, the faster its direction turns"),
        non_negative=Claim(True, "minus the logarithms of probabilities"),
        minimum=Claim(
            True,
            "above 0: for two pairs where each is alike, and opposite to the other",
            "image_features == text_features",
        ),
    ),
)
