"""JSON that others made and that is carried as it is: a notice's `data`, a chat's `extra`.

Everybody who reads it must be able to parse it, whatever the language. So it is bounded in its size and its levels, and
holds nothing that UTF-8 or a number of IEEE 754 cannot.
"""

import json
from typing import Any

# JSON can be read deeper than it can be written again.
LEVELS = 32
_NESTING = (dict, list)


def is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested in more than so many levels."""
    nested = [value] if isinstance(value, _NESTING) else []
    for _ in range(levels):
        if not nested:
            return False
        inside = (one.values() if isinstance(one, dict) else one for one in nested)
        nested = [inner for several in inside for inner in several if isinstance(inner, _NESTING)]
    return bool(nested)


def packed(value: Any) -> str:
    """`value` as JSON text, as short as it gets."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def flaw_of_json(value: Any, most: int) -> str | None:
    """What is wrong with a value of JSON that may have `most` bytes, as the end of a sentence; None if nothing is."""
    if is_deeper(value, LEVELS):
        return f"must have at most {LEVELS} levels"
    try:
        size = len(packed(value).encode())
    except UnicodeEncodeError:
        return "must hold no half of a surrogate pair"
    except ValueError:
        return "must hold no number beyond the range of a double"
    return f"must have at most {most} bytes as JSON" if size > most else None
