import re
from typing import Any

from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerRequestEvent,
)

from local.aws import payloads
from local.aws.function import JsonObject
from tests.local.aws.serving import Functions, RawClient, Site, golden, shape


async def talk(site: Site, path: str = "/websocket?activityId=42&username=alice") -> dict[str, JsonObject]:
    """One connection with one message, closed without a code: the events it caused, by function."""
    client, head = await RawClient.handshake(site.port, path)
    assert head.startswith(b"HTTP/1.1 101 ")
    client.send(1, b'{"messageType":4,"message":"hello"}')
    await site.functions.called("message")
    client.send(8, b"")
    await site.functions.called("disconnect")
    await client.close()
    return {name: site.functions.of(name)[0] for name in ("authorize", "connect", "message", "disconnect")}


async def test_an_event_has_the_keys_their_order_and_the_types_of_the_golden_one(site: Site) -> None:
    events = await talk(site)
    assert events.keys() == {"authorize", "connect", "message", "disconnect"}
    for function, event in events.items():
        assert shape(event) == shape(golden("authorizer" if function == "authorize" else function)), function


async def test_without_a_query_the_connect_event_has_no_query_maps(serve: Any, functions: Functions) -> None:
    site = await serve(authorizer=None)
    events = {}
    client, _ = await RawClient.handshake(site.port, "/websocket")
    events["connect"] = await functions.called("connect")
    await client.close()
    assert shape(events["connect"]) == shape(golden("connect_without_query"))


async def test_values_that_are_the_same_in_all_events_of_a_connection_are(site: Site) -> None:
    contexts = [event["requestContext"] for event in (await talk(site)).values()]
    for key in ("connectionId", "connectedAt", "stage", "apiId", "domainName", "identity"):
        assert len({str(context[key]) for context in contexts}) == 1, key
    for context in contexts:
        assert context["requestId"] == context["extendedRequestId"]
        assert context["connectedAt"] <= context["requestTimeEpoch"]
    assert len({context["requestId"] for context in contexts}) == 3  # the authorizer shares that of CONNECT


async def test_the_authorizers_context_rides_as_strings_on_every_later_event(site: Site) -> None:
    events = await talk(site)
    assert "authorizer" not in events["authorize"]["requestContext"]
    for name in ("connect", "message", "disconnect"):
        context = events[name]["requestContext"]["authorizer"]
        assert context.pop("integrationLatency") >= 0
        assert context == {"userId": "alice", "level": "3", "principalId": "alice"}


async def test_the_last_of_a_repeated_query_parameter_is_the_single_value(site: Site) -> None:
    events = await talk(site, "/websocket?activityId=1&activityId=42&username=J%C3%BCrgen+K%2B&empty=")
    event = events["connect"]
    assert event["queryStringParameters"] == {"activityId": "42", "username": "Jürgen K+", "empty": ""}
    assert event["multiValueQueryStringParameters"]["activityId"] == ["1", "42"]


async def test_powertools_reads_the_events(site: Site) -> None:
    events = await talk(site)
    request = APIGatewayAuthorizerRequestEvent(events["authorize"])
    assert request.get_type == "REQUEST"
    assert request.parsed_arn.stage == "websocket"
    assert request.query_string_parameters["activityId"] == "42"
    connect = APIGatewayWebSocketEvent(events["connect"])
    assert connect.headers["user-agent"] == connect.request_context.identity.user_agent == "golden/1.0"
    assert connect.query_string_parameters["username"] == "alice"
    message = APIGatewayWebSocketEvent(events["message"])
    assert message.json_body == {"messageType": 4, "message": "hello"}
    assert message.request_context.event_type == "MESSAGE"
    assert message.request_context.message_id is not None
    disconnect = APIGatewayWebSocketEvent(events["disconnect"])
    assert disconnect.request_context.disconnect_status_code == 1005
    assert disconnect.request_context.disconnect_reason == "Client-side close frame status not set"
    assert disconnect.request_context.connected_at == connect.request_context.connected_at


def test_header_names_get_their_usual_case() -> None:
    sent = [
        ("sec-websocket-key", "k"),
        ("user-agent", "u"),
        ("upgrade", "websocket"),
        ("x-one-two", "1"),
    ]
    names = [name for name, _ in payloads.canonical_headers(sent, [])]
    assert names == ["Sec-WebSocket-Key", "User-Agent", "X-One-Two"]


def test_the_gateway_adds_itself_to_what_the_client_says_it_was_forwarded_for() -> None:
    sent = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-port", "1")]
    forwarded = [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Port", "8000")]
    pairs = payloads.canonical_headers(sent, forwarded)
    assert pairs == [("X-Forwarded-For", "192.0.2.1, 127.0.0.1"), ("X-Forwarded-Port", "8000")]


def test_the_request_time_is_as_in_access_logs() -> None:
    text = payloads.request_time(1_701_245_043_123)
    assert text == "29/Nov/2023:08:04:03 +0000"
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}(:\d\d){3} \+0000", payloads.request_time(0))
