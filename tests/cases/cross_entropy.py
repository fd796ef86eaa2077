from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Contest, classified
from tests.domains import LOGITS, ROW, Domain, targets
from tests.strategies import REAL, one_of_classes

SYMBOLS = {"w": "weight", r"\varepsilon": "label_smoothing"}
SHARED = ("weight",)


def theirs(
    input: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None = None, **more: float
) -> torch.Tensor:
    if weight is not None:
        weight = weight.to(input.dtype)
    return torch.nn.functional.cross_entropy(input, target, weight, reduction="none", **more)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 5, dtype=dtype), randint(5, 4)
    w = torch.tensor([0.5, 2.0, 0.0, 1.0, 3.0], dtype=dtype)
    skip = torch.tensor([1, -100, 4, -100])
    inside = torch.tensor([1, 3, 4, 3])
    yield Case("indices", {"input": x, "target": y})
    yield Case("weight", {"input": x, "target": y, "weight": w})
    yield Case("zero weight", {"input": x, "target": torch.tensor([2, 0, 2, 1]), "weight": w})
    yield Case("ignored", {"input": x, "target": skip})
    yield Case("ignored inside", {"input": x, "target": inside, "ignore_index": 3})
    yield Case("ignored, weight", {"input": x, "target": skip, "weight": w})
    yield Case("all ignored", {"input": x, "target": torch.full((4,), -100)})
    for eps in (0.1, 1.0):
        smooth = {"input": x, "target": y, "label_smoothing": eps}
        yield Case(f"smoothing={eps}", smooth)
        yield Case(f"smoothing={eps}, weight", {**smooth, "weight": w})
        yield Case(f"smoothing={eps}, ignored", {**smooth, "target": skip})
        yield Case(
            f"smoothing={eps}, weight, ignored inside",
            {**smooth, "weight": w, "target": inside, "ignore_index": 3},
        )
        yield Case(f"smoothing={eps}, all ignored", {**smooth, "target": torch.full((4,), -100)})
    t = randn(4, 5, dtype=dtype, seed=1).softmax(1)
    both = ("input", "target")
    yield Case("probabilities", {"input": x, "target": t}, both)
    yield Case("probabilities, weight", {"input": x, "target": t, "weight": w}, both)
    yield Case("probabilities, smoothing", {"input": x, "target": t, "label_smoothing": 0.1}, both)
    yield Case(
        "probabilities, smoothing, weight",
        {"input": x, "target": t, "label_smoothing": 0.1, "weight": w},
        both,
    )
    one_hot = torch.eye(5, dtype=dtype)[y]
    yield Case("one-hot", {"input": x, "target": one_hot}, both)
    yield Case("weight gradient", {"input": x, "target": t, "weight": w + 1}, (*both, "weight"))
    for shape in ((2, 3, 4), (2, 3, 2, 4), (2, 3, 2, 2, 2)):
        k = f"{len(shape) - 2}-dimensional"
        kx, ky = randn(*shape, dtype=dtype), randint(3, shape[0], *shape[2:])
        ky[0, 0] = -100
        more = {"weight": w[:3], "label_smoothing": 0.2}
        yield Case(k, {"input": kx, "target": ky})
        yield Case(f"{k}, all settings", {"input": kx, "target": ky, **more})
        kt = randn(*shape, dtype=dtype, seed=1).softmax(1)
        yield Case(f"{k}, probabilities", {"input": kx, "target": kt, **more}, both)
    yield Case("unbatched", {"input": x[0], "target": y[0]})
    yield Case(
        "unbatched, one index in a list",
        {"input": x[0], "target": y[:1], "label_smoothing": 0.1},
        defect="its backward raises a size mismatch, label smoothing at once",
        elements=theirs(x[0], y[0], label_smoothing=0.1),
    )
    kx, kb = randn(2, 3, 4, dtype=dtype), randint(3, 2, 4).to(torch.uint8)
    yield Case(
        "Byte, 1-dimensional",
        {"input": kx, "target": kb},
        defect="only a target (N) may be Byte",
        elements=theirs(kx, kb.long()),
    )
    yield Case("unbatched, smoothing", {"input": x[0], "target": y[0], "label_smoothing": 0.1})
    yield Case("unbatched, weight", {"input": x[0], "target": y[0], "weight": w})
    yield Case("unbatched, probabilities", {"input": x[0], "target": t[0], "weight": w}, both)
    yield Case("Byte", {"input": x, "target": y.to(torch.uint8)})
    yield Case("one class", {"input": x[:, :1], "target": 0 * y})
    yield Case("one class, ignored", {"input": x[:, :1], "target": skip.clamp(max=0)})
    yield Case("one sample", {"input": x[:1], "target": y[:1], "weight": w})
    column = {"input": x[:2, :, None], "target": y[:2, None], "weight": w}
    yield Case("one position", column)
    yield Case("probabilities, -1", {"input": x, "target": t, "ignore_index": -1})
    # The sum overflows float16, the mean does not.
    steep = torch.tensor([[0.0, 400.0]], dtype=dtype).expand(256, 2)
    yield Case("steep", {"input": steep, "target": y[:1].expand(256) * 0}, gradcheck=False)
    heavy = torch.tensor([400.0, 1.0], dtype=dtype)
    yield Case(
        "heavy",
        {"input": steep / 400, "target": y[:1].expand(256) * 0, "weight": heavy},
        gradcheck=False,
    )
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("empty, probabilities", {"input": x[:0], "target": t[:0]}, gradcheck=False)
    yield Case("huge", {"input": 1e4 * x, "target": y}, gradcheck=False)
    masked = x.clone()
    masked[:, 2] = -float("inf")
    other = torch.tensor([0, 1, 3, 4])
    yield Case("masked class", {"input": masked, "target": other}, gradcheck=False)
    yield Case("masked target", {"input": masked, "target": inside - 1}, gradcheck=False)
    hole = x.clone()
    hole[0, 0] = float("nan")
    yield Case("nan", {"input": hole, "target": y}, gradcheck=False)
    ruined = x.clone()
    ruined[1], ruined[3] = -float("inf"), float("nan")
    yield Case(
        "ignored rows hold anything",
        {"input": ruined, "target": skip},
        gradcheck=False,
        defect="their NaN reaches the gradient",
        elements=theirs(x, skip),
    )
    yield Case(
        "masked class without probability",
        {"input": masked, "target": torch.eye(5, dtype=dtype)[other]},
        gradcheck=False,
        defect="0 times -inf is NaN",
        elements=theirs(masked, other),
    )
    yield Case(
        "masked class without weight",
        {"input": masked, "target": torch.tensor([2, 0, 1, 3]), "weight": w},
        gradcheck=False,
        defect="0 times -inf is NaN",
        elements=torch.cat([torch.zeros(1), theirs(masked, torch.tensor([0, 0, 1, 3]), w)[1:]]),
    )
    everywhere = [theirs(masked, torch.full((4,), c), w) for c in (0, 1, 3, 4)]
    yield Case(
        "masked class without weight, smoothing",
        {"input": masked, "target": other, "weight": w, "label_smoothing": 0.1},
        gradcheck=False,
        defect="0 times -inf is NaN",
        elements=0.9 * theirs(masked, other, w) + 0.02 * sum(everywhere),
    )


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(4, 5, seed=seed), randint(5, 4, seed=seed)
    weight = randn(5, seed=seed + 1).exp()
    yield Point({"input": x, "target": y, "weight": weight}, {"C": 5}, blocks=(0, 2, 4))
    one_hot, soft = torch.eye(5).double()[y], randn(4, 5, seed=seed + 2).softmax(1)
    for eps in (0.0, 0.3):
        for target, probabilities in ((y, one_hot), (soft, soft)):
            arguments = {"input": x, "target": target, "weight": weight, "label_smoothing": eps}
            yield Point(arguments, {"C": 5, "y": list(probabilities)}, blocks=(1, 3, 5))


def errors() -> Iterator[Error]:
    x, y = torch.zeros(3, 5), torch.tensor([0, 1, 4])

    def wrong(id: str, type: type[Exception], match: str, **arguments: object) -> Error:
        parity = bool(arguments.pop("parity", True))
        return Error(id, {"input": x, "target": y, **arguments}, type, match, parity)

    def image(*shape: int) -> torch.Tensor:
        return torch.zeros(*shape, dtype=torch.long)

    yield wrong("float index", RuntimeError, "Long or Byte, but got Float", target=y.float())
    yield wrong("int32 index", RuntimeError, "Long or Byte, but got Int: pass", target=y.int())
    yield wrong("bool index", RuntimeError, "Long or Byte, but got Bool", target=y.bool())
    yield wrong(
        "integer one-hot",
        RuntimeError,
        r"^Expected floating point type for target with class probabilities, got Long",
        target=image(3, 5),
    )
    yield wrong(
        "(N, 1)", RuntimeError, r"multi-target not.*target\.squeeze\(1\)", target=y[:, None]
    )
    yield wrong("batch", ValueError, r"batch_size \(3\) to.*batch_size \(4\)", target=image(4))
    yield wrong("no batch", ValueError, r"batch_size \(3\) to.*batch_size \(0\)", target=y[0])
    yield wrong("probabilities, C", RuntimeError, "multi-target", target=torch.zeros(3, 4))
    yield wrong("two indices for one row", ValueError, "For 1D input", input=x[0], target=y[:2])
    yield wrong("no dimension", IndexError, "input", input=x[0, 0], target=x[0, 0])
    yield wrong("no dimension, index", RuntimeError, "got Long", input=x[0, 0], target=y[0])
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
    yield wrong("3-D size", RuntimeError, "target size", input=pixels[None], target=image(1, 3, 4))
    for value in (5, -1, -100):
        yield wrong(
            f"index {value}",
            IndexError,
            f"Target {value} is out of bounds.*ignore_index={value}",
            target=torch.tensor([0, value, 1]),
            ignore_index=-7,
        )
    yield wrong("weight size", RuntimeError, r"all 5 classes.*\[4\]", weight=torch.ones(4))
    yield wrong("weight type", RuntimeError, "found Double.*weight", weight=torch.ones(5).double())
    yield wrong("weight 2-D", RuntimeError, "all 5 classes", target=x, weight=torch.ones(1, 5))
    yield wrong("smoothing", RuntimeError, r"label_smoothing.*1\.5", label_smoothing=1.5)
    yield wrong("ignored probabilities", RuntimeError, "ignore_index", target=x, ignore_index=0)
    yield wrong("integers", NotImplementedError, "input", input=image(3, 5))
    yield wrong(
        "integers, probabilities", NotImplementedError, "input", input=image(3, 5), target=x
    )
    yield wrong("reduction", ValueError, "avg", reduction="avg")


def warnings() -> Iterator[Error]:
    negative = {"input": randn(3, 5), "target": randint(5, 3), "label_smoothing": -0.1}
    yield Error("negative smoothing", negative, UserWarning, "label_smoothing counts as 0", False)


domain = Domain(ROW, targets(0, 2), scales=LOGITS)
strategy = one_of_classes(REAL, smoothing=True, probabilities=True)
contests = (
    Contest(classified, wanted={"million": {"eager": 3}}),
    Contest(
        classified,
        label="32000 classes",
        shapes={"vocabulary": (512, 32000)},
        memory=True,
        wanted={"vocabulary": {"eager": 1.7, "memory": 1.1}},
    ),
)
