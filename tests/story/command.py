"""The emulator as people start it: `python -m local`, in a process of its own."""

import asyncio
import os
import re
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import IO

import psutil

from tests.story.rooms import GENEROUS, Rooms, Servers
from tests.story.viewer import PATIENCE

ROOT = Path(__file__).parents[2]


class Command:
    """The running emulator; `rooms` are those it serves."""

    def __init__(self, process: Process, rooms: Rooms) -> None:
        self.rooms = rooms
        self._process = process

    async def printed(self, text: str) -> str:
        """The next line of its output with `text` in it."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            async for line in self._process.stdout:
                if text in line.decode():
                    return line.decode()
        raise AssertionError(f"it ended without a word of {text!r}")

    async def kill(self) -> list[psutil.Process]:
        """SIGKILL, as a crash would; returns what it had started and is still there after some patience."""
        started = psutil.Process(self._process.pid).children(recursive=True)
        assert started, "the emulator runs functions as processes of their own"
        self._process.kill()
        await self._process.wait()
        _, left = await asyncio.to_thread(psutil.wait_procs, started, timeout=PATIENCE)
        return left


@asynccontextmanager
async def up(
    servers: Servers, settings: Mapping[str, str] = {}, *, port: int = 0, root: Path = ROOT
) -> AsyncIterator[Command]:
    """Start it from the sources under `root` and wait until it says that it is ready."""
    own = {
        "PORT": str(port),
        "REDIS_URL": servers.redis_url,
        "KAFKA_BOOTSTRAP": servers.kafka_bootstrap,
        "AWS_ENDPOINT": servers.aws_endpoint,
    }
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local"),
            cwd=root,
            env={**os.environ, **GENEROUS, "WINDOW_MS": "50", **settings, **own},
            stdout=PIPE,
            stderr=errors,
        )
        try:
            address = await _address(process, errors)
            async with AsyncExitStack() as stack:
                yield Command(process, Rooms(address, stack))
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


async def _address(process: Process, errors: IO[bytes]) -> str:
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(PATIENCE):
        while b"Ready." not in said:
            line = await process.stdout.readline()
            if not line:
                errors.seek(0)
                raise AssertionError(f"it ended: {(said + errors.read()).decode()}")
            said += line
    found = re.search(rb"page +http://(\S+)/", said)
    assert found is not None, said
    return found[1].decode()
