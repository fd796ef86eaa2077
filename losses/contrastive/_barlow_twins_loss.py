"""Barlow Twins loss: the cross-correlation of two views is to be the identity matrix."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function, upcast
from losses._embeddings import centred, check_embeddings, joined
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Criterion

__all__ = ["BarlowTwinsLoss", "barlow_twins_loss"]


@loss_function("input1", "input2", autocast=False)
def barlow_twins_loss(
    input1: Tensor,
    input2: Tensor,
    *,
    lambd: float = 5e-3,
    eps: float = 1e-5,
    group: ProcessGroup | None = None,
) -> Tensor:
    r"""Let each column of two views say the same in both, and nothing that another column says.

    Rows $x_i$ and $y_i$ are embeddings of two views of sample $i$. Each column is standardised over
    the batch. The correlations $C_{jk}$ of column $j$ in one view with column $k$ in the other are
    to be 1 on the diagonal and 0 elsewhere:

    $$
    \begin{aligned}
    \ell(x, y) &= \sum_{j = 1}^{D} (1 - C_{jj})^2
    + \lambda \sum_{j = 1}^{D} \sum_{k = 1, k \ne j}^{D} C_{jk}^2, \qquad
    C_{jk} = \frac{1}{N} \sum_{i = 1}^{N} u_{ij}(x) u_{ik}(y) \\
    u_{ij}(z) &= \frac{z_{ij} - m_j(z)}{s_j(z)}, \qquad
    m_j(z) = \frac{1}{N} \sum_{i = 1}^{N} z_{ij} \\
    s_j(z) &= \sqrt{\frac{1}{N} \sum_{i = 1}^{N} (z_{ij} - m_j(z))^2 + \varepsilon}
    \end{aligned}
    $$

    The result is one number for the batch: there is no loss of a single row, and so no `reduction`.
    A column that is constant correlates with nothing and costs 1, and so does every column of a
    single row. An empty batch costs 0.

    The gradient is that of the correlations, $g_{jk}$, without what would only shift or stretch a
    column:

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial x_{ij}} &= \frac{1}{N s_j(x)} \sum_{k = 1}^{D}
    g_{jk} (u_{ik}(y) - C_{jk} u_{ij}(x)) \\
    g_{jk} &= \begin{cases}
    2 (C_{jj} - 1) & \text{if } j = k \\
    2 \lambda C_{jk} & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    Args:
        input1: Embeddings $x$ of the first views, floating point, any real value, one per row.
        input2: Embeddings $y$ of the second views, same shape, in the same order.
        lambd: Weight $\lambda$ of the correlations between different columns, at least 0.
        eps: Number $\varepsilon$ that is added to each variance, above 0, so that a constant column
            is not divided by 0.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.

    Shape:
        - `input1`: $(N, D)$.
        - `input2`: $(N, D)$, same as `input1`.
        - result: a scalar.

    Returns:
        The loss in the common data type of the views. Under autocast everything is computed in
        float32, the correlations too.

    Raises:
        TypeError: If `input1` or `input2` is not a tensor.
        ValueError: If a shape does not fit, `lambd` is negative, or `eps` is not above 0.
        NotImplementedError: If the views are not floating point.

    Examples:
        Four samples whose two columns do not correlate. In the second view the columns are
        exchanged: both correlations of a column with itself are 0, and cost 1 each; both of one
        with the other are 1, and cost 0.005 each.

        >>> import torch
        >>> from losses import barlow_twins_loss
        >>> view = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
        >>> barlow_twins_loss(view, view[:, [1, 0]])
        tensor(2.0100)
        >>> barlow_twins_loss(view, view) < 1e-8
        tensor(True)

        Three samples. The columns correlate with themselves by 0.8660 and 1.0000, and with each
        other by −0.8660 and −0.5000: 0.0180 + 0.0000 + 0.005 · (0.75 + 0.25) = 0.0230.

        >>> import torch
        >>> from losses import barlow_twins_loss
        >>> view1 = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.5, 0.0]])
        >>> view2 = torch.tensor([[0.0, 0.5], [1.0, 0.0], [0.0, 0.0]])
        >>> barlow_twins_loss(view1, view2)
        tensor(0.0230)

        A step of training a network on two noisy views.

        >>> import torch
        >>> from losses import barlow_twins_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(32, 8)
        >>> views = samples + 0.5 * torch.randn(2, 32, 8)
        >>> loss = barlow_twins_loss(embed(views[0]), embed(views[1]))
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(0.2644), tensor(0.5906))

    References:
        - Zbontar, Jing, Misra, LeCun, Deny, [Barlow Twins: Self-Supervised Learning via Redundancy
          Reduction](https://arxiv.org/abs/2103.03230), 2021
        - PyTorch has no such loss; `torch.corrcoef` computes correlations of one tensor
    """
    check_weight(lambd, eps)
    check_embeddings(input1=input1, input2=input2)
    input1, input2 = joined(group, input1, input2)
    input1, input2 = upcast(input1, input2)
    x, y = input1, input2
    if x.shape[0] == 0:
        return (x + y).sum()
    u, v = standardised(x, eps), standardised(y, eps)
    c = u.T @ v / x.shape[0]
    same = torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
    cost = torch.where(same, (1 - c).square(), lambd * c.square())
    return cost.sum()


def standardised(x: Tensor, eps: float) -> Tensor:
    """Give every column the mean 0 and the variance 1."""
    x = centred(x)
    return x / (x.square().mean(0) + eps).sqrt()


def check_weight(lambd: float, eps: float) -> None:
    """Raise unless the weight is at least 0, and eps above."""
    if not lambd >= 0:
        raise ValueError(
            f"lambd must be at least 0, got lambd={lambd}: below, the loss would reward columns "
            "that say the same; the paper has 0.005"
        )
    if not eps > 0:
        raise ValueError(
            f"eps must be above 0, got eps={eps}: it is added to the variance, by whose root a "
            "constant column is divided; 1e-5 is usual"
        )


class BarlowTwinsLoss(Criterion):
    r"""[`barlow_twins_loss`][losses.barlow_twins_loss] as a module.

    Args:
        lambd: Weight of the correlations between different columns, at least 0.
        eps: Number that is added to each variance, above 0.
        group: Processes whose batches are joined first, as for the function.

    Raises:
        ValueError: If `lambd` is negative, or `eps` not above 0.

    Examples:
        >>> import torch
        >>> from losses import BarlowTwinsLoss
        >>> criterion = BarlowTwinsLoss(lambd=0.1)
        >>> criterion
        BarlowTwinsLoss(lambd=0.1, eps=1e-05)
        >>> rows = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.0]]
        >>> view1 = torch.tensor(rows, requires_grad=True)
        >>> view2 = torch.tensor([[0.0, 0.5], [1.0, 0.0], [0.0, 0.0]])
        >>> loss = criterion(view1, view2)
        >>> loss.backward()
        >>> loss.detach(), view1.grad.norm()
        (tensor(0.1179), tensor(0.3296))
    """

    lambd: float
    eps: float

    def __init__(
        self, *, lambd: float = 5e-3, eps: float = 1e-5, group: ProcessGroup | None = None
    ) -> None:
        check_weight(lambd, eps)
        super().__init__()
        self.lambd = lambd
        self.eps = eps
        self._group = group

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Compute the loss; see [`barlow_twins_loss`][losses.barlow_twins_loss]."""
        return barlow_twins_loss(input1, input2, lambd=self.lambd, eps=self.eps, group=self._group)


OTHER = [[-1.0, 1.0], [0.0, -2.0], [1.0, 1.0]]

RECORD = Record(
    function="barlow_twins_loss",
    classes=("BarlowTwinsLoss",),
    aliases=(
        "Barlow Twins",
        "redundancy reduction",
        "cross-correlation loss",
        "self-supervised learning without negatives",
    ),
    summary="Two views of unlabelled samples, no negatives; only correlations count.",
    input="`input1`: embeddings of the first views, any real number",
    target="`input2`: embeddings of the second views of the same samples",
    mean="nothing: it is one number for the whole batch",
    shapes="`input1` (N, D), `input2` (N, D)",
    eps="added to each variance before its root is taken",
    torch_equivalent=False,
    curve=Curve(
        {"input1": [["x", 1.0], [0.0, -2.0], [1.0, 1.0]], "input2": OTHER},
        (-4, 4),
        "x₁₁, with y₁₁ = −1, else x = y",
        sweep=("lambd", (0.005, 0.1, 1.0)),
        slider=(0.0, 0.005, 0.05, 0.1, 0.5, 1.0),
        symbol="x₁₁",
    ),
    properties=Properties(
        convex=Claim(False, "a correlation levels off, however far a row goes"),
        lipschitz=Claim(True, "no column is divided by less than √`eps`"),
        smooth=Claim(True, "the variance below the root is at least `eps`"),
        symmetric=Claim(True, "exchanged views transpose the correlations", "arguments"),
        bounded=Claim(True, "no column is divided by less than √`eps`"),
        non_negative=Claim(True, "a sum of squares"),
        minimum=Claim(False, "0 is only approached, as the spread outgrows `eps`"),
    ),
)
