import math
from collections.abc import Iterator
from typing import Any

import torch

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import usual
from tests.domains import LOGITS, SCALAR, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"p": "power"}


def reference(
    input: torch.Tensor,
    target: torch.Tensor,
    *,
    power: float = 1.5,
    log_input: bool = True,
    reduction: str = "mean",
) -> torch.Tensor:
    """Write the definition out, in float64, each term only where there is one."""
    x, values = input.double(), []
    for one, amount in zip(x.reshape(-1), target.double().reshape(-1), strict=True):
        if log_input:
            first, second = ((k * one).exp() for k in (1 - power, 2 - power))
        else:
            first, second = one ** (1 - power), one ** (2 - power)
        if amount != 0:
            values.append(second / (2 - power) - amount * first / (1 - power))
        else:
            values.append(0 * one if one == 0 and not log_input else second / (2 - power))
    loss = torch.stack(values).reshape(x.shape) if values else x.clone()
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = randn(4, 3, dtype=dtype), randn(4, 3, dtype=dtype, seed=1).exp()
    y = y * randint(2, 4, 3).to(dtype)
    yield Case("plain", {"input": x, "target": y})
    for power in (1.5, 1.01, 1.1, 1.9, 1.99):
        call = {"input": x, "target": y, "power": power}
        yield Case(f"power={power}", call)
        yield Case(f"mean, power={power}", {**call, "input": x.exp(), "log_input": False})
    yield Case("strided", {"input": x.T, "target": y.T})
    yield Case("0-d", {"input": x[0, 0], "target": y[0, 0]})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("nothing", {"input": x, "target": 0 * y})
    for value in (-1000.0, -math.inf, -80.0, 80.0):
        for amount in (0.0, 3.0):
            one = torch.tensor([value], dtype=dtype)
            call = {"input": one, "target": torch.full_like(one, amount)}
            yield Case(f"{value} for {amount}", call, gradcheck=False)
            mean = {**call, "input": one.exp(), "log_input": False}
            yield Case(f"mean of {value} for {amount}", mean, gradcheck=False)
    missing = torch.tensor([math.nan], dtype=dtype)
    for name, other in (("input", "target"), ("target", "input")):
        unknown = {name: missing, other: torch.ones_like(missing)}
        yield Case(f"nan in {name}", unknown, gradcheck=False)
    yield Case("integers", {"input": x, "target": y.long()})
    yield Case("booleans", {"input": x, "target": y > 1})
    yield Case("wide target", {"input": x, "target": y.double()})


def points(seed: int) -> Iterator[Point]:
    x, y = randn(12, seed=seed), randn(12, seed=seed + 10).exp()
    y[:4] = 0
    for power in (1.5, 1.2, 1.75):
        yield Point({"input": x, "target": y, "power": power})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    for power in (1.0, 2.0, 0.0, 3.0, math.nan):
        outside = {"input": x, "target": x, "power": power}
        yield Error(f"power={power}", outside, ValueError, f"power={power}", False)
    good: dict[str, Any] = {"input": x, "target": x}
    yield Error("negative", {**good, "target": x - 1}, ValueError, "target .* -1", False)
    mean = {**good, "input": x - 1, "log_input": False}
    yield Error("negative mean", mean, ValueError, "input .* -1", False)
    for other in (torch.zeros(3), torch.zeros(2, 1), torch.zeros(())):
        shapes = {"input": x, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    yield Error("reduction", {**good, "reduction": "avg"}, ValueError, "avg", False)
    integers = {"input": x.long(), "target": x}
    yield Error("integers", integers, NotImplementedError, "input", False)
    yield Error("complex", {"input": x, "target": x + 0j}, RuntimeError, "target", False)


def class_errors() -> Iterator[Error]:
    yield Error("power", {"power": 2.0}, ValueError, "power=2.0", False)


domain = Domain(SCALAR, targets(2.0, 5.0), scales=LOGITS)


def positive(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {"input": torch.randn(shape).exp(), "target": torch.randn(shape).exp()}


contests = (usual(positive, 1000, 1000),)
