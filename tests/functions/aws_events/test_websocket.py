from typing import get_args

import pytest

from functions.aws_events.websocket import ConnectionEvent, EventType, Handshake, Misrouted


def test_a_handshake_without_a_query_or_headers_has_none() -> None:
    assert Handshake.parse({"methodArn": "arn"}) == Handshake("arn", {}, {})


def test_headers_are_known_by_their_lower_case_names() -> None:
    handshake = Handshake.parse({"methodArn": "arn", "headers": {"Sec-WebSocket-Protocol": "a, live.v1"}})
    assert handshake.offered == ("a", "live.v1")


def test_a_header_on_several_lines_is_read_as_one_with_commas() -> None:
    # API Gateway has one of the lines in `headers`.
    event = {
        "methodArn": "arn",
        "headers": {"Sec-WebSocket-Protocol": "live.v1", "Origin": "https://b.example", "Host": "h"},
        "multiValueHeaders": {
            "Sec-WebSocket-Protocol": ["bearer.x.y.z", "", "other, live.v1"],
            "sec-websocket-protocol": ["last"],
            "Origin": ["https://a.example", "https://b.example"],
        },
    }
    handshake = Handshake.parse(event)
    assert handshake.offered == ("bearer.x.y.z", "other", "live.v1", "last")
    assert handshake.headers["origin"] == "https://a.example, https://b.example"
    assert handshake.headers["host"] == "h"


def test_of_a_repeated_parameter_the_last_value_counts_and_all_are_known() -> None:
    event = {
        "methodArn": "arn",
        "queryStringParameters": {"token": "a", "activityId": "1"},
        "multiValueQueryStringParameters": {"token": ["a", "b"], "activityId": ["1"]},
    }
    handshake = Handshake.parse(event)
    assert handshake.query == {"token": "b", "activityId": "1"}
    assert handshake.queries == {"token": ["a", "b"], "activityId": ["1"]}
    request = {"connectionId": "c1", "connectedAt": 7}
    assert ConnectionEvent.parse(event | {"requestContext": request}, "CONNECT").query == handshake.query


@pytest.mark.parametrize("nothing", [None, {}])
def test_maps_that_are_null_or_empty_are_no_values(nothing: object) -> None:
    names = ("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters")
    assert Handshake.parse({"methodArn": "arn", **dict.fromkeys(names, nothing)}) == Handshake("arn", {}, {})


def test_a_connect_has_no_body_and_may_have_no_context() -> None:
    request = {"connectionId": "c1", "connectedAt": 7}
    assert ConnectionEvent.parse({"requestContext": request}, "MESSAGE") == ConnectionEvent("c1", 7, {}, {}, "")


@pytest.mark.parametrize("route", get_args(EventType))
def test_an_event_of_another_route_is_refused(route: EventType) -> None:
    for came in get_args(EventType):
        event = {"requestContext": {"connectionId": "c1", "connectedAt": 7, "eventType": came}}
        if came == route:
            assert ConnectionEvent.parse(event, route).connection_id == "c1"
        else:
            with pytest.raises(Misrouted, match=f"a {came} event at the route for {route}"):
                ConnectionEvent.parse(event, route)
