"""What happened in a room, and the Kafka record that says so."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from functions.rooms.identity import MAX_ACTIVITY_ID

JOIN, LEAVE, CHAT, LIKE, HEARTBEAT, SEATED = 1, 2, 4, 6, 7, 8
REMOVED, NOTICE, SANCTION, SETTINGS = 9, 10, 11, 12
MOST = 2**53 - 1
# More than the API lets in; JSON can be read deeper than it can be written again.
DATA_LEVELS = 64
TYPES = frozenset({JOIN, LEAVE, CHAT, LIKE, HEARTBEAT, SEATED, REMOVED, NOTICE, SANCTION, SETTINGS})


class BrokenRecord(ValueError):
    """A record that is no event; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened. `time` is in ms since the epoch; `seq` and `logged_at` (ms) are known once it stands in
    the room log.

    SEATED is a further connection of a user who is in the room already: it tells the relay to welcome it, and is on
    the live topic only.
    """

    activity_id: int
    type: int
    time: int
    user_id: str = ""
    username: str = ""
    connection_id: str = ""
    avatar: str = ""
    company_id: str = ""
    openid: str = ""
    unionid: str = ""
    content: str = ""
    client_id: str | None = None
    to: str | None = None
    online: int | None = None
    likes: int | None = None
    watch_seconds: float | None = None
    name: str | None = None
    data: Any = None
    seq: int | None = None
    logged_at: int = 0

    def key(self) -> bytes:
        """The record's key: one room stays in order in one partition."""
        return str(self.activity_id).encode()

    def to_record(self) -> bytes:
        """The record's value, under the original's names; `null` where a field has no meaning for the type."""
        moment = datetime.fromtimestamp(self.time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        fields: dict[str, Any] = {
            "activityId": self.activity_id,
            "messageType": self.type,
            "nickname": self.username,
            "companyId": self.company_id,
            "openid": self.openid,
            "unionid": self.unionid,
            "avatar": self.avatar,
            "content": self.content,
            "zanNumber": self.likes,
            "onLineNumber": self.online,
            "createTime": moment,
            "updateTime": moment,
            "userId": self.user_id,
            "connectionId": self.connection_id,
            "id": self.client_id,
            "to": self.to,
            "time": self.time,
            "watchSeconds": self.watch_seconds,
            "name": self.name,
            "data": self.data,
        }
        if self.seq is not None:
            fields["seq"] = self.seq
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_record(cls, value: bytes, *, seq: int | None = None, timestamp: int) -> Self:
        """Read a record, also one that another system produced with the original's fields alone.

        `seq` is its offset in the live topic; without one the record is of the save topic, and the event has the `seq`
        and the watch time that the record names. `timestamp` (ms) serves where it names no time. Raises BrokenRecord.
        """
        fields = _parse_object(value)
        is_saved = seq is None
        return cls(
            activity_id=_activity_id(fields),
            type=_type(fields),
            time=_number(fields, "time") or timestamp,
            username=_text(fields, "nickname"),
            user_id=_text(fields, "userId") or _text(fields, "nickname"),
            connection_id=_text(fields, "connectionId"),
            avatar=_text(fields, "avatar"),
            company_id=_text(fields, "companyId"),
            openid=_text(fields, "openid"),
            unionid=_text(fields, "unionid"),
            content=_text(fields, "content"),
            client_id=_text(fields, "id") or None,
            to=_text(fields, "to") or None,
            online=_number(fields, "onLineNumber"),
            likes=_number(fields, "zanNumber"),
            watch_seconds=_seconds(fields) if is_saved else None,
            name=_text(fields, "name") or None,
            data=_data(fields),
            seq=_seq(fields) if is_saved else seq,
            logged_at=timestamp,
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
    level = [value]
    for _ in range(DATA_LEVELS):
        nested = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [inner for several in nested for inner in several]
        if not level:
            return value
    if not any(isinstance(one, dict | list) for one in level):
        return value
    raise BrokenRecord(f"data has more than {DATA_LEVELS} levels")


def _activity_id(fields: dict[str, Any]) -> int:
    value = _number(fields, "activityId")
    if value is None or not 1 <= value <= MAX_ACTIVITY_ID:
        raise BrokenRecord(f"activityId {fields.get('activityId')!r} is not an integer from 1 to 2^53-1")
    return value


def _type(fields: dict[str, Any]) -> int:
    value = _number(fields, "messageType")
    if value not in TYPES:
        raise BrokenRecord(f"messageType {fields.get('messageType')!r} is not known")
    return value


def _seq(fields: dict[str, Any]) -> int | None:
    value = fields.get("seq")
    return None if value is None else whole("seq", value)


def _seconds(fields: dict[str, Any]) -> float | None:
    value = fields.get("watchSeconds")
    if value is None or type(value) is float:
        return value
    if type(value) is not int:
        raise BrokenRecord(f"watchSeconds {str(value)[:40]!r} is not a number")
    if abs(value) > MOST:
        raise BrokenRecord("watchSeconds is too large")
    return value


def whole(name: str, value: Any) -> int:
    """`value`, which the record has as `name`; raises BrokenRecord unless it is an integer from 0 to 2^53-1."""
    if type(value) is not int or not 0 <= value <= MOST:
        raise BrokenRecord(f"{name} {str(value)[:40]!r} is not an integer from 0 to 2^53-1")
    return value


def _number(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    # The original's own producers write some numbers as strings.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    if type(value) is not int:
        raise BrokenRecord(f"{name} {str(value)[:40]!r} is not an integer")
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise BrokenRecord(f"{name} is not a string")
    return value
