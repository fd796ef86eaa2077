"""Set everything up and run it: `python scripts/run.py serve`, `build` or `test`.

Works in the virtual environment that is active, or else in `.venv`, which it makes. Needs
nothing but Python.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = {  # modules to run one after the other; further options go to the first
    "serve": [["scripts.website.serve"]],
    "build": [["scripts.website.build"]],
    "test": [["pytest", "-n", "auto"]],
    "browser": [["pytest", "-m", "browser"]],
    "sweep": [["pytest", "-m", "browser", "--all-pages"]],
    "compile": [["pytest", "-m", "compiler", "-n", "auto", "tests/test_compile.py"]],
    "new": [["scripts.dev.new_loss"]],
    "rosetta": [["pytest", "-m", "rosetta", "tests/test_rosetta.py"]],
    "zensical": [["pytest", "-m", "zensical", "tests/test_zensical.py"]],
    "benchmark": [["scripts.dev.benchmark"]],
    "mutate": [["scripts.dev.mutate"]],
    "translate": [["scripts.dev.translate"]],
    "release": [
        ["scripts.dev.translate", "--check"],
        ["scripts.website.build"],
        ["scripts.website.postprocess", "anchors"],
        ["pytest", "-m", "release", "tests/test_release.py", "tests/test_offer.py"],
    ],
}

OLDEST, NEWEST = "2.6.0", "2.14.1"  # the ends of the range of PyTorch that `versions` tries
# What the libraries in `scripts/peers` need to import, of all that they ask for.
PEERS_NEED = ("einops", "pillow", "scipy", "tqdm", "transformers")
WITHOUT_THEIR_NEEDS = ("kornia_rs", "lightning-utilities")
# Tests of the site and of the tools: they need more than PyTorch.
NOT_THE_LIBRARY = (
    *("alone", "benchmark", "budgets", "figures", "figures_browser", "guides", "languages"),
    *("memory", "new_loss", "offer", "peers", "release", "rosetta", "site", "structure"),
    "zensical",
)


def environment() -> Path:
    """Return the Python to work with, in a virtual environment."""
    if sys.prefix != sys.base_prefix:
        return Path(sys.executable)
    return make(ROOT / ".venv")


def make(folder: Path) -> Path:
    """Return the Python of the virtual environment in this folder, and make it first if need be."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"Making a virtual environment in {folder} ...", flush=True)
        venv.create(folder, with_pip=True)
    return python


def install(python: Path, extras: str, *more: str) -> None:
    """Install the package and its tools, unless that has been done for this pyproject.toml."""
    wanted = (ROOT / "pyproject.toml").read_text("utf-8") + " ".join(more)
    digest = hashlib.sha256(wanted.encode()).hexdigest()
    stamp = python.parents[1] / f"losses-installed-{extras}"
    if stamp.exists() and stamp.read_text() == digest:
        return
    print("Installing the package, torch and the tools (once, some minutes) ...", flush=True)
    pip = [python, "-m", "pip", "install", "--editable", f"{ROOT}[{extras}]", *more]
    subprocess.run(pip, cwd=ROOT, check=True)
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


def versions(options: list[str]) -> int:
    """Run the library's tests, examples and generated code with other versions of PyTorch.

    Each has an environment of its own, in `build/versions`. Options are versions, by default both
    ends of the range, and those of pytest.
    """
    chosen = [option for option in options if re.fullmatch(r"\d+\.\d+\.\d+", option)]
    more = [option for option in options if option not in chosen]
    left_out = [f"--ignore=tests/test_{name}.py" for name in NOT_THE_LIBRARY]
    table = [("PyTorch", "tests", "passed", "failed", "skipped", "seconds")]
    for version in chosen or (OLDEST, NEWEST):
        python = make(ROOT / "build" / "versions" / version)
        install(python, "test", f"torch=={version}")
        report = python.parents[1] / "tests.xml"
        tests = ["pytest", "-rs", f"--junitxml={report}", *left_out, *more]
        places = ["losses", "docs/en", "README.md", "tests"]
        code = subprocess.run([python, "-m", *tests, *places], cwd=ROOT, env=settings()).returncode
        if code not in (0, 1):  # neither passed nor failed: interrupted, or never begun
            return code
        counts = ElementTree.parse(report).getroot()[0].attrib
        run, skipped = int(counts["tests"]), int(counts["skipped"])
        failed = int(counts["failures"]) + int(counts["errors"])
        passed = run - failed - skipped
        table += [(version, *map(str, (run, passed, failed, skipped)), f"{counts['time']:.6}")]
    for row in table:
        print("".join(f"{cell:>9}" for cell in row))
    return int(any(failed != "0" for _, _, _, failed, *_ in table[1:]))


def beside_libraries(module: list[str], options: list[str]) -> int:
    """Run a module where the libraries of `scripts/peers` are installed.

    They have an environment of their own, in `build/peers`, and get none of what they ask for: each
    would bring its own torch.
    """
    python = make(ROOT / "build" / "peers")
    (torch,) = re.findall(r'"(torch==[\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    install(python, "docs,test,rosetta", torch, *PEERS_NEED)
    pins = [f"{name}=={version}" for name, version in libraries().items() if name != "torch"]
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", *pins, *WITHOUT_THEIR_NEEDS]
    subprocess.run(pip, cwd=ROOT, check=True)
    return subprocess.run([python, "-m", *module, *options], cwd=ROOT, env=settings()).returncode


def libraries() -> dict[str, str]:
    """Read the versions of the libraries that `scripts/peers` compares with, without torch."""
    tree = ast.parse((ROOT / "scripts" / "peers" / "__init__.py").read_text("utf-8"))
    (found,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VERSIONS"
    )
    versions: dict[str, str] = ast.literal_eval(found)
    return versions


def copied() -> int:
    """Run what the built site lets readers copy, where PyTorch is and nothing of ours."""
    python = make(ROOT / "build" / "alone")
    wanted = (ROOT / "pyproject.toml").read_text("utf-8")
    (torch,) = re.findall(r'"(torch==[\d.]+)"', wanted)
    subprocess.run([python, "-m", "pip", "install", "--quiet", torch], check=True)
    return subprocess.run([sys.executable, "-m", "scripts.dev.copied", python], cwd=ROOT).returncode


def main() -> int:
    if sys.argv[1:2] == ["versions"]:
        return versions(sys.argv[2:])
    if sys.argv[1:2] == ["peers"]:
        tests = [f"tests/test_{name}.py" for name in ("peers", "benchmark")]
        return beside_libraries(["pytest", "-m", "peers", *tests], sys.argv[2:])
    if sys.argv[1:2] == ["benchmark"] and "--peers" in sys.argv:
        return beside_libraries(["scripts.dev.benchmark"], sys.argv[2:])
    if sys.argv[1:2] == ["copied"]:
        return copied()
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        names = ",".join([*COMMANDS, "copied", "peers", "versions"])
        print(f"usage: python scripts/run.py {{{names}}} [options]", file=sys.stderr)
        return 2
    python = environment()
    # Other libraries and another builder are installed on demand only.
    more = f",{sys.argv[1]}" if sys.argv[1] in ("rosetta", "zensical") else ""
    install(python, f"dev,docs,test{more}")
    first, *others = COMMANDS[sys.argv[1]]
    for command in ([*first, *sys.argv[2:]], *others):
        # `python -m` puts this folder on the path, where MkDocs finds our extensions.
        code = subprocess.run([python, "-m", *command], cwd=ROOT, env=settings()).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
