"""A person's attributes: what the platform says of somebody beside the name, such as a role, a level or a colour.

They are shown with the person: on chats, on a join, and in the lists of who is here. They come from a token, or in open
mode from the handshake's query, and never from a frame. `{}` is a person without attributes.
"""

import json
from collections.abc import Mapping
from typing import Any

from functions.rooms import text as texts
from functions.rooms.json_value import packed

Attributes = Mapping[str, str]

ATTRIBUTES_AT_MOST = 16
# Of all together, as compact JSON in UTF-8. They ride in the authorizer's result, which may have 8 KB:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
ATTRIBUTES_BYTES = 1024


def flaw_of_attributes(value: Any) -> str | None:
    """An object of at most 16 texts on one line, each named by an id, and of 1,024 bytes as JSON; None if it is one,
    else what is wrong, as the end of a sentence."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return "must be an object of texts"
    if len(value) > ATTRIBUTES_AT_MOST:
        return f"must have at most {ATTRIBUTES_AT_MOST} entries"
    for name, text in value.items():
        if flaw := texts.flaw_of_id(name):
            return f"has a name that {flaw}"
        if flaw := texts.flaw_of_line(text):
            return f"has a text that {flaw}"
    too_large = len(packed(value).encode()) > ATTRIBUTES_BYTES
    return f"must have at most {ATTRIBUTES_BYTES} bytes as JSON" if too_large else None


def pack_attributes(attributes: Attributes) -> str:
    """As one text: JSON without a control character, or "" for none."""
    return packed(dict(attributes)) if attributes else ""


def unpack_attributes(text: str) -> Attributes:
    """The inverse of `pack_attributes`."""
    found: dict[str, str] = json.loads(text) if text else {}
    return found
