"""What the server says to a client, as tools read it: the objects of a frame."""

import json
from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]


class Unreadable(Exception):
    """A frame does not hold objects of the protocol."""


def objects_in(frame: str | bytes) -> list[Object]:
    """The objects of a frame: `live.v1` sends an array of them, `classic` one by itself. Raises Unreadable."""
    try:
        value = json.loads(frame)
    except (ValueError, RecursionError):
        raise Unreadable("a frame that is not JSON") from None
    objects = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in objects):
        raise Unreadable("a frame that holds something else than objects")
    return objects


def cursor_of(welcome: Object) -> tuple[str, int]:
    """The epoch of the room's history and the seq up to which the welcome informs."""
    epoch, _, seq = str(welcome["cursor"]).partition(".")
    return epoch, int(seq)
