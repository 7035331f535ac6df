import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.archive import items, stored
from functions.rooms.attributes import flaw_of_attributes
from functions.rooms.extra import flaw_of_extra
from functions.rooms.frames import Chat, parse_frame
from functions.rooms.json_value import flaw_of_json
from functions.rooms.objects import encode_event
from functions.rooms.records import parse_record
from functions.rooms.refusal import Refusal
from functions.rooms.results import digest_of
from functions.rooms.settling import result_of
from tests.functions import made


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [{}, {"replyTo": 12}, {"a": [1.5, None, True, "\x00\u2028"]}, nested(32), {"a": "x" * 1016}, {"a": "é" * 508}],
)
def test_any_small_object_may_be_carried(value: Any) -> None:
    assert flaw_of_extra(value) is None


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        ([], "must be an object"),
        ("x", "must be an object"),
        (7, "must be an object"),
        (False, "must be an object"),
        (nested(33), "must have at most 32 levels"),
        ({"a": "x" * 1017}, "must have at most 1024 bytes as JSON"),
        ({"a": "é" * 509}, "must have at most 1024 bytes as JSON"),
        ({"a": float("inf")}, "must hold no number beyond the range of a double"),
        ({"a": [json.loads("-1e999")]}, "must hold no number beyond the range of a double"),
        ({"a": float("nan")}, "must hold no number beyond the range of a double"),
        (json.loads('{"a": "\\ud83d"}'), "must hold no half of a surrogate pair"),
        (json.loads('{"\\ude00": 1}'), "must hold no half of a surrogate pair"),
    ],
)
def test_each_bound_is_told_by_name(value: Any, flaw: str) -> None:
    assert flaw_of_extra(value) == flaw


def test_what_is_far_too_deep_is_refused_and_not_recursed_into() -> None:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    assert flaw_of_json(value, 1024) == "must have at most 32 levels"


TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud800", "\x00", "\u2028", "</script>", "__proto__"])


def objects_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(TEXTS, values, max_size=5)


NUMBERS = st.integers() | st.floats() | st.sampled_from([10**300, -(10**300), 5e-324, -0.0])
VALUES = st.recursive(st.none() | st.booleans() | NUMBERS | TEXTS, lambda inner: st.lists(inner) | objects_of(inner))


@given(objects_of(VALUES), objects_of(TEXTS))
def test_whatever_comes_is_refused_or_shown_as_it_was(extra: Any, attributes: Any) -> None:
    shown = {} if flaw_of_attributes(attributes) else attributes
    try:
        frame = parse_frame(json.dumps({"messageType": 4, "message": "hi", "extra": extra}))
    except Refusal:
        return
    assert isinstance(frame, Chat)
    said = made.event(content=frame.message, extra=frame.extra, attributes=shown)
    read = parse_record(said.to_record(), seq=7, timestamp=said.time)
    assert result_of(read, 7).digest == digest_of(frame.message, frame.to, frame.extra)
    [item] = items(parse_record(read.to_record(), timestamp=said.time), 0, days=1)
    for event in (read, stored(42, item.attributes).event):
        told = json.loads(encode_event(event))
        assert (told.get("extra"), told.get("attributes", {})) == (extra, shown)
