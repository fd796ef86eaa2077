"""A browser and the served site, for all tests that drive it.

The server does what static hosts do: it compresses, lets browsers keep files for a while, and
serves the site from a sub-path.
"""

from __future__ import annotations

import gzip
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from tests.pages import DESKTOP, SITE, in_a_browser, of_losses

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class Host(BaseHTTPRequestHandler):
    """A static host, the site under /some/folder/."""

    protocol_version = "HTTP/1.1"
    compresses = True

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        file = SITE / path.removeprefix("/some/folder").lstrip("/")
        file = file / "index.html" if file.is_dir() else file
        found = file.is_file()
        body = self.content(file if found else SITE / "404.html")
        kind = TYPES.get(file.suffix, "application/octet-stream")
        self.send_response(200 if found else 404)
        if self.compresses and kind.startswith(("text/", "application/j", "image/svg")):
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.send(body, kind)

    def content(self, file: Path) -> bytes:
        return file.read_bytes()

    def send(self, body: bytes, kind: str) -> None:
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing for each request."""


class SlowHost(Host):
    """Its pages stall where a block begins, so that the browser paints the block empty."""

    compresses = False

    def send(self, body: bytes, kind: str) -> None:
        start = 0
        if kind.startswith("text/html"):
            for block in re.finditer(rb"<(?:nav|ul|div|article|p|table|figure)\b[^>]*>", body):
                self.wfile.write(body[start : block.end()])
                start = block.end()
                time.sleep(0.025)
        self.wfile.write(body[start:])


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Open one page of each kind, or all of them: what the files tell is read on all anyway."""
    for name, choose in (("any_page", list), ("loss_page", of_losses)):
        if name in metafunc.fixturenames:
            paths = in_a_browser(metafunc.config.getoption("--all-pages"))
            metafunc.parametrize(name, choose(paths))


@contextmanager
def serve(host: type[Host]) -> Iterator[str]:
    assert (SITE / "index.html").exists(), "build the site first: python scripts/run.py build"
    server = ThreadingHTTPServer(("127.0.0.1", 0), host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/folder"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serve(Host) as address:
        yield address


@pytest.fixture(scope="session")
def slow_address() -> Iterator[str]:
    with serve(SlowHost) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # other tests do without it

    executable = shutil.which("chromium") or shutil.which("google-chrome")
    assert executable, "the browser tests need Chromium"
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()
