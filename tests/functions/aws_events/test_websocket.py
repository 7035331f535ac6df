from functions.aws_events.websocket import ConnectionEvent, Handshake


def test_a_handshake_without_a_query_or_headers_has_none() -> None:
    assert Handshake.parse({"methodArn": "arn"}) == Handshake("arn", {}, {})


def test_headers_are_known_by_their_lower_case_names() -> None:
    handshake = Handshake.parse({"methodArn": "arn", "headers": {"Sec-WebSocket-Protocol": "a, live.v1"}})
    assert handshake.offered == ("a", "live.v1")


def test_a_connect_has_no_body_and_may_have_no_context() -> None:
    assert ConnectionEvent.parse({"requestContext": {"connectionId": "c1"}}) == ConnectionEvent("c1", {}, {}, "")
