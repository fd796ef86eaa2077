import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.cases.lovasz_hinge_loss import extension
from tests.contests import segmented, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SHARED = ("input", "target")


def reference(
    input: Tensor,
    target: Tensor,
    *,
    classes: str = "present",
    per_image: bool = False,
    from_logits: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Weigh the errors of each class, pixel by pixel, in float64."""
    images = list(zip(input.split(1), target.split(1), strict=True))
    rows, counted = [], []
    for x, y in images if per_image else [(input, target)]:
        x, y = x.double().movedim(1, -1)[y != ignore_index], y[y != ignore_index]
        p = x.exp() / x.exp().sum(1, keepdim=True) if from_logits else x
        for c in range(input.shape[1]):
            counted.append(classes == "all" or bool((y == c).any()))
            error = torch.where(y == c, 1 - p[:, c], p[:, c]) if counted[-1] else p[:0, c]
            rows.append(extension(error, (y == c)[: len(error)]))
    loss = torch.stack(rows)
    if reduction == "mean":
        loss = loss.sum() / max(1, sum(counted))
    elif per_image:
        loss = loss.reshape(-1, input.shape[1])
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(2, 3, 2, 3, dtype=dtype), randint(3, 2, 2, 3)
    plain = {"input": x, "target": y}
    yield Case("plain", {**plain, "per_image": True})
    yield Case("the batch together", plain)
    few = {"input": x, "target": y.clamp(max=1)}
    for classes in ("present", "all"):
        for per_image in (False, True):
            which = {"classes": classes, "per_image": per_image}
            yield Case(f"an absent class, {classes}, {per_image}", {**few, **which})
    p = {"input": x.softmax(1), "target": y, "from_logits": False}
    yield Case("probabilities", p)
    row = {"input": x.movedim(1, -1).flatten(0, 2), "target": y.flatten()}
    yield Case("a pixel each", row)
    yield Case("a pixel each, per image", {**row, "per_image": True})
    yield Case("a volume", {"input": x[..., None], "target": y[..., None]})
    yield Case("strided", {"input": x.transpose(2, 3), "target": y.transpose(1, 2)})
    yield Case("bytes", {"input": x, "target": y.byte()})
    single = {"input": x[:, :1].sigmoid(), "target": 0 * y, "from_logits": False}
    yield Case("one class", single)
    for name, void in (("some", y.masked_fill(x[:, 0] > 1, 255)), ("all", 0 * y + 255)):
        for per_image in (False, True):
            settings = {"ignore_index": 255, "per_image": per_image}
            ignored = {"input": x, "target": void, **settings}
            yield Case(f"{name} ignored, {per_image}", ignored, gradcheck=name == "some")
    yield Case("a class ignored", {**plain, "ignore_index": 0, "classes": "all"})
    gone = torch.tensor([[math.nan, 0.5], [math.inf, 1], [0.25, 0.75]], dtype=dtype)
    blank = {"input": gone, "target": torch.tensor([-100, -100, 0])}
    yield Case("ignored pixels hold anything", blank, gradcheck=False)
    nothing = {"input": x[:0], "target": y[:0]}
    yield Case("empty", nothing, gradcheck=False)
    yield Case("empty, all classes", {**nothing, "classes": "all"}, gradcheck=False)
    huge = torch.tensor([[1e4, -1e4], [-1e4, 2e4], [3e4, 1e4]], dtype=dtype)
    wrong = {"input": huge, "target": torch.tensor([0, 0, 1])}
    yield Case("huge", wrong, gradcheck=False, defect="the definition overflows")
    never = torch.tensor([[0.5, -math.inf], [-1, 1], [0.25, -math.inf]], dtype=dtype)
    impossible = {"input": never, "target": torch.tensor([0, 1, 1])}
    yield Case("minus infinity", impossible, gradcheck=False)
    missing = torch.tensor([[math.nan, 0.5], [1, 1]], dtype=dtype)
    yield Case("nan", {"input": missing, "target": torch.tensor([0, 1])}, gradcheck=False)
    tied = torch.zeros(4, 2, dtype=dtype)
    equal = {"input": tied, "target": torch.tensor([0, 1, 1, 0])}
    yield Case("ties", equal, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    y = torch.tensor([0, 1, 2, 1, 0, 1])
    yield Point({"input": 2 * randn(6, 3, seed=seed), "target": y}, {"P": 6})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(2, 3, 4), torch.zeros(2, 4, dtype=torch.int64)
    listed = {"input": x, "target": y, "classes": "most"}
    yield Error("classes", listed, ValueError, "classes must be .*'most'", False)
    for wrong in (x[0, 0], x[:, :0]):
        shape = {"input": wrong, "target": y}
        yield Error(f"input {tuple(wrong.shape)}", shape, ValueError, "input must be of", False)
    batch = {"input": x, "target": y[:1]}
    yield Error("batch", batch, ValueError, "input batch_size", False)
    one_hot = {"input": x, "target": torch.zeros(2, 3, 4, dtype=torch.int64)}
    yield Error("one-hot", one_hot, RuntimeError, "Expected target size", False)
    floats = {"input": x, "target": y.float()}
    yield Error("floats", floats, RuntimeError, "target.long", False)
    for index in (3, -1):
        outside = {"input": x, "target": y + index}
        yield Error(f"class {index}", outside, IndexError, f"Target {index}", False)
    average = {"input": x, "target": y, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    yield Error("integers", {"input": x.long(), "target": y}, NotImplementedError, "input", False)


def class_errors() -> Iterator[Error]:
    yield Error("classes", {"classes": [1, 2]}, ValueError, "classes must be", False)


domain = Domain(
    {"input": (2, 2)}, ({"target": torch.tensor([0, 1])},), scales=(-1.0, 1.0), element=(0,)
)
contests = (usual(segmented, 8, 19, 16384),)
