"""The built site, as its readers meet it: in a browser, on a desktop and on a phone.

Run by `python scripts/run.py browser` after `python scripts/run.py build`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, Page

from losses.catalog import CATALOG
from scripts.font import TARGET, characters

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
PAGES = sorted(
    str(path.parent.relative_to(SITE)) for path in SITE.rglob("index.html") if SITE.exists()
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_whole_and_ask_nobody_else(path: str, page: Page, address: str) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on(
        "request",
        lambda request: (
            request.url.startswith((address, "data:"))
            or problems.append(f"to another host: {request.url}")
        ),
    )
    page.on(
        "response",
        lambda response: response.status < 400 or problems.append(f"missing: {response.url}"),
    )
    page.goto(f"{address}/{path}/", wait_until="networkidle")
    assert problems == []
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), f"scrolls sideways at {size['width']} px"


@pytest.mark.parametrize("loss", CATALOG, ids=lambda loss: loss.function)
def test_loss_pages_show_mathematics_figures_and_source(
    loss: object, page: Page, address: str
) -> None:
    page.goto(f"{address}/losses/{loss.function}/")
    assert page.locator("math").count() >= 2
    assert page.locator("math").first.bounding_box()["height"] > 5
    if loss.curve is not None:
        figures = page.locator(f"#figure-{loss.function} svg")
        assert figures.count() == 2
        for index in range(2):
            assert figures.nth(index).get_attribute("aria-label")
            assert figures.nth(index).bounding_box()["height"] > 100
    for name in (loss.function, *loss.classes):
        assert page.locator(f"[id='losses.{name}']").count() == 1, name
    assert page.locator("details:has-text('Source code')").count() >= 1


def test_figures_follow_the_colour_scheme(browser: Browser, address: str) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{address}/losses/mse_loss/")
        text = page.locator(".figure text").first
        seen.add(text.evaluate("element => getComputedStyle(element).fill"))
        context.close()
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("CrossEntropyLoss", "losses/cross_entropy/"),
        ("cross_entropy", "losses/cross_entropy/"),
        ("huber", "losses/huber_loss/"),
        ("MSELoss", "losses/mse_loss/"),
        ("KLDivLoss", "losses/kl_div/"),
        ("triplet semihard", "losses/triplet_semihard_loss/"),
    ],
)
def test_search_finds_the_page_first(query: str, expected: str, page: Page, address: str) -> None:
    page.goto(f"{address}/?q={quote(query)}")
    first = page.locator(".md-search-result__item a").first
    first.wait_for()
    assert expected in first.get_attribute("href")


def test_copying_takes_no_prompt_and_no_output(page: Page, address: str) -> None:
    page.goto(f"{address}/")
    page.locator(".md-code__button[data-md-type='copy'], .md-clipboard").first.click()
    page.wait_for_timeout(200)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "import losses" in copied
    assert ">>>" not in copied
    assert "tensor(0.1698)" not in copied


def test_the_font_has_every_character_of_the_formulas() -> None:
    covered = set(map(chr, TTFont(TARGET).getBestCmap()))
    assert characters(SITE) - covered == set(), "run python scripts/font.py"


def test_the_inventory_names_the_public_api() -> None:
    raw = (SITE / "objects.inv").read_bytes().split(b"\n", 4)
    names = {line.split()[0] for line in zlib.decompress(raw[4]).decode().splitlines()}
    public = {f"losses.{name}" for loss in CATALOG for name in (loss.function, *loss.classes)}
    assert public <= names


def test_the_serve_command_serves() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "scripts/run.py", "serve", "--dev-addr", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        for _ in range(120):
            time.sleep(1)
            assert server.poll() is None, "serve ended by itself"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as response:
                    assert b"Loss functions" in response.read()
                return
            except OSError:
                continue
        pytest.fail("nothing was served within two minutes")
    finally:
        os.killpg(server.pid, 15)
        server.wait()
