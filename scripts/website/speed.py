"""The tables of the page on speed, from what `scripts/dev/benchmark.py` measured."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from losses.catalog import CATALOG
from scripts.peers import VERSIONS, library
from scripts.website.language import gettext

# A list of contests, each with its loss, its label, what it is against, and what was measured of it
# at each size: all in the order of the page. The baseline is PyTorch's own where it has no name.
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "benchmark.json"

OURS, BASELINE = "ours", "baseline"
EAGER, COMPILED, BOTH, MEMORY = "eager", "compiled", "both compiled", "memory"
RATIOS = {
    EAGER: (OURS, BASELINE),
    COMPILED: (f"{OURS} compiled", BASELINE),
    BOTH: (f"{OURS} compiled", f"{BASELINE} compiled"),
}
MILLION = "million"
USUAL = "usual"  # the size at which what PyTorch has not is measured beside other libraries
REASONED = 1.5  # times as long as the median of these: more, and the page says why
WORDS = ("Processor", "Threads", "System")
TIME: dict[str, float] = {"s": 1, "ms": 1e-3, "µs": 1e-6}
SPACE: dict[str, float] = {"MiB": 2**20, "KiB": 2**10, "B": 1}
TITLES = {loss.function: loss.classes[0] for loss in CATALOG}

Contest = dict[str, Any]
Entry = dict[str, Any]


def kept() -> dict[str, Any]:
    """Read what was measured before; nothing, where the file is missing or of another form."""
    found = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    return {"machine": found.get("machine", {}), "results": found.get("results", [])}


def entries(results: list[Contest], *sizes: str) -> Iterator[tuple[Contest, str, Entry]]:
    """Yield what is known of each contest, at all sizes or at some."""
    for contest in results:
        for size, entry in contest["sizes"].items():
            if size in sizes or not sizes:
                yield contest, size, entry


def ratios_of(amounts: dict[str, float]) -> dict[str, float]:
    """Compare with the baseline; without one, ours compiled with ours."""
    if amounts.keys() == {OURS, f"{OURS} compiled"}:
        return {COMPILED: amounts[f"{OURS} compiled"] / amounts[OURS]}
    return {
        column: amounts[ours] / amounts[theirs]
        for column, (ours, theirs) in RATIOS.items()
        if ours in amounts and theirs in amounts
    }


def slower(results: list[Contest]) -> dict[tuple[str, str], float]:
    """Return, by loss and column, the medians over other libraries for which the page has a reason.

    Both are as they are, or both compiled.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for contest, _, entry in entries(results, USUAL):
        for column in (EAGER, BOTH):
            if column in entry["ratios"]:
                found.setdefault((contest["loss"], column), []).append(entry["ratios"][column])
    medians = {key: statistics.median(ratios) for key, ratios in found.items()}
    return {key: ratio for key, ratio in medians.items() if ratio > REASONED}


def means(results: list[Contest], size: str) -> dict[str, float]:
    """Return the geometric means of the ratios to PyTorch's own losses at a size.

    Beside other libraries they are medians, for a few of these take hundreds of times as long.
    """
    found: dict[str, list[float]] = {}
    for contest, _, entry in entries(results, size):
        for column, ratio in entry["ratios"].items():
            if size == USUAL or not contest["against"]:
                found.setdefault(column, []).append(ratio)
    mean = statistics.median if size == USUAL else statistics.geometric_mean
    return {column: mean(ratios) for column, ratios in found.items()}


def in_units(amount: float, units: dict[str, float]) -> str:
    unit = next((name for name, scale in units.items() if amount >= scale), list(units)[-1])
    number = amount / units[unit]
    return f"{number:.0f} {unit}" if number >= 100 else f"{number:.3g} {unit}"


def short(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def cells(entry: Entry) -> dict[str, str]:
    """Write what was measured of a contest at one size, by the titles of the columns."""
    times = {name: in_units(seconds, TIME) for name, seconds in entry["seconds"].items()}
    ratio = {column: short(value) for column, value in entry["ratios"].items()}
    held = entry.get("bytes", {})
    space = {name: in_units(amount, SPACE) for name, amount in held.items()}
    saved = {column: short(value) for column, value in ratios_of(held).items()}
    launched = [f"{a}\u00a0+\u00a0{b}" for a, b in entry.get("operations", {}).values()]
    return {
        gettext("Eager"): ratio.get(EAGER, ""),
        gettext("time"): times[OURS],
        gettext("Compiled"): ratio.get(COMPILED, ""),
        gettext("time, compiled"): times.get(f"{OURS} compiled", ""),
        gettext("Both compiled"): ratio.get(BOTH, ""),
        gettext("Operations"): " / ".join(launched),
        gettext("Memory"): saved.get(EAGER, ""),
        gettext("held"): space.get(OURS, ""),
        gettext("Memory, compiled"): saved.get(COMPILED, ""),
        gettext("held, compiled"): space.get(f"{OURS} compiled", ""),
    }


def messages() -> Iterator[str]:
    """Yield what the tables say, besides what is said where they are made."""
    yield from WORDS
    for contest in kept()["results"]:
        if contest["against"] not in VERSIONS:  # a name, the same in every language
            yield contest["against"]
        yield contest["label"]


def conditions() -> str:
    """List what the numbers depend on."""
    told = ((gettext(x) if x in WORDS else x, value) for x, value in kept()["machine"].items())
    return "\n".join(gettext("- {name}: {value}", name=name, value=value) for name, value in told)


def named(baseline: str) -> str:
    """Name what a loss is compared with: a library by its version."""
    return library(baseline) if baseline in VERSIONS else gettext(baseline)


def tables(*sizes: str) -> str:
    """Write what was measured at these sizes, or at all: a table of times, one of memory."""
    results = [contest for contest in kept()["results"] if contest["loss"] in TITLES]
    rows = []
    for contest, size, entry in entries(results, *sizes):
        about = [f"[{TITLES[contest['loss']]}](losses/{contest['loss']}.md)"]
        about += [gettext(contest["label"])] if contest["label"] else []
        about += [" × ".join(map(str, entry["shape"]))] if "shape" in entry else []
        if len(sizes) != 1:
            about.append(f"n = {size}" if size.isdigit() else size)
        if contest["against"]:
            about.append(gettext("against {name}", name=named(contest["against"])))
        rows.append({gettext("Loss"): "<br>".join(about), **cells(entry)})
    if not rows:
        return gettext(
            "Nothing is measured yet: `python scripts/run.py benchmark --write` does it."
        )
    title = {
        (MILLION,): gettext("All of PyTorch's, geometric mean"),
        (USUAL,): gettext("All, median"),
    }.get(sizes)
    if title:
        titles = {EAGER: gettext("Eager"), COMPILED: gettext("Compiled")}
        titles[BOTH] = gettext("Both compiled")
        mean = {titles[column]: f"**{short(x)}**" for column, x in means(results, *sizes).items()}
        rows.insert(0, {gettext("Loss"): title, **mean})
    first, *columns = rows[-1]
    memory = columns[columns.index(gettext("Memory")) :]
    parts = [filled(rows, first, part) for part in (columns[: -len(memory)], memory)]
    return "\n\n".join(filter(None, parts))


def filled(rows: list[dict[str, str]], first: str, columns: list[str]) -> str:
    """Write the rows and columns in which there is something; nothing, where there is none."""
    rows = [row for row in rows if any(row.get(title) for title in columns)]
    head = [first, *(title for title in columns if any(row.get(title) for row in rows))]
    lines = [head, ["---"] * len(head), *([row.get(x, "") for x in head] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""
