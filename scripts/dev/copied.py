"""Run all that the built site lets readers copy, where PyTorch is and nothing else.

    python scripts/run.py copied

makes such an environment once, in `build/alone`. What is about this package is left out, and what
is for other libraries, which `python scripts/run.py rosetta` runs.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r'<div class="(?:[\w-]+ )*highlight(?: [\w-]+)*"([^>]*)><pre[^>]*>'
    r'<div class="md-code__nav"><button [^>]*data-clipboard-text="([^"]*)"'
)
OTHERS = re.compile(r"^import (numpy|keras|optax|sklearn|scipy)", re.MULTILINE)

# Runs in the environment: each program by itself, one after the other in one process.
DRIVER = """
import contextlib, io, json, sys, torch, traceback, warnings
warnings.simplefilter("ignore")
failed = []
for place, program in json.load(sys.stdin):
    torch.manual_seed(0)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(program, place, "exec"), {"__name__": "__main__"})
    except Exception:
        failed.append(f"{place}\\n{program}\\n{traceback.format_exc(limit=-1)}")
print("\\n\\n".join(failed))
sys.exit(len(failed) > 0)
"""


def programs() -> list[tuple[str, str]]:
    """List the places and the texts of what is copied from the English pages."""
    site = ROOT / "site"
    found = []
    for path in sorted(site.rglob("*.html")):
        place = path.relative_to(site).as_posix()
        if not place.startswith(("zh/", "zh-hant/")):
            for marks, text in BLOCK.findall(path.read_text("utf-8")):
                program = html.unescape(text)
                if "data-package" not in marks and not OTHERS.search(program):
                    found.append((place, program))
    return found


def main() -> int:
    python = sys.argv[1]
    listed = programs()
    if not listed:
        sys.exit("build the site first: python scripts/run.py build")
    installed = subprocess.run(
        [python, "-I", "-m", "pip", "list"], capture_output=True, text=True
    ).stdout
    assert "losses" not in installed.split(), "this package is installed there"
    # Isolated, and elsewhere: nothing of this folder can be imported.
    done = subprocess.run(
        [python, "-I", "-c", DRIVER], input=json.dumps(listed), text=True, cwd=Path(python).parent
    )
    print(f"{len(listed)} programs, {'some fail' if done.returncode else 'all run'}")
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
