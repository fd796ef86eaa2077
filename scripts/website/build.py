"""Build the site in all of its languages: `python scripts/run.py build`.

English comes from `mkdocs.yml`. Simplified Chinese differs from it in its pages and its words, as
far as they are translated; Traditional Chinese is derived from the built Simplified one. A process
builds each of the first two.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import jieba
import torch
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.utils import yaml_load

from losses import catalog
from scripts.website import fallback, language, postprocess, traditional, wheel
from scripts.website.language import ROOT, gettext

WORK = ROOT / "build"

# A word may begin or end between Latin and Han characters, and at Chinese punctuation.
HAN, LATIN = r"\u4e00-\u9fff", "A-Za-z0-9"
SEPARATOR = rf"[，。、：；？！（）“”《》「」]|(?<=[{LATIN}])(?=[{HAN}])|(?<=[{HAN}])(?=[{LATIN}])"


def configuration(name: str, site_dir: Path, strict: bool) -> MkDocsConfig:
    """Return mkdocs.yml's configuration, in another language where asked."""
    file = ROOT / "mkdocs.yml"
    written = yaml_load(file.read_text("utf-8"))
    written["nav"] = navigation(written["nav"])
    settings: dict[str, Any] = {"site_dir": str(site_dir), "strict": strict, "nav": written["nav"]}
    if name != "en":
        settings |= translated(written, name)
    config = load_config(str(file), **settings)
    if name != "en":
        config.plugins["fallback"] = fallback.Fallback()
    config.extra["copy_page"] = gettext("Copy this page as Markdown")
    if os.environ.get("SITE_URL"):
        config.extra["site"] = os.environ["SITE_URL"]
    return config


def navigation(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Fill in the losses: a group for each family, before the comparisons that mkdocs.yml lists."""
    losses = next(entry["Losses"] for entry in entries if "Losses" in entry)
    comparisons = {title: pages for entry in losses for title, pages in entry.items()}
    groups = []
    for family, members in catalog.groups():
        pages = [{loss.classes[0]: f"losses/{loss.function}.md"} for loss in members]
        groups.append({family.title: pages + comparisons.pop(family.title, [])})
    if comparisons:
        raise ValueError(f"mkdocs.yml, nav: no family is called {', '.join(comparisons)}")
    return [{**entry, "Losses": groups} if "Losses" in entry else entry for entry in entries]


def translated(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what differs in another language."""
    language.use(name)

    def said(title: str) -> str:
        return language.listed(gettext(title).split(", "))  # names of losses are not translated

    def titles(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {said(title): titles(below) if isinstance(below, list) else below}
            for entry in entries
            for title, below in entry.items()
        ]

    theme, plugins = config["theme"], config["plugins"]
    theme["language"] = name
    for palette in theme["palette"]:
        palette["toggle"]["name"] = gettext(palette["toggle"]["name"])
    plugins["search"] |= {
        "lang": "en",
        "separator": f"{plugins['search']['separator']}|{SEPARATOR}",
    }
    plugins["mkdocstrings"]["locale"] = name
    options = plugins["mkdocstrings"]["handlers"]["python"]["options"]
    options["extensions"] = ["scripts.website.language:Docstrings"]
    extensions = config["markdown_extensions"]
    extensions[extensions.index("scripts.website.directives")] = {
        "scripts.website.directives": {"language": name}
    }
    edit = config.get("edit_uri")
    return {
        "site_name": gettext(config["site_name"]),
        "site_description": gettext(config["site_description"]),
        "site_url": config["site_url"] and f"{config['site_url']}{name}/",
        "edit_uri": edit and edit.replace("/en/", f"/{name}/"),
        "docs_dir": str(ROOT / "docs" / name),
        "theme": theme,
        "plugins": plugins,
        "markdown_extensions": extensions,
        "nav": titles(config["nav"]),
        "extra": config["extra"] | {"root": "../"},
    }


def build(name: str, site: Path, strict: bool) -> None:
    """Build one language, finished. Without `strict` nothing stops it."""
    quiet(name)
    torch.set_num_threads(1)  # what a page runs: the languages are built side by side
    config = configuration(name, site, strict)
    try:
        config.plugins.on_startup(command="build", dirty=False)
        mkdocs_build(config)
    except Abort as error:
        sys.exit(f"{name}: {error}")
    postprocess.process_site(config, draft=not strict)
    if name != "en":
        (site / "404.html").unlink()  # a host shows that of the root
        english = config.plugins["fallback"]
        logging.info(
            "%d pages are in English, %d in part; `python scripts/run.py translate` says why",
            english.whole,
            english.partly,
        )


def quiet(name: str) -> None:
    logging.basicConfig(format=f"{name}: %(message)s", level=logging.INFO)
    jieba.setLogLevel(logging.WARNING)


def build_all(site: Path, strict: bool) -> bool:
    """Build all languages, those that MkDocs builds side by side; tell whether it went well."""
    folders = {"en": site, "zh": WORK / "zh"}  # MkDocs empties the folder that it builds into
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=build, args=(*item, strict)) for item in folders.items()]
    for worker in workers:
        worker.start()
    WORK.mkdir(exist_ok=True)
    wheel.build(WORK)
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        return False
    shutil.move(WORK / wheel.name(), site / wheel.name())
    traditional.convert(folders["zh"], site / "zh-hant")
    shutil.move(folders["zh"], site / "zh")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site-dir", type=Path, default=ROOT / "site")
    parser.add_argument("--draft", action="store_true", help="go on after a warning")
    options = parser.parse_args()
    return not build_all(options.site_dir.resolve(), strict=not options.draft)


if __name__ == "__main__":
    raise SystemExit(main())
