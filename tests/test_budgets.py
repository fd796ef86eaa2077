"""What a visit may weigh, and how long it may take, today and with 100 losses.

Run by `python scripts/run.py browser` after `python scripts/run.py build`. With `-s -k light`, the
tests print where the bytes of the heaviest pages go.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from losses.catalog import CATALOG
from scripts.website.postprocess import LISTS
from tests.conftest import Host, serve
from tests.pages import DESKTOP, ENGLISH, LANGUAGES, LONGEST, PHONE, SITE

pytestmark = pytest.mark.browser

STEADY = 0.03  # of a screen: the mathematics font may come after the text
LOSSES = 100  # the site is to stay light up to these
FIRST_VISIT, NEXT_PAGE, INDEX = 200_000, 60_000, 500_000  # bytes, as they are sent
FIRST_PAINT = 2000  # milliseconds, on the slow phone
each_language = pytest.mark.parametrize("folder", LANGUAGES, ids=LANGUAGES.values())
each_size = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])

# A loss in the navigation, on a page other than its own.
FUNCTIONS = "|".join(loss.function for loss in CATALOG)
ENTRY = re.compile(
    rf'<li class="md-nav__item">\s*<a href="(?P<folder>(?:[^"]*/)?)(?:{FUNCTIONS})\.html" '
    r'class="md-nav__link">\s*<span class="md-ellipsis">\s*(?P<name>[^<]+?)\s*</span>'
    r"\s*</a>\s*</li>"
)
# Pages that grow with the losses; the source documents stay four.
GROWING = sorted(LISTS - {"guide/errata", "sources"})


def names() -> list[str]:
    """Make up the losses that are still to come, of the words in the names that there are."""
    found = [part for loss in CATALOG for name in loss.classes for part in split(name)]
    words, dice = sorted(set(found) - {"Loss"}), random.Random(0)
    return ["".join([*dice.sample(words, 3), "Loss"]) for _ in range(LOSSES - len(CATALOG))]


def split(name: str) -> list[str]:
    return re.findall(r"[A-Z]+[a-z0-9]*", name)


def with_more_losses(text: str) -> str:
    """Give a page's navigation the entries of 100 losses, as the theme writes them."""
    entries = list(ENTRY.finditer(text))
    if not entries:  # not a page
        return text
    last, more = entries[-1], ""
    for name in names():
        entry = last[0].replace(last["name"], name)
        address = f"{last['folder']}{'_'.join(split(name)).lower()}.html"
        more += "\n" + re.sub('href="[^"]*"', f'href="{address}"', entry)
    return text[: last.end()] + more + text[last.end() :]


class WideHost(Host):
    """Serves the site with 100 losses in its navigation."""

    def content(self, file: Path) -> bytes:
        body = super().content(file)
        return with_more_losses(body.decode("utf-8")).encode() if file.suffix == ".html" else body


@pytest.fixture(scope="module")
def wide_address() -> Iterator[str]:
    with serve(WideHost) as address:
        yield address


def test_the_navigation_is_widened() -> None:
    for folder in LANGUAGES:
        text = (SITE / folder / LONGEST).read_text("utf-8")
        # The page is itself in its navigation, where the pattern does not look for it.
        assert len(ENTRY.findall(text)) == len(CATALOG) - 1
        assert len(re.findall('class="md-nav__link"', with_more_losses(text))) >= LOSSES
        assert len(set(names())) == LOSSES - len(CATALOG)


VITALS = """() => new Promise(resolve => {
  const vitals = {paint: 0, shift: 0};
  const watch = (type, take) => new PerformanceObserver(list => list.getEntries().forEach(take))
    .observe({type, buffered: true});
  watch("largest-contentful-paint", entry => vitals.paint = entry.startTime);
  watch("layout-shift", entry => vitals.shift += entry.value);
  setTimeout(() => resolve(vitals), 500);
})"""


def visit(page: Page, url: str, slow: bool) -> tuple[dict[str, int], dict[str, float]]:
    """Load a page; return the bytes of each answer, the search index apart, and the vitals."""
    client = page.context.new_cdp_session(page)
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    client.on(
        "Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]})
    )
    client.on(
        "Network.loadingFinished",
        lambda e: sizes.update({urls[e["requestId"]]: int(e["encodedDataLength"])}),
    )
    client.send("Network.enable")
    if slow:
        rate = 1.4e6 / 8
        client.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 560,
                "downloadThroughput": rate,
                "uploadThroughput": rate,
            },
        )
        client.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url, wait_until="networkidle")
    vitals = page.evaluate(VITALS)
    client.detach()
    return {url: size for url, size in sizes.items() if "search_index" not in url}, vitals


# Where a page's bytes go.
PARTS = {
    "styles": "<style>.*?</style>",
    "sidebars": '<div class="md-sidebar .*?(?=<div class="md-content")',
    "figures": "<figure.*?</figure>",
    "formulas": "<math.*?</math>",
    "code": "<pre.*?</pre>",
}


def packed(text: str) -> int:
    return len(gzip.compress(text.encode(), 6))


@each_language
def test_pages_are_light(folder: str, browser: Browser, wide_address: str) -> None:
    """The heaviest page of a loss comes first, then the heaviest other one; and the other way."""
    paths = [folder + path for path in ENGLISH]
    weights = {path: packed((SITE / path).read_text("utf-8")) for path in paths}
    print(weights)
    heaviest, second, *_ = sorted(weights, key=lambda path: -weights[path])
    assert "losses/" in heaviest and "losses/" in second
    for path in (heaviest, second):
        text = (SITE / path).read_text("utf-8")
        more = packed(with_more_losses(text)) - weights[path]
        print(f"{path}: {weights[path]} bytes packed, {more} more with {LOSSES} losses")
        print("without its")
        for part, pattern in PARTS.items():
            rest = re.sub(pattern, "", text, flags=re.DOTALL)
            print(f"  {part:9}{weights[path] - packed(rest):6} fewer")
    for order in ([heaviest, second], [second, heaviest]):
        context = browser.new_context(viewport=DESKTOP)
        page = context.new_page()
        for path, limit in zip(order, (FIRST_VISIT, NEXT_PAGE), strict=True):
            sizes, vitals = visit(page, f"{wide_address}/{path}", slow=False)
            listing = {url.removeprefix(wide_address): size for url, size in sizes.items() if size}
            print(path, sum(sizes.values()), listing)
            assert weights[path] < sum(sizes.values()) <= limit, listing
            assert vitals["shift"] < STEADY
        context.close()


@each_language
def test_pages_that_list_all_losses_stay_light(folder: str) -> None:
    """What is on them grows with the losses; their frame is that of any page."""
    for name in GROWING:
        text = (SITE / folder / f"{name}.html").read_text("utf-8")
        frame = packed(re.sub("<article.*?</article>", "", with_more_losses(text), flags=re.DOTALL))
        content = packed(text) - packed(re.sub("<article.*?</article>", "", text, flags=re.DOTALL))
        weight = frame + content * LOSSES / len(CATALOG)
        print(name, round(weight))
        assert content > 0
        assert weight <= NEXT_PAGE, name


@each_language
def test_the_search_index_stays_light(folder: str) -> None:
    """What is about a loss, or lists or compares them, grows with their number."""
    index = json.loads((SITE / folder / "search" / "search_index.json").read_text("utf-8"))

    def weight(entries: list[dict[str, Any]]) -> int:
        return packed(json.dumps(index | {"docs": entries}, ensure_ascii=False))

    kinds: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for entry in index["docs"]:
        page, _, section = entry["location"].partition(".html")
        grows = page in GROWING or page.startswith(("losses/", "comparisons/"))
        # What the documents say is about the losses that are there.
        kinds[grows and section != "#in-the-source-documents"].append(entry)
    assert len({entry["location"].partition(".html")[0] for entry in kinds[True]}) > len(CATALOG)
    whole, rest = weight(index["docs"]), weight(kinds[False])
    each = (whole - rest) / len(CATALOG)
    print(f"{whole} bytes packed, {each:.0f} a loss; with {LOSSES}: {rest + each * LOSSES:.0f}")
    assert rest + each * LOSSES <= INDEX


@each_language
@each_size
def test_pages_paint_soon_on_a_slow_phone(
    size: dict[str, int], folder: str, browser: Browser, wide_address: str
) -> None:
    paints = []
    for _ in range(3):  # the best of three: the machine has other things to do
        context = browser.new_context(viewport=size)
        _, vitals = visit(context.new_page(), f"{wide_address}/{folder}{LONGEST}", slow=True)
        context.close()
        assert vitals["shift"] < STEADY
        paints.append(vitals["paint"])
    print(paints)
    assert min(paints) < FIRST_PAINT


@each_language
@each_size
def test_nothing_moves_while_a_page_arrives(
    size: dict[str, int], folder: str, browser: Browser, slow_address: str
) -> None:
    """The first paint waits for the sidebars: they move until the content has begun."""
    context = browser.new_context(viewport=size)
    _, vitals = visit(context.new_page(), f"{slow_address}/{folder}{LONGEST}", slow=False)
    context.close()
    assert vitals["shift"] < STEADY
