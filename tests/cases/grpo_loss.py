import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import answered, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {
    **{"p": "policy_logps", "o": "old_logps", "q": "reference_logps", "m": "mask"},
    **{"A": "advantages", r"\varepsilon": "epsilon", "h": "epsilon_high", r"\beta": "beta"},
}
POLICY = ("policy_logps",)


def reference(
    policy_logps: Tensor,
    old_logps: Tensor | None,
    advantages: Tensor,
    reference_logps: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    epsilon: float = 0.2,
    epsilon_high: float | None = None,
    beta: float = 0.0,
    loss_type: str = "grpo",
    max_length: int | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Go from token to token, in float64."""
    p = policy_logps.double()
    o = (policy_logps.detach() if old_logps is None else old_logps).double()
    answers, length = p.shape
    high = 1 + (epsilon if epsilon_high is None else epsilon_high)
    rows = []
    for i in range(answers):
        row = []
        for t in range(length):
            if mask is not None and mask[i, t] == 0:
                row.append(nothing(p[i, t]))
                continue
            a, apart = advantages[i].double(), p[i, t] - o[i, t]
            # Where the clip decides, the ratio itself has no part.
            if apart.isnan():
                term = apart.detach()
            elif a >= 0 and apart > math.log(high):
                term = -high * a
            elif a < 0 and epsilon < 1 and apart < math.log(1 - epsilon):
                term = -(1 - epsilon) * a
            else:
                term = -apart.exp() * a
            if reference_logps is not None and beta > 0:
                d = reference_logps[i, t].double() - p[i, t]
                term = term + beta * (d.exp() - d - 1)
            row.append(term + nothing(p[i, t]))
        rows.append(torch.stack(row) if row else p[i])
    loss = torch.stack(rows) if rows else p
    kept = torch.ones_like(p) if mask is None else (mask != 0).double()
    if reduction == "mean" and loss_type == "grpo":
        loss = (loss.sum(1) / kept.sum(1).clamp(min=1)).sum() / max(1, answers)
    elif reduction == "mean" and loss_type == "dapo":
        loss = loss.sum() / kept.sum().clamp(min=1)
    elif reduction == "mean":
        loss = loss.sum() / max(1, answers * (max_length or length))
    return (loss.sum() if reduction == "sum" else loss).to(policy_logps.dtype)


def nothing(x: Tensor) -> Tensor:
    """Give a 0 that has a gradient of 0 in x, whatever x is."""
    return torch.where(torch.tensor(False), x, 0)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    p, o, q = (-randn(4, 5, seed=k).abs().to(dtype) for k in range(3))
    o = p + 0.2 * o - 0.3 * q  # ratios on both sides of the clip
    a = torch.tensor([1.0, -0.5, 0.0, -2.0], dtype=dtype)
    call: dict[str, Any] = {"policy_logps": p, "old_logps": o, "advantages": a}
    yield Case("plain", call, POLICY)
    yield Case("no old", {**call, "old_logps": None}, POLICY, gradcheck=False)
    mask = torch.arange(5) < torch.tensor([5, 3, 2, 1])[:, None]
    whole = {**call, "reference_logps": q, "beta": 0.04, "mask": mask}
    for loss_type in ("grpo", "dapo", "dr_grpo"):
        yield Case(loss_type, {**whole, "loss_type": loss_type}, POLICY)
    yield Case("max_length", {**whole, "loss_type": "dr_grpo", "max_length": 9}, POLICY)
    yield Case("clip higher", {**whole, "epsilon_high": 0.4, "epsilon": 0.1}, POLICY)
    yield Case("no clip", {**call, "epsilon": 0.0}, POLICY, gradcheck=False)
    yield Case("integer mask", {**whole, "mask": mask.long()}, POLICY)
    yield Case("floating mask", {**whole, "mask": mask.to(dtype)}, POLICY)
    yield Case("integer advantages", {**call, "advantages": torch.tensor([1, -1, 0, 2])}, POLICY)
    yield Case("unused reference", {**call, "reference_logps": q}, POLICY)
    strange = mask.clone()
    strange[1] = False
    hidden = {
        name: value.masked_fill(~strange, bad)
        for (name, value), bad in zip(
            {"policy_logps": p, "old_logps": o, "reference_logps": q}.items(),
            (math.nan, math.inf, -math.inf),
            strict=True,
        )
    }
    masked = {**whole, **hidden, "mask": strange}
    yield Case("nan where masked", masked, POLICY, gradcheck=False)
    for name, few in (("no answers", p[:0]), ("no tokens", p[:, :0])):
        none = {"policy_logps": few, "old_logps": few, "advantages": a[: len(few)]}
        yield Case(name, none, POLICY, gradcheck=False)
    # A ratio beyond all numbers, where the clip decides.
    edge = torch.tensor([[-1.0, -3.0, -math.inf]], dtype=dtype)
    far = {"policy_logps": edge, "old_logps": torch.full_like(edge, -1000.0)}
    far["old_logps"][0, 2] = -1.0
    for advantage in (1.0, 0.0):
        value = torch.tensor([advantage], dtype=dtype)
        yield Case(f"far, {advantage}", {**far, "advantages": value}, POLICY, gradcheck=False)
    near = {**far, "old_logps": edge.clamp(min=-2), "advantages": torch.tensor([-1.0], dtype=dtype)}
    yield Case("below, -1.0", near, POLICY, gradcheck=False)
    unknown = torch.tensor([[math.nan, -1.0]], dtype=dtype)
    missing = {"policy_logps": unknown, "old_logps": torch.full_like(unknown, -1.0)}
    yield Case("nan", {**missing, "advantages": a[:1]}, POLICY, gradcheck=False)
    single = {"old_logps": o.float(), "reference_logps": q.float(), "beta": 0.1}
    yield Case("float32 old", {**call, **single}, POLICY, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    p, o, q = 0.5 * randn(3, 3, 5, seed=seed)
    a = torch.tensor([1.0, -0.5, -1.5], dtype=torch.float64)
    mask = (torch.arange(5) < torch.tensor([5, 3, 2])[:, None]).double()
    call: dict[str, Any] = {"policy_logps": p, "old_logps": o, "advantages": a}
    call |= {"reference_logps": q, "mask": mask, "epsilon": 0.1, "epsilon_high": 0.3}
    sizes = {"G": 3, "T": 5, "M": 7}
    for block, loss_type in enumerate(("grpo", "dapo", "dr_grpo"), 1):
        settings = {"beta": 0.2, "loss_type": loss_type, "max_length": 7}
        yield Point({**call, **settings}, sizes, blocks=(0, block, 4))
    start = {**call, "old_logps": p, "beta": 0.0}
    yield Point(start, sizes, blocks=(0, 1, 4, 5))


def errors() -> Iterator[Error]:
    x = {name: torch.zeros(2, 3) for name in ("policy_logps", "old_logps", "reference_logps")}
    x |= {"advantages": torch.zeros(2), "mask": torch.ones(2, 3)}
    for name in ("old_logps", "reference_logps"):
        yield Error(name, x | {name: torch.zeros(2, 2)}, ValueError, f"{name} must have", False)
    for name in ("policy_logps", "old_logps", "reference_logps"):
        integers = x | {name: torch.zeros(2, 3).long()}
        yield Error(f"{name} int", integers, NotImplementedError, name, False)
    for shape in ((3,), (2, 3), (2, 1), ()):
        odd = x | {"advantages": torch.zeros(shape)}
        yield Error(f"advantages {shape}", odd, ValueError, r"advantages of shape \(G\)", False)
    flat = {"policy_logps": torch.zeros(3), "old_logps": None, "advantages": torch.zeros(3)}
    yield Error("one answer", flat, ValueError, r"policy_logps of shape \(G, T\)", False)
    yield Error("mask", x | {"mask": torch.ones(2, 4)}, ValueError, "mask must have", False)
    for name in ("advantages", "mask"):
        yield Error(f"complex {name}", x | {name: x[name] + 0j}, RuntimeError, name, False)
    yield Error("list", x | {"advantages": [1.0, 2.0]}, TypeError, "advantages", False)
    yield Error("reduction", x | {"reduction": "avg"}, ValueError, "avg", False)
    alone = x | {"reference_logps": None, "beta": 0.1}
    yield Error("no reference", alone, ValueError, "reference_logps must be given", False)
    for error in class_errors():
        yield Error(error.id, {**x, **error.arguments}, ValueError, error.match, False)


def class_errors() -> Iterator[Error]:
    outside: dict[str, tuple[Any, ...]] = {
        "epsilon": (-0.1, 1.0, math.nan),
        "epsilon_high": (-0.1, math.nan),
        "beta": (-0.1, math.nan),
        "max_length": (0,),
    }
    for name, values in outside.items():
        for value in values:
            match = f"{name}={value}"
            yield Error(match, {name: value}, ValueError, match, False)
    yield Error("loss_type", {"loss_type": "bnpo"}, ValueError, "loss_type .* 'bnpo'", False)


domain = Domain(
    {"policy_logps": (1, 1)},
    tuple(
        {"old_logps": torch.tensor([[-1.0]]), "advantages": torch.tensor([advantage])}
        for advantage in (1.0, -1.0)
    ),
    element=(0, 0),
)


def sampled(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    answers, length = shape
    kept = torch.arange(length) < torch.randint(1, length + 1, (answers, 1))
    logps = answered(shape, ("policy_logps", "old_logps", "reference_logps"))
    return {**logps, "advantages": torch.randn(answers), "mask": kept}


contests = (usual(sampled, 64, 512, leaves=("policy_logps",)),)
