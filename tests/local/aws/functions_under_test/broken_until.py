"""Fails to import until the file named in FIXED exists; adds a line to the file ATTEMPTS each time."""

import os
from pathlib import Path
from typing import Any

with Path(os.environ["ATTEMPTS"]).open("a") as attempts:
    attempts.write("tried\n")
if not Path(os.environ["FIXED"]).exists():
    raise RuntimeError("not yet")


def handler(event: Any, context: Any) -> str:
    return "works now"
