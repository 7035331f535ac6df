import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.tokens.claims import Claims
from functions.adapters.tokens.edge import Edge
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens, mint
from functions.handlers import authorize
from functions.manifest import needs_of
from functions.rooms.attributes import pack_attributes
from functions.rooms.identity import Identity
from functions.runtime.settings import EDGE_HEADER, Settings
from functions.usecases.admission import Admission, build

ARN = "arn:aws:execute-api:us-east-1:000000000000:api/websocket/$connect"
NOW = 1_700_000_000
SECRET = json.dumps({"current": "k1", "k1": "k" * 32})


async def read() -> str:
    return SECRET


async def read_nothing() -> str:
    raise SecretUnavailable("secret keys: away")


TOKENS = Tokens(TokenKeys(read), clock=lambda: NOW)
OPEN = Admission(mode="open", tokens=TOKENS)
TOKEN = Admission(mode="token", tokens=TOKENS, origins=frozenset({"https://shop.example"}))


def event(headers: Mapping[str, str], query: Mapping[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "REQUEST", "methodArn": ARN, "headers": headers}
    return event | {"queryStringParameters": dict(query)} if query else event


async def ask(headers: Mapping[str, str] | None = None, admission: Admission = OPEN, /, **query: str) -> dict[str, Any]:
    return await authorize.main(event(headers or {}, query), admission)


def token(activity_id: int = 42) -> str:
    claims = Claims.of_ours(
        sub="u1", name="Alice", activity_id=activity_id, exp=NOW + 60, caps=frozenset({"moderate", "chat"})
    )
    return mint(claims, Keys.parse(SECRET))


def effect(answer: dict[str, Any]) -> str:
    return str(answer["policyDocument"]["Statement"][0]["Effect"])


async def test_what_did_not_come_through_the_distribution_is_denied_where_that_is_the_only_way() -> None:
    for mode in (OPEN, TOKEN):
        admission = replace(mode, edge=Edge(TokenKeys(read)))
        for headers in ({}, {EDGE_HEADER: "x" * 32}, {EDGE_HEADER: ""}):
            answer = await ask(headers, admission, activityId="42", username="Alice", token=token())
            assert (effect(answer), answer["context"]) == ("Deny", {}), headers
        for name in (EDGE_HEADER, EDGE_HEADER.title()):
            answer = await ask({name: "k" * 32}, admission, activityId="42", username="Alice", token=token())
            assert effect(answer) == "Allow", name


async def test_the_identity_rides_in_the_context() -> None:
    answer = await ask(activityId="42", username=" Alice ", userId="u1", avatar="https://a.example/1")
    assert answer["principalId"] == "u1"
    assert answer["context"] == {
        "activityId": "42",
        "userId": "u1",
        "username": "Alice",
        "avatar": "https://a.example/1",
        "framing": "classic",
        "caps": "chat,like",
    }


async def test_so_does_the_identity_of_a_token_and_the_token_does_not() -> None:
    answer = await ask({"Sec-WebSocket-Protocol": f"bearer.{token()}, live.v1"}, TOKEN, activityId="42")
    assert answer["principalId"] == "u1"
    assert answer["context"] == {
        "activityId": "42",
        "userId": "u1",
        "username": "Alice",
        "avatar": "",
        "framing": "live.v1",
        "caps": "chat,moderate",
    }
    assert token() not in json.dumps(answer)


async def test_the_policy_lets_in_to_this_very_connection() -> None:
    assert (await ask(activityId="42", username="a"))["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}],
    }


async def test_a_user_without_an_id_is_known_by_the_name() -> None:
    assert (await ask(activityId="42", username="alice"))["context"]["userId"] == "alice"


@pytest.mark.parametrize("header", ["Sec-WebSocket-Protocol", "sec-websocket-protocol"])
@pytest.mark.parametrize("offer", ["live.v1", "bearer.x, live.v1", "live.v1,other"])
async def test_the_array_framing_is_for_who_offers_it(header: str, offer: str) -> None:
    assert (await ask({header: offer}, activityId="42", username="a"))["context"]["framing"] == "live.v1"
    assert (await ask({header: "live.v2"}, activityId="42", username="a"))["context"]["framing"] == "classic"


@pytest.mark.parametrize("query", [{}, {"activityId": "42"}, {"username": "a"}, {"activityId": "", "username": "a"}])
async def test_without_an_identity_the_answer_is_the_word_that_means_401(query: dict[str, str]) -> None:
    with pytest.raises(Exception, match="^Unauthorized$"):
        await ask(**query)


async def test_in_token_mode_the_query_is_not_believed() -> None:
    with pytest.raises(Exception, match="^Unauthorized$"):
        await ask({}, TOKEN, activityId="42", username="alice")


async def test_why_somebody_is_unauthorized_is_not_what_lambda_logs() -> None:
    with pytest.raises(authorize.Unauthorized) as error:
        await ask({}, TOKEN, activityId="42", token=token(43))
    assert error.value.__suppress_context__
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"activityId": "x", "username": "a"}, "activityId"),
        ({"activityId": "1", "username": " "}, "username"),
        ({"activityId": "1", "username": "a", "userId": " b"}, "userId"),
        ({"activityId": "1", "username": "a", "avatar": "x" * 600}, "avatar"),
        ({"activityId": "1", "username": "a", "since": "yesterday"}, "since"),
    ],
)
async def test_what_is_malformed_is_left_to_connect(query: dict[str, str], problem: str) -> None:
    answer = await ask(**query)
    assert answer["context"]["malformed"].startswith(problem)
    assert effect(answer) == "Allow"


@pytest.mark.parametrize("header", ["Origin", "origin"])
async def test_a_page_of_another_origin_is_denied_whatever_it_knows(header: str) -> None:
    query = {"activityId": "42", "token": token()}
    assert effect(await ask({header: "https://evil.example"}, TOKEN, **query)) == "Deny"
    assert effect(await ask({header: "https://evil.example"}, TOKEN)) == "Deny"
    assert effect(await ask({header: "https://shop.example"}, TOKEN, **query)) == "Allow"
    assert effect(await ask({}, TOKEN, **query)) == "Allow"


async def test_without_keys_nobody_is_let_in_and_the_error_says_what_is_missing() -> None:
    admission = Admission(mode="token", tokens=Tokens(TokenKeys(read_nothing)))
    with pytest.raises(SecretUnavailable, match="away"):
        await ask({}, admission, activityId="42", token=token())


async def test_the_admission_is_as_the_settings_say_and_asks_for_a_token_if_they_say_nothing() -> None:
    believing = await build(Settings.from_environment({"AUTH_MODE": "open"}, needs_of("authorize")))
    assert (await ask({}, believing, activityId="42", username="a"))["principalId"] == "a"
    asking = await build(Settings.from_environment({"TOKEN_SECRET": "keys"}, needs_of("authorize")))
    with pytest.raises(Exception, match="^Unauthorized$"):
        await ask({}, asking, activityId="42", username="a")


async def test_the_largest_identity_is_within_what_an_authorizer_may_return() -> None:
    """8 KB: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""
    attributes = {"a": '"' * 253, "b": '"' * 247}
    assert len(pack_attributes(attributes).encode()) in range(1000, 1025)
    for avatar in ("😀" * 512, '"' * 512):
        answer = await ask(
            activityId=str(2**53 - 1),
            username="😀" * 32,
            userId="😀" * 64,
            avatar=avatar,
            attributes=pack_attributes(attributes),
        )
        assert effect(answer) == "Allow"
        assert Identity.from_context(answer["context"]).attributes == attributes
        assert len(json.dumps(answer, ensure_ascii=False).encode()) <= 8192
