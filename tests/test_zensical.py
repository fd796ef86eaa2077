"""Zensical, the theme's successor, builds the same pages from the same settings.

`python scripts/run.py zensical` installs it, and runs this.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from mkdocs.utils import yaml_load

from losses.catalog import CATALOG
from scripts.website import language
from scripts.website.build import navigation, translated

pytestmark = [
    pytest.mark.zensical,
    pytest.mark.skipif(
        find_spec("zensical") is None,
        reason="Zensical is installed by: python scripts/run.py zensical",
    ),
]

ROOT = Path(__file__).resolve().parents[1]
BUILDERS = {"mkdocs": ["mkdocs", "build"], "zensical": ["zensical", "build", "--clean"]}
ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
PARTS = {
    "headings": r'<h[1-6][^>]*? id="([^"]*)"',
    "formulas": r"<math.*?</math>",
    "figures": r"<figure.*?</figure>",
    "code": r"<pre.*?</pre>",
    "copied": r'data-clipboard-text="([^"]*)"',
}


@pytest.fixture(scope="module", params=["en", "zh"])
def sites(request: pytest.FixtureRequest) -> Iterator[dict[str, Path]]:
    # Zensical writes nowhere but below its settings, and knows nothing of ours.
    written = yaml_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    written["nav"] = navigation(written["nav"])
    if request.param != "en":
        written |= translated(written, request.param)
        # Zensical takes no folder from the root
        written["docs_dir"] = str(Path(written["docs_dir"]).relative_to(ROOT))
    settings = ROOT / "filled.yml"
    folders = {name: ROOT / "build" / f"by-{name}" for name in BUILDERS}
    for name, command in BUILDERS.items():
        shutil.rmtree(folders[name], ignore_errors=True)
        written["site_dir"] = str(folders[name].relative_to(ROOT))
        # Names of Python, which it also calls, stay names.
        settings.write_text(yaml.dump(written, allow_unicode=True, sort_keys=False), "utf-8")
        subprocess.run(
            [sys.executable, "-m", *command, "--strict", "-f", settings.name],
            cwd=ROOT,
            env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
            check=True,
        )
    yield folders
    settings.unlink()
    language.use("en")


def articles(site: Path) -> dict[str, str]:
    """Read every page but the one that says that there is none."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        if path.name != "404.html":
            match = ARTICLE.search(path.read_text("utf-8"))
            assert match, path
            # Both search plugins take their marks as orders; Zensical's also takes them away.
            text = match[0].replace(" data-search-exclude", "")
            found[path.relative_to(site).as_posix()] = text
    return found


def words(text: str) -> list[str]:
    text = re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", text)).split()


def test_both_build_the_same_pages(sites: dict[str, Path]) -> None:
    old, new = articles(sites["mkdocs"]), articles(sites["zensical"])
    assert list(old) == list(new)
    assert len(old) > len(CATALOG)
    counts = dict.fromkeys(PARTS, 0)
    for path in old:
        assert words(old[path]) == words(new[path]), path
        for part, pattern in PARTS.items():
            there, here = (re.findall(pattern, page[path], re.DOTALL) for page in (old, new))
            assert there == here, f"{path}: {part}"
            counts[part] += len(there)
    assert min(counts.values()) > len(CATALOG), counts


def test_both_write_the_same_inventory(sites: dict[str, Path]) -> None:
    old, new = ((site / "objects.inv").read_bytes() for site in sites.values())
    assert old == new


def test_what_zensical_leaves_out_is_what_contributing_says(sites: dict[str, Path]) -> None:
    page = (sites["zensical"] / "losses" / "mse_loss.html").read_text("utf-8")
    assert "_mkdocstrings.css" not in page
    assert "rank.js" not in page
    assert (sites["zensical"] / "search.json").exists()
