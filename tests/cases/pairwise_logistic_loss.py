import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import softplus

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import listed, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"m": "margin"}


def reference(
    input: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    margin: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """Go through all pairs of each list, in float64."""
    x = input.double()
    zero = 0 * x.nan_to_num(0, 0, 0).sum()
    rows, pairs = [], 0
    for n, row in enumerate(target):
        for i, better in enumerate(row):
            for j, worse in enumerate(row):
                loss = zero
                if mask is None or (mask[n, i] and mask[n, j]):
                    known = [x[n, k] for k in (i, j) if not row[k].isnan()]
                    if len(known) < 2:
                        pairs += 1
                        loss = sum((math.nan * score for score in known), zero + math.nan)
                    elif better > worse:
                        loss = softplus(margin - x[n, i] + x[n, j], threshold=50)
                        pairs += 1
                rows.append(loss)
    size = (*input.shape, input.shape[1])
    loss = torch.stack(rows).reshape(size) if rows else x.new_zeros(size) + zero
    if reduction == "mean":
        loss = loss.sum() / max(1, pairs)
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def lists(dtype: torch.dtype) -> Iterator[Case]:
    """Lists that all losses over lists are tested with."""
    x, grades = 2 * randn(3, 5, dtype=dtype), randint(4, 3, 5, seed=1)
    yield Case("plain", {"input": x, "target": grades})
    yield Case("by hand", {"input": x.new_tensor([[1, 2, 0]]), "target": x.new_tensor([[2, 1, 0]])})
    yield Case("real grades", {"input": x, "target": randn(3, 5, dtype=dtype, seed=2)})
    yield Case("clicks", {"input": x, "target": grades > 1})
    yield Case("ties", {"input": x, "target": torch.ones(3, 5)})
    yield Case("one item", {"input": x[:, :1], "target": grades[:, :1]})
    yield Case("wide target", {"input": x, "target": randn(3, 5, seed=2)})
    yield Case("strided", {"input": x.T, "target": grades.T})
    lengths = torch.tensor([3, 0, 5])
    mask = torch.arange(5) < lengths[:, None]
    yield Case("mask", {"input": x, "target": grades, "mask": mask})
    yield Case("mask of numbers", {"input": x, "target": grades, "mask": mask.to(dtype)})
    holes = randint(2, 3, 5, seed=3)
    yield Case("mask with holes", {"input": x, "target": grades, "mask": holes})
    yield Case("all left out", {"input": x, "target": grades, "mask": torch.zeros(3, 5)})
    for name, value in (("nan", math.nan), ("inf", math.inf), ("-inf", -math.inf)):
        junk = x.masked_fill(~mask, value)
        behind = {"input": junk, "target": grades.to(dtype).masked_fill(~mask, value)}
        yield Case(f"{name} behind the items", {**behind, "mask": mask}, gradcheck=False)
    yield Case("empty", {"input": x[:0], "target": grades[:0]}, gradcheck=False)
    yield Case("empty lists", {"input": x[:, :0], "target": grades[:, :0]}, gradcheck=False)
    large = x.new_tensor([[60, -20, 3], [-40, 40, 0], [50, 30, -20]])
    yield Case("large", {"input": large, "target": grades[:, :3]}, gradcheck=False)
    for seed, name in enumerate(("input", "target")):
        unknown = {"input": x, "target": randn(3, 5, dtype=dtype, seed=2)}
        unknown[name] = unknown[name].masked_fill(randint(9, 3, 5, seed=seed) == 0, math.nan)
        yield Case(f"nan in {name}", unknown, gradcheck=False)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from lists(dtype)
    x, grades = 2 * randn(3, 5, dtype=dtype), randint(4, 3, 5, seed=1)
    for margin in (1.0, -0.5, 30.0):
        yield Case(f"margin={margin}", {"input": x, "target": grades, "margin": margin})
    pairs = {"input": x[:, :2], "target": torch.tensor([1, 0]).expand(3, 2)}
    yield Case("pairs", pairs)
    # Far apart: the right order costs nothing, the wrong one its distance.
    leads = x.new_tensor([[0, 0], [1e4, -1e4], [-1e4, 1e4], [-90, 0], [90, 0]])
    first = torch.tensor([1, 0]).expand(5, 2)
    yield Case("huge", {"input": leads, "target": first}, gradcheck=False)
    infinite = x.new_tensor([[math.inf, 0], [0, -math.inf], [-math.inf, 0], [0, math.inf]])
    yield Case("infinite", {"input": infinite, "target": first[:4]}, gradcheck=False)
    levels = x.new_tensor([[math.inf, 0, -math.inf, -math.inf, 1]]).expand(3, 5)
    yield Case("infinite grades", {"input": x, "target": levels})


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(2, 4, seed=seed), randint(3, 2, 4, seed=seed)
    ordered = (y[:, :, None] > y[:, None, :]).nonzero() + 1
    at = {("n", "a", "b"): [tuple(place) for place in ordered.tolist()]}
    for margin in (0.0, 0.75):
        yield Point({"input": x, "target": y, "margin": margin}, at=at)


def wrong_lists() -> Iterator[Error]:
    """Wrong calls of all losses over lists."""
    x = torch.zeros(2, 3)
    pair = {"input": x[:, 0], "target": x[:, 1]}
    yield Error("pairs", pair, ValueError, r"torch\.stack\(\(better, worse\), 1\)", False)
    single = {"input": x[0], "target": x[0]}
    yield Error("one list", single, ValueError, r"input.unsqueeze\(0\)", False)
    for other in (torch.zeros(2, 1), torch.zeros(3), torch.zeros(2, 3, 1)):
        shapes = {"input": x, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "^target must", False)
    lengths = {"input": x, "target": x, "mask": torch.tensor([3, 2])}
    yield Error("lengths", lengths, ValueError, "^mask must have the shape of input", False)
    average = {"input": x, "target": x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    integers = {"input": x.long(), "target": x}
    yield Error("integers", integers, NotImplementedError, "input", False)
    for name in ("target", "mask"):
        complex_ = {"input": x, "target": x, name: x + 0j}
        yield Error(f"complex {name}", complex_, RuntimeError, name, False)


errors = wrong_lists
domain = Domain({"input": (1, 2)}, ({"target": torch.tensor([[1, 0]])},), element=(0, 0, 1))
contests = (usual(listed, 512, 64),)
