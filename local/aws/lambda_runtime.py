"""Lambda: runs functions in execution environments, each a process of its own.

Faithful: one event at a time in an environment, environments started on demand and kept warm, JSON in and out, 6 MB
limits, timeouts, crashes, failed initialisation retried. Not faithful: above `max_environments` an invocation waits,
where Lambda throttles; idle environments are never thrown away. Connections of the WebSocket API take turns in waiting:
on AWS an account has a thousand environments, and the frames of one connection make no other wait.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from local.aws.execution_environment import ExecutionEnvironment, Invocation, State
from local.aws.function import FunctionError, FunctionSpec
from local.aws.function_process import Launch
from local.aws.turns import Turns

MAX_EVENT_BYTES = 6 * 1024 * 1024


class LambdaRuntime:
    """The functions of `specs`. `freeze` stops environments between events."""

    def __init__(self, specs: Iterable[FunctionSpec], launch: Launch, *, freeze: bool = False) -> None:
        self._pools = {spec.name: _Pool(spec, launch, freeze=freeze) for spec in specs}
        self._next_end: asyncio.Future[None] | None = None

    async def stop(self) -> None:
        """End every environment; invocations under way fail. Returns when no process is left."""
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))

    async def invoke(self, name: str, event: Any) -> Any:
        """Run the function on `event` and return its result; raises FunctionError.

        An unknown name is a KeyError, an event that is not JSON a TypeError: bugs of the caller.
        """
        try:
            return await self._pools[name].invoke(event)
        finally:
            if self._next_end:
                self._next_end.set_result(None)
                self._next_end = None

    def next_end(self) -> asyncio.Future[None]:
        """What is done when the next invocation ends, of whichever function. All who wait share it: nobody cancels."""
        if self._next_end is None:
            self._next_end = asyncio.get_running_loop().create_future()
        return self._next_end

    def processes(self, name: str) -> dict[int, State]:
        """The processes that run a function now, by their ids, and what each does."""
        return self._pools[name].processes()

    def replace_environments(self, names: Collection[str]) -> None:
        """Let every later invocation of these functions run the code as it is now; invocations under way finish with
        the old code."""
        for name in names:
            self._pools[name].replace()


class _Pool:
    """The environments of one function, and the invocations that wait for one."""

    def __init__(self, spec: FunctionSpec, launch: Launch, *, freeze: bool) -> None:
        self._open = True
        self._spec = spec
        self._launch = launch
        self._freeze = freeze
        self._queue: Turns[Invocation] = Turns()
        self._idle: list[ExecutionEnvironment] = []  # the last one used is used first, as on AWS
        self._current: set[ExecutionEnvironment] = set()
        self._retired: set[ExecutionEnvironment] = set()  # with old code: they end after their event
        self._terminating: set[asyncio.Task[None]] = set()

    async def invoke(self, event: Any) -> Any:
        body = json.dumps(event, separators=(",", ":")).encode()
        if not self._open:
            raise FunctionError("ServiceException", "The Lambda runtime is not running.")
        if len(body) > MAX_EVENT_BYTES:
            raise FunctionError(
                "RequestTooLargeException",
                f"{len(body)} byte payload is too large for the RequestResponse invocation type "
                f"(limit {MAX_EVENT_BYTES} bytes)",
            )
        result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._queue.put(_connection_id(event), Invocation(str(uuid.uuid4()), body, result))
        self._dispatch()
        return _decode(await result)

    def processes(self) -> dict[int, State]:
        environments = self._current | self._retired
        return {environment.pid: environment.state for environment in environments if environment.pid is not None}

    def replace(self) -> None:
        for environment in self._current:
            self._retired.add(environment)
            if environment.state is not State.RUNNING:
                self._terminate(environment)
        self._current.clear()
        self._idle.clear()
        self._dispatch()

    async def stop(self) -> None:
        self._open = False
        error = FunctionError("ServiceException", "The Lambda runtime is being stopped.")
        while self._queue:
            self._queue.take().settle(error)
        await asyncio.gather(*(environment.terminate() for environment in self._current | self._retired))
        while self._terminating:
            await asyncio.wait(self._terminating)

    def environment_waits(self, environment: ExecutionEnvironment) -> None:
        if environment in self._retired or not self._open:
            self._terminate(environment)
            return
        self._idle.append(environment)
        self._dispatch()
        if self._freeze and environment in self._idle:
            environment.freeze()

    def environment_ended(self, environment: ExecutionEnvironment, *, started: bool) -> None:
        if environment in self._current and not started:
            self._fail_start(environment)
        self._current.discard(environment)
        self._retired.discard(environment)
        with contextlib.suppress(ValueError):
            self._idle.remove(environment)
        self._dispatch()

    def _fail_start(self, environment: ExecutionEnvironment) -> None:
        # Fail the invocation that the environment was started for. If it was the only environment, fail the others too:
        # they wait for the same broken code, and each would start one more attempt.
        alone = len(self._current) == 1
        while self._queue:
            invocation = self._queue.take()
            invocation.settle(environment.end_error(invocation.request_id))
            if not alone:
                break

    def _dispatch(self) -> None:
        if not self._open:
            return
        while self._queue and self._idle:
            invocation = self._queue.take()
            if not invocation.result.done():  # else the caller has given up
                self._idle.pop().run(invocation)
        starting = sum(environment.state is State.STARTING for environment in self._current)
        room = self._spec.max_environments - len(self._current)
        for _ in range(min(len(self._queue) - starting, room)):
            environment = ExecutionEnvironment(self._spec, self, self._launch)
            self._current.add(environment)
            environment.start()

    def _terminate(self, environment: ExecutionEnvironment) -> None:
        task = asyncio.get_running_loop().create_task(environment.terminate())
        self._terminating.add(task)
        task.add_done_callback(self._terminating.discard)


def _connection_id(event: Any) -> str:
    """Of the connection that an event belongs to; empty for events that belong to none."""
    request = event.get("requestContext") if isinstance(event, dict) else None
    connection_id = request.get("connectionId") if isinstance(request, dict) else None
    return connection_id if isinstance(connection_id, str) else ""


def _decode(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise FunctionError("Runtime.InvalidResponse", f"The function's response is not JSON: {error}") from None
