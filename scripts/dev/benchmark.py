"""Time every loss beside PyTorch's own, count its operations, and measure memory.

    python scripts/run.py benchmark               all of it, in about half an hour
    python scripts/run.py benchmark huber_loss    of some losses
    python scripts/run.py benchmark --write       and keep it in docs/benchmark.json, for the site
    python scripts/run.py benchmark --peers       what PyTorch has not, beside other libraries

Nothing here fails: what is above the ratio that is wanted is marked, and no more.

A call is forward and backward, on one thread. Ours and the baseline, each as it is and compiled,
are called in turn in one process, a block of calls of each at a time, so that whatever else the
machine does meets all four; a time is that of the processor, the median over the blocks, a ratio
that of two such medians.
Since one process may favour one of them from its start to its end, up to five are asked, and the
median over the processes stands for all; what takes long is asked of fewer.
Memory is the highest sum of all allocations of one call that are not freed yet, as the profiler
reports them: temporaries and gradients count, the arguments do not.

Other libraries are called as `scripts/peers` calls them, each by the settings that agree with ours,
and installed by `run.py benchmark --peers`. One that computes the same by several functions is
timed by the first. One that does not compile, or to another value, is timed as it is.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from timeit import timeit
from typing import Any

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from losses.catalog import CATALOG
from scripts import peers
from scripts.peers import _load
from scripts.website import speed
from scripts.website.speed import BASELINE, COMPILED, EAGER, MEMORY, OURS
from tests.contests import Arguments, Contest, Shape, drawn


def beside(contest: Contest) -> Iterator[Contest]:
    """Yield a contest once for each library that computes the same with a gradient; else alone."""
    agreements: dict[str, peers.Agreement] = {}
    for agreement in peers.of(contest.loss).AGREEMENTS if contest.loss in peers.functions() else ():
        given = agreement.inputs().values()
        if agreement.timed and any(isinstance(x, Tensor) and x.requires_grad for x in given):
            agreements.setdefault(agreement.package, agreement)
    for package, agreement in agreements.items():
        settings = {k: x for k, x in agreement.inputs().items() if not isinstance(x, Tensor)}

        def arguments(shape: Shape, settings: Arguments = settings) -> Arguments:
            return contest.arguments(shape) | settings

        yield replace(contest, arguments=arguments, other=agreement.theirs, against=package)
    if not agreements:
        yield replace(contest, compiled=(OURS,), shapes={"alone": contest.shapes[speed.USUAL]})


def contests() -> Iterator[Contest]:
    for loss in CATALOG:
        for contest in getattr(import_module(f"tests.cases.{loss.function}"), "contests", ()):
            own = replace(contest, loss=loss.function)
            yield from beside(own) if own.peers else [own]


CONTESTS = tuple(contests())
MEANS = {EAGER: 2.3, COMPILED: 0.7}  # geometric, over PyTorch's losses, a million numbers each
PROCESSES, PATIENCE = 5, 30.0  # as many, but none is begun after so many seconds
SECONDS = 1.0  # that one process spends on the blocks of one contest, at one size

Call = Callable[[], object]


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
    for device in ("meta", "cpu"):
        with torch.device(device):
            arguments, leaves = drawn(contest, size)
        try:
            with Operations() as forward:
                loss = function(**arguments)
            with Operations() as backward:
                torch.autograd.grad(loss, leaves)
        except Exception:  # a library raises what it likes
            continue
        return [forward.count, backward.count]
    raise RuntimeError(f"{contest.name} runs nowhere")


def alike(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def calls(contest: Contest, size: str) -> dict[str, Call]:
    """Return the calls to measure, all on the same arguments; their values agree."""
    if contest.peers and contest.against:
        _load.torchvision()
    torch._dynamo.reset()
    arguments, leaves = drawn(contest, size)
    functions = contest.functions
    first, *others = (function(**arguments) for function in functions.values())
    for other in others:
        alike(other, first)
    for name in [name for name in functions if name in contest.compiled]:
        compiled = torch.compile(functions[name], dynamic=False)
        try:
            alike(compiled(**arguments), first)
            torch.autograd.grad(compiled(**arguments), leaves)
        except Exception:
            if name != BASELINE or not contest.peers:
                raise
        else:
            functions[f"{name} compiled"] = compiled
    return {
        name: lambda f=f: torch.autograd.grad(f(**arguments), leaves)
        for name, f in functions.items()
    }


def medians(calls: dict[str, Call]) -> dict[str, float]:
    """Time the calls in turn; return the median of each, in seconds of the processor."""
    clock = time.process_time
    for call in calls.values():
        call()
    numbers = {name: max(1, int(0.02 / timeit(call, number=1))) for name, call in calls.items()}
    found: dict[str, list[float]] = {name: [] for name in calls}
    end, turns = clock() + SECONDS, 0
    while clock() < end or turns < 3:
        turns += 1
        for name, call in calls.items():
            found[name].append(timeit(call, timer=clock, number=numbers[name]) / numbers[name])
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
        if contest.peers:
            found[size]["shape"] = list(contest.shapes[size])
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
    ratios = [speed.ratios_of(run) for run in seconds]
    return {
        **runs[0],
        "seconds": {name: middle([run[name] for run in seconds]) for name in seconds[0]},
        "ratios": {column: middle([run[column] for run in ratios]) for column in ratios[0]},
    }


def machine() -> dict[str, str]:
    """Say what the numbers depend on."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text().splitlines()
        cpu = next((x.partition(": ")[2] for x in lines if x.startswith("model name")), cpu)
    system = f"{platform.system()} {platform.machine()}"
    versions = {"Python": platform.python_version(), "PyTorch": torch.__version__}
    return dict(zip(speed.WORDS, (cpu, "1", system), strict=True)) | versions


def above(contest: Contest, size: str, entry: dict[str, Any]) -> str:
    """Say what is above the ratio that is wanted."""
    ratios = dict(entry["ratios"])
    if "bytes" in entry:
        ratios[MEMORY] = speed.ratios_of(entry["bytes"])[EAGER]
    wanted = {column: contest.most(size, column) for column in ratios}
    return ", ".join(f"{x} at most {wanted[x]:.3g}" for x in ratios if ratios[x] > wanted[x])


def ordered(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put results in the order of the contests; a later one replaces an earlier one of the same."""
    known = {(result["loss"], result["label"], result["against"]): result for result in results}
    names = [(contest.loss, contest.label, contest.against) for contest in CONTESTS]
    return [known[name] for name in names if name in known]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("losses", nargs="*", help="all, if none is named")
    parser.add_argument(
        "--write", action="store_true", help=f"keep it in docs/{speed.RESULTS.name}"
    )
    parser.add_argument("--peers", action="store_true", help="what stands beside other libraries")
    options = parser.parse_args()
    chosen = [number for number, contest in enumerate(CONTESTS) if contest.peers == options.peers]
    unknown = set(options.losses) - {CONTESTS[number].loss for number in chosen}
    if unknown:
        where = "without" if options.peers else "with"
        parser.error(f"no {', '.join(sorted(unknown))} among the contests; try {where} --peers")
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler reports each of its runs
    known = speed.kept()
    if known["machine"] != machine():  # the numbers of two machines do not go together
        known = {"machine": machine(), "results": []}
    results: list[dict[str, Any]] = []
    missed = []
    for number in chosen:
        contest = CONTESTS[number]
        if options.losses and contest.loss not in options.losses:
            continue
        result = {"loss": contest.loss, "label": contest.label, "against": contest.against}
        results.append({**result, "sizes": measure_in_processes(number)})
        for _, size, entry in speed.entries(results[-1:]):
            told = [f"{title} {cell}" for title, cell in speed.cells(entry).items() if cell]
            print(f"{contest.name}, {size}: {'; '.join(told)}".replace("<br>", ", "), flush=True)
            if said := above(contest, size, entry):
                missed.append(f"{contest.name}, {size}: {said}")
        if options.write:
            known["results"] = ordered([*known["results"], *results])
            speed.RESULTS.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    for (loss, column), median in speed.slower(results).items():
        missed.append(f"{loss}: {column} {speed.short(median)}, the median beside other libraries")
    for column, mean in speed.means(results, speed.MILLION).items():
        print(
            f"geometric mean, million: {column} {speed.short(mean)} (wanted: {MEANS.get(column)})"
        )
    print("\n".join(["above what is wanted:", *missed]) if missed else "all is as wanted")


if __name__ == "__main__":
    main()
