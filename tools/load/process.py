"""A worker in a process of its own, at the other end of a pipe.

The parent sends the names of phases, and "cut". The child sends its progress now and then, and the result of each
phase. It ends when the parent has closed the pipe.
"""

import asyncio
import multiprocessing
import signal
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import get_args

from tools.event_loop import run
from tools.failure import Failure
from tools.load.options import LoadOptions
from tools.load.outcome import Json
from tools.load.viewer import token_source
from tools.load.worker import Phase, Worker

PROGRESS_SECONDS = 0.5
END_SECONDS = 10.0


class RemoteWorker:
    """The parent's end of a worker. Call `stop` at the end, also after a failure."""

    def __init__(self, options: LoadOptions, index: int) -> None:
        loop = asyncio.get_running_loop()
        self._results: dict[str, asyncio.Future[Json]] = {phase: loop.create_future() for phase in get_args(Phase)}
        self._progress: Json = {}
        # A forked process would inherit the event loop.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs, options, index))
        # Ctrl-C goes to the child too, from its first moment on. It inherits that it is not to hear it. The tracker,
        # which spawning starts first, would let the signal through again.
        resource_tracker.ensure_running()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()
        loop.add_reader(self._pipe.fileno(), self._read)

    async def stop(self) -> None:
        """Return when the process has ended."""
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        self._pipe.close()
        await asyncio.to_thread(self._process.join, END_SECONDS)
        self._process.kill()
        await asyncio.to_thread(self._process.join)
        self._process.close()

    async def run(self, phase: Phase) -> Json:
        """Raises Failure when the process has ended by itself."""
        self._send(phase)
        return await self._results[phase]

    def cut(self) -> None:
        self._send("cut")

    def progress(self) -> Json:
        """Half a second old at most; empty before the first."""
        return self._progress

    def _send(self, order: str) -> None:
        try:
            self._pipe.send(order)
        except OSError:
            self._fail()

    def _read(self) -> None:
        try:
            phase, result = self._pipe.recv()
        except (EOFError, OSError):
            self._fail()
            return
        if phase is None:
            self._progress = result
        elif not self._results[phase].done():  # else nobody waits for it any more
            self._results[phase].set_result(result)

    def _fail(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        for waiting in self._results.values():
            if not waiting.done():
                waiting.set_exception(Failure("a process of the load has ended by itself"))
                waiting.exception()  # perhaps nobody waits for this one


AnyWorker = Worker | RemoteWorker


def _child(pipe: Connection, options: LoadOptions, index: int) -> None:
    # Ctrl-C goes to the parent too, which says what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    run(_serve(pipe, options, index))


async def _serve(pipe: Connection, options: LoadOptions, index: int) -> None:
    worker = Worker(options, await token_source(options), index)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    tasks = [loop.create_task(_tell_progress(pipe, worker))]

    async def go_through(phase: Phase) -> None:
        result = await worker.run(phase)
        with suppress(OSError):  # the parent is gone
            pipe.send((phase, result))

    def read() -> None:
        try:
            order = pipe.recv()
        except (EOFError, OSError):
            loop.remove_reader(pipe.fileno())
            ended.set_result(None)
            return
        if order == "cut":
            worker.cut()
        else:
            tasks.append(loop.create_task(go_through(order)))

    loop.add_reader(pipe.fileno(), read)
    await ended


async def _tell_progress(pipe: Connection, worker: Worker) -> None:
    with suppress(OSError):  # the parent is gone, and the end of the pipe follows
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            pipe.send((None, worker.progress()))
