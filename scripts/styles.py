"""Put into every built page the part of the style sheets that it is painted with.

A style sheet of its own costs a journey to the server before anything can be painted, and four
fifths of the theme's are for what this site does not have. What only a script or a printer asks
for comes in one file that all pages share. `scripts/finish.py` calls this.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from pathlib import Path

import tinycss2

LINK = re.compile(r'\s*<link rel="stylesheet" href="([^"]*?)(assets/[^"]*\.css)">')
SCRIPT = re.compile(r'(?=<script src="([^"]*?)assets/)')
TOKEN = re.compile(r'<span class="(\w\w?)">([^<]*)</span>')
PREFIXED = re.compile(
    r"(?<=[{;])-(?:webkit-(?:mask|transition|transform|backdrop)|moz|ms)[\w-]*:[^;}]*;?"
)
# The scripts know these, but for features that are not in use.
UNUSED = re.compile(
    r"md-(annotation|tooltip2?|version|consent|feedback|source|status|mermaid)(?![a-z])"
)
COLOUR = re.compile(r"\[data-md-color-(primary|accent)=(?!custom)")
# Up to two levels deep: :is(.a, :not(.b)).
ARGUMENTS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
ATTRIBUTE = re.compile(r"\[([\w-]+)(?:\W?=\"?([^\"\]]*)\"?)?\]")
STATE = re.compile(r"::?[\w-]+|#[\w-]+")
ELEMENT = re.compile(r"[a-z][\w-]*")
VARIABLE = re.compile(r'(--[\w-]+):((?:"[^"]*"|\((?:"[^"]*"|[^)"])*\)|[^;{}"(])*)(?:;|(?=\}))')


def inline(site: Path) -> None:
    """Replace the links to style sheets by the rules that some page needs, and by one file."""
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    theme = "".join(path.read_text("utf-8") for path in site.rglob("assets/**/bundle*.js"))
    own = "".join(path.read_text("utf-8") for path in site.glob("assets/*.js"))
    # What the pages have, and what scripts may make of them later.
    there: set[str] = set()
    made = {"mark", *(f".{x}" for x in re.findall(r"\bmd-[\w-]+|js-[\w-]+|focus-visible", theme))}
    for word in set(re.findall(r"[\w-]+", theme + own)):
        made |= {f"[{word}", f"={word}"}
    made |= {f".{word}" for word in re.findall(r"[\w-]+", own)}
    made = {name for name in made if not UNUSED.match(name[1:])}
    used = set(re.findall(r"--(?!md-mermaid)[\w-]+", theme))
    sheets: dict[str, None] = {}
    for text in pages.values():
        sheets |= dict.fromkeys(sheet for _, sheet in LINK.findall(text))
        there |= vocabulary(text)
        used.update(re.findall(r"var\((--[\w-]+)", text))
    rules = tinycss2.parse_stylesheet("".join((site / x).read_text("utf-8") for x in sheets))

    css = needed(rules, there, made)
    first = without_unused(css, used)
    later = without_unused(needed(rules, there, made, later=True), used)
    # Pictures that only the later rules show.
    wanted = set(re.findall(r"var\((--[\w-]+)", later)) - set(re.findall(r"(--[\w-]+):", first))
    pictures = {m[1]: m[2] for m in VARIABLE.finditer(css) if m[1] in wanted}
    later += f":root{{{';'.join(f'{name}:{value}' for name, value in pictures.items())}}}"
    file = f"assets/later.{hashlib.sha256(later.encode()).hexdigest()[:8]}.css"
    (site / file).write_text(later, "utf-8")

    # Pygments names every token, also those that look, or may look, like the text around.
    styled = set(CLASS.findall(first)) - {"kc", "n", "o", "p"}
    for path, text in pages.items():
        text = TOKEN.sub(lambda match: match[0] if match[1] in styled else match[2], text)
        text = text.replace(" data-search-exclude>", ">")  # the index is written already
        root = LINK.search(text)
        assert root, path
        style = first.replace("url(math.woff2)", f"url({root[1]}assets/math.woff2)")
        at = root.start()
        text = text[:at] + f"<style>{style}</style>" + LINK.sub("", text[at:])
        # In the body, a link holds up no more than what follows it.
        link = f'<link rel="stylesheet" href="{root[1]}{file}">'
        text, count = re.subn(r"(?=<script src=)", link, text, count=1)
        assert count, path
        # Indentation shows nowhere but in code.
        parts = re.split(r"(<pre.*?</pre>)", text, flags=re.DOTALL)
        parts[::2] = [re.sub(r"\s*\n\s*", "\n", part) for part in parts[::2]]
        path.write_text("".join(parts), encoding="utf-8")


def vocabulary(text: str) -> set[str]:
    """List a page's elements, .classes, [attributes and =values."""
    found = {".js", "=slate", *(f".{x}" for x in re.findall(r'classList\.add\("([\w-]+)"\)', text))}
    for element, attributes in set(re.findall(r"<([a-z]\w*)([^<>]*)", text)):
        found.add(element)
        for name, value in re.findall(r'([\w-]+)(?:="([^"]*)")?', attributes):
            found |= {f"[{name}", f"={value}"}
            if name == "class":
                found.update(f".{x}" for x in value.split())
    return found


def wants(selector: str) -> set[str]:
    """List what an element must have, of itself or around it, for a rule to be about it."""
    plain = ARGUMENTS.sub("", selector)
    found = {f".{name}" for name in CLASS.findall(plain)}
    for name, value in ATTRIBUTE.findall(plain):
        found |= {f"[{name}", *([f"={value}"] if value else [])}
    return found | set(ELEMENT.findall(STATE.sub("", CLASS.sub("", ATTRIBUTE.sub("", plain)))))


def needed(
    rules: list[tinycss2.ast.Node], there: set[str], made: set[str], *, later: bool = False
) -> str:
    """Keep the rules about what the pages have; or, for later, what scripts make, and for paper."""
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = []
            for selector in split(tinycss2.serialize(rule.prelude)):
                lacking = wants(selector) - there
                if (
                    lacking <= made
                    and any(name[0] == "." for name in lacking) == later
                    and "[dir=rtl]" not in selector
                    and not COLOUR.search(selector)
                ):
                    selectors.append(selector.strip())
            if selectors:
                kept.append(f"{','.join(selectors)}{{{compact(tinycss2.serialize(rule.content))}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            condition, content = (
                tinycss2.serialize(rule.prelude),
                tinycss2.parse_blocks_contents(rule.content),
            )
            if condition.strip() == "print":
                inner = needed(content, there | made, made) if later else ""
            else:
                inner = needed(content, there, made, later=later)
            if inner:
                kept.append(f"@{rule.at_keyword}{condition}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset" and not later:
            kept.append(compact(rule.serialize()).replace('url("math.woff2")', "url(math.woff2)"))
    return "".join(kept)


def without_unused(css: str, elsewhere: set[str]) -> str:
    """Leave out the variables that nothing uses, the theme's unused icons among them."""
    while True:
        used = elsewhere | set(re.findall(r"var\((--[\w-]+)", css))
        unused = set(re.findall(r"(--[\w-]+):", css)) - used
        fewer = VARIABLE.sub(partial(drop, names=unused), css)
        if fewer == css:
            css = PREFIXED.sub("", css)  # for browsers of before 2023
            return re.sub(r"[^{}]*\{\}", "", css)
        css = fewer


def drop(match: re.Match[str], names: set[str]) -> str:
    return "" if match[1] in names else match[0]


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
