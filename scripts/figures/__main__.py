"""Draw all figures anew where needed, and the README's picture: `python -m scripts.figures`."""

from __future__ import annotations

import time

from scripts.figures import drawings, gallery
from scripts.figures.gallery import write_readme


def main() -> None:
    start = time.perf_counter()
    jobs = list(drawings())
    for index, (name, draw) in enumerate(jobs, 1):
        draw()
        print(f"\r[{index}/{len(jobs)}] {name:50}", end="", flush=True)
    gallery(str)
    write_readme()
    print(f"\r{len(jobs)} figures and docs/readme.svg, {time.perf_counter() - start:.0f} s {'':40}")


if __name__ == "__main__":
    main()
