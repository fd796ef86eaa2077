"""Put into every built page the part of the style sheets that the site uses.

A style sheet of its own costs a journey to the server before anything can be painted, and four
fifths of the theme's are for what this site does not have. `scripts/finish.py` calls this.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import tinycss2

LINK = re.compile(r'\s*<link rel="stylesheet" href="([^"]*?)(assets/[^"]*\.css)">')
CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
TOKEN = re.compile(r'<span class="(\w\w?)">([^<]*)</span>')
PREFIXED = re.compile(
    r"(?<=[{;])-(?:webkit-(?:mask|transition|transform|backdrop)|moz|ms)[\w-]*:[^;}]*;?"
)
UNUSED = re.compile(r"md-(annotation|tooltip|version|select|consent|feedback)\b")
COLOUR = re.compile(r"\[data-md-color-(primary|accent)=(?!custom)")
# Up to two levels deep: :is(.a, :not(.b)).
ARGUMENTS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
VARIABLE = re.compile(r'(--[\w-]+):(?:"[^"]*"|\([^)]*\)|[^;{}"(])*(;|(?=\}))')


def inline(site: Path) -> None:
    """Replace the links to style sheets by the rules that some page or script needs."""
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    scripts = "".join(path.read_text("utf-8") for path in site.rglob("assets/**/bundle*.js"))
    # Classes that scripts set are the theme's own, those of features that are not in use apart.
    names = {"js", "no-js"} | set(re.findall(r"\bmd-[\w-]+|js-[\w-]+|focus-visible", scripts))
    names = {name for name in names if not UNUSED.match(name)}
    for path in site.glob("assets/*.js"):  # the site's own
        names.update(re.findall(r"[\w-]+", path.read_text("utf-8")))
    variables = set(re.findall(r"--[\w-]+", scripts))
    sheets: dict[str, None] = {}
    for text in pages.values():
        sheets |= dict.fromkeys(sheet for _, sheet in LINK.findall(text))
        for value in re.findall(r'class="([^"]*)"', text):
            names.update(value.split())
        variables.update(re.findall(r"var\((--[\w-]+)", text))
    rules = "".join((site / sheet).read_text("utf-8") for sheet in sheets)
    css = needed_variables(needed(tinycss2.parse_stylesheet(rules), names), variables)
    styled = set(CLASS.findall(css)) - {"o", "p"}
    for path, text in pages.items():
        # Pygments names every token, also those that look, or may look, like the text around.
        text = TOKEN.sub(lambda match: match[0] if match[1] in styled else match[2], text)
        text = text.replace(" data-search-exclude>", ">")  # the index is written already
        root = LINK.search(text)
        assert root, path
        style = css.replace("url(math.woff2)", f"url({root[1]}assets/math.woff2)")
        at = root.start()
        text = text[:at] + f"<style>{style}</style>" + LINK.sub("", text[at:])
        # Indentation shows nowhere but in code.
        parts = re.split(r"(<pre.*?</pre>)", text, flags=re.DOTALL)
        parts[::2] = [re.sub(r"\s*\n\s*", "\n", part) for part in parts[::2]]
        path.write_text("".join(parts), encoding="utf-8")


def needed(rules: list[tinycss2.ast.Node], names: set[str]) -> str:
    """Keep the rules whose classes occur, those for other scripts and colours apart."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [
                selector.strip()
                for selector in split(tinycss2.serialize(rule.prelude))
                if "[dir=rtl]" not in selector
                and not COLOUR.search(selector)
                and all(name in names for name in CLASS.findall(ARGUMENTS.sub("", selector)))
            ]
            if selectors:
                kept.append(f"{','.join(selectors)}{{{compact(tinycss2.serialize(rule.content))}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = needed(tinycss2.parse_blocks_contents(rule.content), names)
            if inner:
                kept.append(f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset":
            kept.append(compact(rule.serialize()).replace('url("math.woff2")', "url(math.woff2)"))
    return "".join(kept)


def drop(match: re.Match[str], names: set[str]) -> str:
    return "" if match[1] in names else match[0]


def needed_variables(css: str, elsewhere: set[str]) -> str:
    """Leave out the variables that nothing uses, the theme's unused icons among them."""
    while True:
        used = elsewhere | set(re.findall(r"var\((--[\w-]+)", css))
        unused = set(re.findall(r"(--[\w-]+):", css)) - used
        fewer = VARIABLE.sub(partial(drop, names=unused), css)
        if fewer == css:
            return PREFIXED.sub("", css)  # for browsers of before 2023
        css = fewer


def split(selectors: str) -> list[str]:
    """Split a list of selectors at the commas that are not inside of parentheses."""
    parts, depth = [""], 0
    for character in selectors:
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def compact(css: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)).strip()
