from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import Arguments, Contest, Shape
from tests.domains import Domain, targets
from tests.strategies import Draw, indices, scores


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x = randn(4, 5, dtype=dtype)
    y = torch.tensor([[3, 0, -1, 1, 4], [2, -1, -1, -1, -1], [4, 1, 0, -1, 4], [0, 1, 2, 3, -1]])
    yield Case("plain", {"input": x, "target": y})
    none, every = torch.full((1, 5), -1), torch.arange(5)[None]
    yield Case("none or all are right", {"input": x[:3], "target": torch.cat([none, every, y[:1]])})
    yield Case("nobody is right", {"input": x[:2], "target": none.repeat(2, 1)})
    twice = torch.tensor([[3, 3, 0, -1, -1], [1, 1, 1, 1, 1]])
    yield Case("listed twice", {"input": x[:2], "target": twice})
    yield Case("one sample", {"input": x[0], "target": y[0]})
    yield Case(
        "one class", {"input": x[:2, :1], "target": y[:2, :1] * 0 - torch.tensor([[0], [1]])}
    )
    pair = torch.tensor([[1, 0], [0, 1]])
    yield Case("two classes, both right", {"input": x[:2, :2], "target": pair})
    yield Case("all three are right", {"input": x[0, :3], "target": torch.tensor([2, 0, 1])})
    yield Case("0-d", {"input": x[0, 0], "target": torch.tensor(0)})
    yield Case("1-d of 0-d", {"input": x[0, :1], "target": torch.tensor(0)})
    yield Case("0-d of 1-d", {"input": x[0, 0], "target": torch.tensor([0])})
    # At the margin, far beyond it, and ruled out by -inf.
    edge = torch.tensor([[1, 0, 0.5], [0, 3e4, -3e4], [0, 0.5, -float("inf")]], dtype=dtype)
    first = torch.tensor([0, -1, -1]).repeat(3, 1)
    yield Case("kinks", {"input": edge, "target": first}, gradcheck=False)
    inf = float("inf")
    infinite = torch.tensor([[inf, 0, 1], [0, inf, 1], [-inf, 0, 1]], dtype=dtype)
    yield Case("infinite", {"input": infinite, "target": first}, gradcheck=False)
    yield Case(
        "empty",
        {"input": x[:0], "target": y[:0]},
        gradcheck=False,
        defect="uninitialised memory for the mean over nothing",
    )
    nan = torch.tensor([[0.0, float("nan"), 1.0]], dtype=dtype)
    yield Case(
        "NaN", {"input": nan, "target": first[:1]}, gradcheck=False, defect="NaN counts as 0"
    )


def points(seed: int) -> Iterator[Point]:
    x = randn(4, 5, seed=seed)
    right = ([3, 0], [2], [4, 1, 0], [])
    y = torch.tensor([[*row, -1, 0, 0, 0, 0][:5] for row in right])
    listed = [torch.tensor(row) + 1 for row in right]
    yield Point({"input": x, "target": y}, {"y": listed, "K": [*map(len, right)], "C": 5})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(2, 3), torch.tensor([[0, -1, 1], [1, 2, -1]])

    def call(**changed: object) -> dict[str, object]:
        return {"input": x, "target": y, **changed}

    yield Error(
        "too large", call(target=y + 1), RuntimeError, "target' is out of range: got 3.*0 to 2"
    )
    yield Error("too small", call(target=y - 1), RuntimeError, "target' is out of range: got -2")
    behind = torch.tensor([[0, -1, 3], [1, 2, -1]])
    yield Error("behind -1", call(target=behind), RuntimeError, "target' is out of range")
    yield Error("int32", call(target=y.int()), RuntimeError, "type Long but found Int: target")
    yield Error("mask", call(target=x), RuntimeError, "type Long but found Float: target")
    yield Error("shape", call(target=y[:, :2]), RuntimeError, r"target size: \[2, 2\].*\[2, 3\]")
    yield Error("one row", call(target=y[0]), RuntimeError, r"target size: \[3\].*\[2, 3\]")
    flat = call(input=x[:1], target=y[0])
    yield Error("(C) for (1, C)", flat, RuntimeError, r"target size: \[3\].*\[1, 3\]")
    row = call(input=x[0], target=y[:1])
    yield Error("(1, C) for (C)", row, RuntimeError, r"target size: \[1, 3\].*\[3\]")
    short = call(input=x[0], target=y[0, :2])
    yield Error("too few", short, RuntimeError, r"target size: \[2\].*\[3\]")
    number = call(input=x[0, 0], target=torch.tensor(1))
    yield Error("0-d, too large", number, RuntimeError, "got 1, expected .* from 0 to 0")
    yield Error("3-d", call(input=x[None]), RuntimeError, r"vector or matrix.*\[1, 2, 3\]")
    none = call(input=x[0, :0], target=y[0, :0])
    yield Error("no classes, one row", none, RuntimeError, r"vector or matrix.*\[0\]")
    yield Error("no classes", call(input=x[:, :0], target=y[:, :0]), RuntimeError, r"\[2, 0\]")
    yield Error("integers", call(input=x.long()), NotImplementedError, "input")
    yield Error("reduction", call(reduction="avg"), ValueError, "avg")
    hot = torch.tensor([[1, 0, 1], [0, 0, 1]])
    yield Error("multi-hot", call(target=hot), UserWarning, "target.*multi-hot", parity=False)


def warnings() -> Iterator[Error]:
    for mask in ([1, 0, 1], [0, 0, 1]):
        call = {"input": torch.zeros(3), "target": torch.tensor(mask)}
        yield Error(f"mask {mask}", call, UserWarning, "multi-hot mask", False)


domain = Domain({"input": (4,)}, targets([0, 2, -1, 0]))


def strategy(draw: Draw, dtype: torch.dtype) -> Case:
    input, batch, classes = scores(draw, dtype)
    return Case("", {"input": input, "target": indices(draw, (*batch, classes), classes, (-1,))})


def listed(shape: Shape) -> Arguments:
    """Scores, and three right classes each."""
    target = torch.full(shape, -1)
    target[:, :3] = torch.rand(shape).argsort(1)[:, :3]
    return {"input": torch.randn(shape), "target": target}


# PyTorch 2.13.0 compiles its own to a wrong value.
contests = (Contest(listed, compiled=("ours",)),)
