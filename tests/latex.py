r"""A reader of the LaTeX that the docstrings use: a formula becomes a number.

It knows `+ -`, products by juxtaposition (`W x` of a matrix and a vector as such), `\cdot` of two
vectors, `\frac`, powers, `\sqrt`, `\log`, `\exp`, `\cosh`, `\tanh`, `\cos`, `\sin`, `\arccos`,
`\arctan`, `|x|`, norms, `\operatorname{sign}`, `\max` and `\min` of a list, `\sum`, `\prod`,
`\max`, `\min`, `\arg\max` and `\arg\min` over an index, `\int` of a product that ends in `d z`,
`\mathbb{1}[...]`, `cases`, `x / T`, factorials, subscripts (they count from 1), functions as `f(x)`
and `p(y \mid x)`, derivatives, and definitions: `p_c = ...` says what every `p_i` is. `\log`,
`\sum` and `\prod` reach as far as a product does. All else raises `LatexError`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Node = tuple[Any, ...]
Symbols = Mapping[str, Any]
Definitions = list[tuple[Node, Node]]


class LatexError(ValueError):
    pass


def double(value: Any) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


TOKEN = re.compile(
    r"(?:\s|\\[,;!]|\\(?:left|right)(?![a-zA-Z]))+|\\text\{(?P<text>[^{}]*)\}|(?P<token>"
    r"\\(?:begin|end|operatorname|mathbb)\{\w+\}|\\gamma\^[+-]|\\[a-zA-Z]+|\\\\"
    r"|[a-zA-Z](?:\^[+-]|'*)"
    r"|\d+|[-+/=<>|&,!(){}\[\]^_])"
)
GREEK = (
    r"\\(alpha|beta|gamma(\^[+-])?|delta|varepsilon|theta|lambda|mu|nu|pi|sigma|ell|Phi|varphi)$"
)
NAME = re.compile(r"[a-zA-Z](\^[+-]|'*)$|" + GREEK)
# A name with parentheses on the left of an equation is a function: `d(x, y) =`, `\ell_i(x, y) =`.
FUNCTION = re.compile(r"(\\?[a-zA-Z]+)(?:_\w|_\{[^{}]*\})?\([^()=]*\)\s*&?=")
SEPARATORS = (",", r"\quad", r"\qquad", r"\\", "&", r"\begin{aligned}", r"\end{aligned}")
BIG = (r"\sum", r"\prod", r"\max", r"\min", r"\arg")
STARTS = {*BIG, "(", r"\frac", r"\sqrt", r"\log", r"\exp", r"\lVert", r"\mathbb{1}"}
CURVES = ("cosh", "tanh", "cos", "sin", "arccos", "arctan")
STARTS |= {r"\operatorname{sign}", r"\begin{cases}", r"\int", *(rf"\{name}" for name in CURVES)}
OTHERWISE = ("=", ("number", 0), ("number", 0))
RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    **{"=": operator.eq, "<": operator.lt, ">": operator.gt},
    **dict.fromkeys((r"\ne", r"\neq"), operator.ne),
    **dict.fromkeys((r"\le", r"\leq"), operator.le),
    **dict.fromkeys((r"\ge", r"\geq"), operator.ge),
    r"\in": lambda x, values: any(x == value for value in values),
    r"\notin": lambda x, values: all(x != value for value in values),
}
OPERATIONS: dict[str, Callable[..., Any]] = {
    **{"+": operator.add, "/": operator.truediv, "^": operator.pow, "negative": operator.neg},
    **{"|": abs, r"\operatorname{sign}": lambda x: double(x).sign()},
    "!": lambda x: (double(x) + 1).lgamma().exp(),
    "*": lambda a, b: a @ b if getattr(a, "ndim", 0) == 2 else a * b,
    r"\cdot": lambda a, b: (a * b).sum(),
    r"\lVert": lambda x, p: torch.linalg.vector_norm(x, float(p)),
    r"\sqrt": lambda x: double(x).sqrt(),
    r"\log": lambda x: double(x).log(),
    r"\exp": lambda x: double(x).exp(),
    r"\cosh": lambda x: double(x).cosh(),
    r"\tanh": lambda x: double(x).tanh(),
    r"\cos": lambda x: double(x).cos(),
    r"\sin": lambda x: double(x).sin(),
    r"\arccos": lambda x: double(x).arccos(),
    r"\arctan": lambda x: double(x).arctan(),
    r"\max": lambda *values: max(values, key=float),
    r"\min": lambda *values: min(values, key=float),
}


class Reader:
    """Recursive descent over one formula; `functions` are the names that take arguments."""

    def __init__(self, source: str, functions: Iterable[str] = ()) -> None:
        source = source.replace(r"\dfrac", r"\frac")  # the same, but larger
        self.source, self.functions, self.bars, self.at = source, functions, False, 0
        self.tokens: list[tuple[str, int]] = []
        at = 0
        while at < len(source):
            match = TOKEN.match(source, at)
            words = (match["text"] or "").split() if match else []
            if match is None or set(words) - {"if", "and", "otherwise"}:
                raise LatexError(f"{source[at:]!r} is not understood")
            found = [match["token"]] if match["token"] else [w for w in words if w != "if"]
            self.tokens += [(token, at) for token in found]
            at = match.end()
        self.tokens.append(("", len(source)))

    @property
    def next(self) -> str:
        return self.tokens[self.at][0]

    def named(self) -> bool:
        return bool(NAME.match(self.next))

    def take(self, *expected: str) -> str:
        token, at = self.tokens[self.at]
        if not token or (expected and token not in expected):
            raise LatexError(f"{' or '.join(expected)} expected at {self.source[at:]!r}")
        self.at += 1
        return token

    def accept(self, *tokens: str) -> bool:
        found = self.next in tokens
        self.at += found
        return found

    def equations(self) -> Iterator[tuple[str, Node]]:
        """Read all equations of a display: the left side as it stands, the right side as a tree."""
        while self.next:
            if self.accept(*SEPARATORS):
                continue
            start, depth = self.tokens[self.at][1], 0
            while depth or self.next not in ("=", r"\approx"):
                token = self.take()
                depth += (token in ("{", "(")) - (token in ("}", ")"))
            left = self.source[start : self.tokens[self.at][1]].rstrip(" \n&")
            self.take()
            yield left, self.expression()

    def whole(self) -> Node:
        node = self.expression()
        if self.next:
            raise LatexError(f"{self.next!r} is not understood in {self.source!r}")
        return node

    def expression(self) -> Node:
        total = self.signed()
        while self.next in ("+", "-"):
            total = ("+", total, self.signed())
        return total

    def signed(self) -> Node:
        if self.accept("-"):
            return ("negative", self.quotient())
        self.accept("+")
        return self.quotient()

    def quotient(self) -> Node:
        top = self.term()
        return ("/", top, self.term()) if self.accept("/") else top

    def term(self) -> Node:
        product = self.factor()
        while (
            self.next in STARTS
            or self.next.isdigit()
            or self.named()
            or self.next == r"\cdot"
            or (self.next == "|" and not self.bars)
        ):
            operation = r"\cdot" if self.accept(r"\cdot") else "*"
            product = (operation, product, self.factor())
        return product

    def factor(self) -> Node:
        base = self.atom()
        if self.accept("!"):
            base = ("!", base)
        while self.accept("^"):
            base = ("^", base, self.script())
        return base

    def script(self) -> Node:
        """Read what stands raised or lowered: braces, or one letter or number."""
        if self.accept("{"):
            return self.enclosed("}")
        return ("name", self.take(), (), ()) if self.named() else self.atom()

    def listed(self, end: str, item: Callable[[], Node]) -> tuple[Node, ...]:
        bars, self.bars = self.bars, end == "|"
        items = [item()]
        while self.accept(",", "and", r"\mid"):
            items.append(item())
        if end:
            self.take(end)
        self.bars = bars
        return tuple(items)

    def enclosed(self, end: str, begin: str = "") -> Node:
        if begin:
            self.take(begin)
        node, *more = self.listed(end, self.expression)
        if more:
            raise LatexError(f"a list is not understood in {self.source!r}")
        return node

    def relation(self) -> Node:
        if self.accept("otherwise"):
            return OTHERWISE
        left = self.expression()
        return (self.take(), left, self.expression()) if self.next in RELATIONS else left

    def atom(self) -> Node:
        if self.named():
            return self.name()
        token = self.take()
        match token:
            case "(":
                return self.enclosed(")")
            case "|":
                return (token, self.enclosed("|"))
            case r"\lVert":
                inside = self.enclosed(r"\rVert")
                return (token, inside, self.script() if self.accept("_") else ("number", 2))
            case r"\frac" if self.tokens[self.at + 1][0] == r"\partial":
                self.at += 2
                top = self.enclosed("}")
                self.take("{")
                return ("partial", top, self.enclosed("}", begin=r"\partial"))
            case r"\frac":
                return ("/", self.enclosed("}", begin="{"), self.enclosed("}", begin="{"))
            case r"\sqrt":
                return (token, self.enclosed("}", begin="{"))
            case r"\exp" | r"\operatorname{sign}":
                return (token, self.enclosed(")", begin="("))
            case _ if token[1:] in CURVES:
                return (token, self.enclosed(")", begin="("))
            case r"\log":
                return (token, self.enclosed(")") if self.accept("(") else self.term())
            case r"\max" | r"\min" if self.accept("("):
                return (token, *self.listed(")", self.expression))
            case r"\mathbb{1}":
                self.take("[")
                return ("indicator", self.listed("]", self.relation))
            case r"\begin{cases}":
                return ("cases", *self.rows())
            case r"\int":
                return self.integral()
            case r"\infty":
                return ("number", math.inf)
        if token in BIG:
            return self.over(token + (self.take() if token == r"\arg" else ""))
        if token.isdigit():
            return ("number", int(token))
        raise LatexError(f"{token!r} is not understood in {self.source!r}")

    def rows(self) -> Iterator[Node]:
        while not self.accept(r"\end{cases}"):
            value = self.expression()
            self.take("&")
            yield (value, self.listed("", self.relation))
            self.accept(r"\\")

    def name(self) -> Node:
        def spread(node: Node) -> tuple[Node, ...]:  # `d_{ij}` has two indices, not a product
            return spread(node[1]) + spread(node[2]) if node[0] == "*" else (node,)

        token, lowered, arguments = self.take(), (), ()
        if self.accept("_"):
            braces = self.accept("{")
            lowered = self.listed("}", self.expression) if braces else (self.script(),)
        if token in self.functions and self.accept("("):
            arguments = self.listed(")", self.expression)
        return ("name", token, tuple(i for node in lowered for i in spread(node)), arguments)

    def over(self, operation: str) -> Node:
        r"""Read `\sum_{c = 1}^{C}`, `\sum_n`, `\max_{j, y_j = y_i}`, `\sum_{a \in A}`."""
        self.take("_")
        first, *rest = self.listed("}", self.relation) if self.accept("{") else (self.script(),)
        index, domain = first if first[0] == "name" else first[1], ()
        if self.accept("^"):
            domain = (first[2], self.script())
        elif first[0] == r"\in":
            domain = (first[2],)
        elif first is not index:
            rest.insert(0, first)
        return ("over", operation, index[1], domain, tuple(rest), self.term())

    def integral(self) -> Node:
        r"""Read `\int_{0}^{\infty} f(z) \, dz`."""
        self.take("_")
        first = self.script()
        self.take("^")
        last = self.script()
        match self.term():
            case ("*", ("*", body, ("name", "d", (), ())), ("name", index, (), ())):
                return ("integral", index, (first, last), body)
        raise LatexError(f"an integral ends in d and its variable, not so {self.source!r}")


def walk(tree: Any) -> Iterator[Node]:
    if isinstance(tree, tuple):
        yield tree
        for child in tree:
            yield from walk(child)


def quadrature(first: float, last: float) -> tuple[Tensor, Tensor]:
    """Return where to look at a smooth function, and with what weights, to integrate it.

    The steps are even in a variable in which both ends are so far away that nothing is left there.
    """
    if first > last:
        where, weights = quadrature(last, first)
        return where, -weights
    t = torch.linspace(-4, 4, 1025, dtype=torch.float64)
    u, du = math.pi / 2 * t.sinh(), math.pi / 2 * t.cosh() * (t[1] - t[0])
    match math.isinf(first), math.isinf(last):
        case False, False:
            half = (last - first) / 2
            return first + half * (1 + u.tanh()), half * du / u.cosh() ** 2
        case False, True:
            return first + u.exp(), du * u.exp()
        case True, False:
            return last - u.exp(), du * u.exp()
    return u.sinh(), du * u.cosh()


def item(values: Any, index: Any) -> Any:
    if not 1 <= index <= len(values):  # Python would count from the end
        raise LatexError(f"no element {index} among {len(values)}")
    return values[int(index) - 1]


@dataclass
class Evaluator:
    """Values of trees.

    Attributes:
        definitions: Left and right sides, both as trees. The first that fits is taken.
        fallback: Definitions for what is neither defined there nor given as a symbol.
        used: The definitions that a value came from.
        rows: The rows of `cases` that a value came from.
    """

    definitions: Definitions = field(default_factory=list)
    fallback: Definitions = field(default_factory=list)
    used: set[Node] = field(default_factory=set)
    rows: set[Node] = field(default_factory=set)

    def value(self, node: Node, symbols: Symbols) -> Any:
        match node:
            case ("number", number):
                return number
            case ("name", *_):
                return self.name(node, symbols)
            case ("over", *_):
                return self.over(node, symbols)
            case ("integral", index, bounds, body):
                first, last = (float(self.value(bound, symbols)) for bound in bounds)
                where, weights = quadrature(first, last)
                return (weights * self.value(body, {**symbols, index: where})).sum()
            case ("indicator", conditions):
                return int(self.hold(conditions, symbols))
            case ("cases", *rows):
                held = [row for row in rows if self.hold(row[1], symbols)]
                if len(held) != 1 and [row[1] for row in held[1:]] != [(OTHERWISE,)]:
                    raise LatexError(f"{len(held)} cases hold")
                self.rows.add(held[0])
                return self.value(held[0][0], symbols)
            case ("partial", top, (_, name, *_)):
                if defined := self.defined(node, self.definitions, symbols):
                    return self.value(*defined)
                leaf = symbols[name].detach().requires_grad_()
                return torch.autograd.grad(self.value(top, {**symbols, name: leaf}), leaf)[0]
            case (operation, *operands) if operation in OPERATIONS:
                return OPERATIONS[operation](*(self.value(x, symbols) for x in operands))
        raise LatexError(f"{node} has no value")

    def hold(self, conditions: Iterable[Node], symbols: Symbols) -> bool:
        """Whether all conditions hold; those behind the first that does not are not looked at."""
        for relation, *sides in conditions:
            if relation not in RELATIONS:
                raise LatexError(f"{relation} is no condition")
            if not RELATIONS[relation](*(self.value(side, symbols) for side in sides)):
                return False
        return True

    def name(self, node: Node, symbols: Symbols) -> Any:
        _, name, indices, arguments = node
        plain = ("name", name, (), ())
        given = node == plain and name in symbols
        if not given and (defined := self.defined(node, self.definitions, symbols)):
            return self.value(*defined)
        at = [self.value(index, symbols) for index in indices]
        values = [self.value(argument, symbols) for argument in arguments]
        whole = symbols.get(name)
        if whole is None and at and (defined := self.defined(plain, self.definitions, symbols)):
            whole = self.value(*defined)
        if callable(whole) and node != plain:
            return whole(*at, *values)
        if whole is not None and not values:
            for index in at:
                whole = item(whole, index)
            return whole
        if defined := self.defined(node, self.fallback, symbols):
            return self.value(*defined)
        if name == r"\sigma" and len(values) == 1:
            return torch.sigmoid(double(values[0]))
        if node == plain and name in ("e", r"\pi"):
            return math.e if name == "e" else math.pi
        raise LatexError(f"{name} with {len(at)} indices, {len(values)} arguments is unknown")

    def defined(
        self, node: Node, among: Definitions, symbols: Symbols
    ) -> tuple[Node, Symbols] | None:
        """Find what a name is defined as, and bind the letters of the definition's left side."""

        def form(node: Node) -> Node:
            if node[0] == "partial":
                return ("partial", node[1], form(node[2]))
            return (*node[:2], *map(len, node[2:])) if node[0] == "name" else node

        for left, right in among:
            if form(left) == form(node):
                self.used.add((left, right))
                ours, theirs = (n if n[0] == "name" else n[2] for n in (left, node))
                pairs = zip((*ours[2], *ours[3]), (*theirs[2], *theirs[3]), strict=True)
                bound = {a[1]: self.value(b, symbols) for a, b in pairs if a != b}
                return right, {**symbols, **bound}
        return None

    def over(self, node: Node, symbols: Symbols) -> Any:
        _, operation, index, domain, conditions, body = node
        match [self.value(bound, symbols) for bound in domain]:
            case []:
                values = range(1, self.extent(index, (conditions, body), symbols) + 1)
            case [first, last]:
                values = range(int(first), int(last) + 1)
            case [values]:
                pass
        inside = [{**symbols, index: value} for value in values]
        found = [(s[index], self.value(body, s)) for s in inside if self.hold(conditions, s)]
        if operation == r"\sum":
            return sum((value for _, value in found), 0)
        if operation == r"\prod":
            return math.prod(value for _, value in found)
        if not found:
            raise LatexError(f"{operation} of nothing")
        best = (max if operation.endswith("max") else min)(found, key=lambda pair: float(pair[1]))
        return best[not operation.startswith(r"\arg")]

    def extent(self, index: str, trees: Node, symbols: Symbols) -> int:
        """How far an index without bounds runs: as far as what it stands at."""
        for tree in walk(trees):
            for position, where in enumerate(tree[2] if tree[:1] == ("name",) else ()):
                whole = ("name", tree[1], (), ())
                known = tree[1] in symbols or self.defined(whole, self.definitions, symbols)
                if where == ("name", index, (), ()) and known:
                    value = self.value(whole, symbols)
                    return len(value) if position == 0 else value.shape[position]
        raise LatexError(f"how far does {index} run?")
