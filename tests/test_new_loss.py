"""The contributor's promise: a begun loss fails the tests by name, a finished one passes them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_structure import PAGE_SECTIONS, ROOT

FAMILY = ("--family", "regression")


def renamed(text: str) -> str:
    return text.replace("log_cosh_loss", "brand_new_loss").replace("LogCosh", "BrandNew")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy what a contributor works on."""
    skipped = shutil.ignore_patterns("__pycache__", ".*_cache")
    for folder in ("losses", "docs", "scripts", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skipped)
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    return tmp_path


def run(project: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env={"PYTHONPATH": "."}, capture_output=True
    )
    return done.stdout.decode() + done.stderr.decode()


def proofs(project: Path, function: str) -> str:
    """Run what is said of one loss, and what is said of all lists."""
    chosen = f"({function} or catalogue or navigation) and not compiles"
    files = ("structure", "losses", "formulas", "properties")
    paths = [f"tests/test_{name}.py" for name in files]
    paths += [f"losses/regression/_{function}.py", f"docs/en/losses/{function}.md"]
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short", "-k", chosen)
    return run(project, "-m", "pytest", *options, *paths)


@pytest.mark.slow
def test_a_begun_loss_fails_by_name_until_it_is_whole(project: Path) -> None:
    command = ("-m", "scripts.dev.new_loss", "brand_new_loss", "BrandNewLoss", *FAMILY)
    said = run(project, *command)
    assert "losses/brand_new_loss.md" in said, said
    page = (project / "docs/en/losses/brand_new_loss.md").read_text("utf-8")
    assert re.findall(r"^## (.*?)(?: \{.*)?$", page, re.MULTILINE) == PAGE_SECTIONS
    assert "in the catalogue already" in run(project, *command)
    cases = (project / "tests/cases/brand_new_loss.py").read_text("utf-8")
    assert re.search(r"^# TODO: .*\ncontests = \(usual\(", cases, re.MULTILINE), cases

    begun = proofs(project, "brand_new_loss")
    failed = set(re.findall(r"^FAILED \S*::(\w+)\[(?:cpu-)?brand_new_loss", begun, re.MULTILINE))
    assert {"test_nothing_is_left_to_do", "test_values_and_gradients_equal_the_reference"} <= failed
    for place in (
        "losses/regression/_brand_new_loss.py",
        "docs/en/losses/brand_new_loss.md",
        "tests/cases/brand_new_loss.py",
    ):
        assert re.search(rf"{place}: .*TODO", begun), f"{place} is not named:\n{begun}"
    assert re.search(r"^FAILED docs/en/losses/brand_new_loss.md", begun, re.MULTILINE)

    # Finish it, as a contributor would: here with log-cosh's texts under the new name.
    for path in ("losses/regression/_{}.py", "tests/cases/{}.py", "docs/en/losses/{}.md"):
        text = (ROOT / path.format("log_cosh_loss")).read_text("utf-8")
        (project / path.format("brand_new_loss")).write_text(renamed(text), "utf-8")
    whole = proofs(project, "brand_new_loss")
    assert re.search(r"^\d{2,3} passed, \d+ deselected", whole, re.MULTILINE), whole
    assert "docs/zh/losses/brand_new_loss.md: missing" in run(
        project, "-m", "scripts.dev.translate"
    )


@pytest.mark.slow
def test_what_pytorch_has_is_begun_with_a_strategy_and_a_contest(project: Path) -> None:
    name = "pairwise_distance"  # torch.nn.functional has it
    run(project, "-m", "scripts.dev.new_loss", name, "PairwiseLoss", *FAMILY)
    code = f"from tests.cases import PARTS, part_of; [part_of('{name}', x) for x in PARTS]"
    assert run(project, "-c", code) == ""
    begun = (project / "tests" / "cases" / f"{name}.py").read_text("utf-8")
    for part in ("domain", "strategy", "contests"):
        assert re.search(rf"^# TODO: .*\n{part} = ", begun, re.MULTILINE), begun
    assert "def reference" not in begun
