"""A server process that never outlives the process that started it."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

# Runs the server and waits for it. Each line on its standard input is a signal for the server; the end of the
# input, which comes however the starting process dies, kills it and removes its directory. A shell does this
# on every POSIX system, where Linux's prctl(PR_SET_PDEATHSIG) does not.
_GUARD = """
exec 3<&0
directory=$1
shift
"$@" </dev/null 3<&- &
server=$!
( while read -r name; do kill -s "$name" $server; done
  : >"$directory/orphaned"; kill -s KILL $server ) <&3 >/dev/null 2>&1 &
reader=$!
exec 3<&-
wait $server
status=$?
kill -s KILL $reader 2>/dev/null
[ -e "$directory/orphaned" ] && rm -rf "$directory"
exit $status
"""

POLL_SECONDS = 0.01


class ServerFailed(Exception):
    """A server did not start, or ended by itself; the message names it and ends with what it printed last."""


class ServerProcess:
    """One server process in a temporary directory of its own; its output goes to `log` there.

    It is stopped with `stop` or `kill`, and dies with this process however that ends, SIGKILL included. The
    directory is kept between starts, for servers that have data, until `remove` or the end of this process.
    """

    def __init__(self, name: str, *, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.directory = Path(tempfile.mkdtemp(prefix=f"live-rooms-{name.lower()}-"))
        self._environment = environment
        self._guard: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._guard is not None and self._guard.returncode is None

    @property
    def output(self) -> str:
        """What it has printed so far on both streams."""
        log = self.directory / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    async def start(self, command: Sequence[str]) -> None:
        """Start it; returns before it is ready, which `until` waits for. When cancelled it may have been started."""
        spawning = asyncio.ensure_future(self._spawn(command))
        try:
            # Not to be cancelled: asyncio would kill the guard, which may have started the server already.
            await asyncio.shield(spawning)
        finally:
            self._guard = await spawning

    async def _spawn(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        with (self.directory / "log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _GUARD, self.name, str(self.directory), *command),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=None if self._environment is None else dict(self._environment),
                start_new_session=True,
            )

    async def until(self, condition: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Wait until `condition()` is true; raises ServerFailed if it ends first, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not await condition():
                    if not self.running:
                        raise self.failure("ended")
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise self.failure(f"was not ready after {seconds:g} s") from None

    async def ended(self, *, seconds: float) -> None:
        """Wait until it has done its work; raises ServerFailed if it fails or takes longer than `seconds`."""
        if self._guard is None:
            return
        try:
            status = await asyncio.wait_for(self._guard.wait(), seconds)
        except TimeoutError:
            raise self.failure(f"was not done after {seconds:g} s") from None
        if status:
            raise self.failure(f"failed with status {status}")
        await self.kill()

    def failure(self, what: str) -> ServerFailed:
        """The error that says `what` happened and how its output ends."""
        last = "\n".join(self.output.strip().splitlines()[-10:])
        return ServerFailed(f"{self.name} {what}" + (f":\n{last}" if last else " without a word"))

    async def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self._guard is None or self._guard.stdin is None or not self.running:
            return
        if self._guard.stdin.is_closing():  # uvloop's raises RuntimeError when written to
            return
        with contextlib.suppress(ConnectionError):
            self._guard.stdin.write(f"{number.name.removeprefix('SIG')}\n".encode())
            await self._guard.stdin.drain()

    async def stop(self, *, seconds: float = 10.0) -> None:
        """SIGTERM, and SIGKILL when it is still there after `seconds`."""
        if self._guard is None:
            return
        try:
            await self.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._guard.wait(), seconds)
        finally:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        if self._guard is None:
            return
        await self.signal(signal.SIGKILL)
        await self._guard.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard = None

    def remove(self) -> None:
        """Remove its directory, once it is stopped and is not to be started again."""
        shutil.rmtree(self.directory, ignore_errors=True)


async def accepts(address: str) -> bool:
    """Whether something listens on `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True
