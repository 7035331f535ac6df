"""`python -m local load`."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from local.tools.event_loop import run
from local.tools.load.conductor import Conductor, Hand
from local.tools.load.handshake import Address
from local.tools.load.open_files import raise_limit, shortage
from local.tools.load.options import LoadOptions
from local.tools.load.passes import NoPass, Passes, passes
from local.tools.load.process import RemoteWorker, WorkerFailed
from local.tools.load.progress import Progress
from local.tools.load.table import table
from local.tools.load.worker import Worker

REACH_SECONDS = 10.0


class CannotRun(Exception):
    """The load cannot be run; the message says why in one line."""


def load(arguments: Sequence[str]) -> int:
    """Run a load; returns the exit status: 0 all is as it should be, 1 it is not, 2 wrong arguments, 130 broken off."""
    options = LoadOptions.parse(arguments)
    try:
        _check(options)
    except CannotRun as reason:
        print(f"python -m local load: {reason}", file=sys.stderr)
        return 2
    try:
        outcome = run(run_load(options))
    except (CannotRun, NoPass, WorkerFailed) as reason:
        print(f"python -m local load: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    _write(outcome, options.json)
    return 1 if outcome["problems"] else 0


def _check(options: LoadOptions) -> None:
    problem = shortage(options.viewers, options.processes, raise_limit())
    if problem is not None:
        raise CannotRun(problem)
    if options.json not in (None, "-"):
        try:
            Path(options.json).open("a").close()
        except OSError as error:
            raise CannotRun(f"--json {options.json}: {error.strerror}") from error


def _write(outcome: dict[str, Any], file: str | None) -> None:
    text = json.dumps(outcome, indent=2) + "\n"
    print(table(outcome), file=sys.stderr if file == "-" else sys.stdout)
    if file == "-":
        sys.stdout.write(text)
    elif file is not None:
        Path(file).write_text(text)


async def run_load(options: LoadOptions) -> dict[str, Any]:
    """A load from its first connection to its last; its figures. Raises CannotRun, NoPass, WorkerFailed."""
    await _reach(Address.parse(options.url))
    async with _hands(options, await passes(options)) as hands:
        conductor = Conductor(options, hands, Progress(sys.stderr))
        with _interruptible(conductor):
            return await conductor.conduct()


@contextlib.contextmanager
def _interruptible(conductor: Conductor) -> Iterator[None]:
    """The first Ctrl-C cuts the load short, the second ends it as it does any program."""
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        conductor.cut()

    with contextlib.suppress(NotImplementedError):  # Windows: the first Ctrl-C ends it there
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)


async def _reach(address: Address) -> None:
    """One connection, so that a wrong address is one line and not a line for each viewer."""
    try:
        async with asyncio.timeout(REACH_SECONDS):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError as error:
        raise CannotRun(f"{address.url}: no answer in {REACH_SECONDS:g} s") from error
    except OSError as error:
        raise CannotRun(f"{address.url} cannot be reached: {error.strerror or error}") from error
    writer.close()


@contextlib.asynccontextmanager
async def _hands(options: LoadOptions, own: Passes) -> AsyncIterator[list[Hand]]:
    """The workers: one in this process, or several in processes of their own."""
    if options.processes == 1:
        yield [Worker(options, own)]
        return
    async with contextlib.AsyncExitStack() as stack:
        hands: list[Hand] = []
        for index in range(options.processes):
            worker = RemoteWorker(options, index)
            await worker.start()
            stack.push_async_callback(worker.stop)
            hands.append(worker)
        yield hands
