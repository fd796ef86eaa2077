"""The built site, as its readers meet it: in a browser, on a desktop and on a phone.

Run by `python scripts/run.py browser` after `python scripts/run.py build`.
"""

from __future__ import annotations

import doctest
import gzip
import html
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, Page

from losses.catalog import CATALOG, FAMILIES
from scripts.dev import translate
from scripts.dev.font import TARGET, characters
from scripts.website import language, traditional
from scripts.website.card import LINES, short
from scripts.website.postprocess import ANCHORS, anchors, text_of
from scripts.website.printed import same
from scripts.website.snippets import bundle
from scripts.website.steps import with_steps
from tests.pages import (
    ARTICLE,
    DESKTOP,
    ENGLISH,
    LANGUAGES,
    LONGEST,
    PAGES,
    PHONE,
    PUBLISHED,
    ROOT,
    SITE,
    folder_of,
    in_a_browser,
    of_losses,
    representatives,
)
from tests.test_alone import printed_by

pytestmark = pytest.mark.browser

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
each_language = pytest.mark.parametrize("folder", LANGUAGES, ids=LANGUAGES.values())
each_translation = pytest.mark.parametrize("folder", ["zh/", "zh-hant/"])


# What sticks out of its box at the page's width, unless it is meant to scroll.
CUT_OFF = """() => {
  const scrolls = "pre, code, .md-typeset__scrollwrap, div.math, .doc-signature";
  const width = document.documentElement.clientWidth, found = [];
  for (const element of document.querySelectorAll("article *")) {
    const box = element.getBoundingClientRect();
    if (!box.width || element.closest(".headerlink, [hidden], math, svg")) continue;
    const where = `${element.tagName}.${element.className} ${element.textContent.slice(0, 40)}`;
    if ((box.right > width + 1 || box.left < -1) && !element.closest(scrolls)) found.push(where);
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth
        && getComputedStyle(element).overflowX !== "visible" && !element.closest(scrolls))
      found.push("scrolls: " + where);
  }
  return found;
}"""


# Words of a title of which one part is on a line and one on the next. Between Chinese characters
# a line may end.
SPLIT = """() => {
  const found = [];
  for (const title of document.querySelectorAll("article :is(h1, h2.doc-heading)")) {
    const walker = document.createTreeWalker(title, NodeFilter.SHOW_TEXT);
    for (let node; node = walker.nextNode();)
      for (const word of node.data.matchAll(/[^\\s\u3000-\u9fff\uff00-\uffef]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
        if (lines.size > 1) found.push(word[0]);
      }
  }
  return found;
}"""


def test_every_kind_of_page_is_opened() -> None:
    chosen = representatives()
    assert {"index.html", "gallery.html", "guide/rosetta.html", "speed.html", LONGEST} <= {*chosen}
    assert {Path(path).parent for path in chosen} == {Path(path).parent for path in ENGLISH}
    families = {loss.function: loss.family for loss in CATALOG}
    opened = {families[Path(path).stem] for path in of_losses(chosen)}
    assert "mining" in opened and len(opened) > 1
    assert set(in_a_browser(all_pages=True)) == set(PAGES) > set(in_a_browser(all_pages=False))


def test_pages_load_whole_for_everyone(any_page: str, page: Page, address: str) -> None:
    """Nothing is missing, nothing comes from elsewhere, nothing is kept, everybody can read."""
    path = any_page
    if path == "404.html":  # its links are absolute, and this build was told no other place
        address = address.removesuffix("/some/folder")
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
    page.goto(f"{address}/{path}", wait_until="networkidle")
    assert problems == []
    assert page.context.cookies() == []
    assert page.locator("html").get_attribute("lang") == LANGUAGES[folder_of(path)]

    if folder_of(path) != "zh-hant/":  # other characters, the same markup and colours
        page.evaluate(AXE)
        problems += violations(page)
        page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
        problems += violations(page, ["color-contrast", "link-in-text-block"])
        assert problems == []

    formulas = page.locator("article :is(span, div).math")
    assert formulas.count() == page.locator("article .math > math").count()
    assert not re.search(r"\\\(|\\\[|\$\$", page.locator("article").inner_text())
    pictures = page.locator("article :is(img, svg:not(.md-icon svg, a svg))")
    for picture in pictures.all():
        assert picture.get_attribute("alt") or picture.get_attribute("aria-label")

    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), f"scrolls sideways at {size['width']} px"
        assert page.evaluate(CUT_OFF) == [], f"cut off at {size['width']} px"
        assert page.evaluate(SPLIT) == [], f"broken inside of a word at {size['width']} px"
        if folder_of(path) != "zh-hant/":
            # The theme lets the keyboard reach what scrolls, some time after the size changed.
            for _ in range(50):
                problems = violations(page, ["scrollable-region-focusable"])
                if not problems:
                    break
                page.wait_for_timeout(100)
            assert problems == []


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """Ask axe about the page, or about some of its rules."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    result = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{found['impact']} {found['id']}: {node['html'][:200]} {node['failureSummary']}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


def test_loss_pages_show_mathematics_and_figures(loss_page: str, page: Page, address: str) -> None:
    """What is on them, `test_loss_pages_have_mathematics_figures_and_source` reads on all."""
    page.goto(f"{address}/{loss_page}")
    assert page.locator("math").first.bounding_box()["height"] > 5
    loss = next(loss for loss in CATALOG if loss.function == Path(loss_page).stem)
    figures = page.locator(f"#figure-{loss.function} svg")
    assert figures.count() == (2 if loss.curve is not None else 0)
    for figure in figures.all():
        assert figure.bounding_box()["height"] > 100


@pytest.mark.parametrize(
    ("size", "screens"), [({"width": 1440, "height": 900}, 1), (PHONE, 3)], ids=["desktop", "phone"]
)
def test_the_card_begins_on_the_first_screen(
    loss_page: str, size: dict[str, int], screens: int, page: Page, address: str
) -> None:
    """Formula, gradient, code and curves; on a phone within three screens.

    Of short code, the end is there, too.
    """
    page.set_viewport_size(size)
    page.goto(f"{address}/{loss_page}")
    tops = page.evaluate(
        """() => [".formulas > :first-child", ".formulas > :last-child", "pre", ".figure"]
          .map(name => document.querySelector(`.card ${name}`).getBoundingClientRect().top)"""
    )
    code = page.locator(".card .tabbed-block pre").first
    if code.inner_text().strip().count("\n") < LINES:
        tops.append(code.evaluate("code => code.getBoundingClientRect().bottom"))
    assert max(tops) < screens * size["height"], tops


def test_figures_follow_the_colour_scheme(browser: Browser, address: str) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{address}/losses/mse_loss.html")
        text = page.locator(".figure text").first
        seen.add(text.evaluate("element => getComputedStyle(element).fill"))
        context.close()
    assert len(seen) == 2


def test_paper_shows_the_text_alone(page: Page, address: str) -> None:
    page.goto(f"{address}/{LONGEST}")
    page.emulate_media(media="print")
    for selector in (".md-header", ".md-sidebar", ".md-footer", ".md-code__nav"):
        for element in page.locator(selector).all():
            assert not element.is_visible(), selector
    width = page.locator("article").bounding_box()["width"]
    assert width > 0.9 * DESKTOP["width"]


@each_language
def test_everything_can_be_reached_with_the_keyboard(folder: str, page: Page, address: str) -> None:
    page.goto(f"{address}/{folder}losses/mse_loss.html")
    page.keyboard.press("Tab")
    focus = "document.activeElement.className"
    assert "md-skip" in page.evaluate(focus)
    reached = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        reached |= set(str(page.evaluate(focus)).split())
        if "md-footer__link--next" in reached:
            break
    assert {"md-logo", "md-option", "md-nav__link", "md-code__button"} <= reached
    assert "md-footer__link--next" in reached

    page.keyboard.press("/")
    page.wait_for_selector("input.md-search__input:focus")
    page.keyboard.type("huber")
    page.wait_for_selector(".md-search-result__item a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/{folder}losses/huber_loss.html*")

    page.set_viewport_size(PHONE)
    page.goto(f"{address}/{folder}losses/mse_loss.html")
    page.locator("label.md-header__button[for=__drawer]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.getElementById('__drawer').checked")


@each_language
def test_the_groups_of_the_sidebar_open_and_close(folder: str, page: Page, address: str) -> None:
    """By the mouse and by both keys; at first those around the page are open."""
    page.goto(f"{address}/{folder}losses/mse_loss.html")
    groups = page.locator(".md-sidebar--primary .md-nav__item--nested")
    assert groups.count() == len(FAMILIES) + len(("Learn", "Guides", "Recipes", "Losses"))
    for group in groups.all():
        toggle, inside = group.locator("> label"), group.locator("> nav > ul")
        shown = "md-nav__item--active" in str(group.get_attribute("class")).split()
        assert inside.is_visible() == shown
        for key in ("Enter", "Space", "", ""):
            if key:
                toggle.press(key)
            else:
                toggle.click()
            shown = not shown
            inside.wait_for(state="visible" if shown else "hidden")


# Copying

# Presses every button, even the folded ones, and reads what is on the clipboard then.
PRESS = """async () => {
  const taken = [];
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  for (const button of document.querySelectorAll("article .md-code__button")) {
    await navigator.clipboard.writeText("nothing");
    button.click();
    const block = button.closest(".highlight");
    taken.push({
      copied: await navigator.clipboard.readText(),
      shown: block.querySelector("code").textContent,
      raises: (block.dataset.raises || "").split(" ").filter(Boolean),
      package: "package" in block.dataset,
    });
  }
  return taken;
}"""


BLOCK = re.compile(
    r'<div class="((?:[\w-]+ )*highlight(?: [\w-]+)*)"([^>]*)><pre[^>]*>'
    r'(?:<div class="md-code__nav"><button ([^>]*)></button></div>)?(.*?)</pre>',
    re.DOTALL,
)


def blocks(path: str) -> list[dict[str, Any]]:
    """Read what each button of a page will copy, and what stands beside it."""
    found = []
    for names, more, button, inner in BLOCK.findall((SITE / path).read_text("utf-8")):
        shown = html.unescape(re.sub(r"<[^>]*>", "", inner))
        offered = {"in-code", "standalone"} & set(names.split())
        program = names == "language-python highlight"
        # No block with a prompt is without a button, none without a prompt has one but these:
        assert bool(button) == bool(offered or program or 'class="gp"' in inner), f"{path}: {shown}"
        text = re.search('data-clipboard-text="([^"]*)"', button)
        raises = re.search('data-raises="([^"]*)"', more)
        if button:
            assert text or f'data-clipboard-target=".{min(offered)} code"' in button, path
            found.append(
                {
                    "copied": html.unescape(text[1]) if text else shown,
                    "shown": shown,
                    "raises": raises[1].split() if raises else [],
                    "package": "data-package" in more,
                }
            )
    return found


def test_the_buttons_copy_what_the_files_say(any_page: str, page: Page, address: str) -> None:
    page.goto(f"{address}/{any_page}")
    pressed, written = page.evaluate(PRESS), blocks(any_page)
    for block in (*pressed, *written):
        block["copied"] = block["copied"].strip()  # a selection may end before the last line does
    assert pressed == written


def test_what_is_copied_runs_and_prints_what_is_shown() -> None:
    """On every page. That the buttons copy it, `test_the_buttons_copy_...` tries in a browser."""
    sessions, wrong, package, offered = 0, [], 0, set()
    for path in ENGLISH:
        shown = ""
        for block in blocks(path):
            if not block["shown"].startswith(">>> "):
                offered.add(block["copied"].strip())
                continue
            sessions += 1
            package += block["package"]
            shown = with_steps(block["shown"], shown)  # a step brings those before it
            examples = doctest.DocTestParser().get_examples(shown)
            names = dict.fromkeys(e.exc_msg.split(":")[0].strip() for e in examples if e.exc_msg)
            assert block["raises"] == list(names), path
            if not block["package"]:
                want = "".join(example.exc_msg or example.want for example in examples)
                got = printed_by(block["copied"])
                if not same(got, want):
                    wrong.append(f"{path}:\n{block['copied']}\nshown:\n{want}\nprinted:\n{got}")
    assert not wrong, "\n\n".join(wrong)
    assert sessions > 8 * len(CATALOG)
    assert package < 10
    for loss in CATALOG:
        assert short(loss.function).strip() in offered
        assert bundle(loss.function).strip() in offered


@each_translation
def test_translated_pages_copy_the_same(folder: str) -> None:
    """Their blocks are those of the English pages, so nothing needs to be run again."""
    for path in ENGLISH:
        english, other = ((SITE / p).read_text("utf-8") for p in (path, folder + path))
        for pattern in (
            r'data-clipboard-\w+="([^"]*)"',
            r"<pre[^>]*>(?:<div.*?</div>)?(.*?)</pre>",
        ):
            blocks = [re.findall(pattern, text, re.DOTALL) for text in (english, other)]
            assert blocks[0] == blocks[1], path


def test_a_press_on_the_visible_button_copies(page: Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    page.locator(".md-code__button").first.click()
    page.locator(".md-dialog--active").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("import torch\n")
    assert ">>>" not in copied
    assert "tensor(0.1698)" not in copied


# Searching


def queries(folder: str) -> list[tuple[str, list[str], bool]]:
    """Read what people type, the pages of which one must be first, and whether it is by now.

    Where a section is named, the result must open there.
    """
    name = "queries.zh.txt" if folder else "queries.txt"
    lines = (ROOT / "tests" / name).read_text("utf-8").splitlines()
    if folder == "zh-hant/":
        lines = [traditional.text(line) for line in lines]
    parts = [re.split(r" (->|~>) ", line) for line in lines if line and line[0] != "#"]
    return [(query.strip(), pages.split(", "), arrow == "->") for query, arrow, pages in parts]


def opened(link: str) -> str:
    """Return the page and the section that a result of the search opens."""
    url = urlsplit(link)
    section = url.fragment or "".join(parse_qs(url.query).get("at", []))
    return url.path.removeprefix("/some/folder/") + (f"#{section}" if section else "")


@each_language
def test_search_finds_the_right_page_first(folder: str, page: Page, address: str) -> None:
    page.goto(f"{address}/{folder}index.html", wait_until="networkidle")
    field = page.locator("input.md-search__input")
    field.click()
    placeholder = page.evaluate(
        "JSON.parse(document.querySelector('#__config').textContent)"
        ".translations['search.result.placeholder']"
    )
    ranks, missed = [], []
    for query, wanted, must in queries(folder):
        field.fill("")
        field.press("End")  # the theme waits for a key
        page.wait_for_function(
            "p => document.querySelector('.md-search-result__meta').innerText === p",
            arg=placeholder,
        )
        field.fill(query)
        field.press("End")
        page.wait_for_function(
            "p => document.querySelector('.md-search-result__meta').innerText !== p",
            arg=placeholder,
        )
        links = page.locator(".md-search-result__item > a").evaluate_all(
            "links => links.map(link => link.href)"
        )
        found = [opened(link).removeprefix(f"{folder}") for link in links]
        rank = next(
            (
                at
                for at, one in enumerate(found, 1)
                if one in wanted or one.partition("#")[0] in wanted
            ),
            None,
        )
        ranks.append(1 / rank if rank else 0.0)
        if must and rank != 1 and (not folder or set(wanted) <= set(translated(folder))):
            missed.append(f"{query!r}: {wanted} has rank {rank}, first is {found[:1]}")
    report = f"mean reciprocal rank {sum(ranks) / len(ranks):.3f} over {len(ranks)} queries"
    print(report)
    assert not missed, "\n".join([report, *missed])


# What must be marked is whole words of the query, in the section that the result opens.
MARKED = """() => {
  const heading = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  const titles = [...document.querySelectorAll("article :is(h1, h2, h3)")]
  const start = titles.indexOf(heading ?? titles[0])
  const end = titles.slice(start + 1).find(title => !heading || title.tagName <= heading.tagName)
  const after = (a, b) => a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING
  return [...document.querySelectorAll("mark")].map(mark => ({
    word: mark.textContent.toLowerCase(),
    beside: (mark.previousSibling?.textContent ?? "").slice(-1)
      + (mark.nextSibling?.textContent ?? "").slice(0, 1),
    inside: (titles[start].contains(mark) || !!after(titles[start], mark))
      && !(end && after(end, mark)),
  }))
}"""


@pytest.mark.parametrize(
    ("folder", "query", "words", "most"),
    [
        ("", "cross entropy", {"cross", "entropy"}, 60),
        ("", "kl_div negative", {"kl", "div", "negative"}, 60),
        ("", "why is my loss nan", {"nan"}, 60),
        ("zh/", "交叉熵", {"交叉", "熵", "交叉熵"}, 60),
    ],
)
def test_a_result_opens_at_its_section_and_marks_whole_words_there(
    folder: str, query: str, words: set[str], most: int, page: Page, address: str
) -> None:
    page.goto(f"{address}/{folder}index.html", wait_until="networkidle")
    page.locator("input.md-search__input").click()
    meta = page.locator(".md-search-result__meta")
    before = meta.inner_text()
    page.locator("input.md-search__input").fill(query)
    page.keyboard.press("End")  # the theme waits for a key
    page.wait_for_function(
        "p => document.querySelector('.md-search-result__meta').innerText !== p", arg=before
    )
    first = page.locator(".md-search-result__item > a").first
    wanted = opened(first.evaluate("link => link.href"))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.removeprefix(f"{address}/") == wanted)
    marks = page.evaluate(MARKED)
    assert 0 < len(marks) <= most
    for mark in marks:
        assert mark["inside"] and mark["word"] in words
        assert folder or not re.search(r"[^\W_]", mark["beside"]), mark
    if "#" in wanted:
        top = page.evaluate(
            "document.getElementById(decodeURIComponent(location.hash.slice(1)))"
            ".getBoundingClientRect().top"
        )
        assert 0 <= top < 900, top


@each_language
def test_a_pasted_message_leads_to_what_it_means(folder: str, page: Page, address: str) -> None:
    page.goto(f"{address}/{folder}guide/fix.html")
    field = page.locator("#message")
    for message, wanted in {
        "Traceback (most recent call last):\n  File ...\nIndexError: Target 10 is out of bounds.": (
            "losses/cross_entropy.html#target-3-is-out-of-bounds"
        ),
        "Expected floating point type for target with class probabilities, got Long": (
            "guide/troubleshooting.html#dtype"
        ),
        "loss stuck at 0.693": "guide/troubleshooting.html#ln-c",
        "RuntimeError: CUDA error: device-side assert triggered": (
            "guide/troubleshooting.html#device-side-assert"
        ),
    }.items():
        field.fill(message)
        first = page.locator("#answers a").first.evaluate("link => link.href")
        assert first == f"{address}/{folder}{wanted}"


# Anywhere


@each_language
def test_pages_opened_as_files_read_well(folder: str, page: Page) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.goto((SITE / folder / "index.html").as_uri())
    page.locator("article a[href*='mse_loss']").first.click()
    page.wait_for_url(f"file://**/{folder}losses/mse_loss.html")
    assert page.locator("#figure-mse_loss svg").first.bounding_box()["height"] > 100
    assert page.evaluate("document.fonts.load('16px \"STIX Two Math\"').then(f => f.length)") == 1
    assert not page.locator(".md-search__input").is_visible()
    page.set_viewport_size(PHONE)
    assert not page.locator("label[for=__search]").first.is_visible()
    assert page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    ), "scrolls sideways"
    page.set_viewport_size(DESKTOP)
    page.locator(".md-code__button").first.click()
    page.locator(".md-dialog--active").wait_for()
    page.locator("a.md-footer__link--next").click()
    page.wait_for_url("file://**/losses/*.html")
    assert [p for p in problems if "search" not in p] == []


# What the files tell, of every page


class Element(NamedTuple):
    name: str
    attributes: dict[str, str]
    around: list[Element]

    def has(self, name: str) -> bool:
        return name in self.attributes.get("class", "").split()

    def inside(self, *names: str) -> bool:
        return any(element.name in names for element in self.around)


class Markup(HTMLParser):
    """The elements of a page, each with those around it."""

    VOID = ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")

    def __init__(self, path: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.around: list[Element] = []
        self.title = ""
        self.feed((SITE / path).read_text("utf-8"))

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attributes}
        element = Element(name, found, list(self.around))
        self.elements.append(element)
        if name not in self.VOID:
            self.around.append(element)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(name, attributes)
        if name not in self.VOID:
            self.around.pop()

    def handle_endtag(self, name: str) -> None:
        if any(element.name == name for element in self.around):
            while self.around.pop().name != name:
                pass

    def handle_data(self, text: str) -> None:
        if [element.name for element in self.around[1:]] == ["head", "title"]:
            self.title += text


# What a browser fetches by itself; other links wait for a reader.
LOADED = ("stylesheet", "icon", "preload", "prefetch", "preconnect", "modulepreload", "manifest")
ELSEWHERE = re.compile(r"(?:^|url\(['\"]?|@import ['\"]?)\s*(?:[a-z]+:)?//")


def fetches(element: Element) -> bool:
    if element.name in ("a", "meta"):
        return False
    return element.name != "link" or element.attributes.get("rel") in LOADED


def flaws(element: Element) -> Iterator[str]:
    """Find what is wrong with an element alone."""
    name, attributes, around = element
    for key in ("src", "href", "srcset", "data", "poster", "style", "xlink:href"):
        if fetches(element) and ELSEWHERE.search(attributes.get(key, "")):
            yield f"{key} is fetched from another host"
    for key in ("aria-label", "title", "placeholder", "id"):
        if not attributes.get(key, "something").strip():
            yield f"{key} is empty"
    is_icon = element.inside("a") or any(other.has("md-icon") for other in around)
    said = attributes.get("alt") or attributes.get("aria-label")
    if name in ("img", "svg") and element.inside("article") and not (is_icon or said):
        yield "a picture says nothing"


def test_the_files_of_all_pages_are_sound() -> None:
    """A browser opens one page of each kind; this is what it could miss on the others."""
    problems: list[str] = []
    titles, seen = Counter[str](), Counter[str]()
    for path in PAGES:
        page = Markup(path)
        seen.update(element.name for element in page.elements if element.inside("article"))
        assert page.title.strip(), path
        titles[folder_of(path) + page.title] += path in PUBLISHED
        language_ = page.elements[0].attributes.get("lang")
        assert language_ == LANGUAGES[folder_of(path)], path
        top = [element for element in page.elements if element.name == "h1"]
        assert len(top) == 1 and top[0].inside("article"), path
        names = Counter(e.attributes["id"] for e in page.elements if "id" in e.attributes)
        assert names, path
        problems += [f"{path}: #{name} is there twice" for name in names if names[name] > 1]
        for element in page.elements:
            problems += [f"{path}: {element[:2]}: {flaw}" for flaw in flaws(element)]
        written = sum(e.has("math") and e.name in ("span", "div") for e in page.elements)
        drawn = sum(e.name == "math" and e.around[-1].has("math") for e in page.elements)
        assert written == drawn, f"{path}: a formula is empty"
        article = ARTICLE.search((SITE / path).read_text("utf-8"))
        assert article, path
        said = re.sub(r"<(pre|code)\b.*?</\1>", "", article[0], flags=re.DOTALL)
        if raw := re.search(r"\\\(|\\\[|\$\$", text_of(said)):
            problems.append(f"{path}: {raw[0]} is left of a formula")
    assert problems == []
    assert [title for title, times in titles.items() if times > 1] == []
    assert min(seen[name] for name in ("svg", "math")) > 2 * len(CATALOG) * len(LANGUAGES)


def test_styles_fetch_nothing_from_elsewhere() -> None:
    styles = {sheet.read_text("utf-8") for sheet in SITE.glob("**/assets/**/*.css")}
    assert styles
    for path in PAGES:
        styles |= set(re.findall("<style>(.*?)</style>", (SITE / path).read_text("utf-8")))
    for style in styles:
        assert not ELSEWHERE.search(style)


@each_language
def test_loss_pages_have_mathematics_figures_and_source(folder: str) -> None:
    for loss in CATALOG:
        path = f"{folder}losses/{loss.function}.html"
        page = Markup(path)
        there, shown = Counter[str](), Counter[str]()
        for name, attributes, around in page.elements:
            there[attributes.get("id", "")] += 1
            shown.update([name, *attributes.get("class", "").split()])
            figure = any(e.attributes.get("id") == f"figure-{loss.function}" for e in around)
            shown["panel"] += figure and name == "svg" and bool(attributes.get("aria-label"))
        assert shown["math"] >= 4, path  # two, each in its box
        mark = re.search("</math></span>[.,;:。，；：、]", (SITE / path).read_text("utf-8"))
        assert not mark, f"{path}: a line may begin with the mark {mark[0][-1]}"
        assert shown["panel"] == (2 if loss.curve is not None else 0), path
        for name in (loss.function, *loss.classes):
            assert there[f"losses.{name}"] == 1, f"{path}: {name}"
        assert shown["in-code"] == shown["standalone"] == 1, path


# Links


def references(path: str, site: Path = SITE) -> Iterator[str]:
    for value in re.findall(r'(?:href|src)="([^"]*)"', (site / path).read_text("utf-8")):
        yield html.unescape(value)


def test_no_link_is_broken() -> None:
    ids = {
        path: set(re.findall(r'\b(?:id|name)="([^"]*)"', (SITE / path).read_text("utf-8")))
        for path in PAGES
    }
    broken = []
    for path in PAGES:
        for reference in references(path):
            if re.match(r"\w+:", reference):
                continue
            target, anchor = urldefrag(urljoin(f"/{path}", reference))
            target = target.lstrip("/")
            target = target or "index.html"
            if not (SITE / target).exists() or (
                anchor and target in ids and unquote(anchor) not in ids[target]
            ):
                broken.append(f"{path}: {reference}")
    assert broken == []


@each_translation
def test_translated_pages_have_the_same_anchors(folder: str) -> None:
    for path in ENGLISH:
        articles = [
            re.search("<article.*?</article>", (SITE / p).read_text("utf-8"), re.DOTALL)
            for p in (path, folder + path)
        ]
        english, other = (
            re.findall(r'\bid="([^"]*)"', re.sub("<svg.*?</svg>", "", article[0], flags=re.DOTALL))
            for article in articles
            if article
        )
        assert english == other, path


@pytest.mark.parametrize("served", [True, False], ids=["served", "files"])
def test_the_language_can_be_switched_on_every_page(served: bool, page: Page, address: str) -> None:
    root = address if served else SITE.as_uri()
    here = ""
    page.goto(f"{root}/losses/mse_loss.html")
    for folder in ("zh/", "zh-hant/", "", "zh-hant/", "zh/", ""):
        page.locator(".md-select button").hover()
        page.locator(f".md-select__link[hreflang={LANGUAGES[folder]}]").click()
        page.wait_for_url(f"{root}/{folder}losses/mse_loss.html")
        assert page.locator("html").get_attribute("lang") == LANGUAGES[folder], here
        here = folder


@pytest.mark.parametrize("served", [True, False], ids=["served", "files"])
def test_another_language_shows_the_section_that_was_read(
    served: bool, page: Page, address: str
) -> None:
    root = address if served else SITE.as_uri()
    page.goto(f"{root}/guide/stability.html")
    page.locator("#cross-entropy").evaluate("title => title.scrollIntoView()")
    page.locator(".md-select button").hover()
    page.locator(".md-select__link[hreflang=zh-Hans]").click()
    page.wait_for_url(f"{root}/zh/guide/stability.html#cross-entropy")
    # At the top of a page nothing is chosen yet.
    page.goto(f"{root}/zh/guide/stability.html")
    page.locator(".md-select button").hover()
    page.locator(".md-select__link[hreflang=en]").click()
    page.wait_for_url(f"{root}/guide/stability.html")


def test_pages_name_their_siblings() -> None:
    link = re.compile(r'<link rel=" ?alternate" hreflang="([^"]*)" href="([^"]*)">')
    for path in PUBLISHED:
        english = path.removeprefix(folder_of(path))
        found = {
            code: urljoin(f"/{path}", target)
            for code, target in link.findall((SITE / path).read_text("utf-8"))
        }
        assert found == {code: f"/{folder}{english}" for folder, code in LANGUAGES.items()}, path


# Words

# Whose words stay English: code, what is linked elsewhere (papers), what says its language.
ASIDE = re.compile(
    r"<(pre|code|script|style)\b.*?</\1>|<a [^>]*https?:[^>]*>.*?</a>"
    r"|<(\w+)[^>]* (?:lang|translate)=.*?</\2>",
    re.DOTALL,
)
SPOKEN = re.compile(r'(?:title|aria-label|alt|content|data-alt|placeholder)="([^"]*)"')


def words(path: str) -> list[str]:
    """Return what a page says, in texts and in attributes."""
    page = re.sub(r"<html[^>]*>", "", (SITE / path).read_text("utf-8"))
    page = ASIDE.sub(" x1 ", page)
    parts = re.split(r"<[^>]*>", re.sub(r"</?(?:span|em|strong|b)\b[^>]*>", "", page))
    return [html.unescape(part) for part in [*parts, *SPOKEN.findall(page)] if part.strip()]


def translated(folder: str) -> list[str]:
    """List the pages that do not say themselves that some of their words are in English."""
    pages = {path: (SITE / folder / path).read_text("utf-8") for path in ENGLISH}
    return [
        path for path, text in pages.items() if 'class="admonition note in-english"' not in text
    ]


@each_translation
def test_no_english_is_left(folder: str) -> None:
    """Four plain words in a row are a sentence, unless code shows them: a quoted message."""
    sentence = re.compile(r"(?:\b[a-z]{2,}[ ,]+){3,}[a-z]{2,}\b")
    names = " ".join(name for loss in CATALOG for name in loss.aliases)
    left = set()
    # The changelog is English, and what is to be fixed is called by its message.
    for path in set(translated(folder)) - {"changelog.html", "guide/fix.html"}:
        page = (SITE / folder / path).read_text("utf-8")
        code = [*re.findall(r"<(code|em)\b[^>]*>(.*?)</\1>", page, re.DOTALL)]
        shown = text_of(" ".join(inner for _, inner in code))
        for part in words(folder + path):
            for match in sentence.finditer(part):
                if match[0] not in shown and match[0] not in names:
                    left.add(f"{path}: {match[0]} in {part.strip()}")
    assert not left, "\n".join(sorted(left))


# Beside Han characters, and beside the code and the formulas of a Chinese line.
HALF_WIDTH = re.compile(
    r"[\u4e00-\u9fff）] ?[,;:?!](?=\s|[\u4e00-\u9fff]|$)|[\u4e00-\u9fff] \(码|–$"
)
LINE = re.compile(r"</(?:p|li|td|th|h\d|div|summary|figcaption)>|<br>")


def test_no_english_punctuation_is_left() -> None:
    left = set()
    for path in set(translated("zh/")) - {"changelog.html"}:  # that is English
        article = ARTICLE.search((SITE / "zh" / path).read_text("utf-8"))
        assert article
        page = re.sub(r"<(pre|svg|style|script)\b.*?</\1>", "", article[0], flags=re.DOTALL)
        page = re.sub(r"<(code|math)\b.*?</\1>", "码", page, flags=re.DOTALL)
        for line in map(text_of, LINE.split(page)):
            if match := HALF_WIDTH.search(line):
                left.add(f"{path}: {line[max(0, match.start() - 20) : match.end() + 20]}")
    assert not left, "\n".join(sorted(left))


def test_no_simplified_character_is_left_in_traditional() -> None:
    """Each is one that Big5 has."""
    left = set()
    for path in ENGLISH:
        for part in words(f"zh-hant/{path}"):
            for character in part:
                if "\u4e00" <= character <= "\u9fff":
                    try:
                        character.encode("big5hkscs")
                    except UnicodeEncodeError:
                        left.add(f"{path}: {character} in {part.strip()[:60]}")
    assert not left, "\n".join(sorted(left))


# Anchors and inventories


def test_published_anchors_stay() -> None:
    listed = set(ANCHORS.read_text("utf-8").split())
    missing = listed - anchors(SITE)
    assert missing == set(), 'others link there: keep it with `<a id="anchor"></a>`'


@each_language
def test_programs_find_their_way(folder: str) -> None:
    site = SITE / folder
    listed = re.findall(r"\]\((.*?)\)", (site / "llms.txt").read_text("utf-8"))
    assert sorted(listed) == sorted(path.replace(".html", ".md") for path in ENGLISH)
    for path in listed:
        text = (site / path).read_text("utf-8")
        assert text.startswith("# ")
        assert not re.search(r"^(\{\{|:::) ", text, re.MULTILINE)
    descriptions = [
        re.search(r'<meta name="description" content="(.*?)"', (site / path).read_text("utf-8"))
        for path in ENGLISH
    ]
    assert all(descriptions)
    assert len({match[1] for match in descriptions if match}) == len(ENGLISH)


@each_language
def test_the_inventory_names_the_public_api(folder: str) -> None:
    raw = (SITE / folder / "objects.inv").read_bytes().split(b"\n", 4)
    names = {line.split()[0] for line in zlib.decompress(raw[4]).decode().splitlines()}
    public = {f"losses.{name}" for loss in CATALOG for name in (loss.function, *loss.classes)}
    # Where each is defined, and its family.
    private = {name for name in names if re.match(rf"losses\.(_|({'|'.join(FAMILIES)})\.)", name)}
    methods = {name for name in names - private if name.rpartition(".")[0] in public}
    assert names - private - methods == public
    documented = {name.partition(".")[2] for name in public | methods}
    place = re.compile(rf"losses\.(({'|'.join(FAMILIES)})\.)?(_\w+\.)?")
    assert {place.sub("", name, count=1) for name in private} == documented


def test_the_font_has_every_character_of_the_formulas() -> None:
    covered = set(map(chr, TTFont(TARGET).getBestCmap()))
    # The selector of a variant draws nothing itself.
    assert characters(SITE) - covered - {"\ufe00"} == set(), "run python scripts/dev/font.py"


# Building and serving


def test_a_published_build_says_where_it_lives_and_comes_out_the_same_again(
    tmp_path: Path,
) -> None:
    where, forge = "https://example.org/some/folder/", "https://example.com/owner/losses"
    built = []
    for name in ("first", "second"):
        site = tmp_path / name
        settings = {"SITE_URL": where, "REPO_URL": forge, "SITE_DIR": str(site)}
        subprocess.run(
            [sys.executable, "scripts/run.py", "build", "--site-dir", site],
            cwd=ROOT,
            env=os.environ | settings,
            check=True,
            capture_output=True,
        )
        files_ = [path for path in sorted(site.rglob("*")) if path.is_file()]
        built.append({path.relative_to(site).as_posix(): path.read_bytes() for path in files_})
    first, second = built
    assert [path for path in first | second if first.get(path) != second.get(path)] == []

    for folder in LANGUAGES:
        listed = re.findall(r"<loc>(.*?)</loc>", first[f"{folder}sitemap.xml"].decode())
        assert sorted(listed) == sorted(where + folder + path for path in ENGLISH)
        assert gzip.decompress(first[f"{folder}sitemap.xml.gz"]) == first[f"{folder}sitemap.xml"]
    for path in PUBLISHED:
        text = first[path].decode()
        canonical = where + path
        assert f'<link rel="canonical" href="{canonical}">' in text
        assert f'property="og:url" content="{canonical}"' in text
        folder = folder_of(path)
        source = path.removeprefix(folder).replace(".html", ".md")
        # Traditional comes from Simplified, and what has no translation from the English.
        origin = "zh" if folder and translate.is_current(ROOT / "docs/zh" / source) else "en"
        assert f'href="{forge}/edit/main/docs/{origin}/{source}"' in text
        english = path.removeprefix(folder)
        for folder, code in LANGUAGES.items():
            assert f'hreflang="{code}" href="{where}{folder}{english}"' in text
    assert (
        f"{forge}/blob/main/losses/regression/_mse_loss.py"
        in first["losses/mse_loss.html"].decode()
    )
    # Whatever the address that was not found, its page finds its files.
    missing = first["404.html"].decode()
    assert re.findall(r'(?:href|src)="(?!/some/folder/|https?:|#|mailto:)([^"]+)"', missing) == []


@contextmanager
def serving(folder: Path, *command: str) -> Iterator[str]:
    """Run a command that serves; yield its address once it does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, *command, "--dev-addr", f"127.0.0.1:{port}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )
    try:
        for _ in range(600):
            time.sleep(0.5)
            assert server.poll() is None, "serve ended by itself"
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/"):
                break
        else:
            pytest.fail("nothing was served within five minutes")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, 15)
        server.wait()


def served(url: str) -> str:
    with urllib.request.urlopen(url) as response:
        return str(response.read().decode("utf-8"))


def test_the_serve_command_serves() -> None:
    with serving(ROOT, "scripts/run.py", "serve") as site:
        for folder, code in LANGUAGES.items():
            assert f'<html lang="{code}"' in served(f"{site}/{folder}index.html")


def test_edits_are_served_within_five_seconds(tmp_path: Path) -> None:
    """The best of three: the machine has other things to do."""
    for name in ("losses", "docs", "scripts", "build/figures", "build/sessions"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("mkdocs.yml", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    english, chinese = (tmp_path / f"docs/{name}/losses/mse_loss.md" for name in ("en", "zh"))
    text = chinese.read_text("utf-8")
    text = text.replace(language.stamped(chinese), language.stamp_of(english))
    chinese.write_text(text, "utf-8")  # else: what is served is the English
    edits = {
        "losses/mse_loss.html": ("losses/regression/_mse_loss.py", "Measure the squared error"),
        "zh/losses/mse_loss.html": ("docs/zh/losses/mse_loss.md", "\n## "),
        "zh-hant/losses/mse_loss.html": ("docs/zh/losses/mse_loss.md", "\n## "),
    }
    numbers = count(101)
    with serving(tmp_path, "-m", "scripts.website.serve") as site:
        for page, (name, place) in edits.items():
            taken = []
            for _ in range(3):
                word = f"第{next(numbers)}次"  # the other pages may show it as well
                file = tmp_path / name
                text = file.read_text("utf-8")
                assert place in text
                assert word not in served(f"{site}/{page}")
                file.write_text(text.replace(place, f"{place}{word}", 1), "utf-8")
                start = time.monotonic()
                while word not in served(f"{site}/{page}"):
                    time.sleep(0.1)
                    assert time.monotonic() - start < 60, f"{page} stays as it was"
                taken.append(time.monotonic() - start)
            print(page, taken)
            assert min(taken) < 5, page
