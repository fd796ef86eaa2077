"""What a release must be, beyond what every change must be: `python scripts/run.py release`.

It looks at the site that was built before, and at the last whole run of the tests.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from mkdocs.utils import yaml_load

from losses.catalog import CATALOG
from scripts.website.directives import COUNTS

pytestmark = pytest.mark.release

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
SCHEMAS = {
    "vendor.citation-file-format": "CITATION.cff",
    "vendor.github-workflows": ".github/workflows/pages.yml",
}


def test_version_and_date_are_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    citation = yaml_load((ROOT / "CITATION.cff").read_text("utf-8"))
    (heading, *_) = re.findall("^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert citation["version"] == version
    assert heading == f"{version} - {citation['date-released']}"


@pytest.mark.parametrize(("schema", "file"), SCHEMAS.items(), ids=SCHEMAS.values())
def test_a_file_follows_its_published_schema(schema: str, file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_readme_counts_the_losses(name: str) -> None:
    (count,) = re.findall(r"^(\d+) (?:losses|个损失函数)", (ROOT / name).read_text("utf-8"), re.M)
    assert int(count) == len(CATALOG)


def test_the_counts_on_the_site_are_of_these_losses_and_these_tests() -> None:
    """Counted by the last whole run of the tests, which every change of a test makes old."""
    assert COUNTS.exists(), "count first: python scripts/run.py test"
    counts = json.loads(COUNTS.read_text("utf-8"))
    assert [*counts["losses"]] == [loss.function for loss in CATALOG]
    assert min(each["all"] for each in counts["losses"].values()) > 0
    git = ["git", "log", "-1", "--format=%cs", "--", "losses", "docs/en", "tests/*.py"]
    changed = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert counts["date"] >= changed.strip()
    page = (SITE / "checks.html").read_text("utf-8")
    assert f"<td>{sum(counts['kinds'].values())}</td>" in page


@pytest.mark.parametrize(("page", "words"), [("en", "Six short pages"), ("zh", "六篇短文")])
def test_the_first_page_counts_the_pages_to_learn_from(page: str, words: str) -> None:
    (learn,) = (
        entry["Learn"]
        for entry in yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
        if "Learn" in entry
    )
    assert len(learn) == 6
    assert words in (ROOT / "docs" / page / "index.md").read_text("utf-8")


def test_the_notices_name_what_the_site_ships_from_others() -> None:
    notices = (SITE / "assets" / "notices.txt").read_text("utf-8")
    shipped = {"STIX Two Math", "Material for MkDocs"}
    for path in (SITE / "assets").rglob("*.map"):
        sources = " ".join(json.loads(path.read_text("utf-8"))["sources"])
        shipped |= set(re.findall(r"node_modules/((?:@[^/ ]+/)?[^/ ]+)", sources))
    assert len(shipped) > 2
    assert [name for name in sorted(shipped) if name.lower() not in notices.lower()] == []
    assert not [*SITE.rglob("lunr.*.js")]  # languages of the search, under licences of their own
