"""The translations differ from the English of now in words alone; what has none stays English.

What is missing or stale fails nothing here: `python scripts/run.py translate` lists it.
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from markdown.extensions.toc import slugify
from mkdocs.commands.build import build
from mkdocs.config import load_config

from losses.catalog import CATALOG
from scripts.dev import translate
from scripts.dev.translate import ENGLISH, FOLDER, PAGES, ROOT
from scripts.website import fallback, language, postprocess, traditional
from scripts.website.language import FORMULA, NOT_WORDS, TEXT

PAIRS = {path: (ENGLISH / path, PAGES / path) for path in language.pages()}
PAIRS["README.md"] = (ROOT / "README.md", ROOT / "README.zh.md")
PAIRS = {name: pair for name, pair in PAIRS.items() if translate.is_current(pair[1])}
each_pair = pytest.mark.parametrize("name", PAIRS)
SAID = translate.messages()
ALIASES = {", ".join(loss.aliases) for loss in CATALOG}  # the English names are kept beside ours
# Catalogue, English and Chinese of each message that the site shows in Chinese.
MESSAGES = [
    (path.name, str(message.id), str(message.string))
    for path in sorted(FOLDER.glob("*.po"))
    for message in read_po(io.BytesIO(path.read_bytes()), abort_invalid=True)
    if message.id in SAID and message.string and not message.fuzzy
]

FENCE = re.compile(r"^( *)(```+|~~~+)[^\n]*\n.*?^\1\2 *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) (.+?)(?: *\{ *:? *#([\w.-]+)[^}]*\})? *$", re.MULTILINE)
HAN = "\u4e00-\u9fff"


def kept(text: str) -> dict[str, object]:
    """Return what a translation leaves as it is."""
    text = re.sub(r"\A(?:---\n.*?\n---\n|<!--.*?-->\n)", "", text, flags=re.DOTALL)
    rest = FENCE.sub("", text)
    words = CODE.sub("", rest)
    formulas = (TEXT.sub(r"\\text{}", " ".join(x.split())) for x in FORMULA.findall(words))
    return {
        "fences": [match[0] for match in FENCE.finditer(text)],
        "directives": re.findall(r"^(?:\{\{.*?\}\}|:::.*)$", rest, re.MULTILINE),
        "code": Counter(" ".join(code.split()) for _, code in CODE.findall(rest)),
        "formulas": Counter(re.sub(r"\s", "", formula) for formula in formulas),
        "links": Counter(re.findall(r"\]\(([^)\s]+)|\]\[([^\]]*)\]", words)),
        "tags": Counter(re.findall(r"</?[a-z]+[^>\n]*>", words)),
        "headings": [len(match[1]) for match in HEADING.finditer(rest)],
        "rows": len(re.findall(r"^ *\|", rest, re.MULTILINE)),
        "items": len(re.findall(r"^ *(?:[-*]|[1-9]\d*\.) ", rest, re.MULTILINE)),
        "paragraphs": len([part for part in re.split(r"\n\s*\n", rest) if part.strip()]),
    }


def differences(english: str, chinese: str) -> list[str]:
    """Say what has not been left as it is."""
    found = []
    for (what, theirs), ours in zip(kept(english).items(), kept(chinese).values(), strict=True):
        if isinstance(theirs, Counter) and isinstance(ours, Counter) and theirs != ours:
            found.append(f"{what}: missing {list(theirs - ours)}, extra {list(ours - theirs)}")
        elif isinstance(theirs, list) and isinstance(ours, list) and theirs != ours:
            first = next(
                (pair for pair in zip(theirs, ours, strict=False) if pair[0] != pair[1]), ()
            )
            found.append(f"{what}: {len(theirs)} became {len(ours)} {first}")
        elif theirs != ours:
            found.append(f"{what}: {theirs} became {ours}")
    return found


def slips(text: str, english: str = "") -> list[str]:
    """Find what Chinese typography does otherwise, what the English text quotes apart."""
    text = FENCE.sub("", re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL))
    text = re.sub(r"\]\([^)]*\)", "]", FORMULA.sub("x", CODE.sub("x", text)))
    found = []
    for match in re.finditer(rf"[{HAN}][,;:?!](?=\s|[{HAN}]|$)", text):
        found.append(f"half-width punctuation: {around(text, match)}")
    for match in re.finditer(rf"[{HAN}]+[A-Za-z0-9]+|[A-Za-z0-9]+[{HAN}]+", text):
        if match[0] not in english:
            found.append(f"no space between Han and Latin: {around(text, match)}")
    return found


def around(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - 10) : match.end() + 10]


@each_pair
def test_pages_differ_in_words_alone(name: str) -> None:
    english, chinese = (page.read_text("utf-8") for page in PAIRS[name])
    if name == "README.md":  # each links the other
        english, chinese = (re.sub(r"README(\.zh)?\.md", "", text) for text in (english, chinese))
    assert differences(english, chinese) == []
    assert slips(chinese, english) == []


@each_pair
def test_headings_keep_their_anchors(name: str) -> None:
    if name == "README.md":
        return
    texts = [FENCE.sub("", page.read_text("utf-8")) for page in PAIRS[name]]
    english, chinese = (list(HEADING.finditer(text)) for text in texts)
    seen: Counter[str] = Counter()
    wrong = []
    for ours, theirs in zip(chinese, english, strict=True):
        if ours[2] == theirs[2] and not theirs[3]:
            continue
        anchor = theirs[3]
        if not anchor and re.search(r"[`$]", theirs[2]):
            continue  # the built site tells
        if not anchor:
            slug = slugify(re.sub(r"\*", "", theirs[2]), "-")
            anchor = f"{slug}_{seen[slug]}" if seen[slug] else slug
            seen[slug] += 1
        if ours[3] != anchor:
            wrong.append(f"{ours[2]}: {anchor}")
    assert wrong == []


@pytest.mark.parametrize("catalogue", sorted(path.name for path in FOLDER.glob("*.po")))
def test_messages_differ_in_words_alone(catalogue: str) -> None:
    wrong = []
    for name, english, chinese in MESSAGES:
        if name != catalogue:
            continue
        if problems := [*differences(english, chinese), *slips(chinese)]:
            wrong.append(f"{english}: {'; '.join(problems)}")
        elif SAID[english].template and fields(english) != fields(chinese):
            wrong.append(f"{english}: {fields(english)} became {fields(chinese)}")
        elif english == chinese:
            wrong.append(f"still English: {english}")
        elif english not in ALIASES and untranslated(chinese):
            wrong.append(f"{english}: English in it: {untranslated(chinese)}")
    assert not wrong, "\n".join([f"{len(wrong)} to do", *wrong])


def fields(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", text))


def untranslated(text: str) -> list[str]:
    """Find English sentences, or what looks like one: three words of it in a row."""
    text = TEXT.sub(r" \1 ", text)
    text = re.sub(r"\[[^\]]*\]\(http[^)]*\)", " x1 ", text)  # titles
    text = NOT_WORDS.sub(" x1 ", re.sub(r"\$[^$]*\$", " x1 ", text))
    return re.findall(r"(?:\b[a-z]{2,}\b[ ]){2,}\b[a-z]{2,}\b", text)


# Terms


def chinese_texts() -> dict[str, str]:
    texts = {
        name: CODE.sub("", FENCE.sub("", zh.read_text("utf-8"))) for name, (_, zh) in PAIRS.items()
    }
    return texts | {f"{name}: {english}": chinese for name, english, chinese in MESSAGES}


def test_terms_are_used_alike() -> None:
    wrong = []
    for row in traditional.table("terms"):
        for other in filter(None, row["not"].split("|")):
            assert other not in row["zh"]
            wrong += [
                f"{name}: {other}, not {row['zh']}"
                for name, text in chinese_texts().items()
                if other in text
            ]
    assert wrong == []


# Traditional


@pytest.mark.parametrize(
    ("simplified", "expected"),
    [
        ("默认的数据类型，概率之和", "預設的資料型別，機率之和"),
        ("读作“交叉熵”", "讀作「交叉熵」"),
        ("负对数似然，`默认`", "負對數概似，`默认`"),
        ("```\n默认\n```\n默认", "```\n默认\n```\n預設"),
    ],
)
def test_traditional_is_derived(simplified: str, expected: str) -> None:
    assert traditional.markdown(simplified) == expected


def test_traditional_leaves_code_and_addresses() -> None:
    page = '<p title="默认"><a href="#默认">默认</a> <code>默认<b>值</b></code>默认<br>“值”</p>'
    assert traditional.html(page) == (
        '<p title="預設"><a href="#默认">預設</a> <code>默认<b>值</b></code>預設<br>「值」</p>'
    )
    assert traditional.html('<a lang="zh-Hans">简体</a>简') == '<a lang="zh-Hans">简体</a>簡'


def test_traditional_words_are_traditional() -> None:
    """Every character of the tables is one that Big5 has, and the tables say nothing twice."""
    rows = [*traditional.table("terms"), *traditional.table("words")]
    for row in rows:
        row["zh-hant"].encode("big5hkscs")
    words = [row["zh"] for row in rows]
    assert len(words) == len(set(words))
    needless = [
        row["zh"]
        for row in traditional.table("words")
        if len(row["zh"]) > 1  # what a character becomes depends on those around it
        and traditional.CONVERTER.convert(row["zh"]) == row["zh-hant"]
        and not any(word in row["zh"] for word in words if word != row["zh"])
    ]
    assert needless == []


# What has no translation


def stamped(page: Path, english: Path, text: str) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"---\nenglish: {language.stamp_of(english)}\n---\n\n{text}", "utf-8")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four pages in English: their translations are current, stale, missing and in part missing."""
    docs = tmp_path / "docs"
    (docs / "en").mkdir(parents=True)
    for name in ("index", "stale", "missing", "loss"):
        (docs / "en" / f"{name}.md").write_text(f"# The {name}\n\nSaid in English.\n", "utf-8")
        if name != "missing":
            text = f"# 题目 {{ #the-{name} }}\n\n用中文说。\n"
            stamped(docs / "zh" / f"{name}.md", docs / "en" / f"{name}.md", text)
    stamped(docs / "zh" / "orphan.md", docs / "en" / "index.md", "# 多余\n")
    with (docs / "en" / "stale.md").open("a", encoding="utf-8") as file:
        file.write("\nAnd more of it.\n")
    with (docs / "zh" / "loss.md").open("a", encoding="utf-8") as file:
        file.write("\n{{ parameters mse_loss }}\n")
    monkeypatch.setattr(language, "DOCS", docs)
    monkeypatch.setattr(fallback, "ENGLISH", docs / "en")
    monkeypatch.setattr(language.context, "language", "zh")
    return docs


def test_what_has_no_current_translation_is_built_in_english_and_says_so(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "There is no current translation of this page; what follows is in English."
    partly = "Some of this page has not been translated yet and is shown in English."
    words = {whole: "以下为英文。", partly: "有些是英文。", "Shape": "形状"}
    monkeypatch.setattr(language.context, "translations", words)
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: x\ntheme: {name: null, custom_dir: theme}\nplugins: []\n"
        "use_directory_urls: false\nmarkdown_extensions: [admonition, attr_list]\n"
        "repo_url: https://example.com\nedit_uri: edit/main/docs/zh/\n"
    )
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "main.html").write_text(
        "{{ page.edit_url }}<article>{{ page.content }}</article>"
    )
    config = load_config(
        str(tmp_path / "mkdocs.yml"), docs_dir=str(docs / "zh"), site_dir=str(tmp_path / "site")
    )
    config["strict"] = True
    config.plugins["fallback"] = fallback.Fallback()
    build(config)
    site = tmp_path / "site"
    assert sorted(path.stem for path in site.glob("*.html")) == [
        *("index", "loss", "missing", "stale")
    ]
    for name, note, kept in (
        ("index", "", "用中文说"),
        ("stale", "以下为英文。", "And more of it"),
        ("missing", "以下为英文。", "Said in English"),
        ("loss", "有些是英文。", "用中文说"),
    ):
        page = (site / f"{name}.html").read_text("utf-8")
        assert kept in page
        assert f'id="the-{name}"' in page or note == "以下为英文。"
        assert re.findall(r'admonition-title">(.*?)<', page) == ([note] if note else [])
        assert (f"docs/en/{name}.md" in page) is (note == "以下为英文。")


def test_only_a_message_without_a_current_translation_is_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = 'msgid "{0}"\nmsgstr "{1}"\n\n'
    catalogue = tmp_path / "zh" / "mse_loss.po"
    catalogue.parent.mkdir()
    catalogue.write_text(
        entry.format("said", "说了")
        + "#, fuzzy\n"
        + entry.format("doubted", "不定")
        + entry.format("missing", ""),
        "utf-8",
    )
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    monkeypatch.setattr(language.context, "translations", language.catalogues("zh"))
    monkeypatch.setattr(language.context, "untranslated", set())
    monkeypatch.setattr(language.context, "language", "zh")
    assert [*map(language.gettext, ("said", "doubted", "missing"))] == [
        "说了",
        "doubted",
        "missing",
    ]
    assert sorted(language.context.untranslated) == ["doubted", "missing"]


def test_the_list_names_what_is_missing_or_stale(
    docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# x\n", "utf-8")
    (tmp_path / "README.zh.md").write_text("<!-- english: 0 -->\n\n# x\n", "utf-8")
    for name, value in {"ROOT": tmp_path, "ENGLISH": docs / "en", "PAGES": docs / "zh"}.items():
        monkeypatch.setattr(translate, name, value)
    monkeypatch.setattr(translate, "FOLDER", tmp_path / "locale")
    monkeypatch.setattr(translate, "messages", dict)
    stamped(docs / "zh" / "index.md", docs / "en" / "index.md", "# 题目\n")
    assert list(translate.status()) == [
        "README.zh.md: README.md has changed since",
        "docs/zh/missing.md: missing",
        "docs/zh/stale.md: docs/en/stale.md has changed since",
        "docs/zh/orphan.md: no English page; delete it",
    ]
    for page in (tmp_path / "README.zh.md", docs / "zh" / "stale.md"):
        translate.stamp(page)
        assert translate.is_current(page)
    assert (tmp_path / "README.zh.md").read_text("utf-8").endswith(" -->\n\n# x\n")
    assert len(list(translate.status())) == 2
    monkeypatch.setattr(sys, "argv", ["translate"])
    assert translate.main() == 0
    monkeypatch.setattr(sys, "argv", ["translate", "--check"])
    assert translate.main() == 1


def test_english_in_a_translated_page_says_that_it_is() -> None:
    page = (
        "<li>用中文</li><li><p{}>Said in English.</p></li><td><code>said = 1</code></td><p>NLL</p>"
    )
    told = postprocess.BLOCK.sub(postprocess.spoken_in_english, page.format(""))
    assert told == page.format(' lang="en"')


# The machinery


def test_a_docstring_comes_back_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language.context, "language", "zh")
    source = (
        "First line\nand second.\n\n$$\nx & \\text{if } y\n$$\n\nArgs:\n    x: A thing, of\n"
        "        two lines.\n    y: `code`.\n\nShape:\n    - `x`: same as `y`.\n\nExamples:\n"
        "    By hand.\n\n    >>> 1 + 1  # not this\n    2\n\nReferences:\n"
        "    - Girshick, [Fast R-CNN](https://arxiv.org), 2015, equation 3\n"
    )
    words = {
        "First line and second.": "一。",
        "$$ x & \\text{if } y $$": "$$ x & \\text{若 } y $$",
        "A thing, of two lines.": "二。",
        "Shape": "形状",
        "`x`: same as `y`.": "`x`：同 `y`。",
        "By hand.": "手算。",
        "References": "参考",
        "equation 3": "式 3",
    }
    monkeypatch.setattr(language.context, "translations", words)
    assert {part.message for part in language.parts(source) if part.message} == set(words)
    assert language.translated(source) == (
        "一。\n\n$$ x & \\text{若 } y $$\n\nArgs:\n    x: 二。\n    y: `code`.\n\nShape: 形状\n"
        "    - `x`：同 `y`。\n\nExamples:\n    手算。\n\n    >>> 1 + 1  # not this\n    2\n\n"
        "References: 参考\n    - Girshick, [Fast R-CNN](https://arxiv.org), 2015，式 3"
    )


def test_a_changed_message_keeps_its_translation_to_be_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "The error of each element, " + "whatever its sign, " * 4 + "is squared and averaged."
    said = translate.Said(first, "mse_loss", ["losses/regression/_mse_loss.py"])
    monkeypatch.setattr(translate, "FOLDER", tmp_path)
    monkeypatch.setattr(translate, "messages", lambda: {said.text: said})
    (path, text), *_ = translate.extract().items()
    assert 'msgstr ""' in text.split("averaged")[1]
    path.write_text(
        text.replace('averaged."\nmsgstr ""', 'averaged."\nmsgstr "平方后平均。"'), "utf-8"
    )
    assert '"平方后平均。"' in translate.extract()[path]
    said.text = first.replace("and averaged", "then averaged")
    changed = translate.extract()[path]
    assert "#, fuzzy" in changed
    assert "# The English was: The error of each element" in changed
    assert '"平方后平均。"' in changed
    path.write_text(changed, "utf-8")
    assert translate.extract()[path] == changed, "not idempotent"
    path.write_text(changed.replace("#, fuzzy\n", ""), "utf-8")
    settled = translate.extract()[path]
    assert "The English was" not in settled
    assert "squared and averaged" not in settled, "the rest of what was said before is still there"


def test_differences_are_noticed() -> None:
    assert differences("`a` $x$ [b](c)", "`a` $x$ [乙](c)") == []
    for wrong in ("`b` $x$ [b](c)", "`a` $y$ [b](c)", "`a` $x$ [b](d)", "`a` $x$ b"):
        assert differences("`a` $x$ [b](c)", wrong)
    assert differences(r"$\text{if } x$", r"$\text{若 } x$") == []
    assert slips("默认`x`") and slips("值,") and slips("用x") and not slips("用 `x`，值。")
    assert untranslated("这里 still left in English 的") and not untranslated(
        "[A title here](http://x)"
    )
