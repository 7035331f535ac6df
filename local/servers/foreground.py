"""Running one server from the command line until it is told to stop."""

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Protocol

from local.servers.process import ServerFailed


class Server(Protocol):
    """What can be started and stopped."""

    async def start(self) -> None:
        """Returns when it is ready."""

    async def stop(self) -> None:
        """Returns when it is gone."""


def run_in_foreground(server: Server, address: Callable[[], str]) -> int:
    """Start it, print its address on one line, stop it at SIGTERM or Ctrl-C; the exit code."""
    try:
        asyncio.run(_run(server, address))
    except ServerFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(server: Server, address: Callable[[], str]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    starting = asyncio.create_task(server.start())
    told = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait((starting, told), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            print(address(), flush=True)
            await told
    finally:
        starting.cancel()
        told.cancel()
        await asyncio.gather(starting, told, return_exceptions=True)
        await server.stop()
