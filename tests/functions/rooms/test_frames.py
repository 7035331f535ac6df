import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.frames import Chat, Heartbeat, Like, WhoIsHere, parse_frame
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


def test_a_like_counts_once_unless_it_says_how_often() -> None:
    assert parse_frame('{"messageType":6}') == Like(client_id=None, companions={}, count=1)
    assert parse_frame('{"messageType":6,"count":100}') == Like(client_id=None, companions={}, count=100)


def test_a_heartbeat_needs_nothing() -> None:
    assert parse_frame('{"messageType":7}') == Heartbeat(client_id=None, companions={})


def test_who_is_here_asks_for_fifty_unless_told() -> None:
    assert parse_frame('{"messageType":3}') == WhoIsHere(client_id=None, companions={}, limit=50, cursor=None)


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
