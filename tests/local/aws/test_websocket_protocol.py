import asyncio

import pytest

from tests.local.aws.serving import QUERY, WAIT_SECONDS, Functions, RawClient, Site, handshake_headers


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (f"/websocket{QUERY}&x={'y' * 9000}", []),
        (f"/websocket{QUERY}", [("X-Big", "y" * 9000)]),
        (f"/websocket{QUERY}", [(f"X-{number}", "y") for number in range(200)]),
    ],
)
async def test_an_upgrade_too_large_to_be_read_is_refused_and_closed(
    site: Site, functions: Functions, path: str, more: list[tuple[str, str]]
) -> None:
    client, head = await RawClient.handshake(site.port, path, [*handshake_headers(site.port), *more])
    assert head.startswith(b"HTTP/1.1 431 ")
    rest = await asyncio.wait_for(client.reader.read(), WAIT_SECONDS)
    assert rest == b'{"message": "Request Header Fields Too Large"}'
    assert functions.events == []
    await client.close()
