"""Make the package's wheel, which the site serves: so it can be installed from there.

It is made from a copy, for setuptools writes into the folder that it builds from, and packs what an
earlier build has left there. The same source gives the same bytes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from scripts.website.language import ROOT

MADE_FROM = ("pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def name() -> str:
    """Return what the wheel's file is called."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def build(site: Path) -> None:
    """Make the wheel, and put it into the site."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        for file in MADE_FROM:
            shutil.copyfile(ROOT / file, source / file)
        shutil.copytree(
            ROOT / "losses",
            source / "losses",
            ignore=shutil.ignore_patterns("__pycache__"),
            copy_function=shutil.copyfile,
        )
        for path in source.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)  # the archive keeps it
        # The earliest date that an archive can hold.
        dated = {"SOURCE_DATE_EPOCH": "315532800", **os.environ, "PYTHONWARNINGS": "ignore"}
        made = subprocess.run(
            [sys.executable, "-c", BUILD, str(site)],
            cwd=source,
            env=dated,
            umask=0o022,
            capture_output=True,
            text=True,
        )
    if made.returncode:
        raise RuntimeError(f"the wheel was not made: {made.stderr}")
    if not (site / name()).exists():
        raise RuntimeError(f"{name()} was not made, but something else")
