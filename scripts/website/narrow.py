"""Break code for a narrow page; nothing else changes."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap

WIDTH = 72
COMMENT = re.compile(r"^( *)# .*(?:\n\1# .*)*$", re.MULTILINE)


def narrow(code: str) -> str:
    """Break what is wider than a page on a desktop shows."""
    if max(map(len, code.splitlines())) <= WIDTH:
        return code
    command = [sys.executable, "-m", "ruff", "format", "--line-length", str(WIDTH), "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True)
    return COMMENT.sub(refilled, done.stdout)


def refilled(comment: re.Match[str]) -> str:
    lines = comment[0].splitlines()
    if max(map(len, lines)) <= WIDTH:
        return comment[0]
    begin = comment[1] + "# "
    words = " ".join(line.removeprefix(begin) for line in lines)
    return textwrap.fill(words, WIDTH, initial_indent=begin, subsequent_indent=begin)
