"""The archive of a room: records of the save topic become items of a table, and items become events again.

The key of an item follows from its record alone: the room, the kind and the seq. The chat 7 of room 42 is the item
`room#42`, `m#0000000000000007`. So a redelivered record writes the same item again, and nothing is stored twice. The
zeros make the order of the keys the order of the numbers, so a page of messages is one query. Likes and heartbeats have
no seq, and no items: they are in the sums of their minute (functions/rooms/minute_sums.py).
"""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from functions.rooms import settling
from functions.rooms.events import (
    CHAT,
    HEARTBEAT,
    KINDS,
    LIKE,
    NOTICE,
    SEATED,
    Event,
    PlatformEvent,
    Removed,
    Who,
)
from functions.rooms.records import BrokenRecord, parse_record, whole
from functions.rooms.removals import Removal, UserMark
from functions.rooms.repeats import Sent, sent_as

MESSAGE, PRIVATE, REMOVAL, USER_REMOVAL, EVENT, MINUTE, TARGET, ACT = "m", "p", "x", "u", "e", "s", "t", "a"
Kind = Literal["m", "p", "e"]
# The kinds of items whose number is the seq of their own record.
SEQUENCED = frozenset({MESSAGE, PRIVATE, EVENT})

MINUTE_MS = 60_000
DAY_SECONDS = 24 * 3600
# DynamoDB allows 400 KB for an item. An item is hardly larger than its record.
RECORD_BYTES = 400_000

Attributes = dict[str, str | int]

# The attributes that name a user, and those that a message adds, with the fields of `Who` that they hold.
_WHO = {"userId": "user_id", "username": "username"}
_OF_MESSAGES = {"avatar": "avatar", "companyId": "company_id", "openid": "openid", "unionid": "unionid"}
# Those that hold JSON as text.
OF_JSON = ("data", "extra", "attributes", "targets")
_EMPTY_PAYLOAD: dict[str, Any] = {"content": "", "extra": None, "name": None, "data": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One item of the table, made of the record at `offset` in the save topic.

    Writing an item again changes nothing. `sent`: its event was sent under an `id`. `erased`: the userId that the item
    had before its user was erased.
    """

    activity_id: int
    sk: str
    attributes: Attributes
    offset: int
    sent: Sent | None = None
    erased: str = ""

    @property
    def pk(self) -> str:
        return partition(self.activity_id)


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored event. A chat may be `removed` by a moderator."""

    event: Event
    removed: bool = False

    def withheld(self) -> "Stored":
        """The event as it may be shown: a removed one without its content."""
        if not self.removed:
            return self
        empty = {name: _EMPTY_PAYLOAD[name] for name in self.event.payload_fields}
        return replace(self, event=replace(self.event, **empty))


def partition(activity_id: int) -> str:
    """The `pk` of all items of a room, except watch time."""
    return f"room#{activity_id}"


def place(kind: str, number: int) -> str:
    """The `sk` of an item: within a kind, text order is the order of the numbers."""
    return f"{kind}#{number:016d}"


def target_place(seq: int, user_id: str) -> str:
    """The `sk` of the item by which the table's index of users finds what was `to` a user, or about them."""
    return f"{place(TARGET, seq)}#{user_id}"


def target_of(sk: str, kind: str) -> str:
    """The `sk` of the item that a TARGET's item, or an ACT's, stands for."""
    return place(kind, int(sk.split("#", 2)[1]))


def number(sk: str) -> int:
    """The inverse of `place`."""
    return int(sk.partition("#")[2])


def kind_of(sk: str) -> str:
    """The kind of an item."""
    return sk.partition("#")[0]


def expiry(logged_at: int, days: int) -> int:
    """When an item expires, in seconds since the epoch: `days` after `logged_at` (ms)."""
    return logged_at // 1000 + days * DAY_SECONDS


def read_record(value: bytes, timestamp: int) -> Event:
    """The event of a record of the save topic, whose time in the log is `timestamp` (ms). Raises BrokenRecord."""
    if len(value) > RECORD_BYTES:
        raise BrokenRecord(f"it has {len(value)} bytes, more than an item may have")
    return parse_record(value, timestamp=timestamp)


def items(event: Event, offset: int, *, days: int) -> list[Item]:
    """The items of an event whose record is at `offset`. They expire `days` after it was logged.

    Raises BrokenRecord if the event lacks the number that its key is made of.
    """
    if event.type in (HEARTBEAT, LIKE, SEATED):
        return []
    item = functools.partial(Item, activity_id=event.activity_id, offset=offset)
    lasting: Attributes = {"time": event.time, "expires": expiry(event.logged_at, days)}
    seq = whole("seq", event.seq)
    item = functools.partial(item, sent=sent_as(event))
    numbers = {"type": event.type, "seq": seq, "offset": offset}
    kept = [item(sk=place(_kind(event), seq), attributes=lasting | numbers | _texts(event))]
    if isinstance(event, Removed):
        sk, mark = _mark(event)
        kept.append(item(sk=sk, attributes=lasting | _named(event.who) | mark))
    for user_id in _targets(event):
        named: Attributes = {"userId": user_id, "kind": _kind(event)}
        kept.append(item(sk=target_place(seq, user_id), attributes=lasting | named))
    if isinstance(event, PlatformEvent):
        # By these alone the acts are found, among all that came, went and was said. They name nobody.
        kept.append(item(sk=place(ACT, seq), attributes=lasting | {"kind": _kind(event)}))
    return kept


def _targets(event: Event) -> tuple[str, ...]:
    """The users whom an event is for, or about."""
    mark = Removal.of(event).mark if isinstance(event, Removed) else None
    return (*event.targets, mark.user_id) if mark else event.targets


def user_mark_place(time: int, user_id: str) -> str:
    """The `sk` of what marks all that a user has said until then.

    Ordered by time: a page need not know of those who were removed before its oldest message was written.
    """
    return f"{place(USER_REMOVAL, time)}#{user_id}"


def _mark(event: Removed) -> tuple[str, Attributes]:
    """The key of what marks messages as removed, and what it holds beside who did it."""
    if mark := Removal.of(event).mark:
        return user_mark_place(mark.time, mark.user_id), {"of": mark.user_id, "seq": mark.seq}
    return place(REMOVAL, whole("data.seq", event.named("seq"))), {}


def user_mark(attributes: Mapping[str, Any]) -> UserMark:
    """What an item of the kind USER_REMOVAL removes."""
    return UserMark(attributes["of"], attributes["time"], attributes["seq"])


def without_repeats(batch: Iterable[Item]) -> list[Item]:
    """One item for each key: the last one."""
    return list({(item.pk, item.sk): item for item in batch}.values())


def stored(activity_id: int, attributes: Mapping[str, Any]) -> Stored:
    """The event of an item with these attributes: the inverse of `items`, for kinds with a seq."""
    kind = KINDS[attributes["type"]]
    carried = {name: json.loads(attributes[name]) if name in attributes else None for name in OF_JSON}
    payload = {"content": attributes.get("text", ""), "name": attributes.get("name"), **carried}
    targets = carried.pop("targets")
    texts = {field: attributes.get(name, "") for name, field in (_WHO | _OF_MESSAGES).items()}
    event = kind(
        activity_id=activity_id,
        time=attributes["time"],
        seq=attributes["seq"],
        who=Who(**texts, attributes=carried["attributes"] or {}),
        client_id=attributes.get("id"),
        to=tuple(targets) if targets else attributes.get("to"),
        **{field: payload[field] for field in kind.payload_fields},
    )
    return Stored(event)


def _named(who: Who) -> Attributes:
    return {name: text for name, field in _WHO.items() if (text := getattr(who, field))}


def _is_message(event: Event) -> bool:
    return event.type in (CHAT, NOTICE)


def _kind(event: Event) -> str:
    if not _is_message(event):
        return EVENT
    return MESSAGE if event.to is None else PRIVATE


def _texts(event: Event) -> Attributes:
    """The texts of the event as attributes, without empty ones."""
    payload = event.payload()
    names = _WHO | _OF_MESSAGES if _is_message(event) else _WHO
    texts = {name: getattr(event.who, field) for name, field in names.items()}
    several = list(event.targets) if len(event.targets) > 1 else None
    texts |= {"to": None if several else event.to, "text": payload.get("content"), "name": payload.get("name")}
    texts |= {"id": event.client_id if isinstance(event, settling.KINDS) else None}
    carried = {"data": payload.get("data"), "extra": payload.get("extra"), "attributes": event.who.attributes or None}
    carried |= {"targets": several}
    texts |= {name: _json(value) for name, value in carried.items()}
    return {name: text for name, text in texts.items() if text}


def _json(data: Any) -> str | None:
    if data is None:
        return None
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()
