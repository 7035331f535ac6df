"""The command line: `python -m tests.screenshots [PAGE...]` writes pictures of the pages in each of their states."""

import asyncio
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.chromium import CHROMIUM, MISSING
from tools.nearest import did_you_mean

DIRECTORY = Path(".screenshots")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status: 0, 1 without a browser, 2 for a page that there is none of."""
    pages = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    for name in arguments:
        if name not in pages:
            hint = did_you_mean(name, pages) or f"; there are {', '.join(pages)}"
            print(f"there is no page {name!r}{hint}", file=sys.stderr)
            return 2
    if CHROMIUM is None:
        print(MISSING, file=sys.stderr)
        return 1
    DIRECTORY.mkdir(exist_ok=True)
    for name in arguments or pages:
        # Each page's module has `take`, which writes its pictures into a directory.
        asyncio.run(import_module(f"tests.screenshots.{name}").take(DIRECTORY))
    written = sorted(DIRECTORY.glob("*.png"))
    print(f"{len(written)} pictures are in {DIRECTORY}/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
