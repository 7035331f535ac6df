"""Starts execution environments quickly and small: as forks of warm_parent.py, which share its memory.

Faithful to SnapStart in that an environment begins initialised; not faithful in that only other people's modules are,
and that every function gets it. Linux only.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.aws.environment_variables import inherited_environment
from local.aws.warm_parent import MAX_PACKET_BYTES


def can_fork() -> bool:
    """Whether this system has what it takes."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # not Linux, or older than 5.3
        return False
    return True


class ForkedProcess:
    """What asyncio's Process is for a child; this one is the warm parent's child."""

    def __init__(self) -> None:
        self.pid = 0
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """The exit status; -N if signal N ended it."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Raises ProcessLookupError if it is no more."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def end(self, status: int) -> None:
        if not self._ended.done():
            self._ended.set_result(status)


class ForkServer:
    """Forks from a process that has imported `modules`. That process starts with the first fork, or with `start`, and
    anew if it has ended; its forks have ended with it."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules
        self._ids = itertools.count()
        self._forks: dict[int, ForkedProcess] = {}
        self._starting: dict[int, asyncio.Future[None]] = {}
        self._lock = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._channel: socket.socket | None = None
        self._parent: Process | None = None

    async def start(self) -> None:
        """Begin to import; returns at once. Raises OSError."""
        async with self._lock:
            if self._channel is not None:
                return
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._parent = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", str(Path(__file__).with_name("warm_parent.py"))),
                    *(str(os.getpid()), *self._modules),
                    env=inherited_environment(),
                    stdin=theirs.fileno(),
                    stdout=DEVNULL,
                )
            ours.setblocking(False)
            self._channel = ours
            asyncio.get_running_loop().add_reader(ours.fileno(), self._receive, ours)

    async def fork(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], output: int
    ) -> ForkedProcess:
        """A new process that runs sandbox.py; `output` is the descriptor it writes to. Raises OSError."""
        await self.start()
        # One after another, as the warm parent takes them: more than the buffer of the socket holds would be refused.
        async with self._asking:
            return await self._fork(arguments, cwd=cwd, environment=environment, output=output)

    async def _fork(
        self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], output: int
    ) -> ForkedProcess:
        if self._channel is None:
            raise OSError("the process that would fork it has ended")
        id = next(self._ids)
        request = {"id": id, "arguments": arguments, "cwd": str(cwd), "environment": environment}
        packet = json.dumps(request).encode()
        if len(packet) > MAX_PACKET_BYTES:
            raise OSError(f"an environment of more than {MAX_PACKET_BYTES} bytes")
        process = self._forks[id] = ForkedProcess()
        started = self._starting[id] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(self._channel, [packet], [output])
            await started
        except OSError:
            self._forks.pop(id, None)
            raise
        finally:
            self._starting.pop(id, None)
        return process

    async def stop(self) -> None:
        """End the warm parent and whatever of its forks is left; returns when it is gone."""
        parent = self._parent
        self._close()
        if parent is not None:
            with contextlib.suppress(ProcessLookupError):
                parent.kill()
            await parent.wait()

    def _receive(self, channel: socket.socket) -> None:
        while channel is self._channel:
            try:
                packet = channel.recv(MAX_PACKET_BYTES)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if not packet:
                self._close()
                return
            self._told(**json.loads(packet))

    def _told(self, id: int, pid: int = 0, status: int | None = None, error: str = "") -> None:
        started = self._starting.get(id)
        if status is not None:
            self._forks.pop(id).end(status)
        elif error and started is not None and not started.done():
            started.set_exception(OSError(error))
        elif pid:
            self._forks[id].pid = pid
            if started is not None and not started.done():
                started.set_result(None)

    def _close(self) -> None:
        """The warm parent has ended or is about to, and with it its forks."""
        if self._channel is None:
            return
        asyncio.get_running_loop().remove_reader(self._channel.fileno())
        self._channel.close()
        self._channel = None
        for started in self._starting.values():
            if not started.done():
                started.set_exception(OSError("the process that would fork it has ended"))
        for process in self._forks.values():
            process.end(-signal.SIGKILL)
        self._forks.clear()
