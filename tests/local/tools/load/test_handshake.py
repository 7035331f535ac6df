"""The opening handshake against the websockets library's server."""

import pytest
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from local.tools.load.handshake import Address, BadAddress, BadResponse, new_key, status_of

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="


def answered(request: bytes, subprotocol: str | None) -> tuple[Request, bytes]:
    """What the server understood, and the head of its answer."""
    server = ServerProtocol(subprotocols=[Subprotocol(subprotocol)] if subprotocol else None)
    server.receive_data(request)
    (understood,) = server.events_received()
    assert isinstance(understood, Request)
    server.send_response(server.accept(understood))
    return understood, b"".join(server.data_to_send()).removesuffix(b"\r\n\r\n")


@pytest.mark.parametrize("subprotocol", ["live.v1", None])
def test_a_server_accepts_the_request(subprotocol: str | None) -> None:
    address, key = Address.parse("ws://localhost:8000/websocket?token=a%26b&username=nobody"), new_key()
    request = address.request(key, activity_id=7, username="é&", subprotocol=subprotocol)
    understood, head = answered(request, subprotocol)
    assert understood.path == "/websocket?token=a%26b&activityId=7&username=%C3%A9%26"
    assert understood.headers["Host"] == "localhost:8000"
    assert status_of(head, key=key, subprotocol=subprotocol) == 101


@pytest.mark.parametrize("subprotocol", ["live.v1", None])
def test_a_token_is_offered_beside_the_subprotocol_and_never_in_the_address(subprotocol: str | None) -> None:
    address, key = Address.parse("ws://localhost:8000/websocket"), new_key()
    request = address.request(key, activity_id=7, username="a", subprotocol=subprotocol, token="x.y.z")
    understood, head = answered(request, subprotocol)
    offered = understood.headers["Sec-WebSocket-Protocol"].split(", ")
    assert offered == [*filter(None, [subprotocol]), "bearer.x.y.z"]
    assert "x.y.z" not in understood.path
    assert status_of(head, key=key, subprotocol=subprotocol) == 101


def test_a_refusal_is_its_status() -> None:
    assert status_of(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0", key=KEY, subprotocol=None) == 503


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6", id="another protocol"),
        pytest.param(b"HTTP/1.1 abc", id="no status"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: wrong", id="another key's answer"),
        pytest.param(
            b"HTTP/1.1 101 OK\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: other",
            id="another subprotocol",
        ),
    ],
)
def test_an_answer_to_something_else_is_refused(head: bytes) -> None:
    with pytest.raises(BadResponse):
        status_of(head, key=KEY, subprotocol="live.v1")


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "http://localhost/", "ws://", "ws://h:99999/", "ws://h/a b", "ws://u@h/", "ws://h/\r\nX: y"],
)
def test_what_is_no_address_of_a_websocket_is_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        Address.parse(url)


def test_the_port_follows_from_the_scheme() -> None:
    assert (Address.parse("wss://example.org/websocket").port, Address.parse("ws://[::1]/").port) == (443, 80)
    assert Address.parse("ws://[::1]:8000/").host == "::1"
