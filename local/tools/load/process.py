"""A worker in a process of its own: `python -m local.tools.load.process`, spoken to in lines of JSON.

In come the options with the worker's index, then the names of phases; out come progress, and each phase's result. The
end of its input ends the process.
"""

import asyncio
import contextlib
import json
import signal
import sys
from dataclasses import asdict
from typing import Any

from local.tools.event_loop import run
from local.tools.load.open_files import raise_limit
from local.tools.load.options import LoadOptions
from local.tools.load.passes import passes
from local.tools.load.worker import Worker

PHASES = ("connect", "play", "settle", "figures", "close")
PROGRESS_SECONDS = 0.5
# The figures come as one line.
LINE_BYTES = 1 << 30
END_SECONDS = 10.0

Json = dict[str, Any]


class WorkerFailed(Exception):
    """A worker's process ended by itself."""


class RemoteWorker:
    """The parent's end: the same methods as a Worker. `start` first; `stop` at the end, also after a failure."""

    def __init__(self, options: LoadOptions, index: int) -> None:
        self._first_line = {"options": asdict(options), "index": index}
        self._results: dict[str, asyncio.Future[Json]] = {}
        self._progress: Json = {}
        self._process: asyncio.subprocess.Process
        self._reading: asyncio.Task[None]

    async def start(self) -> None:
        """Start the process."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local.tools.load.process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES,
        )
        loop = asyncio.get_running_loop()
        self._results = {phase: loop.create_future() for phase in PHASES}
        self._say(self._first_line)
        self._reading = asyncio.create_task(self._read())

    async def stop(self) -> None:
        """Return when the process has ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def connect(self) -> None:
        """As Worker.connect."""
        await self._do("connect")

    async def play(self) -> None:
        """As Worker.play."""
        await self._do("play")

    async def settle(self) -> None:
        """As Worker.settle."""
        await self._do("settle")

    async def figures(self) -> Json:
        """As Worker.figures."""
        return await self._do("figures")

    async def close(self) -> None:
        """As Worker.close."""
        await self._do("close")

    def cut(self) -> None:
        """As Worker.cut."""
        self._say("cut")

    def progress(self) -> Json:
        """As Worker.progress, half a second old at most; empty before the first."""
        return self._progress

    async def _do(self, phase: str) -> Json:
        self._say(phase)
        return await self._results[phase]

    def _say(self, value: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(value).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if "progress" in said:
                self._progress = said["progress"]
            else:
                self._results[said["done"]].set_result(said["result"])
        for waiting in self._results.values():
            if not waiting.done():
                waiting.set_exception(WorkerFailed("a process of the load has ended by itself"))
                waiting.exception()


async def serve() -> None:
    """The child's end."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    first = json.loads(await lines.readline())
    raise_limit()
    options = LoadOptions(**first["options"])
    worker = Worker(options, await passes(options), first["index"])
    tasks = [asyncio.create_task(_tell_progress(worker))]
    try:
        while line := await lines.readline():
            phase = json.loads(line)
            if phase == "cut":
                worker.cut()
            else:
                tasks.append(asyncio.create_task(_do(worker, phase)))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _do(worker: Worker, phase: str) -> None:
    result = await getattr(worker, phase)()
    _print({"done": phase, "result": result or {}})


async def _tell_progress(worker: Worker) -> None:
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        _print({"progress": worker.progress()})


def _print(value: object) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent is gone, and the end of the input follows
        print(json.dumps(value), flush=True)


if __name__ == "__main__":
    # Ctrl-C is for the parent, which says what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run(serve())
