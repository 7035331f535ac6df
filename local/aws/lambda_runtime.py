"""Lambda: runs functions in execution environments, each a process of its own.

Faithful: one event at a time in an environment, environments started on demand and kept warm, JSON in and
out, 6 MB limits, timeouts, crashes, failed initialisation tried anew. Different: beyond `max_environments` an
invocation waits, first come, first served, where Lambda would throttle; idle ones are never thrown away.
"""

import asyncio
import contextlib
import json
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from local.aws.execution_environment import (
    INIT_SECONDS,
    Client,
    ExecutionEnvironment,
    Invocation,
    installed_client,
)
from local.aws.function import FunctionError, FunctionSpec, Invoke, JsonObject
from local.aws.function_log import WriteLine, print_line

__all__ = ["FunctionError", "FunctionSpec", "Invoke", "JsonObject", "LambdaRuntime"]

MAX_EVENT_BYTES = 6 * 1024 * 1024


class LambdaRuntime:
    """Every function of `specs`, their code under `root`; `freeze` stops environments between events.

    `client` chooses the runtime client, by default AWS's own where it is installed.
    """

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        *,
        root: Path,
        freeze: bool = False,
        client: Client | None = None,
        init_seconds: float = INIT_SECONDS,
        write_line: WriteLine = print_line,
    ) -> None:
        def make(pool: "_Pool") -> ExecutionEnvironment:
            return ExecutionEnvironment(
                pool.spec,
                pool,
                root=root,
                client=client or installed_client(),
                write_line=write_line,
                init_seconds=init_seconds,
            )

        self._pools = {spec.name: _Pool(spec, make, freeze=freeze) for spec in specs}

    async def start(self) -> None:
        """Open for invocations. Environments start with the first of them."""
        for pool in self._pools.values():
            pool.open = True

    async def stop(self) -> None:
        """End every environment; invocations under way fail. Returns when no process is left."""
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))

    async def invoke(self, name: str, event: JsonObject) -> Any:
        """Run the function on `event` and return what it returned; raises FunctionError.

        An unknown name is a KeyError, an event that is not JSON a TypeError: mistakes of the caller's code.
        """
        return await self._pools[name].invoke(event)

    def replace_environments(self) -> None:
        """Let every later invocation run the code as it is now; what is running may finish."""
        for pool in self._pools.values():
            pool.replace()


class _Pool:
    """The environments of one function and the invocations that wait for one."""

    def __init__(self, spec: FunctionSpec, make: "_Make", *, freeze: bool) -> None:
        self.spec = spec
        self.open = False
        self._make = make
        self._freeze = freeze
        self._queue: deque[Invocation] = deque()
        self._idle: list[ExecutionEnvironment] = []  # the last one used is used first, as on AWS
        self._current: set[ExecutionEnvironment] = set()  # those that count
        self._retired: set[ExecutionEnvironment] = set()  # of old code, to end after their event
        self._tasks: set[asyncio.Task[None]] = set()

    async def invoke(self, event: JsonObject) -> Any:
        body = json.dumps(event, separators=(",", ":")).encode()
        if not self.open:
            raise FunctionError("ServiceException", "The Lambda runtime is not running.")
        if len(body) > MAX_EVENT_BYTES:
            raise FunctionError(
                "RequestTooLargeException",
                f"{len(body)} byte payload is too large for the RequestResponse invocation type "
                f"(limit {MAX_EVENT_BYTES} bytes)",
            )
        result: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._queue.append(Invocation(str(uuid.uuid4()), body, result))
        self._dispatch()
        return _decode(await result)

    def replace(self) -> None:
        for environment in self._current:
            self._retired.add(environment)
            if environment in self._idle or not environment.started:
                self._spawn(environment.terminate())
        self._current.clear()
        self._idle.clear()
        self._dispatch()

    async def stop(self) -> None:
        self.open = False
        error = FunctionError("ServiceException", "The Lambda runtime is being stopped.")
        while self._queue:
            self._queue.popleft().settle(error)
        await asyncio.gather(*(environment.terminate() for environment in self._current | self._retired))
        while self._tasks:
            await asyncio.wait(self._tasks)

    def environment_waits(self, environment: ExecutionEnvironment) -> None:
        if environment in self._retired or not self.open:
            self._spawn(environment.terminate())
            return
        self._idle.append(environment)
        self._dispatch()
        if self._freeze and environment in self._idle:
            environment.freeze()

    def environment_ended(self, environment: ExecutionEnvironment) -> None:
        if environment in self._current and not environment.started:
            self._fail_start(environment)
        self._current.discard(environment)
        self._retired.discard(environment)
        with contextlib.suppress(ValueError):
            self._idle.remove(environment)
        self._dispatch()

    def _fail_start(self, environment: ExecutionEnvironment) -> None:
        # Fail the invocation it was started for. Were it the only environment, failing just one would start
        # the next attempt at once, over and over: the others have waited for the same broken code.
        alone = len(self._current) == 1
        while self._queue:
            invocation = self._queue.popleft()
            invocation.settle(environment.start_error(invocation.request_id))
            if not alone:
                break

    def _dispatch(self) -> None:
        if not self.open:
            return
        while self._queue and self._idle:
            invocation = self._queue.popleft()
            if not invocation.result.done():  # else nobody waits for it any more
                self._idle.pop().run(invocation)
        starting = sum(not environment.started for environment in self._current)
        room = self.spec.max_environments - len(self._current)
        for _ in range(min(len(self._queue) - starting, room)):
            environment = self._make(self)
            self._current.add(environment)
            self._spawn(self._start(environment))

    async def _start(self, environment: ExecutionEnvironment) -> None:
        try:
            await environment.start()
        except OSError as error:
            print_line(self.spec.name, f"cannot start a process: {error}")
            self.environment_ended(environment)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_Make = Callable[[_Pool], ExecutionEnvironment]


def _decode(body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise FunctionError("Runtime.InvalidResponse", f"The function's response is not JSON: {error}") from None
