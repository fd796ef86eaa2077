"""Cut the mathematics font down to the characters of the built site: `python scripts/dev/font.py`.

Run it after a build, when tests/test_site.py says that a formula uses a character that the font
lacks. STIX Two Math comes with the ziamath wheel, under the SIL Open Font License 1.1.
"""

from __future__ import annotations

import html
import re
import unicodedata
from importlib.resources import files
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "theme" / "assets" / "math.woff2"
SITE = ROOT / "site"

ITALIC = {
    unicodedata.normalize("NFKC", chr(code)): chr(code)
    for code in (*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C))
    if unicodedata.name(chr(code), "")
} | {"h": "ℎ"}  # Unicode had this one before the others


def characters(site: Path) -> set[str]:
    """Collect what the formulas show. Browsers set a single-letter `mi` in italics."""
    found: set[str] = set()
    for page in site.rglob("*.html"):
        for math in re.findall(r"<math.*?</math>", page.read_text("utf-8"), re.DOTALL):
            for letter in re.findall(r"<mi>([^<&])</mi>", math):
                found.add(ITALIC.get(letter, letter))
            found.update(html.unescape(re.sub(r"<[^>]*>", "", math)))
            found.update("√" * bool(re.search("<m(sqrt|root)", math)))  # browsers draw the sign
    # Chinese words in formulas are the text font's.
    return {c for c in found if not c.isspace() and not re.match("[\u3000-\u9fff\uff00-\uffef]", c)}


def main() -> None:
    options = Options(layout_features=["ssty"], hinting=False)
    options.flavor = "woff2"
    font = load_font(str(files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"), options)
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(characters(SITE))) + " ")
    subsetter.subset(font)
    save_font(font, str(TARGET), options)
    print(f"wrote {TARGET.relative_to(ROOT)}, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
