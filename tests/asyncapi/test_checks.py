"""The checks find what is not as docs/asyncapi.yaml says, and the code judges frames and records as it does."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from functions.rooms import events
from functions.rooms.events import Event, Who
from functions.rooms.frames import parse_frame
from functions.rooms.records import BrokenRecord, parse_record
from functions.rooms.refusal import Refusal
from tests.asyncapi.document import CLASSIC, LIVE, Json, check_produced, check_record, check_sent, check_shown, schemas

COUNT = {"messageType": 5, "onlineNumber": 1}
CHAT = {"messageType": 4, "message": "hello", "id": "c1"}
FOREIGN = {"activityId": 42, "messageType": 10}
WHO = Who("alice", "Alice", "c-1", attributes={"role": "host"})
VALUES: tuple[Any, ...] = (
    *(None, True, 1.5, -1, 0, 1, 50, 100, 101, 200, 201, [], ["x"], {}, {"a": {"b": [1]}}),
    *("", " ", "x", "a b", "7", " x", "x ", "a\nb", "a\x00b", "a\u202ab", "é👋"),
    *("x" * length for length in (64, 65, 500, 501, 512, 513)),
)


def holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True


def without(value: Json, name: str) -> Json:
    return {field: one for field, one in value.items() if field != name}


def test_whatever_the_document_does_not_have_is_named_with_the_object() -> None:
    for wrong, why in (
        (COUNT | {"messageType": 99}, "no message of messageType 99"),
        (COUNT | {"messageType": True}, "no message of messageType True"),
        (COUNT | {"messageType": [5]}, r"no message of messageType \[5\]"),
        (without(COUNT, "messageType"), "required property"),
        (without(COUNT, "onlineNumber"), '"onlineNumber" is a required property'),
        (COUNT | {"onlineNumber": "1"}, 'onlineNumber: "1" is not of type "integer"'),
        (COUNT | {"badge": 1}, "'badge' was unexpected"),
    ):
        with pytest.raises(AssertionError, match=why) as raised:
            check_shown(wrong, CLASSIC)
        assert str(wrong) in str(raised.value)


def test_each_framing_has_its_own_form() -> None:
    error = {"message": "Internal server error", "connectionId": "c", "requestId": "r"}
    for channel, frame, expected in (
        (LIVE, [COUNT], True),
        (LIVE, [COUNT, COUNT], True),
        (LIVE, COUNT, False),
        (LIVE, [], False),
        (LIVE, [COUNT, error], False),
        (LIVE, [COUNT | {"badge": 1}], False),
        (LIVE, error, True),
        (CLASSIC, COUNT, True),
        (CLASSIC, [COUNT], False),
        (CLASSIC, error, True),
        (CLASSIC, without(error, "requestId"), False),
        (CLASSIC, "text", False),
    ):
        assert holds(lambda channel=channel, frame=frame: check_shown(frame, channel)) == expected, (channel, frame)  # type: ignore[misc]


def test_a_client_says_nothing_that_only_the_rooms_say_and_the_other_way_round() -> None:
    check_sent(CHAT)
    for wrong in (COUNT, CHAT | {"nick": 1}):
        assert not holds(lambda wrong=wrong: check_sent(wrong)), wrong  # type: ignore[misc]
    assert not holds(lambda: check_shown(CHAT, CLASSIC))


def is_parsed(frame: Json) -> bool:
    try:
        parse_frame(json.dumps(frame))
    except Refusal:
        return False
    return True


def test_the_rooms_take_a_field_of_a_frame_if_the_document_does() -> None:
    """But for cursors, which are the rooms' own."""
    for name, fields in (("say", {"messageType": 4, "message": "hi"}), ("like", {"messageType": 6})):
        judge(name, fields)
    judge("heartbeat", {"messageType": 7})
    judge("ask", {"messageType": 3})


def judge(name: str, fields: Json) -> None:
    for field in schemas()[name]["properties"].keys() - {"cursor"}:
        for value in VALUES:
            frame = fields | {field: value}
            assert is_parsed(frame) == holds(lambda frame=frame: check_sent(frame)), frame  # type: ignore[misc]
    for field in fields:
        assert not is_parsed(without(fields, field)), field
        assert not holds(lambda field=field: check_sent(without(fields, field))), field  # type: ignore[misc]


def one_of_each() -> list[Event]:
    """An event of each kind as the rooms make it."""
    room: dict[str, Any] = {"activity_id": 42, "time": 1_795_425_252_095}
    viewer = {**room, "who": WHO, "online": 1, "likes": 0}
    watched: dict[str, Any] = {"watch_seconds": 1.5, "watch_from": 1_795_425_250_595, "watch_to": 1_795_425_252_095}
    platform = {**room, "who": Who("platform", "platform")}
    return [
        events.Join(**viewer),
        events.Leave(**viewer, **watched),
        events.Chat(**viewer, content="hi", extra={"a": 1}, to="bob", client_id="c1"),
        events.Like(**viewer),
        events.Heartbeat(**viewer, **watched),
        events.Seated(**room),
        events.Removed(**platform, data={"seq": 1}),
        events.Notice(**platform, name="n", data=None),
        events.Sanction(**platform, to="bob", data={"action": "muted", "seconds": 60}),
        events.Settings(**platform, data={"slowModeSeconds": 0, "frozen": True}),
        events.Properties(**platform, data={"pinned": {"sku": 1}, "old": None}),
    ]


def test_a_record_of_each_kind_is_in_the_document_on_its_topics_and_on_no_other() -> None:
    for event in one_of_each():
        record = json.loads(event.to_record())
        saved = record if isinstance(event, events.Heartbeat) else record | {"seq": 1}
        assert holds(lambda record=record: check_record(LIVE_TOPIC, record)) == event.is_live, record  # type: ignore[misc]
        assert holds(lambda saved=saved: check_record(SAVE_TOPIC, saved)) == event.is_saved, saved  # type: ignore[misc]
        topic, whole = (LIVE_TOPIC, record) if event.is_live else (SAVE_TOPIC, saved)
        for wrong in (whole | {"badge": 1}, whole | {"messageType": 99}, *(without(whole, name) for name in whole)):
            with pytest.raises(AssertionError, match="asyncapi.yaml"):
                check_record(topic, wrong)
    assert {type(event) for event in one_of_each()} == set(events.KINDS.values())


def test_a_notice_alone_may_be_for_several() -> None:
    for event in one_of_each():
        record = json.loads(replace(event, to=("bob", "carol")).to_record())
        expected = isinstance(event, events.Notice)
        assert holds(lambda record=record: check_record(LIVE_TOPIC, record)) == expected, record  # type: ignore[misc]


def test_a_seq_is_in_records_of_the_save_topic_alone() -> None:
    record = json.loads(one_of_each()[0].to_record())
    for topic, wrong in ((SAVE_TOPIC, record), (LIVE_TOPIC, record | {"seq": 1})):
        with pytest.raises(AssertionError, match="seq"):
            check_record(topic, wrong)


def is_an_event(record: Json) -> bool:
    try:
        parse_record(json.dumps(record).encode(), seq=1, timestamp=1)
    except BrokenRecord:
        return False
    return True


def test_a_relay_takes_a_field_of_a_record_if_the_document_does() -> None:
    """But for the ids of users, which have more rules than a schema can say."""
    for field in schemas()["produced"]["properties"].keys() - {"userId", "to"}:
        for value in (*VALUES, "42", "10", "99", 10, 13, 2**53 - 1, 2**53):
            record = FOREIGN | {field: value}
            assert is_an_event(record) == holds(lambda record=record: check_produced(record, LIVE_TOPIC)), record  # type: ignore[misc]
    for field in FOREIGN:
        assert not is_an_event(without(FOREIGN, field)), field
        assert not holds(lambda field=field: check_produced(without(FOREIGN, field), LIVE_TOPIC)), field  # type: ignore[misc]
