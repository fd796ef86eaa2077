"""Put into every built page the part of the style sheets that it is painted with.

A style sheet of its own costs a journey to the server before anything can be painted, and four
fifths of the theme's are for what this site does not have. What only a script, a printer or a
reader's hand asks for comes in one file that all pages share, small icons among it.
`scripts/website/postprocess.py` calls this.

What it buys: on a slow phone the first paint comes after 0.8 seconds, where it took 1.7.
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
NEIGHBOURS = re.compile(r'(<span class="(?!gp)\w\w?">)([^<]*)</span>(\s*)\1')
# For browsers of before 2023.
PREFIXED = re.compile(r"-(webkit-(mask|transition|transform|backdrop)|moz|ms)")
# The scripts know these, but for features that are not in use.
UNUSED = re.compile(
    r"md-(annotation|tooltip2?|version|consent|feedback|source|status|mermaid)(?![a-z])"
)
# What is not to be seen of a page that nobody has touched yet. In the navigation, the search and
# folded blocks, rules further on overrule such, and have to stay further on.
TOUCHED = re.compile(
    r"\A(?!.*(?:\.md-nav|\.md-search|details)).*:(?:hover|focus|active)"
    r"|\[data-md-toggle=\w+\]:checked",
    re.DOTALL,
)
UNSEEN = re.compile(r"transition|cursor|outline|touch-action|mask|-webkit-tap-highlight-color")
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
    later = needed(rules, there, made, later=True)
    shown, wanted = (set(re.findall(r"var\((--[\w-]+)", part)) for part in (css, later))
    # Pictures that only the later rules show; colours depend on the scheme, and stay.
    pictures = {
        m[1]: m[2] for m in VARIABLE.finditer(css) if m[1] in wanted - shown and "url(" in m[2]
    }
    used |= wanted - set(pictures)
    later = without_unused(later, used)
    later += f":root{{{';'.join(f'{name}:{value}' for name, value in pictures.items())}}}"
    file = f"assets/later.{hashlib.sha256(later.encode()).hexdigest()[:8]}.css"
    (site / file).write_text(later, "utf-8")

    first = tinycss2.parse_stylesheet(css)
    names = looks(first)
    styles: dict[frozenset[str], str] = {}  # pages of a kind have the same
    for path, text in pages.items():
        text = TOKEN.sub(partial(token, names=names), text)
        while (fewer := NEIGHBOURS.sub(r"\1\2\3", text)) != text:
            text = fewer
        absent = frozenset(there - vocabulary(text) - made)
        if absent not in styles:
            styles[absent] = without_unused(needed(first, there, made, absent=absent), used)
        text = text.replace(" data-search-exclude>", ">")  # the index is written already
        root = LINK.search(text)
        assert root, path
        style = styles[absent].replace("url(math.woff2)", f"url({root[1]}assets/math.woff2)")
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


def looks(rules: list[tinycss2.ast.Node]) -> dict[str, str]:
    """Tell which name stands for a token's: Pygments has more names than the theme has colours.

    What looks, or may look, like the text around needs none. Prompts stay what they are.
    """
    first: dict[str, str] = {}  # of a colour
    found = {}
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = split(tinycss2.serialize(rule.prelude))
            for name in re.findall(r"\.highlight \.(\w\w?)(?:,|$)", ",".join(selectors)):
                look = name if name == "gp" else tinycss2.serialize(rule.content)
                found[name] = first.setdefault(look, name)
    return {name: one for name, one in found.items() if name not in ("kc", "n", "o", "p")}


def token(match: re.Match[str], names: dict[str, str]) -> str:
    name = names.get(match[1])
    return f'<span class="{name}">{match[2]}</span>' if name else match[2]


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
    rules: list[tinycss2.ast.Node],
    there: set[str],
    made: set[str],
    *,
    absent: frozenset[str] = frozenset(),
    narrow: bool = False,
    later: bool = False,
) -> str:
    """Keep the rules about what the pages have, but for what is absent from one of them.

    Or, for later, those about what scripts make, what a hand touches, and paper.
    """
    kept = []
    for rule in rules:
        if rule.type == "qualified-rule":
            now, then = [], []
            for selector in split(tinycss2.serialize(rule.prelude)):
                names = wants(selector)
                lacking = names - there
                if (
                    lacking <= made
                    and not names & absent
                    and "[dir=rtl]" not in selector
                    and not COLOUR.search(selector)
                ):
                    late = (
                        any(name[0] == "." for name in lacking)
                        or TOUCHED.search(selector)
                        or (narrow and ".md-nav--primary" in names)  # is in a drawer
                    )
                    (then if late else now).append(selector.strip())
            seen, unseen = declarations(rule.content)
            if later:
                kept += [style(now, unseen), style(then, seen + unseen)]
            else:
                kept.append(style(now, seen))
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            condition, content = (
                tinycss2.serialize(rule.prelude),
                tinycss2.parse_blocks_contents(rule.content),
            )
            if condition.strip() == "print":
                both = [needed(content, there | made, made, later=late) for late in (False, True)]
                inner = "".join(both) if later else ""
            else:
                narrow = "max-width" in condition
                inner = needed(content, there, made, absent=absent, narrow=narrow, later=later)
            if inner:
                kept.append(f"@{rule.at_keyword}{condition}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword != "charset" and not later:
            kept.append(compact(rule.serialize()).replace('url("math.woff2")', "url(math.woff2)"))
    return "".join(kept)


def style(selectors: list[str], declared: list[str]) -> str:
    return f"{','.join(selectors)}{{{';'.join(declared)}}}" if selectors and declared else ""


def declarations(content: list[tinycss2.ast.Node]) -> tuple[list[str], list[str]]:
    """Split a rule into what is painted at first, and what is not to be seen yet.

    A picture's mask comes later, and the colour behind it with it, or a block would be seen.
    """
    parts: tuple[list[str], list[str]] = [], []
    found = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
    found = [item for item in found if not PREFIXED.match(item.name)]
    masked = any(item.name.startswith("mask") for item in found)
    for item in found:
        late = UNSEEN.match(item.name) or (masked and item.name == "background-color")
        value = compact(tinycss2.serialize(item.value)) + "!important" * item.important
        parts[bool(late)].append(f"{item.name}:{value}")
    return parts


def without_unused(css: str, elsewhere: set[str]) -> str:
    """Leave out the variables that nothing uses, the theme's unused icons among them."""
    while True:
        used = elsewhere | set(re.findall(r"var\((--[\w-]+)", css))
        unused = set(re.findall(r"(--[\w-]+):", css)) - used
        fewer = VARIABLE.sub(partial(drop, names=unused), css)
        if fewer == css:
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
