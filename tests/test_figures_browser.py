"""Figures as readers meet them: sliders by keyboard and touch, on paper, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PATH = "losses/smooth_l1_loss.html"
FIGURE = "#figure-smooth_l1_loss"
PHONE = {"width": 390, "height": 844}


def shown(page: Page) -> list[str]:
    return page.locator(f"{FIGURE} .step.shown").evaluate_all(
        "steps => steps.map(step => step.dataset.alt.split(':')[0])"
    )


def move(page: Page) -> None:
    """Move the slider one step to the right, by the keyboard, and expect its line."""
    slider = page.locator(f"{FIGURE} input")
    assert page.locator(f"{FIGURE} output").inner_text() == "1"
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(f"{FIGURE} output").inner_text() == "1.5"
    assert slider.get_attribute("aria-valuetext") == "beta = 1.5"
    assert shown(page) == ["beta = 1.5", "beta = 1.5"]
    for index in range(2):
        panel = page.locator(f"{FIGURE} svg").nth(index)
        assert panel.get_attribute("aria-label").startswith("beta = 1.5:")
    assert page.locator(f"{FIGURE} .step.shown path").first.is_visible()


def test_the_slider_works_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/{PATH}")
    assert shown(page) == []
    move(page)


def test_the_slider_works_by_touch(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/{PATH}")
    slider = page.locator(f"{FIGURE} input")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box["height"] >= 24
    page.touchscreen.tap(box["x"] + box["width"] - 6, box["y"] + box["height"] / 2)
    assert page.locator(f"{FIGURE} output").inner_text() == "2.5"
    context.close()


def test_the_slider_survives_leaving_and_coming_back(page: Page, address: str) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{address}/losses/huber_loss.html")
    page.locator("article a[href$='smooth_l1_loss.html']").first.click()
    page.wait_for_selector(FIGURE)
    move(page)
    assert problems == []


def test_paper_shows_the_family_and_no_slider(page: Page, address: str) -> None:
    page.goto(f"{address}/{PATH}")
    move(page)
    page.emulate_media(media="print")
    assert not page.locator(f"{FIGURE} .control").is_visible()
    assert not page.locator(f"{FIGURE} .step.shown path").first.is_visible()
    family = page.locator(f"{FIGURE} .family").first
    assert family.evaluate("element => getComputedStyle(element).opacity") == "1"


def test_without_scripts_the_family_stays(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{PATH}")
    assert page.locator(f"{FIGURE} .family path").first.is_visible()
    assert not page.locator(f"{FIGURE} .control").is_visible()
    assert page.locator(f"{FIGURE} .step path").first.is_hidden()
    context.close()


@pytest.mark.parametrize(
    "path", [PATH, "losses/ctc_loss.html", "comparisons/hinges.html", "gallery.html"]
)
@pytest.mark.parametrize("folder", ["", "zh/", "zh-hant/"])
def test_words_in_figures_are_readable_on_a_phone(
    folder: str, path: str, page: Page, address: str
) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{address}/{folder}{path}")
    sizes = page.locator(".figure svg, .gallery svg").evaluate_all(
        """svgs => svgs.flatMap(svg => [...svg.querySelectorAll("text")].map(text =>
            parseFloat(getComputedStyle(text).fontSize)
            * svg.clientWidth / svg.viewBox.baseVal.width
        ))"""
    )
    assert all(size >= 10 for size in sizes), min(sizes)
    assert sizes or path == "gallery.html"


def test_the_gallery_leads_to_every_page(page: Page, address: str) -> None:
    page.goto(f"{address}/gallery.html")
    links = page.locator(".gallery a")
    assert links.count() >= 27
    for link in links.all():
        assert "/losses/" in link.evaluate("element => element.href")
        assert link.locator("svg").bounding_box()["height"] > 40
