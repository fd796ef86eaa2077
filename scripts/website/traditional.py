"""Derive the Traditional Chinese site from the built Simplified one.

OpenCC converts the characters. Before it go the words that Taiwan says differently:
`docs/locale/terms.csv`, the terms, and `docs/locale/words.csv`, which also holds whatever is to be
overridden. Code stays as it is.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import opencc

from scripts.website.language import LOCALE

CONVERTER = opencc.OpenCC("s2tw")
HAN = re.compile(r"[\u3400-\u9fff]")
QUOTES = str.maketrans("“”‘’", "「」『』")
TAG = re.compile(r"""(<!--.*?-->|<[a-zA-Z/!](?:"[^"]*"|'[^']*'|[^"'>])*>)""", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
# What these hold is code or an address, or says itself which language it is in.
UNTOUCHED = {"code", "pre", "script", "style"}
ADDRESSES = {"href", "id", "src", "data-clipboard-text"}
EMPTY = {"br", "hr", "img", "input", "link", "meta", "wbr", "path", "use"}
CODE = re.compile(r"(^ *(```+|~~~+).*?^ *\2 *$|(`+)[^`].*?\3)", re.DOTALL | re.MULTILINE)


def table(name: str) -> list[dict[str, str]]:
    """Read one of the tables of words."""
    with (LOCALE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def glossary() -> tuple[re.Pattern[str], dict[str, str]]:
    words = {row["zh"]: row["zh-hant"] for name in ("terms", "words") for row in table(name)}
    words = {simplified: word for simplified, word in words.items() if word}
    longest = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest))), words


@cache
def text(simplified: str) -> str:
    """Convert a text without markup."""
    if not HAN.search(simplified):
        return simplified
    pattern, words = glossary()
    parts, end = [], 0
    for match in pattern.finditer(simplified):
        parts += [CONVERTER.convert(simplified[end : match.start()]), words[match[0]]]
        end = match.end()
    return "".join([*parts, CONVERTER.convert(simplified[end:])]).translate(QUOTES)


def html(page: str) -> str:
    """Convert the texts and the spoken attributes of a page."""
    out: list[str] = []
    open_: list[str] = []  # elements inside of one that stays as it is, itself first
    for index, part in enumerate(TAG.split(page)):
        if not index % 2:
            out.append(part if open_ else text(part))
            continue
        name = re.match(r"</?([\w-]*)", part)
        tag = name[1].lower() if name else ""
        if part.startswith("</"):
            if open_ and tag == open_[-1]:
                open_.pop()
        elif not part.endswith("/>") and tag not in EMPTY and not part.startswith("<!"):
            stays = tag in UNTOUCHED or (" lang=" in part and tag != "html")
            if open_ or stays:
                open_.append(tag)
        out.append(ATTRIBUTE.sub(attribute, part))
    return "".join(out)


def attribute(match: re.Match[str]) -> str:
    return match[0] if match[1] in ADDRESSES else f'{match[1]}="{text(match[2])}"'


def markdown(page: str) -> str:
    """Convert what is not code."""
    parts, end = [], 0
    for match in CODE.finditer(page):
        parts += [text(page[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, text(page[end:])])


def entry(value: Any) -> Any:
    """Convert what the search knows; the words are those that were cut in Simplified."""
    if isinstance(value, dict):
        return {key: entry(item) if key != "location" else item for key, item in value.items()}
    if isinstance(value, list):
        return [entry(item) for item in value]
    if not isinstance(value, str):
        return value
    words = re.split("(\u200b|<[^>]*>)", value)
    said = [word for word in words if word != "\u200b" and not word.startswith("<")]
    whole = text("".join(said))
    if len(whole) != len("".join(said)):
        return "".join(text(word) for word in words)
    cut, at = [], 0
    for word in words:
        length = 0 if word == "\u200b" or word.startswith("<") else len(word)
        cut.append(whole[at : at + length] if length else word)
        at += length
    return "".join(cut)


def convert(simplified: Path, target: Path) -> None:
    """Convert a whole site."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(simplified, target)
    for path in target.rglob("*"):
        convert_file(path)


def convert_file(path: Path) -> None:
    kinds = {".html": page, ".md": markdown, ".txt": markdown, ".xml": address}
    if path.name == "search_index.json":
        index = json.loads(path.read_text("utf-8"))
        index["docs"] = entry(index["docs"])
        path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), "utf-8")
    elif path.suffix == ".gz":
        source = gzip.decompress(path.read_bytes()).decode("utf-8")
        path.write_bytes(gzip.compress(address(source).encode("utf-8"), mtime=0))
    elif path.suffix in kinds:
        path.write_text(address(kinds[path.suffix](path.read_text("utf-8"))), "utf-8")


def page(source: str) -> str:
    source = source.replace('<html lang="zh-Hans"', '<html lang="zh-Hant"', 1)
    settings = re.compile(r'(<script id="__config" type="application/json">)(.*?)(</script>)')
    source = settings.sub(
        lambda match: match[1] + json.dumps(entry(json.loads(match[2]))) + match[3], source
    )
    return html(source)


def address(source: str) -> str:
    """Say of a page that knows its own address where it is."""
    return re.sub(
        r'((?:rel="canonical" href|property="og:url" content)="[^"]*?|<loc>[^<]*?)/zh/',
        r"\1/zh-hant/",
        source,
    )
