"""What readers take from the site: a loss as a file, the package, a page as Markdown or on paper.

Run by `python scripts/run.py browser` after `python scripts/run.py build`.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin
from zipfile import ZipFile

import pytest
from PIL import Image
from playwright.sync_api import Page

from losses.catalog import CATALOG, Record
from scripts.website import directives, plain, preview, wheel
from scripts.website.alone import FUNCTIONS
from scripts.website.build import configuration
from scripts.website.language import ROOT
from scripts.website.postprocess import described
from scripts.website.snippets import bundle
from tests.pages import ENGLISH, LANGUAGES, SITE

pytestmark = pytest.mark.browser

WHERE = "https://example.org/some/folder/"
SHEETS = 8  # a loss on paper
each_language = pytest.mark.parametrize("folder", LANGUAGES, ids=LANGUAGES.values())


# A loss, and all of them

# Runs a file where the package cannot be imported.
ALONE = """
import runpy, sys
sys.modules["losses"] = None
for path in sys.argv[1:]:
    names = runpy.run_path(path)
    assert path.rpartition("/")[2].removesuffix(".py") in names, path
"""


def test_the_file_of_a_loss_is_the_code_on_its_page_and_runs_alone(tmp_path: Path) -> None:
    paths = [SITE / "losses" / f"{loss.function}.py" for loss in CATALOG]
    assert set(SITE.rglob("*.py")) == set(paths)
    for path in paths:
        assert path.read_text("utf-8") == bundle(path.stem)
    command = [sys.executable, "-I", "-W", "error", "-c", ALONE, *map(str, paths)]
    subprocess.run(command, cwd=tmp_path, check=True)


@each_language
def test_each_page_offers_the_file(folder: str) -> None:
    for loss in CATALOG:
        path = f"/{folder}losses/{loss.function}.html"
        text = (SITE / path[1:]).read_text("utf-8")
        links = re.findall(r'<a href="([^"]*\.py)" download>', text)
        assert [urljoin(path, link) for link in links] == [f"/losses/{loss.function}.py"]


IMPORTED = """
import sys
sys.path.insert(0, sys.argv[1])
import losses, torch
assert losses.__file__.startswith(sys.argv[1]), losses.__file__
print(losses.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0])))
"""


@pytest.mark.release
def test_the_wheel_holds_the_package_its_licence_and_what_is_said_of_it() -> None:
    about = f"{wheel.name().removesuffix('-py3-none-any.whl')}.dist-info"
    said = ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE", "top_level.txt")
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "losses").rglob("*.py")}
    with ZipFile(SITE / wheel.name()) as archive:
        assert {*archive.namelist()} == {
            *(f"{about}/{name}" for name in said),
            *modules,
            "losses/py.typed",
        }


@pytest.mark.release
def test_the_wheel_installs_without_a_network_and_imports_without_a_warning(tmp_path: Path) -> None:
    target = str(tmp_path / "installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, str(SITE / wheel.name())], check=True)
    command = [sys.executable, "-I", "-W", "error", "-c", IMPORTED, target]
    answer = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert answer.stdout == "tensor(2.)\n"
    assert list(Path(target, "losses").rglob("py.typed"))


@each_language
def test_the_first_page_offers_the_wheel(folder: str) -> None:
    text = (SITE / folder / "index.html").read_text("utf-8")
    links = re.findall(r'<a href="([^"]*\.whl)" download>', text)
    assert [urljoin(f"/{folder}index.html", link) for link in links] == [f"/{wheel.name()}"]
    assert f"<pre><code>pip install {wheel.name()}</code></pre>" in text


def test_a_site_that_knows_its_address_installs_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", WHERE)
    command = f"pip install {WHERE}{wheel.name()}"
    assert directives.install() == f"<pre><code>{command}</code></pre>"
    assert plain.page("{{ install }}") == f"```\n{command}\n```\n"


# Pages as Markdown


@each_language
def test_a_press_copies_the_page_as_markdown(folder: str, page: Page, address: str) -> None:
    page.goto(f"{address}/{folder}losses/huber_loss.html")
    page.locator("a[data-copied]").focus()
    page.keyboard.press("Enter")
    page.locator(".md-dialog--active").wait_for()
    assert page.url.endswith("huber_loss.html")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == (SITE / folder / "losses" / "huber_loss.md").read_text("utf-8")


@pytest.mark.parametrize("served", [True, False], ids=["served", "files"])
def test_where_nothing_can_be_copied_the_button_is_a_link(
    served: bool, page: Page, address: str
) -> None:
    """Opened as a file; or with the key that opens links elsewhere."""
    page.goto(f"{address if served else SITE.as_uri()}/losses/huber_loss.html")
    followed = """served => new Promise(resolve => {
      addEventListener("click", event => {
        resolve(!event.defaultPrevented)
        event.preventDefault()
      })
      const press = new MouseEvent("click", {bubbles: true, cancelable: true, ctrlKey: served})
      document.querySelector("a[data-copied]").dispatchEvent(press)
    })"""
    assert page.evaluate(followed, served)


@each_language
def test_every_page_has_its_markdown_beside_it(folder: str) -> None:
    for path in ENGLISH:
        text = (SITE / folder / path).read_text("utf-8")
        link = re.search(r'<a href="([^"]*)"[^>]* data-copied="([^"]+)"', text)
        assert link, path
        assert (SITE / folder / path).parent / link[1] == (SITE / folder / path).with_suffix(".md")


FENCE = re.compile(r"^(```+).*?\n.*?^\1$\n?", re.DOTALL | re.MULTILINE)
# What only the site's builder understands.
LEFT = re.compile(
    r"^(?:\{\{|:::|\?\?\?|!!!|===|>>>|\{:|<)| \{ ?#|\]\[losses\.|^ {4}>>>|\n\n\n|markdown=",
    re.MULTILINE,
)


@each_language
def test_markdown_needs_nothing_of_ours(folder: str) -> None:
    for path in ENGLISH:
        text = (SITE / folder / path).with_suffix(".md").read_text("utf-8")
        prose = FENCE.sub("```\n", text)
        left = LEFT.search(prose)
        assert not left, f"{path}: {prose[left.start() : left.start() + 80]!r}"
        levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.MULTILINE)]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(b - a < 2 for a, b in pairwise(levels)), path


# Notes below sessions


@each_language
def test_notes_link_to_the_code_that_a_copy_brings_along(folder: str) -> None:
    seen = 0
    for path in ENGLISH:
        text = (SITE / folder / path).read_text("utf-8")
        for note in re.findall(r'<p class="copied">(.*?)</p>', text):
            for link, name in re.findall(r'<a href="([^"]*)"><code>(\w+)</code></a>', note):
                target, anchor = urljoin(path, link).split("#")
                assert target == f"losses/{FUNCTIONS[name]}.html", f"{path}: {name}"
                assert link.startswith("#") == (target == path)
                assert anchor in ("in-code", "take-this-loss-with-you")
                assert anchor != "in-code" or name == FUNCTIONS[name], "a class has no short form"
                assert f'id="{anchor}"' in (SITE / folder / target).read_text("utf-8")
                seen += 1
    assert seen > len(CATALOG)


# Previews


@pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
def test_links_show_a_small_picture_of_the_curve(loss: Record) -> None:
    drawn = preview.preview(loss.function)
    assert Image.open(io.BytesIO(drawn)).size == (preview.WIDTH, preview.HEIGHT)
    assert len(drawn) < 40_000


def test_a_site_that_knows_its_address_names_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    for where in ("", WHERE):
        monkeypatch.setenv("SITE_URL", where)
        config = configuration("en", SITE, strict=True)
        built = (SITE / "losses" / "huber_loss.html").read_text("utf-8")
        page, _, _ = described(built, config, "losses/huber_loss.md")
        picture = f'<meta property="og:image" content="{WHERE}losses/huber_loss.png">'
        assert (picture in page) == bool(where)
        assert ('content="summary_large_image"' in page) == bool(where)
        home, _, _ = described((SITE / "index.html").read_text("utf-8"), config, "index.md")
        assert "og:image" not in home


# Paper


def test_a_loss_takes_eight_sheets_of_paper_at_most(loss_page: str, page: Page) -> None:
    """Without the folded code; in all languages. As a file, as nothing is fetched for it."""
    sheets = {}
    for folder in LANGUAGES:
        page.goto((SITE / folder / loss_page).as_uri())
        printed = page.pdf(format="A4")
        sheets[folder] = len(re.findall(rb"/Type\s*/Page\b", printed))
    print(loss_page, sheets)
    assert max(sheets.values()) <= SHEETS, sheets


def test_paper_leaves_out_what_only_a_screen_can_do(page: Page) -> None:
    page.goto((SITE / "losses" / "huber_loss.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    page.emulate_media(media="print")
    seen = page.locator("article").inner_text()
    assert page.locator(".tabbed-labels > label:visible").count() == 1
    assert page.locator(".tabbed-block:visible").count() == 1
    for hidden in (".standalone", ".control", ".copied", "a[data-copied]", "a[download]"):
        assert page.locator(hidden).count(), hidden
        assert not page.locator(f"{hidden}:visible").count(), hidden
    assert "Parameters and errors" in seen
