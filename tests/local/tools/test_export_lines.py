import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.archive import Stored
from functions.rooms.events import CHAT, JOIN, REMOVED, SANCTION, Event
from local.tools.export_lines import COLUMNS, FORMULA, CsvLines, JsonLines

TIME = 1_795_436_242_375
CHATTED = Event(activity_id=42, type=CHAT, time=TIME, seq=7, user_id="alice", username="Alice", content="hi", to=None)


def rows(*stored: Stored) -> list[dict[str, str]]:
    """What a reader of CSV makes of them."""
    lines = CsvLines()
    text = b"".join([lines.head(), *map(lines.line, stored)]).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def objects(*stored: Stored) -> list[dict[str, object]]:
    text = b"".join([JsonLines().head(), *map(JsonLines().line, stored)]).decode()
    return [json.loads(line) for line in text.splitlines()]


def chatted(text: str, name: str = "Alice") -> Stored:
    return Stored(Event(activity_id=42, type=CHAT, time=TIME, seq=7, username=name, content=text))


def test_an_event_is_an_object_of_what_it_has() -> None:
    assert objects(Stored(CHATTED)) == [
        {
            "seq": 7,
            "time": TIME,
            "at": "2026-11-23T12:17:22.375Z",
            "messageType": 4,
            "what": "chat",
            "userId": "alice",
            "username": "Alice",
            "text": "hi",
        }
    ]


def test_a_removed_chat_is_marked_and_so_is_its_row() -> None:
    (said,), (row,) = objects(Stored(CHATTED, removed=True)), rows(Stored(CHATTED, removed=True))
    assert (said["removed"], row["removed"]) == (True, "true")
    assert rows(Stored(CHATTED))[0]["removed"] == ""


def test_a_row_has_every_column_in_their_order() -> None:
    (row,) = rows(Stored(Event(activity_id=42, type=JOIN, time=TIME, seq=3, user_id="bob", username="Bob")))
    assert tuple(row) == COLUMNS
    assert (row["seq"], row["what"], row["userId"], row["text"]) == ("3", "join", "bob", "")


def test_data_is_json_in_either_format() -> None:
    event = Event(activity_id=42, type=SANCTION, time=TIME, seq=5, to="bob", data={"action": "muted", "seconds": 60})
    assert objects(Stored(event))[0]["data"] == {"action": "muted", "seconds": 60}
    assert json.loads(rows(Stored(event))[0]["data"]) == {"action": "muted", "seconds": 60}


def test_seq_0_is_there() -> None:
    event = Event(activity_id=42, type=REMOVED, time=TIME, seq=0, data={"seq": 0})
    assert objects(Stored(event))[0]["seq"] == 0
    assert rows(Stored(event))[0]["seq"] == "0"


def test_a_time_that_no_calendar_has_is_a_number_alone() -> None:
    event = Event(activity_id=42, type=JOIN, time=2**53 - 1, seq=0)
    (said,) = objects(Stored(event))
    assert said["time"] == 2**53 - 1
    assert "at" not in said


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("https://evil.example","hi")',
        "+1",
        "-1+1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\u00a0=1",
        "＝1",
        "'=1",
    ],
)
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    (row,) = rows(chatted(text, name=text))
    assert row["text"] == row["username"] == f"'{text}"


@pytest.mark.parametrize("text", ["one\rtwo", "one\ntwo", 'one"two', "one,two"], ids=repr)
def test_no_text_begins_a_row_or_a_column_of_its_own(text: str) -> None:
    (row,) = rows(chatted(text))
    assert row["text"] == text


def test_a_data_that_begins_as_a_formula_is_a_text_too() -> None:
    assert rows(Stored(Event(activity_id=42, type=SANCTION, time=TIME, seq=5, data=-1)))[0]["data"] == "'-1"


@given(st.text())
def test_any_text_comes_back_from_csv_once_the_apostrophe_is_taken_away(text: str) -> None:
    (row,) = rows(chatted(text))
    found = row["text"]
    assert not found.startswith(FORMULA)
    assert not found.lstrip().startswith(FORMULA)
    clean = text.encode("utf-8", "replace").decode()
    assert (found.removeprefix("'") if found.startswith("'") else found) == clean


@given(st.text())
def test_any_text_is_one_line_of_json(text: str) -> None:
    line = JsonLines().line(chatted(text))
    assert line.count(b"\n") == 1
    assert json.loads(line).get("text", "") == text.encode("utf-8", "replace").decode()
