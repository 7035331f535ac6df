import csv
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.archive import Stored
from functions.rooms.events import JOIN, NOTICE, PROPERTIES, REMOVED, SANCTION
from tests.functions import made
from tools.export.lines import COLUMNS, CSV_LINES, JSON_LINES

TIME = 1_795_436_242_375
CHATTED = made.event(time=TIME, seq=7, user_id="alice", username="Alice", content="hi")


def rows(*stored: Stored) -> list[dict[str, str]]:
    """What a reader of CSV makes of them."""
    text = b"".join([CSV_LINES.head, *map(CSV_LINES.line, stored)]).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def objects(*stored: Stored) -> list[dict[str, object]]:
    text = b"".join([JSON_LINES.head, *map(JSON_LINES.line, stored)]).decode()
    return [json.loads(line) for line in text.splitlines()]


def chatted(text: str, name: str = "Alice") -> Stored:
    return Stored(made.event(time=TIME, seq=7, username=name, content=text))


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
    (row,) = rows(Stored(made.event(JOIN, time=TIME, seq=3, user_id="bob", username="Bob")))
    assert tuple(row) == COLUMNS
    assert (row["seq"], row["what"], row["userId"], row["text"]) == ("3", "join", "bob", "")


def test_data_is_json_in_either_format() -> None:
    event = made.event(SANCTION, time=TIME, seq=5, to="bob", data={"action": "muted", "seconds": 60})
    assert objects(Stored(event))[0]["data"] == {"action": "muted", "seconds": 60}
    assert json.loads(rows(Stored(event))[0]["data"]) == {"action": "muted", "seconds": 60}


def test_attributes_and_extra_are_json_in_either_format_that_no_spreadsheet_computes() -> None:
    attributes, extra = {"badge": "=1+1"}, {"replyTo": 3, "at": ["@x", None]}
    stored = Stored(made.event(time=TIME, seq=7, content="hi", attributes=attributes, extra=extra))
    (said,), (row,) = objects(stored), rows(stored)
    assert (said["attributes"], said["extra"]) == (attributes, extra)
    assert (json.loads(row["attributes"]), json.loads(row["extra"])) == (attributes, extra)
    assert "=" not in row["attributes"]
    assert "@" not in row["extra"]


def test_those_whom_a_notice_is_for_are_named_one_as_a_text_and_several_as_a_list() -> None:
    one, several = (Stored(made.event(NOTICE, time=TIME, seq=7, name="n", to=to)) for to in ("=bob", ("=bob", "carol")))
    assert [said["to"] for said in objects(one, several)] == ["=bob", ["=bob", "carol"]]
    cells = [row["to"] for row in rows(one, several)]
    assert (cells[0], json.loads(cells[1])) == ("'=bob", ["=bob", "carol"])
    assert "=" not in cells[1]


def test_a_change_of_properties_is_a_line() -> None:
    stored = Stored(made.event(PROPERTIES, time=TIME, seq=7, user_id="shop", data={"pinned": {"sku": 1}, "old": None}))
    (said,), (row,) = objects(stored), rows(stored)
    assert (said["messageType"], said["what"], said["data"]) == (14, "properties", {"pinned": {"sku": 1}, "old": None})
    assert json.loads(row["data"]) == said["data"]


def test_seq_0_is_there() -> None:
    event = made.event(REMOVED, time=TIME, seq=0, data={"seq": 0})
    assert objects(Stored(event))[0]["seq"] == 0
    assert rows(Stored(event))[0]["seq"] == "0"


def test_a_time_that_no_calendar_has_is_a_number_alone() -> None:
    event = made.event(JOIN, time=2**53 - 1, seq=0)
    (said,) = objects(Stored(event))
    assert said["time"] == 2**53 - 1
    assert "at" not in said


def test_no_spreadsheet_takes_a_text_for_a_formula() -> None:
    for text in ("+1", "-1+1", "@SUM(1)", "＝1", "'=1"):
        (row,) = rows(chatted(text, name=text))
        assert row["text"] == row["username"] == f"'{text}"


def test_every_text_is_in_quotes_and_no_number_is() -> None:
    line = CSV_LINES.line(Stored(CHATTED)).decode()
    assert line.startswith(f'7,{TIME},"2026-11-23T12:17:22.375Z",4,"chat","alice","Alice","","hi","",')
    assert CSV_LINES.head.startswith(b'"seq","time"')


def test_no_text_begins_a_row_or_a_column_of_its_own() -> None:
    for text in ("one\rtwo", "one\ntwo", 'one"two', "one,two"):
        (row,) = rows(chatted(text))
        assert row["text"] == text


def test_a_data_is_json_whatever_is_in_it() -> None:
    for data in (-1, "=1+1", {"=1": ["@a", -2.5e-7, "x;=1+1"]}, '"=1'):
        cell = rows(Stored(made.event(SANCTION, time=TIME, seq=5, data=data)))[0]["data"]
        assert json.loads(cell) == data
        assert "=" not in cell
        assert "@" not in cell


@given(st.text())
def test_any_text_is_one_line_of_json(text: str) -> None:
    line = JSON_LINES.line(chatted(text))
    assert line.count(b"\n") == 1
    assert json.loads(line).get("text", "") == text.encode("utf-8", "replace").decode()
