import math
from collections.abc import Iterator
from functools import partial

import torch

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Contest, classified, log_probabilities
from tests.domains import ROW, Domain, targets
from tests.strategies import LOG_PROBABILITY, one_of_classes

SYMBOLS = {"w": "weight"}
SHARED = ("weight",)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = (2 * randn(4, 5, dtype=dtype)).log_softmax(1), randint(5, 4)
    w = torch.tensor([0.5, 2.0, 0.0, 1.0, 3.0], dtype=dtype)
    skip = torch.tensor([1, -100, 4, -100])
    yield Case("indices", {"input": x, "target": y})
    yield Case("weight", {"input": x, "target": y, "weight": w})
    yield Case("zero weight", {"input": x, "target": torch.tensor([2, 0, 2, 1]), "weight": w})
    yield Case("ignored", {"input": x, "target": skip})
    yield Case("ignored inside", {"input": x, "target": y, "ignore_index": int(y[0])})
    yield Case("ignored, weight", {"input": x, "target": skip, "weight": w})
    yield Case("all ignored", {"input": x, "target": torch.full((4,), -100)})
    for shape in ((2, 3, 4), (2, 3, 2, 4), (2, 3, 2, 2, 2)):
        k = f"{len(shape) - 2}-dimensional"
        kx, ky = randn(*shape, dtype=dtype).log_softmax(1), randint(3, shape[0], *shape[2:])
        ky[0, 0] = -100
        yield Case(k, {"input": kx, "target": ky})
        yield Case(f"{k}, weight", {"input": kx, "target": ky, "weight": w[:3]})
    yield Case("unbatched", {"input": x[0], "target": y[0]})
    yield Case(
        "unbatched, one index in a list",
        {"input": x[0], "target": y[:1], "weight": w},
        defect="its backward raises a size mismatch",
        elements=-w[y[0]] * x[0, y[0]],
    )
    yield Case("Byte", {"input": x, "target": y.to(torch.uint8)})
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("raw scores", {"input": randn(4, 5, dtype=dtype), "target": y})
    yield Case("one class, ignored", {"input": x[:, :1], "target": skip.clamp(max=0)})
    yield Case("one sample", {"input": x[:1], "target": y[:1], "weight": w})
    column = {"input": x[:2, :, None], "target": y[:2, None], "weight": w}
    yield Case("one position", column)
    # The sums overflow float16, the mean does not.
    steep = {"input": torch.full((256, 1), -400.0, dtype=dtype), "weight": 300 + 0 * w[:1]}
    target = torch.zeros(256, dtype=torch.int64)
    yield Case("steep", {**steep, "target": target}, gradcheck=False)
    masked = x.clone()
    masked[:, 2] = -float("inf")
    other = torch.tensor([0, 1, 3, 4])
    yield Case("impossible class", {"input": masked, "target": other}, gradcheck=False)
    yield Case(
        "impossible target",
        {"input": masked, "target": torch.tensor([2, 0, 2, 4])},
        gradcheck=False,
    )
    ruined = x.clone()
    ruined[1], ruined[3] = -float("inf"), float("nan")
    yield Case("ignored rows hold anything", {"input": ruined, "target": skip}, gradcheck=False)
    hole = x.clone()
    hole[0] = float("nan")
    yield Case("nan", {"input": hole, "target": y}, gradcheck=False)
    light = {"input": hole, "target": torch.full_like(y, 2), "weight": w}
    yield Case("nan without weight", light, gradcheck=False)
    yield Case(
        "impossible class without weight",
        {"input": masked, "target": torch.tensor([2, 0, 1, 3]), "weight": w},
        gradcheck=False,
        defect="0 times -inf is NaN",
        elements=torch.stack([0 * x[0, 0], -0.5 * x[1, 0], -2 * x[2, 1], -x[3, 3]]),
    )


def points(seed: int) -> Iterator[Point]:
    x, y = randn(4, 5, seed=seed).log_softmax(1), randint(5, 4, seed=seed)
    yield Point({"input": x, "target": y, "weight": randn(5, seed=seed + 1).exp()})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(3, 5), torch.tensor([0, 1, 4])

    def wrong(id: str, type: type[Exception], match: str, **arguments: object) -> Error:
        return Error(id, {"input": x, "target": y, **arguments}, type, match)

    def image(*shape: int) -> torch.Tensor:
        return torch.zeros(*shape, dtype=torch.long)

    yield wrong("float index", RuntimeError, "Long or Byte, but got Float", target=y.float())
    yield wrong("int32 index", RuntimeError, "Long or Byte, but got Int: pass", target=y.int())
    yield wrong(
        "(N, 1)", RuntimeError, r"multi-target not.*target\.squeeze\(1\)", target=y[:, None]
    )
    yield wrong("one-hot", RuntimeError, r"multi-target not.*argmax", target=torch.zeros(3, 5))
    yield wrong("batch", ValueError, r"batch_size \(3\) to.*batch_size \(4\)", target=image(4))
    yield wrong("two indices for one row", ValueError, "For 1D input", input=x[0], target=y[:2])
    yield wrong("no dimension", ValueError, "input", input=x[0, 0], target=y[0])
    yield wrong(
        "classes last",
        RuntimeError,
        r"Expected target size \[2, 5\], got \[2, 7\].*movedim",
        input=torch.zeros(2, 7, 5),
        target=image(2, 7),
    )
    pixels = torch.zeros(2, 3, 4, 4)
    yield wrong(
        "channel", RuntimeError, "dimension: 4.*squeeze", input=pixels, target=image(2, 1, 4, 4)
    )
    yield wrong("size", RuntimeError, "^size mismatch", input=pixels, target=image(2, 4, 5))
    yield wrong("index", IndexError, "Target 5 is out of bounds", target=torch.tensor([0, 5, 1]))
    yield wrong("weight size", RuntimeError, r"all 5 classes.*\[4\]", weight=torch.ones(4))
    yield wrong("weight type", RuntimeError, "found Double.*weight", weight=torch.ones(5).double())
    yield wrong("integers", NotImplementedError, "input", input=image(3, 5))
    yield wrong("reduction", ValueError, "avg", reduction="avg")


domain = Domain(ROW, targets(0, 2), lambda u: -u.abs())
strategy = one_of_classes(LOG_PROBABILITY)
contests = (
    Contest(
        partial(classified, scores=log_probabilities),
        wanted={"million": {"eager": 3, "compiled": math.inf}},  # the compiler does not help
    ),
)
