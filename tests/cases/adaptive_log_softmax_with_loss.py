from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

import losses
from tests.cases import Case, Error, Point, randint, randn
from tests.contests import FEATURES, Arguments, Contest, Shape
from tests.domains import LOGITS, Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"W": "head_weight", "b": "bias"}
SHARED = ("head_weight", "bias")


def adapted(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """Take each tensor as an argument of its own, and reduce as other losses do."""

    def call(
        input: Tensor,
        target: Tensor,
        head_weight: Tensor,
        projection1: Any,
        cluster1: Any,
        projection2: Any = None,
        cluster2: Any = None,
        bias: Any = None,
        reduction: str = "mean",
    ) -> Tensor:
        pairs = [(projection1, cluster1)]
        if projection2 is not None:
            pairs.append((projection2, cluster2))
        output, loss = function(input, target, head_weight, pairs, bias)
        by_reduction: dict[str, Tensor] = {"none": -output, "mean": loss, "sum": -output.sum()}
        return by_reduction[reduction]

    return call


def by_pytorch(
    input: Tensor,
    target: Tensor,
    head_weight: Tensor,
    tail_weights: list[tuple[Tensor, Tensor]],
    head_bias: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Call PyTorch's class, which there is no function of, with these weights."""
    cutoffs = [head_weight.shape[0] - len(tail_weights)]
    state = {"head.weight": head_weight}
    if head_bias is not None:
        state["head.bias"] = head_bias
    for i, (projection, cluster) in enumerate(tail_weights):
        state |= {f"tail.{i}.0.weight": projection, f"tail.{i}.1.weight": cluster}
        cutoffs.append(cutoffs[-1] + cluster.shape[0])
    module = torch.nn.AdaptiveLogSoftmaxWithLoss(
        head_weight.shape[1],
        cutoffs[-1],
        cutoffs[:-1],
        div_value=1.0,
        head_bias=head_bias is not None,
        device="meta",
    )
    output, loss = torch.func.functional_call(module, state, (input, target))
    # It leaves the clusters that it does not need out of the graph: they have a gradient of 0.
    nothing = sum((0 * weight.sum() for pair in tail_weights for weight in pair), 0 * output.sum())
    return output + nothing, loss + nothing


reference = adapted(by_pytorch)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = randn(8, 4, dtype=dtype)
    one = {
        "input": x,
        "target": torch.tensor([0, 4, 2, 5, 1, 3, 3, 0]),
        "head_weight": randn(4, 4, dtype=dtype, seed=1),
        "projection1": randn(2, 4, dtype=dtype, seed=2),
        "cluster1": randn(3, 2, dtype=dtype, seed=3),
    }
    yield Case("one cluster", one, ("input", "head_weight", "projection1", "cluster1"))
    two = one | {
        "target": torch.tensor([0, 9, 2, 5, 6, 3, 8, 0]),
        "head_weight": randn(5, 4, dtype=dtype, seed=4),
        "projection2": randn(1, 4, dtype=dtype, seed=5),
        "cluster2": randn(4, 1, dtype=dtype, seed=6),
    }
    clusters = ("projection1", "cluster1", "projection2", "cluster2")
    every = ("input", "head_weight", *clusters)
    yield Case("two clusters", two, every)
    biased = two | {"bias": randn(5, dtype=dtype, seed=7)}
    yield Case("bias", biased, (*every, "bias"))
    yield Case("frequent alone", two | {"target": torch.tensor([0, 1, 2, 2, 1, 0, 0, 1])}, every)
    yield Case("rare alone", two | {"target": torch.tensor([9, 3, 6, 5, 4, 3, 8, 7])}, every)
    yield Case("last cluster alone", two | {"target": torch.tensor([9, 6, 6, 7] * 2)}, every)
    yield Case("one row", biased | {"input": x[:1], "target": torch.tensor([4])}, every)
    yield Case("one sample", biased | {"input": x[0], "target": torch.tensor(1)}, every)
    yield Case("one rare sample", biased | {"input": x[0], "target": torch.tensor(7)}, every)
    nothing = {"input": x[:0], "target": torch.zeros(0, dtype=torch.long)}
    yield Case("empty", biased | nothing, every, gradcheck=False)
    yield Case("sure", two | {"input": 300 * x}, every, gradcheck=False)
    flat = two | {"projection2": x.new_zeros(0, 4), "cluster2": x.new_zeros(4, 0)}
    yield Case("a cluster without features", flat, ("input", "head_weight", "projection1"))


def points(seed: int) -> Iterator[Point]:
    head, bias = randn(5, 3, seed=seed), randn(5, seed=seed + 1)
    projections = [randn(2, 3, seed=seed + 2), randn(1, 3, seed=seed + 3)]
    clusters = [randn(3, 2, seed=seed + 4), randn(4, 1, seed=seed + 5)]
    starts = [3, 6]
    target = torch.cat([torch.tensor([0, 4, 9]), randint(10, 4, seed=seed)])
    arguments = {"input": randn(7, 3, seed=seed + 6), "target": target, "head_weight": head}
    for i in (0, 1):
        arguments |= {f"projection{i + 1}": projections[i], f"cluster{i + 1}": clusters[i]}
    symbols = {
        "K": 2,
        "N": 7,
        "a": lambda i: starts[i - 1],
        "P": lambda i: projections[i - 1],
        "C": lambda i: clusters[i - 1],
    }
    yield Point(arguments | {"bias": bias}, symbols)


def errors() -> Iterator[Error]:
    call = {
        "input": torch.zeros(2, 3),
        "target": torch.tensor([0, 4]),
        "head_weight": torch.zeros(3, 3),
        "projection1": torch.zeros(2, 3),
        "cluster1": torch.zeros(3, 2),
    }
    x, y = call["input"], call["target"]

    def error(id: str, match: str, type: type[Exception] = RuntimeError, **wrong: Any) -> Error:
        return Error(id, call | wrong, type, match, parity=False)

    yield error("class", r"in \[0, 4\], but 5 was found: classes count from 0", target=y + 1)
    yield error("negative class", r"\[0, 4\], but -100 was found.*input\[target", target=y - 100)
    yield error("batch", r"same size in the batch dim.*\(2, 3\) and target \(1,\)", target=y[:1])
    yield error("one-hot", r"multi-target not supported.*target \(2, 5\)", target=torch.zeros(2, 5))
    yield error(
        "one row", r"1D target tensor expects 2D input.*\[3\]", input=x[0], target=y[[0] * 3]
    )
    yield error("one target", r"0D target tensor expects 1D input.*\[2, 3\]", target=y[0])
    yield error("input 3-d", r"1D target tensor expects 2D input.*\[2, 1, 3\]", input=x[:, None])
    yield error("float target", r"target dtype .* got Float: pass target.long", target=y.float())
    yield error("features", r"multiplied: got input \(2, 2\) and head_weight", input=x[:, :2])
    yield error("no dimension", r"multiplied: got input \(\) and head_weight", input=x[0, 0])
    yield error("head", "3 clusters|1 clusters", head_weight=torch.zeros(0, 3))
    yield error("bias", r"head_bias of shape \(3,\), got \(2,\)", bias=torch.zeros(2))
    yield error(
        "projection", r"tail_weights\[0\] has the shapes \(2, 4\)", projection1=x.new_zeros(2, 4)
    )
    yield error("cluster", r"tail_weights\[0\] has .* and \(3, 4\)", cluster1=torch.zeros(3, 4))
    yield error("no class", r"tail_weights\[0\] .* at least one class", cluster1=torch.zeros(0, 2))
    yield error("dtype", "same dtype, but got: Double and Float. Pass input.to", input=x.double())
    yield error(
        "pair", "'tail_weights' .* pairs of Tensors, not tuple", TypeError, cluster1=[[0.0]]
    )
    yield error(
        "list", "argument 'input' .* must be Tensor, not list", TypeError, input=[[0.0] * 3]
    )
    integers = {k: v.long() for k, v in call.items()}
    yield error("integers", "input must be floating point", NotImplementedError, **integers)


def class_errors() -> Iterator[Error]:
    layer = {"in_features": 8, "n_classes": 10}
    yield Error("no cutoff", layer | {"cutoffs": []}, ValueError, "larger than 0, got none")
    for cutoffs in ([0, 3], [-1], [3, 3], [6, 3], [3, 10], [11], [2.5]):
        match = rf"between 1 and n_classes-1, got \[{cutoffs[0]}.* for n_classes=10: leave out"
        yield Error(f"cutoffs {cutoffs}", layer | {"cutoffs": cutoffs}, ValueError, match)


WEIGHTS = {
    "head_weight": randn(3, 2),
    "projection1": randn(2, 2, seed=1),
    "cluster1": randn(3, 2, seed=2),
}
domain = Domain(
    {"input": (2,)},
    tuple({"target": torch.tensor(y), **WEIGHTS} for y in (1, 3)),
    scales=LOGITS,
)


def clusters(shape: Shape) -> Arguments:
    samples, features, classes = shape
    cutoffs = [classes // 10, classes // 2]
    return {
        "input": torch.randn(samples, features),
        "target": torch.randint(classes, (samples,)),
        "module": torch.nn.AdaptiveLogSoftmaxWithLoss(features, classes, cutoffs),
    }


def of_module(input: Tensor, target: Tensor, module: Any) -> Tensor:
    """Call ours with the weights of PyTorch's module, which has no function."""
    tails = [(projection.weight, cluster.weight) for projection, cluster in module.tail]
    head = module.head.weight
    return losses.adaptive_log_softmax_with_loss(input, target, head, tails).loss


def by_module(input: Tensor, target: Tensor, module: Any) -> Tensor:
    loss: Tensor = module(input, target).loss
    return loss


contests = (Contest(clusters, shapes=FEATURES, call=of_module, other=by_module),)
