from collections.abc import Mapping
from typing import Any

import pytest

from functions import authorize

ARN = "arn:aws:execute-api:us-east-1:000000000000:api/websocket/$connect"


@pytest.fixture(autouse=True)
def open_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "open")


def ask(headers: Mapping[str, str] | None = None, /, **query: str) -> dict[str, Any]:
    event: dict[str, Any] = {"type": "REQUEST", "methodArn": ARN, "headers": headers or {}}
    if query:
        event["queryStringParameters"] = query
    return authorize.handler(event, None)


def test_the_identity_rides_in_the_context() -> None:
    answer = ask(activityId="42", username=" Alice ", userId="u1", avatar="https://a.example/1")
    assert answer["principalId"] == "u1"
    assert answer["context"] == {
        "activityId": "42",
        "userId": "u1",
        "username": "Alice",
        "avatar": "https://a.example/1",
        "framing": "classic",
    }


def test_the_policy_lets_in_to_this_very_connection() -> None:
    assert ask(activityId="42", username="a")["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}],
    }


def test_a_user_without_an_id_is_known_by_the_name() -> None:
    assert ask(activityId="42", username="alice")["context"]["userId"] == "alice"


@pytest.mark.parametrize("header", ["Sec-WebSocket-Protocol", "sec-websocket-protocol"])
@pytest.mark.parametrize("offer", ["live.v1", "bearer.x, live.v1", "live.v1,other"])
def test_the_array_framing_is_for_who_offers_it(header: str, offer: str) -> None:
    assert ask({header: offer}, activityId="42", username="a")["context"]["framing"] == "live.v1"
    assert ask({header: "live.v2"}, activityId="42", username="a")["context"]["framing"] == "classic"


@pytest.mark.parametrize("query", [{}, {"activityId": "42"}, {"username": "a"}, {"activityId": "", "username": "a"}])
def test_without_an_identity_the_answer_is_the_word_that_means_401(query: dict[str, str]) -> None:
    with pytest.raises(Exception, match="^Unauthorized$"):
        ask(**query)


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
def test_what_is_malformed_is_left_to_connect(query: dict[str, str], problem: str) -> None:
    answer = ask(**query)
    assert answer["context"]["malformed"].startswith(problem)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"


@pytest.mark.parametrize("mode", ["token", "", "OPEN"])
def test_in_token_mode_the_query_is_not_believed(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("AUTH_MODE", mode)
    with pytest.raises(Exception, match="^Unauthorized$"):
        ask(activityId="42", username="alice")
