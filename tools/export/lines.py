"""A room's events as lines of text: JSON, or CSV that a spreadsheet may open."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.rooms.archive import Stored
from functions.rooms.disclosure import OTHER, WHAT
from tools.export.spreadsheet import inert, inert_json

COLUMNS = (
    *("seq", "time", "at", "messageType", "what", "userId", "username", "to", "text", "name", "data", "removed"),
    *("id", "avatar", "companyId", "openid", "unionid", "attributes", "extra"),
)
# Columns that hold JSON.
OF_JSON = ("data", "attributes", "extra")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Format:
    """`head` comes before the first event; `line` is one event."""

    head: bytes
    line: Callable[[Stored], bytes]


def fields(stored: Stored) -> dict[str, Any]:
    """An event by the names of the columns, those without a value left out."""
    event, payload = stored.event, stored.event.payload()
    told = {
        "seq": event.seq,
        "time": event.time,
        "at": at(event.time),
        "messageType": event.type,
        "what": WHAT.get(event.type, OTHER),
        "userId": event.who.user_id,
        "username": event.who.username,
        "to": event.to,
        "text": payload.get("content"),
        "name": payload.get("name"),
        "data": payload.get("data"),
        "removed": stored.removed or None,
        "id": event.client_id,
        "avatar": event.who.avatar,
        "companyId": event.who.company_id,
        "openid": event.who.openid,
        "unionid": event.who.unionid,
        "attributes": event.who.attributes or None,
        "extra": payload.get("extra"),
    }
    return {name: value for name, value in told.items() if value is not None and value != ""}


def _json_line(stored: Stored) -> bytes:
    return f"{json_text(fields(stored))}\n".encode("utf-8", "replace")


def _csv_line(stored: Stored) -> bytes:
    told = fields(stored)
    return row([_cell(name, told[name]) if name in told else "" for name in COLUMNS])


def at(time: int) -> str | None:
    """2026-11-23T13:30:00.123Z; None for a time that no calendar has."""
    try:
        moment = EPOCH + timedelta(milliseconds=time)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cell(name: str, value: Any) -> str | int:
    """A number as it is, and all else as text that no spreadsheet computes."""
    if name in OF_JSON or isinstance(value, tuple):
        return inert_json(value)
    if value is True:
        return "true"
    return value if isinstance(value, int) else inert(value)


def row(cells: Sequence[str | int | float]) -> bytes:
    """A line of CSV: numbers as they are, all texts in quotes."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC).writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


def json_text(value: Any) -> str:
    """Compact JSON, which may hold half a surrogate pair."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# One JSON object a line, in UTF-8. What has no value is left out.
JSON_LINES = Format(b"", _json_line)
# As RFC 4180 has it, all texts in quotes. The first line names the columns. `data`, `attributes`, `extra` and a `to` of
# several users are JSON text, `removed` is true or empty.
CSV_LINES = Format(row(COLUMNS), _csv_line)
