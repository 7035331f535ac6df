"""Servers that outlast the loop of a single test."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from local.servers.server import Server


@contextmanager
def lasting(server: Server) -> Iterator[None]:
    """The server is up, on a loop of its own."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(server.start())
        try:
            yield
        finally:
            runner.run(server.stop())
