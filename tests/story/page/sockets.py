"""What goes over the WebSockets of a page, held against docs/asyncapi.yaml."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from playwright.async_api import Page, WebSocket

from tests.asyncapi.document import LIVE, check_sent, check_shown


def listen(page: Page, flaws: list[str], *, hears_rooms: bool) -> None:
    """Add to `flaws` whatever the document does not have of what the page sends, and of what it gets if `hears_rooms`:
    if that comes from the rooms, and not from a test."""

    def checked(check: Callable[[Any], None]) -> Callable[[str | bytes], None]:
        def note(text: str | bytes) -> None:
            try:
                check(json.loads(text))
            except AssertionError as flaw:
                flaws.append(str(flaw))

        return note

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", checked(check_sent))
        if hears_rooms:
            socket.on("framereceived", checked(partial(check_shown, channel=LIVE)))

    page.on("websocket", opened)
