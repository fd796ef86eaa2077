"""Which PyTorch the tests run with: that of the developers, or another that the library supports.

From version to version PyTorch gains losses, refuses other calls, and raises other types. What is
written down about it here is true of the developers' version, and is held against that.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from pkgutil import resolve_name

import torch

pyproject = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
pins = pyproject["project"]["optional-dependencies"]["dev"]
DEVELOPERS = f"torch=={torch.__version__.partition('+')[0]}" in pins  # without the +cpu


def lacking(code: str) -> list[str]:
    """Name what this code takes from PyTorch, and this version does not have."""

    def has(name: str) -> bool:
        try:
            resolve_name(name)
        except (AttributeError, ImportError):
            return False
        return True

    return [name for name in re.findall(r"\btorch(?:\.\w+)+", code) if not has(name)]
