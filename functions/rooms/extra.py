"""A chat's `extra`: any JSON object that its client sends beside the text, and that is carried as it is.

Clients agree among themselves on what it holds: the `seq` that is replied to, who is mentioned, where a bullet flies.
"""

from collections.abc import Mapping
from typing import Any

from functions.rooms.json_value import flaw_of_json

Extra = Mapping[str, Any]

# As compact JSON in UTF-8.
EXTRA_BYTES = 1024


def flaw_of_extra(value: Any) -> str | None:
    """An object of at most 1,024 bytes as JSON and 32 levels; None if it is one, else what is wrong, as the end of a
    sentence."""
    return flaw_of_json(value, EXTRA_BYTES) if isinstance(value, dict) else "must be an object"
