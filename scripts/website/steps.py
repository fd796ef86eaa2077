"""The sessions of a page, each with the steps before it; without the site's tools.

The tests need them where PyTorch is another, or where the libraries of `scripts/peers` are asked.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

FENCE = re.compile(r"^( *)```pycon\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^>>> # step (?!1:)\d+: ", re.MULTILINE)


def sessions_of(page: str) -> Iterator[str]:
    """Yield the sessions of a page's source, each with the steps before it."""
    before = ""
    for match in FENCE.finditer(page):
        before = with_steps(textwrap.dedent(match[2]), before)
        yield before


def with_steps(session: str, before: str) -> str:
    """Return a session with the steps before it, if it goes on from them."""
    return f"{before.rstrip()}\n{session}" if STEP.match(session) else session
