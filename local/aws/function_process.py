"""The process of an execution environment: sandbox.py, which runs a runtime client, which runs the function."""

import asyncio
import contextlib
import importlib.util
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

from local.aws.cloudwatch import WriteLine, forward_lines, print_line
from local.aws.environment_variables import process_environment
from local.aws.fork_server import ForkedProcess, ForkServer
from local.aws.function import FunctionSpec

DRAIN_SECONDS = 0.5

Client = Literal["awslambdaric", "python"]


def installed_client() -> Client:
    """AWS's runtime client where its native part is installed (Linux), else our own."""
    native = importlib.util.find_spec("awslambdaric") and importlib.util.find_spec("runtime_client")
    return "awslambdaric" if native else "python"


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How every process starts: the functions' code is below `root`, unless theirs says otherwise; each must be
    initialised in `init_seconds`. Without a `fork_server` each is a new Python."""

    root: Path
    client: Client = field(default_factory=installed_client)
    fork_server: ForkServer | None = None
    write_line: WriteLine = print_line
    init_seconds: float = 10.0


class FunctionProcess:
    """A process that leads a process group of its own. Its output goes to `write_line`, line by line."""

    def __init__(
        self, process: Process | ForkedProcess, pipe: asyncio.ReadTransport, output: asyncio.Task[None]
    ) -> None:
        self._process = process
        self._pipe = pipe
        self._output = output

    @classmethod
    async def start(cls, spec: FunctionSpec, launch: Launch, *, runtime_api: str) -> Self:
        """`runtime_api` is `host:port`; raises OSError."""
        read, write = os.pipe()
        try:
            process = await _start(spec, launch, runtime_api=runtime_api, output=write)
            _set_nice(process, spec.nice)
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        stream = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(stream)
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(read, "rb"))
        return cls(process, pipe, asyncio.create_task(forward_lines(stream, spec.name, launch.write_line)))

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send a signal to the whole group, unless the process has ended."""
        if self._process.returncode is not None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:  # not yet the leader of its own group, or just gone
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def tell_where_it_hangs(self) -> None:
        """Let the process write its stacks and end; how, sandbox.py says. What it has started goes on."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGUSR1)

    async def wait(self) -> str:
        """Wait for the end of the process and end its group; returns how it ended, in Lambda's words."""
        code = await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # what the function has started and left behind
        if code == 0:
            return "Runtime exited without providing a reason"
        reason = f"exit status {code}" if code > 0 else f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"
        return f"Runtime exited with error: {reason}"

    async def drain(self) -> None:
        """Wait for the rest of the output. A process in a session of its own may hold the pipe for longer."""
        await asyncio.wait({self._output}, timeout=DRAIN_SECONDS)
        self._output.cancel()
        self._pipe.close()


async def _start(spec: FunctionSpec, launch: Launch, *, runtime_api: str, output: int) -> Process | ForkedProcess:
    root = spec.root or launch.root
    environment = process_environment(spec, root=root, runtime_api=runtime_api)
    if launch.fork_server is not None and not _for_a_new_python(spec):
        arguments = (launch.client, spec.handler)
        return await launch.fork_server.fork(arguments, cwd=root, environment=environment, output=output)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(Path(__file__).with_name("sandbox.py"))),
        *(str(os.getpid()), launch.client, spec.handler),
        cwd=root,
        env=environment,
        stdin=DEVNULL,
        stdout=output,
        stderr=output,
    )


def _set_nice(process: Process | ForkedProcess, nice: int) -> None:
    """Make it nicer than this process by so much. Its threads are yet to come, and will be as nice."""
    if nice and process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + nice)


def _for_a_new_python(spec: FunctionSpec) -> bool:
    """Whether the function has variables that Python or the system's loader reads only when a process starts."""
    return any(name.startswith(("PYTHON", "LD_")) and name != "PYTHONPATH" for name in spec.environment)
