"""What the benchmark compares: each loss with its baseline, on which arguments; what is wanted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import losses

Arguments = dict[str, Any]
Shape = tuple[int, ...]

# What each loss is called with: random numbers of these shapes.

ELEMENTS: dict[str, Shape] = {"small": (64, 10), "million": (1000, 1000)}
VOCABULARY: dict[str, Shape] = {"vocabulary": (512, 32000)}
FRAMES: dict[str, Shape] = {"small": (20, 8, 10), "million": (200, 100, 50)}
FEATURES: dict[str, Shape] = {"small": (64, 16, 10), "million": (1000, 64, 1000)}
TOKENS: dict[str, Shape] = {"vocabulary": (2048, 128, 32000)}
EMBEDDINGS: dict[str, Shape] = {str(n): (n, 128) for n in (64, 512, 2048)}


def signs(shape: Shape) -> Tensor:
    return torch.randint(2, shape) * 2.0 - 1


def labels(shape: Shape) -> Tensor:
    return torch.randint(2, shape).float()


def counts(shape: Shape) -> Tensor:
    return torch.randint(9, shape).float()


def log_probabilities(shape: Shape) -> Tensor:
    return torch.randn(shape).log_softmax(-1)


def pointwise(
    shape: Shape,
    input: Callable[[Shape], Tensor] = torch.randn,
    target: Callable[[Shape], Tensor] = torch.randn,
) -> Arguments:
    return {"input": input(shape), "target": target(shape)}


def named(shape: Shape, names: tuple[str, ...]) -> Arguments:
    return {name: torch.randn(shape) for name in names}


def classified(shape: Shape, scores: Callable[[Shape], Tensor] = torch.randn) -> Arguments:
    return {"input": scores(shape), "target": torch.randint(shape[1], shape[:1])}


def distributions(shape: Shape, log_target: bool) -> Arguments:
    target = log_probabilities(shape)
    settings = {"reduction": "batchmean", "log_target": log_target}
    return {
        "input": log_probabilities(shape),
        "target": target if log_target else target.exp(),
        **settings,
    }


def listed(shape: Shape) -> Arguments:
    """Scores, and three right classes each."""
    target = torch.full(shape, -1)
    target[:, :3] = torch.rand(shape).argsort(1)[:, :3]
    return {"input": torch.randn(shape), "target": target}


def last_layer(shape: Shape, **settings: Any) -> Arguments:
    samples, features, classes = shape
    return {
        "input": torch.randn(samples, features),
        "linear_weight": torch.randn(classes, features) / 8,
        "target": torch.randint(classes, (samples,)),
        **settings,
    }


def in_blocks(shape: Shape) -> Arguments:
    return last_layer(shape, options=nn.LinearCrossEntropyOptions(batch_chunk_size=128))


def clusters(shape: Shape) -> Arguments:
    samples, features, classes = shape
    cutoffs = [classes // 10, classes // 2]
    return {
        "input": torch.randn(samples, features),
        "target": torch.randint(classes, (samples,)),
        "module": nn.AdaptiveLogSoftmaxWithLoss(features, classes, cutoffs),
    }


def gaussian(shape: Shape) -> Arguments:
    return {**pointwise(shape), "var": torch.rand(shape) + 0.5}


def paired(shape: Shape, rows: bool) -> Arguments:
    return {**named(shape, PAIR), "target": signs(shape[:1] if rows else shape)}


def sigmoids(shape: Shape) -> Arguments:
    return {"inputs": torch.randn(shape), "targets": labels(shape), "reduction": "mean"}


def speech(shape: Shape) -> Arguments:
    frames, samples, classes = shape
    length = frames // 4
    return {
        "log_probs": log_probabilities(shape),
        "targets": torch.randint(1, classes, (samples, length)),
        "input_lengths": torch.full((samples,), frames),
        "target_lengths": torch.full((samples,), length),
    }


def embedded(shape: Shape) -> Arguments:
    """Four embeddings a class."""
    n = shape[0]
    return {"input": torch.randn(shape), "target": torch.arange(n) % (n // 4), "margin": 0.3}


# Where PyTorch has a class alone.


def adaptive(input: Tensor, target: Tensor, module: nn.AdaptiveLogSoftmaxWithLoss) -> Tensor:
    tails = [(projection.weight, cluster.weight) for projection, cluster in module.tail]
    head = module.head.weight
    return losses.adaptive_log_softmax_with_loss(input, target, head, tails).loss


def adaptive_by_module(
    input: Tensor, target: Tensor, module: nn.AdaptiveLogSoftmaxWithLoss
) -> Tensor:
    return module(input, target).loss


# Where PyTorch has no such loss: what people write instead.


def softplus_log_cosh(input: Tensor, target: Tensor) -> Tensor:
    """Compute it as Keras does."""
    error = input - target
    return (error + F.softplus(-2 * error) - math.log(2)).mean()


def focal_of_cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    minus_log_p = F.cross_entropy(input, target, reduction="none")
    return ((1 - torch.exp(-minus_log_p)) ** 2 * minus_log_p).mean()


def torchvision_focal(inputs: Tensor, targets: Tensor, reduction: str) -> Tensor:
    p = torch.sigmoid(inputs)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = 0.25 * targets + 0.75 * (1 - targets)
    return (alpha_t * loss * (1 - p_t) ** 2).mean()


def two_steps(input: Tensor, linear_weight: Tensor, target: Tensor, options: object) -> Tensor:
    return F.cross_entropy(F.linear(input, linear_weight), target)


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
    return F.margin_ranking_loss(near, far, torch.ones_like(near), margin)


def cube(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """All distances, twice: to the positive and to the negative of each of n³ triplets."""
    distance = (input[:, None] - input).square().sum(2).clamp(min=1e-12).sqrt()
    same = target[:, None] == target
    positive = same & ~torch.eye(len(target), dtype=torch.bool, device=target.device)
    return distance[:, :, None], distance[:, None, :], positive, ~same


def batch_all_by_cube(input: Tensor, target: Tensor, margin: float) -> Tensor:
    to_positive, to_negative, positive, negative = cube(input, target)
    loss = (to_positive - to_negative + margin).relu()
    loss = loss * (positive[:, :, None] & negative[:, None, :])
    return loss.sum() / (loss > 0).sum()


def semihard_by_cube(input: Tensor, target: Tensor, margin: float) -> Tensor:
    to_positive, to_negative, positive, negative = cube(input, target)
    beyond = negative[:, None, :] & (to_negative > to_positive)
    nearest = to_negative.masked_fill(~beyond, math.inf).amin(2)
    farthest = to_negative.masked_fill(~negative[:, None, :], -math.inf).amax(2)
    chosen = torch.where(beyond.any(2), nearest, farthest)
    return (to_positive.squeeze(2) - chosen + margin).relu()[positive].mean()


OURS, BASELINE = "ours", "baseline"
PYTORCH = "PyTorch's own"


@dataclass(frozen=True)
class Contest:
    """One loss against one baseline.

    Attributes:
        loss: The loss.
        arguments: Draws what both are called with, for a shape.
        leaves: The arguments that have a gradient.
        label: What is special about the call.
        shapes: The sizes, and their shapes.
        other: The baseline, where that is not PyTorch's own function.
        against: The baseline's name.
        call: What calls ours, where that is not the function alone.
        compiled: Which of the two are compiled, too.
        memory: Whether its memory is measured.
    """

    loss: str
    arguments: Callable[[Shape], Arguments]
    leaves: tuple[str, ...] = ("input",)
    label: str = ""
    shapes: dict[str, Shape] = field(default_factory=lambda: ELEMENTS)
    other: Callable[..., Tensor] | None = None
    against: str = PYTORCH
    call: Callable[..., Tensor] | None = None
    compiled: tuple[str, ...] = (OURS, BASELINE)
    memory: bool = False

    @property
    def name(self) -> str:
        return f"{self.loss} {self.label}".strip()

    @property
    def functions(self) -> dict[str, Callable[..., Tensor]]:
        return {
            OURS: self.call or getattr(losses, self.loss),
            BASELINE: self.other or getattr(F, self.loss),
        }


PAIR, TRIPLET = ("input1", "input2"), ("anchor", "positive", "negative")
LAYER = ("input", "linear_weight")
in_cube = partial(
    Contest,
    arguments=embedded,
    # Of 2048 embeddings, a tensor of all triplets would take 34 GB.
    shapes={size: shape for size, shape in EMBEDDINGS.items() if shape[0] < 2048},
    against="a tensor of all triplets",
    memory=True,
)
blocks = partial(Contest, "linear_cross_entropy", in_blocks, LAYER, shapes=TOKENS, memory=True)

CONTESTS = (
    Contest("binary_cross_entropy", partial(pointwise, input=torch.rand, target=torch.rand)),
    Contest("binary_cross_entropy_with_logits", partial(pointwise, target=torch.rand)),
    Contest("cross_entropy", classified),
    Contest("cross_entropy", classified, label="32000 classes", shapes=VOCABULARY, memory=True),
    Contest("nll_loss", partial(classified, scores=log_probabilities)),
    Contest("linear_cross_entropy", last_layer, LAYER, shapes=FEATURES),
    blocks(label="in blocks", against="PyTorch's blocks"),
    blocks(label="in blocks, two steps", other=two_steps, against="`linear`, then `cross_entropy`"),
    Contest(
        "adaptive_log_softmax_with_loss",
        clusters,
        shapes=FEATURES,
        call=adaptive,
        other=adaptive_by_module,
    ),
    Contest("l1_loss", pointwise),
    Contest("mse_loss", pointwise),
    Contest("smooth_l1_loss", pointwise),
    Contest("huber_loss", pointwise),
    Contest("log_cosh_loss", pointwise, other=softplus_log_cosh, against="Keras's formula"),
    Contest("poisson_nll_loss", partial(pointwise, target=counts)),
    Contest("gaussian_nll_loss", gaussian, ("input", "var")),
    Contest("kl_div", partial(distributions, log_target=False)),
    Contest("kl_div", partial(distributions, log_target=True), label="log_target=True"),
    Contest("margin_ranking_loss", partial(paired, rows=False), PAIR),
    # PyTorch 2.13.0 compiles its own to a wrong value.
    Contest("multilabel_margin_loss", listed, compiled=(OURS,)),
    Contest("multilabel_soft_margin_loss", partial(pointwise, target=labels)),
    Contest("soft_margin_loss", partial(pointwise, target=signs)),
    Contest("multi_margin_loss", classified),
    Contest("triplet_margin_loss", partial(named, names=TRIPLET), TRIPLET),
    Contest("triplet_margin_with_distance_loss", partial(named, names=TRIPLET), TRIPLET),
    Contest("hinge_embedding_loss", partial(pointwise, input=torch.rand, target=signs)),
    Contest("cosine_embedding_loss", partial(paired, rows=True), PAIR),
    # Compiled, its loop over the frames unrolls: minutes of compiling, for no gain.
    Contest("ctc_loss", speech, ("log_probs",), shapes=FRAMES, compiled=()),
    Contest(
        "focal_loss",
        classified,
        other=focal_of_cross_entropy,
        against="the usual lines around `cross_entropy`",
    ),
    Contest(
        "sigmoid_focal_loss",
        sigmoids,
        ("inputs",),
        other=torchvision_focal,
        against="torchvision's formula",
    ),
    Contest(
        "batch_hard_triplet_loss",
        embedded,
        shapes=EMBEDDINGS,
        other=batch_hard_by_loop,
        against="the loop of document 000",
        compiled=(OURS,),  # the loop unrolls
    ),
    in_cube("triplet_semihard_loss", other=semihard_by_cube),
    in_cube("batch_all_triplet_loss", other=batch_all_by_cube),
)

EAGER, COMPILED, BOTH, MEMORY = "eager", "compiled", "both compiled", "memory"
RATIOS = {
    EAGER: (OURS, BASELINE),
    COMPILED: (f"{OURS} compiled", BASELINE),
    BOTH: (f"{OURS} compiled", f"{BASELINE} compiled"),
}

NO_HELP = ("nll_loss", "ctc_loss")  # the compiler does not help them
# The highest ratio that is wanted. It is reported where it is above, and fails nothing.
WANTED: dict[tuple[str, str, str], float] = {
    **{
        (contest.name, size, COMPILED): 1.25
        for contest in CONTESTS
        for size in contest.shapes
        if size != "small" and contest.against == PYTORCH and contest.loss not in NO_HELP
    },
    **{
        (name, "million", EAGER): most
        for most, names in {
            1.7: ("l1_loss", "kl_div", "poisson_nll_loss", "triplet_margin_loss"),
            3: (
                *("binary_cross_entropy", "binary_cross_entropy_with_logits", "nll_loss"),
                *("focal_loss", "cross_entropy"),
            ),
            4: ("mse_loss", "ctc_loss"),
            7.5: ("huber_loss", "smooth_l1_loss"),
        }.items()
        for name in names
    },
    ("cross_entropy 32000 classes", "vocabulary", EAGER): 1.7,
    ("cross_entropy 32000 classes", "vocabulary", MEMORY): 1.1,
    ("linear_cross_entropy in blocks", "vocabulary", MEMORY): 1.3,
    ("linear_cross_entropy in blocks, two steps", "vocabulary", MEMORY): 1 / 7,
    ("batch_hard_triplet_loss", "64", EAGER): 1 / 10,
    ("batch_hard_triplet_loss", "512", EAGER): 1 / 30,
    ("batch_hard_triplet_loss", "2048", EAGER): 1 / 100,
}
MEANS = {EAGER: 2.3, COMPILED: 0.7}  # geometric, over PyTorch's losses, a million numbers each


def drawn(contest: Contest, size: str) -> tuple[Arguments, list[Tensor]]:
    """Draw what is called with, and say which of it has a gradient."""
    torch.manual_seed(0)
    arguments = contest.arguments(contest.shapes[size])
    leaves = [arguments[name].requires_grad_() for name in contest.leaves]
    modules = [value for value in arguments.values() if isinstance(value, nn.Module)]
    return arguments, leaves + [x for module in modules for x in module.parameters()]
