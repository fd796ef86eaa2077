"""Supervised contrastive loss: which of the other rows have my label?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import check_labels, loss_function, upcast
from losses._embeddings import check_embeddings, check_temperature, joined, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["SupConLoss", "supervised_contrastive_loss"]


@loss_function("input", autocast=False)
def supervised_contrastive_loss(
    input: Tensor,
    target: Tensor,
    *,
    temperature: float = 0.1,
    group: ProcessGroup | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Ask of each row which of the others have its label.

    For embeddings $x_i$ with the labels $y_i$, $N$ of both, the similarity of two rows is the
    cosine of their angle, divided by the temperature $T$. The loss of a row is a cross entropy over
    the similarities to all others, averaged over the $n_i$ rows that have its label:

    $$
    \begin{aligned}
    \ell_i(x, y) &= \log \sum_{j = 1, j \ne i}^{N} e^{s_{ij}}
    - \frac{1}{n_i} \sum_{j = 1, j \ne i, y_j = y_i}^{N} s_{ij} \\
    s_{ij} &= \frac{1}{T} u(x_i) \cdot u(x_j), \qquad u(a) = \frac{a}{\lVert a \rVert}, \qquad
    n_i = \sum_{j \ne i} \mathbb{1}[y_j = y_i]
    \end{aligned}
    $$

    A row shorter than 1e-12 is divided by that instead of its length. A row whose label no other
    has costs 0 and is not counted, but remains a negative of all others. `'mean'` divides by the
    number $A$ of rows that are counted, $\frac{1}{A} \sum_i \ell_i$, and is 0 where there are none.

    The gradient turns a row towards those of its label, and away from all other rows, those of its
    label too, in proportion to their probability $p_{ij}$. It has no part along the row itself:

    $$
    \begin{aligned}
    \frac{\partial \ell_i}{\partial x_i} &= \frac{g_i - (g_i \cdot u(x_i)) u(x_i)}
    {T \lVert x_i \rVert} \\
    g_i &= \sum_{j = 1, j \ne i}^{N} \left( p_{ij} - \frac{1}{n_i} \mathbb{1}[y_j = y_i] \right)
    u(x_j), \qquad p_{ij} = \frac{e^{s_{ij}}}{\sum_{m = 1, m \ne i}^{N} e^{s_{im}}}
    \end{aligned}
    $$

    Args:
        input: Embeddings $x$, floating point, any real value, one per row. Several views of the
            samples are concatenated, and their labels repeated.
        target: Labels $y$, usually class indices. They are only compared with each other.
        temperature: Temperature $T$, above 0; 0.05 to 0.2 is usual.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.
        reduction: `'none'` keeps one loss per row, `'sum'` adds them up, `'mean'` averages over
            the rows whose label another has.

    Shape:
        - `input`: $(N, D)$.
        - `target`: $(N)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast). The similarities are computed
        in float32 at least, also under autocast. It takes memory for all of them, $N^2$.

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If `input` or `target` has another shape, `temperature` is not above 0, or
            `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Four rows, of which the first and the third have the same label. By hand, the cosines of the
        first with the others are 0.7071, 0.7071 and 0. Divided by 0.1 that is 7.071, 7.071 and 0:
        ln(2 exp(7.071) + 1) − 7.071 = 0.6936. For the third they are 7.071, 10 and 7.071, so
        ln(2 exp(7.071) + exp(10)) − 7.071 = 3.0305. The two others have no partner.

        >>> import torch
        >>> from losses import supervised_contrastive_loss
        >>> input = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]])
        >>> target = torch.tensor([0, 1, 0, 2])
        >>> supervised_contrastive_loss(input, target, reduction="none")
        tensor([0.6936, 0.0000, 3.0305, 0.0000])
        >>> supervised_contrastive_loss(input, target)
        tensor(1.8620)

        Two views of each sample: concatenate them, and repeat the labels. Where every sample has a
        label of its own, this is [`nt_xent_loss`][losses.nt_xent_loss].

        >>> import torch
        >>> from losses import nt_xent_loss, supervised_contrastive_loss
        >>> _ = torch.manual_seed(0)
        >>> first, second = torch.randn(2, 6, 4)
        >>> views = torch.cat([first, second])
        >>> labels = torch.tensor([0, 0, 1, 1, 2, 2])
        >>> supervised_contrastive_loss(views, labels.repeat(2), temperature=0.5)
        tensor(3.0879)
        >>> own = torch.arange(6)
        >>> supervised_contrastive_loss(views, own.repeat(2), temperature=0.5)
        tensor(2.9448)
        >>> nt_xent_loss(first, second, temperature=0.5)
        tensor(2.9448)

        Training, on a batch of 4 labels with 4 samples each.

        >>> import torch
        >>> from losses import supervised_contrastive_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(16, 8)
        >>> target = torch.arange(4).repeat_interleave(4)
        >>> loss = supervised_contrastive_loss(embed(samples), target)
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(8.1395), tensor(4.8806))

    References:
        - Khosla, Teterwak, Wang, Sarna, Tian, Isola, Maschinot, Liu, Krishnan, [Supervised
          Contrastive Learning](https://arxiv.org/abs/2004.11362), 2020, equation 2
        - PyTorch has no such loss
    """
    check_embeddings(input=input)
    check_labels(input, target)
    check_temperature(temperature)
    input, target = joined(group, input, target)
    (input,) = upcast(input)
    x = unit(input)
    s = x @ x.T / temperature
    row = torch.arange(x.shape[0], device=x.device)
    itself = row[:, None] == row
    positive = (target[:, None] == target) & ~itself
    number = positive.sum(1)
    s = s.masked_fill(itself, -torch.inf)
    cost = -s.log_softmax(1)  # of taking j for a partner of i
    loss = cost.masked_fill(~positive, 0).sum(1) / number.clamp(min=1)
    return reduce_loss(loss, reduction, (number > 0).sum().clamp(min=1))


class SupConLoss(Loss):
    r"""[`supervised_contrastive_loss`][losses.supervised_contrastive_loss] as a module.

    Args:
        temperature: Temperature, above 0.
        group: Processes whose batches are joined first, as for the function.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import SupConLoss
        >>> criterion = SupConLoss(temperature=0.5)
        >>> criterion
        SupConLoss(reduction='mean', temperature=0.5)
        >>> rows = [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
        >>> input = torch.tensor(rows, requires_grad=True)
        >>> loss = criterion(input, torch.tensor([0, 0, 1]))
        >>> loss.backward()
        >>> loss.detach(), input.grad
        (tensor(0.4554), tensor([[ 0.0000, -0.2963],
                [-0.4227,  0.4227],
                [ 0.5491,  0.0000]]))
    """

    temperature: float

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        group: ProcessGroup | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.temperature = temperature
        self._group = group

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss.

        See [`supervised_contrastive_loss`][losses.supervised_contrastive_loss].
        """
        return supervised_contrastive_loss(
            input,
            target,
            temperature=self.temperature,
            group=self._group,
            reduction=self.reduction,
        )


RECORD = Record(
    function="supervised_contrastive_loss",
    classes=("SupConLoss",),
    aliases=("SupCon", "supervised contrastive learning", "contrastive loss with labels"),
    summary="Embeddings with labels: all rows of my label against all others.",
    input="embeddings, any real number, one per row",
    target="labels, usually class indices, only compared with each other",
    mean="the number of rows whose label another has",
    shapes="`input` (N, D), `target` (N)",
    eps="no argument: a row shorter than 1e-12 is divided by that",
    torch_equivalent=False,
    curve=Curve(
        {
            "input": [["cos", "sin"], [1.0, 0.0], [0.5, 0.8660254], [-1.0, 0.0]],
            "target": [0, 0, 1, 2],
        },
        (0, 3.141592653589793),
        "angle θ to the partner; others at π/3 and π",
        sweep=("temperature", (0.1, 0.3, 1.0)),
        slider=(0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 1.0),
        symbol="θ",
    ),
    properties=Properties(
        convex=Claim(False, "the cosine bends down at its top and up at its bottom"),
        lipschitz=Claim(False, "the shorter a row, the faster its direction turns"),
        smooth=Claim(False, "log-sum-exp of cosines is; a row of zeros has no direction"),
        symmetric=Claim(False, "only the row itself is compared with the others", "arguments"),
        bounded=Claim(False, "the shorter a row, the faster its direction turns"),
        non_negative=Claim(True, "at least ln n, for a row with n partners"),
        minimum=Claim(
            True,
            "ln(n + m exp(−2 / T)): its n partners in its direction, the m other rows opposite",
            "input == input[:1] * tensor([[1.0], [1.0], [-1.0]])",
        ),
    ),
)
