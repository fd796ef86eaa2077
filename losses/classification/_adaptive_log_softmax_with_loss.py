"""Adaptive log-softmax: many classes, the rare ones behind fewer features, in clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from losses._checks import (
    autocasting,
    check_floating,
    check_tensor,
    loss_function,
    outlier,
    rounded,
    scalar_type,
    upcast,
)
from losses._record import Claim, Curve, Properties, Record

__all__ = ["AdaptiveLogSoftmaxWithLoss", "adaptive_log_softmax_with_loss"]

Cluster = tuple[Tensor, Tensor]  # a projection, and a row for each class


class AdaptiveLogSoftmax(NamedTuple):
    """The log-probability of each target, and minus their mean."""

    output: Tensor
    loss: Tensor


@loss_function("input")
def adaptive_log_softmax_with_loss(
    input: Tensor,
    target: Tensor,
    head_weight: Tensor,
    tail_weights: Sequence[Cluster],
    head_bias: Tensor | None = None,
) -> AdaptiveLogSoftmax:
    r"""Compute the log-probability of the right class where classes are many and most are rare.

    The frequent classes, 1 to $a_1$ (here counted from 1), are scored by the head, a linear layer
    $W$, $b$. The rare ones form $K$ clusters: cluster $i$ begins after class $a_i$. The head has
    one more score for each cluster. Within a cluster, a projection $P_i$ to fewer features and a
    matrix $C_i$ score its classes. For a row of features $x$ and its class $y$ in cluster $k$,
    where $k = 0$ means in none,

    $$
    \begin{aligned}
    k &= \sum_{i=1}^{K} \mathbb{1}[a_i < y] \\
    u &= \begin{cases}
    y & \text{if } k = 0 \\
    a_1 + k & \text{otherwise}
    \end{cases} \\
    z &= W x + b \\
    p_c &= \frac{\exp(z_c)}{\sum_j \exp(z_j)} \\
    t &= C_k P_k x \\
    q_c &= \frac{\exp(t_c)}{\sum_j \exp(t_j)} \\
    \ell(x, y) &= -\log p_u - \begin{cases}
    0 & \text{if } k = 0 \\
    \log q_{y - a_k} & \text{otherwise}
    \end{cases}
    \end{aligned}
    $$

    The head gives the probability $p_u$ to the class or to its cluster. The cluster gives the
    probability $q_{y - a_k}$ to the class. The probabilities of all classes still sum to 1. It is
    another model than one softmax over all of them, and a smaller one. Only the rows whose class
    lies in a cluster go through it.

    The loss is the mean over the $N$ rows. There is no other reduction: `output` holds the
    log-probability $-\ell(x_n, y_n)$ of each row, to be added up or weighted as you like.

    $$
    L = \frac{1}{N} \sum_n \ell(x_n, y_n)
    $$

    The gradient in the scores is that of two softmaxes, probability minus target. A cluster that
    holds no class of the batch gets a gradient of 0.

    $$
    \begin{aligned}
    \delta_c &= p_c - \mathbb{1}[c = u] \\
    \varepsilon_c &= q_c - \mathbb{1}[c = y - a_k] \\
    R &= C_k P_k \\
    \frac{\partial \ell}{\partial x} &= \sum_c \delta_c W_c + \begin{cases}
    0 & \text{if } k = 0 \\
    \sum_c \varepsilon_c R_c & \text{otherwise}
    \end{cases} \\
    \frac{\partial \ell}{\partial W_c} &= \delta_c x \\
    \frac{\partial \ell}{\partial b_c} &= \delta_c
    \end{aligned}
    $$

    Args:
        input: Features $x$, floating point, any real number.
        target: Class indices $y$, int64 or int32, counted from 0, the most frequent class first.
        head_weight: Weight $W$ of the head: one row of features for each frequent class, then one
            for each cluster.
        tail_weights: A pair $(P_i, C_i)$ for each cluster, in the order of its classes: the
            projection, and one row for each class. The cluster's size is that of $C_i$.
        head_bias: Bias $b$ of the head, one number for each of its rows. By default none.

    Shape:
        - `input`: $(D)$ or $(N, D)$.
        - `target`: $()$ or $(N)$.
        - `head_weight`: $(a_1 + K, D)$.
        - `head_bias`: $(a_1 + K)$.
        - `tail_weights`: pairs of $(d_i, D)$ and $(n_i, d_i)$.
        - result: `output` in the shape of `target`, and the scalar `loss`.

    Returns:
        A named tuple of `output`, the log-probability of each target, at most 0, and `loss`, minus
        their mean. Both have the data type of `input` (float32 under autocast). The mean of an
        empty batch is NaN.

    Raises:
        RuntimeError: If the shapes or data types of the tensors do not fit each other, or a target
            is none of the classes.
        TypeError: If what must be a tensor is not, or `tail_weights` does not hold pairs of
            tensors.
        NotImplementedError: If `input` is not floating point.

    Examples:
        Two frequent classes, 0 and 1, and one cluster with the classes 2 and 3. The head scores
        (1, 2, 3). Class 1, by hand: 2 − log(e¹ + e² + e³) = −1.4076. Class 3 adds two parts. Its
        cluster gives 3 − 3.4076 = −0.4076. The class within the cluster, which scores (−1, −2),
        gives −2 − log(e⁻¹ + e⁻²) = −1.3133. Together that is −1.7209.

        >>> import torch
        >>> from losses import adaptive_log_softmax_with_loss
        >>> features = torch.tensor([[1.0, 2.0], [1.0, 2.0]])
        >>> head = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> tail = torch.tensor([[1.0, -1.0]]), torch.tensor([[1.0], [2.0]])
        >>> target = torch.tensor([1, 3])
        >>> output, loss = adaptive_log_softmax_with_loss(
        ...     features, target, head, [tail]
        ... )
        >>> output
        tensor([-1.4076, -1.7209])
        >>> loss
        tensor(1.5642)

        A frequent class is learned by the head alone.

        >>> import torch
        >>> from losses import adaptive_log_softmax_with_loss
        >>> features = torch.tensor([1.0, 2.0], requires_grad=True)
        >>> head = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> cluster = torch.tensor([[1.0], [2.0]], requires_grad=True)
        >>> tail = torch.tensor([[1.0, -1.0]]), cluster
        >>> result = adaptive_log_softmax_with_loss(
        ...     features, torch.tensor(1), head, [tail]
        ... )
        >>> result.loss.backward()
        >>> features.grad
        tensor([ 0.7553, -0.0900])
        >>> cluster.grad
        tensor([[0.],
                [0.]])

    References:
        - Grave, Joulin, Cissé, Grangier, Jégou, [Efficient softmax approximation for
          GPUs](https://arxiv.org/abs/1609.04309), 2016
        - Goodman, [Classes for Fast Maximum Entropy
          Training](https://arxiv.org/abs/cs/0108006), 2001: first the cluster, then the class
        - [`torch.nn.AdaptiveLogSoftmaxWithLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html)
    """
    input, head_weight, tail_weights, head_bias = prepared(
        input, head_weight, tail_weights, head_bias
    )
    target = check_target(input, target, head_weight, tail_weights)
    x, y = (input, target) if target.dim() else (input[None], target[None])
    start = frequent = head_weight.shape[0] - len(tail_weights)
    u, output = y, x.new_zeros(y.shape)
    for k, (projection, cluster) in enumerate(tail_weights):
        stop = start + cluster.shape[0]
        inside = (y >= start) & (y < stop)
        rows = inside.nonzero()[:, 0]  # only these go through the cluster
        t = linear(linear(x[rows], projection), cluster)
        (t,) = upcast(t)
        log_q = t.log_softmax(1).gather(1, (y[rows] - start)[:, None])
        output = output.index_add(0, rows, log_q[:, 0])
        u = u.masked_fill(inside, frequent + k)  # one class
        start = stop
    z = linear(x, head_weight, head_bias)
    (z,) = upcast(z)
    log_p = z.log_softmax(1).gather(1, u[:, None])
    output = (output + log_p[:, 0]).view_as(target)
    return AdaptiveLogSoftmax(output, -output.mean())


def prepared(
    input: Tensor, head_weight: Tensor, tail_weights: Sequence[Cluster], head_bias: Tensor | None
) -> tuple[Tensor, Tensor, list[Cluster], Tensor | None]:
    """Prepare layers that fit `input` and each other, all in the data type to compute in."""
    tail_weights = check_pairs(tail_weights)
    check_layers(input, head_weight, tail_weights, head_bias)
    tensors = [input, head_weight, *(weight for pair in tail_weights for weight in pair)]
    if head_bias is not None:
        tensors.append(head_bias)
    types = sorted({scalar_type(tensor.dtype) for tensor in tensors})
    if len(types) > 1 and not autocasting(input):
        raise RuntimeError(
            f"expected input and all weights to have the same dtype, but got: {' and '.join(types)}"
            ". Pass input.to(head_weight.dtype), or switch on torch.autocast"
        )
    check_floating(input=input)
    input, head_weight, *tails = upcast(*tensors)
    if head_bias is not None:
        head_bias = tails.pop()
    return input, head_weight, list(zip(tails[::2], tails[1::2], strict=True)), head_bias


def check_pairs(tail_weights: Iterable[Cluster]) -> list[Cluster]:
    """Raise unless these are pairs of tensors."""
    pairs = []
    for pair in tail_weights if isinstance(tail_weights, Iterable) else [tail_weights]:
        tensors = [x for x in pair if isinstance(x, Tensor)] if isinstance(pair, Iterable) else []
        if len(tensors) != 2:
            raise TypeError(
                "adaptive_log_softmax_with_loss(): argument 'tail_weights' (position 4) must hold "
                f"pairs of Tensors, not {type(pair).__name__}: for a module, pass "
                "[(projection.weight, cluster.weight) for projection, cluster in module.tail]"
            )
        pairs.append((tensors[0], tensors[1]))
    return pairs


def check_layers(
    input: Tensor, head_weight: Tensor, tail_weights: Sequence[Cluster], head_bias: Tensor | None
) -> None:
    """Raise unless `input` can pass through the head and through every cluster."""
    features, clusters = input.shape[-1:], len(tail_weights)
    rows = head_weight.shape[:1].numel()
    if input.dim() == 0 or head_weight.dim() != 2 or head_weight.shape[1:] != features:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied: got input {tuple(input.shape)} and "
            f"head_weight {tuple(head_weight.shape)}; pass input (N, D) and head_weight (C, D), "
            "with as many features D"
        )
    if rows < clusters:
        raise RuntimeError(
            f"head_weight has {rows} rows and tail_weights {clusters} clusters: pass one row for "
            "each class that the head scores itself, and then one for each cluster"
        )
    if head_bias is not None and head_bias.shape != head_weight.shape[:1]:
        raise RuntimeError(
            f"expected head_bias of shape ({rows},), got {tuple(head_bias.shape)}: pass one "
            "number for each row of head_weight"
        )
    for k, (projection, cluster) in enumerate(tail_weights):
        for weight in (projection, cluster):
            check_tensor("adaptive_log_softmax_with_loss", 4, "tail_weights", weight, input)
        shapes = tuple(projection.shape), tuple(cluster.shape)
        fit = projection.dim() == cluster.dim() == 2 and projection.shape[1:] == features
        if not fit or cluster.shape[1] != projection.shape[0] or cluster.shape[0] == 0:
            raise RuntimeError(
                f"mat1 and mat2 shapes cannot be multiplied: tail_weights[{k}] has the shapes "
                f"{shapes[0]} and {shapes[1]} for input {tuple(input.shape)}; pass a projection "
                "(h, D) and a matrix (classes, h), at least one class"
            )


def check_target(
    input: Tensor, target: Tensor, head_weight: Tensor, tail_weights: Sequence[Cluster]
) -> Tensor:
    """Raise unless there is one class for each row of `input`; return them as int64."""
    got = f"got input {tuple(input.shape)} and target {tuple(target.shape)}"
    if target.dim() > 1:
        raise RuntimeError(
            f"0D or 1D target tensor expected, multi-target not supported: {got}; "
            "pass input.flatten(0, -2) and target.flatten(), an index for each row"
        )
    if target.dim() == 1 and input.shape[0] != target.shape[0]:
        raise RuntimeError(
            f"Input and target should have the same size in the batch dimension: {got}; "
            "pass one class index for each row of input"
        )
    if input.dim() != target.dim() + 1:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found "
            f"inputs with size {input.size()}: pass (N, D) and (N), or (D) and ()"
        )
    if target.dtype not in (torch.int32, torch.int64):
        raise RuntimeError(
            f"expected target dtype to be Int or Long, but got {scalar_type(target.dtype)}: "
            "pass target.long(), class indices"
        )
    sizes = [cluster.shape[0] for _, cluster in tail_weights]
    last = head_weight.shape[0] - len(sizes) + sum(sizes) - 1
    wrong = outlier(0, target, last, input)
    if wrong is not None:
        raise RuntimeError(
            f"Target values should be in [0, {last}], but {wrong} was found: classes count from "
            f"0. To leave such rows out, pass input[target != {wrong}], target[target != {wrong}]"
        )
    return target.long()


class AdaptiveLogSoftmaxWithLoss(nn.Module):
    r"""[`adaptive_log_softmax_with_loss`][losses.adaptive_log_softmax_with_loss] with its layers.

    Args:
        in_features: Number of features in a row of `input`, $D$.
        n_classes: Number of classes.
        cutoffs: The first class of each cluster, in increasing order, from 1 to
            `n_classes` − 1. With `[10, 100]` the head scores the classes 0 to 9, one cluster
            holds 10 to 99, another all from 100 on.
        div_value: The number $v$: cluster $i$, counted from 1, gets
            $D / v^i$ features, rounded down.
        head_bias: Whether the head has a bias. The clusters never have one.
        device: Where the layers live.
        dtype: Data type of the layers.

    Attributes:
        head: The `torch.nn.Linear` layer of the frequent classes and of the clusters.
        tail: The clusters: two `torch.nn.Linear` layers each.

    Raises:
        ValueError: If `cutoffs` is empty, not increasing, or out of range.

    Examples:
        The names and shapes of the parameters are PyTorch's: a saved state fits both.

        >>> import torch
        >>> from losses import AdaptiveLogSoftmaxWithLoss
        >>> _ = torch.manual_seed(0)
        >>> criterion = AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10])
        >>> for name, weight in criterion.state_dict().items():
        ...     print(name, tuple(weight.shape))
        head.weight (6, 16)
        tail.0.0.weight (4, 16)
        tail.0.1.weight (6, 4)
        tail.1.0.weight (1, 16)
        tail.1.1.weight (10, 1)
        >>> features, target = torch.ones(3, 16), torch.tensor([0, 5, 19])
        >>> output, loss = criterion(features, target)
        >>> loss.backward()
        >>> output.shape, criterion.head.weight.grad.shape
        (torch.Size([3]), torch.Size([6, 16]))

        All classes: their probabilities sum to 1, and `output` picks one of them in each row.

        >>> import torch
        >>> from losses import AdaptiveLogSoftmaxWithLoss
        >>> _ = torch.manual_seed(0)
        >>> criterion = AdaptiveLogSoftmaxWithLoss(16, 20, [4, 10])
        >>> features, target = torch.randn(3, 16), torch.tensor([0, 5, 19])
        >>> log_p = criterion.log_prob(features)
        >>> log_p.shape
        torch.Size([3, 20])
        >>> torch.allclose(log_p.exp().sum(dim=1), torch.ones(3))
        True
        >>> output, loss = criterion(features, target)
        >>> torch.allclose(output, log_p[range(3), target])
        True
        >>> torch.equal(criterion.predict(features), log_p.argmax(dim=1))
        True
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = check_cutoffs(cutoffs, n_classes)
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters

        def layer(features: int, rows: int, bias: bool = False) -> nn.Linear:
            return nn.Linear(features, rows, bias=bias, device=device, dtype=dtype)

        self.head = layer(in_features, self.head_size, head_bias)
        self.tail = nn.ModuleList()
        for i, (start, stop) in enumerate(pairwise(self.cutoffs), 1):
            narrow = int(in_features // div_value**i)
            self.tail.append(nn.Sequential(layer(in_features, narrow), layer(narrow, stop - start)))

    def reset_parameters(self) -> None:
        """Draw all parameters anew, as at the start."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()

    def _layers(self) -> tuple[Tensor, list[Cluster], Tensor | None]:
        """Return the weights as the function takes them."""
        tail: Any = self.tail
        pairs = [(projection.weight, cluster.weight) for projection, cluster in tail]
        return self.head.weight, pairs, self.head.bias

    def forward(self, input_: Tensor, target_: Tensor) -> AdaptiveLogSoftmax:
        """Compute log-probabilities and loss.

        See [`adaptive_log_softmax_with_loss`][losses.adaptive_log_softmax_with_loss].
        """
        return adaptive_log_softmax_with_loss(input_, target_, *self._layers())

    def log_prob(self, input: Tensor) -> Tensor:
        """Compute the log-probabilities of all classes.

        Args:
            input: Features, shape (N, D) or (D).

        Returns:
            One number for each class, `(N, n_classes)` or `(n_classes)`, in the data type of
            `input` (float32 under autocast).
        """
        x, head_weight, tail_weights, head_bias = prepared(input, *self._layers())
        (z,) = upcast(linear(x, head_weight, head_bias))
        log_p = z.log_softmax(-1)
        parts = [log_p[..., : self.shortlist_size]]
        for k, (projection, cluster) in enumerate(tail_weights, self.shortlist_size):
            (t,) = upcast(linear(linear(x, projection), cluster))
            parts.append(log_p[..., k, None] + t.log_softmax(-1))
        return rounded(torch.cat(parts, -1), input)

    def predict(self, input: Tensor) -> Tensor:
        """Find the most likely class, as `log_prob(input).argmax(-1)` does.

        Only the rows whose best score in the head is that of a cluster go through the clusters: in
        all others no rare class can win.

        Args:
            input: Features, shape (N, D) or (D).

        Returns:
            Class indices, shape (N) or ().
        """
        x, head_weight, _, head_bias = prepared(input, *self._layers())
        best = linear(x, head_weight, head_bias).argmax(-1)
        rare = best >= self.shortlist_size
        return torch.masked_scatter(best, rare, self.log_prob(input[rare]).argmax(-1))


def check_cutoffs(cutoffs: Sequence[int], n_classes: int) -> list[int]:
    """Raise unless these split the classes; return them, and where the last cluster ends."""
    found = list(cutoffs)
    if not found:
        raise ValueError(
            "cutoffs should be a sequence of length larger than 0, got none: pass where the "
            "clusters begin, or use cross_entropy, which has none"
        )
    inside = found[0] >= 1 and found[-1] <= n_classes - 1
    if not inside or found != sorted(set(found)) or any(int(x) != x for x in found):
        raise ValueError(
            "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
            "order, where each value is between 1 and n_classes-1, "
            f"got {found} for n_classes={n_classes}: leave out 0 and n_classes themselves"
        )
    return [*map(int, found), n_classes]


RECORD = Record(
    function="adaptive_log_softmax_with_loss",
    classes=("AdaptiveLogSoftmaxWithLoss",),
    aliases=("adaptive softmax", "class-based softmax", "two-level softmax"),
    summary="Very many classes, most of them rare: a smaller layer for the rare ones.",
    input="features before the last layer, any real number",
    target="class indices (int64, int32), the most frequent class first",
    mean="the number of rows; there is no other reduction",
    shapes="`input` (in) or (N, in); `target` () or (N); `head_weight` (frequent + clusters, "
    "in); `tail_weights` pairs of (h, in) and (classes, h)",
    torch_equivalent=False,  # PyTorch has the class alone
    curve=Curve(
        {
            "input": [["x"]],
            "target": ["target"],
            "head_weight": [[1.0], [0.0], [-1.0]],
            "tail_weights": (([[1.0]], [[1.0], [-1.0]]),),
        },
        (-6, 6),
        "x, with W = (1, 0, −1), P = 1, C = (1, −1)",
        sweep=("target", (0, 2, 3)),
    ),
    properties=Properties(
        convex=Claim(
            True,
            "both cross entropies are convex, the layers linear; not in the layers' weights",
        ),
        lipschitz=Claim(
            True, "each softmax adds to the gradient a mean of its weight's rows minus one row"
        ),
        smooth=Claim(True, "log-sum-exp is"),
        symmetric=Claim(False, "the most likely class becomes the least likely", "sign"),
        bounded=Claim(
            True, "each softmax adds to the gradient a mean of its weight's rows minus one row"
        ),
        non_negative=Claim(True, "minus the logarithm of a probability"),
        minimum=Claim(
            False, "where features can set the target's class apart, 0 is only approached"
        ),
    ),
)
