"""A show's report as text: one JSON object, or CSV with a row for each figure, minute and user."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from functions.rooms.records import LATEST
from tools.export.lines import at, json_text, row
from tools.export.spreadsheet import inert

# In CSV. A row has a `name` and a `value` if it is a figure or a user's, and the others if it is a minute's.
COLUMNS = ("what", "name", "value", "estimated", "time", "at", "onlineNumber", "joins", "leaves", "chats", "likes")
FIGURES = (
    *("from", "to", "peakOnline", "averageOnline", "viewers", "joins", "leaves", "chats", "chatters", "likes"),
    *("watchSeconds", "watchSecondsPerViewer"),
)
# The lists of users, with what they are ordered by.
LEADERS = {"longest": "seconds", "mostActive": "chats"}

Cell = str | int | float
Object = Mapping[str, Any]


def moment(text: str) -> int:
    """A check: ms since the epoch, written so, or as 2026-11-23T20:00:00Z."""
    try:
        found = int(text) if text.isascii() and text.isdigit() else _read(text)
    except (ValueError, OverflowError):
        found = -1
    if not 0 <= found <= LATEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no time, such as 2026-11-23T20:00:00Z or 1795464000000")
    return found


def _read(text: str) -> int:
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("it has no time zone")
    return round(read.timestamp() * 1000)


def _json(report: Object) -> bytes:
    return f"{json_text(report)}\n".encode("utf-8", "replace")


def _csv(report: Object) -> bytes:
    return row(COLUMNS) + b"".join(row([told.get(name, "") for name in COLUMNS]) for told in _rows(report))


def _rows(report: Object) -> Iterator[Mapping[str, Cell]]:
    def estimated(name: str) -> str:
        return "true" if name in report["estimated"] else ""

    for name in FIGURES:
        yield {"what": "figure", "name": name, "value": report[name], "estimated": estimated(name)}
    for minute in report["minutes"]:
        yield {"what": "minute", "at": at(minute["time"]) or "", "estimated": estimated("likes"), **minute}
    for what, figure in LEADERS.items():
        for user in report[what]:
            name = inert(user["userId"])
            yield {"what": what, "name": name, "value": user[figure], "estimated": estimated(what)}


# What `--format` may be, as for a room's events.
REPORTS: Mapping[str, Callable[[Object], bytes]] = {"jsonl": _json, "csv": _csv}
