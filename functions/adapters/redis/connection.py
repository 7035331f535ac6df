"""A connection to a node, for scripts: small commands with some forty arguments.

redis-py sends each command in a task with a time limit (before Python 3.12). But a small command fits the transport's
buffer: then nothing is waited for before its answer, and that has the time limit too.
"""

from collections.abc import Iterable
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection


class _Quick(Connection):
    def pack_command(self, *args: Any) -> list[bytes]:
        """The command's bytes. The name of a command may consist of words, as in CONFIG GET."""
        words = [*args[0].split(), *args[1:]]
        encoded = [word if type(word) is bytes else str(word).encode() for word in words]
        return [b"*%d\r\n%b" % (len(words), b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in encoded]))]

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """As redis-py does it, at once if nothing waits to be sent."""
        transport = None if self._writer is None else self._writer.transport
        if (
            transport is None
            or self.health_check_interval
            or isinstance(command, (bytes, str))
            or transport.is_closing()
            or transport.get_write_buffer_size()
        ):
            await super().send_packed_command(command, check_health)
        else:
            transport.write(b"".join(command))


class RoomsConnection(_Quick):
    """A connection in the clear."""


class RoomsTlsConnection(_Quick, SSLConnection):
    """A connection over TLS."""
