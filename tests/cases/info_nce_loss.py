import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randn
from tests.contests import named, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"q": "query", "k": "key", "n": "negatives", "T": "temperature"}
SHARED = ("query", "key", "negatives")
BOTH = ("query", "key")


def reduced(rows: list[Tensor], zero: Tensor, reduction: str, count: int | None = None) -> Tensor:
    """Stack, add up or average the losses of the rows; `zero` is what there is without any."""
    loss = torch.stack(rows) if rows else zero.new_zeros(0) + zero
    if reduction == "mean":
        return loss.sum() / max(1, len(rows) if count is None else count)
    return loss.sum() if reduction == "sum" else loss


def nothing(*tensors: Tensor) -> Tensor:
    """Return a 0 that is attached to all of these."""
    return sum(0 * tensor.nan_to_num(0, 0, 0).sum() for tensor in tensors)


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Divide the product of two vectors by their lengths, at least 1e-12 each."""
    lengths = [(v * v).sum().sqrt() if bool((v != 0).any()) else 0 * v.sum() for v in (a, b)]
    return (a * b).sum() / (lengths[0].clamp(min=1e-12) * lengths[1].clamp(min=1e-12))


def log_sum_exp(values: list[Tensor]) -> Tensor:
    top = torch.stack(values).detach().max()
    return top + sum((value - top).exp() for value in values).log()


def reference(
    query: Tensor,
    key: Tensor,
    negatives: Tensor | None = None,
    *,
    temperature: float = 0.1,
    normalize: bool = True,
    symmetric: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Go through the queries, of each through all keys, in float64."""
    q, k = query.double(), key.double()
    n = None if negatives is None else negatives.double()

    def similarity(a: Tensor, b: Tensor) -> Tensor:
        return (cosine(a, b) if normalize else (a * b).sum()) / temperature

    zero, rows = nothing(q, k, *([] if n is None else [n])), []
    for i in range(len(q)):
        others = [similarity(q[i], key) for key in k]
        if n is not None:
            others += [similarity(q[i], other) for other in (n if n.ndim == 2 else n[i])]
        loss = log_sum_exp(others) - similarity(q[i], k[i])
        if symmetric:
            back = log_sum_exp([similarity(query, k[i]) for query in q])
            loss = (loss + back - similarity(q[i], k[i])) / 2
        rows.append(loss + zero)
    return reduced(rows, zero, reduction).to(query.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    q, k = randn(5, 3, dtype=dtype), randn(5, 3, dtype=dtype, seed=1)
    yield Case("plain", {"query": q, "key": k}, BOTH)
    hand = {
        "query": q.new_tensor([[1.0, 0.0], [1.0, 1.0]]),
        "key": q.new_tensor([[1.0, 1.0], [0.0, 1.0]]),
    }
    yield Case("by hand", hand, BOTH)
    for t in (0.5, 2.0):
        yield Case(f"temperature={t}", {"query": q, "key": k, "temperature": t}, BOTH)
    axes = torch.eye(3, dtype=dtype)
    far = {"query": axes, "key": -axes, "temperature": 0.01}
    yield Case("far, temperature=0.01", far, BOTH, gradcheck=False)
    yield Case("near, temperature=0.01", far | {"key": axes}, BOTH, gradcheck=False)
    yield Case("symmetric", {"query": q, "key": k, "symmetric": True}, BOTH)
    products = {"query": q, "key": k, "normalize": False, "temperature": 1.0}
    yield Case("products", products, BOTH)
    all_three = (*BOTH, "negatives")
    shared, each = randn(4, 3, dtype=dtype, seed=2), randn(5, 2, 3, dtype=dtype, seed=3)
    for name, n in (("shared", shared), ("each", each)):
        more = {"query": q, "key": k, "negatives": n}
        yield Case(f"negatives, {name}", more, all_three)
        yield Case(f"negatives, {name}, symmetric", more | {"symmetric": True}, all_three)
        yield Case(f"negatives, {name}, products", more | {"normalize": False}, all_three)
    one = {"query": q[:1], "key": k[:1]}
    yield Case("one", one, BOTH)
    yield Case("one, negatives", one | {"negatives": shared}, all_three)
    yield Case("no negatives", {"query": q, "key": k, "negatives": shared[:0]}, BOTH)
    yield Case("empty", {"query": q[:0], "key": k[:0]}, BOTH, gradcheck=False)
    no_query = {"query": q[:0], "key": k[:0], "negatives": shared, "symmetric": True}
    yield Case("empty, negatives", no_query, all_three, gradcheck=False)
    yield Case("collapsed", {"query": 0 * q + 1, "key": 0 * k + 1}, BOTH)
    zero = torch.tensor([1, 0, 1, 1, 1], dtype=dtype)[:, None] * q
    yield Case("a row of 0 among queries", {"query": zero, "key": k}, ("key",))
    lengths = q * torch.tensor([1e-3, 1, 1e3, 1, 1], dtype=dtype)[:, None]
    yield Case("lengths", {"query": lengths, "key": k}, ("key",))
    # In float32 the square of its length is beyond all numbers.
    if dtype != torch.float16:
        yield Case("long", {"query": 1e25 * q, "key": k}, BOTH, gradcheck=False)
    whole = {"query": 64 * q.round(), "key": 64 * k.round(), "temperature": 1.0}
    yield Case("huge products", whole | {"normalize": False}, BOTH, gradcheck=False)
    broken = torch.where(torch.arange(5)[:, None] == 2, math.nan, q)
    yield Case("nan", {"query": broken, "key": k}, ("query",), gradcheck=False)
    yield Case("wide key", {"query": q, "key": k.double()}, ("query",))


def points(seed: int) -> Iterator[Point]:
    q, k, n = randn(4, 3, seed=seed), randn(4, 3, seed=seed + 10), randn(2, 3, seed=seed + 20)
    for temperature in (0.5, 1.5):
        given = {"query": q, "key": k, "temperature": temperature}
        count = {"N": 4, "M": 2}
        yield Point(given, count, blocks=(0, 3, 4))
        yield Point(given | {"symmetric": True}, count, blocks=(1,))
        yield Point(given | {"negatives": n}, count, blocks=(2,))


def wrong_embeddings(first: str, second: str) -> Iterator[Error]:
    x = torch.zeros(4, 2)
    vector = {first: x[0], second: x[0]}
    yield Error("vector", vector, ValueError, rf"{first} of shape \(N, D\)", False)
    empty = {first: x[:, :0], second: x[:, :0]}
    yield Error("no columns", empty, ValueError, rf"{first} of shape \(N, D\)", False)
    fewer = {first: x, second: x[:3]}
    yield Error("fewer", fewer, ValueError, f"{first} and {second} must have the same", False)
    for value in (0.0, -1.0, math.nan):
        temperature = {first: x, second: x, "temperature": value}
        wanted = f"temperature must be above 0, got {value}"
        yield Error(f"temperature={value}", temperature, ValueError, wanted, False)
    integers = {first: x.long(), second: x.long()}
    yield Error("integers", integers, NotImplementedError, first, False)
    average = {first: x, second: x, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)


def errors() -> Iterator[Error]:
    yield from wrong_embeddings("query", "key")
    x = torch.zeros(4, 2)
    for n in (x[0], torch.zeros(3, 3), torch.zeros(3, 5, 2), torch.zeros(4, 5, 3)):
        wrong = {"query": x, "key": x, "negatives": n}
        wanted = r"negatives of shape \(M, 2\)"
        yield Error(f"negatives {tuple(n.shape)}", wrong, ValueError, wanted, False)
    integers = {"query": x, "key": x, "negatives": x.long()}
    yield Error("integer negatives", integers, NotImplementedError, "negatives", False)


domain = Domain({"query": (2, 2), "key": (2, 2)}, ({},), scales=(2.0, -14.0), element=(0,))
contests = (usual(partial(named, names=("query", "key")), 1024, 128, leaves=("query", "key")),)
