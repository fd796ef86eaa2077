"""Time every loss beside PyTorch's own, count its operations, and measure memory.

    python scripts/run.py benchmark               all of it, in about half an hour
    python scripts/run.py benchmark huber_loss    of some losses
    python scripts/run.py benchmark --write       and keep it in docs/benchmark.json, for the site

Nothing here fails: what is above the ratio that is wanted is marked, and no more.

A call is forward and backward, on one thread. Ours and the baseline, each as it is and compiled,
are called in turn in one process, a block of calls of each at a time, so that whatever else the
machine does meets all four; a time is the median over the blocks, a ratio that of two such medians.
Since one process may favour one of them from its start to its end, up to five are asked, and the
median over the processes stands for all; what takes long is asked of fewer.
Memory is the highest sum of all allocations of one call that are not freed yet, as the profiler
reports them: temporaries and gradients count, the arguments do not.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from timeit import timeit
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

import losses
from losses.catalog import CATALOG
from scripts.language import say

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "benchmark.json"
PROCESSES, PATIENCE = 5, 40.0  # as many, but none is begun after so many seconds
SECONDS = 1.0  # that one process spends on the blocks of one contest, at one size

Arguments = dict[str, Any]
Shape = tuple[int, ...]
Call = Callable[[], object]

# What each loss is called with: random numbers of these shapes.

ELEMENTS: dict[str, Shape] = {"small": (64, 10), "million": (1000, 1000)}
VOCABULARY: dict[str, Shape] = {"vocabulary": (512, 32000)}
FRAMES: dict[str, Shape] = {"small": (20, 8, 10), "million": (200, 100, 50)}
FEATURES: dict[str, Shape] = {"small": (64, 16, 10), "million": (1000, 64, 1000)}
TOKENS: dict[str, Shape] = {"vocabulary": (2048, 128, 32000)}
EMBEDDINGS: dict[str, Shape] = {str(n): (n, 128) for n in (64, 512, 2048)}


def signs(shape: Shape) -> Tensor:
    return torch.randint(2, shape) * 2.0 - 1


def labels(shape: Shape) -> Tensor:
    return torch.randint(2, shape).float()


def counts(shape: Shape) -> Tensor:
    return torch.randint(9, shape).float()


def log_probabilities(shape: Shape) -> Tensor:
    return torch.randn(shape).log_softmax(-1)


def pointwise(
    shape: Shape,
    input: Callable[[Shape], Tensor] = torch.randn,
    target: Callable[[Shape], Tensor] = torch.randn,
) -> Arguments:
    return {"input": input(shape), "target": target(shape)}


def named(shape: Shape, names: tuple[str, ...]) -> Arguments:
    return {name: torch.randn(shape) for name in names}


def classified(shape: Shape, scores: Callable[[Shape], Tensor] = torch.randn) -> Arguments:
    return {"input": scores(shape), "target": torch.randint(shape[1], shape[:1])}


def distributions(shape: Shape, log_target: bool) -> Arguments:
    target = log_probabilities(shape)
    settings = {"reduction": "batchmean", "log_target": log_target}
    return {
        "input": log_probabilities(shape),
        "target": target if log_target else target.exp(),
        **settings,
    }


def listed(shape: Shape) -> Arguments:
    """Scores, and three right classes each."""
    target = torch.full(shape, -1)
    target[:, :3] = torch.rand(shape).argsort(1)[:, :3]
    return {"input": torch.randn(shape), "target": target}


def last_layer(shape: Shape, **settings: Any) -> Arguments:
    samples, features, classes = shape
    return {
        "input": torch.randn(samples, features),
        "linear_weight": torch.randn(classes, features) / 8,
        "target": torch.randint(classes, (samples,)),
        **settings,
    }


def in_blocks(shape: Shape) -> Arguments:
    return last_layer(shape, options=torch.nn.LinearCrossEntropyOptions(batch_chunk_size=128))


def gaussian(shape: Shape) -> Arguments:
    return {**pointwise(shape), "var": torch.rand(shape) + 0.5}


def paired(shape: Shape, rows: bool) -> Arguments:
    return {**named(shape, PAIR), "target": signs(shape[:1] if rows else shape)}


def sigmoids(shape: Shape) -> Arguments:
    return {"inputs": torch.randn(shape), "targets": labels(shape), "reduction": "mean"}


def speech(shape: Shape) -> Arguments:
    frames, samples, classes = shape
    length = frames // 4
    return {
        "log_probs": log_probabilities(shape),
        "targets": torch.randint(1, classes, (samples, length)),
        "input_lengths": torch.full((samples,), frames),
        "target_lengths": torch.full((samples,), length),
    }


def embedded(shape: Shape) -> Arguments:
    """Four embeddings a class."""
    n = shape[0]
    return {"input": torch.randn(shape), "target": torch.arange(n) % (n // 4), "margin": 0.3}


# Where PyTorch has no such loss: what people write instead.


def softplus_log_cosh(input: Tensor, target: Tensor) -> Tensor:
    """Compute it as Keras does."""
    error = input - target
    return (error + F.softplus(-2 * error) - math.log(2)).mean()


def focal_of_cross_entropy(input: Tensor, target: Tensor) -> Tensor:
    minus_log_p = F.cross_entropy(input, target, reduction="none")
    return ((1 - torch.exp(-minus_log_p)) ** 2 * minus_log_p).mean()


def torchvision_focal(inputs: Tensor, targets: Tensor, reduction: str) -> Tensor:
    p = torch.sigmoid(inputs)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    alpha_t = 0.25 * targets + 0.75 * (1 - targets)
    return (alpha_t * loss * (1 - p_t) ** 2).mean()


def two_steps(input: Tensor, linear_weight: Tensor, target: Tensor, options: object) -> Tensor:
    return F.cross_entropy(F.linear(input, linear_weight), target)


def batch_hard_by_loop(input: Tensor, target: Tensor, margin: float) -> Tensor:
    """Mine as the document does, anchor by anchor."""
    n = len(input)
    dist = input.pow(2).sum(dim=1, keepdim=True).expand(n, n)
    dist = dist + dist.t()
    dist = dist.addmm(input, input.t(), beta=1, alpha=-2).clamp(min=1e-12).sqrt()
    mask = target.expand(n, n).eq(target.expand(n, n).t())
    hardest_positive = [dist[i][mask[i]].max().unsqueeze(0) for i in range(n)]
    hardest_negative = [dist[i][mask[i] == 0].min().unsqueeze(0) for i in range(n)]
    far, near = torch.cat(hardest_positive), torch.cat(hardest_negative)
    return F.margin_ranking_loss(near, far, torch.ones_like(near), margin)


def cube(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """All distances, twice: to the positive and to the negative of each of n³ triplets."""
    distance = (input[:, None] - input).square().sum(2).clamp(min=1e-12).sqrt()
    same = target[:, None] == target
    positive = same & ~torch.eye(len(target), dtype=torch.bool, device=target.device)
    return distance[:, :, None], distance[:, None, :], positive, ~same


def batch_all_by_cube(input: Tensor, target: Tensor, margin: float) -> Tensor:
    to_positive, to_negative, positive, negative = cube(input, target)
    loss = (to_positive - to_negative + margin).relu()
    loss = loss * (positive[:, :, None] & negative[:, None, :])
    return loss.sum() / (loss > 0).sum()


def semihard_by_cube(input: Tensor, target: Tensor, margin: float) -> Tensor:
    to_positive, to_negative, positive, negative = cube(input, target)
    beyond = negative[:, None, :] & (to_negative > to_positive)
    nearest = to_negative.masked_fill(~beyond, math.inf).amin(2)
    farthest = to_negative.masked_fill(~negative[:, None, :], -math.inf).amax(2)
    chosen = torch.where(beyond.any(2), nearest, farthest)
    return (to_positive.squeeze(2) - chosen + margin).relu()[positive].mean()


OURS, BASELINE = "ours", "baseline"
PYTORCH = "PyTorch's own"


@dataclass(frozen=True)
class Contest:
    """One loss against one baseline.

    Attributes:
        loss: The loss.
        arguments: Draws what both are called with, for a shape.
        leaves: The arguments that have a gradient.
        label: What is special about the call.
        shapes: The sizes, and their shapes.
        other: The baseline, where that is not PyTorch's own.
        against: The baseline's name.
        compiled: Which of the two are compiled, too.
        memory: Whether its memory is measured.
    """

    loss: str
    arguments: Callable[[Shape], Arguments]
    leaves: tuple[str, ...] = ("input",)
    label: str = ""
    shapes: dict[str, Shape] = field(default_factory=lambda: ELEMENTS)
    other: Callable[..., Tensor] | None = None
    against: str = PYTORCH
    compiled: tuple[str, ...] = (OURS, BASELINE)
    memory: bool = False

    @property
    def name(self) -> str:
        return f"{self.loss} {self.label}".strip()

    @property
    def functions(self) -> dict[str, Callable[..., Tensor]]:
        return {OURS: getattr(losses, self.loss), BASELINE: self.other or getattr(F, self.loss)}


PAIR, TRIPLET = ("input1", "input2"), ("anchor", "positive", "negative")
LAYER = ("input", "linear_weight")
in_cube = partial(
    Contest,
    arguments=embedded,
    # Of 2048 embeddings, a tensor of all triplets would take 34 GB.
    shapes={size: shape for size, shape in EMBEDDINGS.items() if shape[0] < 2048},
    against="a tensor of all triplets",
    memory=True,
)
blocks = partial(Contest, "linear_cross_entropy", in_blocks, LAYER, shapes=TOKENS, memory=True)

CONTESTS = (
    Contest("binary_cross_entropy", partial(pointwise, input=torch.rand, target=torch.rand)),
    Contest("binary_cross_entropy_with_logits", partial(pointwise, target=torch.rand)),
    Contest("cross_entropy", classified),
    Contest("cross_entropy", classified, label="32000 classes", shapes=VOCABULARY, memory=True),
    Contest("nll_loss", partial(classified, scores=log_probabilities)),
    Contest("linear_cross_entropy", last_layer, LAYER, shapes=FEATURES),
    blocks(label="in blocks", against="PyTorch's blocks"),
    blocks(label="in blocks, two steps", other=two_steps, against="`linear`, then `cross_entropy`"),
    Contest("l1_loss", pointwise),
    Contest("mse_loss", pointwise),
    Contest("smooth_l1_loss", pointwise),
    Contest("huber_loss", pointwise),
    Contest("log_cosh_loss", pointwise, other=softplus_log_cosh, against="Keras's formula"),
    Contest("poisson_nll_loss", partial(pointwise, target=counts)),
    Contest("gaussian_nll_loss", gaussian, ("input", "var")),
    Contest("kl_div", partial(distributions, log_target=False)),
    Contest("kl_div", partial(distributions, log_target=True), label="log_target=True"),
    Contest("margin_ranking_loss", partial(paired, rows=False), PAIR),
    Contest("multilabel_margin_loss", listed),
    Contest("multilabel_soft_margin_loss", partial(pointwise, target=labels)),
    Contest("soft_margin_loss", partial(pointwise, target=signs)),
    Contest("multi_margin_loss", classified),
    Contest("triplet_margin_loss", partial(named, names=TRIPLET), TRIPLET),
    Contest("triplet_margin_with_distance_loss", partial(named, names=TRIPLET), TRIPLET),
    Contest("hinge_embedding_loss", partial(pointwise, input=torch.rand, target=signs)),
    Contest("cosine_embedding_loss", partial(paired, rows=True), PAIR),
    # Compiled, its loop over the frames unrolls: minutes of compiling, for no gain.
    Contest("ctc_loss", speech, ("log_probs",), shapes=FRAMES, compiled=()),
    Contest(
        "focal_loss",
        classified,
        other=focal_of_cross_entropy,
        against="the usual lines around `cross_entropy`",
    ),
    Contest(
        "sigmoid_focal_loss",
        sigmoids,
        ("inputs",),
        other=torchvision_focal,
        against="torchvision's formula",
    ),
    Contest(
        "batch_hard_triplet_loss",
        embedded,
        shapes=EMBEDDINGS,
        other=batch_hard_by_loop,
        against="the loop of document 000",
        compiled=(OURS,),  # the loop unrolls
    ),
    in_cube("triplet_semihard_loss", other=semihard_by_cube),
    in_cube("batch_all_triplet_loss", other=batch_all_by_cube),
)

EAGER, COMPILED, BOTH, MEMORY = "eager", "compiled", "both compiled", "memory"
RATIOS = {
    EAGER: (OURS, BASELINE),
    COMPILED: (f"{OURS} compiled", BASELINE),
    BOTH: (f"{OURS} compiled", f"{BASELINE} compiled"),
}

# The highest ratio that is wanted. It is reported where it is above, and fails nothing.
WANTED: dict[tuple[str, str, str], float] = {
    **{
        (contest.name, "million", COMPILED): 1.25
        for contest in CONTESTS
        if contest.against == PYTORCH and contest.loss not in ("nll_loss", "ctc_loss")
    },
    **{
        (name, "million", EAGER): most
        for most, names in {
            1.7: ("l1_loss", "kl_div", "poisson_nll_loss", "triplet_margin_loss"),
            3: (
                *("binary_cross_entropy", "binary_cross_entropy_with_logits", "nll_loss"),
                *("focal_loss", "cross_entropy"),
            ),
            4: ("mse_loss", "ctc_loss"),
            7.5: ("huber_loss", "smooth_l1_loss"),
        }.items()
        for name in names
    },
    ("cross_entropy 32000 classes", "vocabulary", EAGER): 1.7,
    ("cross_entropy 32000 classes", "vocabulary", COMPILED): 1.25,
    ("cross_entropy 32000 classes", "vocabulary", MEMORY): 1.1,
    ("linear_cross_entropy in blocks", "vocabulary", MEMORY): 1.3,
    ("linear_cross_entropy in blocks, two steps", "vocabulary", MEMORY): 1 / 7,
    ("batch_hard_triplet_loss", "64", EAGER): 1 / 10,
    ("batch_hard_triplet_loss", "512", EAGER): 1 / 30,
    ("batch_hard_triplet_loss", "2048", EAGER): 1 / 100,
}
MEANS = {EAGER: 2.3, COMPILED: 0.7}  # geometric, over PyTorch's losses, a million numbers each


class Operations(TorchDispatchMode):
    """Count what is launched: all that makes a tensor, but views."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        makes = isinstance(result, (Tensor, tuple, list))
        self.count += makes and not function.is_view
        return result


def operations(function: Callable[..., Tensor], contest: Contest, size: str) -> list[int]:
    """Count the operations forward and backward.

    Checks look at values on the CPU alone, so the tensors are on the `meta` device, where there are
    none; a function that cannot do without values is counted on the CPU.
    """
    torch.manual_seed(0)
    drawn = contest.arguments(contest.shapes[size])
    for device in ("meta", "cpu"):
        arguments = {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in drawn.items()
        }
        leaves = [arguments[name].requires_grad_() for name in contest.leaves]
        try:
            with Operations() as forward:
                loss = function(**arguments)
            with Operations() as backward:
                torch.autograd.grad(loss, leaves)
        except RuntimeError:
            continue
        return [forward.count, backward.count]
    raise RuntimeError(f"{contest.name} runs nowhere")


def calls(contest: Contest, size: str) -> dict[str, Call]:
    """Return the calls to measure, all on the same arguments; their values agree."""
    torch.manual_seed(0)
    torch._dynamo.reset()
    arguments = contest.arguments(contest.shapes[size])
    leaves = [arguments[name].requires_grad_() for name in contest.leaves]
    functions = contest.functions
    for name in [name for name in functions if name in contest.compiled]:
        functions[f"{name} compiled"] = torch.compile(functions[name], dynamic=False)
    first, *others = (function(**arguments) for function in functions.values())
    for other in others:
        torch.testing.assert_close(other, first, rtol=1e-4, atol=1e-5)
    return {
        name: lambda f=f: torch.autograd.grad(f(**arguments), leaves)
        for name, f in functions.items()
    }


def medians(calls: dict[str, Call]) -> dict[str, float]:
    """Time the calls in turn; return the median of each, in seconds."""
    for call in calls.values():
        call()
    numbers = {name: max(1, int(0.02 / timeit(call, number=1))) for name, call in calls.items()}
    found: dict[str, list[float]] = {name: [] for name in calls}
    end, turns = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < end or turns < 3:
        turns += 1
        for name, call in calls.items():
            found[name].append(timeit(call, number=numbers[name]) / numbers[name])
    return {name: statistics.median(seconds) for name, seconds in found.items()}


def peak(call: Call) -> int:
    """Measure how much memory one call holds at most, in bytes."""
    call()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        call()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text("utf-8"))["traceEvents"]
    held = highest = 0
    changes = [event for event in events if event["name"] == "[memory]"]
    for event in sorted(changes, key=lambda event: event["ts"]):
        held += event["args"]["Bytes"]
        highest = max(highest, held)
    return highest


def measure(number: int, whole: bool) -> dict[str, dict[str, Any]]:
    """Measure a contest, at all its sizes, in the process that this is called in.

    Only the `whole` of it counts operations and memory, which are the same in every process.
    """
    contest = CONTESTS[number]
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    # As in a process that has trained for a while: the allocator keeps what has been freed, where
    # else each call would ask the system for the same memory again.
    torch.empty(2**23 - 2**12)
    found: dict[str, dict[str, Any]] = {}
    for size in contest.shapes:
        ready = calls(contest, size)
        found[size] = {"seconds": medians(ready)}
        if whole and contest.memory:
            found[size]["bytes"] = {name: peak(call) for name, call in ready.items()}
        if whole and size != "small":  # they are the same as those of a million
            found[size]["operations"] = {
                name: operations(function, contest, size)
                for name, function in contest.functions.items()
            }
    return found


def measure_in_processes(number: int) -> dict[str, dict[str, Any]]:
    """Measure a contest in several new processes; keep the median of each time and ratio."""
    runs: list[dict[str, dict[str, Any]]] = []
    spawn = multiprocessing.get_context("spawn")
    end = time.perf_counter() + PATIENCE
    while not runs or (len(runs) < PROCESSES and time.perf_counter() < end):
        with ProcessPoolExecutor(1, mp_context=spawn) as process:
            runs.append(process.submit(measure, number, not runs).result())
    return {size: summary([run[size] for run in runs]) for size in runs[0]}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the medians over the processes, of the times and of the ratios."""
    seconds = [run["seconds"] for run in runs]
    middle = lambda values: float(f"{statistics.median(values):.4g}")
    ratios = [ratios_of(run) for run in seconds]
    return {
        **runs[0],
        "seconds": {name: middle([run[name] for run in seconds]) for name in seconds[0]},
        "ratios": {column: middle([run[column] for run in ratios]) for column in ratios[0]},
    }


def ratios_of(amounts: dict[str, float]) -> dict[str, float]:
    return {
        column: amounts[ours] / amounts[theirs]
        for column, (ours, theirs) in RATIOS.items()
        if ours in amounts and theirs in amounts
    }


WORDS = ("Processor", "Threads", "System")


def machine() -> dict[str, str]:
    """Say what the numbers depend on."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        cpu = next((x.partition(": ")[2] for x in lines if x.startswith("model name")), cpu)
    system = f"{platform.system()} {platform.machine()}"
    versions = {"Python": platform.python_version(), "PyTorch": torch.__version__}
    return dict(zip(WORDS, (cpu, "1", system), strict=True)) | versions


def in_units(amount: float, units: dict[str, float]) -> str:
    unit = next((name for name, scale in units.items() if amount >= scale), list(units)[-1])
    number = amount / units[unit]
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


TIME = {"s": 1, "ms": 1e-3, "µs": 1e-6}
SPACE = {"MiB": 2**20, "KiB": 2**10, "B": 1}


def short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def kept() -> dict[str, Any]:
    """Read what was measured before; nothing, where the file is missing or of another form."""
    found = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return {"machine": found.get("machine", {}), "measured": found.get("measured", {})}


def entries(measured: dict[str, Any], *sizes: str) -> Iterator[tuple[Contest, str, dict[str, Any]]]:
    """Yield what is known of each contest, at all sizes or at some."""
    for contest in CONTESTS:
        for size in contest.shapes:
            if (size in sizes or not sizes) and size in measured.get(contest.name, {}):
                yield contest, size, measured[contest.name][size]


def means(measured: dict[str, Any]) -> dict[str, float]:
    """Return the geometric means of the ratios to PyTorch's losses, for a million numbers."""
    found: dict[str, list[float]] = {}
    for contest, _, entry in entries(measured, "million"):
        for column, ratio in entry["ratios"].items():
            if contest.against == PYTORCH:
                found.setdefault(column, []).append(ratio)
    return {column: statistics.geometric_mean(ratios) for column, ratios in found.items()}


def above(contest: Contest, size: str, entry: dict[str, Any]) -> str:
    """Say what is above the ratio that is wanted."""
    ratios = dict(entry["ratios"])
    if "bytes" in entry:
        ratios[MEMORY] = ratios_of(entry["bytes"])[EAGER]
    wanted = {column: WANTED.get((contest.name, size, column), math.inf) for column in ratios}
    return ", ".join(f"{x} at most {wanted[x]:.3g}" for x in ratios if ratios[x] > wanted[x])


def cells(contest: Contest, size: str, entry: dict[str, Any]) -> dict[str, str]:
    """Write what was measured of a contest at one size, by the titles of the columns."""
    times = {name: in_units(seconds, TIME) for name, seconds in entry["seconds"].items()}
    ratio = {column: short(value) for column, value in entry["ratios"].items()}
    held = entry.get("bytes", {})
    space = {name: in_units(amount, SPACE) for name, amount in held.items()}
    saved = {column: short(value) for column, value in ratios_of(held).items()}
    launched = [f"{a} + {b}" for a, b in entry.get("operations", {}).values()]
    cell = lambda *parts: "<br>".join(filter(None, parts))
    return {
        say("Eager"): cell(ratio[EAGER], times[OURS]),
        say("Compiled"): cell(ratio.get(COMPILED), times.get(f"{OURS} compiled")),
        say("Both compiled"): ratio.get(BOTH, ""),
        say("Operations"): cell(*launched),
        say("Memory"): cell(saved.get(EAGER), space.get(OURS)),
        say("Memory, compiled"): cell(saved.get(COMPILED), space.get(f"{OURS} compiled")),
    }


def messages() -> Iterator[str]:
    """Yield what the tables say, besides what is said where they are made."""
    yield from WORDS
    for contest in CONTESTS:
        yield from (contest.against, contest.label)


def conditions() -> str:
    """List what the numbers depend on."""
    told = ((say(x) if x in WORDS else x, value) for x, value in kept()["machine"].items())
    return "\n".join(say("- {name}: {value}", name=name, value=value) for name, value in told)


def tables(*sizes: str) -> str:
    """Write what was measured at these sizes, or at all, as a Markdown table."""
    measured, rows = kept()["measured"], []
    for contest, size, entry in entries(measured, *sizes):
        classes = next(x.classes for x in CATALOG if x.function == contest.loss)
        about = [f"[{classes[0]}](losses/{contest.loss}.md)"]
        about += [say(contest.label)] if contest.label else []
        if len(sizes) != 1:
            about.append(f"n = {size}" if size in EMBEDDINGS else size)
        if contest.against != PYTORCH:
            about.append(say("against {name}", name=say(contest.against)))
        rows.append({say("Loss"): "<br>".join(about), **cells(contest, size, entry)})
    if not rows:
        return say("Nothing is measured yet: `python scripts/run.py benchmark --write` does it.")
    if "million" in sizes:
        mean = [f"**{short(ratio)}**" for ratio in means(measured).values()]
        title = say("All of PyTorch's, geometric mean")
        rows.insert(0, dict(zip(rows[0], (title, *mean), strict=False)))
    head = [title for title in rows[-1] if any(row.get(title) for row in rows)]
    lines = [head, ["---"] * len(head), *([row.get(x, "") for x in head] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("losses", nargs="*", help="all, if none is named")
    parser.add_argument("--write", action="store_true", help=f"keep it in docs/{RESULTS.name}")
    options = parser.parse_args()
    unknown = set(options.losses) - {contest.loss for contest in CONTESTS}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))} among the contests")
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler reports each of its runs
    known = kept()
    if known["machine"] != machine():  # the numbers of two machines do not go together
        known = {"machine": machine(), "measured": {}}
    measured: dict[str, Any] = {}
    missed = []
    for number, contest in enumerate(CONTESTS):
        if options.losses and contest.loss not in options.losses:
            continue
        measured[contest.name] = measure_in_processes(number)
        for _, size, entry in entries({contest.name: measured[contest.name]}):
            told = [
                f"{title} {cell}" for title, cell in cells(contest, size, entry).items() if cell
            ]
            print(f"{contest.name}, {size}: {'; '.join(told)}".replace("<br>", ", "), flush=True)
            if wanted := above(contest, size, entry):
                missed.append(f"{contest.name}, {size}: {wanted}")
        if options.write:
            known["measured"] |= measured
            RESULTS.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    for column, mean in means(measured).items():
        print(f"geometric mean, million: {column} {short(mean)} (wanted: {MEANS.get(column)})")
    print("\n".join(["above what is wanted:", *missed]) if missed else "all is as wanted")


if __name__ == "__main__":
    main()
