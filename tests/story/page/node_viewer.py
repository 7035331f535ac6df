"""A viewer under Node.js, as a program with the client library: see viewer.mjs."""

import asyncio
import contextlib
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.asyncapi.document import LIVE, check_sent, check_shown
from tests.node import node

PROGRAM = Path(__file__).with_name("viewer.mjs")
PATIENCE = 30


class Viewer:
    """A viewer's process. `heard`: [name, value] of all that it told so far. `frames`: how many were checked."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.heard: list[tuple[str, Any]] = []
        self.frames = 0

    def call(self, method: str, *arguments: Any) -> None:
        """Have it call a method of its room; an answer is told as `answer`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([method, *arguments]).encode() + b"\n")

    async def next(self, wanted: str, **fields: Any) -> Any:
        """The next value told under the name `wanted` that holds `fields`. Frames on the way are as docs/asyncapi.yaml
        says, else AssertionError."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := await self._process.stdout.readline():
                name, value = json.loads(line)
                self._check(name, value)
                self.heard.append((name, value))
                if name == wanted and fields.items() <= value.items():
                    return value
        raise AssertionError(f"the viewer ended without {wanted} {fields}; it told {self.heard}")

    def _check(self, name: str, value: Any) -> None:
        if name == "frame sent":
            check_sent(value)
        elif name == "frame received":
            check_shown(value, LIVE)
        self.frames += name.startswith("frame")

    async def leave(self) -> int:
        """Its exit status after it has left the room."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    def texts(self) -> list[str]:
        """The chat it was shown."""
        return [value["textMessage"] for name, value in self.heard if name == "chat"]


@contextlib.asynccontextmanager
async def viewer(address: str, activity: int, username: str, **others: object) -> AsyncIterator[Viewer]:
    """A viewer on its way into the room, with `others` among the library's options."""
    program, environment = node()
    options = {"url": f"ws://{address}/websocket", "activityId": activity, "username": username, **others}
    process = await asyncio.create_subprocess_exec(
        program, "--no-warnings", str(PROGRAM), json.dumps(options), stdin=PIPE, stdout=PIPE, env=environment
    )
    try:
        yield Viewer(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
