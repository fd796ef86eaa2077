import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from tests.cases import Case, Error, Point, randn
from tests.contests import Arguments, Contest, Shape, log_probabilities
from tests.domains import LOGITS, ROW, Domain, targets
from tests.strategies import LOG_PROBABILITY, PROBABILITY, pointwise


def cases(dtype: torch.dtype) -> Iterator[Case]:
    q = randn(4, 3).log_softmax(1).to(dtype)
    p = randn(4, 3, seed=1).softmax(1).to(dtype)
    yield Case("probabilities", {"input": q, "target": p}, ("input", "target"))
    yield Case("logs", {"input": q, "target": p.log(), "log_target": True}, ("input", "target"))
    deep = randn(2, 3, 4).log_softmax(2).to(dtype)
    yield Case("3-d", {"input": deep, "target": randn(2, 3, 4, seed=1).softmax(2).to(dtype)})
    yield Case("0-d", {"input": q[0, 0], "target": p[0, 0]}, ("input", "target"))
    yield Case("empty", {"input": q[:0], "target": p[:0]}, gradcheck=False)
    # PyTorch's gradient in a target of 0 is NaN, so only the input's is compared.
    one_hot = torch.tensor([[0, 1, 0], [1, 0, 0]], dtype=dtype)
    yield Case("one-hot", {"input": q[:2], "target": one_hot})
    sure = {"input": torch.zeros_like(one_hot), "target": one_hot}
    yield Case("excluded", sure, gradcheck=False)  # anything above would warn
    yield Case("identical", {"input": p.log(), "target": p}, ("input", "target"))
    edge = torch.tensor([-math.inf, -1.0, -1e4, math.nan], dtype=dtype)
    half = torch.full_like(edge, 0.5)
    yield Case("extremes", {"input": edge, "target": half}, gradcheck=False)
    never = {"input": edge[:3], "target": torch.zeros(3, dtype=dtype)}
    nan = "0 times infinity is NaN, and so is the gradient in a target of 0"
    both = ("input", "target")
    zero = torch.zeros(3)
    yield Case("never", never, both, gradcheck=False, defect=nan, elements=zero)
    logs = {"input": edge[:3], "target": never["target"].log(), "log_target": True}
    yield Case("never, logs", logs, both, gradcheck=False, defect=nan, elements=zero)
    rounded = torch.tensor([torch.finfo(dtype).eps, -1.0], dtype=dtype)
    if dtype == torch.float32:  # the other proofs change the data type, and so the epsilon
        yield Case("rounded up to above 0", {"input": rounded, "target": half[:2]})
    yield Case("nan against 0", {"input": edge[3:], "target": 0 * half[:1]}, gradcheck=False)


def points(seed: int) -> Iterator[Point]:
    x, y = randn(2, 5, seed=seed).log_softmax(1)
    for log_target, blocks in ((False, (0, 2, 3, 4)), (True, (1, 2))):
        arguments = {"input": x, "target": y if log_target else y.exp(), "log_target": log_target}
        divergence = (y.exp() * (y - x)).sum()
        yield Point(arguments, left={r"\operatorname{KL}(P \Vert Q)": divergence}, blocks=blocks)


def errors() -> Iterator[Error]:
    x, p = torch.tensor([[-1.0, -0.5]]), torch.tensor([[0.3, 0.7]])

    def wrong(input: torch.Tensor, target: torch.Tensor, reduction: str = "sum") -> dict[str, Any]:
        return {"input": input, "target": target, "reduction": reduction}

    yield Error("input", wrong(x.long(), p), RuntimeError, "Integral .* input of torch.int64")
    yield Error("target", wrong(x, p.long()), RuntimeError, "Integral .* target of torch.int64")
    yield Error("complex", wrong(x + 0j, p), RuntimeError, "Complex .* input of torch.complex64")
    yield Error("shapes", wrong(x, torch.ones(1, 3)), RuntimeError, "size of tensor")
    yield Error("reduction", wrong(x, p, "avg"), ValueError, "avg .* 'batchmean'")


def warnings() -> Iterator[Error]:
    log_p, p = torch.tensor([0.25, 0.75]).log(), torch.tensor([0.5, 0.5])
    call = {"input": log_p, "target": p}
    yield Error("mean", call, UserWarning, "'mean' divides .* reduction='batchmean'")
    positive = {"input": torch.tensor([0.5, -1.0]), "target": p, "reduction": "sum"}
    yield Error("probabilities", positive, UserWarning, "input has positive entries", False)


domain = Domain(
    ROW,
    targets([0.2, 0.5, 0.3], [0.0, 1.0, 0.0]),
    lambda u: u.log_softmax(-1),
    LOGITS,
    exchange=lambda a: {"input": a["target"].log(), "target": a["input"].exp()},
)
strategy = pointwise(LOG_PROBABILITY, PROBABILITY)


def distributions(shape: Shape, log_target: bool) -> Arguments:
    target = log_probabilities(shape)
    settings = {"reduction": "batchmean", "log_target": log_target}
    return {
        "input": log_probabilities(shape),
        "target": target if log_target else target.exp(),
        **settings,
    }


contests = (
    Contest(partial(distributions, log_target=False), wanted={"million": {"eager": 1.7}}),
    Contest(partial(distributions, log_target=True), label="log_target=True"),
)
