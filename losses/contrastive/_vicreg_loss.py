"""VICReg loss: two views agree, no column narrows, and no two columns say the same."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import loss_function, upcast
from losses._embeddings import centred, check_embeddings, joined
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Criterion

__all__ = ["VICRegLoss", "vicreg_loss"]


@loss_function("input1", "input2", autocast=False)
def vicreg_loss(
    input1: Tensor,
    input2: Tensor,
    *,
    sim_coeff: float = 25.0,
    std_coeff: float = 25.0,
    cov_coeff: float = 1.0,
    eps: float = 1e-4,
    group: ProcessGroup | None = None,
) -> Tensor:
    r"""Let two views of the same samples agree, without letting them collapse to one point.

    Rows $x_i$ and $y_i$ are embeddings of two views of sample $i$. Three costs are added: for the
    squared distance of the views, for columns whose standard deviation is below 1, and for columns
    that vary together. With the weights $\lambda, \mu, \nu$ and the covariances $C$ of a view,

    $$
    \begin{aligned}
    \ell(x, y) &= \frac{\lambda}{N D} \sum_{i = 1}^{N} \sum_{j = 1}^{D} (x_{ij} - y_{ij})^2
    + \mu \frac{v(x) + v(y)}{2} + \nu (c(x) + c(y)) \\
    v(z) &= \frac{1}{D} \sum_{j = 1}^{D}
    \max\left(0, 1 - \sqrt{C_{jj}(z) + \varepsilon}\right), \qquad
    c(z) = \frac{1}{D} \sum_{j = 1}^{D} \sum_{k = 1, k \ne j}^{D} C_{jk}(z)^2 \\
    C_{jk}(z) &= \frac{1}{N - 1} \sum_{i = 1}^{N} w_{ij}(z) w_{ik}(z), \qquad
    w_{ij}(z) = z_{ij} - \frac{1}{N} \sum_{n = 1}^{N} z_{nj}
    \end{aligned}
    $$

    The result is one number for the batch: there is no loss of a single row, and so no `reduction`.
    The covariances of a single row are 0. An empty batch costs 0.

    The gradient draws the views together, spreads a column that is too narrow, and makes columns
    that vary together differ:

    $$
    \begin{aligned}
    \frac{\partial \ell}{\partial x_{ij}} &= \frac{2 \lambda}{N D} (x_{ij} - y_{ij})
    - \frac{\mu}{2 D} h_j \frac{w_{ij}(x)}{N - 1}
    + \frac{4 \nu}{D (N - 1)} \sum_{k = 1, k \ne j}^{D} C_{jk}(x) w_{ik}(x) \\
    h_j &= \begin{cases}
    1 / \sqrt{C_{jj}(x) + \varepsilon} & \text{if } C_{jj}(x) + \varepsilon < 1 \\
    0 & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    Args:
        input1: Embeddings $x$ of the first views, floating point, any real value, one per row.
        input2: Embeddings $y$ of the second views, same shape, in the same order.
        sim_coeff: Weight $\lambda$ of the distance of the views, at least 0.
        std_coeff: Weight $\mu$ of narrow columns, at least 0.
        cov_coeff: Weight $\nu$ of columns that vary together, at least 0.
        eps: Number $\varepsilon$ that is added to the variance, above 0. It keeps the gradient of
            the root finite where all rows are the same.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.

    Shape:
        - `input1`: $(N, D)$.
        - `input2`: $(N, D)$, same as `input1`.
        - result: a scalar.

    Returns:
        The loss in the common data type of the views. Under autocast everything is computed in
        float32, the covariances too.

    Raises:
        TypeError: If `input1` or `input2` is not a tensor.
        ValueError: If a shape does not fit, a weight is negative, or `eps` is not above 0.
        NotImplementedError: If the views are not floating point.

    Examples:
        Three samples. The squared differences add up to 0.5, over 6 elements, times 25: 2.0833. The
        standard deviations are 0.5001 and 0.5774 in the first view, 0.5774 and 0.2889 in the
        second; what they lack to 1, averaged over the columns, is 0.4612 and 0.5669; the mean of
        the two, times 25, is 12.8511. The columns have the covariances −0.25 and −0.0833, whose
        squares add 0.0625 and 0.0069.

        >>> import torch
        >>> from losses import vicreg_loss
        >>> view1 = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.5, 0.0]])
        >>> view2 = torch.tensor([[0.0, 0.5], [1.0, 0.0], [0.0, 0.0]])
        >>> vicreg_loss(view1, view2)
        tensor(15.0039)
        >>> vicreg_loss(view1, view2, std_coeff=0.0, cov_coeff=0.0)
        tensor(2.0833)

        Where all rows are the same, the views agree, and yet it is not 0: 25 · (1 − √0.0001) =
        24.75. But nothing pulls them apart either, since no row is on any side of the mean.

        >>> import torch
        >>> from losses import vicreg_loss
        >>> view = torch.ones(8, 4, requires_grad=True)
        >>> loss = vicreg_loss(view, view)
        >>> loss.backward()
        >>> loss.detach(), view.grad.abs().max()
        (tensor(24.7500), tensor(0.))

        A step of training a network on two noisy views.

        >>> import torch
        >>> from losses import vicreg_loss
        >>> _ = torch.manual_seed(0)
        >>> embed = torch.nn.Linear(8, 4)
        >>> samples = torch.randn(32, 8)
        >>> views = samples + 0.1 * torch.randn(2, 32, 8)
        >>> loss = vicreg_loss(embed(views[0]), embed(views[1]))
        >>> loss.backward()
        >>> loss.detach(), embed.weight.grad.norm()
        (tensor(12.4011), tensor(12.0675))

    References:
        - Bardes, Ponce, LeCun, [VICReg: Variance-Invariance-Covariance Regularization for
          Self-Supervised Learning](https://arxiv.org/abs/2105.04906), 2022
        - PyTorch has no such loss; its first part is
          [`torch.nn.MSELoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html)
    """
    check_weights(sim_coeff, std_coeff, cov_coeff, eps)
    check_embeddings(input1=input1, input2=input2)
    input1, input2 = joined(group, input1, input2)
    input1, input2 = upcast(input1, input2)
    x, y = input1, input2
    if x.shape[0] == 0:
        return (x + y).sum()
    distance = (x - y).square().mean()
    (v_x, c_x), (v_y, c_y) = spread(x, eps), spread(y, eps)
    loss = sim_coeff * distance + std_coeff * (v_x + v_y) / 2
    return loss + cov_coeff * (c_x + c_y)


def spread(x: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return what columns cost that are narrow, and those that vary together."""
    x = centred(x)
    n, d = max(2, x.shape[0]), x.shape[1]
    variance = x.square().sum(0) / (n - 1)
    narrow = (1 - (variance + eps).sqrt()).clamp(min=0)
    itself = torch.eye(d, dtype=torch.bool, device=x.device)
    covariance = (x.T @ x / (n - 1)).masked_fill(itself, 0)
    return narrow.mean(), covariance.square().sum() / d


def check_weights(sim_coeff: float, std_coeff: float, cov_coeff: float, eps: float) -> None:
    """Raise unless the weights are at least 0, and eps above."""
    weights = {"sim_coeff": sim_coeff, "std_coeff": std_coeff, "cov_coeff": cov_coeff}
    for name, value in weights.items():
        if not value >= 0:
            raise ValueError(
                f"{name} must be at least 0, got {name}={value}: below, the loss would reward what "
                "it is to prevent; 0 leaves a part out"
            )
    if not eps > 0:
        raise ValueError(
            f"eps must be above 0, got eps={eps}: it is added to the variance, whose root has no "
            "finite gradient at 0; 1e-4 is usual"
        )


class VICRegLoss(Criterion):
    r"""[`vicreg_loss`][losses.vicreg_loss] as a module.

    Args:
        sim_coeff: Weight of the distance of the views, at least 0.
        std_coeff: Weight of narrow columns, at least 0.
        cov_coeff: Weight of columns that vary together, at least 0.
        eps: Number that is added to the variance, above 0.
        group: Processes whose batches are joined first, as for the function.

    Raises:
        ValueError: If a weight is negative, or `eps` not above 0.

    Examples:
        >>> import torch
        >>> from losses import VICRegLoss
        >>> criterion = VICRegLoss(std_coeff=50.0)
        >>> criterion
        VICRegLoss(sim_coeff=25.0, std_coeff=50.0, cov_coeff=1.0, eps=0.0001)
        >>> rows = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.0]]
        >>> view1 = torch.tensor(rows, requires_grad=True)
        >>> view2 = torch.tensor([[0.0, 0.5], [1.0, 0.0], [0.0, 0.0]])
        >>> loss = criterion(view1, view2)
        >>> loss.backward()
        >>> loss.detach(), view1.grad
        (tensor(27.8550), tensor([[ 6.0821, -2.9241],
                [-6.1654,  3.4829],
                [ 4.2500,  3.6079]]))
    """

    sim_coeff: float
    std_coeff: float
    cov_coeff: float
    eps: float

    def __init__(
        self,
        *,
        sim_coeff: float = 25.0,
        std_coeff: float = 25.0,
        cov_coeff: float = 1.0,
        eps: float = 1e-4,
        group: ProcessGroup | None = None,
    ) -> None:
        check_weights(sim_coeff, std_coeff, cov_coeff, eps)
        super().__init__()
        self.sim_coeff = sim_coeff
        self.std_coeff = std_coeff
        self.cov_coeff = cov_coeff
        self.eps = eps
        self._group = group

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Compute the loss; see [`vicreg_loss`][losses.vicreg_loss]."""
        return vicreg_loss(
            input1,
            input2,
            sim_coeff=self.sim_coeff,
            std_coeff=self.std_coeff,
            cov_coeff=self.cov_coeff,
            eps=self.eps,
            group=self._group,
        )


RECORD = Record(
    function="vicreg_loss",
    classes=("VICRegLoss",),
    aliases=(
        "variance-invariance-covariance regularization",
        "VICReg",
        "self-supervised learning without negatives",
    ),
    summary="Two views of unlabelled samples, no negatives, nothing normalised.",
    input="`input1`: embeddings of the first views, any real number",
    target="`input2`: embeddings of the second views of the same samples",
    mean="nothing: it is one number for the whole batch",
    shapes="`input1` (N, D), `input2` (N, D)",
    eps="added to each variance before its root is taken",
    torch_equivalent=False,
    curve=Curve(
        {"input1": [["x"], [0.0]], "input2": [["x"], [0.0]]},
        (-3, 3),
        "x₁ = y₁, with x₂ = y₂ = 0",
        sweep=("std_coeff", (10.0, 25.0, 50.0)),
        slider=(0.0, 10.0, 25.0, 50.0, 100.0),
        symbol="x₁",
    ),
    properties=Properties(
        convex=Claim(False, "what a narrow column costs bends down as it spreads"),
        lipschitz=Claim(False, "distances enter squared, the spread to the fourth power"),
        smooth=Claim(False, "a kink where the standard deviation of a column is 1"),
        symmetric=Claim(True, "both views play the same part", "arguments"),
        bounded=Claim(False, "it grows with the distance, and with the cube of the spread"),
        non_negative=Claim(True, "squares and hinges, whose weights are not negative"),
        minimum=Claim(
            True, "0, where the views agree, all columns are wide enough and none vary together"
        ),
    ),
)
