from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import EMBEDDINGS, Contest, embedded
from tests.domains import MINED

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"m": "margin"}
SHARED = ("input", "target")


def distance(x: Tensor, y: Tensor) -> Tensor:
    """The Euclidean distance of two embeddings; its gradient at 0 is 0."""
    return torch.linalg.vector_norm(x - y)


def batches(dtype: torch.dtype) -> Iterator[Case]:
    """The batches that all mined losses are tested with."""
    pairs = torch.arange(4).repeat_interleave(2)
    x = randn(8, 3, dtype=dtype)
    yield Case("pairs", {"input": x, "target": pairs})
    yield Case("margin=0", {"input": x, "target": pairs, "margin": 0.0})
    yield Case("wide margin", {"input": x, "target": pairs, "margin": 5.0})
    random = {"input": randn(12, 4, dtype=dtype, seed=1), "target": randint(3, 12), "margin": 1.0}
    yield Case("three labels", random)
    single = torch.tensor([0, 0, 0, 7, 9, 9, -1, 4])
    yield Case("single labels", {"input": x, "target": single, "margin": 1.0})
    yield Case("one label", {"input": x, "target": torch.zeros(8)})
    yield Case("all labels different", {"input": x, "target": torch.arange(8)})
    yield Case("one embedding", {"input": x[:1], "target": pairs[:1]})
    yield Case("empty", {"input": x[:0], "target": pairs[:0]}, gradcheck=False)
    # 0 twice with one label, 6 with two; yet no anchor has two hardest positives or negatives.
    twice = torch.tensor([0.0, 0.0, 2.0, 6.0, 6.0, 3.5, 10.5, 0.75], dtype=dtype)[:, None]
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 4])
    duplicates = {"input": twice, "target": labels, "margin": 1.0}
    yield Case("duplicates", duplicates, gradcheck=False)
    yield Case("collapsed", {"input": 0 * x + x[:1], "target": pairs}, gradcheck=False)
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]], dtype=dtype)
    # From 1, positive plus margin and negative are both 2 away: exactly on the margin.
    on_margin = {"input": line, "target": torch.tensor([0, 0, 1, 1]), "margin": 1.0}
    yield Case("on the margin", on_margin, gradcheck=False)
    # Of the pair at -1 and 2, the only negative lies between.
    near = {"input": line[:3] - line[1], "target": torch.tensor([0, 1, 0])}
    yield Case("one negative", near, gradcheck=False)
    far = 64 * randn(8, 1, dtype=dtype, seed=2) + x / 64
    yield Case("far from the origin", {"input": far, "target": pairs}, gradcheck=False)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from batches(dtype)
    x = randn(8, 3, dtype=dtype)
    broken = torch.where(torch.arange(8)[:, None] == 2, float("nan"), x)
    equal = {"input": torch.eye(3, 1, dtype=dtype), "target": torch.tensor([1, 0, 0])}
    yield Case("an equal pair behind its negative", equal, gradcheck=False)
    yield Case("nan", {"input": broken, "target": torch.arange(8) // 2}, gradcheck=False)


def random_batches(seed: int) -> Iterator[Point]:
    """Draw batches where every label is there more than once, for all mined losses."""
    x, y = randn(8, 3, seed=seed), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    # Labels apart by about as much as they spread: some triplets are easy, some are not.
    x[:, 0] += 1.5 * y
    pairs = [(a + 1, p + 1) for a in range(8) for p in range(8) if a != p and y[a] == y[p]]
    for margin in (0.25, 1.0):
        yield Point({"input": x, "target": y, "margin": margin}, at={("a", "p"): pairs})


def wrong_batches() -> Iterator[Error]:
    x, y = torch.zeros(4, 2), torch.arange(4)
    yield Error("input", {"input": x[0], "target": y}, ValueError, "input of shape", False)
    column = {"input": x, "target": y[:, None]}
    yield Error("target", column, ValueError, r"target of shape \(4,\)", False)
    yield Error("too few", {"input": x, "target": y[:2]}, ValueError, "target of shape", False)
    negative = {"input": x, "target": y, "margin": -1.0}
    yield Error("margin", negative, ValueError, "margin must be .* got -1.0", False)
    integers = {"input": x.long(), "target": y}
    yield Error("integers", integers, NotImplementedError, "input must be floating", False)
    average = {"input": x, "target": y, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)


errors = wrong_batches
points = random_batches


def reference(
    input: Tensor, target: Tensor, margin: float = 0.3, reduction: str = "mean"
) -> Tensor:
    n = len(input)
    loss, anchors = [], 0
    for a in range(n):
        positives = [p for p in range(n) if target[p] == target[a] and p != a]
        negatives = [n_ for n_ in range(n) if target[n_] != target[a]]
        value = 0 * input[a].sum()
        if positives and negatives:
            anchors += 1
            hardest = torch.stack([distance(input[a], input[p]) for p in positives]).max()
            nearest = torch.stack([distance(input[a], input[n_]) for n_ in negatives]).min()
            value = (hardest - nearest + margin).clamp(min=0)
        loss.append(value)
    if reduction == "none":
        return torch.stack(loss) if loss else input.sum(dim=1)
    total = sum(loss, 0 * input.sum())
    return total / max(anchors, 1) if reduction == "mean" else total


domain = replace(MINED, element=(0,))


def batch_hard_by_loop(input: Tensor, target: Tensor, margin: float) -> Tensor:
    """Mine as the document does, anchor by anchor."""
    n = len(input)
    dist = input.pow(2).sum(dim=1, keepdim=True).expand(n, n)
    dist = dist + dist.t()
    dist = dist.addmm(input, input.t(), beta=1, alpha=-2).clamp(min=1e-12).sqrt()
    mask = target.expand(n, n).eq(target.expand(n, n).t())
    hardest_positive = [dist[i][mask[i]].max().unsqueeze(0) for i in range(n)]
    hardest_negative = [dist[i][mask[i] == 0].min().unsqueeze(0) for i in range(n)]
    far, near = torch.cat(hardest_positive), torch.cat(hardest_negative)
    return torch.nn.functional.margin_ranking_loss(near, far, torch.ones_like(near), margin)


contests = (
    Contest(
        embedded,
        shapes=EMBEDDINGS,
        other=batch_hard_by_loop,
        against="the blog post's loop",
        compiled=("ours",),  # the loop unrolls
        wanted={"64": {"eager": 1 / 10}, "512": {"eager": 1 / 30}, "2048": {"eager": 1 / 100}},
    ),
)
