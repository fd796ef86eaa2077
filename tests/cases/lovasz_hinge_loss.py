import math
from collections.abc import Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import multi_labelled, usual
from tests.domains import Domain

REFERENCE_REDUCTIONS = ("none", "mean", "sum")


def jaccard(wrong: Tensor, object: Tensor) -> float:
    """1 - IoU of a mask and what is left of it once these pixels are wrong; 0 of nothing."""
    predicted = object ^ wrong
    union = (object | predicted).sum().item()
    return 1 - (object & predicted).sum().item() / union if union else 0.0


def extension(error: Tensor, object: Tensor) -> Tensor:
    """Turn one pixel after the other wrong, and count what each adds to the Jaccard loss."""
    loss, wrong, before = error[:0].sum(), torch.zeros_like(object), 0.0
    first = error.detach().nan_to_num(nan=math.inf)
    for pixel in sorted(range(len(error)), key=lambda i: -first[i].item()):
        wrong[pixel] = True
        after = jaccard(wrong, object)
        loss, before = loss + error[pixel] * (after - before), after
    return loss


def reference(
    input: Tensor,
    target: Tensor,
    *,
    per_image: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Weigh the hinges of each image, pixel by pixel, in float64."""
    images = list(zip(input, target, strict=True)) if per_image else [(input, target)]
    losses = []
    for x, y in images:
        kept = y != ignore_index
        x, y = x[kept].double(), y[kept].double()
        losses.append(extension((1 - (2 * y - 1) * x).relu(), y == 1))
    loss = torch.stack(losses) if losses else 0 * input.double().flatten(1).sum(1)
    if reduction == "mean":
        loss = loss.sum() / max(1, len(losses))
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(3, 2, 4, dtype=dtype), randint(2, 3, 2, 4)
    yield Case("plain", {"input": x, "target": y})
    yield Case("all pixels together", {"input": x, "target": y, "per_image": False})
    yield Case("a row each", {"input": x[:, 0], "target": y[:, 0]})
    yield Case("a pixel each", {"input": x[:, 0, 0], "target": y[:, 0, 0]})
    yield Case("strided", {"input": x.transpose(1, 2), "target": y.transpose(1, 2)})
    for name, mask in (("booleans", y > 0), ("floats", y.to(dtype)), ("bytes", y.byte())):
        yield Case(name, {"input": x, "target": mask})
    yield Case("no object", {"input": x, "target": 0 * y})
    yield Case("object everywhere", {"input": x, "target": 0 * y + 1})
    for name, ignored in (("some ignored", y.masked_fill(x > 1, -100)), ("all ignored", 0 * y - 9)):
        void = {"input": x, "target": ignored, "ignore_index": ignored.min().item()}
        yield Case(name, void)
        yield Case(f"{name}, together", {**void, "per_image": False})
    gone = torch.tensor([[math.nan, math.inf, -math.inf, 0.5, -0.75]], dtype=dtype)
    blank = {"input": gone, "target": torch.tensor([[255, 255, 255, 0, 1]]), "ignore_index": 255}
    yield Case("ignored pixels hold anything", blank, gradcheck=False)
    for size in ((0, 2, 2), (2, 0)):
        nothing = {"input": x.new_zeros(size), "target": y.new_zeros(size)}
        yield Case(f"empty {size}", nothing, gradcheck=False)
        yield Case(f"empty {size} together", {**nothing, "per_image": False}, gradcheck=False)
    huge = torch.tensor([[1e4, -1e4, 2e4, -3e4]], dtype=dtype)
    yield Case("huge", {"input": huge, "target": torch.tensor([[1, 1, 0, 0]])})
    infinite = torch.tensor([[math.inf, -math.inf, 1.5, 0.5]], dtype=dtype)
    sure = {"input": infinite, "target": torch.tensor([[1, 0, 1, 0]])}
    yield Case("infinite and right", sure, gradcheck=False)
    wrong = {"input": infinite, "target": torch.tensor([[0, 1, 0, 0]])}
    yield Case("infinite and wrong", wrong, gradcheck=False, defect="the definition has 0 times ∞")
    tied = torch.tensor([[0.0, 0.0, 0.0, 1.0, -1.0]], dtype=dtype)
    equal = {"input": tied, "target": torch.tensor([[1, 0, 1, 1, 0]])}
    yield Case("ties and kinks", equal, gradcheck=False)
    missing = torch.tensor([[1.0, math.nan]], dtype=dtype)
    yield Case("nan", {"input": missing, "target": torch.tensor([[1, 0]])}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    y = torch.tensor([[1.0, 0, 1, 0, 1], [0, 0, 0, 1, 0], [1, 1, 1, 1, 1]], dtype=torch.float64)
    yield Point({"input": 2 * randn(3, 5, seed=seed), "target": y}, {"P": 5})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(2, 3), torch.zeros(2, 3)
    for other in (torch.zeros(2), torch.zeros(2, 1, 3), torch.zeros(2, 1)):
        shapes = {"input": x, "target": other}
        yield Error(f"shape {tuple(other.shape)}", shapes, ValueError, "same shape", False)
    pixel = {"input": x[0, 0], "target": y[0, 0]}
    yield Error("0-d", pixel, ValueError, "at least one dimension", False)
    for wrong in (-1.0, 2.0, 255.0, 0.5, math.nan):
        labels = {"input": x, "target": torch.tensor([[0.0, 1.0, wrong]]).expand(2, 3)}
        yield Error(f"label {wrong}", labels, ValueError, f"target must be .*{wrong}", False)
    average = {"input": x, "target": y, "reduction": "avg"}
    yield Error("reduction", average, ValueError, "avg", False)
    yield Error("integers", {"input": x.long(), "target": y}, NotImplementedError, "input", False)
    yield Error("complex", {"input": x, "target": y + 0j}, RuntimeError, "target", False)


domain = Domain(
    {"input": (1, 3)},
    ({"target": torch.tensor([[1, 0, 1]])}, {"target": torch.tensor([[1, 0, 0]])}),
    scales=(-1.0, 2.0),
)
contests = (usual(multi_labelled, 8, 16384),)
