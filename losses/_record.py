"""What is said of a loss as data: the record that stands below its code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Curve:
    """A one-dimensional slice of a loss, drawn with its gradient.

    Attributes:
        arguments: The loss's arguments as nested lists of numbers. The string `"x"` stands for
            the variable, `"x + 2"` for 2 more, `"cos"` and `"sin"` for its cosine and sine, the
            swept parameter's name for its value; integers become integer tensors, tuples hold
            several.
        domain: First and last value of the variable.
        label: The horizontal axis in the formula's symbols, plain text.
        sweep: A parameter and the values to draw one line each for.
        keywords: Other keywords, held fixed.
        slider: More values of the swept parameter, for the slider; those drawn are among them.
        symbol: The variable that the gradient belongs to.
        endless: Whether the variable goes on beyond the first and the last value.
        walls: Where the variable ends and the loss or its slope grows without bound.
        probability: Whether the axis, and so the domain, shows the probability that the variable
            is the logit of. The gradient remains that in the logit.
    """

    arguments: dict[str, Any]
    domain: tuple[float, float]
    label: str = "x"
    sweep: tuple[str, tuple[Any, ...]] | None = None
    keywords: dict[str, Any] = field(default_factory=dict)
    slider: tuple[Any, ...] = ()
    symbol: str = "x"
    endless: tuple[bool, bool] = (True, True)
    walls: tuple[float, ...] = ()
    probability: bool = False


@dataclass(frozen=True)
class Claim:
    """Whether a property holds, and why.

    Attributes:
        holds: Whether it does.
        reason: Why, or why not, in a line.
        value: The least Lipschitz constant or bound, a number or an expression in the arguments;
            what the minimum satisfies, as an expression in the arguments (and `loss`); what a
            symmetry exchanges: `"error"`, the input's `"sign"`, or the first two `"arguments"`.
    """

    holds: bool
    reason: str
    value: float | str | None = None


@dataclass(frozen=True)
class Properties:
    """What is claimed of a loss as a function of its input.

    All of it is about one element, row, pair or triplet (`reduction="none"`), with the default
    settings, the target held fixed and all norms Euclidean. Tests attack every claim.

    Attributes:
        convex: No chord lies below the loss.
        lipschitz: The loss changes at most by a constant times the change of the input.
        smooth: The gradient exists and is continuous everywhere.
        symmetric: An exchange leaves the loss as it was.
        bounded: The gradient, wherever it exists, is no longer than a constant. Not Lipschitz
            all the same: a loss that jumps.
        non_negative: The loss is nowhere below 0.
        minimum: The lowest value is attained.
    """

    convex: Claim
    lipschitz: Claim
    smooth: Claim
    symmetric: Claim
    bounded: Claim
    non_negative: Claim
    minimum: Claim


PROPERTIES = {
    "convex": "Convex",
    "lipschitz": "Lipschitz",
    "smooth": "Smooth (no kink)",
    "symmetric": "Symmetric",
    "bounded": "Bounded gradient",
    "non_negative": "Never negative",
    "minimum": "Attains its minimum",
}


@dataclass(frozen=True)
class Record:
    """One loss: its names, what it takes, how it is drawn, what is claimed of it.

    Attributes:
        function: Name of the function, of its private module, of its page and of its figure.
        classes: Names of its `nn.Module` classes, the current one first.
        aliases: What else it is called, most usual name first.
        torch_equivalent: Whether `torch.nn.functional` has the function, and `torch.nn` the
            classes, under the same names. Where it has a class alone, `False`.
        summary: When to use it, in a few words.
        input: What `input` holds: logits, probabilities, ... Left out, what its family says.
        target: How `target` is encoded. Left out, what its family says.
        mean: What `reduction='mean'` divides by. Left out, what its family says.
        eps: What the epsilon does, empty where there is none.
        shapes: Shapes of the arguments. Left out, what its family says.
        properties: What is claimed of it as a function of its input.
        curve: The slice to draw, or none where one dimension shows nothing.
        more: Further slices, one for each further parameter.
        family: What it is for: the package that it stands in, filled in by the catalogue.
    """

    function: str
    classes: tuple[str, ...]
    summary: str
    properties: Properties
    input: str = ""
    target: str = ""
    mean: str = ""
    shapes: str = ""
    eps: str = ""
    aliases: tuple[str, ...] = ()
    torch_equivalent: bool = True
    curve: Curve | None = None
    more: tuple[Curve, ...] = ()
    family: str = ""
