import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import segmented, usual
from tests.domains import LOGITS, Domain, targets

REFERENCE_REDUCTIONS = ("none", "mean", "sum")
SYMBOLS = {"p": "input", "t": "target", "s": "smooth"}


def by_definition(
    of_item: Callable[[Tensor, Tensor], Tensor],
    input: Tensor,
    target: Tensor,
    per_image: bool = True,
    from_logits: bool = True,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Compute a loss of p and t, vectors of kept pixels, by a loop over images and classes."""
    images, classes = input.shape[:2]
    indices = target.ndim < input.ndim
    rows = []
    for n in range(images):
        for c in range(classes):
            t = target[n].flatten() if indices else target[n, c].flatten()
            kept = (t.double() != ignore_index).nonzero()[:, 0]
            x = input[n].flatten(1)[:, kept].double()
            t = (t[kept] == c).double() if indices else t[kept].double()
            if not from_logits:
                p = x[c]
            elif indices:
                p = x.softmax(0)[c]
            else:
                p = x[c].sigmoid()
            rows.append((p, t))
    shape = (images, classes)
    if not per_image:  # all pixels of the batch in one row
        columns = [rows[c::classes] for c in range(classes)]
        rows = [tuple(map(torch.cat, zip(*column, strict=True))) for column in columns]
        shape = (classes,)
    # Without an item, the gradient comes from a sum of nothing.
    items = [of_item(p, t) for p, t in rows] or [input.double().flatten(2).sum(-1)]
    loss = torch.stack(items).reshape(shape)
    if reduction == "mean":
        loss = loss.sum() / max(1, loss.numel())
    return (loss.sum() if reduction == "sum" else loss).to(input.dtype)


def reference(
    input: Tensor, target: Tensor, smooth: float = 1e-5, squared: bool = False, **how: object
) -> Tensor:
    power = 2 if squared else 1

    def of_item(p: Tensor, t: Tensor) -> Tensor:
        sizes = (p**power).sum() + (t**power).sum() + smooth
        return 1 - (2 * (p * t).sum() + smooth) / sizes if sizes != 0 else p.sum() * 0

    return by_definition(of_item, input, target, **how)


def pictures(dtype: torch.dtype) -> Iterator[Case]:
    """The calls that all losses of a ratio are tested with."""
    x, y = 2 * randn(3, 3, 4, 2, dtype=dtype), randint(3, 3, 4, 2)
    masks = randint(2, 3, 3, 4, 2, seed=1)
    soft = randn(3, 3, 4, 2, dtype=dtype, seed=2).sigmoid()
    both = ("input", "target")
    yield Case("masks", {"input": x, "target": masks.to(dtype)}, both)
    yield Case("indices", {"input": x, "target": y})
    yield Case("soft masks", {"input": x, "target": soft}, both)
    for name, target in (("masks", masks), ("indices", y)):
        whole = {"input": x, "target": target, "per_image": False}
        yield Case(f"{name}, whole batch", whole)
    p = x.softmax(1)
    yield Case("probabilities, indices", {"input": p, "target": y, "from_logits": False})
    more = {"input": x.sigmoid(), "target": soft, "from_logits": False}
    yield Case("probabilities, masks", more, both)
    yield Case("boolean masks", {"input": x, "target": masks > 0})
    yield Case("8-bit masks", {"input": x, "target": masks.to(torch.uint8)})
    yield Case("wide masks", {"input": x, "target": soft.double()})
    yield Case("one dimension", {"input": x[:, :, 0], "target": y[:, 0]})
    solid = 2 * randn(2, 2, 2, 3, 2, dtype=dtype), randint(2, 2, 2, 3, 2)
    yield Case("three dimensions", dict(zip(both, solid, strict=True)))
    yield Case("one mask an image", {"input": x[:, :1], "target": masks[:, :1]})
    for smooth in (0, 1.0, 100.0):
        yield Case(f"smooth={smooth}", {"input": x, "target": masks, "smooth": smooth})
    hidden = torch.where(randint(3, 3, 4, 2, seed=3) == 0, 255, y)
    ignored = {"input": x, "target": hidden, "ignore_index": 255}
    yield Case("ignored", ignored)
    yield Case("ignored, 8-bit", ignored | {"target": hidden.to(torch.uint8)})
    yield Case("ignored, whole batch", ignored | {"per_image": False})
    yield Case("ignored class", {"input": x, "target": y, "ignore_index": 0})
    some = torch.where(randint(3, 3, 3, 4, 2, seed=3) == 0, -100, masks)
    yield Case("ignored in masks", {"input": x, "target": some})
    yield Case("ignored in soft masks", {"input": x, "target": torch.where(some < 0, -100, soft)})
    gone = torch.full_like(y, -100)
    for smooth in (1e-5, 0):
        nothing = {"input": x, "target": gone, "smooth": smooth}
        yield Case(f"all ignored, smooth={smooth}", nothing)
    # What an ignored pixel holds must not matter.
    spoiled = torch.where(hidden[:, None] == 255, math.inf, x)
    spoiled[0, 0] = torch.where(hidden[0] == 255, math.nan, spoiled[0, 0])
    yield Case("ignored, not finite", ignored | {"input": spoiled}, gradcheck=False)
    ruined = torch.where(some < 0, math.nan, x)
    yield Case("ignored in masks, nan", {"input": ruined, "target": some}, gradcheck=False)
    empty = torch.zeros_like(masks)
    yield Case("empty masks", {"input": x, "target": empty})
    yield Case("full masks", {"input": x, "target": empty + 1})
    nowhere = {"input": torch.zeros_like(x), "target": empty, "from_logits": False, "smooth": 0}
    yield Case("nothing to find, nothing found", nowhere, gradcheck=False)
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("no pixels", {"input": x[:, :, :0], "target": y[:, :0]}, gradcheck=False)
    huge = torch.tensor([1e4, -1e4, 100.0, -100.0, math.inf, -math.inf], dtype=dtype)
    half = torch.tensor([1, 0, 0, 1, 1, 0])
    edges = {"input": huge.expand(1, 1, 6), "target": half.expand(1, 1, 6)}
    yield Case("huge logits", edges, gradcheck=False)
    apart = torch.stack([huge[:4], -huge[:4]])[None]
    yield Case("huge logits, indices", {"input": apart, "target": half[None, :4]}, gradcheck=False)
    never = torch.where(torch.arange(3)[:, None, None] == 1, -math.inf, x)
    yield Case("impossible class", {"input": never, "target": y}, gradcheck=False)
    hole = x.clone()
    hole[0, 0, 0, 0] = math.nan
    yield Case("nan", {"input": hole, "target": masks}, gradcheck=False)
    unknown = soft.clone()
    unknown[0, 0, 0, 0] = math.nan
    yield Case("nan in target", {"input": x, "target": unknown}, gradcheck=False)


def cases(dtype: torch.dtype) -> Iterator[Case]:
    yield from pictures(dtype)
    x, y = 2 * randn(3, 3, 4, 2, dtype=dtype), randint(3, 3, 4, 2)
    soft = randn(3, 3, 4, 2, dtype=dtype, seed=2).sigmoid()
    yield Case("squared", {"input": x, "target": y, "squared": True})
    yield Case("squared, soft", {"input": x, "target": soft, "squared": True}, ("input", "target"))


def one_image(seed: int, blocks: tuple[int, ...], **settings: object) -> Point:
    """Draw the probabilities of one class and a mask, which may be soft."""
    p, t = randn(2, 6, seed=seed).sigmoid()
    if seed % 2:
        t = t.round()
    arguments = {"input": p[None, None], "target": t[None, None], "from_logits": False}
    return Point(arguments | settings, {"p": [p], "t": [t]}, blocks=blocks)


def points(seed: int) -> Iterator[Point]:
    yield one_image(seed, (0, 2), smooth=0.5)
    yield one_image(seed, (0, 2, 3), smooth=0)
    yield one_image(seed, (1,), smooth=0.5, squared=True)


def wrong_pictures() -> Iterator[Error]:
    """The calls that all losses of a ratio refuse."""
    x, y = torch.zeros(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.long)
    masks = torch.zeros(2, 3, 4, 4)

    def wrong(id: str, type: type[Exception], match: str, **arguments: object) -> Error:
        return Error(id, {"input": x, "target": y, **arguments}, type, match, False)

    yield wrong(
        "rows", ValueError, r"input of shape \(N, C, d1", input=x[:, 0, 0], target=y[:, 0, 0]
    )
    yield wrong("channel", ValueError, r"target\.squeeze\(1\)", target=y[:, None])
    yield wrong("classes", ValueError, "shape of input", target=masks[:, :2])
    yield wrong("batch", ValueError, "batch_size", target=y[:1])
    yield wrong("pixels", RuntimeError, "size mismatch", target=y[:, :3])
    yield wrong("flat", ValueError, "batch_size", target=y.flatten())
    yield wrong("float indices", RuntimeError, "Long or Byte, but got Float", target=y.float())
    yield wrong("one mask", RuntimeError, "got Float", input=x[:, :1], target=masks[:, 0])
    yield wrong("void", IndexError, "255 is out of bounds.*ignore_index=255", target=y + 255)
    yield wrong("one class", IndexError, "Target 1", input=x[:, :1], target=y + 1)
    yield wrong("8-bit masks", RuntimeError, "target .*got 255.*by 255", target=masks + 255)
    yield wrong("signs", RuntimeError, "target .*got -1", target=masks - 1)
    logits = {"input": x + 3, "from_logits": False}
    yield wrong("logits", RuntimeError, "input .*got 3.0.*from_logits=True", **logits)
    yield wrong("complex", RuntimeError, "target must be real", target=masks + 0j)
    yield wrong("integers", NotImplementedError, "input", input=x.long())
    yield wrong("reduction", ValueError, "avg", reduction="avg")
    for smooth in (-1.0, math.nan):
        yield wrong(f"smooth={smooth}", ValueError, f"smooth={smooth}", smooth=smooth)


def errors() -> Iterator[Error]:
    yield from wrong_pictures()


def class_errors() -> Iterator[Error]:
    yield Error("smooth", {"smooth": -1.0}, ValueError, "smooth=-1.0", False)


# One image, one class, three pixels: an object of one pixel, of two, and none.
MASKS = Domain(
    {"input": (1, 1, 3)},
    targets(*([[row]] for row in ([1.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]))),
    scales=LOGITS,
    element=(0, 0),
)
domain = MASKS
contests = (usual(segmented, 8, 19, 128, 128),)
