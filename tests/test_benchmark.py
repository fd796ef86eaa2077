"""The benchmark compares what computes the same, for every loss, and counts what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import losses
from losses.catalog import CATALOG
from scripts import peers
from scripts.dev import benchmark
from scripts.dev.benchmark import CONTESTS
from scripts.peers import _load
from scripts.website import speed
from scripts.website.speed import MEMORY, RATIOS
from tests.cases import part_of
from tests.contests import Contest, drawn

ROOT = Path(__file__).resolve().parents[1]
BESIDE = [contest for contest in CONTESTS if contest.peers]
MSE = next(contest for contest in CONTESTS if contest.name == "mse_loss")
ENTRY = {
    "seconds": {"ours": 3e-3, "baseline": 1e-3, "ours compiled": 5e-4, "baseline compiled": 4e-4},
    "ratios": {"eager": 3.0, "compiled": 0.5, "both compiled": 1.25},
    "operations": {"ours": [3, 5], "baseline": [1, 2]},
}


def result(loss: str, entry: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"loss": loss, "label": "", "against": "", "sizes": {"million": entry}} | more


def test_no_loss_is_forgotten() -> None:
    for loss in CATALOG:
        assert part_of(loss.function, "contests")
    assert {contest.loss for contest in CONTESTS} == {loss.function for loss in CATALOG}
    beside_pytorch = {contest.loss for contest in CONTESTS if not contest.peers}
    assert {loss.function for loss in CATALOG if loss.torch_equivalent} <= beside_pytorch


def test_each_library_that_computes_the_same_is_measured() -> None:
    measured = {(contest.loss, contest.against) for contest in BESIDE}
    for loss in {contest.loss for contest in BESIDE} & {*peers.functions()}:
        for agreement in peers.of(loss).AGREEMENTS:
            given = agreement.inputs().values()
            trains = any(isinstance(x, Tensor) and x.requires_grad for x in given)
            assert ((loss, agreement.package) in measured) == (trains and agreement.timed), loss
    # without a library whose time would say something
    alone = {contest.loss for contest in BESIDE if not contest.against}
    assert alone.isdisjoint(loss for loss, library in measured if library)


@pytest.mark.parametrize("contest", BESIDE, ids=lambda contest: contest.name)
def test_what_stands_beside_libraries_is_drawn_and_trains(contest: Contest) -> None:
    arguments, leaves = drawn(at_less(contest, 20), "less")
    value = contest.functions["ours"](**arguments)
    assert value.isfinite()
    gradients = torch.autograd.grad(value, leaves)
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)


def at_less(contest: Contest, most: int) -> Contest:
    shape = next(iter(contest.shapes.values()))
    return replace(contest, shapes={"less": tuple(min(length, most) for length in shape)})


def test_contests_are_told_apart() -> None:
    names = [contest.name for contest in CONTESTS]
    assert len({*names}) == len(names)
    for contest in CONTESTS:
        assert set(contest.compiled) <= contest.functions.keys(), contest.name


def test_wanted_ratios_are_those_of_contests() -> None:
    for contest in CONTESTS:
        assert contest.wanted.keys() <= contest.shapes.keys(), contest.name
        for ratios in contest.wanted.values():
            assert ratios.keys() <= {*RATIOS, MEMORY}, contest.name
            assert contest.memory or MEMORY not in ratios, contest.name


@pytest.mark.parametrize(
    "contest", [x for x in CONTESTS if not x.peers], ids=lambda contest: contest.name
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_both_compute_the_same(contest: Contest) -> None:
    arguments, leaves = drawn(at_less(contest, 300), "less")
    ours, theirs = (function(**arguments) for function in contest.functions.values())
    torch.testing.assert_close(ours, theirs)
    if contest.loss != "ctc_loss":  # where PyTorch's gradient is another
        gradients = [torch.autograd.grad(value, leaves) for value in (ours, theirs)]
        torch.testing.assert_close(*gradients)


def test_operations_are_counted_without_views_and_checks() -> None:
    def function(input: Tensor, target: Tensor) -> Tensor:
        torch.promote_types(input.dtype, target.dtype)
        if input.device.type == "cpu":  # as a check does
            input.isnan().any()
        return (input.flatten()[None] - target.view(1, -1)).sum()

    # forward: a difference, a sum; backward: the gradient of the sum, which starts as ones
    assert benchmark.operations(function, MSE, "small") == [2, 1]


def test_what_selects_by_value_is_counted_on_the_cpu() -> None:
    def function(input: Tensor, target: Tensor) -> Tensor:
        return input[target > 0].sum()  # a comparison, a selection, a sum

    forward, _ = benchmark.operations(function, MSE, "small")
    assert forward == 3


class Largest(TorchDispatchMode):
    """Note the length of the longest tensor that is made."""

    length = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        for made in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(made, Tensor):
                self.length = max(self.length, made.numel())
        return result


@pytest.mark.parametrize("name", ["triplet_semihard_loss", "batch_all_triplet_loss"])
def test_no_tensor_of_all_triplets_is_made(name: str) -> None:
    n = 60
    contest = next(contest for contest in CONTESTS if contest.loss == name)
    small = replace(contest, shapes={"small": (n, 8)})
    made = {}
    for who, function in contest.functions.items():
        arguments, leaves = drawn(small, "small")
        with Largest() as largest:
            torch.autograd.grad(function(**arguments), leaves)
        made[who] = largest.length
    assert made["baseline"] == n**3
    assert made["ours"] <= n * (n + 1)


def test_a_peak_counts_what_is_held_at_once() -> None:
    a_mebibyte = torch.zeros(2**18)
    assert benchmark.peak(lambda: (a_mebibyte + 1, a_mebibyte + 1)) == pytest.approx(
        2**21, rel=1e-4
    )
    assert benchmark.peak(lambda: [len(a_mebibyte + 1) for _ in range(3)]) == pytest.approx(
        2**20, rel=1e-4
    )


def test_all_calls_are_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SECONDS", 0)
    seconds = benchmark.medians(benchmark.calls(replace(MSE, compiled=()), "small"))
    assert seconds.keys() == {"ours", "baseline"}
    assert min(seconds.values()) > 0


def test_a_contest_of_two_values_is_refused() -> None:
    wrong = replace(MSE, other=losses.l1_loss, compiled=())
    with pytest.raises(AssertionError):
        benchmark.calls(wrong, "small")


def test_a_library_that_does_not_compile_is_timed_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def compiled(function: Any, dynamic: bool) -> Any:
        return (lambda **call: function(**call) + 1) if function is theirs else function

    theirs = lambda input, target: (input - target).square().mean()
    monkeypatch.setattr(torch, "compile", compiled)
    beside = replace(MSE, other=theirs, peers=True)
    assert [*benchmark.calls(beside, "small")] == ["ours", "baseline", "ours compiled"]
    with pytest.raises(AssertionError):  # PyTorch's own is to compile
        benchmark.calls(replace(beside, peers=False), "small")


def test_without_a_baseline_ours_compiled_is_compared_with_ours() -> None:
    assert speed.ratios_of({"ours": 4.0, "ours compiled": 1.0}) == {"compiled": 0.25}
    assert "compiled" not in speed.ratios_of({"ours": 4.0, "baseline": 1.0})


def test_what_takes_longer_than_the_median_library_is_found() -> None:
    def beside(loss: str, *ratios: tuple[float, float]) -> list[dict[str, Any]]:
        return [
            {"loss": loss, "sizes": {"usual": {"ratios": {"eager": a, "both compiled": b}}}}
            for a, b in ratios
        ]

    results = beside("dice_loss", (0.5, 9.0), (9.0, 1.0), (1.4, 1.6)) + beside("x", (1.5, 1.0))
    assert speed.slower(results) == {("dice_loss", "both compiled"): 1.6}


def test_the_page_says_why_of_what_takes_longer_and_of_nothing_else() -> None:
    page = (ROOT / "docs/en/speed.md").read_text("utf-8")
    _, _, rest = page.partition("{ #takes-longer }")
    section = rest.partition("\n## ")[0]
    named = {*re.findall(r"losses/(\w+)\.md", section)}
    assert named == {loss for loss, _ in speed.slower(speed.kept()["results"])}


def test_the_site_names_the_size_and_the_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results.json")
    entry = {key: ENTRY[key] for key in ("seconds", "ratios", "operations")} | {"shape": [8, 19]}
    results = [
        {"loss": "dice_loss", "label": "", "against": "monai", "sizes": {"usual": entry}},
        {"loss": "jaccard_loss", "label": "", "against": "monai", "sizes": {"usual": entry}},
    ]
    speed.RESULTS.write_text(json.dumps({"results": results}), "utf-8")
    _, _, mean, row, _ = speed.tables("usual").splitlines()
    assert mean.startswith("| All, median | **3.00** |")
    library = f"monai {peers.VERSIONS['monai']}"
    assert row.startswith(
        f"| [DiceLoss](losses/dice_loss.md)<br>8 × 19<br>against {library} | 3.00"
    )
    assert "monai" not in speed.messages()  # a name is not translated


@pytest.mark.peers
@pytest.mark.parametrize(
    "contest", [x for x in BESIDE if x.against], ids=lambda contest: contest.name
)
def test_the_library_computes_our_value_where_it_is_timed(contest: Contest) -> None:
    _load.torchvision()
    arguments, _ = drawn(at_less(contest, 20), "less")
    ours, theirs = (function(**arguments) for function in contest.functions.values())
    benchmark.alike(ours, theirs)


def test_the_median_over_the_processes_stands_for_all() -> None:
    runs = [
        {"seconds": {"ours": ours, "baseline": baseline}, "operations": {"ours": [3, 5]}}
        for ours, baseline in ((3.0, 1.0), (9.0, 9.0), (2.0, 4.0))
    ]
    found = benchmark.summary(runs)
    assert found["seconds"] == {"ours": 3.0, "baseline": 4.0}
    assert found["ratios"] == {"eager": 1.0}
    assert found["operations"] == {"ours": [3, 5]}


def test_the_site_shows_what_was_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results.json")
    results = [result("mse_loss", ENTRY), result("gone_loss", ENTRY)]
    text = json.dumps({"machine": {"PyTorch": "2"}, "results": results})
    speed.RESULTS.write_text(text, "utf-8")
    table = speed.tables("million").splitlines()
    assert (
        table[0]
        == "| Loss | Eager | time | Compiled | time, compiled | Both compiled | Operations |"
    )
    assert (
        table[2] == "| All of PyTorch's, geometric mean | **3.00** |  | **0.50** |  | **1.25** |  |"
    )
    assert table[3] == (
        "| [MSELoss](losses/mse_loss.md) | 3.00 | 3 ms | 0.50 | 500 µs | 1.25 | "
        "3\u00a0+\u00a05 / 1\u00a0+\u00a02 |"
    )
    assert len(table) == 4
    assert speed.conditions() == "- PyTorch: 2"


def test_the_site_says_what_is_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results.json")
    other = ENTRY | {"ratios": {"eager": 12.0}}
    results = [result("mse_loss", ENTRY), result("mse_loss", other, label="wide", against="Keras")]
    speed.RESULTS.write_text(json.dumps({"results": results}), "utf-8")
    _, _, mean, _, row = speed.tables("million").splitlines()
    assert "| **3.00** |" in mean  # of PyTorch's alone
    assert row.startswith("| [MSELoss](losses/mse_loss.md)<br>wide<br>against Keras | 12.00 | 3 ms")


def test_the_site_needs_neither_the_runner_nor_the_tests() -> None:
    code = "import sys, scripts.website.directives; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    loaded = done.stdout.decode().split()
    assert "scripts.website.speed" in loaded
    assert [
        x for x in loaded if x == "scripts.dev.benchmark" or x.partition(".")[0] == "tests"
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        None,
        '{"machine": {}, "contests": {"mse_loss": {"small": {}}}}',
        '{"machine": {}, "measured": {"mse_loss": {"million": {}}}}',
    ],
)
def test_without_numbers_the_site_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None
) -> None:
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results.json")
    if text is not None:
        speed.RESULTS.write_text(text, "utf-8")
    assert speed.tables("million").startswith("Nothing is measured yet")
    assert speed.conditions() == ""


def test_what_is_above_the_wanted_ratio_is_reported_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = ENTRY | {"ratios": ENTRY["ratios"] | {"eager": 5.0}}
    monkeypatch.setattr(speed, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(benchmark, "measure_in_processes", lambda number: {"million": slow})
    before = [result(name, ENTRY) for name in ("huber_loss", "mse_loss", "gone_loss")]
    text = json.dumps({"machine": benchmark.machine(), "results": before})
    speed.RESULTS.write_text(text, "utf-8")
    monkeypatch.setattr(sys, "argv", ["benchmark", "mse_loss", "l1_loss", "--write"])
    benchmark.main()
    printed = capsys.readouterr().out
    assert (
        "mse_loss, million: Eager 5.00; time 3 ms; Compiled 0.50; time, compiled 500 µs" in printed
    )
    assert "mse_loss, million: eager at most 4" in printed
    assert "l1_loss, million: eager at most 1.7" in printed
    kept = json.loads(speed.RESULTS.read_text("utf-8"))["results"]
    # In the catalogue's order; what is no contest any more is gone.
    assert kept == [result("l1_loss", slow), result("mse_loss", slow), result("huber_loss", ENTRY)]
