"""A server process that never outlives the process that started it."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

# Runs the server and waits for its end. Each line on standard input is a signal for the server. The input ends when the
# starting process dies, however it dies: then the server is killed and its directory removed. A shell can do this on
# every POSIX system; prctl(PR_SET_PDEATHSIG) exists on Linux alone.
_GUARD = """
exec 3<&0
directory=$1
shift
"$@" </dev/null 3<&- &
server=$!
( while read -r name; do kill -s "$name" $server; echo "$name" >>"$directory/signals"; done
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
SIGNAL_SECONDS = 5.0


class ServerFailed(Exception):
    """A server did not start, or ended by itself; the message names it and ends with its last output."""


class ServerProcess:
    """One server process with a temporary directory of its own; its output goes to `log` there.

    `stop` and `kill` end the server. It also ends with this process, even after SIGKILL. The directory is kept between
    starts, for servers with data, until `remove` or the end of this process.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.directory = Path(tempfile.mkdtemp(prefix=f"live-rooms-{name.lower()}-"))
        self._guard: asyncio.subprocess.Process | None = None
        self._signals = 0

    @property
    def running(self) -> bool:
        return self._guard is not None and self._guard.returncode is None

    @property
    def output(self) -> str:
        """The server's output so far, of both streams."""
        log = self.directory / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    async def start(self, command: Sequence[str]) -> None:
        """Start the server; `until` waits until it is ready. It may have started if this is cancelled."""
        spawning = asyncio.ensure_future(self._spawn(command))
        try:
            # Never cancelled: asyncio would kill the guard, which may have started the server already.
            await asyncio.shield(spawning)
        finally:
            self._guard = await spawning

    async def _spawn(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        (self.directory / "signals").write_text("")
        self._signals = 0
        with (self.directory / "log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _GUARD, self.name, str(self.directory), *command),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def until(self, condition: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
        """Wait until `condition()` is true; raises ServerFailed if the server ends first, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not await condition():
                    if not self.running:
                        raise self.failure("ended")
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise self.failure(f"was not ready after {seconds:g} s") from None

    async def ended(self, *, seconds: float) -> None:
        """Wait for the end of a program that ends by itself; raises ServerFailed if it fails, or after `seconds`."""
        if self._guard is None:
            return
        try:
            async with asyncio.timeout(seconds):
                status = await self._guard.wait()
        except TimeoutError:
            raise self.failure(f"was not done after {seconds:g} s") from None
        if status:
            raise self.failure(f"failed with status {status}")
        await self.kill()

    def failure(self, what: str) -> ServerFailed:
        """The error that says `what` happened, with the end of the output."""
        last = "\n".join(self.output.strip().splitlines()[-10:])
        return ServerFailed(f"{self.name} {what}" + (f":\n{last}" if last else " without a word"))

    async def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server, unless it has ended; returns when the server has it."""
        stdin = self._guard.stdin if self._guard and self.running else None
        if stdin is None or stdin.is_closing():  # writing to a closing one of uvloop's raises RuntimeError
            return
        with contextlib.suppress(ConnectionError):
            stdin.write(f"{number.name.removeprefix('SIG')}\n".encode())
            await stdin.drain()
        self._signals += 1
        with contextlib.suppress(ServerFailed):  # it has ended
            await self.until(self._has_every_signal, seconds=SIGNAL_SECONDS)

    async def _has_every_signal(self) -> bool:
        return len((self.directory / "signals").read_text().split()) >= self._signals

    async def stop(self, *, seconds: float = 10.0) -> None:
        """SIGTERM, and SIGKILL if the server has not ended after `seconds`."""
        if self._guard is None:
            return
        try:
            await self.signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._guard.wait()
        finally:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL; returns when the server has ended."""
        if self._guard is None:
            return
        await self.signal(signal.SIGKILL)
        await self._guard.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard = None

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


async def accepts(address: str) -> bool:
    """Whether a server listens at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True
