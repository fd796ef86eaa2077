"""Attack what the catalogue claims: sample points, and look for one that refutes the claim.

A claim that a property does not hold needs such a point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

import pytest
import torch
from torch import Tensor

import losses
from losses.catalog import CATALOG, PROPERTIES, Claim, Properties, Record
from tests.cases import adapted, part_of, randn
from tests.domains import Arguments, Domain

RECORDS = {loss.function: loss for loss in CATALOG}
POINTS = 1000
UNBOUNDED = 1000.0  # A slope above it counts as a slope without a bound.


EXCHANGES: dict[str, Callable[[Arguments], Arguments]] = {
    "error": lambda a: a | {"input": 2 * a["target"] - a["input"]},
    "sign": lambda a: a | {name: -a[name] for name in list(a)[:1]},
    "arguments": lambda a: a | dict(zip(list(a)[:2], list(a.values())[1::-1], strict=True)),
}


class Slice:
    """One loss with everything but its input held fixed, as a function of one flat vector."""

    def __init__(self, function: str, domain: Domain, others: Arguments) -> None:
        self.domain, self.others = domain, {**others}
        for name, value in others.items():
            if isinstance(value, Tensor) and value.is_floating_point():
                self.others[name] = value.double()
        self.function = adapted(function, getattr(losses, function))
        self.names = list(domain.shapes)
        self.sizes = [math.prod(shape) for shape in domain.shapes.values()]

    def arguments(self, x: Tensor) -> Arguments:
        parts = x.split(self.sizes)
        shapes = self.domain.shapes.items()
        inputs = {k: p.reshape(shape) for (k, shape), p in zip(shapes, parts, strict=True)}
        return {**inputs, **self.others}

    def call(self, arguments: Arguments) -> Tensor:
        value: Tensor = self.function(**arguments, reduction="none")
        return value[self.domain.element].sum()

    def __call__(self, x: Tensor) -> Tensor:
        return self.call(self.arguments(x))

    def many(self, x: Tensor) -> Tensor:
        return torch.vmap(self)(x)

    def gradients(self, x: Tensor) -> Tensor:
        return torch.vmap(torch.func.grad(self))(x)

    def project(self, u: Tensor) -> Tensor:
        """Take real numbers, a point a row, into the domain."""
        parts = u.split(self.sizes, dim=1)
        shapes = self.domain.shapes.values()
        inside = [
            self.domain.inside(p.reshape(len(u), *shape)).reshape(len(u), -1)
            for p, shape in zip(parts, shapes, strict=True)
        ]
        return torch.cat(inside, 1)

    def reals(self, seed: int, count: int = POINTS) -> Tensor:
        """Draw points near and far, in no special position."""
        first, last = self.domain.scales
        size = sum(self.sizes)
        spread = torch.linspace(first, last, count, dtype=torch.float64)[:, None]
        return randn(count, size, seed=seed) * 10**spread

    def points(self, seed: int) -> Tensor:
        """Draw points, some of them on a grid where the kinks are."""
        free = self.reals(seed)
        return self.project(torch.cat([free, self.grid(seed)]))

    def grid(self, seed: int) -> Tensor:
        return (2 * randn(POINTS // 2, sum(self.sizes), seed=seed + 100)).round() / 2

    def pairs(self) -> tuple[Tensor, Tensor]:
        """Draw the ends of segments, long and short."""
        a, other = self.reals(0, POINTS // 2), self.reals(1, POINTS // 2)
        step = 10 ** torch.linspace(-3, 0, 7, dtype=torch.float64)
        b = a + step.repeat(len(a))[: len(a), None] * (other - a)
        return a, b

    def number(self, value: float | str) -> Tensor:
        if isinstance(value, str):
            value = eval(value, self.arguments(torch.zeros(sum(self.sizes)).double()))
        return torch.as_tensor(value, dtype=torch.float64)


def check_convex(f: Slice, claim: Claim) -> bool:
    a, b = f.points(0), f.points(1)
    chord = (f.many(a) + f.many(b)) / 2
    above = f.many((a + b) / 2) - chord
    kept = above.isfinite()
    convex = bool((above <= 1e-9 * (1 + chord.abs()))[kept].all())
    inner = f.project(f.reals(2, 100))
    curvature = torch.linalg.eigvalsh(torch.vmap(torch.func.hessian(f))(inner).nan_to_num())
    scale = 1 + curvature.abs().amax(1, keepdim=True)
    return convex and bool((curvature >= -1e-9 * scale).all())


def steepest(
    f: Slice, of: Callable[[Tensor], Tensor], halvings: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Halve segments again and again, and keep the half in which more changes.

    Returns the ends of what is left, and by how much the two still differ.
    """
    a, b = f.pairs()
    at_a, at_b = of(f.project(a)), of(f.project(b))
    for _ in range(halvings):
        middle = (a + b) / 2
        at_middle = of(f.project(middle))
        first, second = ((at_middle - end).norm(dim=1).nan_to_num() for end in (at_a, at_b))
        left = (first >= second)[:, None]
        a, b = torch.where(left, a, middle), torch.where(left, middle, b)
        at_a, at_b = torch.where(left, at_a, at_middle), torch.where(left, at_middle, at_b)
    return f.project(a), f.project(b), (at_a - at_b).norm(dim=1)


def greatest_slope(f: Slice) -> Tensor:
    """Look for the steepest chord: between points anywhere, across jumps, along the gradient."""
    x, y = f.points(0), f.points(1)
    before, behind, _ = steepest(f, lambda z: f.many(z)[:, None], 16)
    step = torch.nn.functional.normalize(f.gradients(x)) * x.norm(dim=1, keepdim=True).clamp(max=1)
    a, b = torch.cat([x, before, x]), torch.cat([y, behind, x + 1e-4 * step])
    distance = (a - b).norm(dim=1)
    slope = (f.many(a) - f.many(b)).abs() / distance
    # Closer together, rounding is all that is left of a difference.
    return slope[slope.isfinite() & (distance > 1e-11 * (1 + a.norm(dim=1)))].max()


def greatest_gradient(f: Slice) -> Tensor:
    length = f.gradients(torch.cat([f.points(0), f.points(1)])).norm(dim=1)
    return length[length.isfinite()].max()


def check_smooth(f: Slice, claim: Claim) -> bool:
    a, b, left = steepest(f, f.gradients, 45)
    size = f.gradients(a).norm(dim=1) + f.gradients(b).norm(dim=1)
    kept = left.isfinite() & size.isfinite()
    return bool((left <= 1e-5 * (1e-3 + size))[kept].all())


def check_symmetric(f: Slice, claim: Claim) -> bool:
    x = f.points(0)
    exchange = f.domain.exchange or EXCHANGES[str(claim.value)]
    value = f.many(x)
    other = torch.vmap(lambda point: f.call(exchange(f.arguments(point))))(x)
    kept = value.isfinite() & other.isfinite()
    return bool(((value - other).abs() <= 1e-9 * (1 + value.abs()))[kept].all())


def check_non_negative(f: Slice, claim: Claim) -> bool:
    value = f.many(f.points(0))
    return bool((value[value.isfinite()] >= -1e-9).all())


def check_minimum(f: Slice, claim: Claim) -> bool:
    u = f.reals(0)
    free = u[u.norm(dim=1) < 8]  # further out, what only tends to 0 is rounded to it
    if claim.value is None:
        # Not attained: go on from the lowest point in the same direction, and it gets lower yet.
        lowest = free[f.many(f.project(free)).argmin()]
        ahead = f.many(f.project(torch.stack([lowest, 1.5 * lowest, 2 * lowest])))
        return not bool((ahead.diff() < 0).all())

    name, equals, expression = str(claim.value).partition(" == ")
    if equals and name in f.names:
        x = f.points(0)
        where = f.arguments(x[0])
        attained = f.call(where | {name: eval(expression, vars(torch), where)})
        value = f.many(x)
        return bool((value >= attained - 1e-9)[value.isfinite()].all())

    def satisfies(point: Tensor, loss: Tensor) -> Tensor:
        result: Tensor = eval(claim.value, {**vars(torch), **f.arguments(point), "loss": loss})
        return result

    x = f.project(torch.cat([free, f.grid(0)]))
    value = f.many(x)
    value = value.masked_fill(value.abs() < 1e-9, 0)
    minimal = torch.vmap(satisfies)(x, value)
    # Points in no special position tell whether it is as low anywhere else.
    elsewhere = value[: len(free)][~minimal[: len(free)]]
    lowest = value.min()
    return bool(minimal.any() and (value[minimal] == lowest).all() and (elsewhere > lowest).all())


CHECKS = {
    "convex": check_convex,
    "smooth": check_smooth,
    "symmetric": check_symmetric,
    "non_negative": check_non_negative,
    "minimum": check_minimum,
}
BOUNDS = {"lipschitz": greatest_slope, "bounded": greatest_gradient}


def survives(loss: Record, name: str, claim: Claim) -> bool:
    """Whether the claim stands: it holds everywhere, or else fails somewhere."""
    domain = part_of(loss.function, "domain")
    slices = [Slice(loss.function, domain, others) for others in domain.others]
    if name in CHECKS:
        return all(CHECKS[name](f, claim) for f in slices) == claim.holds
    found = torch.stack([BOUNDS[name](f) for f in slices])
    if not claim.holds or claim.value is None:
        return bool((found <= UNBOUNDED).all()) == claim.holds
    # Nothing is steeper, and somewhere it is as steep as that: the constant is the least one.
    share = found / torch.stack([f.number(claim.value) for f in slices])
    return bool(0.9 <= share.max() <= 1.001)


def claims(loss: Record) -> dict[str, Claim]:
    return {name: getattr(loss.properties, name) for name in PROPERTIES}


# torch's own: the second derivative of log-sigmoid under vmap.
@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized:UserWarning")
@pytest.mark.slow
@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
def test_claims_survive(loss: Record, name: str) -> None:
    claim = claims(loss)[name]
    assert claim.reason
    assert survives(loss, name, claim)


# A claim of each kind that is wrong, and close enough to the truth to be made.
MUTANTS = {
    "convex": {"focal_loss": Claim(True, ""), "l1_loss": Claim(False, "")},
    "lipschitz": {
        "mse_loss": Claim(True, ""),
        "cross_entropy": Claim(True, "", 1.0),
        "huber_loss": Claim(True, "", 1.5),
        "triplet_semihard_loss": Claim(True, "", 6**0.5),
        "smooth_l1_loss": Claim(False, ""),
    },
    "smooth": {"hinge_embedding_loss": Claim(True, ""), "huber_loss": Claim(False, "")},
    "symmetric": {
        "poisson_nll_loss": Claim(True, "", "error"),
        "kl_div": Claim(True, "", "arguments"),
        "soft_margin_loss": Claim(True, "", "sign"),
        "l1_loss": Claim(False, "", "error"),
    },
    "bounded": {
        "mse_loss": Claim(True, ""),
        "multi_margin_loss": Claim(True, "", "((len(input) - 1) / len(input))"),
        "nll_loss": Claim(True, "", 2**0.5),
        "triplet_margin_loss": Claim(False, ""),
    },
    "non_negative": {"gaussian_nll_loss": Claim(True, ""), "mse_loss": Claim(False, "")},
    "minimum": {
        "binary_cross_entropy_with_logits": Claim(True, "", "input == target"),
        "margin_ranking_loss": Claim(True, "", "target * (input1 - input2) >= 1"),
        "hinge_embedding_loss": Claim(True, "", "input >= 1"),
        "cross_entropy": Claim(True, "", "loss == 0"),
        "mse_loss": Claim(False, ""),
        "triplet_margin_loss": Claim(False, ""),
    },
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "function"), [(name, function) for name in MUTANTS for function in MUTANTS[name]]
)
def test_false_claims_are_caught(name: str, function: str) -> None:
    mutant = MUTANTS[name][function]
    assert mutant != claims(RECORDS[function])[name]
    assert not survives(RECORDS[function], name, mutant)


def test_every_kind_of_claim_has_a_false_one() -> None:
    assert list(MUTANTS) == list(PROPERTIES) == [field.name for field in fields(Properties)]
