import math
from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import ordinal, usual
from tests.domains import LOGITS, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def reference(
    input: torch.Tensor, target: torch.Tensor, *, reduction: str = "mean"
) -> torch.Tensor:
    """Add up, row after row, what the answer to each question costs; in float64."""
    rows = []
    for x, rank in zip(input.double(), target.tolist(), strict=True):
        cost = x[:0].sum()
        for k, logit in enumerate(x):
            wrong = -logit if rank > k else logit
            cost = cost + torch.logaddexp(torch.zeros_like(wrong), wrong)
        rows.append(cost)
    loss = torch.stack(rows) if rows else input.double().sum(1)
    if reduction == "mean":
        loss = loss.sum() / max(1, len(rows))
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(6, 4, dtype=dtype), torch.tensor([0, 1, 2, 3, 4, 2])
    yield Case("every rank", {"input": x, "target": y})
    worked = torch.tensor([[0.5, -1.0], [1.0, 2.0]], dtype=dtype)
    yield Case("worked by hand", {"input": worked, "target": torch.tensor([0, 2])})
    yield Case("one row", {"input": x[:1], "target": y[:1]})
    yield Case("strided", {"input": x.T.contiguous().T, "target": y})
    yield Case("nobody comes far", {"input": x, "target": y.clamp(max=1)})
    yield Case("lowest rank alone", {"input": x, "target": torch.zeros_like(y)})
    yield Case("two ranks", {"input": x[:, :1], "target": y.clamp(max=1)})
    yield Case("one rank", {"input": x[:, :0], "target": y * 0}, gradcheck=False)
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    edge = [0.0, 21.0, -22.0, 1e4, -1e4, math.inf, -math.inf]
    certain = torch.tensor(edge, dtype=dtype)[:, None].repeat(1, 2)
    for rank in (0, 1, 2):
        ranks = torch.full((len(edge),), rank)
        yield Case(f"edges, rank {rank}", {"input": certain, "target": ranks}, gradcheck=False)
    missing = torch.tensor([[0.5, math.nan], [0.5, 1.0]], dtype=dtype)
    yield Case("NaN", {"input": missing, "target": torch.tensor([1, 2])}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(5, 3, seed=seed), randint(4, 5, seed=seed)
    yield Point({"input": x, "target": y}, {"K": 4})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(3, 4), torch.tensor([0, 2, 4])

    def call(**changed: object) -> dict[str, object]:
        return {"input": x, "target": y, **changed}

    one_based = r"Target 5 is out of bounds. 4 logits a row make 5 ranks"
    yield Error("from 1", call(target=y + 1), IndexError, one_based, False)
    yield Error("negative", call(target=y - 1), IndexError, "Target -1 is out of bounds", False)
    for name, shape in (("(N, 1)", (3, 1)), ("levels", (3, 4)), ("short", (2,)), ("0-d", ())):
        other = call(target=torch.zeros(shape, dtype=torch.int64))
        yield Error(
            f"target {name}", other, ValueError, r"target of shape \(N\) for K ranks", False
        )
    for name, other in (("1-d", x[0]), ("3-d", x[None]), ("0-d", x[0, 0])):
        yield Error(f"input {name}", call(input=other), ValueError, r"input of shape \(N, K", False)
    for dtype, name in ((torch.int32, "Int"), (torch.float32, "Float"), (torch.bool, "Bool")):
        yield Error(name, call(target=y.to(dtype)), RuntimeError, f"Long, but got {name}", False)
    yield Error("integers", call(input=x.long()), NotImplementedError, "input", False)
    yield Error("reduction", call(reduction="avg"), ValueError, "avg", False)


domain = Domain({"input": (1, 3)}, targets([0], [2]), scales=LOGITS, element=(0,))
contests = (usual(ordinal, 10000, 9),)
