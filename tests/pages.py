"""The pages of the built site, and which of them stand for the others in a browser."""

from __future__ import annotations

import re
from pathlib import Path

from losses.catalog import CATALOG

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
PUBLISHED = [path for path in PAGES if path != "404.html"]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LONGEST = "losses/cross_entropy.html"
ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
LANGUAGES = {"": "en", "zh/": "zh-Hans", "zh-hant/": "zh-Hant"}


def folder_of(path: str) -> str:
    return next((folder for folder in LANGUAGES if folder and path.startswith(folder)), "")


# The same pages in every language: English paths, without the folder.
ENGLISH = [path for path in PUBLISHED if not folder_of(path)]


def kind(path: str) -> tuple[object, ...]:
    """Tell what a page is like: where it is, and what is on it. Above all folders, each differs."""
    folder, _, name = path.rpartition("/")
    article = ARTICLE.search((SITE / path).read_text("utf-8"))
    parts = ("<table", '<figure class="figure"', 'class="gp"', "<math")
    found = [part for part in parts if article and part in article[0]]
    mined = [loss.function for loss in CATALOG if loss.family == "mining"]
    return folder, *found, Path(name).stem in mined, "" if folder else name


def representatives() -> list[str]:
    """Choose the heaviest page of each kind, the lightest of a loss, and two of the widest."""
    size = {path: (SITE / path).stat().st_size for path in ENGLISH}
    heaviest = {kind(path): path for path in sorted(ENGLISH, key=size.__getitem__)}
    losses = [path for path in ENGLISH if path.startswith("losses/")]
    lightest = sorted(losses, key=size.__getitem__)[:1]
    return sorted({*heaviest.values(), *lightest, LONGEST, "guide/rosetta.html"})


def in_a_browser(all_pages: bool) -> list[str]:
    """List what is opened: by default one page of each kind in each language, and the 404."""
    if all_pages or not ENGLISH:  # not built yet, as `address` will say
        return PAGES
    return ["404.html", *(folder + path for folder in LANGUAGES for path in representatives())]


def of_losses(paths: list[str]) -> list[str]:
    return [path for path in paths if re.match(r"losses/\w+\.html", path)]
