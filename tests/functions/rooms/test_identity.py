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
)


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("42", 42), ("9007199254740991", 2**53 - 1)])
def test_an_activity_id_is_a_positive_integer_that_javascript_can_hold(text: str, number: int) -> None:
    assert parse_activity_id(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "+1", "01", "1.0", "1e3", " 1", "1\n", "9007199254740992", "٤٢", "abc", "1" * 400]
)
def test_what_is_no_activity_id_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="activityId must be"):
        parse_activity_id(text)


def test_a_username_is_composed_and_trimmed() -> None:
    assert parse_username("  Zoe\u0301 ") == "Zoé"


@pytest.mark.parametrize("text", ["", "   ", "x" * 33, "a\x00b", "a\tb", "\x85\x85", "a\ud800"])
def test_a_username_that_cannot_be_shown_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="username must"):
        parse_username(text)


@given(st.text(max_size=60))
def test_every_username_that_is_accepted_can_be_sent_back_and_accepted_again(text: str) -> None:
    try:
        name = parse_username(text)
    except Malformed:
        return
    assert parse_username(name) == name
    assert unicodedata.is_normalized("NFC", name)
    name.encode()


@pytest.mark.parametrize("text", ["", "x" * 65, " a", "a ", "a\nb", ".", ".."])
def test_what_a_path_cannot_name_is_no_user_id(text: str) -> None:
    with pytest.raises(Malformed, match="userId must"):
        parse_user_id(text)


def test_an_avatar_is_at_most_512_characters() -> None:
    assert parse_avatar("https://a.example/" + "x" * 494)
    with pytest.raises(Malformed, match="avatar must"):
        parse_avatar("x" * 513)


@pytest.mark.parametrize("text", ["", "1a2b3c4d", "1a2b3c4d.", ".5", "UPPER.5", "a.-1", "a.5.6", "a" * 17 + ".1"])
def test_what_no_welcome_gave_is_no_cursor(text: str) -> None:
    with pytest.raises(Malformed, match="since must"):
        parse_cursor(text)


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


@pytest.mark.parametrize("caps", ["", "none", "fly", "Chat", " chat"])
def test_a_context_gives_no_capability_that_it_does_not_name(caps: str) -> None:
    context = Identity(activity_id=1, user_id="u", username="u").to_context() | {"caps": caps}
    assert Identity.from_context(context).caps == frozenset()


def test_capabilities_are_known_by_their_names() -> None:
    assert parse_caps([]) == frozenset()
    assert parse_caps(["chat", "admin", "chat"]) == {"chat", "admin"}


@pytest.mark.parametrize("caps", [["fly"], ["chat", 1], [None], [["chat"]], ["Chat"], [""], [{}]])
def test_what_is_no_capability_is_malformed(caps: list[object]) -> None:
    with pytest.raises(Malformed, match="caps must be"):
        parse_caps(caps)
