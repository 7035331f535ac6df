"""An execution environment: one process that runs one function, one event at a time.

Faithful: cold start, environment variables, init limit of 10 s, timeouts that kill, crashes that harm no other
environment, freezing between events. Beyond AWS: what is killed at its time-out writes first where it hangs.
Not faithful: there are no memory and CPU limits, no /tmp of its own, no read-only code, no credentials of a role.
"""

import asyncio
import json
import signal
import time
import uuid
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from local.aws.environment_variables import function_arn
from local.aws.function import FunctionError, FunctionSpec
from local.aws.function_process import FunctionProcess, Launch
from local.aws.runtime_api import MAX_RESPONSE_BYTES, RuntimeApi

GRACE_SECONDS = 0.5  # between SIGTERM and SIGKILL
STACK_SECONDS = 1.0  # to write the stacks of what hangs; it ends by itself once they are written


class State(Enum):
    """What an environment does, and what may follow. The process may end at any time: ENDED."""

    STARTING = auto()  # the process imports the function. It asks for an event: WAITING
    WAITING = auto()  # an event comes: RUNNING; the pool freezes the environment: FROZEN
    FROZEN = auto()  # the process is stopped. An event comes: RUNNING
    RUNNING = auto()  # the function works on an event. The process asks for the next event: WAITING
    ENDED = auto()  # there is no process


@dataclass(frozen=True)
class Invocation:
    """One event on its way through an environment. `result` gets the response's JSON or a FunctionError."""

    request_id: str
    event: bytes
    result: asyncio.Future[bytes]

    def settle(self, outcome: bytes | FunctionError) -> None:
        """Set the result, unless the caller has given up."""
        if self.result.done():
            return
        if isinstance(outcome, FunctionError):
            self.result.set_exception(outcome)
        else:
            self.result.set_result(outcome)


class Pool(Protocol):
    """The owner of environments, which hears what becomes of them."""

    def environment_waits(self, environment: "ExecutionEnvironment") -> None:
        """The environment can take an event: after its start and after each event."""

    def environment_ended(self, environment: "ExecutionEnvironment", *, started: bool) -> None:
        """The process is gone, and an invocation it had has failed. `started`: it was able to take events."""


class ExecutionEnvironment:
    """Started once, then runs invocations until it is terminated or its process ends."""

    def __init__(self, spec: FunctionSpec, pool: Pool, launch: Launch) -> None:
        self.state = State.STARTING
        self._spec = spec
        self._pool = pool
        self._launch = launch
        self._api = RuntimeApi(self)
        self._process: FunctionProcess | None = None
        self._spawned = asyncio.Event()
        self._life: asyncio.Task[None] | None = None  # from the start to the end of the process
        self._timer: asyncio.TimerHandle | None = None
        self._invocation: Invocation | None = None  # until it is settled
        self._end: tuple[str, str] | None = None  # why the process ends: error type and text
        self._init_error: FunctionError | None = None

    @property
    def pid(self) -> int | None:
        """The process, which leads a group of its own; None before its start and after its end."""
        return self._process.pid if self._process and self.state is not State.ENDED else None

    def start(self) -> None:
        """Start the process; the pool hears when it waits for its first event or has ended."""
        self._life = asyncio.create_task(self._live())

    def run(self, invocation: Invocation) -> None:
        """Hand over an event; only when WAITING or FROZEN."""
        self._thaw()
        self.state = State.RUNNING
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
        """Stop the process until the next event; only when WAITING."""
        self.state = State.FROZEN
        self._signal(signal.SIGSTOP)

    async def terminate(self) -> None:
        """End the process: SIGTERM, after a short grace SIGKILL. Returns when the process is gone."""
        if self._life is None:
            return
        await self._spawned.wait()
        self._signal(signal.SIGTERM)
        self._thaw()
        done, _ = await asyncio.wait({self._life}, timeout=GRACE_SECONDS)
        if not done:
            self._signal(signal.SIGKILL)
            await asyncio.wait({self._life})

    def end_error(self, request_id: str) -> FunctionError:
        """Why the process ended, for the invocation that it ran or was started for."""
        error_type, text = self._end or ("Runtime.ExitError", "Runtime exited without providing a reason")
        return self._init_error or FunctionError(error_type, f"RequestId: {request_id} Error: {text}")

    def runtime_waits(self) -> None:
        if self._end is not None:  # its time was up
            return
        self._clear_timer()
        self.state = State.WAITING
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
        self._init_error = _reported_error(body)

    async def _live(self) -> None:
        try:
            await self._api.start()
            self._process = await FunctionProcess.start(self._spec, self._launch, runtime_api=self._api.address)
            self._set_timer(self._launch.init_seconds)
            self._spawned.set()
            end = await self._process.wait()
            self._clear_timer()
            await self._process.drain()
            self._end = self._end or ("Runtime.ExitError", end)
        except OSError as error:
            self._launch.write_line(self._spec.name, f"cannot start a process: {error}")
            self._end = ("Runtime.ExitError", f"Cannot start a process: {error}")
        self._spawned.set()
        started, self.state = self.state is not State.STARTING, State.ENDED
        self._clear_timer()
        self._api.stop()
        self._fail()
        self._pool.environment_ended(self, started=started)

    def _settle(self, request_id: str, outcome: bytes | FunctionError) -> bool:
        # The timer runs on: a function's time ends when its runtime asks for the next event.
        if self._invocation is None or self._invocation.request_id != request_id:
            return False
        invocation, self._invocation = self._invocation, None
        invocation.settle(outcome)
        return True

    def _fail(self) -> None:
        if self._invocation is not None:
            self._settle(self._invocation.request_id, self.end_error(self._invocation.request_id))

    def _set_timer(self, seconds: float) -> None:
        self._clear_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._expire, seconds)

    def _clear_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self, seconds: float) -> None:
        text = f"Task timed out after {seconds:.2f} seconds"
        self._end = ("Sandbox.Timedout", text)
        self._fail()
        if self._process is not None:
            self._launch.write_line(self._spec.name, f"{text}. It was here:")
            self._process.tell_where_it_hangs()
        # Not self._timer: what wakes up now and asks for an event does not live on.
        asyncio.get_running_loop().call_later(STACK_SECONDS, self._signal, signal.SIGKILL)

    def _thaw(self) -> None:
        if self.state is State.FROZEN:
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.signal(number)


def _reported_error(body: bytes) -> FunctionError:
    try:
        report = json.loads(body)
        return FunctionError(str(report.get("errorType", "")), str(report.get("errorMessage", "")))
    except (ValueError, AttributeError):
        return FunctionError("Runtime.Unknown", body.decode("utf-8", "replace"))
