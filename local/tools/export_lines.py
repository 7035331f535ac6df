"""A room's events as lines of text: JSON, or CSV that a spreadsheet may open."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from functions.rooms.archive import Stored
from functions.rooms.events import CHAT, JOIN, LEAVE, NOTICE, REMOVED, SANCTION, SETTINGS

WHAT = {
    JOIN: "join",
    LEAVE: "leave",
    CHAT: "chat",
    REMOVED: "removal",
    NOTICE: "notice",
    SANCTION: "sanction",
    SETTINGS: "settings",
}
COLUMNS = (
    *("seq", "time", "at", "messageType", "what", "userId", "username", "to", "text", "name", "data", "removed"),
    *("id", "avatar", "companyId", "openid", "unionid"),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a spreadsheet may take for the beginning of a formula, in full width too.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class Lines(Protocol):
    """A format."""

    def head(self) -> bytes:
        """What comes before the first event."""
        ...

    def line(self, stored: Stored) -> bytes:
        """One event."""
        ...


class JsonLines:
    """One JSON object a line; what has no value is left out."""

    def head(self) -> bytes:
        """Nothing."""
        return b""

    def line(self, stored: Stored) -> bytes:
        """The object, in UTF-8."""
        return f"{_json(fields(stored))}\n".encode("utf-8", "replace")


class CsvLines:
    """As RFC 4180 has it; the first line names the columns.

    A text that begins as a formula does, or with an apostrophe, has an apostrophe put before it: no spreadsheet
    computes it, and whoever takes one away from such texts has what was written.
    """

    def head(self) -> bytes:
        """The names of the columns."""
        return _row(COLUMNS)

    def line(self, stored: Stored) -> bytes:
        """The event's columns; `data` as JSON text, `removed` as true or nothing."""
        told = fields(stored)
        return _row([_cell(name, told[name]) if name in told else "" for name in COLUMNS])


def fields(stored: Stored) -> dict[str, Any]:
    """An event by the names of the columns, those without a value left out."""
    event = stored.event
    told = {
        "seq": event.seq,
        "time": event.time,
        "at": _at(event.time),
        "messageType": event.type,
        "what": WHAT.get(event.type, "other"),
        "userId": event.user_id,
        "username": event.username,
        "to": event.to,
        "text": event.content,
        "name": event.name,
        "data": event.data,
        "removed": stored.removed or None,
        "id": event.client_id,
        "avatar": event.avatar,
        "companyId": event.company_id,
        "openid": event.openid,
        "unionid": event.unionid,
    }
    return {name: value for name, value in told.items() if value is not None and value != ""}


def _at(time: int) -> str | None:
    """2026-11-23T13:30:00.123Z; None for a time that no calendar has."""
    try:
        moment = EPOCH + timedelta(milliseconds=time)
    except OverflowError:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cell(name: str, value: Any) -> str:
    if name == "data":
        value = _json(value)
    elif value is True:
        return "true"
    if not isinstance(value, str):
        return str(value)
    beginnings = (*FORMULA, "'")
    return f"'{value}" if value.startswith(beginnings) or value.lstrip().startswith(beginnings) else value


def _row(cells: "tuple[str, ...] | list[str]") -> bytes:
    text = io.StringIO(newline="")
    # With CR LF between lines the writer quotes both; with LF alone a CR in a text would begin a line of its own.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
