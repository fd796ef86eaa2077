import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.cases._logps import POLICY, answers, reduced, wrong_pairs
from tests.contests import answered, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"c": POLICY[0], "r": POLICY[1], r"\beta": "beta", r"\gamma": "gamma"}


def reference(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    *,
    beta: float = 2.0,
    gamma: float = 0.5,
    reduction: str = "mean",
) -> Tensor:
    """Take the official form, whose parameter is the ratio of the two, in float64."""
    ratio = gamma / beta
    lead = policy_chosen_logps.double() - policy_rejected_logps.double() - ratio
    loss = -torch.nn.functional.logsigmoid(beta * lead)
    return reduced(loss, reduction, policy_chosen_logps.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = answers(POLICY, dtype, 4, 3)
    yield Case("plain", x, POLICY)
    for settings in ({"beta": 10.0, "gamma": 5.0}, {"gamma": 0.0}, {"gamma": -1.0}):
        yield Case(str(settings), {**x, **settings}, POLICY)
    yield Case("strided", {name: value.T for name, value in x.items()}, POLICY)
    yield Case("0-d", {name: value[0, 0] for name, value in x.items()}, POLICY)
    none = {name: value[:0] for name, value in x.items()}
    yield Case("empty", none, POLICY, gradcheck=False)
    edge = torch.tensor([0, -1e-4, -300, -4000, -math.inf, math.nan], dtype=dtype)
    for name in POLICY:
        edges = {**dict.fromkeys(POLICY, torch.zeros_like(edge)), name: edge}
        yield Case(f"edges of {name[7:-6]}", edges, POLICY, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    c, r = randn(2, 12, seed=seed)
    for beta, gamma in ((2.0, 0.5), (0.5, 1.5)):
        pairs = dict(zip(POLICY, (c, r), strict=True))
        yield Point({**pairs, "beta": beta, "gamma": gamma})


def errors() -> Iterator[Error]:
    yield from wrong_pairs(POLICY)
    x = dict.fromkeys(POLICY, torch.zeros(3))
    for error in class_errors():
        yield Error(error.id, {**x, **error.arguments}, ValueError, error.match, False)


def class_errors() -> Iterator[Error]:
    for beta in (0.0, -0.1, math.nan):
        yield Error(f"beta={beta}", {"beta": beta}, ValueError, f"beta={beta}", False)


domain = Domain(dict.fromkeys(POLICY, ()), ({},))
contests = (usual(partial(answered, names=POLICY), 1024, leaves=POLICY),)
