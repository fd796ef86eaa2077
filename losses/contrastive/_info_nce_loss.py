"""InfoNCE: which of the keys of the batch belongs to the query?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributed import ProcessGroup

from losses._checks import check_floating, loss_function, upcast
from losses._embeddings import check_embeddings, check_temperature, joined, unit
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["InfoNCELoss", "info_nce_loss"]


@loss_function("query", autocast=False)
def info_nce_loss(
    query: Tensor,
    key: Tensor,
    negatives: Tensor | None = None,
    *,
    temperature: float = 0.1,
    normalize: bool = True,
    symmetric: bool = False,
    group: ProcessGroup | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Ask of each query which of the keys in the batch is its own.

    Row $i$ of the keys $k$ belongs to row $i$ of the queries $q$, and the $N - 1$ others are its
    negatives. The similarity of two rows is the cosine of their angle, divided by the temperature
    $T$. The loss is a cross entropy over the similarities:

    $$
    \begin{aligned}
    \ell_i(q, k) &= \log \sum_{j = 1}^{N} e^{s_{ij}} - s_{ii} \\
    s_{ij} &= \frac{1}{T} u(q_i) \cdot u(k_j), \qquad u(a) = \frac{a}{\lVert a \rVert}
    \end{aligned}
    $$

    A row shorter than 1e-12 is divided by that instead of its length. With `normalize=False`,
    $u(a)$ is $a$ itself. With `symmetric=True` each key asks for its query as well, and the two
    losses are averaged:

    $$
    \ell_i(q, k) = \frac{1}{2} \left( \log \sum_{j = 1}^{N} e^{s_{ij}}
    + \log \sum_{j = 1}^{N} e^{s_{ji}} \right) - s_{ii}
    $$

    Further negatives $n_m$, which belong to no query, join those of the batch:

    $$
    \ell_i(q, k, n) = \log \left( \sum_{j = 1}^{N} e^{s_{ij}} + \sum_{m = 1}^{M} e^{t_{im}} \right)
    - s_{ii}, \qquad t_{im} = \frac{1}{T} u(q_i) \cdot u(n_m)
    $$

    `'mean'` divides by the number of queries, $\frac{1}{N} \sum_i \ell_i$, and is 0 without any.

    The gradient turns a query towards its own key, and away from every key in proportion to its
    probability $p_{ij}$. It has no part along the query itself, whose length does not matter:

    $$
    \begin{aligned}
    \frac{\partial \ell_i}{\partial q_i} &= \frac{g_i - (g_i \cdot u(q_i)) u(q_i)}
    {T \lVert q_i \rVert} \\
    g_i &= \sum_{j = 1}^{N} p_{ij} u(k_j) - u(k_i), \qquad
    p_{ij} = \frac{e^{s_{ij}}}{\sum_{m = 1}^{N} e^{s_{im}}}
    \end{aligned}
    $$

    Args:
        query: Queries $q$, floating point, any real value, one per row.
        key: Keys $k$, same shape; row $i$ belongs to query $i$.
        negatives: Further negatives $n$, or `None`: shared by all queries, or some for each.
        temperature: Temperature $T$, above 0; 0.05 to 0.2 is usual. It divides: a scale of 20 is a
            temperature of 0.05.
        normalize: Whether all rows are scaled to length 1 first. Otherwise the similarity is the
            dot product.
        symmetric: Whether the keys ask as well. For them `negatives` do not count.
        group: Processes whose batches are joined first, in the order of their ranks; each process
            gets the loss of the joined batch. Further negatives are joined too.
            `torch.distributed.group.WORLD` joins all processes, `None` leaves each batch alone.
        reduction: `'none'` keeps one loss per query, `'sum'` adds them up, `'mean'` averages over
            the queries.

    Shape:
        - `query`, `key`: $(N, D)$.
        - `negatives`: $(M, D)$ for all queries, or $(N, M, D)$.
        - result: a scalar; $(N)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `query` (float32 under autocast). The similarities are computed
        in float32 at least, also under autocast. It takes memory for all of them, $N (N + M)$.

    Raises:
        TypeError: If `query`, `key` or `negatives` is not a tensor.
        ValueError: If `query` is not of shape (N, D), `key` has another shape, `negatives` does not
            fit, `temperature` is not above 0, or `reduction` is none of the three.
        NotImplementedError: If `query`, `key` or `negatives` is not floating point.

    Examples:
        The cosines of the first query with the two keys are 0.7071 and 0, of the second 1 and
        0.7071. By hand, the first costs ln(1 + exp((0 − 0.7071) / 0.1)) = 0.0008. The second, which
        is nearer to the key of the first, costs ln(1 + exp((1 − 0.7071) / 0.1)) = 2.9810. On
        average 1.4909.

        >>> import torch
        >>> from losses import info_nce_loss
        >>> query = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> key = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
        >>> info_nce_loss(query, key, reduction="none")
        tensor([8.4901e-04, 2.9810e+00])
        >>> info_nce_loss(query, key)
        tensor(1.4909)

        Both directions. The second query lies between the two keys and cannot tell them apart,
        which costs ln 2. Its key can tell the queries apart: ln(1 + exp((0 − 0.7071) / 0.5)) =
        0.2176.

        >>> import torch
        >>> from losses import info_nce_loss
        >>> query = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> key = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> info_nce_loss(query, key, temperature=0.5, reduction="none")
        tensor([0.1269, 0.6931])
        >>> info_nce_loss(key, query, temperature=0.5, reduction="none")
        tensor([0.4425, 0.2176])
        >>> info_nce_loss(query, key, temperature=0.5, symmetric=True)
        tensor(0.3701)

        A hard negative for all queries, or one for each.

        >>> import torch
        >>> from losses import info_nce_loss
        >>> query = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> key = torch.tensor([[1.0, 0.1], [0.1, 1.0]])
        >>> info_nce_loss(query, key, reduction="none")
        tensor([0.0001, 0.0001])
        >>> hard = torch.tensor([[1.0, 0.2]])
        >>> info_nce_loss(query, key, hard, reduction="none")
        tensor([6.2354e-01, 4.6814e-04])
        >>> each = torch.tensor([[[1.0, 0.2]], [[0.2, 1.0]]])
        >>> info_nce_loss(query, key, each, reduction="none")
        tensor([0.6235, 0.6235])

        Training: two networks, for questions and for answers.

        >>> import torch
        >>> from losses import info_nce_loss
        >>> _ = torch.manual_seed(0)
        >>> ask, answer = torch.nn.Linear(6, 3), torch.nn.Linear(8, 3)
        >>> questions, answers = torch.randn(16, 6), torch.randn(16, 8)
        >>> loss = info_nce_loss(ask(questions), answer(answers))
        >>> loss.backward()
        >>> loss.detach(), ask.weight.grad.norm()
        (tensor(10.4699), tensor(7.7309))

    References:
        - van den Oord, Li, Vinyals, [Representation Learning with Contrastive Predictive
          Coding](https://arxiv.org/abs/1807.03748), 2018
        - Henderson, Al-Rfou, Strope, Sung, Lukács, Guo, Kumar, Miklos, Kurzweil, [Efficient Natural
          Language Response Suggestion for Smart Reply](https://arxiv.org/abs/1705.00652), 2017: the
          other rows of the batch as negatives
        - PyTorch has no such loss;
          [`torch.nn.CrossEntropyLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html)
          of the similarities, with the targets 0, 1, 2, ..., is the same
    """
    check_embeddings(query=query, key=key)
    check_negatives(query, negatives)
    check_temperature(temperature)
    query, key = joined(group, query, key)
    if negatives is not None:
        (negatives,) = joined(group, negatives)
    query, key, negatives = upcast(query, key, negatives)
    if normalize:
        query, key = unit(query), unit(key)
    s = query @ key.T / temperature
    every = s
    if negatives is not None:
        n = unit(negatives) if normalize else negatives
        t = (n @ query[:, :, None]).squeeze(2) / temperature
        every = torch.cat((s, t), 1)
    own = torch.arange(query.shape[0], device=query.device)[:, None]
    loss = -every.log_softmax(1).gather(1, own).squeeze(1)
    if symmetric:
        loss = (loss - s.T.log_softmax(1).gather(1, own).squeeze(1)) / 2
    return reduce_loss(loss, reduction, max(1, loss.numel()))


def check_negatives(query: Tensor, negatives: Tensor | None) -> None:
    """Raise unless further negatives are for all queries, or as many for each."""
    if negatives is None:
        return
    check_floating(negatives=negatives)
    n, d = query.shape
    shape = tuple(negatives.shape)
    if not (len(shape) == 2 and shape[1] == d) and not (
        len(shape) == 3 and shape[0] == n and shape[2] == d
    ):
        raise ValueError(
            f"expected negatives of shape (M, {d}), shared by all queries, or ({n}, M, {d}), "
            f"got {shape}: pass negatives.unsqueeze(1) for one of each query, (N, D)"
        )


class InfoNCELoss(Loss):
    r"""[`info_nce_loss`][losses.info_nce_loss] as a module.

    Args:
        temperature: Temperature, above 0.
        normalize: Whether all rows are scaled to length 1 first.
        symmetric: Whether the keys ask as well.
        group: Processes whose batches are joined first, as for the function.
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import InfoNCELoss
        >>> criterion = InfoNCELoss(temperature=0.5)
        >>> criterion
        InfoNCELoss(reduction='mean', temperature=0.5, normalize=True, symmetric=False)
        >>> query = torch.tensor([[1.0, 0.0], [1.0, 1.0]], requires_grad=True)
        >>> loss = criterion(query, torch.tensor([[1.0, 1.0], [0.0, 1.0]]))
        >>> loss.backward()
        >>> loss.detach(), query.grad
        (tensor(0.6230), tensor([[ 0.0000,  0.0573],
                [ 0.2271, -0.2271]]))
    """

    temperature: float
    normalize: bool
    symmetric: bool

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        normalize: bool = True,
        symmetric: bool = False,
        group: ProcessGroup | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.temperature = temperature
        self.normalize = normalize
        self.symmetric = symmetric
        self._group = group

    def forward(self, query: Tensor, key: Tensor, negatives: Tensor | None = None) -> Tensor:
        """Compute the loss; see [`info_nce_loss`][losses.info_nce_loss]."""
        return info_nce_loss(
            query,
            key,
            negatives,
            temperature=self.temperature,
            normalize=self.normalize,
            symmetric=self.symmetric,
            group=self._group,
            reduction=self.reduction,
        )


RECORD = Record(
    function="info_nce_loss",
    classes=("InfoNCELoss",),
    aliases=(
        "InfoNCE",
        "in-batch negatives",
        "multiple negatives ranking loss",
        "contrastive predictive coding",
    ),
    summary="Two views or two sides of each sample: which of the batch belongs to me?",
    input="`query` and `key`: embeddings, any real number, one per row",
    target="none: row i of `key` belongs to row i of `query`",
    mean="the number of queries",
    shapes="`query` (N, D), `key` (N, D); `negatives` (M, D) or (N, M, D)",
    eps="no argument: a row shorter than 1e-12 is divided by that",
    torch_equivalent=False,
    curve=Curve(
        {
            "query": [["cos", "sin"], [0.5, 0.8660254]],
            "key": [[1.0, 0.0], [0.5, 0.8660254]],
        },
        (0, 3.141592653589793),
        "angle θ to the key; the other key at π/3",
        sweep=("temperature", (0.1, 0.3, 1.0)),
        slider=(0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 1.0),
        symbol="θ",
    ),
    properties=Properties(
        convex=Claim(False, "the cosine bends down at its top and up at its bottom"),
        lipschitz=Claim(False, "the shorter a row, the faster its direction turns"),
        smooth=Claim(False, "log-sum-exp of cosines is; a row of zeros has no direction"),
        symmetric=Claim(
            False,
            "the keys compete, the queries do not; with `symmetric=True` both do",
            "arguments",
        ),
        bounded=Claim(False, "the shorter a row, the faster its direction turns"),
        non_negative=Claim(True, "the own key is among those that are summed over"),
        minimum=Claim(
            True,
            "ln(1 + (N − 1) exp(−2 / T)): the own key in the direction of the query, all others "
            "opposite",
            "key == cat((query[:1], -query[:1]))",
        ),
    ),
)
