"""What is kept of a room for good: the save topic's records as items of a table, and the items as events again."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from functions.rooms.events import CHAT, HEARTBEAT, LIKE, NOTICE, REMOVED, SEATED, BrokenRecord, Event, whole

MESSAGE, PRIVATE, REMOVAL, EVENT, LIKES = "m", "p", "x", "e", "l"
Kind = Literal["m", "p", "e"]

MINUTE_MS = 60_000
DAY_SECONDS = 24 * 3600
# An item may have 400 KB, and has no more than its record but a few names.
RECORD_BYTES = 400_000

Attributes = dict[str, str | int]

_TEXT_FIELDS = (
    "user_id",
    "username",
    "avatar",
    "company_id",
    "openid",
    "unionid",
    "content",
    "client_id",
    "to",
    "name",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One item of the table, and the offset in the save topic of the record that it was made of.

    Writing it again changes nothing. If `grows`, it is written only where its `zanNumber` is larger than the stored.
    """

    activity_id: int
    sk: str
    attributes: Attributes
    offset: int
    grows: bool = False

    @property
    def pk(self) -> str:
        """The room's partition."""
        return partition(self.activity_id)


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored event. `removed`: a chat that a moderator took back."""

    event: Event
    removed: bool = False

    def withheld(self) -> "Stored":
        """As it may be shown: without what was removed."""
        return replace(self, event=replace(self.event, content="", name=None, data=None)) if self.removed else self


def partition(activity_id: int) -> str:
    """The `pk` of all that is kept of a room but watch time."""
    return f"room#{activity_id}"


def place(kind: str, number: int) -> str:
    """The `sk` of an item: within a kind, text order is the order of the numbers."""
    return f"{kind}#{number:016d}"


def number(sk: str) -> int:
    """The inverse of `place`."""
    return int(sk.partition("#")[2])


def expiry(logged_at: int, days: int) -> int:
    """When an item goes that is kept for `days` from `logged_at` (ms) on; in seconds since the epoch."""
    return logged_at // 1000 + days * DAY_SECONDS


def read_record(value: bytes, timestamp: int) -> Event:
    """The event of a record of the save topic, with the seq and the watch time (s) that the record names.

    `timestamp` (ms) is the record's. A character that UTF-8 cannot carry becomes a question mark, as on the screens.
    Raises BrokenRecord.
    """
    if len(value) > RECORD_BYTES:
        raise BrokenRecord(f"it has {len(value)} bytes, more than an item may have")
    event = Event.from_record(value, timestamp=timestamp)
    texts: dict[str, Any] = {
        name: _unicode(text)
        for name in _TEXT_FIELDS
        if (text := getattr(event, name)) and not text.isascii() and text != _unicode(text)
    }
    return replace(event, **texts) if texts else event


def items(event: Event, offset: int, *, days: int) -> list[Item]:
    """What is kept of an event of the save topic, where it stands at `offset`, for `days` from when it was logged.

    Raises BrokenRecord where it misses what its place is made of.
    """
    if event.type in (HEARTBEAT, SEATED):
        return []
    item = functools.partial(Item, activity_id=event.activity_id, offset=offset)
    lasting: Attributes = {"time": whole("time", event.time), "expires": expiry(event.logged_at, days)}
    if event.type == LIKE:
        total = lasting | {"zanNumber": whole("zanNumber", event.likes)}
        return [item(sk=place(LIKES, event.time // MINUTE_MS), attributes=total, grows=True)]
    seq = whole("seq", event.seq)
    kept = [item(sk=place(_kind(event), seq), attributes=lasting | {"type": event.type, "seq": seq} | _texts(event))]
    if event.type == REMOVED:
        by: Attributes = {"by": event.user_id, "byName": event.username}
        kept.append(item(sk=_removal(event), attributes=lasting | by))
    return kept


def without_repeats(batch: Iterable[Item]) -> list[Item]:
    """Of several items with one key the one that is to stay: the last, or the largest if it grows."""
    kept: dict[tuple[str, str], Item] = {}
    for item in batch:
        other = kept.get((item.pk, item.sk))
        if other is None or not item.grows or _total(item) > _total(other):
            kept[item.pk, item.sk] = item
    return list(kept.values())


def stored(activity_id: int, attributes: Mapping[str, Any], *, removed: bool = False) -> Stored:
    """The inverse of `items`, for the kinds that have a seq: an item's attributes as an event."""
    event = Event(
        activity_id=activity_id,
        type=attributes["type"],
        time=attributes["time"],
        seq=attributes["seq"],
        user_id=attributes.get("userId", ""),
        username=attributes.get("username", ""),
        avatar=attributes.get("avatar", ""),
        company_id=attributes.get("companyId", ""),
        openid=attributes.get("openid", ""),
        unionid=attributes.get("unionid", ""),
        content=attributes.get("text", ""),
        client_id=attributes.get("id"),
        to=attributes.get("to"),
        name=attributes.get("name"),
        data=json.loads(attributes["data"]) if "data" in attributes else None,
    )
    return Stored(event, removed)


def _kind(event: Event) -> str:
    if event.type not in (CHAT, NOTICE):
        return EVENT
    return MESSAGE if event.to is None else PRIVATE


def _removal(event: Event) -> str:
    told = event.data if isinstance(event.data, dict) else {}
    return place(REMOVAL, whole("data.seq", told.get("seq")))


def _texts(event: Event) -> Attributes:
    """The event's texts as attributes; what is empty is left out."""
    texts = {"userId": event.user_id, "username": event.username, "to": event.to, "data": _json(event.data)}
    if event.type in (CHAT, NOTICE):
        texts |= {
            "avatar": event.avatar,
            "companyId": event.company_id,
            "openid": event.openid,
            "unionid": event.unionid,
            "text": event.content,
            "id": event.client_id,
            "name": event.name,
        }
    return {name: text for name, text in texts.items() if text}


def _total(item: Item) -> int:
    return int(item.attributes["zanNumber"])


def _json(data: Any) -> str | None:
    if data is None:
        return None
    try:
        return _unicode(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except (ValueError, RecursionError):
        raise BrokenRecord("data cannot be written as JSON again") from None


def _unicode(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
