"""Tells a terminal what goes on; elsewhere nothing, so that logs stay short."""

import sys


def tell(step: str) -> None:
    """A line that says which step begins."""
    if sys.stderr.isatty():
        print(f"{step} ...", file=sys.stderr, flush=True)
