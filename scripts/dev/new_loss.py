"""Begin a loss: `python scripts/run.py new my_loss MyLoss --family regression`.

Writes the module with its record, the page and the cases, and adds the line of export. Wherever a
person must write something it says TODO, and tests fail until that is done.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import torch

from losses.catalog import CATALOG, FAMILIES, PROPERTIES

ROOT = Path(__file__).resolve().parents[2]

MODULE = '''\
"""TODO: name and idea of the loss, in one line."""

from __future__ import annotations

from torch import Tensor

from losses._checks import check_floating, REALLY, check_same_shape, loss_function, upcast
from losses._record import Claim, Curve, Properties, Record
from losses._reduction import Loss, reduce_loss

__all__ = ["CLASS", "FUNCTION"]


@loss_function("input")
def FUNCTION(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    r"""TODO: what it measures, in one sentence.

    For a prediction $x$ and a target $y$,

    $$
    \\ell(x, y) = \\text{TODO: the formula}
    $$

    `'mean'` divides the sum of all elements by their number (TODO: is that so?),
    $\\frac{1}{n} \\sum_i \\ell(x_i, y_i)$NOTHING.

    The gradient is TODO: in words, then as a formula:

    $$
    \\frac{\\partial \\ell}{\\partial x} = \\text{TODO}
    $$

    Args:
        input: Prediction $x$, TODO: range of values, any shape.
        target: TODO: meaning and encoding, same shape as `input`.
        reduction: `'none'` keeps one loss per element, `'sum'` adds them up, `'mean'` averages
            over all elements.

    Shape:
        - `input`: $(*)$, any number of dimensions, including 0.
        - `target`: $(*)$, same as `input`.
        - result: a scalar; $(*)$ with `reduction='none'`.

    Returns:
        The loss in the data type of `input` (float32 under autocast).

    Raises:
        TypeError: If `input` or `target` is not a tensor.
        ValueError: If the shapes differ, or `reduction` is none of the three.
        NotImplementedError: If `input` is not floating point.COMPLEX

    Examples:
        TODO: numbers that can be checked by hand, next to the arithmetic.

        >>> import torch
        >>> from losses import FUNCTION
        >>> FUNCTION(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
        TODO

        TODO: what its gradient shows.

        >>> import torch
        >>> from losses import FUNCTION
        >>> prediction = torch.tensor([0.5, 3.0], requires_grad=True)
        >>> FUNCTION(prediction, torch.zeros(2), reduction="sum").backward()
        >>> prediction.grad
        TODO

    References:
        - TODO: the paper with its link, and PyTorch's page, or that there is none
    """
    check_floating(input=input)REAL
    check_same_shape(input, target)
    input, target = upcast(input, target)
    raise NotImplementedError("TODO: the formula's symbols, in the formula's order, instead of:")
    loss = input - target
    return reduce_loss(loss, reduction, max(1, loss.numel()))  # the mean of nothing is 0


class CLASS(Loss):
    r"""[`FUNCTION`][losses.FUNCTION] as a module.

    Args:
        reduction: `'none'`, `'mean'` or `'sum'`.

    Examples:
        >>> import torch
        >>> from losses import CLASS
        >>> criterion = CLASS()
        >>> criterion
        CLASS(reduction='mean')
        >>> prediction = torch.tensor([0.5, 3.0], requires_grad=True)
        >>> loss = criterion(prediction, torch.zeros(2))
        >>> loss.backward()
        >>> loss, prediction.grad
        TODO
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see [`FUNCTION`][losses.FUNCTION]."""
        return FUNCTION(input, target, reduction=self.reduction)


RECORD = Record(
    function="FUNCTION",
    classes=("CLASS",),
    aliases=("TODO: what else it is called",),
    summary="TODO: when to use it, in a few words.",ANSWERSEQUIVALENT
    curve=Curve({"input": "x", "target": 0.0}, (-3, 3), "x − y"),
    properties=Properties(
CLAIMS
    ),
)
'''

PAGE = """\
# CLASS · FUNCTION

{{ names FUNCTION }}

TODO: when to use it. TODO: when not, and what to use then.

{{ card FUNCTION }}

## Where it comes from

TODO: the first principle, in five lines, and its formula.

## Examples

{{ figures FUNCTION }}

{{ examples FUNCTION }}

## Pitfalls

### TODO: the symptom, or the error message in its own words

TODO: the cause, and the right usage.

```pycon
>>> import torch
>>> from losses import FUNCTION
>>> FUNCTION(torch.tensor([0.5, 3.0]), torch.zeros(2))
TODO
```

## Easily confused

| Instead | Difference |
|---|---|
| TODO: [Neighbour](neighbour.md) | TODO |

## Parameters and errors

{{ parameters FUNCTION }}

## Properties

{{ properties FUNCTION }}

## Take it with you { #take-this-loss-with-you }

One file's worth of code that needs PyTorch and nothing else.

{{ standalone FUNCTION }}

## In the source documents

TODO: what they say of it, see docs/en/sources.md. Usually none of the four mentions this loss.
"""

CASES = """\
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import PIECES
from tests.domains import NUMBERS, SCALAR, Domain
IMPORTS
REFERENCE

def cases(dtype: torch.dtype) -> Iterator[Case]:
    # TODO: every parameter, the edges of the range, huge and tiny values.
    x, y = 2 * randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1)
    yield Case("plain", {"input": x, "target": y}, ("input", "target"))
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    # TODO: values for every letter of the docstring's formulas.
    x, y = randn(2, 12, seed=seed)
    yield Point({"input": x, "target": y})


def errors() -> Iterator[Error]:
    # TODO: every error that the docstring names.
    x = torch.zeros(2)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg"PARITY)
    integers = {"input": x.long(), "target": x.long()}
    yield Error("integers", integers, NotImplementedError, "input"PARITY)REFUSED


# TODO: which of its arguments are its input, which numbers, and which targets?
domain = Domain(SCALAR, NUMBERS)
GENERATED
"""

# What is generated for a loss that PyTorch has too, and measured beside it.
IMPORTS = """\
from tests.strategies import pointwise
"""

GENERATED = """\
# TODO: which values do its arguments take, and which settings has it?
strategy = pointwise()
# TODO: which arguments does it take? See tests/contests.py.
contests = (Contest(elementwise),)
"""

# What is generated for a loss that PyTorch has not, and measured beside libraries that agree.
USUAL = """\
# TODO: which arguments does it take, and of which size are they usually? See tests/contests.py.
contests = (usual(elementwise, 1000, 1000),)
"""

REFERENCE = '''
REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def reference(
    input: torch.Tensor, target: torch.Tensor, reduction: str = "mean"
) -> torch.Tensor:
    """TODO: write the definition out, as plainly as possible, without `losses`."""
    raise NotImplementedError("TODO")

'''

# What is refused where PyTorch does not say otherwise.
REFUSED = """
    shapes = {"input": x, "target": x[:, None]}
    yield Error("shapes", shapes, ValueError, "same shape", False)
    complex_ = {"input": x, "target": x + 0j}
    yield Error("complex", complex_, RuntimeError, "target", False)"""


def answers(family: str) -> str:
    """Ask for what the family does not say already."""
    asked = {"input": "what `input` holds", "target": "how `target` is encoded"}
    lines = [
        f'\n    {name}="TODO: {text}",'
        for name, text in asked.items()
        if not getattr(FAMILIES[family], name)
    ]
    return "".join(lines)


def added(path: str, after: str, text: str) -> None:
    """Add text to a file, behind the only match of a pattern."""
    file = ROOT / path
    content = file.read_text("utf-8")
    matches = list(re.finditer(after, content, re.MULTILINE | re.DOTALL))
    assert len(matches) == 1, f"{path}: {len(matches)} places match {after!r}"
    end = matches[0].end()
    file.write_text(content[:end] + text + content[end:], "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("function", help="its name in snake case, as in huber_loss")
    parser.add_argument("cls", metavar="class", help="its class, as in HuberLoss")
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument(
        "--after", help="the loss of its family that it follows in all lists; else the last"
    )
    options = parser.parse_args()
    records = {loss.function: loss for loss in CATALOG}
    siblings = [loss.function for loss in CATALOG if loss.family == options.family]
    after = options.after or (siblings[-1] if siblings else None)
    if not re.fullmatch(r"[a-z]\w*", options.function):
        parser.error(f"{options.function} is no name for a function")
    if not re.fullmatch(r"[A-Z]\w*", options.cls):
        parser.error(f"{options.cls} is no name for a class")
    if options.function in records or any(options.cls in x.classes for x in CATALOG):
        parser.error(f"{options.function} or {options.cls} is in the catalogue already")
    if siblings and after not in siblings:
        parser.error(f"there is no {after} among {', '.join(siblings)}")

    known = hasattr(torch.nn.functional, options.function)

    def filled(template: str) -> str:
        for name, value in {
            "REFERENCE\n": "" if known else REFERENCE,
            "PIECES": "Contest, elementwise" if known else "elementwise, usual",
            "IMPORTS\n": IMPORTS if known else "",
            "GENERATED\n": GENERATED if known else USUAL,
            "REALLY, ": "" if known else "check_real, ",
            "NOTHING": "" if known else ",\n    and is 0 where there are none",
            "COMPLEX": "" if known else "\n        RuntimeError: If `target` is complex.",
            "REAL": "" if known else "\n    check_real(target=target)",
            "REFUSED": "" if known else REFUSED,
            "PARITY": "" if known else ", False",
            "CLAIMS": "\n".join(
                f'        {name}=Claim(False, "TODO: whether, and why"),' for name in PROPERTIES
            ),
            "ANSWERS": answers(options.family),
            "EQUIVALENT": "" if known else "\n    torch_equivalent=False,",
            "FUNCTION": options.function,
            "CLASS": options.cls,
        }.items():
            template = template.replace(name, value)
        return template

    module = f"losses/{options.family}/_{options.function}.py"
    new = {
        module: MODULE,
        f"docs/en/losses/{options.function}.md": PAGE,
        f"tests/cases/{options.function}.py": CASES,
    }
    for path, template in new.items():
        (ROOT / path).write_text(filled(template), "utf-8")
    export = f"from losses.{options.family}._{options.function} import *\n"
    package = f"losses/{options.family}/__init__.py"
    if after:
        added(package, rf"^from losses\.{options.family}\._{after} import \*\n", export)
    else:  # the first of its family, below the line that says what the family is for
        added(package, r'\A"""[^"]*"""\n', f"\n{export}")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *new], cwd=ROOT, check=True)

    print("Written, each with its TODOs:", *new, sep="\n  ")
    print(f"Done: the export in {package}; the site's navigation follows it.")
    test = "python scripts/run.py test -k"
    print(f'The TODOs, file by file: {test} "{options.function} and nothing_is_left"')
    print(f"When none is left, all its tests: {test} {options.function}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
