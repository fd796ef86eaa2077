from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import usual
from tests.domains import ROW, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def reference(
    input: torch.Tensor, target: torch.Tensor, *, fair: bool = False, reduction: str = "mean"
) -> torch.Tensor:
    """Write all pairs out, in float64."""
    x, y = input.double(), target.double()
    m = x.shape[-1]
    pairs = (x.unsqueeze(-1) - x.unsqueeze(-2)).abs().sum((-2, -1))
    loss = (x - y.unsqueeze(-1)).abs().mean(-1) - pairs / (2 * m * (m - 1 if fair else m))
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 5, dtype=dtype), randn(4, dtype=dtype, seed=1)
    both = ("input", "target")
    yield Case("plain", {"input": x, "target": y}, both)
    yield Case("fair", {"input": x, "target": y, "fair": True}, both)
    yield Case("two, fair", {"input": x[:, :2], "target": y, "fair": True}, both, gradcheck=False)
    yield Case("one", {"input": x[:, :1], "target": y}, both)
    worked = torch.tensor([0.0, 1.0, 3.0], dtype=dtype)
    two = torch.tensor(2.0, dtype=dtype)
    yield Case("worked", {"input": worked, "target": two}, both)
    yield Case("worked, fair", {"input": worked, "target": two, "fair": True}, both)
    deep = {"input": randn(2, 3, 7, dtype=dtype), "target": randn(2, 3, dtype=dtype, seed=1)}
    yield Case("of a series", deep, both)
    yield Case("strided", {"input": randn(5, 4, dtype=dtype).T, "target": y}, both)
    yield Case("empty", {"input": x[:0], "target": y[:0]}, both, gradcheck=False)
    # Far from 0, what the spread is lies in the last digits. Half precision has none left there.
    if dtype in (torch.float64, torch.float32):
        far = {"input": 1024 + x.bfloat16().to(dtype) / 16, "target": 1024 + 0 * y}
        yield Case("far from 0", far, both)
    yield Case("integers", {"input": x, "target": y.long()})
    yield Case("booleans", {"input": x, "target": y > 0})
    yield Case("wide target", {"input": x, "target": y.double()})


def points(seed: int) -> Iterator[Point]:
    for m, fair in ((5, False), (4, True)):
        x, y = randn(6, m, seed=seed), randn(6, seed=seed + 10)
        symbols = {"M": m, "K": m - fair, "z": x.sort(-1).values}
        yield Point({"input": x, "target": y, "fair": fair}, symbols)


def errors() -> Iterator[Error]:
    x, y = torch.zeros(4, 3), torch.zeros(4)
    for shape in ((), (3,), (4, 3), (4, 1), (1,)):
        other = {"input": x, "target": torch.zeros(shape)}
        match = r"^input must have the shape of target .* input \(4, 3\)"
        yield Error(f"target {shape}", other, ValueError, match, False)
    scalar = {"input": y[0], "target": y[0]}
    yield Error("0-d", scalar, ValueError, "^input must have the shape of target", False)
    none = {"input": x[:, :0], "target": y}
    yield Error("no member", none, ValueError, "^input must have 1 members or more", False)
    one = {"input": x[:, :1], "target": y, "fair": True}
    yield Error("one, fair", one, ValueError, "^input must have 2 members .* to be fair", False)
    average = {"input": x, "target": y, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    integers = {"input": x.long(), "target": y}
    yield Error("integers", integers, NotImplementedError, "input", False)
    complex_ = {"input": x, "target": y + 0j}
    yield Error("complex", complex_, RuntimeError, "target", False)


domain = Domain(ROW, targets(0.5, -0.5))


def ensemble(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {"input": torch.randn(shape), "target": torch.randn(shape[:1])}


contests = (usual(ensemble, 2000, 50),)
