"""Numbers on the command line."""

import argparse
from collections.abc import Callable
from typing import Any


def number(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], Any]:
    """A type for argparse: what `kind` makes of the text, from `least` to `most`."""

    def check(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:.16g} to {most:.16g}")
        return value

    return check
