import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.frames import Chat, Heartbeat, Like, WhoIsHere, parse_frame
from functions.rooms.people import Place
from functions.rooms.refusal import Refusal


def refusal_of(frame: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_frame(frame if isinstance(frame, str) else json.dumps(frame))
    return caught.value


def test_a_chat_is_trimmed() -> None:
    assert parse_frame('{"messageType":4,"message":"  hello "}') == Chat(
        client_id=None, companions={}, message="hello", to=None
    )


def test_a_chat_may_be_for_one_user_and_carry_an_id_and_the_originals_fields() -> None:
    frame = {
        "messageType": 4,
        "message": "psst",
        "to": "bob",
        "id": "c1",
        "company_id": 7,
        "openid": "o",
        "avatar": "a",
    }
    companions = {"company_id": "7", "openid": "o", "avatar": "a"}
    assert parse_frame(json.dumps(frame)) == Chat(client_id="c1", companions=companions, message="psst", to="bob")


def test_a_chat_may_have_an_object_beside_its_text() -> None:
    for extra in ({}, {"replyTo": 7, "at": [0.25, None]}, {"a": "x" * 1016}):
        frame = parse_frame(json.dumps({"messageType": 4, "message": "hi", "extra": extra}))
        assert isinstance(frame, Chat)
        assert frame.extra == extra
    frame = parse_frame('{"messageType":4,"message":"hi","extra":null}')
    assert isinstance(frame, Chat)
    assert frame.extra is None


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[]", "extra must be an object"),
        ('"x"', "extra must be an object"),
        ("0", "extra must be an object"),
        ('{"a":1e999}', "extra must hold no number beyond the range of a double"),
        ('{"a":"\\ud800"}', "extra must hold no half of a surrogate pair"),
        ('{"a":' * 33 + "1" + "}" * 33, "extra must have at most 32 levels"),
        ('{"a":' * 300 + "1" + "}" * 300, "extra must have at most 32 levels"),
        ('{"a":"' + "x" * 1017 + '"}', "extra must have at most 1024 bytes as JSON"),
    ],
)
def test_an_extra_beyond_its_bounds_is_refused_by_name(extra: str, message: str) -> None:
    refusal = refusal_of(f'{{"messageType":4,"id":"c1","message":"hi","extra":{extra}}}')
    assert (refusal.code, refusal.message, refusal.client_id) == ("bad_field", message, "c1")


def test_of_a_name_that_comes_twice_in_an_extra_the_last_counts() -> None:
    frame = parse_frame('{"messageType":4,"message":"hi","extra":{"a":1,"a":2}}')
    assert isinstance(frame, Chat)
    assert frame.extra == {"a": 2}


def test_attributes_in_a_frame_mean_nothing() -> None:
    frame = parse_frame('{"messageType":4,"message":"hi","attributes":{"role":"host"}}')
    assert frame == Chat(client_id=None, companions={}, message="hi", to=None)


def test_a_like_counts_once_unless_it_says_how_often() -> None:
    assert parse_frame('{"messageType":6}') == Like(client_id=None, companions={}, count=1)
    assert parse_frame('{"messageType":6,"count":100}') == Like(client_id=None, companions={}, count=100)


def test_a_heartbeat_needs_nothing() -> None:
    assert parse_frame('{"messageType":7}') == Heartbeat(client_id=None, companions={})


def test_who_is_here_asks_for_fifty_unless_told() -> None:
    assert parse_frame('{"messageType":3}') == WhoIsHere(client_id=None, companions={}, limit=50, after=Place())


@pytest.mark.parametrize(
    "text", ["", "hello", "[]", "4", "null", '"x"', "{", '{"messageType":4}{}', '{"a":NaN}', "[" * 4000, "\x00"]
)
def test_what_is_not_one_json_object_is_bad_json(text: str) -> None:
    assert refusal_of(text).code == "bad_json"


@pytest.mark.parametrize("kind", [None, 0, 1, 2, 5, 8, 99, -4, "4", 4.0, True, [4], {}])
def test_a_type_that_clients_do_not_send_is_bad_type(kind: Any) -> None:
    assert refusal_of({"messageType": kind, "message": "x"}).code == "bad_type"


@pytest.mark.parametrize(
    "fields",
    [
        {"messageType": 4},
        {"messageType": 4, "message": 5},
        {"messageType": 4, "message": ""},
        {"messageType": 4, "message": "   "},
        {"messageType": 4, "message": "\ud800"},
        {"messageType": 4, "message": "x", "to": 5},
        {"messageType": 4, "message": "x", "to": ""},
        {"messageType": 4, "message": "x", "id": 5},
        {"messageType": 4, "message": "x", "id": ""},
        {"messageType": 4, "message": "x", "id": "i" * 65},
        {"messageType": 4, "message": "x", "openid": {}},
        {"messageType": 4, "message": "x", "unionid": True},
        {"messageType": 6, "count": 0},
        {"messageType": 6, "count": 101},
        {"messageType": 6, "count": "5"},
        {"messageType": 6, "count": 1.5},
        {"messageType": 6, "count": True},
        {"messageType": 3, "limit": 201},
        {"messageType": 3, "cursor": 5},
    ],
)
def test_a_field_that_cannot_be_meant_is_bad_field(fields: dict[str, Any]) -> None:
    assert refusal_of(fields).code == "bad_field"


def test_a_message_has_at_most_500_characters_and_a_frame_4096_bytes() -> None:
    frame = parse_frame(json.dumps({"messageType": 4, "message": "ü" * 500}, ensure_ascii=False))
    assert isinstance(frame, Chat)
    assert refusal_of({"messageType": 4, "message": "x" * 501}).code == "too_long"
    assert refusal_of({"messageType": 4, "message": "x", "note": "y" * 4096}).code == "too_long"


def test_a_refusal_carries_the_frames_id_where_there_is_one() -> None:
    assert refusal_of({"messageType": 4, "id": "c7"}).client_id == "c7"
    assert refusal_of({"messageType": 99, "id": "c8"}).client_id == "c8"
    assert refusal_of({"messageType": 4}).client_id is None


@pytest.mark.parametrize("size", [4096, 32_000, 130_000])
def test_a_frame_that_is_too_large_is_refused_under_its_id_too(size: int) -> None:
    refusal = refusal_of({"messageType": 4, "message": "x" * size, "id": "c9"})
    assert (refusal.code, refusal.client_id) == ("too_long", "c9")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 5000,
        "[" * 100_000,
        '{"id":"c9",' + "x" * 5000,
        '{"id":"c9","n":' + "9" * 5000 + "}",
        '["' + "x" * 5000 + '"]',
        *(json.dumps({"message": "x" * 5000, "id": id_}) for id_ in [None, "", 7, "i" * 65, "\ud800"]),
    ],
)
def test_a_frame_that_is_too_large_and_has_no_id_that_can_be_read_is_too_long(text: str) -> None:
    refusal = refusal_of(text)
    assert (refusal.code, refusal.client_id) == ("too_long", None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
names = st.sampled_from(["messageType", "message", "to", "id", "count", "limit", "cursor", "openid", "avatar"])


@given(st.dictionaries(names, json_values | st.sampled_from([3, 4, 6, 7])) | json_values)
def test_whatever_is_sent_is_either_read_or_refused(value: Any) -> None:
    with suppress(Refusal):
        assert parse_frame(json.dumps(value)).companions is not None


@given(st.text(max_size=200))
def test_whatever_text_is_sent_is_either_read_or_refused(text: str) -> None:
    with suppress(Refusal):
        assert parse_frame(text).companions is not None
