"""What goes over a viewer's connection, against the websockets library's server, without a socket."""

import asyncio
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import BytesLike, Subprotocol
from websockets.uri import parse_uri

from tests.tools.load.objects import TAG, array, welcome
from tools.address import subprotocols
from tools.load.connection import MESSAGE_BYTES, Connection
from tools.load.heard import Heard
from tools.load.presence import OTHERS, Presence
from tools.load.room import Room

URL = "ws://localhost:8000/websocket?activityId=7&username=alice"
TEXTS = st.binary(max_size=300) | st.sampled_from([b"x" * size for size in (125, 126, 65535, 65536)])
CONTROLS = st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125))


class Wire(asyncio.Transport):
    """Keeps what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_over = False

    def write(self, data: BytesLike) -> None:
        self.sent += data

    def close(self) -> None:
        self.is_over = True

    def abort(self) -> None:
        self.is_over = True

    def is_closing(self) -> bool:
        return self.is_over


class Listening(Room):
    """Takes any text for a message, and keeps it."""

    def __init__(self) -> None:
        super().__init__(7, tag=TAG)
        self.payloads: list[bytes] = []

    def hear(self, payload: BytesLike) -> Heard:
        self.payloads.append(bytes(payload))
        return Heard(bytes(payload))


class Joined:
    """A connection after its handshake with a server."""

    def __init__(
        self, *, framing: str = "live.v1", token: str | None = None, chosen: str | None = "", room: Room | None = None
    ) -> None:
        self.room = Listening()
        self.wire = Wire()
        expected = framing if framing == "live.v1" else None
        client = ClientProtocol(parse_uri(URL), subprotocols=subprotocols(framing, token), max_size=MESSAGE_BYTES)
        self.connection = Connection(client, room or self.room, Presence(OTHERS), lambda _: None)
        self.connection.connection_made(self.wire)
        chooses = expected if chosen == "" else chosen
        self.server = ServerProtocol(subprotocols=[Subprotocol(chooses)] if chooses else None)
        self.server.receive_data(self.wire.sent)
        (request,) = self.server.events_received()
        assert isinstance(request, Request)
        self.request = request
        self.server.send_response(self.server.accept(request))
        self.connection.data_received(b"".join(self.server.data_to_send()))
        self.wire.sent = b""

    def ended(self) -> str:
        """Why the connection is over."""
        assert self.wire.is_over
        self.connection.connection_lost(None)
        return self.connection.ended.result()


def on_a_wire(check: Callable[[], None]) -> None:
    """A connection needs a running event loop."""

    async def run() -> None:
        check()

    asyncio.run(run())


async def test_the_request_names_host_and_path_and_offers_no_extension() -> None:
    for framing in ("live.v1", "classic"):
        joined = Joined(framing=framing)
        assert joined.request.path == "/websocket?activityId=7&username=alice"
        assert joined.request.headers["Host"] == "localhost:8000"
        assert joined.request.headers.get("Sec-WebSocket-Protocol") == (framing if framing == "live.v1" else None)
        assert "Sec-WebSocket-Extensions" not in joined.request.headers
        assert not joined.wire.is_over


async def test_a_token_is_offered_beside_the_subprotocol_and_never_in_the_address() -> None:
    for framing, offered in (("live.v1", ["live.v1", "bearer.x.y.z"]), ("classic", ["bearer.x.y.z"])):
        joined = Joined(framing=framing, token="x.y.z")
        assert joined.request.headers["Sec-WebSocket-Protocol"].split(", ") == offered
        assert "x.y.z" not in joined.request.path
        assert not joined.wire.is_over


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """What a server sends, fragments and control frames between them included, and the messages in it."""
    sent, messages = b"", []
    for pieces in draw(st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=5)):
        for number, piece in enumerate(pieces):
            opcode, is_last = Opcode.CONT if number else Opcode.TEXT, number == len(pieces) - 1
            sent += Frame(opcode, piece, fin=is_last).serialize(mask=False)
            if draw(st.booleans()) and not is_last:
                sent += Frame(*draw(CONTROLS)).serialize(mask=False)
        messages.append(b"".join(pieces))
    return sent, messages


@given(streams(), st.lists(st.integers(1, 5000), max_size=20))
def test_messages_are_the_same_in_whatever_pieces_they_arrive(
    stream: tuple[bytes, list[bytes]], sizes: list[int]
) -> None:
    def check() -> None:
        sent, messages = stream
        joined = Joined()
        for size in sizes:
            joined.connection.data_received(sent[:size])
            sent = sent[size:]
        joined.connection.data_received(sent)
        assert joined.room.payloads == messages
        assert not joined.wire.is_over

    on_a_wire(check)


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_noise_is_refused_and_nothing_else(pieces: list[bytes]) -> None:
    def check() -> None:
        joined = Joined()
        for piece in pieces:
            if not joined.wire.is_over:
                joined.connection.data_received(piece)

    on_a_wire(check)


async def test_what_a_server_must_not_send_ends_the_connection() -> None:
    wrong = {
        "an extension": b"\xc1\x00",
        "masked": b"\x81\x80aaaa",
        "a continuation of nothing": b"\x80\x00",
        "a message within another": b"\x01\x00\x81\x00",
        "an unknown kind": b"\x83\x00",
        "an unknown control frame": b"\x8b\x00",
        "a ping in fragments": b"\x09\x00",
        "a long ping": b"\x89\x7e\x00\x7e" + b"x" * 126,
        "a terabyte": b"\x81\x7f" + (2**40).to_bytes(8),
        "in all too long": b"\x01\x00" + b"\x00\x7f" + (2**20).to_bytes(8) + b"x" * 2**20 + b"\x80\x01x",
    }
    for name, sent in wrong.items():
        joined = Joined()
        joined.connection.data_received(sent)
        assert joined.wire.is_over, name
        assert joined.room.payloads == [], name
        assert "a broken frame" in joined.ended(), name


async def test_a_server_that_chooses_another_subprotocol_is_left() -> None:
    for framing, token, chosen in (("live.v1", "x", None), ("live.v1", "x", "bearer.x"), ("classic", "x", "bearer.x")):
        joined = Joined(framing=framing, token=token, chosen=chosen)
        assert joined.ended() == "the server chose another subprotocol", (framing, chosen)


async def test_half_a_frame_is_no_message_yet() -> None:
    joined = Joined()
    joined.connection.data_received(b"\x81\x05hel")
    assert joined.room.payloads == []
    joined.connection.data_received(b"lo")
    assert joined.room.payloads == [b"hello"]


async def test_a_server_reads_what_is_sent() -> None:
    for size in (0, 5, 125, 126, 500, 65535):
        joined = Joined()
        joined.connection.send("x" * size)
        joined.server.receive_data(joined.wire.sent)  # which refuses what is not masked
        (frame,) = joined.server.events_received()
        assert isinstance(frame, Frame), size
        assert (frame.opcode, bytes(frame.data)) == (Opcode.TEXT, b"x" * size)


async def test_a_ping_is_answered_with_what_it_carries() -> None:
    joined = Joined()
    joined.server.send_ping(b"are you there")
    joined.connection.data_received(b"".join(joined.server.data_to_send()))
    joined.server.receive_data(joined.wire.sent)
    (frame,) = joined.server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, bytes(frame.data)) == (Opcode.PONG, b"are you there")


async def test_a_server_reads_the_close_frame_and_is_answered_with_its_own() -> None:
    joined = Joined()
    await joined.connection.close(0.01)
    joined.server.receive_data(joined.wire.sent)
    assert joined.server.close_rcvd is not None
    assert joined.server.close_rcvd.code == 1000

    joined = Joined()
    joined.server.send_close(1001)
    joined.connection.data_received(b"".join(joined.server.data_to_send()))
    joined.server.receive_data(joined.wire.sent)
    assert joined.server.close_rcvd is not None
    assert joined.server.close_rcvd.code == 1001
    assert joined.ended() == "1001"


async def test_frames_can_be_sent_from_the_welcome_to_the_close() -> None:
    joined = Joined(room=Room(7, tag=TAG))
    assert not joined.connection.is_open
    joined.connection.data_received(Frame(Opcode.TEXT, array(welcome(2))).serialize(mask=False))
    assert joined.connection.is_open
    joined.connection.abort()
    assert not joined.connection.is_open
