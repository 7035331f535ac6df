"""`python -m tools load`."""

import asyncio
import contextlib
import itertools
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

from tools.event_loop import run
from tools.load.coordinator import Coordinator
from tools.load.gallery import Gallery
from tools.load.options import LoadOptions
from tools.load.outcome import Json
from tools.load.process import AnyWorker, RemoteWorker
from tools.load.reach import reach
from tools.load.table import table
from tools.load.viewer import TOKEN_SECONDS, token_source
from tools.load.worker import Worker
from tools.parser import Parser
from tools.progress import Progress
from tools.token_source import TokenSource, viewer_order

LINE_SECONDS = 5.0
# A process needs some for its standard streams, the event loop and libraries.
SPARE_FILES = 64
READER_CONNECTIONS = 2


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a load; returns the status: 0 all is as it should be, 1 it is not. Raises Failure.

    Wrong arguments end the program with 2.
    """
    options = LoadOptions.parse(arguments, environment)
    problem = shortage(options, raise_limit()) or _unwritable(options.json)
    if problem is not None:
        Parser("python -m tools load").error(problem)
    try:
        outcome = run(run_load(options))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    _write(outcome, options.json)
    return 1 if outcome["problems"] else 0


def _unwritable(file: str | None) -> str | None:
    """Why the figures cannot be written, which is better known before the load than after."""
    if file not in (None, "-"):
        try:
            Path(file).open("a").close()
        except OSError as error:
            return f"--json {file}: {error.strerror}"
    return None


def raise_limit() -> int | None:
    """Raise the soft limit of open files to the hard one, for the processes of the workers too.

    Returns how many connections fit, None where no limit is known.
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (ValueError, OSError):  # macOS takes less than it says
            pass
    return None if soft == resource.RLIM_INFINITY else soft - SPARE_FILES


def shortage(options: LoadOptions, room: int | None) -> str | None:
    """Why the connections do not fit into the processes, each of which has room for `room`; None if they do."""
    each = -(-options.viewers // options.processes)
    # A reader renews its place while it waits for a slot.
    readers = READER_CONNECTIONS * options.gallery
    if room is None or (readers + each if options.processes == 1 else max(readers, each)) <= room:
        return None
    limit = f"limit of open files, which leaves {max(0, room)}: raise it (ulimit -n), or take"
    if readers > room - (each if options.processes == 1 else 0) and options.gallery:
        return (
            f"{options.gallery} readers do not fit into their process's {limit} a smaller --gallery or more --processes"
        )
    return f"{each} viewers in a process do not fit into its {limit} more --processes"


def _write(outcome: Json, file: str | None) -> None:
    text = json.dumps(outcome, indent=2) + "\n"
    print(table(outcome), file=sys.stderr if file == "-" else sys.stdout)
    if file == "-":
        sys.stdout.write(text)
    elif file is not None:
        Path(file).write_text(text)


async def run_load(options: LoadOptions) -> Json:
    """Run a load from its first connection to its last; its figures. Raises Failure."""
    source = await token_source(options)
    await reach(options, await source(viewer_order(options.first_room, f"{options.tag}-0", TOKEN_SECONDS)))
    async with _workers(options, source) as workers:
        gallery = Gallery(options, source) if options.gallery else None
        coordinator = Coordinator(options, workers, Progress(sys.stderr, seconds=LINE_SECONDS), gallery)
        with _interruptible(coordinator):
            return await coordinator.run()


@contextlib.contextmanager
def _interruptible(coordinator: Coordinator) -> Iterator[None]:
    """The first Ctrl-C cuts the load short, the second cancels it."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    presses = itertools.count(1)

    def interrupt() -> None:
        press = next(presses)
        if press == 1:
            coordinator.cut()
        elif press == 2 and task is not None:
            task.cancel()

    with contextlib.suppress(NotImplementedError):  # Windows: the first Ctrl-C ends it there
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)


@contextlib.asynccontextmanager
async def _workers(options: LoadOptions, tokens: TokenSource) -> AsyncIterator[list[AnyWorker]]:
    """One worker in this process, or several in processes of their own."""
    if options.processes == 1:
        yield [Worker(options, tokens)]
        return
    async with contextlib.AsyncExitStack() as stack:
        workers: list[AnyWorker] = []
        for index in range(options.processes):
            worker = RemoteWorker(options, index)
            stack.push_async_callback(worker.stop)
            workers.append(worker)
        yield workers
