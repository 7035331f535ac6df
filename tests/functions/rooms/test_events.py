import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.events import CHAT, BrokenRecord, Event

NINE = 1_700_000_000_123

ORIGINAL_FIELDS = (
    "activityId messageType nickname companyId openid unionid avatar content "
    "zanNumber onLineNumber createTime updateTime"
)
NEW_FIELDS = "userId connectionId id time to watchSeconds name data"


def chat(**changes: Any) -> Event:
    return replace(Event(activity_id=42, type=CHAT, time=NINE, user_id="u1", username="Älice"), **changes)


def test_a_record_has_the_originals_fields_and_the_new_ones() -> None:
    record = json.loads(chat(content="hi").to_record())
    assert set(record) == set(ORIGINAL_FIELDS.split()) | set(NEW_FIELDS.split())
    assert record["createTime"] == record["updateTime"] == "2023-11-14 22:13:20"
    assert record["nickname"] == "Älice"


def test_a_rooms_records_share_a_key() -> None:
    assert chat().key() == b"42"


def test_a_saved_record_tells_its_seq() -> None:
    assert json.loads(chat(seq=7).to_record())["seq"] == 7


@given(content=st.text(st.characters(codec="utf-8")), to=st.none() | st.just("bob"), likes=st.integers(0))
def test_an_event_survives_the_log(content: str, to: str | None, likes: int) -> None:
    event = chat(content=content, to=to, likes=likes, online=3, client_id="c1", openid="o", data={"a": [1]})
    assert Event.from_record(event.to_record(), seq=9, timestamp=NINE) == chat(
        content=content,
        to=to,
        likes=likes,
        online=3,
        client_id="c1",
        openid="o",
        data={"a": [1]},
        seq=9,
        logged_at=NINE,
    )


def test_without_an_offset_the_seq_and_the_watch_time_are_the_records_own() -> None:
    value = chat(seq=7, watch_seconds=1.5).to_record()
    saved, live = Event.from_record(value, timestamp=NINE), Event.from_record(value, seq=0, timestamp=NINE)
    assert (saved.seq, saved.watch_seconds) == (7, 1.5)
    assert (live.seq, live.watch_seconds) == (0, None)


@pytest.mark.parametrize(("name", "value"), [("seq", -1), ("seq", "7"), ("watchSeconds", "60"), ("watchSeconds", True)])
def test_a_seq_and_a_watch_time_that_are_none_break_a_saved_record_alone(name: str, value: Any) -> None:
    record = json.dumps({"activityId": 42, "messageType": 4, name: value}).encode()
    assert Event.from_record(record, seq=1, timestamp=NINE).seq == 1
    with pytest.raises(BrokenRecord, match=name):
        Event.from_record(record, timestamp=NINE)


def test_a_record_of_another_system_needs_the_originals_fields_only() -> None:
    value = b'{"activityId":"42","messageType":"4","nickname":"bob","content":"hi"}'
    event = Event.from_record(value, seq=1, timestamp=NINE)
    assert (event.activity_id, event.type, event.user_id, event.time) == (42, CHAT, "bob", NINE)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"hello",
        b"[]",
        b"{}",
        b'{"activityId":42}',
        b'{"activityId":0,"messageType":4}',
        b'{"activityId":9007199254740992,"messageType":4}',
        b'{"activityId":42.5,"messageType":4}',
        b'{"activityId":true,"messageType":4}',
        b'{"activityId":42,"messageType":99}',
        b'{"activityId":42,"messageType":4,"content":{}}',
        b'{"activityId":42,"messageType":4,"time":"soon"}',
        b'{"activityId":42,"messageType":10,"data":NaN}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_a_broken_record(value: bytes) -> None:
    with pytest.raises(BrokenRecord):
        Event.from_record(value, seq=0, timestamp=0)


@given(st.binary(max_size=100))
def test_whatever_bytes_a_record_has_it_is_read_or_broken(value: bytes) -> None:
    with suppress(BrokenRecord):
        assert Event.from_record(value, seq=0, timestamp=0).activity_id > 0
