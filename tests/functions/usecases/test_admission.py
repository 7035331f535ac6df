import logging
from typing import Any

import jwt
import pytest

from functions.adapters.tokens.claims import Claims
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens, mint
from functions.aws_events.websocket import Handshake
from functions.rooms.identity import VIEWER, Identity, Malformed
from functions.runtime.settings import Settings
from functions.usecases.admission import Admission, NoIdentity, build

NOW = 1_700_000_000
SECRET = '{"current": "k1", "k1": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}'


SIGNED: dict[str, Any] = {"key": "k" * 32, "algorithm": "HS256", "headers": {"kid": "k1"}}


async def read() -> str:
    return SECRET


ADMISSION = Admission(mode="token", tokens=Tokens(TokenKeys(read), clock=lambda: NOW))


def token(activity_id: int | None = 42, *, sub: str = "u1", avatar: str = "", exp: int = NOW + 60) -> str:
    claims = Claims.of_ours(
        sub=sub, name="Alice", activity_id=activity_id, avatar=avatar, exp=exp, caps=VIEWER | {"moderate"}
    )
    return mint(claims, Keys.parse(SECRET))


def ask(offered: str = "", /, **query: str) -> Handshake:
    queries = {name: [value] for name, value in query.items()}
    return Handshake("arn", queries, {"sec-websocket-protocol": offered} if offered else {})


ALICE = Identity(activity_id=42, user_id="u1", username="Alice", caps=VIEWER | {"moderate"})


async def test_a_token_in_the_query_is_trusted() -> None:
    assert await ADMISSION.identify(ask(activityId="42", token=token())) == ALICE


async def test_a_token_among_the_subprotocols_is_trusted() -> None:
    identity = await ADMISSION.identify(ask(f"live.v1, bearer.{token()}", activityId="42"))
    assert identity == Identity(
        activity_id=42, user_id="u1", username="Alice", framing="live.v1", caps=VIEWER | {"moderate"}
    )


async def test_the_same_token_may_be_given_twice() -> None:
    assert await ADMISSION.identify(ask(f"bearer.{token()}", activityId="42", token=token())) == ALICE


async def test_two_tokens_are_none() -> None:
    with pytest.raises(NoIdentity, match="several"):
        await ADMISSION.identify(ask(f"bearer.{token()}", activityId="42", token=token(sub="u2")))
    with pytest.raises(NoIdentity, match="several"):
        await ADMISSION.identify(ask(f"bearer.{token()}, bearer.{token(sub='u2')}", activityId="42"))


async def test_who_the_query_says_does_not_count_beside_a_token() -> None:
    asked = ask(activityId="42", token=token(), username="\x00", userId=" root ", avatar="face")
    assert (await ADMISSION.identify(asked)).user_id == "u1"
    assert (await ADMISSION.identify(asked)).username == "Alice"


async def test_the_tokens_avatar_wins_and_the_querys_fills_in() -> None:
    assert (await ADMISSION.identify(ask(activityId="42", token=token(avatar="mine"), avatar="x"))).avatar == "mine"
    assert (await ADMISSION.identify(ask(activityId="42", token=token(), avatar="x"))).avatar == "x"


@pytest.mark.parametrize(
    "asked",
    [
        ask(activityId="42"),
        ask(activityId="42", token=""),
        ask("bearer.", activityId="42"),
        ask(token(), activityId="42"),  # a subprotocol that is a token without saying so
        ask(token=token()),
        ask(activityId="", token=token()),
        ask(activityId="42", username="alice"),
        ask(activityId="42", token=token(43)),
        ask(activityId="42", token=token(None)),
        ask(activityId="42", token=token(exp=NOW)),
        ask(activityId="42", token=token() + "x"),
        ask(activityId="42", token=f" {token()}"),
        ask(activityId="forty", token="forged"),
    ],
)
async def test_without_a_token_for_this_very_room_nobody_is_known(asked: Handshake) -> None:
    with pytest.raises(NoIdentity):
        await ADMISSION.identify(asked)


@pytest.mark.parametrize("field", ["activityId", "since", "avatar"])
async def test_what_is_malformed_beside_a_good_token_is_said(field: str) -> None:
    with pytest.raises(Malformed, match=field):
        await ADMISSION.identify(ask(**({"activityId": "42", "token": token()} | {field: "x" * 600})))


@pytest.mark.parametrize(
    ("query", "why"), [({}, "no activityId"), ({"activityId": "42"}, "no token"), ({"activityId": ""}, "no activityId")]
)
async def test_who_brings_nothing_is_refused_with_the_reason_in_the_log(
    caplog: pytest.LogCaptureFixture, query: dict[str, str], why: str
) -> None:
    with pytest.raises(NoIdentity):
        await ADMISSION.identify(ask(**query))
    assert [record.getMessage() for record in caplog.records] == [f"a handshake is refused: {why}"]


async def test_each_refusal_has_its_reason_and_an_examination_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    early = jwt.encode({"sub": "u1", "name": "A", "activityId": 42, "exp": NOW + 900, "nbf": NOW + 600}, **SIGNED)
    for given, reason in (
        (ask(token=token()), "bad_field"),
        (ask(activityId="42"), "token_missing"),
        (ask(f"bearer.{token()}", activityId="42", token=token(sub="u2")), "token_invalid"),
        (ask(activityId="42", token=token() + "x"), "token_invalid"),
        (ask(activityId="42", token=token(exp=NOW)), "token_expired"),
        (ask(activityId="42", token=token(exp=NOW) + "x"), "token_invalid"),
        (ask(activityId="42", token=early), "token_not_yet_valid"),
        (ask(activityId="42", token=token(43)), "token_other_room"),
    ):
        with pytest.raises(NoIdentity) as refused:
            await ADMISSION.examine(given)
        assert refused.value.reason == reason, given
    assert caplog.records == []


async def test_a_refusal_is_logged_with_its_reason_and_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for refused in (token(43), token(exp=NOW), token() + "AAAA", "nonsense"):
        with pytest.raises(NoIdentity):
            await ADMISSION.identify(ask(activityId="42", token=refused))
        assert refused not in caplog.text
    assert [record.getMessage() for record in caplog.records if record.name == "functions.usecases.admission"] == [
        "a token is refused: it is for another room, or for none",
        "a token is refused: it has expired",
        "a token is refused: its signature is wrong",
        "a token is refused: it is no JWT",
    ]


async def test_in_open_mode_the_query_is_believed_and_a_token_is_not_looked_at() -> None:
    admission = Admission(mode="open", tokens=ADMISSION.tokens)
    identity = await admission.identify(ask(activityId="42", username="Bob", token=token()))
    assert identity == Identity(activity_id=42, user_id="Bob", username="Bob", caps=VIEWER)


async def test_the_listed_origins_may_connect_and_who_sends_none() -> None:
    settings = Settings(
        auth_mode="open",
        allowed_origins="https://Shop.example/, http://localhost:3000,",
        websocket_url="wss://rooms.example/websocket",
    )
    admission = await build(settings)
    assert admission.websocket_url == "wss://rooms.example/websocket"
    for origin in ("https://shop.example", "http://localhost:3000", "HTTP://LOCALHOST:3000", ""):
        assert admission.allows(origin), origin
    for origin in (
        "null",
        "https://evil.example",
        "http://shop.example",
        "https://shop.example.evil",
        "http://localhost",
    ):
        assert not admission.allows(origin), origin


async def test_without_a_list_every_origin_may_connect() -> None:
    for allowed in ("", " , "):
        settings = Settings(auth_mode="open", allowed_origins=allowed)
        assert (await build(settings)).allows("https://anywhere.example")


async def test_two_tokens_in_the_query_are_refused_and_the_same_one_twice_is_not() -> None:
    one, other = token(), token(sub="u2")
    with pytest.raises(NoIdentity):
        await ADMISSION.identify(Handshake("arn", {"activityId": ["42"], "token": [one, other]}, {}))
    assert await ADMISSION.identify(Handshake("arn", {"activityId": ["42"], "token": [one, one]}, {})) == ALICE


async def test_attributes_are_the_token_s_and_never_the_query_s() -> None:
    for attributes in ({}, {"role": "host"}):
        claims = Claims.of_ours(sub="u1", name="Alice", activity_id=42, exp=NOW + 60, attributes=attributes)
        asked = ask(activityId="42", token=mint(claims, Keys.parse(SECRET)), attributes='{"role":"owner"}')
        assert (await ADMISSION.identify(asked)).attributes == attributes


async def test_in_open_mode_the_query_s_attributes_are_believed_if_they_are_any() -> None:
    admission = Admission(mode="open", tokens=ADMISSION.tokens)
    asked = {"activityId": "42", "username": "Alice"}
    assert (await admission.identify(ask(**asked, attributes='{"role":"host"}'))).attributes == {"role": "host"}
    assert (await admission.identify(ask(**asked, attributes=""))).attributes == {}
    for wrong in ("host", "[]", '{"level":1}', '{"a":"' + "x" * 1100 + '"}'):
        with pytest.raises(Malformed, match="attributes "):
            await admission.identify(ask(**asked, attributes=wrong))


async def test_the_largest_attributes_fit_into_a_token() -> None:
    attributes = {"a": "é" * 253, "b": "é" * 247}
    claims = Claims.of_ours(sub="主" * 64, name="主" * 32, activity_id=42, exp=NOW + 60, attributes=attributes)
    made = mint(claims, Keys.parse(SECRET))
    assert (await ADMISSION.identify(ask(activityId="42", token=made))).attributes == attributes
