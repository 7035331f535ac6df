"""Reads Kafka records as events, those that other systems produced too.

A record is read once, here: every field is checked whatever the kind, and the kind takes the payload that it has. What
is optional and null is as good as left out. The original's producers write some numbers as strings.
"""

import json
import math
from typing import Any

from functions.rooms import text as texts
from functions.rooms.attributes import Attributes, flaw_of_attributes
from functions.rooms.events import KINDS, NOTICE, PROPERTIES, TARGETS_AT_MOST, Event, Target, Who, target_of
from functions.rooms.extra import Extra, flaw_of_extra
from functions.rooms.identity import MAX_ACTIVITY_ID
from functions.rooms.json_value import is_deeper
from functions.rooms.properties import valid_changes

MOST = 2**53 - 1
# The end of the year 9999, in ms since the epoch: a record has to be written as a date again, and clients draw it. A
# time in micro- or nanoseconds is above.
LATEST = 253_402_300_799_999
# More than the API lets in; JSON can be read deeper than it can be written again.
DATA_LEVELS = 64
_NUMBERS = ("activityId", "messageType", "onLineNumber", "zanNumber")
# In the order of the fields of `Who`.
_OF_WHO = ("userId", "nickname", "connectionId", "avatar", "companyId", "openid", "unionid")
_TEXTS = (*_OF_WHO, "content", "name", "to", "id")


class BrokenRecord(ValueError):
    """A record is not an event; the message says why."""


def parse_record(value: bytes, *, seq: int | None = None, timestamp: int) -> Event:
    """The event of a record; raises BrokenRecord.

    `seq` is the record's offset in the live topic. Without it the record is of the save topic: the event has the `seq`
    and the watch time that the record names. A character that no such text may hold becomes a question mark; only a
    user's id in the live topic is not changed, and the record is broken instead. `attributes`, `extra` and properties
    that are not valid are left out: what was said is shown all the same. A notice may be `to` a list of users. If the
    list is not valid, the record is broken: a notice to some must not be shown to all.
    `timestamp` (ms) is the record's, and the event's `time` where the record has none that is one: a wrong time is no
    reason to withhold what was said. The time is 0 where the timestamp is none, either.
    """
    fields = _parse_object(value)
    is_saved = seq is None
    numbers = [number if type(number := fields.get(name)) is int else _number(name, number) for name in _NUMBERS]
    activity_id, type_, online, likes = numbers
    several = _several(fields) if type_ == NOTICE else None
    found = [text if type(text := fields.get(name)) is str else _text(name, text) for name in _TEXTS]
    user_id, username, connection_id, avatar, *ids, content, name, to, client_id = _cleaned(found, is_saved=is_saved)
    if activity_id is None or not 1 <= activity_id <= MAX_ACTIVITY_ID:
        raise BrokenRecord(f"activityId {fields.get('activityId')!r} is not an integer from 1 to 2^53-1")
    kind = KINDS.get(type_ or 0)
    if kind is None:
        raise BrokenRecord(f"messageType {fields.get('messageType')!r} is not known")
    data = valid_changes(fields.get("data")) if type_ == PROPERTIES else _data(fields)
    payload: dict[str, Any] = {"content": content, "extra": _extra(fields), "name": name or None, "data": data}
    return kind(
        activity_id=activity_id,
        time=time if type(time := fields.get("time")) is int and 1 <= time <= LATEST else _moment(time, timestamp),
        who=Who(user_id or username, username, connection_id, avatar, ids[0], ids[1], ids[2], _attributes(fields)),
        to=several or to or None,
        client_id=client_id or None,
        online=online,
        likes=likes,
        **(_watched(fields) if is_saved else {}),
        seq=whole("seq", fields["seq"]) if is_saved and fields.get("seq") is not None else seq,
        logged_at=timestamp,
        **{field: payload[field] for field in kind.payload_fields},
    )


def _parse_object(value: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(value, parse_constant=_refuse_constant, parse_float=_finite)
    except BrokenRecord:
        raise
    except (ValueError, RecursionError):
        raise BrokenRecord("the value is not UTF-8 JSON") from None
    if not isinstance(fields, dict):
        raise BrokenRecord("the value is not a JSON object")
    return fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    # Infinity has no name in JSON, and whoever is told it cannot read the frame.
    if math.isinf(number := float(text)):
        raise BrokenRecord(f"the number {text[:40]} is too large")
    return number


def _data(fields: dict[str, Any]) -> Any:
    value = fields.get("data")
    if is_deeper(value, DATA_LEVELS):
        raise BrokenRecord(f"data has more than {DATA_LEVELS} levels")
    return value


def _several(fields: dict[str, Any]) -> Target | None:
    """Those whom a notice is for, if it names them in a list; the field is read then."""
    users = fields.get("to")
    if not isinstance(users, list):
        return None
    if not 1 <= len(users) <= TARGETS_AT_MOST:
        raise BrokenRecord(f"to does not name 1 to {TARGETS_AT_MOST} users")
    for user in users:
        if not isinstance(user, str) or (flaw := texts.flaw_of_record_id(user)):
            raise BrokenRecord(f"to names a user whose id {flaw if isinstance(user, str) else 'is not a string'}")
    fields["to"] = None
    return target_of(users)


def _attributes(fields: dict[str, Any]) -> Attributes:
    value = fields.get("attributes")
    return {} if value is None or flaw_of_attributes(value) else value


def _extra(fields: dict[str, Any]) -> Extra | None:
    value = fields.get("extra")
    return None if value is None or flaw_of_extra(value) else value


def _watched(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of the event for what its user watched."""
    start, end = fields.get("watchFrom"), fields.get("watchTo")
    if (start is None) != (end is None):
        raise BrokenRecord("of watchFrom and watchTo there is only one")
    if end is not None and whole("watchFrom", start) > whole("watchTo", end):
        raise BrokenRecord(f"watchFrom {start} is later than watchTo {end}")
    return {"watch_seconds": _seconds(fields), "watch_from": start, "watch_to": end}


def _seconds(fields: dict[str, Any]) -> float | None:
    value = fields.get("watchSeconds")
    if value is not None and type(value) not in (int, float):
        raise BrokenRecord(f"watchSeconds {str(value)[:40]!r} is not a number")
    if type(value) is int and abs(value) > MOST:
        raise BrokenRecord("watchSeconds is too large")
    return value


def whole(name: str, value: Any) -> int:
    """`value`, which the record has as `name`; raises BrokenRecord unless it is an integer from 0 to 2^53-1."""
    if type(value) is not int or not 0 <= value <= MOST:
        raise BrokenRecord(f"{name} {str(value)[:40]!r} is not an integer from 0 to 2^53-1")
    return value


def _cleaned(found: list[str], *, is_saved: bool) -> list[str]:
    """The texts, which are those of _TEXTS, as they may be shown; raises BrokenRecord."""
    user_id, username, *others, content, name, to, client_id = found
    if not is_saved:
        for id_name, id_ in (("userId", user_id), ("to", to)):
            if id_ and (flaw := texts.flaw_of_record_id(id_)):
                raise BrokenRecord(f"{id_name} {flaw}")
    lines = [*others, name, to, client_id]
    # Nearly all records are printable throughout, and Python knows that at once.
    if not "".join(found).isprintable():
        lines, content = [texts.clean_line(line) for line in lines], texts.clean_chat(content)
        user_id = texts.clean_line(user_id)
    # Viewers see who it is, even if nothing of the name can be seen.
    username = texts.clean_name(username) or (user_id if username else "")
    return [user_id, username, *lines[:-3], content, *lines[-3:]]


def _number(name: str, value: Any) -> int | None:
    # The original's own producers write some numbers as strings.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    if value is not None and type(value) is not int:
        raise BrokenRecord(f"{name} {str(value)[:40]!r} is not an integer")
    return value


def _moment(*values: Any) -> int:
    """The first of `values` that is a time in ms since the epoch, from 1 to LATEST; 0 if none is."""
    for value in values:
        is_digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19
        time = int(value) if is_digits else value
        if type(time) is int and 1 <= time <= LATEST:
            return time
    return 0


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or type(value) is int:
        return str(value)
    raise BrokenRecord(f"{name} is not a string")
