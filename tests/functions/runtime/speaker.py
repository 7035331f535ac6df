"""A function that logs what its event says."""

import logging
from typing import Any

from functions.runtime.entry import Entry
from functions.runtime.settings import Settings


async def build(settings: Settings) -> None:
    """It works with nothing."""


async def main(event: dict[str, Any], parts: None) -> None:
    for level, text in event.get("lines", []):
        logging.getLogger("some.library").log(level, text)
    if "fails" in event:
        try:
            raise ValueError(event["fails"])
        except ValueError:
            logging.getLogger("some.library").exception("it failed:\n%s", "so")


handler = Entry("authorize", main, build)
