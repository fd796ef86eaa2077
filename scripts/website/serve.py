"""Serve the site in all languages, and follow edits: `python scripts/run.py serve`.

A changed page, docstring or catalogue of a loss is built anew by itself, which takes a second or
two; whatever else changes, everything is.

What it buys: `mkdocs serve` builds one language, and all of its pages at each edit.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import multiprocessing
import re
import signal
import subprocess
import sys
import tempfile
from multiprocessing.context import BaseContext
from pathlib import Path
from types import SimpleNamespace

from mkdocs.livereload import LiveReloadServer

from scripts.website.language import ROOT

WATCHED = ("docs", "losses", "scripts", "mkdocs.yml", "CHANGELOG.md")


def times() -> dict[Path, float]:
    paths = (path for name in WATCHED for path in [ROOT / name, *(ROOT / name).rglob("*")])
    files = (path for path in paths if path.is_file() and path.suffix != ".pyc")
    return {path: path.stat().st_mtime for path in files}


def pages(path: Path) -> list[tuple[str, str]] | None:
    """Return language and path of the pages that a file makes, or none where it may be all."""
    name = path.relative_to(ROOT).as_posix()
    if match := re.match(r"docs/(en|zh)/(.*\.md)$", name):
        # A translation of an older English gives way to the English.
        return [(language, match[2]) for language in dict.fromkeys((match[1], "zh"))]
    match = re.match(r"(losses/\w+/_|docs/locale/zh/)(\w+)\.(?:py|po)$", name)
    if match and (ROOT / "docs" / "en" / "losses" / f"{match[2]}.md").exists():
        languages = ("en", "zh") if match[1].startswith("losses/") else ("zh",)
        return [(language, f"losses/{match[2]}.md") for language in languages]
    return None


def rebuild(name: str, path: str, root: Path) -> None:
    """Build one page anew, and what the search knows of it."""
    gc.disable()  # this process ends soon
    # Only here, in a new process: these may have changed.
    from mkdocs.commands.build import build

    from losses.catalog import CATALOG
    from scripts.website import postprocess, traditional
    from scripts.website.build import configuration, quiet

    quiet(name)
    logging.getLogger("mkdocs.commands.build").setLevel(logging.ERROR)  # "a dirty build ..."
    site = root if name == "en" else root / name
    page, index = (site / path).with_suffix(".html"), site / "search" / "search_index.json"
    page.unlink(missing_ok=True)  # so that MkDocs builds it, and only it
    config = configuration(name, site, strict=False)
    config.plugins.on_startup(command="serve", dirty=True)
    config.plugins["material/search"].search_index_prev = SimpleNamespace(
        entries=json.loads(index.read_text("utf-8"))["docs"]
    )
    for loss in CATALOG:  # the pages that are not built now
        for item in (loss.function, *loss.classes):
            url = f"{loss.function}.html#losses.{item}"
            config.plugins["autorefs"].register_url(f"losses.{item}", url)
    build(config, dirty=True)
    postprocess.process_page(config, path)
    postprocess.tag(index)
    if name == "zh":
        for file in (page, site / path, index):
            copy = root / "zh-hant" / file.relative_to(site)
            copy.write_bytes(file.read_bytes())
            traditional.convert_file(copy)


class Site:
    """The served folder, and what it was made from."""

    def __init__(self, root: Path, context: BaseContext) -> None:
        self.root, self.context, self.seen = root, context, times()
        context.Process(target=times).start()  # get warm
        self.everything()

    def everything(self) -> None:
        command = [
            sys.executable,
            "-m",
            "scripts.website.build",
            "--draft",
            "--site-dir",
            str(self.root),
        ]
        subprocess.run(command, cwd=ROOT)

    def update(self) -> None:
        now, before = times(), self.seen
        self.seen = now
        changed = [path for path in now.keys() | before if now.get(path) != before.get(path)]
        wanted = [pages(path) if path in now and path in before else None for path in changed]
        if None in wanted:
            self.everything()
            return
        jobs = {job for part in wanted for job in part or ()}
        workers = [self.context.Process(target=rebuild, args=(*job, self.root)) for job in jobs]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev-addr", default="127.0.0.1:8000", metavar="IP:PORT")
    host, _, port = parser.parse_args().dev_addr.rpartition(":")
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        context.set_forkserver_preload(["scripts.website.warm"])
    # Ends as Ctrl-C does, so that the server's threads and the folder go, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), context)
        server = LiveReloadServer(site.update, host, int(port), folder)
        for name in WATCHED:
            server.watch(str(ROOT / name))
        try:
            server.serve()
        except KeyboardInterrupt:
            server.shutdown()


if __name__ == "__main__":
    main()
