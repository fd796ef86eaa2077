r"""The printed mathematics: every display of a loss is read, evaluated and compared.

There are those of the docstring, and those of the section of the page that says where it comes
from, which may use what the docstring defines.

What an equation must give, its left side says: `\ell(x, y)` the function's value,
`\frac{\partial \ell}{\partial x}` autograd's gradient, `L` the mean. Other equations are
definitions, and are checked through those that use them. What the letters stand for, and where the
formulas are evaluated, is in `tests/cases/`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import losses
from losses.catalog import CATALOG, Record
from tests.cases import Point, adapted
from tests.latex import FUNCTION, Evaluator, LatexError, Node, Reader, walk

PAGES = Path(__file__).resolve().parents[1] / "docs" / "en" / "losses"
DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
each_loss = pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
SEEDS = (0, 1, 2)
# KLDivLoss's own default warns.
pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")


def docstring(function: str) -> str:
    """Return the part of the docstring that is mathematics and prose."""
    text = inspect.getdoc(getattr(losses, function)) or ""
    return text[: text.index("\nArgs:")]


def origin(function: str) -> str:
    """Return the section of the page that says where the loss comes from."""
    text = (PAGES / f"{function}.md").read_text("utf-8")
    return text.partition("\n## Where it comes from\n")[2].partition("\n## ")[0]


SOURCES = {"docstring": docstring, "page": origin}
each_source = pytest.mark.parametrize("source", SOURCES)


def mathematics(function: str) -> str:
    return "\n\n".join(read(function) for read in SOURCES.values())


def cases_of(function: str) -> Any:
    return importlib.import_module(f"tests.cases.{function}")


class Page:
    """The equations of a text: its displays, and those in its prose as far as readable."""

    def __init__(self, text: str, functions: set[str]) -> None:
        functions = functions | {r"\ell", r"\sigma"} | {m[1] for m in FUNCTION.finditer(text)}
        displays = (Reader(display, functions) for display in DISPLAY.findall(text))
        self.displays = [list(display.equations()) for display in displays]
        self.left: dict[str, Node] = {}
        self.prose: list[tuple[Node, Node]] = []
        for left, _ in itertools.chain(*self.displays):
            try:
                self.left[left] = Reader(left, functions).whole()
            except LatexError:
                self.left[left] = ("words", left)  # as `\log y!`: a point gives its value
        for formula in re.findall(r"(?<!\$)\$([^$]+)\$(?!\$)", text):
            try:
                for left, right in Reader(formula, functions).equations():
                    self.prose.append((Reader(left, functions).whole(), right))
            except LatexError:
                continue


class Truth:
    """What the code gives at one point, for the letters of the formulas."""

    def __init__(self, name: str, point: Point) -> None:
        module, function = cases_of(name), adapted(name, getattr(losses, name))
        defaults = {k: p.default for k, p in inspect.signature(function).parameters.items()}
        arguments = {**defaults, **point.arguments}
        letters = {"x": "input", "y": "target", **getattr(module, "SYMBOLS", {})}
        names = {k: (v,) if isinstance(v, str) else v for k, v in letters.items()}
        differentiated = set(re.findall(r"\}\{\\partial ([a-zA-Z](?:\^[+-])?)", docstring(name)))
        for letter in differentiated & set(names):
            for argument in names[letter]:
                arguments[argument] = arguments[argument].detach().requires_grad_()
        self.point = point
        self.value = function(**{**arguments, "reduction": "none"})
        self.mean = function(**{**arguments, "reduction": "mean"}).detach()
        shared, below = getattr(module, "SHARED", ()), getattr(module, "BELOW", ())
        self.shared = {letter for letter, found in names.items() if set(found) & set(shared)}
        self.symbols: dict[str, Any] = {}
        self.jacobian: dict[str, Tensor] = {}
        for letter, found in names.items():
            values = [arguments[name] for name in found if name in arguments]
            if letter in differentiated:
                join = partial(torch.cat, dim=1) if letter in below else partial(self.join, dim=2)
                self.jacobian[letter] = join([self.derivative(value) for value in values])
            if values and isinstance(values[0], Tensor):
                values = [v.detach() if v.is_floating_point() else v + 1 for v in values]
                join = torch.cat if letter in below else partial(self.join, dim=1)
                values = [join(values)]
            if values:
                self.symbols[letter] = values[0]
        self.symbols |= point.symbols
        self.value = self.value.detach()

    @staticmethod
    def join(values: list[Tensor], dim: int) -> Tensor:
        """Stack the arguments that one letter with an index stands for, as $x_1$ and $x_2$."""
        return values[0] if len(values) == 1 else torch.stack(values, dim)

    def derivative(self, leaf: Tensor) -> Tensor:
        one_hot = torch.eye(self.value.numel(), dtype=self.value.dtype)
        rows = [
            torch.autograd.grad(self.value, leaf, row.reshape(self.value.shape), retain_graph=True)
            for row in one_hot
        ]
        return torch.stack([row for (row,) in rows]).reshape(self.value.shape + leaf.shape)

    def sample(self, n: int | None) -> dict[str, Any]:
        """Return the letters' values for one sample, or for all of them together."""

        def part(letter: str, value: Any) -> Any:
            many = isinstance(value, list) or (isinstance(value, Tensor) and value.ndim > 0)
            return value[n] if many and letter not in self.shared else value

        if n is None or self.value.ndim == 0:
            return self.symbols
        return {letter: part(letter, value) for letter, value in self.symbols.items()}

    def wanted(self, text: str, left: Node) -> Iterator[tuple[dict[str, Any], Any]]:
        """List what a left side must be, each with the letters' values. Nothing: a definition."""
        samples = range(len(self.value)) if self.value.ndim else [0]
        match left:
            case _ if text in self.point.left:
                value = self.point.left[text]
                if not isinstance(value, list):
                    yield self.sample(None), value
                else:
                    yield from ((self.sample(n), value[n]) for n in samples)
            case ("name", "L", (), ()):
                yield self.sample(None), self.mean
            case ("name", r"\ell", (), _):
                value = self.value if self.value.ndim else self.value[None]
                yield from ((self.sample(n), value[n]) for n in samples)
            case ("name", r"\ell", indices, _):
                for at in self.places(indices, self.value.shape):
                    yield {**self.symbols, **at}, pick(self.value, indices, at)
            case ("partial", (_, r"\ell", (), _), (_, letter, indices, _)):
                for n in samples:
                    symbols, jacobian = self.sample(n), self.jacobian[letter]
                    for _ in range(self.value.ndim * (1 if letter in self.shared else 2)):
                        jacobian = jacobian[n]
                    for at in self.places(indices, jacobian.shape):
                        yield {**symbols, **at}, pick(jacobian, indices, at)
            case ("partial", (_, r"\ell", outer, _), (_, letter, indices, _)):
                for at in self.places(outer, self.value.shape):
                    row = pick(self.jacobian[letter], outer, at)
                    shared = any(index in outer for index in indices)
                    for its in [{}] if shared else self.places(indices, row.shape):
                        yield {**self.symbols, **at, **its}, pick(row, indices, {**at, **its})
            case ("name", name, indices, arguments) if callable(self.symbols.get(name)):
                for at in self.places((*indices, *arguments), ()):
                    yield {**self.symbols, **at}, self.symbols[name](*at.values())

    def places(self, indices: tuple[Node, ...], shape: tuple[int, ...]) -> Iterator[dict[str, int]]:
        """List the values of the indices on a left side."""
        letters = tuple(index[1] for index in indices if index[0] == "name")
        every = itertools.product(*(range(1, size + 1) for size in shape[: len(indices)]))
        for values in self.point.at.get(letters, every):
            yield dict(zip(letters, values, strict=True)) if letters else {}
            if not letters:
                return


def pick(values: Tensor, indices: tuple[Node, ...], at: dict[str, int]) -> Tensor:
    """Take the element that the indices name; they count from 1."""
    return values[tuple((at[i[1]] if i[0] == "name" else i[1]) - 1 for i in indices)]


@functools.cache
def truths(function: str, seed: int) -> list[Truth]:
    return [Truth(function, point) for point in cases_of(function).points(seed)]


class Checker:
    """Evaluates the equations of a loss, and remembers which it came by."""

    def __init__(self, function: str, text: str | None = None) -> None:
        text = text or mathematics(function)
        symbols = truths(function, 0)[0].symbols
        self.function = function
        self.page = Page(text, {letter for letter, value in symbols.items() if callable(value)})
        self.checked: set[Node] = set()
        self.oracles: set[str] = set()
        self.rows: set[Node] = set()

    def errors(self, seed: int) -> Iterator[str]:
        """Compare all that can be compared, and say where it differs."""
        for truth in truths(self.function, seed):
            here = [
                self.page.displays[i] for i in truth.point.blocks if i < len(self.page.displays)
            ]
            elsewhere = [display for display in self.page.displays if display not in here]
            definitions = [
                (self.page.left[text], right)
                for text, right in itertools.chain(*here, *elsewhere)
                if not callable(truth.symbols.get(self.page.left[text][1]))
            ]
            evaluator = Evaluator(definitions, self.page.prose, self.checked, self.rows)
            for text, right in itertools.chain(*here):
                left = self.page.left[text]
                for symbols, wanted in truth.wanted(text, left):
                    self.checked.add((left, right))
                    if left[1] not in (r"\ell", "L") and left[0] != "partial":
                        self.oracles.add(text)
                    found = torch.as_tensor(evaluator.value(right, symbols), dtype=torch.float64)
                    same_shape = found.ndim == 0 or found.shape == wanted.shape
                    if not same_shape or not torch.allclose(found, wanted, 1e-9, 1e-11):
                        yield f"{text} = {found}, not {wanted}, at {symbols}"


X = {
    "x": torch.tensor([3.0, -4.0], dtype=torch.float64),
    **{"y": 2, "m": 0.5, "W": torch.tensor([[0.0, 2.0], [2.0, 0.0]], dtype=torch.float64)},
    **{"f": lambda x: 10 * x, "z": lambda i: 7 * i},
}
DEFINED = (r"g_i = 2 x_i", r"h(a, b) = a - b g_1", r"d_{ij} = |x_i - x_j|", "u = x + 1")
KNOWN = {
    r"1 + 2 \, m - 3": -1,
    r"-2 m y": -2,
    r"+y": 2,
    r"2^3 - 2^{-1}": 7.5,
    r"\frac{1}{2} y": 1,
    r"\frac{1}{2 y}": 0.25,
    r"3 y / y^2 - e^{-y / 2} e": 0.5,
    r"\sqrt{y + 7}": 3,
    r"\log e^y": 2,
    r"y \log y - y": 2 * math.log(2) - 2,
    r"\log(y) y": 2 * math.log(2),
    r"\log y 3": math.log(6),
    r"\exp\left(y - 2\right) + 1": 2,
    r"2 \pi": 2 * math.pi,
    r"2 y! - y!": 2,
    r"\cos(m) \arccos(m) - \sin(0)": math.cos(0.5) * math.pi / 3,
    r"|1 - y| |m|": 0.5,
    r"\lVert x \rVert": 5,
    r"\left\lVert x \right\rVert_1^2": 49,
    r"\operatorname{sign}(m - 1)": -1,
    r"\max(0, -m, 1) + \min(y, m)": 1.5,
    r"x_1 - x_y": 7,
    r"W x": (-8, 6),
    r"2 x \cdot (x + 1) + y": 50,
    r"\sum_{i = 1}^{y} x_i + 1": 0,
    r"\sum_i x_i x_i": 25,
    r"\prod_{i = 1}^{y} x_i^i": 48,
    r"\sum_{i \ne y} x_i": 3,
    r"\sum_{i, x_i < 0, i \geq 1} i": 2,
    r"\sum_{i \in x} 2 i": -2,
    r"\max_i x_i - \min_{i \le 2} x_i": 7,
    r"\arg\max_i x_i": 1,
    r"\arg\min_{i} x_i": 2,
    r"\int_0^y z^2 \, dz": 8 / 3,
    r"\int_y^0 z^2 \, dz": -8 / 3,
    r"2 \int_{1}^\infty \frac{1}{z^3} \, dz - \int_{-\infty}^{0} e^{y z} \, dz": 0.5,
    r"\int_{-\infty}^{\infty} e^{-z^2} \, dz": math.pi**0.5,
    r"\mathbb{1}[y = 2] + \mathbb{1}[3 \in x, y > 2] + \mathbb{1}[5 \notin x]": 2,
    r"\begin{cases} 1 & \text{if } y < 2 \\ 7 & \text{if } y = 2 \text{ and } m > 0 \\"
    r" 3 & \text{otherwise} \end{cases}": 7,
    r"\begin{cases} 1 & \text{if } y \leq 1 \\ 3 & \text{otherwise} \end{cases}": 3,
    r"\sigma(0) + \sigma(y) + \sigma(-y)": 1.5,
    r"f(x_1) + y (m + 1)": 33,
    r"z_{y - 1}": 7,
    r"g_1 - g_y": 14,
    r"h(1, m)": -2,
    r"h(1 \mid m)": -2,
    r"d_{1,2} + d_{1,y}": 14,
    r"u_2": -3,
    r"\frac{\partial \lVert x \rVert^2}{\partial x}": (6, -8),
}
WRONG = {
    "unknown letters": r"q",
    "an unknown command": r"\sinh(x)",
    "an unknown command behind a term": r"y \sinh y",
    "unknown words": r"\begin{cases} 1 & \text{if it rains} \end{cases}",
    "an unknown operator": r"\operatorname{softmax}(x)",
    "a list": r"(1, 2)",
    "an open bracket": r"(1 + y",
    "an open bar": r"|1 + y",
    "no operand": r"1 +",
    "an index from 0": r"x_0",
    "an index too high": r"x_3",
    "an index of unknown range": r"\sum_i y",
    "the largest of nothing": r"\max_{i, x_i > 3} x_i",
    "an integral over nothing": r"\int_0^1 y",
    "no condition": r"\mathbb{1}[y]",
    "no case": r"\begin{cases} 1 & \text{if } y = 3 \end{cases}",
    "two cases": r"\begin{cases} 1 & \text{if } y = 2 \\ 2 & \text{if } m < y \end{cases}",
    "a factor where a function stands": r"m(1)",
}


def evaluated(formula: str) -> Tensor:
    functions = {"f", "h", "m", r"\sigma"}
    definitions = [
        (Reader(left, functions).whole(), right)
        for source in DEFINED
        for left, right in Reader(source, functions).equations()
    ]
    value = Evaluator(definitions).value(Reader(formula, functions).whole(), X)
    return torch.as_tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(("formula", "value"), KNOWN.items())
def test_the_reader_knows(formula: str, value: Any) -> None:
    torch.testing.assert_close(evaluated(formula), torch.tensor(value, dtype=torch.float64))


@pytest.mark.parametrize("formula", WRONG.values(), ids=list(WRONG))
def test_the_reader_refuses(formula: str) -> None:
    with pytest.raises(LatexError):
        evaluated(formula)


@each_loss
def test_formulas_hold(loss: Record) -> None:
    """With the first seed; with all of them below, where no formula is left out."""
    assert list(Checker(loss.function).errors(SEEDS[0])) == []


STEP = 0.02
ERRORS = [STEP * i for i in range(-2000, 2001)]
# What can be observed where a section says how likely it is; a real number unless listed.
OUTCOMES: dict[str, Sequence[float]] = {
    "binary_cross_entropy": (0, 1),
    "corn_loss": range(1, 5),
    "negative_binomial_nll_loss": range(150),
    "poisson_nll_loss": range(100),
    "soft_margin_loss": (-1, 1),
    "zero_inflated_negative_binomial_nll_loss": range(150),
}
LIKELIHOODS = [loss for loss in CATALOG if r"p(y \mid x)" in origin(loss.function)]


@pytest.mark.parametrize("loss", LIKELIHOODS, ids=lambda loss: loss.function)
def test_likelihoods_sum_to_one(loss: Record) -> None:
    page = Checker(loss.function).page
    definitions = [(page.left[left], right) for left, right in itertools.chain(*page.displays)]
    likelihood = Reader(r"p(y \mid x)", {"p"}).whole()
    for truth in truths(loss.function, 0):
        if len(page.displays) - 1 not in truth.point.blocks:
            continue
        symbols, discrete = truth.sample(0), OUTCOMES.get(loss.function)
        outcomes = discrete or [float(symbols["x"]) + error for error in ERRORS]
        evaluator = Evaluator(definitions)
        found = [float(evaluator.value(likelihood, {**symbols, "y": y})) for y in outcomes]
        assert sum(found) * (1 if discrete else STEP) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
@each_loss
def test_no_formula_is_left_out(loss: Record, record_property: Callable[[str, int], None]) -> None:
    checker = Checker(loss.function)
    for seed in SEEDS:
        assert next(checker.errors(seed), None) is None
    counts = {name: len(DISPLAY.findall(of(loss.function))) for name, of in SOURCES.items()}
    count = sum(counts.values())
    for source, of in SOURCES.items():
        assert counts[source] > 0, f"no formula is displayed in the {source}"
        assert of(loss.function).count("$$") == 2 * counts[source]
    assert len(checker.page.displays) == count
    equations = list(itertools.chain(*checker.page.displays))
    read = [(checker.page.left[left], right) for left, right in equations]
    assert [equation for equation in read if equation not in checker.checked] == []
    rows = {row for node in walk(tuple(equations)) if node[:1] == ("cases",) for row in node[1:]}
    assert rows - checker.rows == set(), "cases that no point falls into"
    for name in (loss.function, *loss.classes):
        everything = inspect.getdoc(getattr(losses, name)) or ""
        assert everything.count("$$") == (2 * counts["docstring"] if name.islower() else 0)
    oracles = checker.oracles & {left for left, _ in equations}
    record_property("formulas displayed on the pages of losses, all evaluated", count)
    record_property("equations in them", len(equations))
    record_property("of these, held against an independent oracle", len(oracles))


# What a slip of the pen turns a formula into.
SLIPS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"[-+]", lambda m: {"-": "+", "+": "-"}[m[0]]),
    (r"<|>", lambda m: {"<": ">", ">": "<"}[m[0]]),
    (r"\\leq?(?![a-z])", lambda m: ">"),
    (r"\\geq?(?![a-z])", lambda m: "<"),
    (r"\\neq?(?![a-z])", lambda m: "="),
    (r"\\notin", lambda m: r"\in"),
    (r"\\(max|min)", lambda m: {"max": r"\min", "min": r"\max"}[m[1]]),
    (r"(?<!mathbb\{)\d+", lambda m: str(int(m[0]) + 1)),
    (r"=(?! 0)|\\approx", lambda m: f"{m[0]} 2 "),
)


def mutants(display: str) -> Iterator[str]:
    """Make one slip at a time, anywhere in a display but in the arguments on a left side."""
    left = [range(match.start(), match.end() - 1) for match in FUNCTION.finditer(display)]
    for pattern, slip in SLIPS:
        for match in re.finditer(pattern, display):
            if not any(match.start() in span for span in left):
                yield display[: match.start()] + slip(match) + display[match.end() :]


@pytest.mark.slow
@each_loss
@each_source
def test_every_mutant_is_killed(
    loss: Record, source: str, record_property: Callable[[str, int], None]
) -> None:
    text, count = mathematics(loss.function), 0
    for display in DISPLAY.findall(SOURCES[source](loss.function)):
        values = 0
        for slip in mutants(display):
            checker = Checker(loss.function, text.replace(display, slip))
            try:
                wrong = any(next(checker.errors(seed), None) for seed in SEEDS)
                assert wrong, f"survived: {slip}"
                values += 1
            except (LatexError, RecursionError, ZeroDivisionError):
                pass  # no case holds, two do, it divides by 0, or a definition leads back to itself
            count += 1
        assert values, f"no slip makes a wrong number: {display}"
    record_property("mutants of formulas, all killed", count)
