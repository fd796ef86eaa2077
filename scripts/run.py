"""Set everything up and run it: `python scripts/run.py serve`, `build` or `test`.

Works in the virtual environment that is active, or else in `.venv`, which it makes. Needs
nothing but Python.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {  # modules to run one after the other; further options go to the first
    "serve": [["scripts.serve"]],
    "build": [["scripts.build"]],
    "test": [["pytest"]],
    "browser": [["pytest", "-m", "browser"]],
    "rosetta": [["pytest", "-m", "rosetta", "tests/test_rosetta.py"]],
    "zensical": [["pytest", "-m", "zensical", "tests/test_zensical.py"]],
}


def environment() -> Path:
    """Return the Python to work with, in a virtual environment."""
    if sys.prefix != sys.base_prefix:
        return Path(sys.executable)
    folder = ROOT / ".venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"Making a virtual environment in {folder} ...", flush=True)
        venv.create(folder, with_pip=True)
    return python


def install(python: Path, extras: str) -> None:
    """Install the package and its tools, unless that has been done for this pyproject.toml."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = python.parents[1] / f"losses-installed-{extras}"
    if stamp.exists() and stamp.read_text() == digest:
        return
    print("Installing the package, torch and the tools (once, some minutes) ...", flush=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--editable", f"{ROOT}[{extras}]"], cwd=ROOT, check=True
    )
    stamp.write_text(digest)


def settings() -> dict[str, str]:
    """Add to the environment the commit's date, so that a build can be repeated exactly."""
    # Material announces its successor at every build; the pins decide when we move.
    found = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    try:
        git = ["git", "log", "-1", "--format=%ct"]
        date = subprocess.run(git, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    except OSError:
        date = ""
    if date:
        found.setdefault("SOURCE_DATE_EPOCH", date)
    if found.get("REPO_URL"):
        found.setdefault("EDIT_URI", "edit/main/docs/en/")
    return found


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        print(f"usage: python scripts/run.py {{{','.join(COMMANDS)}}} [options]", file=sys.stderr)
        return 2
    python = environment()
    # Other libraries and another builder are installed on demand only.
    more = f",{sys.argv[1]}" if sys.argv[1] in ("rosetta", "zensical") else ""
    install(python, f"docs,test{more}")
    first, *others = COMMANDS[sys.argv[1]]
    for command in ([*first, *sys.argv[2:]], *others):
        # `python -m` puts this folder on the path, where MkDocs finds our extensions.
        code = subprocess.run([python, "-m", *command], cwd=ROOT, env=settings()).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
