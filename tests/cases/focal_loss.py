from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Contest, classified
from tests.domains import LOGITS, ROW, Domain, targets

REFERENCE_REDUCTIONS = ("none", "sum", "mean")
SYMBOLS = {"w": "weight", r"\gamma": "gamma"}
SHARED = ("weight",)


def reference(
    input: torch.Tensor,
    target: torch.Tensor,
    gamma: float = 2.0,
    weight: torch.Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> torch.Tensor:
    """Write -w_y (1 - p_y)^gamma log(p_y) out, for the samples that are not ignored."""
    rows = input.reshape(1, -1) if input.dim() == 1 else input.movedim(1, -1).flatten(0, -2)
    kept = target.flatten() != ignore_index
    x, y = rows[kept], target.flatten()[kept]
    p = (x.exp() / x.exp().sum(1, keepdim=True))[range(len(y)), y]
    w = torch.ones_like(p) if weight is None else weight[y]
    loss = torch.zeros_like(rows[:, 0])
    loss[kept] = -w * (1 - p) ** gamma * p.log()
    if reduction == "none":
        return loss.reshape(target.shape)
    return loss.sum() if reduction == "sum" else loss.sum() / w.sum()


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(5, 4, dtype=dtype), randint(4, 5)
    weight = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=dtype)
    for gamma in (2.0, 0.0, 0.5, 1.0, 5.0):
        yield Case(f"gamma={gamma}", {"input": x, "target": y, "gamma": gamma})
    yield Case("weight", {"input": x, "target": y, "weight": weight}, ("input", "weight"))
    ignored = torch.tensor([0, -100, 3, 1, -100])
    yield Case("ignored", {"input": x, "target": ignored, "weight": weight})
    yield Case("ignore_index=1", {"input": x, "target": ignored.abs() % 4, "ignore_index": 1})
    lone = {"input": x[:, :1], "target": ignored.clamp(max=0)}
    yield Case("one class, ignored", lone, gradcheck=False)
    blank = x.masked_fill((ignored < 0)[:, None], float("inf"))
    yield Case("infinite and ignored", {"input": blank, "target": ignored}, gradcheck=False)
    # In half precision, so many equal gradients do not add up.
    many = {
        "input": torch.zeros(2000, 2, dtype=dtype),
        "target": randint(2, 2000),
        "weight": weight[1:3],
    }
    yield Case("many", many, ("weight",), gradcheck=False)
    image, mask = randn(2, 4, 3, 2, dtype=dtype, seed=1), randint(4, 2, 3, 2, seed=1)
    yield Case("images", {"input": image, "target": mask, "weight": weight})
    yield Case("sequence", {"input": image[..., 0], "target": mask[..., 0]})
    yield Case("one position", {"input": image[..., :1, 0], "target": mask[:, :1, 0]})
    yield Case("one sample", {"input": x[0], "target": y[0]})
    yield Case("one row", {"input": x[:1], "target": y[:1]})
    yield Case("one class", {"input": x[:, :1], "target": torch.zeros_like(y)}, gradcheck=False)
    yield Case("empty", {"input": x[:0], "target": y[:0]}, gradcheck=False)
    yield Case("all ignored", {"input": x, "target": torch.full_like(y, -100)})
    sure = torch.tensor([[14.0, 0.0], [9.0, 0.0], [0.0, 9.0]], dtype=dtype)
    for gamma in (0.5, 1.0, 2.0):
        # 1 - p_y is rounded away in the written-out definition.
        yield Case(
            f"sure gamma={gamma}",
            {"input": sure, "target": torch.tensor([0, 0, 0]), "gamma": gamma},
            defect="the definition rounds 1 - p",
        )
    edge = torch.tensor([[1000.0, 0.0], [-1000.0, 0.0], [-float("inf"), 0.0]], dtype=dtype)
    for gamma in (0.5, 0.0, 2.0):
        yield Case(
            f"extreme gamma={gamma}",
            {"input": edge, "target": torch.tensor([0, 0, 0]), "gamma": gamma},
            gradcheck=False,
            defect="the definition overflows",
        )


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(4, 5, seed=seed), randint(5, 4, seed=seed)
    for gamma in (2.0, 0.5):
        weight = randn(5, seed=seed + 1).exp()
        yield Point({"input": x, "target": y, "weight": weight, "gamma": gamma})


def errors() -> Iterator[Error]:
    x, y = torch.zeros(2, 3), torch.tensor([0, 1])
    yield Error("gamma", {"input": x, "target": y, "gamma": -1.0}, ValueError, "gamma=-1.0", False)
    yield Error(
        "gamma list", {"input": x, "target": y, "gamma": [9, 1]}, TypeError, "got list", False
    )
    for more in (2, 3):
        beyond = {"input": x, "target": y + more}
        yield Error(f"range {more}", beyond, IndexError, f"Target {1 + more} is out", False)
    yield Error("dtype", {"input": x, "target": y.float()}, RuntimeError, "Long or Byte", False)
    shapes = r"got target \[2, 3\] for input \[2, 3\].*argmax"
    yield Error("one-hot", {"input": x, "target": x}, RuntimeError, shapes, False)
    scalar = {"input": x[0, 0], "target": y[0]}
    yield Error("no dimension", scalar, ValueError, "1 or more dimensions", False)
    yield Error("batch", {"input": x, "target": y[:1]}, ValueError, "batch_size", False)
    yield Error("integers", {"input": x.long(), "target": y}, NotImplementedError, "input", False)
    yield Error(
        "weight",
        {"input": x, "target": y, "weight": torch.ones(2)},
        RuntimeError,
        "weight tensor should be defined",
        False,
    )
    yield Error(
        "weight dtype",
        {"input": x, "target": y, "weight": torch.ones(3).double()},
        RuntimeError,
        "weight must have the data type of input",
        False,
    )
    yield Error(
        "reduction", {"input": x, "target": y, "reduction": "avg"}, ValueError, "avg", False
    )


def class_errors() -> Iterator[Error]:
    yield Error("gamma", {"gamma": -1.0}, ValueError, "gamma=-1.0", False)
    yield Error("counts first", {"gamma": [9, 1]}, TypeError, "got list", False)


domain = Domain(ROW, targets(0, 2), scales=LOGITS)


def by_cross_entropy(input: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    minus_log_p = torch.nn.functional.cross_entropy(input, target, reduction="none")
    return ((1 - torch.exp(-minus_log_p)) ** 2 * minus_log_p).mean()


contests = (
    Contest(
        classified,
        other=by_cross_entropy,
        against="the usual lines around `cross_entropy`",
        wanted={"million": {"eager": 3}},
    ),
)
