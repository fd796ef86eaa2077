from collections.abc import Iterator

import torch

from tests.cases import Case, Error, Point, randint, randn
from tests.contests import Arguments, Contest, Shape, labels
from tests.domains import LOGITS, Domain

REFERENCE_REDUCTIONS = ("none", "sum", "mean")
SYMBOLS = {"x": "inputs", "y": "targets", r"\alpha": "alpha", r"\gamma": "gamma"}


def reference(
    inputs: torch.Tensor,
    targets: torch.Tensor,
    alpha: float = 0.25,
    gamma: float = 2,
    reduction: str = "none",
) -> torch.Tensor:
    """Write torchvision's definition out: cross entropy, p_t and alpha_t, each mixed by label."""
    p = 1 / (1 + torch.exp(-inputs))
    cross_entropy = -(targets * p.log() + (1 - targets) * (1 - p).log())
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = (1 - p_t) ** gamma * cross_entropy
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return {"none": lambda: loss, "sum": loss.sum, "mean": loss.mean}[reduction]()


def cases(dtype: torch.dtype) -> Iterator[Case]:
    x, y = 2 * randn(4, 3, dtype=dtype), randint(2, 4, 3).to(dtype)
    for gamma in (2, 0, 0.5, 1.0, 5.0):
        yield Case(f"gamma={gamma}", {"inputs": x, "targets": y, "gamma": gamma}, ("inputs",))
    for alpha in (-1, 0.0, 0.75, 1.0):
        yield Case(f"alpha={alpha}", {"inputs": x, "targets": y, "alpha": alpha}, ("inputs",))
    soft = randn(4, 3, dtype=dtype, seed=1).sigmoid()
    yield Case("soft labels", {"inputs": x, "targets": soft}, ("inputs", "targets"))
    yield Case("0-d", {"inputs": x[0, 0], "targets": y[0, 0]}, ("inputs",))
    yield Case("empty", {"inputs": x[:0], "targets": y[:0]}, ("inputs",), gradcheck=False)
    huge = torch.tensor([10.0, 100.0, 1e4, -100.0, -1e4], dtype=dtype)
    infinite = torch.tensor([float("inf"), -float("inf")], dtype=dtype)
    for gamma in (0, 0.5, 2):
        for label in (0, 1):
            yield Case(
                f"huge gamma={gamma} label={label}",
                {"inputs": huge, "targets": torch.full_like(huge, label), "gamma": gamma},
                ("inputs",),
                gradcheck=False,
                defect="the definition overflows",
            )
        yield Case(
            f"infinite gamma={gamma}",
            {"inputs": infinite, "targets": (infinite > 0).to(dtype), "gamma": gamma},
            ("inputs",),
            gradcheck=False,
            defect="the definition multiplies 0 and infinity",
        )


def points(seed: int) -> Iterator[Point]:
    x, y = 2 * randn(8, seed=seed), torch.tensor([0.0, 1.0]).repeat(4)
    for alpha, gamma in ((0.25, 2), (0.75, 0.5)):
        yield Point({"inputs": x, "targets": y, "alpha": alpha, "gamma": gamma})


def errors() -> Iterator[Error]:
    x = torch.zeros(2)
    y = torch.tensor([0.0, 1.0])
    yield Error("gamma", {"inputs": x, "targets": y, "gamma": -1}, ValueError, "gamma=-1", False)
    for alpha in (-0.5, 2.0):
        wrong = {"inputs": x, "targets": y, "alpha": alpha}
        yield Error(f"alpha={alpha}", wrong, ValueError, f"alpha value: {alpha}", False)
    yield Error("shapes", {"inputs": x, "targets": y[:1]}, ValueError, "Target size", False)
    for name, tensors in (("inputs", (x.long(), y)), ("targets", (x, y.long()))):
        arguments = dict(zip(("inputs", "targets"), tensors, strict=True))
        yield Error(f"integer {name}", arguments, NotImplementedError, name, False)
    yield Error(
        "reduction", {"inputs": x, "targets": y, "reduction": "avg"}, ValueError, "avg", False
    )


def class_errors() -> Iterator[Error]:
    yield Error("gamma", {"gamma": -1.0}, ValueError, "gamma=-1.0", False)


domain = Domain(
    {"inputs": ()}, tuple({"targets": torch.tensor(y).double()} for y in (0, 1)), scales=LOGITS
)


def sigmoids(shape: Shape) -> Arguments:
    return {"inputs": torch.randn(shape), "targets": labels(shape), "reduction": "mean"}


def torchvision_focal(inputs: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    p = torch.sigmoid(inputs)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = 0.25 * targets + 0.75 * (1 - targets)
    return (alpha_t * loss * (1 - p_t) ** 2).mean()


contests = (
    Contest(sigmoids, ("inputs",), other=torchvision_focal, against="torchvision's formula"),
)
