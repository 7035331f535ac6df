"""An execution environment: one process that runs one function, one event at a time.

Faithful: cold start, environment variables, init limit of 10 s, timeouts that kill, crashes that stay inside,
freezing between events. Not imitated: memory and CPU limits, /tmp, read-only code, credentials of a role.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import sys
import time
import uuid
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from local.aws.environment_variables import function_arn, process_environment
from local.aws.function import FunctionError, FunctionSpec
from local.aws.function_log import WriteLine, forward_lines
from local.aws.runtime_api import MAX_RESPONSE_BYTES, RuntimeApi

INIT_SECONDS = 10.0
GRACE_SECONDS = 0.5  # between SIGTERM and SIGKILL

Client = Literal["awslambdaric", "python"]


def installed_client() -> Client:
    """AWS's runtime client where its native part is installed (Linux), else our own."""
    native = importlib.util.find_spec("awslambdaric") and importlib.util.find_spec("runtime_client")
    return "awslambdaric" if native else "python"


@dataclass(frozen=True)
class Invocation:
    """One event on its way through an environment. `result` gets the response's JSON or a FunctionError."""

    request_id: str
    event: bytes
    result: asyncio.Future[bytes]

    def settle(self, outcome: bytes | FunctionError) -> None:
        """Set the result, unless whoever waited for it has gone."""
        if self.result.done():
            return
        if isinstance(outcome, FunctionError):
            self.result.set_exception(outcome)
        else:
            self.result.set_result(outcome)


class Pool(Protocol):
    """Whom an environment belongs to."""

    def environment_waits(self, environment: "ExecutionEnvironment") -> None:
        """It can take an event: after its start and after each event."""

    def environment_ended(self, environment: "ExecutionEnvironment") -> None:
        """Its process is gone; an invocation it had has been failed."""


class ExecutionEnvironment:
    """Started once, then runs invocations until it is terminated or its process ends."""

    def __init__(
        self,
        spec: FunctionSpec,
        pool: Pool,
        *,
        root: Path,
        client: Client,
        write_line: WriteLine,
        init_seconds: float = INIT_SECONDS,
    ) -> None:
        self.started = False  # whether it has ever asked for an event
        self._spec = spec
        self._pool = pool
        self._root = root
        self._client = client
        self._write_line = write_line
        self._init_seconds = init_seconds
        self._api = RuntimeApi(self)
        self._process: Process | None = None
        self._spawned = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        self._invocation: Invocation | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._start_error: FunctionError | None = None
        self._timed_out_after = 0.0
        self._frozen = False

    async def start(self) -> None:
        """Start the process; the pool hears when it waits for its first event or has ended."""
        try:
            await self._api.start()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(Path(__file__).with_name("sandbox.py"))),
                *(str(os.getpid()), self._client, self._spec.handler),
                cwd=self._root,
                env=process_environment(self._spec, root=self._root, runtime_api=self._api.address),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
            )
            self._watch = asyncio.create_task(self._watch_process(self._process))
            self._set_timer(self._init_seconds)
        finally:
            if self._watch is None:
                self._api.stop()
            self._spawned.set()

    def run(self, invocation: Invocation) -> None:
        """Hand the event over. Only for an environment that waits."""
        self._thaw()
        self._invocation = invocation
        self._set_timer(self._spec.timeout_seconds)
        now = time.time()
        trace = uuid.uuid4().hex
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((now + self._spec.timeout_seconds) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": function_arn(self._spec),
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{trace[:24]};Parent={trace[16:]};Sampled=0",
        }
        self._api.send(invocation.event, headers)

    def freeze(self) -> None:
        """Stop the process until the next event. Only for an environment that waits."""
        self._frozen = True
        self._signal(signal.SIGSTOP)

    async def terminate(self) -> None:
        """End the process: SIGTERM, after a short grace SIGKILL. Returns when it is gone."""
        await self._spawned.wait()
        if self._watch is None:
            return
        self._signal(signal.SIGTERM)
        self._thaw()
        done, _ = await asyncio.wait({self._watch}, timeout=GRACE_SECONDS)
        if not done:
            self._signal(signal.SIGKILL)
            await asyncio.wait({self._watch})

    def start_error(self, request_id: str) -> FunctionError:
        """Why it ended before it could take an event, as told to the invocation that asked for it."""
        return self._start_error or self._end_error(request_id)

    def runtime_waits(self) -> None:
        self._clear_timer()
        self.started = True
        self._pool.environment_waits(self)

    def runtime_answered(self, request_id: str, body: bytes) -> bool:
        outcome: bytes | FunctionError = body
        if len(body) > MAX_RESPONSE_BYTES:
            outcome = FunctionError(
                "Function.ResponseSizeTooLarge",
                f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size "
                f"({MAX_RESPONSE_BYTES} bytes).",
            )
        return self._settle(request_id, outcome)

    def runtime_failed(self, request_id: str, body: bytes) -> bool:
        return self._settle(request_id, _reported_error(body))

    def init_failed(self, body: bytes) -> None:
        self._start_error = _reported_error(body)

    def _settle(self, request_id: str, outcome: bytes | FunctionError) -> bool:
        # The timer runs on: the time a function has ends with the runtime's next `next`.
        if self._invocation is None or self._invocation.request_id != request_id:
            return False
        invocation, self._invocation = self._invocation, None
        invocation.settle(outcome)
        return True

    def _set_timer(self, seconds: float) -> None:
        self._clear_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire, seconds)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, seconds: float) -> None:
        self._timed_out_after = seconds
        if self._invocation is not None:
            self._settle(self._invocation.request_id, self._end_error(self._invocation.request_id))
        self._signal(signal.SIGKILL)

    def _end_error(self, request_id: str) -> FunctionError:
        if self._timed_out_after:
            text = f"Task timed out after {self._timed_out_after:.2f} seconds"
            return FunctionError("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}")
        code = self._process.returncode if self._process else None
        text = "Runtime exited without providing a reason"
        if code:
            reason = f"exit status {code}" if code > 0 else f"signal: {_signal_text(-code)}"
            text = f"Runtime exited with error: {reason}"
        return FunctionError("Runtime.ExitError", f"RequestId: {request_id} Error: {text}")

    async def _watch_process(self, process: Process) -> None:
        assert process.stdout is not None
        output = asyncio.create_task(forward_lines(process.stdout, self._spec.name, self._write_line))
        await process.wait()
        self._clear_timer()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what the function started and left behind
        # The pipe ends with the last process that holds it, which one in a session of its own may survive.
        await asyncio.wait({output}, timeout=GRACE_SECONDS)
        output.cancel()
        self._api.stop()
        if self._invocation is not None:
            self._settle(self._invocation.request_id, self._end_error(self._invocation.request_id))
        self._pool.environment_ended(self)

    def _thaw(self) -> None:
        if self._frozen:
            self._frozen = False
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:  # not yet the leader of its own group, or just gone
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


def _reported_error(body: bytes) -> FunctionError:
    try:
        report = json.loads(body)
        return FunctionError(str(report.get("errorType", "")), str(report.get("errorMessage", "")))
    except (ValueError, AttributeError):
        return FunctionError("Runtime.Unknown", body.decode("utf-8", "replace"))


def _signal_text(number: int) -> str:
    return (signal.strsignal(number) or str(number)).lower()
