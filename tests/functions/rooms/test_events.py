import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.events import CHAT, KINDS, NOTICE, PROPERTIES, Event
from functions.rooms.records import BrokenRecord, parse_record
from functions.rooms.text import clean_chat
from tests.functions.made import event

NINE = 1_700_000_000_123
NESTED = json.loads("[" * 40 + "]" * 40)

ORIGINAL_FIELDS = (
    "activityId messageType nickname companyId openid unionid avatar content "
    "zanNumber onLineNumber createTime updateTime"
)
NEW_FIELDS = "userId connectionId id time to watchSeconds watchFrom watchTo name data attributes extra"


def chat(**changes: Any) -> Event:
    plain: dict[str, Any] = {"time": NINE, "user_id": "u1", "username": "Älice"}
    return event(**(plain | changes))


def test_a_record_has_the_originals_fields_and_the_new_ones() -> None:
    record = json.loads(chat(content="hi").to_record())
    assert set(record) == set(ORIGINAL_FIELDS.split()) | set(NEW_FIELDS.split())
    assert record["createTime"] == record["updateTime"] == "2023-11-14 22:13:20"
    assert record["nickname"] == "Älice"


def test_a_rooms_records_share_a_key() -> None:
    assert chat().key() == b"42"


def test_a_saved_record_tells_its_seq() -> None:
    assert json.loads(chat(seq=7).to_record())["seq"] == 7


JSON = st.recursive(st.none() | st.integers() | st.text(st.characters(codec="utf-8")), st.lists, max_leaves=5)


@given(
    type_=st.sampled_from(sorted(KINDS)),
    content=st.text(st.characters(codec="utf-8")).filter(lambda text: clean_chat(text) == text),
    to=st.none() | st.just("bob"),
    likes=st.integers(0),
    data=JSON,
)
def test_an_event_of_any_kind_survives_the_log(type_: int, content: str, to: str | None, likes: int, data: Any) -> None:
    fields: dict[str, Any] = {
        "content": content,
        "to": to,
        "likes": likes,
        "online": 3,
        "client_id": "c1",
        "openid": "o",
    }
    fields |= {"name": "n", "data": {"p": data} if type_ == PROPERTIES else data, "type": type_}
    event = chat(**fields)
    assert event.type == type_
    assert parse_record(event.to_record(), seq=9, timestamp=NINE) == replace(event, seq=9, logged_at=NINE)


def test_without_an_offset_the_seq_and_the_watch_time_are_the_records_own() -> None:
    value = chat(seq=7, watch_seconds=1.5, watch_from=8500, watch_to=10_000).to_record()
    saved, live = parse_record(value, timestamp=NINE), parse_record(value, seq=0, timestamp=NINE)
    assert (saved.seq, saved.watch_seconds, saved.watch_from, saved.watch_to) == (7, 1.5, 8500, 10_000)
    assert (live.seq, live.watch_seconds, live.watch_from, live.watch_to) == (0, None, None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", -1), ("seq", "7"), ("watchSeconds", "60"), ("watchSeconds", True), ("watchFrom", 1), ("watchTo", 1)],
)
def test_a_seq_and_a_watch_time_that_are_none_break_a_saved_record_alone(name: str, value: Any) -> None:
    record = json.dumps({"activityId": 42, "messageType": 4, name: value}).encode()
    assert parse_record(record, seq=1, timestamp=NINE).seq == 1
    with pytest.raises(BrokenRecord, match=name):
        parse_record(record, timestamp=NINE)


def test_a_record_of_another_system_needs_the_originals_fields_only() -> None:
    value = b'{"activityId":"42","messageType":"4","nickname":"bob","content":"hi"}'
    event = parse_record(value, seq=1, timestamp=NINE)
    assert (event.activity_id, event.type, event.who.user_id, event.time) == (42, CHAT, "bob", NINE)


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
        b'{"activityId":42,"messageType":10,"data":NaN}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_a_broken_record(value: bytes) -> None:
    with pytest.raises(BrokenRecord):
        parse_record(value, seq=0, timestamp=0)


UNUSABLE = [-1, 0, 1.5, True, "", "soon", "-1", [], {}, NINE * 1000, NINE * 1_000_000, 253_402_300_800_000, 10**40]


@pytest.mark.parametrize("time", [*UNUSABLE, None, str(NINE * 1_000_000), "9" * 4000])
def test_a_time_that_is_no_moment_is_the_records_own(time: Any) -> None:
    for kind in KINDS:
        record = json.dumps({"activityId": 42, "messageType": kind, "time": time}).encode()
        live, saved = parse_record(record, seq=1, timestamp=NINE), parse_record(record, timestamp=NINE)
        assert (live.time, saved.time) == (NINE, NINE)


@pytest.mark.parametrize("timestamp", [-1, NINE * 1_000_000])
def test_a_time_that_nobody_knows_is_zero(timestamp: int) -> None:
    record = b'{"activityId":42,"messageType":4,"time":"soon"}'
    assert parse_record(record, seq=1, timestamp=timestamp).time == 0


@pytest.mark.parametrize("time", [1, NINE // 1000, NINE, 253_402_300_799_999, str(NINE)])
def test_a_moment_can_be_written_to_a_record_again(time: Any) -> None:
    event = parse_record(json.dumps({"activityId": 42, "messageType": 4, "time": time}).encode(), seq=1, timestamp=NINE)
    assert json.loads(event.to_record())["time"] == event.time == int(time)


@given(st.binary(max_size=100))
def test_whatever_bytes_a_record_has_it_is_read_or_broken(value: bytes) -> None:
    with suppress(BrokenRecord):
        assert parse_record(value, seq=0, timestamp=0).activity_id > 0


def read_text(*, seq: int | None = 9, **fields: Any) -> Event:
    """A record of another system's with these fields."""
    record = {"activityId": 42, "messageType": CHAT, "userId": "u1", **fields}
    return parse_record(json.dumps(record).encode(), seq=seq, timestamp=NINE)


@pytest.mark.parametrize("seq", [9, None], ids=["live", "saved"])
def test_what_is_beside_the_text_survives_the_log_as_it_is(seq: int | None) -> None:
    extra = {"replyTo": 12, "at": [0.5, 1e-7, None], "": {"b": "\x00\u202e"}}
    said = chat(content="hi", attributes={"role": "主播"}, extra=extra)
    read = parse_record(said.to_record(), seq=seq, timestamp=NINE)
    assert (read.who.attributes, read.payload()["extra"]) == ({"role": "主播"}, extra)


@pytest.mark.parametrize("seq", [9, None], ids=["live", "saved"])
@pytest.mark.parametrize(
    "attributes", ["host", ["host"], {"level": 1}, {"a": "b\n"}, {"a": "\ud83d"}, {"a": "x" * 1024}]
)
@pytest.mark.parametrize("extra", ["x", [], 7, {"a": "x" * 1024}, {"a": "\ud83d"}, {"a": NESTED}])
def test_what_is_no_attributes_or_no_extra_is_left_out_and_the_rest_is_shown(
    seq: int | None, attributes: Any, extra: Any
) -> None:
    found = read_text(content="hi", attributes=attributes, extra=extra, seq=seq)
    assert (found.payload(), found.who.attributes) == ({"content": "hi", "extra": None}, {})


@pytest.mark.parametrize("seq", [9, None], ids=["live", "saved"])
def test_what_no_text_may_hold_is_a_question_mark_in_what_is_shown(seq: int | None) -> None:
    who: dict[str, Any] = {
        "nickname": " \u202eecila\u200b",
        "avatar": "a\nb",
        "companyId": "\0",
        "connectionId": "c\u2028",
    }
    found = read_text(**who, content="\0=1+1\n\ud800", id="i\uffff", seq=seq)
    assert (found.who.username, found.who.avatar, found.who.company_id) == ("?ecila", "a?b", "?")
    assert (found.payload(), found.client_id, found.who.connection_id) == (
        {"content": "?=1+1\n?", "extra": None},
        "i?",
        "c?",
    )
    assert read_text(nickname="\u3164", seq=seq).who.username == "u1"


@pytest.mark.parametrize("id_", ["a\0", "a\u202e", " a", "a ", "\u200d", "\ud800"])
def test_a_live_record_about_nobody_is_broken_and_a_saved_one_is_kept(id_: str) -> None:
    for name in ("userId", "to"):
        with pytest.raises(BrokenRecord, match=f"^{name} must "):
            read_text(seq=9, **{name: id_})
        read_text(seq=None, **{name: id_}).to_record()


def parse(**fields: Any) -> Event:
    return parse_record(json.dumps({"activityId": 42} | fields).encode(), seq=1, timestamp=NINE)


def test_a_notice_is_for_those_whom_its_record_names_each_once() -> None:
    cases: list[tuple[Any, Any]] = [
        ("bob", "bob"),
        (["bob"], "bob"),
        (["bob", "carol", "bob"], ("bob", "carol")),
        ([f"u{n}" for n in range(100)], tuple(f"u{n}" for n in range(100))),
        (None, None),
    ]
    for to, expected in cases:
        found = parse(messageType=NOTICE, to=to)
        assert found.to == expected, to
        assert parse_record(found.to_record(), seq=1, timestamp=NINE) == found, to


def test_a_notice_whose_list_of_users_is_none_is_broken_and_not_for_everybody() -> None:
    for to in ([], ["u"] * 101, [7], [None], [["bob"]], ["bob", ""], ["a\u202eb"], {"bob": 1}, True):
        with pytest.raises(BrokenRecord, match="to "):
            parse(messageType=NOTICE, to=to)
    # Nothing else is for several.
    for type_ in KINDS.keys() - {NOTICE}:
        with pytest.raises(BrokenRecord, match="to is not a string"):
            parse(messageType=type_, to=["bob", "carol"])
