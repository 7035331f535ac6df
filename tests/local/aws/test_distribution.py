from typing import Any

from local.aws.asgi import Receive, Scope, Send
from local.aws.distribution import Distribution, rewrite


def test_the_path_form_becomes_the_query_form() -> None:
    for path, query, rewritten in (
        ("/websocket/42/alice", "", "activityId=42&username=alice"),
        ("/websocket/42/J%C3%BCrgen%20K", "", "activityId=42&username=J%C3%BCrgen%20K"),
        ("/websocket/42/a+b%26c=d", "", "activityId=42&username=a%2Bb%26c%3Dd"),
        ("/websocket/42/alice", "token=x&avatar=", "activityId=42&username=alice&token=x&avatar="),
        ("/websocket/42/alice", "activityId=1&%75sername=bob&since=3", "activityId=42&username=alice&since=3"),
        ("/websocket/42/a%2Fb", "", "activityId=42&username=a%2Fb"),
    ):
        assert rewrite(path, query, stage="websocket") == ("/websocket", rewritten), path


def test_any_other_path_is_left_alone() -> None:
    for path in (
        "/websocket",
        "/websocket/",
        "/websocket/42",
        "/websocket/42/",
        "/websocket//alice",
        "/websocket/42/alice/more",
        "/other/42/alice",
        "/websocket/@connections/abc",
        "/websocket/%40connections/abc",
        "",
    ):
        assert rewrite(path, "a=1", stage="websocket") == (path, "a=1"), path


async def headers_after(secret: str, *headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """The headers with which a request comes to the APIs."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def nothing(*_: object) -> Any:
        raise AssertionError

    await Distribution(app, secret)({"type": "http", "headers": list(headers)}, nothing, nothing)
    ((found),) = scopes
    return list(found["headers"])


HOST, SECRET = (b"host", b"127.0.0.1:8000"), (b"x-live-rooms-edge", b"the secret")


async def test_a_secret_is_added_in_place_of_what_the_client_sent() -> None:
    assert await headers_after("", HOST) == [HOST]
    assert await headers_after("the secret", HOST) == [HOST, SECRET]
    assert await headers_after("the secret", (SECRET[0], b"guessed"), HOST) == [HOST, SECRET]
    assert await headers_after("the secret") == [SECRET]


async def test_a_request_to_an_apis_own_host_has_come_around_the_distribution() -> None:
    for host in (b"local.execute-api.localhost", b"a1b2.execute-api.us-east-1.amazonaws.com:8000"):
        assert await headers_after("the secret", (b"host", host)) == [(b"host", host)]
