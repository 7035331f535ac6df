from collections.abc import Awaitable, Callable

import pytest

from local.aws.asgi import BodyTooLargeError, ClientGoneError, Message, read_body, respond


def received(*messages: Message) -> Callable[[], Awaitable[Message]]:
    left = list(messages)

    async def receive() -> Message:
        return left.pop(0)

    return receive


def part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_parts_is_read_whole() -> None:
    receive = received(part(b"ab", more=True), part(b"c", more=False))
    assert await read_body(receive, limit=3) == b"abc"


async def test_a_body_above_the_limit_is_refused_before_its_end() -> None:
    with pytest.raises(BodyTooLargeError):
        await read_body(received(part(b"abcd", more=True)), limit=3)


async def test_a_client_that_breaks_off_is_told_apart_from_the_end() -> None:
    with pytest.raises(ClientGoneError):
        await read_body(received(part(b"ab", more=True), {"type": "http.disconnect"}), limit=3)


async def test_a_response_tells_its_length_where_it_may() -> None:
    for status, lengths in ((200, [b"2"]), (204, []), (304, [])):
        sent: list[Message] = []

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await respond(send, status, [(b"x-a", b"b")], b"ab")
        headers = sent[0]["headers"]
        assert [value for name, value in headers if name == b"content-length"] == lengths, status
        assert (b"x-a", b"b") in headers, status
