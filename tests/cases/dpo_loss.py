import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases._logps import POLICY, REFERENCE, answers, reduced, wrong_pairs
from tests.contests import answered, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {
    **{"c": POLICY[0], "r": POLICY[1], "c'": REFERENCE[0], "r'": REFERENCE[1]},
    **{r"\beta": "beta", r"\varepsilon": "label_smoothing"},
}
FORMS = ({}, {"label_smoothing": 0.1}, {"loss_type": "hinge"}, {"loss_type": "ipo"})
ROBUST = {"loss_type": "robust", "label_smoothing": 0.2}


def reference(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    *,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    loss_type: str = "sigmoid",
    reduction: str = "mean",
) -> Tensor:
    """Compare the implicit rewards of the two answers, in float64."""
    better = beta * (policy_chosen_logps.double() - reference_chosen_logps.double())
    worse = beta * (policy_rejected_logps.double() - reference_rejected_logps.double())
    lead, e = better - worse, label_smoothing
    right, wrong = (-torch.nn.functional.logsigmoid(z) for z in (lead, -lead))
    loss = {
        "sigmoid": right if e == 0 else (1 - e) * right + e * wrong,
        "hinge": torch.relu(1 - lead),
        "ipo": ((lead - 0.5) / beta).square(),
        "robust": right if e == 0 else ((1 - e) * right - e * wrong) / (1 - 2 * e),
    }[loss_type]
    return reduced(loss, reduction, policy_chosen_logps.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = answers(POLICY + REFERENCE, dtype, 4, 3)
    for form in (*FORMS, ROBUST, {"loss_type": "robust"}):
        name = ", ".join(f"{key}={value}" for key, value in form.items())
        yield Case(name or "plain", {**x, **form}, POLICY)
    for beta in (0.01, 2.0):
        yield Case(f"beta={beta}", {**x, "beta": beta}, POLICY)
    yield Case("strided", {name: value.T for name, value in x.items()}, POLICY)
    yield Case("0-d", {name: value[0, 0] for name, value in x.items()}, POLICY)
    none = {name: value[:0] for name, value in x.items()}
    yield Case("empty", none, POLICY, gradcheck=False)
    # Long answers; margins beyond which the exponential overflows.
    edge = torch.tensor([0, -1e-4, -300, -4000, -6e4, -math.inf, math.nan], dtype=dtype)
    others = dict.fromkeys(POLICY + REFERENCE, torch.zeros_like(edge))
    for form in (*FORMS, ROBUST):
        for name in POLICY:
            if form.get("loss_type") != "ipo":  # its square is beyond half precision
                edges = {**others, name: edge, "beta": 0.5, **form}
                yield Case(f"edges of {name[7:-6]}, {form}", edges, POLICY, gradcheck=False)
    single = {name: x[name].float() for name in REFERENCE}
    yield Case("float32 reference", {**x, **single}, POLICY, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    draws = zip(POLICY + REFERENCE, 3 * randn(4, 12, seed=seed), strict=True)
    x = dict(draws)
    for beta in (0.1, 0.5):
        yield Point({**x, "beta": beta}, blocks=(0, 1, 5))
        smooth = {**x, "beta": beta, "label_smoothing": 0.2}
        yield Point(smooth, blocks=(0, 1))
        yield Point({**x, "beta": beta, "loss_type": "hinge"}, blocks=(2,))
        yield Point({**x, "beta": beta, "loss_type": "ipo"}, blocks=(3,))
        yield Point({**smooth, "loss_type": "robust"}, blocks=(4,))


def errors() -> Iterator[Error]:
    yield from wrong_pairs(POLICY + REFERENCE)
    x = dict.fromkeys(POLICY + REFERENCE, torch.zeros(3))
    for error in class_errors():
        yield Error(error.id, {**x, **error.arguments}, ValueError, error.match, False)


def class_errors() -> Iterator[Error]:
    for beta in (0.0, -0.1, math.nan):
        yield Error(f"beta={beta}", {"beta": beta}, ValueError, f"beta={beta}", False)
    for e in (-0.1, 0.5, math.nan):
        smooth = {"label_smoothing": e}
        yield Error(f"label_smoothing={e}", smooth, ValueError, f"label_smoothing={e}", False)
    for form in ("hinge", "ipo"):
        both = {"loss_type": form, "label_smoothing": 0.1}
        yield Error(f"smooth {form}", both, ValueError, "label_smoothing must be 0", False)
    yield Error("form", {"loss_type": "cdpo"}, ValueError, "loss_type .* 'cdpo'", False)


domain = Domain(
    dict.fromkeys(POLICY, ()),
    tuple(
        dict(zip(REFERENCE, map(torch.tensor, pair), strict=True))
        for pair in ((0.0, 0.0), (-1.5, 2.0))
    ),
)
contests = (usual(partial(answered, names=POLICY + REFERENCE), 1024, leaves=POLICY),)
