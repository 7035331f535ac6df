import asyncio
import json
import random
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from local.aws.function import FunctionError, JsonObject
from local.aws.gateway_config import RouteTarget
from tests.local.aws.conftest import Serve
from tests.local.aws.serving import WAIT_SECONDS, Functions, RawClient, Site


async def echo(event: JsonObject) -> JsonObject:
    return {"statusCode": 200, "body": "echo " + event["body"]}


def error_frame(message: str, connection_id: str, request_id: str) -> str:
    """As captured on AWS, spaces and all."""
    return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'


async def exchange(client: Any, text: str | None = None) -> None:
    """Receive for ever, each time after sending `text` if there is one."""
    while True:
        if text is not None:
            await client.send(text)
        await client.recv()


async def closed(client: Any, *, busy: bool = False) -> tuple[int, str]:
    """Code and reason of the close frame the server sends."""
    with pytest.raises(ConnectionClosed) as info:
        await asyncio.wait_for(exchange(client, "x" if busy else None), WAIT_SECONDS)
    assert info.value.rcvd is not None
    return info.value.rcvd.code, info.value.rcvd.reason


async def left(functions: Functions, times: int = 1) -> tuple[int, str]:
    """Code and reason of a `$disconnect` event."""
    context = (await functions.called("disconnect", times))["requestContext"]
    return context["disconnectStatusCode"], context["disconnectReason"]


async def test_what_a_two_way_route_returns_is_sent_back(site: Site, functions: Functions) -> None:
    functions.answers["message"] = echo
    async with site.open() as client:
        await client.send("grüezi")
        assert await client.recv() == "echo grüezi"


async def test_nothing_is_sent_for_an_empty_body(site: Site, functions: Functions) -> None:
    for answer in ({"statusCode": 200}, {"statusCode": 200, "body": ""}):
        async with site.open() as client:
            functions.answers["message"] = answer
            await client.send("one")
            await functions.called("message", len(functions.of("message")) + 1)
            functions.answers["message"] = echo
            await client.send("two")
            assert await client.recv() == "echo two", answer


async def test_what_a_one_way_route_returns_is_discarded(serve: Serve, functions: Functions) -> None:
    site = await serve(
        routes={"$connect": RouteTarget(function="connect"), "$default": RouteTarget(function="message")}
    )
    async with site.open() as client:
        for status in (200, 400, 500):
            functions.answers["message"] = {"statusCode": status, "body": "unheard"}
            await client.send(str(status))
            await functions.called("message", len(functions.of("message")) + 1)
        functions.answers["message"] = FunctionError("Exception", "boom")
        await client.send("last")
        assert "Internal server error" in str(await client.recv())


async def test_a_function_that_fails_gives_the_error_frame_and_the_connection_stays(
    site: Site, functions: Functions
) -> None:
    answers: list[Any] = [
        FunctionError("ValueError", "boom"),
        FunctionError("Sandbox.Timedout", "Task timed out after 15.00 seconds"),
        None,
        "text",
        {"body": "no status"},
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "body": "x" * (128 * 1024 + 1)},
        {"statusCode": 500, "body": "on a two-way route"},
    ]
    client, connection_id = await site.opened()
    for answer in answers:
        functions.answers["message"] = answer
        await client.send("one")
        frame = await client.recv()
        request_id = functions.of("message")[-1]["requestContext"]["requestId"]
        assert frame == error_frame("Internal server error", connection_id, request_id), str(answer)[:80]
        functions.answers["message"] = echo
        await client.send("two")
        assert await client.recv() == "echo two", str(answer)[:80]
    await client.close()


async def test_of_one_client_only_so_many_frames_wait_for_their_function(serve: Serve, functions: Functions) -> None:
    site, go_on = await serve(messages_at_once=2), asyncio.Event()

    async def slow(event: JsonObject) -> JsonObject:
        await go_on.wait()
        return await echo(event)

    functions.answers["message"] = slow
    async with site.open() as flooding, site.open() as other:
        for number in range(5):
            await flooding.send(str(number))
        await functions.called("message", 2)
        await other.send("other")
        await functions.called("message", 3)
        assert sorted(event["body"] for event in functions.of("message")) == ["0", "1", "other"]
        go_on.set()
        assert {await flooding.recv() for _ in range(5)} == {f"echo {number}" for number in range(5)}


async def test_a_delete_drops_the_frames_that_wait(serve: Serve, functions: Functions) -> None:
    site = await serve(messages_at_once=2)
    cancelled: list[str] = []

    async def never(event: JsonObject) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(event["body"])

    functions.answers["message"] = never
    client, connection_id = await site.opened()
    for number in range(5):
        await client.send(str(number))
    await functions.called("message", 2)
    site.gateway.delete(site.gateway.connections[connection_id])
    assert await closed(client) == (1000, "Connection Closed Normally")
    assert await left(functions) == (1000, "Connection Closed Normally")
    assert (sorted(cancelled), len(functions.of("message"))) == (["0", "1"], 2)


async def test_a_function_slower_than_the_integration_gives_the_error_frame(serve: Serve, functions: Functions) -> None:
    site = await serve(integration_timeout_seconds=0.2)

    async def never(event: JsonObject) -> None:
        await asyncio.Event().wait()

    functions.answers["message"] = never
    async with site.open() as client:
        await client.send("one")
        assert json.loads(await client.recv())["message"] == "Internal server error"


async def test_without_a_default_route_a_message_is_forbidden(serve: Serve, functions: Functions) -> None:
    site = await serve(routes={"$connect": RouteTarget(function="connect")})
    client, connection_id = await site.opened()
    await client.send("one")
    frame = str(await client.recv())
    request_id = json.loads(frame)["requestId"]
    assert frame == error_frame("Forbidden", connection_id, request_id)
    await client.close()


async def test_messages_of_one_connection_are_invoked_at_the_same_time(site: Site, functions: Functions) -> None:
    second = asyncio.Event()

    async def first_waits_for_the_second(event: JsonObject) -> JsonObject:
        if event["body"] == "second":
            second.set()
        await asyncio.wait_for(second.wait(), WAIT_SECONDS)
        return {"statusCode": 200, "body": event["body"]}

    functions.answers["message"] = first_waits_for_the_second
    async with site.open() as client:
        await client.send("first")
        await client.send("second")
        assert {await client.recv(), await client.recv()} == {"first", "second"}


async def test_every_message_has_its_own_ids(site: Site, functions: Functions) -> None:
    async with site.open() as client:
        for _ in range(20):
            await client.send("x")
        await functions.called("message", 20)
    contexts = [event["requestContext"] for event in functions.of("message")]
    assert len({context["messageId"] for context in contexts}) == 20
    assert len({context["requestId"] for context in contexts}) == 20


async def test_a_binary_frame_closes_with_1003(site: Site, functions: Functions) -> None:
    async with site.open() as client:
        await client.send(b"\x00\x01")
        assert await closed(client) == (1003, "")
    assert await left(functions) == (1003, "")
    assert functions.of("message") == []


async def test_a_frame_above_32_kb_closes_with_1009(site: Site, functions: Functions) -> None:
    client, _ = await RawClient.handshake(site.port)
    client.send(1, b"", claimed=32769)
    opcode, payload = await client.frame()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (8, 1009)
    assert (await left(functions))[0] == 1009
    await client.close()


async def test_a_frame_of_32_kb_and_a_message_of_128_kb_pass(site: Site, functions: Functions) -> None:
    async with site.open() as client:
        await client.send("x" * 32768)
        await client.send(["y" * 32768] * 4)
        await functions.called("message", 2)
    assert sorted(len(event["body"]) for event in functions.of("message")) == [32768, 131072]


async def test_a_message_above_128_kb_closes_with_1009(site: Site, functions: Functions) -> None:
    client, _ = await RawClient.handshake(site.port)
    client.send(1, b"x" * 32768, final=False)
    for _ in range(3):
        client.send(0, b"x" * 32768, final=False)
    client.send(0, b"", claimed=1)
    opcode, payload = await client.frame()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (8, 1009)
    assert (await left(functions))[0] == 1009
    assert functions.of("message") == []
    await client.close()


async def test_a_client_that_sends_what_is_too_large_in_one_go_leaves_once(site: Site, functions: Functions) -> None:
    async with site.open() as client:
        await client.send("x" * 40_000)
        assert (await left(functions))[0] == 1009
    assert len(functions.of("disconnect")) == 1


async def test_an_idle_connection_is_closed_going_away(serve: Serve, functions: Functions) -> None:
    site = await serve(idle_seconds=0.05)
    async with site.open() as client:
        assert await closed(client) == (1001, "Going away")
    assert await left(functions) == (1001, "Going away")


async def test_pings_do_not_keep_a_connection_from_idling(serve: Serve, functions: Functions) -> None:
    site = await serve(idle_seconds=0.3)
    async with site.open() as client:
        connection = next(iter(site.gateway.connections.values()))
        connection.last_active = before = connection.opened - 0.01
        pong = await client.ping()
        await asyncio.wait_for(pong, WAIT_SECONDS)
        assert connection.last_active == before
        assert await closed(client) == (1001, "Going away")


async def test_data_either_way_keeps_a_connection_from_idling(serve: Serve, functions: Functions) -> None:
    site = await serve(idle_seconds=3600)
    async with site.open() as client:
        connection = next(iter(site.gateway.connections.values()))
        connection.last_active = connection.opened - 100
        functions.answers["message"] = {"statusCode": 200}
        await client.send("x")
        await functions.called("message")
        assert connection.last_active >= connection.opened
        connection.push(b"from the server", now=connection.opened + 5)
        assert connection.last_active == connection.opened + 5


async def test_a_connection_is_closed_at_the_longest_duration_however_busy(serve: Serve, functions: Functions) -> None:
    site = await serve(max_connection_seconds=0.2)
    functions.answers["message"] = echo
    async with site.open() as client:
        assert await closed(client, busy=True) == (1001, "Going away")
    assert await left(functions) == (1001, "Going away")


async def test_code_and_reason_of_a_client_are_in_its_disconnect(site: Site, functions: Functions) -> None:
    client, _ = await site.opened()
    await client.close(4001, "bye")
    assert await left(functions) == (4001, "bye")


async def test_a_close_without_a_code_is_1005(site: Site, functions: Functions) -> None:
    client, _ = await RawClient.handshake(site.port)
    client.send(8, b"")
    assert await left(functions) == (1005, "Client-side close frame status not set")
    await client.close()


async def test_a_lost_tcp_connection_is_1006_without_a_reason(site: Site, functions: Functions) -> None:
    for times, reset in ((1, False), (2, True)):
        client, _ = await RawClient.handshake(site.port)
        await client.close(reset=reset)
        assert await left(functions, times) == (1006, ""), f"{reset=}"


async def test_disconnect_is_invoked_once_when_both_sides_close(site: Site, functions: Functions) -> None:
    client, connection_id = await site.opened()
    site.gateway.close(site.gateway.connections[connection_id], 1000, "Connection Closed Normally")
    await client.close(1000, "mine")
    other, _ = await site.opened()
    await other.close()
    await functions.called("disconnect", 2)
    assert len(functions.of("disconnect")) == 2
    assert await left(functions) == (1000, "Connection Closed Normally")


async def test_a_disconnect_that_fails_harms_nobody(site: Site, functions: Functions) -> None:
    functions.answers["disconnect"] = FunctionError("ValueError", "boom")
    client, _ = await site.opened()
    await client.close()
    await functions.called("disconnect")
    client, _ = await site.opened()
    await client.close()
    await functions.called("disconnect", 2)


class Draws(random.Random):
    """A generator that draws what it was given."""

    def __init__(self, *draws: float) -> None:
        super().__init__()
        self.draws = list(draws)

    def random(self) -> float:
        return self.draws.pop(0)


async def test_a_share_of_disconnect_events_is_lost(serve: Serve, functions: Functions) -> None:
    site = await serve(disconnect_loss=0.5, gateway_options={"loss": Draws(0.49, 0.5, 0.1, 0.9)})
    ids = []
    for _ in range(4):
        client, connection_id = await site.opened()
        await client.close()
        ids.append(connection_id)
    await functions.called("disconnect", 2)
    told = [event["requestContext"]["connectionId"] for event in functions.of("disconnect")]
    assert told == [ids[1], ids[3]]


async def test_stopping_closes_everybody_and_waits_for_no_function(serve: Serve, functions: Functions) -> None:
    site = await serve()

    async def never(event: JsonObject) -> None:
        await asyncio.Event().wait()

    functions.answers["message"] = never
    client, _ = await site.opened()
    await client.send("x")
    await functions.called("message")
    await site.gateway.stop()
    assert await closed(client) == (1001, "Going away")
    assert functions.of("disconnect") == []
    assert site.gateway.connections == {}


async def test_a_handshake_pending_while_the_gateway_stops_is_refused(site: Site, functions: Functions) -> None:
    async def never(event: JsonObject) -> None:
        await asyncio.Event().wait()

    functions.answers["connect"] = never
    client = await RawClient.request(site.port)
    await functions.called("connect")
    await site.gateway.stop()
    head = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), WAIT_SECONDS)
    assert head.startswith(b"HTTP/1.1 502 ")
    await client.close()


async def test_a_plain_http_request_is_told_to_upgrade(site: Site) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        response = await client.get(f"{site.http}/websocket")
    assert response.status_code == 426
