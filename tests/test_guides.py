"""The guides point to what exists, and every loss names where it comes from."""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path

import pytest
from markdown import markdown

import losses
from losses.catalog import CATALOG, Record
from scripts.figures.drawing import RECORDS
from scripts.website.directives import cited, disagreements, references

THEME = Path(__file__).resolve().parents[1] / "docs" / "theme"
PAGES = Path(__file__).resolve().parents[1] / "docs" / "en"
GUIDES = PAGES / "guide"
FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\]\(([^)\s]+)\)")


@cache
def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


@cache
def anchors(page: Path) -> set[str]:
    """Name what a link to this page may end in: its headings, and the objects it documents."""
    headings = "\n\n".join(re.findall(r"^#+ .*$", prose(page), re.MULTILINE))
    html = markdown(headings, extensions=["attr_list", "toc"])
    documented = re.findall(r"^\{\{ parameters (\w+) \}\}$", prose(page), re.MULTILINE)
    names = [name for function in documented for name in (function, *RECORDS[function].classes)]
    found = {*re.findall(r'<h\d id="([^"]+)"', html), *(f"losses.{name}" for name in names)}
    if "{{ disagreements }}" in prose(page):
        found |= set(re.findall(r"^### .* \{ #(\w+) \}$", disagreements(), re.MULTILINE))
    return found


@pytest.mark.parametrize(
    "page", sorted(PAGES.rglob("*.md")), ids=lambda page: str(page.relative_to(PAGES))
)
def test_links_between_pages_arrive(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        beside = THEME / target.relative_to(PAGES)  # what the theme brings stands there
        assert target.exists() or beside.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
def test_every_loss_names_its_origin(loss: Record) -> None:
    docstring = inspect.getdoc(getattr(losses, loss.function)) or ""
    section = docstring.partition("\nReferences:\n")[2]
    assert references(section) or "folklore" in section


def test_a_paper_is_named_in_one_way() -> None:
    papers = list(cited())
    for field in ("title", "url"):
        values = [getattr(paper, field).lower() for paper in papers if getattr(paper, field)]
        assert sorted(set(values)) == sorted(values)


@pytest.mark.parametrize("page", sorted(GUIDES.glob("*.md")), ids=lambda page: page.stem)
def test_papers_in_the_guides_are_in_the_bibliography(page: Path) -> None:
    known = {paper.url: paper.year for paper in cited()}
    for text, url in re.findall(r"\[([^\]]+)\]\((https?://[^)\s]+)\)", prose(page)):
        if "github.com" in url:
            continue
        assert url in known
        if dated := re.search(r"\b\d{4}$", text):
            assert dated[0] == known[url], text


def test_every_symptom_is_in_the_table() -> None:
    text = prose(GUIDES / "troubleshooting.md")
    table, body = text[: text.index("\n## ")], text[text.index("\n## ") :]
    symptoms = re.findall(r"^## .*\{ (#[\w-]+) \}$", body, re.MULTILINE)
    assert LINK.findall(table) == symptoms
    for section in re.split(
        r"^## ", (GUIDES / "troubleshooting.md").read_text("utf-8"), flags=re.M
    )[1:]:
        assert "```pycon" in section, section.partition("\n")[0]


@pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
def test_every_loss_can_be_chosen(loss: Record) -> None:
    link = f"losses/{loss.function}.md"
    assert link in prose(GUIDES / "choosing.md"), (
        f"docs/en/guide/choosing.md: say when to choose it, with a link to ../{link}"
    )


def test_every_erratum_is_shown() -> None:
    for item in re.split(r"^### ", (GUIDES / "errata.md").read_text("utf-8"), flags=re.M)[1:]:
        title = item.partition("\n")[0]
        assert re.search(r"^\*\*(It says|They say)", item, re.MULTILINE), title
        assert "**Correct:**" in item, title
        assert "```pycon" in item, title
