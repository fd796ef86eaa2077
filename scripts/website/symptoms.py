"""What goes wrong, as a list of links: the page "Fix an error" looks in it for a message.

It is made of the search's index: the sections of the troubleshooting guide, the pitfalls of every
loss, and whatever else has a name there.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from scripts.website.language import gettext

# Where the list stands, or that of the build before, when one page is served anew.
PLACE = re.compile(
    r'<div id="symptoms"></div>|<details><summary>[^<]*</summary><ul id="symptoms">.*?</details>',
    re.DOTALL,
)
PAGE = "guide/fix.html"
# The last line of a traceback, or a warning; or one that is quoted.
MESSAGE = re.compile(r"^\w*(?:Error|Warning): (.+)$", re.MULTILINE)
QUOTED = re.compile(r"<code>([^<>]*(?: [^<> ]+){4,})</code>")
AMONG = {"guide/troubleshooting.html", "guide/training.html", "concepts/backward.html"}


def fill(site: Path, entries: list[dict[str, Any]]) -> None:
    """Write the list into its page."""
    page = site / PAGE
    text, places = PLACE.subn(lambda _: listed(entries), page.read_text("utf-8"))
    assert places == 1, f"{PAGE} has no place for the list"
    page.write_text(text, "utf-8")


def listed(entries: list[dict[str, Any]]) -> str:
    """Return the list, folded, with the words to look for, of which titles alone are shown."""
    titles = {entry["location"]: entry["title"] for entry in entries}
    items = []
    for entry in symptoms(entries):
        page = entry["location"].partition("#")[0]
        title = re.sub(r"<[^>]*>", "", titles[page]).split(" · ")[0]
        text = html.unescape(entry["text"])
        words = [*entry.get("tags", ()), *MESSAGE.findall(text), *QUOTED.findall(text)]
        known = html.escape(" ".join(dict.fromkeys(" ".join(words).split()))[:400])
        link = f'<a href="../{entry["location"]}">{entry["title"]}</a>'
        items.append(f'<li data-words="{known}">{link} <span>{title}</span></li>')
    summary = gettext("All {count} symptoms and messages", count=len(items))
    body = "\n".join(items).replace("\u200b", "")
    return f'<details><summary>{summary}</summary><ul id="symptoms">\n{body}\n</ul></details>'


def symptoms(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sections that a symptom leads to, in the order of the pages."""
    found, pitfall = [], False
    for entry in entries:
        page, _, anchor = entry["location"].partition("#")
        if page.startswith("losses/"):
            # Between the two headings stand the pitfalls of a loss.
            pitfall = anchor == "pitfalls" or (pitfall and anchor != "easily-confused" and anchor)
            chosen = pitfall and anchor != "pitfalls"
        else:
            # A concept's page has other sections as well.
            trouble = "<code>" in entry["title"] or MESSAGE.search(html.unescape(entry["text"]))
            pitfall, chosen = False, page in AMONG and bool(anchor)
            chosen = chosen and (page.startswith("guide/") or bool(trouble))
        if chosen and entry["title"]:
            found.append(entry)
    return found
