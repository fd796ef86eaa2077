"""What has no translation of its present English is shown in English, with a line that says so.

The build of a translation hands this to MkDocs, as a plugin.
"""

from __future__ import annotations

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from scripts.figures.drawing import RECORDS
from scripts.website import language
from scripts.website.language import DOCS, gettext

ENGLISH = DOCS / "en"
TITLE = re.compile(r"^# .*\n", re.MULTILINE)
PARAMETERS = re.compile(r"^\{\{ parameters (\w+) \}\}$", re.MULTILINE)


class Fallback(BasePlugin):
    def __init__(self) -> None:
        self.whole = self.partly = 0  # pages in English

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Make each page from its source; a translation whose English is gone makes none."""
        others = [file for file in files if not file.is_documentation_page()]
        pages = []
        for path in language.pages():
            folder = language.source(path).parents[path.count("/")]
            pages.append(File(path, str(folder), config.site_dir, config.use_directory_urls))
        return Files([*pages, *others])

    def on_page_markdown(self, markdown: str, *, page: Page, **kwargs: object) -> str:
        language.context.untranslated.clear()
        if not is_english(page):
            return markdown
        self.whole += 1
        if page.edit_url:
            path = page.file.src_uri
            page.edit_url = page.edit_url.replace(
                f"/{language.context.language}/{path}", f"/en/{path}"
            )
        return noted(markdown)

    def on_page_content(self, html: str, *, page: Page, **kwargs: object) -> str:
        """Say so where only some of the page's messages are in English."""
        if is_english(page) or not (
            language.context.untranslated or untranslated(page.markdown or "")
        ):
            return html
        self.partly += 1
        note = gettext("Some of this page has not been translated yet and is shown in English.")
        note = (
            f'<div class="admonition note in-english"><p class="admonition-title">{note}</p></div>'
        )
        return html.replace("</h1>", f"</h1>\n{note}", 1)


def is_english(page: Page) -> bool:
    return page.file.src_dir == str(ENGLISH)


def noted(markdown: str) -> str:
    """Say under the title that the page is in English."""
    note = gettext("There is no current translation of this page; what follows is in English.")
    return TITLE.sub(lambda title: f'{title[0]}\n!!! note in-english "{note}"\n', markdown, count=1)


def untranslated(markdown: str) -> bool:
    """Tell whether a docstring on the page has messages without a translation."""
    names = [
        name
        for function in PARAMETERS.findall(markdown)
        for name in (function, *RECORDS[function].classes)
    ]
    return any(
        part.message and part.message not in language.context.translations
        for name in names
        for _, docstring in language.docstrings(name)
        for part in language.parts(docstring)
    )
