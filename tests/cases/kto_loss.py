import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases._logps import answers, reduced
from tests.contests import answered, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
MATCHED = ("policy_logps", "reference_logps")
MISMATCHED = ("policy_kl_logps", "reference_kl_logps")
SYMBOLS = {
    **{"p": MATCHED[0], "p'": MATCHED[1], "q": MISMATCHED[0], "q'": MISMATCHED[1]},
    **{r"\beta": "beta", "w^+": "desirable_weight", "w^-": "undesirable_weight"},
}


def reference(
    policy_logps: Tensor,
    reference_logps: Tensor,
    target: Tensor,
    policy_kl_logps: Tensor,
    reference_kl_logps: Tensor,
    *,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Take what an answer lacks of its full value, one kind after the other, in float64."""
    drift = policy_kl_logps.detach().double() - reference_kl_logps.double()
    level = torch.relu(drift.mean()) if len(drift) else 0.0
    gain = policy_logps.double() - reference_logps.double() - level
    liked = desirable_weight * (1 - torch.sigmoid(beta * gain))
    disliked = undesirable_weight * (1 - torch.sigmoid(-beta * gain))
    return reduced(torch.where(target == 1, liked, disliked), reduction, policy_logps.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = answers(MATCHED, dtype, 6)
    others = answers(MISMATCHED, dtype, 6)
    y = torch.tensor([1, 0, 0, 1, 1, 0])
    grads = MATCHED[:1]
    call = {**x, "target": y, **others}
    yield Case("plain", call, grads)
    fewer = {name: value[:4] for name, value in others.items()}
    yield Case("fewer mismatched", {**call, **fewer}, grads)
    raised = {**others, "policy_kl_logps": others["policy_kl_logps"] + 5}
    yield Case("drift", {**call, **raised, "beta": 0.5}, grads)
    yield Case("booleans", {**call, "target": y == 1}, grads)
    yield Case("floats", {**call, "target": y.to(dtype)}, grads)
    weights = {"desirable_weight": 1.5, "undesirable_weight": 0.25, "beta": 2.0}
    yield Case("weights", {**call, **weights}, grads)
    yield Case("one kind", {**call, "target": torch.ones(6), "undesirable_weight": 0.0}, grads)
    nothing = {name: value[:0] for name, value in others.items()}
    yield Case("nothing mismatched", {**call, **nothing}, grads)
    none = {name: value[:0] for name, value in call.items()}
    yield Case("empty", none, grads, gradcheck=False)
    edge = torch.tensor([0, -1e-4, -300, -4000, -math.inf, math.nan], dtype=dtype)
    edges = {**call, "policy_logps": edge, "reference_logps": torch.zeros_like(edge)}
    yield Case("edges", edges, grads, gradcheck=False)
    single = {"reference_logps": x["reference_logps"].float()}
    yield Case("float32 reference", {**call, **single}, grads, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    p, p_ = 2 * randn(2, 12, seed=seed)
    q, q_ = randn(2, 5, seed=seed + 10)
    for shift in (2.0, -2.0):
        call = {**dict(zip(MATCHED, (p, p_), strict=True)), "target": torch.arange(12.0) % 2}
        call |= dict(zip(MISMATCHED, (q + shift, q_), strict=True))
        weights = {"beta": 0.5, "desirable_weight": 1.5, "undesirable_weight": 0.75}
        yield Point({**call, **weights}, {"M": 5})


def errors() -> Iterator[Error]:
    x = dict.fromkeys((*MATCHED, *MISMATCHED), torch.zeros(3)) | {"target": torch.ones(3)}
    for name in ("reference_logps", "reference_kl_logps"):
        yield Error(name, x | {name: torch.zeros(2)}, ValueError, f"{name} must have", False)
    for name in (*MATCHED, *MISMATCHED):
        integers = x | {name: torch.zeros(3).long()}
        yield Error(f"{name} int", integers, NotImplementedError, name, False)
    labels = x | {"target": torch.ones(3, 1)}
    yield Error("target shape", labels, ValueError, r"target of shape \(N\)", False)
    tokens = x | dict.fromkeys(MATCHED, torch.zeros(3, 5))
    yield Error("tokens", tokens, ValueError, r"policy_logps and target of shape \(N\)", False)
    tokens = x | dict.fromkeys(MISMATCHED, torch.zeros(3, 5))
    yield Error("kl tokens", tokens, ValueError, "policy_kl_logps of shape", False)
    for label in (-1.0, 2.0, 0.5, math.nan):
        wrong = x | {"target": torch.tensor([0.0, 1.0, label])}
        yield Error(f"label {label}", wrong, ValueError, f"0 or 1, got {label:g}", False)
    yield Error("complex", x | {"target": torch.ones(3) + 0j}, RuntimeError, "target", False)
    yield Error("list", x | {"target": [1, 0, 1]}, TypeError, "target", False)
    yield Error("reduction", x | {"reduction": "avg"}, ValueError, "avg", False)
    for error in class_errors():
        yield Error(error.id, {**x, **error.arguments}, ValueError, error.match, False)


def class_errors() -> Iterator[Error]:
    for beta in (0.0, -0.1, math.nan):
        yield Error(f"beta={beta}", {"beta": beta}, ValueError, f"beta={beta}", False)
    for name in ("desirable_weight", "undesirable_weight"):
        for weight in (-0.5, math.nan):
            match = f"{name}={weight}"
            yield Error(match, {name: weight}, ValueError, match, False)


domain = Domain(
    {"policy_logps": (1,)},
    tuple(
        {
            "reference_logps": torch.zeros(1),
            "target": torch.tensor([label]),
            **dict.fromkeys(MISMATCHED, torch.zeros(1)),
        }
        for label in (1.0, 0.0)
    ),
    element=(0,),
)


def judged(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    names = ("policy_logps", "reference_logps", "policy_kl_logps", "reference_kl_logps")
    return {**answered(shape, names), "target": torch.randint(2, shape) > 0}


contests = (usual(judged, 1024, leaves=("policy_logps",)),)
