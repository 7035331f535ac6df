"""What the servers of this package have in common: an address, and how they start and end."""

import asyncio
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from local.servers.process import ServerFailed, ServerProcess, accepts
from tools.event_loop import run_until_signal

START_SECONDS = 30.0
_PRINTED = re.compile(r"^((?:http://)?127\.0\.0\.1:\d+)\n", re.MULTILINE)


class Server:
    """A server in a process of its own. A subclass starts the process and sets the address."""

    name = "The server"

    def __init__(self) -> None:
        self._process: ServerProcess | None = None
        self._address = ""

    @property
    def address(self) -> str:
        """What clients connect to, known from the first start on; raises ServerFailed before."""
        if not self._address:
            raise ServerFailed(f"{self.name} has no address before it is started")
        return self._address

    async def start(self) -> None:
        """Start the server and wait until it can be used; raises ServerFailed if that fails."""
        raise NotImplementedError

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL; the server's data is gone."""
        if self._process is not None:
            try:
                await self._process.stop()
            finally:
                self._process.remove()
                self._process = None

    async def pause(self) -> None:
        """SIGSTOP: connections stay, and nothing is answered. What clients send waits in the buffers of the kernel."""
        await self._signal(signal.SIGSTOP)

    async def resume(self) -> None:
        """SIGCONT: the server goes on with what has waited."""
        await self._signal(signal.SIGCONT)

    async def _signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise ServerFailed(f"{self.name} is not started")
        await self._process.signal(number)

    async def kill(self) -> None:
        """SIGKILL, as a crash would; the server's data is gone."""
        if self._process is not None:
            await self._process.kill()
        await self.stop()


class ScriptServer(Server):
    """A server that is a Python script of this folder. The script prints its address and serves until SIGTERM.

    Each start is a new, empty server on a free port.
    """

    script = ""

    async def start(self) -> None:
        """Start the script and wait until it takes connections; raises ServerFailed if it does not."""
        self._process = process = ServerProcess(self.name)
        script = str(Path(__file__).with_name(self.script))
        try:
            # -P: this folder has a redis.py and a moto.py, which would shadow the packages.
            await process.start([sys.executable, "-P", script, *self.arguments()])
            await process.until(self._has_printed_its_address, seconds=START_SECONDS)
            await process.until(self.accepts, seconds=START_SECONDS)
        except BaseException:
            await self.kill()
            raise

    def arguments(self) -> Sequence[str]:
        """What the script gets on its command line."""
        return ()

    async def accepts(self) -> bool:
        return await accepts(self.address.rpartition("/")[2])

    async def _has_printed_its_address(self) -> bool:
        printed = _PRINTED.search(self._process.output) if self._process else None
        self._address = printed[1] if printed else ""
        return printed is not None


def run_in_foreground(server: Server) -> NoReturn:
    """Start the server, print its address on one line, stop it at SIGTERM or Ctrl-C and end the program."""
    try:
        run_until_signal(_serve(server))
    except ServerFailed as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


async def _serve(server: Server) -> None:
    try:
        await server.start()
        print(server.address, flush=True)
        await asyncio.Event().wait()
    finally:
        await server.stop()
