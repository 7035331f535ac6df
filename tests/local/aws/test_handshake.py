import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from local.aws.function import FunctionError, JsonObject
from local.aws.gateway_config import AuthorizerTarget, RouteTarget
from local.aws.handshake import URL_LIMIT
from tests.local.aws.conftest import Serve
from tests.local.aws.serving import QUERY, WAIT_SECONDS, Functions, RawClient, Site


async def refused(site: Site, path: str = QUERY, **options: Any) -> tuple[int, str]:
    """Status and body of a handshake that must fail."""
    with pytest.raises(InvalidStatus) as info:
        await site.open(path, **options)
    response = info.value.response
    return response.status_code, (response.body or b"").decode()


def held_back(until: asyncio.Event, answer: Any) -> Callable[[JsonObject], Awaitable[Any]]:
    """A function that answers once the event is set."""

    async def function(event: JsonObject) -> Any:
        await until.wait()
        return answer

    return function


async def test_another_path_or_stage_is_forbidden(site: Site, functions: Functions) -> None:
    for path in ("/more", "/", "/1/2/3", "s", "/@connections/abc"):
        assert await refused(site, path + QUERY) == (403, '{"message": "Forbidden"}'), path
    assert functions.events == []


async def test_the_path_form_is_the_query_form(site: Site, functions: Functions) -> None:
    async with site.open("/42/J%C3%BCrgen?avatar=x"):
        event = await functions.called("connect")
    assert event["queryStringParameters"] == {"activityId": "42", "username": "Jürgen", "avatar": "x"}


async def test_a_url_above_the_limit_is_refused(site: Site) -> None:
    status, _ = await refused(site, QUERY + "&x=" + "y" * URL_LIMIT)
    assert status == 414


async def test_without_its_identity_source_a_handshake_is_401_and_nobody_is_asked(
    site: Site, functions: Functions
) -> None:
    for query in ("", "?username=alice", "?activityId=&username=alice"):
        assert await refused(site, query) == (401, '{"message": "Unauthorized"}'), query
    assert functions.events == []


async def test_the_authorizer_decides(site: Site, functions: Functions) -> None:
    for answer, status in (
        ({"principalId": "a", "policyDocument": {"Statement": []}}, 403),
        (FunctionError("Exception", "Unauthorized"), 401),
        (FunctionError("Exception", "Unauthorized!"), 500),
        (FunctionError("ValueError", "boom"), 500),
        ({"isAuthorized": True}, 500),
        (None, 500),
    ):
        functions.answers["authorize"] = answer
        assert (await refused(site))[0] == status, answer
    assert [name for name, _ in functions.events] == ["authorize"] * 6


async def test_an_authorizer_that_takes_too_long_is_500(serve: Serve, functions: Functions) -> None:
    site = await serve(integration_timeout_seconds=0.01)
    functions.answers["authorize"] = held_back(asyncio.Event(), None)
    assert (await refused(site))[0] == 500


async def test_the_upgrade_is_pending_until_connect_has_answered(site: Site, functions: Functions) -> None:
    go_on = asyncio.Event()
    functions.answers["connect"] = held_back(go_on, {"statusCode": 200})
    client = await RawClient.request(site.port)
    await functions.called("connect")
    assert site.gateway.connections == {}
    reading = asyncio.create_task(client.reader.readuntil(b"\r\n\r\n"))
    done, _ = await asyncio.wait((reading,), timeout=0.05)
    assert not done
    go_on.set()
    assert (await asyncio.wait_for(reading, WAIT_SECONDS)).startswith(b"HTTP/1.1 101 ")
    await client.close()


async def test_the_status_of_connect_is_handed_to_the_client(site: Site, functions: Functions) -> None:
    for status in (301, 400, 401, 403, 429, 501, 503):
        functions.answers["connect"] = {"statusCode": status}
        # websockets follows redirects, a TCP connection does not
        client, head = await RawClient.handshake(site.port)
        assert head.startswith(b"HTTP/1.1 %d " % status), head
        body = await asyncio.wait_for(client.reader.read(), WAIT_SECONDS)
        assert set(json.loads(body)) == {"message"}, status
        await client.close()


async def test_a_refusals_own_body_is_handed_through(site: Site, functions: Functions) -> None:
    functions.answers["connect"] = {"statusCode": 400, "body": '{"error": "bad_field"}'}
    assert await refused(site) == (400, '{"error": "bad_field"}')


async def test_any_2xx_of_connect_opens(site: Site, functions: Functions) -> None:
    for status in (200, 201, 299):
        functions.answers["connect"] = {"statusCode": status}
        client, head = await RawClient.handshake(site.port)
        assert head.startswith(b"HTTP/1.1 101 "), status
        await client.close()


async def test_a_connect_that_fails_is_502(site: Site, functions: Functions) -> None:
    errors = (FunctionError("ValueError", "boom"), FunctionError("Sandbox.Timedout", "late"))
    for answer in (*errors, None, {"body": "x"}):
        functions.answers["connect"] = answer
        assert await refused(site) == (502, '{"message": "Internal server error"}'), answer


async def test_a_connect_that_takes_too_long_is_504(serve: Serve, functions: Functions) -> None:
    site = await serve(integration_timeout_seconds=0.05)
    functions.answers["connect"] = held_back(asyncio.Event(), None)
    assert await refused(site) == (504, '{"message": "Endpoint request timed out"}')


async def test_a_refused_connect_is_not_followed_by_a_disconnect(site: Site, functions: Functions) -> None:
    functions.answers["connect"] = {"statusCode": 403}
    await refused(site)
    functions.answers["connect"] = {"statusCode": 200}
    client, connection_id = await site.opened()
    await client.close()
    event = await functions.called("disconnect")
    assert event["requestContext"]["connectionId"] == connection_id
    assert len(functions.of("disconnect")) == 1


async def test_the_subprotocol_is_the_one_the_function_answers(site: Site, functions: Functions) -> None:
    for name in ("Sec-WebSocket-Protocol", "sec-websocket-protocol"):
        functions.answers["connect"] = {"statusCode": 200, "headers": {name: "live.v1"}}
        async with site.open(subprotocols=["bearer.x", "live.v1"]) as client:
            assert client.subprotocol == "live.v1", name
        event = functions.of("connect")[-1]
        assert event["headers"]["Sec-WebSocket-Protocol"] == "bearer.x, live.v1", name


async def test_without_that_header_no_subprotocol_is_chosen(site: Site) -> None:
    async with site.open(subprotocols=["live.v1"]) as client:
        assert client.subprotocol is None


async def test_a_subprotocol_that_is_no_token_cannot_split_the_response(site: Site, functions: Functions) -> None:
    functions.answers["connect"] = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "a\r\nX: y"}}
    assert (await refused(site))[0] == 502


async def test_without_authorizer_and_connect_route_everybody_is_let_in(serve: Serve, functions: Functions) -> None:
    site = await serve(authorizer=None, routes={"$default": RouteTarget(function="message")})
    async with site.open("") as client:
        await client.send("hello")
        event = await functions.called("message")
    assert "authorizer" not in event["requestContext"]
    assert [name for name, _ in functions.events] == ["message"]


async def test_a_header_can_be_the_identity_source(serve: Serve, functions: Functions) -> None:
    target = AuthorizerTarget(function="authorize", identity_sources=("route.request.header.X-Who",))
    site = await serve(authorizer=target)
    assert (await refused(site))[0] == 401
    async with site.open(additional_headers={"x-who": "me"}):
        pass
    assert len(functions.of("authorize")) == 1


def test_an_identity_source_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"context\.path"):
        AuthorizerTarget(function="authorize", identity_sources=("context.path",))


async def test_a_client_that_vanishes_while_connect_is_pending_leaves_once_it_has_succeeded(
    site: Site, functions: Functions
) -> None:
    go_on = asyncio.Event()
    functions.answers["connect"] = held_back(go_on, {"statusCode": 200})
    client = await RawClient.request(site.port)
    await functions.called("connect")
    await client.close(reset=True)
    # Another client's whole handshake is proof that the server's loop has seen the reset.
    functions.answers["connect"] = {"statusCode": 200}
    other, _ = await site.opened()
    go_on.set()
    event = await functions.called("disconnect")
    assert event["requestContext"]["connectionId"] == functions.of("connect")[0]["requestContext"]["connectionId"]
    assert event["requestContext"]["disconnectStatusCode"] == 1006
    assert event["requestContext"]["disconnectReason"] == ""
    await other.close()
    await functions.called("disconnect", 2)
    assert len(functions.of("disconnect")) == 2
