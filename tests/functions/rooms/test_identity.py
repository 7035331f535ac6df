import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.identity import (
    CAPABILITIES,
    VIEWER,
    Identity,
    Malformed,
    parse_activity_id,
    parse_avatar,
    parse_caps,
    parse_cursor,
    parse_user_id,
    parse_username,
    read_attributes,
)
from tests.functions.rooms.refusals import not_refused


def test_an_activity_id_is_a_positive_integer_that_javascript_can_hold() -> None:
    for text, number in (("1", 1), ("42", 42), ("9007199254740991", 2**53 - 1)):
        assert parse_activity_id(text) == number, text


def test_what_is_no_activity_id_is_malformed() -> None:
    texts = ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1\n", "9007199254740992", "٤٢", "abc", "1" * 400]
    assert not_refused(parse_activity_id, texts, Malformed, "activityId must be") == []


def test_a_username_is_composed_and_trimmed() -> None:
    assert parse_username("  Zoe\u0301 ") == "Zoé"


def test_a_username_that_cannot_be_shown_is_malformed() -> None:
    texts = ["", "   ", "x" * 33, "a\x00b", "a\tb", "\x85\x85", "a\ud800"]
    assert not_refused(parse_username, texts, Malformed, "username must") == []


@given(st.text(max_size=60))
def test_every_username_that_is_accepted_can_be_sent_back_and_accepted_again(text: str) -> None:
    try:
        name = parse_username(text)
    except Malformed:
        return
    assert parse_username(name) == name
    assert unicodedata.is_normalized("NFC", name)
    name.encode()


def test_what_a_path_cannot_name_is_no_user_id() -> None:
    texts = ["", "x" * 65, " a", "a ", "a\nb"]
    assert not_refused(parse_user_id, texts, Malformed, "userId must") == []


def test_an_avatar_is_at_most_512_characters() -> None:
    assert parse_avatar("https://a.example/" + "x" * 494)
    with pytest.raises(Malformed, match="avatar must"):
        parse_avatar("x" * 513)


def test_what_no_welcome_gave_is_no_cursor() -> None:
    texts = ["", "1a2b3c4d", "1a2b3c4d.", ".5", "UPPER.5", "a.-1", "a.5.6", "a" * 17 + ".1"]
    assert not_refused(parse_cursor, texts, Malformed, "since must") == []


def test_an_identity_survives_the_authorizers_context() -> None:
    alice = Identity(activity_id=42, user_id="u1", username="Älice", avatar="https://a.example/1", framing="live.v1")
    context = alice.to_context()
    assert all(isinstance(value, str) for value in context.values())
    assert Identity.from_context({**context, "principalId": "u1", "integrationLatency": "3"}) == alice


@given(st.frozensets(st.sampled_from(sorted(CAPABILITIES))))
def test_capabilities_ride_in_the_context_none_at_all_too(caps: frozenset[str]) -> None:
    identity = Identity(activity_id=1, user_id="u", username="u", caps=caps)
    assert identity.to_context()["caps"]
    assert Identity.from_context(identity.to_context()) == identity


def test_a_context_from_before_capabilities_is_a_viewers() -> None:
    context = Identity(activity_id=1, user_id="u", username="u", caps=frozenset({"admin"})).to_context()
    del context["caps"]
    assert Identity.from_context(context).caps == VIEWER


def test_a_context_gives_no_capability_that_it_does_not_name() -> None:
    context = Identity(activity_id=1, user_id="u", username="u").to_context()
    for caps in ("", "none", "fly", "Chat", " chat"):
        assert Identity.from_context(context | {"caps": caps}).caps == frozenset(), caps


def test_capabilities_are_known_by_their_names() -> None:
    assert parse_caps([]) == frozenset()
    assert parse_caps(["chat", "admin", "chat"]) == {"chat", "admin"}


def test_what_is_no_capability_is_malformed() -> None:
    lists: list[list[object]] = [["fly"], ["chat", 1], [None], [["chat"]], ["Chat"], [""], [{}]]
    assert not_refused(parse_caps, lists, Malformed, "caps must be") == []


def test_attributes_are_read_from_an_object_of_texts_alone() -> None:
    assert read_attributes('{"role":"host"}') == {"role": "host"}
    texts = ["", "{", "[]", "null", '"host"', '{"level":1}', "[" * 4000, '{"a":NaN}', '{"a":"\\ud800"}']
    assert not_refused(read_attributes, texts, Malformed, "attributes ") == []


def test_attributes_ride_in_the_context_as_one_text_and_nobody_s_do_not() -> None:
    host = Identity(activity_id=42, user_id="u1", username="Alice", attributes={"role": "主播", "quote": '"'})
    assert all(isinstance(value, str) for value in host.to_context().values())
    assert Identity.from_context(host.to_context()) == host
    assert "attributes" not in Identity(activity_id=42, user_id="u1", username="Alice").to_context()
