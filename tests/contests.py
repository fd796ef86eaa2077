"""What the benchmark compares: a loss with a baseline, and the arguments that several losses share.

Which contests a loss has stands in its cases.
"""

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

# What losses are called with: random numbers of these shapes.

ELEMENTS: dict[str, Shape] = {"small": (64, 10), "million": (1000, 1000)}
FEATURES: dict[str, Shape] = {"small": (64, 16, 10), "million": (1000, 64, 1000)}
EMBEDDINGS: dict[str, Shape] = {str(n): (n, 128) for n in (64, 512, 2048)}
PAIR, TRIPLET = ("input1", "input2"), ("anchor", "positive", "negative")


def signs(shape: Shape) -> Tensor:
    return torch.randint(2, shape) * 2.0 - 1


def labels(shape: Shape) -> Tensor:
    return torch.randint(2, shape).float()


def log_probabilities(shape: Shape) -> Tensor:
    return torch.randn(shape).log_softmax(-1)


def elementwise(
    shape: Shape,
    input: Callable[[Shape], Tensor] = torch.randn,
    target: Callable[[Shape], Tensor] = torch.randn,
) -> Arguments:
    return {"input": input(shape), "target": target(shape)}


def named(shape: Shape, names: tuple[str, ...]) -> Arguments:
    return {name: torch.randn(shape) for name in names}


def classified(shape: Shape, scores: Callable[[Shape], Tensor] = torch.randn) -> Arguments:
    return {"input": scores(shape), "target": torch.randint(shape[1], shape[:1])}


def paired(shape: Shape, rows: bool) -> Arguments:
    return {**named(shape, PAIR), "target": signs(shape[:1] if rows else shape)}


def labelled(shape: Shape) -> Arguments:
    """Four embeddings a class."""
    n = shape[0]
    return {"input": torch.randn(shape), "target": torch.arange(n) % (n // 4)}


def embedded(shape: Shape) -> Arguments:
    return {**labelled(shape), "margin": 0.3}


def multi_labelled(shape: Shape) -> Arguments:
    return {"input": torch.randn(shape), "target": torch.randint(2, shape)}


def signed(shape: Shape) -> Arguments:
    return {"input": torch.randn(shape), "target": 2 * torch.randint(2, shape) - 1}


def segmented(shape: Shape) -> Arguments:
    """Logits of images, and the class of each pixel."""
    images, classes, *pixels = shape
    return {"input": torch.randn(shape), "target": torch.randint(classes, (images, *pixels))}


def boxed(shape: Shape) -> Arguments:
    def corners() -> Tensor:
        low = torch.randn(*shape, 2)
        return torch.cat([low, low + torch.rand(*shape, 2)], -1)

    return {"boxes1": corners(), "boxes2": corners(), "reduction": "mean"}


def counted(shape: Shape) -> Arguments:
    counts, total_count = torch.randint(9, shape).float(), torch.rand(shape) + 0.5
    return {"input": torch.randn(shape), "target": counts, "total_count": total_count}


def listed(shape: Shape) -> Arguments:
    return {"input": torch.randn(shape), "target": torch.rand(shape).argsort(-1).float()}


def ordinal(shape: Shape) -> Arguments:
    """Logits of one rank less than there are."""
    rows, thresholds = shape
    return {"input": torch.randn(shape), "target": torch.randint(thresholds + 1, (rows,))}


def directed(shape: Shape) -> Arguments:
    """Embeddings, and the direction of each class."""
    rows, features, classes = shape
    weight = torch.randn(classes, features)
    target = torch.randint(classes, (rows,))
    return {"input": torch.randn(rows, features), "linear_weight": weight, "target": target}


def scaled(shape: Shape, **scalars: float) -> Arguments:
    """Pictures and texts, with the scale of their logits, and more of such parameters."""
    features = named(shape, ("image_features", "text_features"))
    return features | {name: torch.tensor(value) for name, value in scalars.items()}


def taught(shape: Shape) -> Arguments:
    return named(shape, ("input", "teacher"))


def answered(shape: Shape, names: tuple[str, ...]) -> Arguments:
    """Log-probabilities of answers."""
    return {name: -0.1 - torch.rand(shape) for name in names}


@dataclass(frozen=True)
class Contest:
    """One loss against one baseline.

    Attributes:
        arguments: Draws what both are called with, for a shape.
        leaves: The arguments that have a gradient.
        label: What is special about the call.
        shapes: The sizes, and their shapes.
        other: The baseline, where that is not PyTorch's own function.
        against: The baseline's name, where that is not PyTorch's own function.
        call: What calls ours, where that is not the function alone.
        compiled: Which of the two are compiled, too.
        peers: Whether it stands beside the libraries of `scripts/peers` that compute the same, once
            each, and alone if there is none. The settings are those of their agreement.
        memory: Whether its memory is measured.
        wanted: The highest ratios that are wanted, by size and column. What is above is reported,
            and fails nothing.
        loss: The loss. The benchmark fills it in: it is the one whose cases these are.
    """

    arguments: Callable[[Shape], Arguments]
    leaves: tuple[str, ...] = ("input",)
    label: str = ""
    shapes: dict[str, Shape] = field(default_factory=lambda: ELEMENTS)
    other: Callable[..., Tensor] | None = None
    against: str = ""
    call: Callable[..., Tensor] | None = None
    compiled: tuple[str, ...] = ("ours", "baseline")
    peers: bool = False
    memory: bool = False
    wanted: dict[str, dict[str, float]] = field(default_factory=dict)
    loss: str = ""

    @property
    def name(self) -> str:
        return " ".join(x for x in (self.loss, self.label, self.peers and self.against) if x)

    @property
    def functions(self) -> dict[str, Callable[..., Tensor]]:
        both = {"ours": self.call or getattr(losses, self.loss)}
        if self.other or not self.peers:
            both["baseline"] = self.other or getattr(F, self.loss)
        return both

    def most(self, size: str, column: str) -> float:
        """Return the highest ratio that is wanted; compiled, all are to be near PyTorch's."""
        plain = column != "compiled" or size == "small" or self.against or not self.compiled
        return self.wanted.get(size, {}).get(column, math.inf if plain else 1.25)


def drawn(contest: Contest, size: str) -> tuple[Arguments, list[Tensor]]:
    """Draw what is called with, and say which of it has a gradient."""
    torch.manual_seed(0)
    arguments = contest.arguments(contest.shapes[size])
    leaves = [arguments[name].requires_grad_() for name in contest.leaves]
    modules = [value for value in arguments.values() if isinstance(value, nn.Module)]
    return arguments, leaves + [x for module in modules for x in module.parameters()]


def cube(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """All distances, twice: to the positive and to the negative of each of n³ triplets."""
    distance = (input[:, None] - input).square().sum(2).clamp(min=1e-12).sqrt()
    same = target[:, None] == target
    positive = same & ~torch.eye(len(target), dtype=torch.bool, device=target.device)
    return distance[:, :, None], distance[:, None, :], positive, ~same


in_cube = partial(
    Contest,
    embedded,
    # Of 2048 embeddings, a tensor of all triplets would take 34 GB.
    shapes={size: shape for size, shape in EMBEDDINGS.items() if shape[0] < 2048},
    against="a tensor of all triplets",
    memory=True,
)


def usual(
    arguments: Callable[[Shape], Arguments], *shape: int, leaves: tuple[str, ...] = ("input",)
) -> Contest:
    """Measure at a usual size, beside other libraries: what PyTorch has not."""
    return Contest(arguments, leaves, shapes={"usual": shape}, peers=True)
