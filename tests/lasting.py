"""Servers that outlast the loop of a single test."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Server(Protocol):
    """One of local/servers."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@contextmanager
def lasting(server: Server) -> Iterator[None]:
    """The server is up, on a loop of its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(server.start())
        try:
            yield
        finally:
            runner.run(server.stop())
