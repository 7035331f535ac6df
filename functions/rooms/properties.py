"""A room's properties: what the platform says of a room as it is now, such as a pinned product or an announcement.

A property has a name, which is an id, and any JSON value but null. A JSON merge patch (RFC 7396) changes properties.
The room's state merges it (functions/adapters/redis/lua/patch.lua), so patches that are made at once all hold.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from functions.rooms import text as texts
from functions.rooms.identity import Malformed
from functions.rooms.json_value import flaw_of_json, packed
from functions.rooms.results import digest_of

Properties = Mapping[str, Any]

PROPERTIES_AT_MOST = 32
# As compact JSON in UTF-8: the value of one, and the object of all.
PROPERTY_BYTES = 1024
PROPERTIES_BYTES = 8 * 1024
# One patch may replace all properties by others.
PATCHED_AT_MOST = 2 * PROPERTIES_AT_MOST
# What a tick tells of changes usually is one object. Only if very many are removed at once there are several.
TOLD_BYTES = 16 * 1024


def flaw_of_patch(value: Any) -> str | None:
    """An object of at most 64 names, each with null or a value of at most 1,024 bytes as JSON and 32 levels; None if it
    is one, else what is wrong, as a clause."""
    if not isinstance(value, dict):
        return "must be an object"
    if len(value) > PATCHED_AT_MOST:
        return f"must have at most {PATCHED_AT_MOST} properties"
    for name, change in value.items():
        if flaw := texts.flaw_of_id(name):
            return f"has a property whose name {flaw}"
        if flaw := flaw_of_json(change, PROPERTY_BYTES):
            return f"has the property {name}, which {flaw}"
    return None


def valid_changes(value: Any) -> Properties:
    """What a record says has changed, without what breaks a bound; nothing if it is no object."""
    if not isinstance(value, dict):
        return {}
    valid = {name: change for name, change in value.items() if flaw_of_patch({name: change}) is None}
    return dict(list(valid.items())[:PATCHED_AT_MOST])


def pack_patch(patch: Properties) -> tuple[list[str], list[str]]:
    """The names of a patch, and their values as compact JSON."""
    return list(patch), [packed(value) for value in patch.values()]


def digest_of_patch(patch: Properties) -> str:
    """8 characters that tell two patches apart which were sent under one id, by mistake."""
    return digest_of("", None, patch)


def read_properties(found: Sequence[str] | Mapping[str, str]) -> Properties:
    """The properties by name, in the order of the names, of what Redis holds: JSON by name, perhaps as a flat list."""
    pairs = found.items() if isinstance(found, Mapping) else zip(found[::2], found[1::2], strict=True)
    return {name: json.loads(value) for name, value in sorted(pairs)}


def read_patched(answer: Sequence[Any]) -> Properties:
    """All properties after a patch, of what `patch.lua` answered. Raises Malformed if the patch breaks a bound."""
    match answer:
        case ["ok", found]:
            return read_properties(found)
        case ["other"]:
            raise Malformed("header.Idempotency-Key: it was used for another call")
        case ["too large", name]:
            raise Malformed(f"body: the property {name} would have more than {PROPERTY_BYTES} bytes as JSON")
        case ["too many"]:
            raise Malformed(f"body: there would be more than {PROPERTIES_AT_MOST} properties")
        case ["too much"]:
            raise Malformed(f"body: all properties would have more than {PROPERTIES_BYTES} bytes as JSON")
    raise AssertionError(f"patch.lua answered {answer!r}")


def parted(changes: Properties) -> Iterator[Properties]:
    """The changes in parts of at most TOLD_BYTES as JSON; none without changes."""
    part: dict[str, Any] = {}
    size = 0
    for name, change in changes.items():
        size += len(packed({name: change}).encode())
        if size > TOLD_BYTES and part:
            yield part
            part, size = {}, len(packed({name: change}).encode())
        part[name] = change
    if part:
        yield part
