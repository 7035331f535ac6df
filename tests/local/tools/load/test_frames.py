"""The frame reader against the websockets library, the server's side of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from local.tools.load.frames import (
    CLOSE,
    MESSAGE_BYTES,
    PING,
    TEXT,
    BrokenFrame,
    FrameReader,
    Message,
    masked,
    unmasked,
)

TEXTS = st.binary(max_size=300) | st.sampled_from([b"x" * size for size in (125, 126, 65535, 65536)])
CONTROLS = st.tuples(st.sampled_from([Opcode.PING, Opcode.PONG, Opcode.CLOSE]), st.binary(max_size=125))


def serialized(frame: Frame) -> bytes:
    return frame.serialize(mask=False)


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[Message]]:
    """What a server sends, fragments and control frames between them included, and the messages it makes."""
    sent, messages = b"", []
    for pieces in draw(st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=5)):
        for number, piece in enumerate(pieces):
            opcode = Opcode.CONT if number else Opcode.TEXT
            sent += serialized(Frame(opcode, piece, fin=number == len(pieces) - 1))
            if draw(st.booleans()) and number < len(pieces) - 1:
                control, payload = draw(CONTROLS)
                sent += serialized(Frame(control, payload))
                messages.append(Message(control, payload))
        messages.append(Message(TEXT, b"".join(pieces)))
    return sent, messages


@given(streams(), st.lists(st.integers(1, 5000), max_size=20))
def test_messages_are_the_same_in_whatever_pieces_they_arrive(
    stream: tuple[bytes, list[Message]], sizes: list[int]
) -> None:
    sent, messages = stream
    reader = FrameReader()
    read: list[Message] = []
    for size in sizes:
        read += reader.feed(sent[:size])
        sent = sent[size:]
    read += reader.feed(sent)
    assert read == messages
    assert reader.is_between


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_noise_is_refused_and_nothing_else(pieces: list[bytes]) -> None:
    reader = FrameReader()
    try:
        for piece in pieces:
            for message in reader.feed(piece):
                assert len(message.payload) <= MESSAGE_BYTES
    except BrokenFrame:
        pass


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\xc1\x00", id="an extension"),
        pytest.param(b"\x81\x80aaaa", id="masked"),
        pytest.param(b"\x80\x00", id="a continuation of nothing"),
        pytest.param(b"\x01\x00\x81\x00", id="a message within another"),
        pytest.param(b"\x83\x00", id="an unknown kind"),
        pytest.param(b"\x8b\x00", id="an unknown control frame"),
        pytest.param(b"\x09\x00", id="a ping in fragments"),
        pytest.param(b"\x89\x7e\x00\x7e" + b"x" * 126, id="a long ping"),
        pytest.param(b"\x81\x7f" + (2**40).to_bytes(8), id="a terabyte"),
        pytest.param(
            b"\x01\x00" + b"\x00\x7f" + (2**20).to_bytes(8) + b"x" * 2**20 + b"\x80\x01x", id="in all too long"
        ),
    ],
)
def test_what_a_server_must_not_send_is_refused(sent: bytes) -> None:
    with pytest.raises(BrokenFrame):
        list(FrameReader().feed(sent))


def test_half_a_frame_is_no_message_yet() -> None:
    reader = FrameReader()
    assert list(reader.feed(b"\x81\x05hel")) == []
    assert not reader.is_between
    assert list(reader.feed(b"lo")) == [Message(TEXT, b"hello")]


@given(st.sampled_from([TEXT, PING]), st.binary(max_size=125), st.binary(min_size=4, max_size=4))
def test_a_server_reads_what_is_sent(opcode: int, payload: bytes, key: bytes) -> None:
    server = ServerProtocol(state=OPEN)
    server.receive_data(masked(opcode, payload, key))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert (frame.opcode, bytes(frame.data)) == (opcode, payload)


@pytest.mark.parametrize("size", [126, 500, 65535])
def test_a_server_reads_longer_messages_too(size: int) -> None:
    server = ServerProtocol(state=OPEN)
    server.receive_data(masked(TEXT, b"x" * size, b"abcd"))
    (frame,) = server.events_received()
    assert isinstance(frame, Frame)
    assert bytes(frame.data) == b"x" * size


def test_a_server_reads_the_close_frame() -> None:
    server = ServerProtocol(state=OPEN)
    server.receive_data(masked(CLOSE, (1000).to_bytes(2), b"abcd"))
    assert server.close_rcvd is not None
    assert server.close_rcvd.code == 1000


@given(TEXTS)
def test_a_frame_is_put_together_as_a_server_does(payload: bytes) -> None:
    assert unmasked(TEXT, payload) == serialized(Frame(Opcode.TEXT, payload))
