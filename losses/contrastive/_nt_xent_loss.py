"""NT-Xent: which of all other rows of two views is my other view?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function, upcast
from losses._embeddings import check_embeddings, check_temperature, joined, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["NTXentLoss", "nt_xent_loss"]


@loss_function("input1", autocast=False)
def nt_xent_loss(
    input1: Tensor,
    input2: Tensor,
    *,
    temperature: float = 0.5,
    group: ProcessGroup | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Ask of each row of two views which of all other rows is its other view.

    The $N$ rows of the first view and the $N$ of the second stand below each other, as
    $z_1, \dots, z_{2N}$. The other view of row $i$ is row $v_i$. The similarity of two rows is the
    cosine of their angle, divided by the temperature $T$. The loss of a row is a cross entropy over
    its similarities to all other rows:

    $$
    \begin{aligned}
    \ell_i(z) &= \log \sum_{j = 1, j \ne i}^{2 N} e^{s_{ij}} - s_{i v_i} \\
    s_{ij} &= \frac{1}{T} u(z_i) \cdot u(z_j), \qquad u(a) = \frac{a}{\lVert a \rVert} \\
    v_i &= \begin{cases} i + N & \text{if } i \le N \\ i - N & \text{otherwise} \end{cases}
    \end{aligned}
    $$

    A row shorter than 1e-12 is divided by that instead of its length. `'mean'` divides by the
    number of rows, $\frac{1}{2N} \sum_i \ell_i$, and is 0 without any.

    The gradient turns a row towards its other view, and away from all other rows in proportion to
    their probability $p_{ij}$. It has no part along the row itself, whose length does not matter:

    $$
    \begin{aligned}
    \frac{\partial \ell_i}{\partial z_i} &= \frac{g_i - (g_i \cdot u(z_i)) u(z_i)}
    {T \lVert z_i \rVert} \\
    g_i &= \sum_{j = 1, j \ne i}^{2 N} p_{ij} u(z_j) - u(z_{v_i}), \qquad
    p_{ij} = \frac{e^{s_{ij}}}{\sum_{m = 1, m \ne i}^{2 N} e^{s_{im}}}
    \end{aligned}
    $$

    Args:
        input1: First view, floating point, any real value, one embedding per row.
        input2: Second view, same shape; row $i$ is the same sample as row $i$ of the first.
        temperature: Temperature $T$, above 0; 0.1 to 0.5 is usual.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.
        reduction: `'none'` keeps one loss per row of both views, `'sum'` adds them up, `'mean'`
            averages over them.

    Shape:
        - `input1`, `input2`: $(N, D)$.
        - result: a scalar; $(2N)$ with `reduction='none'`, the first view first.

    Returns:
        The loss in the data type of `input1` (float32 under autocast). The similarities are
        computed in float32 at least, also under autocast. It takes memory for all of them, $4N^2$.

    Raises:
        TypeError: If `input1` or `input2` is not a tensor.
        ValueError: If `input1` is not of shape (N, D), `input2` has another shape, `temperature` is
            not above 0, or `reduction` is none of the three.
        NotImplementedError: If `input1` or `input2` is not floating point.

    Examples:
        Two samples. The directions of the four rows are 0 and 45 degrees in the first view, 45 and
        90 in the second. By hand, for the first row the cosines of the others are 0.7071, 0.7071
        and 0. Divided by 0.5 that is 1.4142, 1.4142 and 0, so it costs
        ln(2 exp(1.4142) + 1) − 1.4142 = 0.8079.

        >>> import torch
        >>> from losses import nt_xent_loss
        >>> first = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> second = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        >>> nt_xent_loss(first, second, reduction="none")
        tensor([0.8079, 1.3341, 1.3341, 0.8079])
        >>> nt_xent_loss(first, second)
        tensor(1.0710)

        It is a cross entropy of the similarities, where those of a row with itself are −inf.

        >>> import torch
        >>> from losses import cross_entropy, nt_xent_loss
        >>> _ = torch.manual_seed(0)
        >>> first, second = torch.randn(2, 6, 4)
        >>> z = torch.nn.functional.normalize(torch.cat([first, second]))
        >>> similar = (z @ z.T / 0.5).fill_diagonal_(-torch.inf)
        >>> other = torch.arange(12).roll(6)
        >>> cross_entropy(similar, other), nt_xent_loss(first, second)
        (tensor(2.9448), tensor(2.9448))

        Training, on two noisy views of each sample.

        >>> import torch
        >>> from losses import nt_xent_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(16, 8)
        >>> first, second = samples + 0.1 * torch.randn(2, 16, 8)
        >>> loss = nt_xent_loss(embed(first), embed(second))
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(2.4607), tensor(0.7800))

    References:
        - Chen, Kornblith, Norouzi, Hinton, [A Simple Framework for Contrastive Learning of Visual
          Representations](https://arxiv.org/abs/2002.05709), 2020
        - PyTorch has no such loss;
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
          of the similarities is the same, with −inf for those of a row with itself
    """
    check_embeddings(input1=input1, input2=input2)
    check_temperature(temperature)
    input1, input2 = joined(group, input1, input2)
    input1, input2 = upcast(input1, input2)
    z = unit(torch.cat((input1, input2)))
    s = z @ z.T / temperature
    row = torch.arange(z.shape[0], device=z.device)
    # No row is its own other view.
    s = s.masked_fill(row[:, None] == row, -torch.inf)
    other = torch.where(row < input1.shape[0], row + input1.shape[0], row - input1.shape[0])
    loss = -s.log_softmax(1).gather(1, other[:, None]).squeeze(1)
    return reduce_loss(loss, reduction, max(1, loss.numel()))


class NTXentLoss(Loss):
    r"""[`nt_xent_loss`][losses.nt_xent_loss] as a module.

    Args:
        temperature: Temperature, above 0.
        group: Processes whose batches are joined first, as for the function.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import NTXentLoss
        >>> criterion = NTXentLoss(temperature=0.1)
        >>> criterion
        NTXentLoss(reduction='mean', temperature=0.1)
        >>> first = torch.tensor([[1.0, 0.0], [1.0, 1.0]], requires_grad=True)
        >>> loss = criterion(first, torch.tensor([[1.0, 1.0], [0.0, 1.0]]))
        >>> loss.backward()
        >>> loss.detach(), first.grad
        (tensor(1.8620), tensor([[ 0.0000, -1.5957],
                [ 1.7678, -1.7678]]))
    """

    temperature: float

    def __init__(
        self,
        *,
        temperature: float = 0.5,
        group: ProcessGroup | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.temperature = temperature
        self._group = group

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Compute the loss; see [`nt_xent_loss`][losses.nt_xent_loss]."""
        return nt_xent_loss(
            input1,
            input2,
            temperature=self.temperature,
            group=self._group,
            reduction=self.reduction,
        )


RECORD = Record(
    function="nt_xent_loss",
    classes=("NTXentLoss",),
    aliases=("NT-Xent", "SimCLR loss", "normalized temperature-scaled cross entropy"),
    summary="Two views of each sample, without labels: all other rows are negatives.",
    input="two views of the same samples: embeddings, any real number, one per row",
    target="none: row i of `input1` and row i of `input2` are one sample",
    mean="the number of rows of both views, 2N",
    shapes="`input1` (N, D), `input2` (N, D)",
    eps="no argument: a row shorter than 1e-12 is divided by that",
    torch_equivalent=False,
    curve=Curve(
        {"input1": [["cos", "sin"], [0.0, 1.0]], "input2": [[1.0, 0.0], [-0.5, 0.8660254]]},
        (0, 3.141592653589793),
        "angle θ of z₁, with its other view at 0",
        sweep=("temperature", (0.1, 0.5, 1.0)),
        slider=(0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 1.0),
        symbol="θ",
    ),
    properties=Properties(
        convex=Claim(False, "the cosine bends down at its top and up at its bottom"),
        lipschitz=Claim(False, "the shorter a row, the faster its direction turns"),
        smooth=Claim(False, "log-sum-exp of cosines is; a row of zeros has no direction"),
        symmetric=Claim(
            True,
            "the views exchange their losses, and the sum stays",
            "arguments",
        ),
        bounded=Claim(False, "the shorter a row, the faster its direction turns"),
        non_negative=Claim(True, "the other view is among the rows that are summed over"),
        minimum=Claim(
            True,
            "ln(1 + (2N − 2) exp(−2 / T)): both views in one direction, all other rows opposite",
            "input2 == input1",
        ),
    ),
)
