"""A broker that gets as far as to ask who signs in."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# ApiVersions: no error, and the versions 0 to 1 of SaslHandshake and 0 of what a client looks up besides.
_SASL_HANDSHAKE, _API_VERSIONS, _SASL_AUTHENTICATE = 17, 18, 36
_VERSIONS = struct.pack(">hi", 0, 3) + b"".join(
    struct.pack(">hhh", api, 0, most)
    for api, most in ((_SASL_HANDSHAKE, 1), (_API_VERSIONS, 0), (_SASL_AUTHENTICATE, 0))
)
_MECHANISM = b"OAUTHBEARER"
_HANDSHAKE = struct.pack(">hih", 0, 1, len(_MECHANISM)) + _MECHANISM


@asynccontextmanager
async def signing_broker() -> AsyncIterator[str]:
    """Its address while it runs."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            api, _, correlation = struct.unpack_from(">hhi", await reader.readexactly(size))
            answer = struct.pack(">i", correlation) + (_VERSIONS if api == _API_VERSIONS else _HANDSHAKE)
            writer.write(struct.pack(">i", len(answer)) + answer)
    except asyncio.IncompleteReadError:
        writer.close()
