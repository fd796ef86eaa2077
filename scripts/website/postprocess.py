"""Finish a built site: what neither Markdown nor a template knows.

`scripts/website/build.py` calls it after MkDocs. Every page gets its own description, the tags
that previews of a link show, and a Markdown form, which readers and programs copy; llms.txt lists
those. No plugin writes out what our directives and docstrings say. Beside the page of a loss lies
its code, as a file.

`python -m scripts.website.postprocess anchors`, before a release, adds the anchors of the built
site to the list of those that others may link to.
"""

from __future__ import annotations

import ast
import html
import inspect
import json
import re
import shutil
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.utils.meta import get_data

import losses
from losses.catalog import CATALOG
from scripts.website import fallback, language, plain, preview, sessions, snippets, styles, symptoms

ROOT = Path(__file__).resolve().parents[2]
ANCHORS = ROOT / "tests" / "anchors.txt"
# Pages that name everything, and that hardly anybody is looking for.
LISTS = {
    *("index", "overview", "gallery", "checks", "sources"),
    *("guide/bibliography", "guide/errata", "guide/rosetta"),
}
NAME = re.compile(r'(<h1[^>]*>|<span class="doc doc-object-name[^>]*>)([^<]*)')
WORD = re.compile(r"\S{8,}")
LONG = re.compile(r"""(?<=<code>)[\w./]{20,}(?=</code>)|(?<=">)[A-Z][A-Za-z]{25,}(?=</a>)""")
# A number and its unit stay on one line, but what is printed stays as it was printed.
PERCENT = re.compile(r"<pre.*?</pre>|(?<=\d) (?=%)", re.DOTALL)
# Tables of whole calls, whose names are longer than a column is wide.
CALLS = re.compile(r'<div class="calls">.*?</div>', re.DOTALL)
CALL = re.compile(r"(?<=<code>)[^<]*(?=</code>)")
# Chinese pages: what is slanted, without a Chinese character in it, is an English title.
ENGLISH_TITLE = re.compile(r"<em>(?=[^\u4e00-\u9fff<]+</em>)")
# mkdocstrings's template has the punctuation of English between a parameter and its description.
TYPE = re.compile(
    r"(?:(?<=</b>)\s*\((<code>.*?</code>)(?:, (\S+)\s*(<code>.*?</code>)\s*)?\))?\s*–"
    r'\s*(<div class="doc-md-description">)\s*'
)
# Of a docstring of which only one section is shown, below a heading that says the same.
SECTION = re.compile(
    r'(<div class="doc doc-contents first">\s*)<p><span class="doc-section-title">[^<]*</span></p>'
)
# A block with no Chinese character in it and no other block: in English, if it says anything.
BLOCKS = "p|li|ul|ol|dd|dt|div|h[1-6]|table|td|th|figure|figcaption|summary"
BLOCK = re.compile(
    rf"<(p|li|dd|dt|h[1-6]|td|th|figcaption|summary)\b(?![^>]* lang=)([^>]*)>"
    rf"((?:[^<\u4e00-\u9fff]|<(?!/?(?:{BLOCKS})\b))*)</\1>"
)
FUNCTIONS = {name: loss.function for loss in CATALOG for name in loss.classes}
# Sections of which the title is enough: the same few words on every page, what the errata list as
# well, and numbers.
UNASKED = re.compile(
    r"#(properties|in-the-source-documents|who-computes-it-differently"
    r"|a-million-numbers|small-inputs|beside-other-libraries)$|^guide/disagree\.html#\w+loss$"
)
# Where the words are found, not the code: it is that of the docstring, or of a program.
LISTED = re.compile(
    r"#examples$|^guide/(many_machines|training)\.html|^(comparisons|concepts|learn|recipes)/"
)
# What the search does without: lists of decimals, a signature beside its list of parameters, and
# indentation.
DECIMALS = re.compile(r"\[[\d\s.,\[\]einfa+-]*\d\.[\d\s.,\[\]einfa+-]*\]")
SIGNATURE = re.compile(r"^\s*<pre><code>\w+\(.*?</pre>", re.DOTALL)
INDENTED = re.compile(r"(<pre>.*?</pre>)|\s+", re.DOTALL)
# MkDocs's mark between Chinese words, where they end anyway.
MARKED = re.compile(r"\u200b(?![\u4e00-\u9fff])|(?<![\u4e00-\u9fff])\u200b")
ASIDE = re.compile(r"<(code|math|svg)\b.*?</\1>", re.DOTALL)
ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
# A formula in a line, and the mark behind it, which begins no line.
FOLLOWED = re.compile(
    r'(<span class="math"[^>]*>(?:(?!</math>).)*</math>)(</span>)([.,;:!?)。，；：！？）、]+)',
    re.DOTALL,
)


def text_of(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", markup)).split())


def described(page: str, config: MkDocsConfig, path: str) -> tuple[str, str, str]:
    """Return a page with its own description and preview tags, the description, and the title."""
    article = ARTICLE.search(page)
    assert article, path
    title = text_of(re.sub(r'<a class="headerlink".*?</a>', "", article[0].split("</h1>")[0]))
    paragraph = re.search(r"<p>(.*?)</p>", article[0], re.DOTALL)
    words = text_of(paragraph[1]) if paragraph else str(config.site_description)
    if len(words) > 200:
        words = words[:200].rsplit(" ", 1)[0] + " …"
    canonical = re.search(r'<link rel="canonical" href="([^"]*)"', page)
    tags: dict[str, object] = {
        "og:type": "article",
        "og:site_name": config.site_name,
        "og:title": title,
        "og:description": words,
        **({"og:url": canonical[1]} if canonical else {}),
    }
    if drawn := pictured(config, path):
        tags |= {
            "og:image": f"{config.extra['site']}{path.removesuffix('.md')}.png",
            "og:image:width": preview.WIDTH,
            "og:image:height": preview.HEIGHT,
            "og:image:alt": title,
        }
    lines = [f'<meta name="description" content="{html.escape(words)}">']
    lines += [
        f'<meta property="{name}" content="{html.escape(str(content))}">'
        for name, content in tags.items()
    ]
    card = "summary_large_image" if drawn else "summary"
    lines.append(f'<meta name="twitter:card" content="{card}">')
    page = re.sub(r'<meta name="description"[^>]*>', lambda _: "\n".join(lines), page, count=1)
    return page, words, title


def pictured(config: MkDocsConfig, path: str) -> bool:
    """Tell whether links to a page are shown with its picture, whose address must be whole."""
    return path.startswith("losses/") and "site" in config.extra


def typed(item: re.Match[str]) -> str:
    kind, default, value, description = item.groups()
    # Quotes would keep the browser from breaking the line, except inside of the word before them.
    value = f'，<wbr><span class="name">{default}</span><wbr>{value}' if value else ""
    about = f"（{kind}{value}）" if kind else ""
    return f"{about}：<wbr>{description}"


def spoken_in_english(block: re.Match[str]) -> str:
    """Say of a block in English that it is."""
    name, attributes, content = block.groups()
    english = language.prose(text_of(ASIDE.sub("", content)))
    return f'<{name} lang="en"{attributes}>{content}</{name}>' if english else block[0]


def anchors(site: Path) -> set[str]:
    """List what others may link to: every heading of every page, and what it was called before."""
    found = set()
    for path in site.rglob("*.html"):
        if path.name == "404.html" or path.relative_to(site).parts[0] in language.LANGUAGES:
            continue
        article = ARTICLE.search(path.read_text("utf-8"))
        for anchor in re.findall(r'<(?:h[1-6]|a) id="([^"]*)"', article[0] if article else ""):
            found.add(f"{path.relative_to(site).as_posix()}#{anchor}")
    return found


def brief(entry: dict[str, Any]) -> str:
    """Return what the search should know of a section: every reader loads all of it."""
    text, name = entry["text"], entry["location"].partition("#losses.")[2]
    if UNASKED.search(entry["location"]):
        return ""
    if name:
        text = SIGNATURE.sub("", text)
    if name in FUNCTIONS:
        both = (getattr(losses, each) for each in (name, FUNCTIONS[name]))
        own, known = (inspect.signature(each).parameters.keys() for each in both)
        if own <= known:  # nothing that the function does not say
            return ""
    if LISTED.search(entry["location"]):
        text = re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    text = INDENTED.sub(lambda match: match[1] or " ", text)
    return DECIMALS.sub("[…]", text).strip()


@cache
def messages() -> dict[str, list[str]]:
    """List what the code of each loss raises and warns, unless every third loss says it, too."""
    found = {loss.function: said_by(snippets.bundle(loss.function)) for loss in CATALOG}
    times = Counter(message for said in found.values() for message in said)
    return {
        function: [message for message in said if 3 * times[message] < len(CATALOG)]
        for function, said in found.items()
    }


def said_by(code: str) -> list[str]:
    """Return the messages in a piece of code, with a gap where a value is filled in."""
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(code)):
        warns = isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn"
        if isinstance(node, ast.Raise) or warns:
            texts = [part for part in ast.walk(node) if isinstance(part, ast.JoinedStr)]
            inside = [value for text in texts for value in ast.walk(text) if value is not text]
            for part in ast.walk(node):
                values = part.values if isinstance(part, ast.JoinedStr) else [part]
                words = [
                    value.value if isinstance(value, ast.Constant) else "…" for value in values
                ]
                if part not in inside and " " in (text := "".join(map(str, words))):
                    found[text] = None
    return list(found)


def tag(index: Path) -> None:
    """Tell the search each loss's names and purpose, and which pages only point to others.

    A page may say in its front matter, as `names`, what else people look for when they want it, and
    as `sections` the same of its sections, by their anchors.
    """
    content = json.loads(index.read_text("utf-8"))
    losses_ = {f"losses/{loss.function}": loss for loss in CATALOG}
    pages = {entry["location"].partition(".html")[0] for entry in content["docs"]}
    sought = {page: names_of(f"{page}.md") for page in pages}
    for entry in content["docs"]:
        page = entry["location"].partition(".html")[0]
        entry["text"] = brief(entry)
        if loss := losses_.get(page):
            entry["boost"] = 1.15 if loss.torch_equivalent else 1.05
            if entry["location"].endswith("#take-this-loss-with-you"):
                said = html.escape("\n".join(messages()[loss.function]), quote=False)
                entry["text"] += f"<pre><code>{said}</code></pre>" if said else ""
            if "#" not in entry["location"]:
                names = [*loss.classes, loss.function, *language.aliases(loss)]
                entry["tags"] = list(map(language.cut, names))
                entry["about"] = language.cut(language.gettext(loss.summary))
        elif page in LISTS:
            entry["boost"] = 0.6
        if names := sought[page].get(entry["location"].partition("#")[2], ()):
            entry["tags"] = [*entry.get("tags", ()), *map(language.cut, names)]
    symptoms.fill(index.parents[1], content["docs"])
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if language.context.language == "en":  # the cuts in its few Chinese words
        text = text.replace("\u200b", "")
    text = MARKED.sub("", text)
    index.write_text(text, "utf-8")


def names_of(path: str) -> dict[str, list[str]]:
    """Read what people look for when they want a page, or one of its sections.

    In an old translation, too, it says where people find it.
    """
    translation = language.DOCS / language.context.language / path
    page = translation if translation.exists() else language.source(path)
    _, meta = get_data(page.read_text("utf-8"))
    return {"": meta.get("names", []), **meta.get("sections", {})}


def process_site(config: MkDocsConfig, draft: bool = False) -> None:
    site = Path(config.site_dir)
    listed = [f"# {config.site_name}", "", f"> {config.site_description}", ""]
    for path in language.pages():
        title, description = process_page(config, path)
        listed.append(f"- [{title}]({config.site_url or ''}{path}): {description}")
    # The theme brings languages that no search here uses, under licences of their own.
    shutil.rmtree(site / "assets" / "javascripts" / "lunr")
    if not draft:
        styles.inline(site)
    tag(site / "search" / "search_index.json")
    (site / "llms.txt").write_text("\n".join(listed) + "\n", "utf-8")


def in_one_piece(name: re.Match[str]) -> str:
    """Let a name begin a line of its own before it breaks."""
    parts = language.breakable(name[0])
    return f'<span class="name">{parts}</span>' if parts != name[0] else parts


def in_columns(calls: re.Match[str]) -> str:
    """Let calls break within their longest names."""
    longest = re.compile(r"\S{22,}")
    parts = lambda call: longest.sub(lambda name: language.breakable(name[0]), call[0])
    return CALL.sub(parts, calls[0])


def process_page(config: MkDocsConfig, path: str) -> tuple[str, str]:
    """Finish one page, but for its style; return its title and its description."""
    site, source = Path(config.site_dir), language.source(path)
    built = (site / path).with_suffix(".html")
    page, description, title = described(built.read_text("utf-8"), config, path)
    page = NAME.sub(lambda name: name[1] + WORD.sub(in_one_piece, name[2]), page)
    page = CALLS.sub(in_columns, page)
    page = SECTION.sub(r"\1", page)
    page = sessions.placed(page, path)
    page = FOLLOWED.sub(r"\1\3\2", page)
    if language.context.language == "zh":
        page = page.replace('<html lang="zh"', '<html lang="zh-Hans"', 1)
        page = ENGLISH_TITLE.sub(r'<em lang="en">', page)
        page = TYPE.sub(typed, page)
        page = ARTICLE.sub(lambda article: BLOCK.sub(spoken_in_english, article[0]), page)
    if config.repo_url and source.stem in {loss.function for loss in CATALOG}:
        module = language.file_of(source.stem)
        link = f'<a href="{config.repo_url.rstrip("/")}/blob/main/{module}">{module}</a>'
        page = page.replace(f"<code>{module}</code>", link)
    page = LONG.sub(lambda name: language.breakable(name[0]), page)
    page = PERCENT.sub(lambda found: found[0] if found[0] != " " else "\N{NO-BREAK SPACE}", page)
    built.write_text(page, "utf-8")
    if language.context.language == "en" and path.startswith("losses/"):
        built.with_suffix(".py").write_text(snippets.bundle(source.stem), "utf-8")
        if pictured(config, path):
            built.with_suffix(".png").write_bytes(preview.preview(source.stem))
    text = source.read_text("utf-8")
    translated = source.is_relative_to(language.DOCS / language.context.language)
    (site / path).write_text(plain.page(text if translated else fallback.noted(text)), "utf-8")
    return title, description


def main() -> None:
    if sys.argv[1:] != ["anchors"]:
        sys.exit(__doc__)
    known = set(ANCHORS.read_text("utf-8").split()) if ANCHORS.exists() else set()
    listed = sorted(known | anchors(ROOT / "site"))
    ANCHORS.write_text("\n".join(listed) + "\n", "utf-8")


if __name__ == "__main__":
    main()
