"""The benchmark compares what computes the same, for every loss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

import losses
from losses.catalog import CATALOG
from scripts import benchmark
from scripts.benchmark import CONTESTS, Contest


def test_no_loss_is_forgotten() -> None:
    assert {contest.loss for contest in CONTESTS} == {loss.function for loss in CATALOG}


@pytest.mark.parametrize("contest", CONTESTS, ids=lambda contest: contest.name)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_both_compute_the_same(contest: Contest) -> None:
    if contest.package:
        pytest.importorskip(contest.package)
    torch.manual_seed(0)
    arguments = contest.arguments("small")
    for name in contest.leaves:
        arguments[name].requires_grad_()
    leaves = [arguments[name] for name in contest.leaves]
    rival = contest.rival or getattr(F, contest.loss)
    ours, theirs = getattr(losses, contest.loss)(**arguments), rival(**arguments)
    torch.testing.assert_close(ours, theirs)
    if contest.loss != "ctc_loss":  # where PyTorch's gradient is another
        gradients = [torch.autograd.grad(value, leaves) for value in (ours, theirs)]
        torch.testing.assert_close(*gradients)


def test_the_page_names_every_loss() -> None:
    text = benchmark.tables()
    assert "e+" not in text, "an amount with an exponent"
    for loss in CATALOG:
        assert f"(losses/{loss.function}.md)" in text
    for name in benchmark.REASONS:
        assert name in {contest.name for contest in CONTESTS}, "a reason for no contest"


def test_a_peak_counts_what_is_held_at_once() -> None:
    a_mebibyte = torch.zeros(2**18)
    assert benchmark.peak(lambda: (a_mebibyte + 1, a_mebibyte + 1)) == pytest.approx(
        2**21, rel=1e-4
    )
    assert benchmark.peak(lambda: [len(a_mebibyte + 1) for _ in range(3)]) == pytest.approx(
        2**20, rel=1e-4
    )


def test_where_the_rival_cannot_run_ours_is_measured_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contest = next(contest for contest in CONTESTS if contest.alone)
    found = benchmark.measure(replace(contest, alone=("small",)), "small", ["memory"])
    (ours,) = found["memory"]
    assert ours == benchmark.measure(contest, "small", ["memory"])["memory"][0]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"machine": {}, "contests": {contest.name: {"large": found}}}))
    monkeypatch.setattr(benchmark, "RESULTS", path)
    amount = benchmark.in_units(ours, benchmark.SPACE)
    assert f"| {contest.against} |  |  | {amount} |" in benchmark.tables()


def test_the_process_in_the_middle_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert benchmark.middle([[3.0, 1.0], [9.0, 9.0], [2.0, 1.0]]) == [2.0, 1.0]
    assert benchmark.middle([[3.0], [1.0], [2.0]]) == [2.0]
    monkeypatch.setattr(benchmark, "PROCESSES", 2)
    found = benchmark.median_of_processes("mse_loss", ["small"], ["eager", "memory"])
    contest = next(contest for contest in CONTESTS if contest.name == "mse_loss")
    assert found["small"]["memory"] == benchmark.measure(contest, "small", ["memory"])["memory"]
    assert min(found["small"]["eager"]) > 0
