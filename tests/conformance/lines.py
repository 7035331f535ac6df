"""A client in a process of its own, to which one speaks in lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

PATIENCE = 30.0  # only a test that fails takes that long


class Lines:
    """Its standard input and output. `said` has every line so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout
        self.said: list[str] = []

    async def tell(self, line: str) -> None:
        self._input.write(f"{line}\n".encode())
        await self._input.drain()

    async def line(self) -> str:
        """The next line; raises EOFError if the process has ended instead."""
        async with asyncio.timeout(PATIENCE):
            line = (await self._output.readline()).decode()
        if not line:
            raise EOFError(f"it has said: {self.said}")
        self.said.append(line.rstrip("\n"))
        return self.said[-1]

    async def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        await self.tell(json.dumps(question))
        answer: dict[str, Any] = json.loads(await self.line())
        return answer


@asynccontextmanager
async def speaking_to(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Lines]:
    """The process while the context is entered; it is killed at the end, unless it has ended itself."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        limit=1 << 20,
    )
    try:
        yield Lines(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
