import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import softplus

from tests.cases import Case, Error, Point, randn
from tests.cases._logps import POLICY, answers, reduced, wrong_pairs
from tests.contests import answered, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"c": POLICY[0], "r": POLICY[1], r"\beta": "beta"}


def reference(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    *,
    beta: float = 0.1,
    reduction: str = "mean",
) -> Tensor:
    """Divide odds by odds, in float64, as far from 0 as the data type of the input allows."""
    limit = -torch.finfo(torch.promote_types(policy_chosen_logps.dtype, torch.float32)).tiny
    c, r = policy_chosen_logps.double(), policy_rejected_logps.double()
    (p, not_p), (q, not_q) = (
        (below.exp(), -below.expm1()) for below in (c.clamp(max=limit), r.clamp(max=limit))
    )
    # 1 + odds of the rejected answer over odds of the chosen one.
    lost = torch.where(not_q > 0, q, 1).log() + not_p.log() - not_q.log() - p.log()
    loss = -c + beta * softplus(lost, threshold=700)
    return reduced(loss, reduction, policy_chosen_logps.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = answers(POLICY, dtype, 4, 3)
    yield Case("plain", x, POLICY)
    for beta in (0.0, 1.0, 10.0):
        yield Case(f"beta={beta}", {**x, "beta": beta}, POLICY)
    yield Case("strided", {name: value.T for name, value in x.items()}, POLICY)
    yield Case("0-d", {name: value[0, 0] for name, value in x.items()}, POLICY)
    none = {name: value[:0] for name, value in x.items()}
    yield Case("empty", none, POLICY, gradcheck=False)
    # Nearly certain: 1 - e^x has no digits left, and expm1 has all.
    wide = dtype in (torch.float32, torch.float64)
    near = torch.tensor([-1e-9, -1e-6, -1e-3, -20.0, -80.0], dtype=dtype)
    for name in POLICY if wide else POLICY[:1]:
        close = {**dict.fromkeys(POLICY, torch.full_like(near, -1.0)), name: near}
        yield Case(f"edges of {name[7:-6]}", close, POLICY, gradcheck=False)
    # A rounded average of 0 or more. The number next to 0 depends on the data type.
    above = torch.tensor([0.0, 1e-3, math.nan], dtype=dtype)
    for name in POLICY if wide else POLICY[:1]:
        certain = {**dict.fromkeys(POLICY, torch.full_like(above, -1.0)), name: above}
        yield Case(f"certain {name[7:-6]}", certain, POLICY, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    c, r = -randn(2, 12, seed=seed).abs() - 0.05
    for beta in (0.1, 0.5):
        yield Point({**dict(zip(POLICY, (c, r), strict=True)), "beta": beta})


def errors() -> Iterator[Error]:
    yield from wrong_pairs(POLICY)
    x = dict.fromkeys(POLICY, torch.full((3,), -1.0))
    for error in class_errors():
        yield Error(error.id, {**x, **error.arguments}, ValueError, error.match, False)


def class_errors() -> Iterator[Error]:
    for beta in (-0.1, math.nan):
        yield Error(f"beta={beta}", {"beta": beta}, ValueError, f"beta={beta}", False)


domain = Domain(dict.fromkeys(POLICY, ()), ({},), lambda u: -softplus(u), scales=(-1.0, 1.3))
contests = (usual(partial(answered, names=POLICY), 1024, leaves=POLICY),)
