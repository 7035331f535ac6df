"""What a frame costs the `message` function, above what an invocation costs a function that does nothing.

Both run as the emulator runs them: under the runtime client, in a process of their own, with events as API Gateway
makes them, one after another. Redis and Kafka are the emulator's. The CPU is the function's process alone; the wall
time has the round trips too, and the answers of Redis and Kafka.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import psutil

import functions
from bench.result import BenchFailed, Cell, Result, Target
from functions.rooms.identity import Identity
from local.aws import payloads
from local.aws.function import JsonObject
from local.aws.function_process import Launch
from local.aws.ids import Ids
from local.aws.lambda_runtime import LambdaRuntime
from local.aws.payloads import Api, Session
from local.deployment import Deployment, Servers
from local.options import Options
from local.servers.kafka import EmbeddedKafka
from local.servers.redis import EmbeddedRedis

QUICK: dict[str, Any] = {"rounds": 3, "events": 100}
NOTHING = "nothing"
# Half of what a chat took when this was first measured.
MOST_CPU = 550
ROOM = 42
# The rates of a user are no part of what is measured.
UNLIMITED = {f"{kind}_{what}": "1000000" for kind in ("CHAT", "OTHER", "JOIN") for what in ("BURST", "PER_SECOND")}
FRAMES: dict[str, Callable[[int], str]] = {
    "chat": lambda number: f'{{"messageType": 4, "message": "hello {number}"}}',
    "chat with an id": lambda number: f'{{"messageType": 4, "message": "hello {number}", "id": "c{number}"}}',
    "like": lambda number: '{"messageType": 6, "count": 3}',
    "heartbeat": lambda number: '{"messageType": 7}',
}


@dataclass(frozen=True)
class Cost:
    """Microseconds an event."""

    cpu: float
    wall: float


class Bench:
    """A seat in a room, and the two functions."""

    def __init__(self, runtime: LambdaRuntime) -> None:
        self._runtime = runtime
        self._ids = Ids()
        self._api = Api(domain_name="127.0.0.1:8000")
        identity = Identity(activity_id=ROOM, user_id="alice", username="Alice", framing="live.v1")
        self._session = Session(
            connection_id=self._ids.connection(),
            connected_at_ms=int(time.time() * 1000),
            source_ip="127.0.0.1",
            user_agent="bench",
            authorizer=identity.to_context(),
        )
        self._number = 0

    async def connect(self) -> None:
        """Take the seat."""
        event = payloads.connect(self._api, self._session, self._ids.occasion(), [], [("activityId", str(ROOM))])
        answer = await self._runtime.invoke("connect", event)
        if answer["statusCode"] != 200:
            raise BenchFailed(f"the seat was refused: {answer}")

    async def cost(self, function: str, frame: Callable[[int], str], events: int) -> Cost:
        """Invoke the function with so many frames; they must be accepted."""
        made = [self._event(frame) for _ in range(events)]
        (pid,) = self._runtime.processes(function)
        process = psutil.Process(pid)
        cpu, began = _cpu(process), time.perf_counter()
        answers = [await self._runtime.invoke(function, event) for event in made]
        wall, cpu = time.perf_counter() - began, _cpu(process) - cpu
        if function != NOTHING and (wrong := [one for one in answers if "refused" in str(one)]):
            raise BenchFailed(f"a frame was refused: {wrong[0]}")
        return Cost(cpu / events * 1e6, wall / events * 1e6)

    async def warm(self, function: str) -> None:
        """Start the function, and let it open its connections."""
        for frame in FRAMES.values():
            for _ in range(20):
                await self._runtime.invoke(function, self._event(frame))

    def _event(self, frame: Callable[[int], str]) -> JsonObject:
        self._number += 1
        occasion, body = self._ids.occasion(), frame(self._number)
        return payloads.message(self._api, self._session, occasion, message_id=self._ids.message(), body=body)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def run(*, rounds: int = 7, events: int = 400) -> Result:
    """Each kind of frame and the empty handler take turns, so many events in a row each."""
    found: dict[str, list[Cost]] = {name: [] for name in (NOTHING, *FRAMES)}
    async with _runtime() as runtime:
        bench = Bench(runtime)
        await bench.connect()
        for function in (NOTHING, "message"):
            await bench.warm(function)
        for _ in range(rounds):
            found[NOTHING].append(await bench.cost(NOTHING, FRAMES["chat"], events))
            for name, frame in FRAMES.items():
                found[name].append(await bench.cost("message", frame, events))
    return _result(events, {name: _median(costs) for name, costs in found.items()})


@asynccontextmanager
async def _runtime() -> AsyncIterator[LambdaRuntime]:
    redis, kafka = EmbeddedRedis(), EmbeddedKafka()
    try:
        await redis.start()
        await kafka.start()
        servers = Servers(
            redis_url=redis.address, kafka_bootstrap=kafka.address, connections_url="http://127.0.0.1:9/websocket"
        )
        specs = {spec.name: spec for spec in Deployment(Options(), servers, UNLIMITED).functions()}
        used = [replace(specs[name], max_environments=1) for name in ("connect", "message")]
        nothing = replace(used[0], name=NOTHING, handler="bench.handlers.nothing.handler", environment={})
        root = Path(functions.__path__[0]).parent
        runtime = LambdaRuntime([*used, nothing], Launch(root=root))
        try:
            yield runtime
        finally:
            await runtime.stop()
    finally:
        await kafka.stop()
        await redis.stop()


def _median(costs: list[Cost]) -> Cost:
    return Cost(median(cost.cpu for cost in costs), median(cost.wall for cost in costs))


def _result(events: int, medians: dict[str, Cost]) -> Result:
    nothing = medians[NOTHING]
    rows: list[list[Cell]] = [
        [name, one.cpu, one.wall, one.cpu - nothing.cpu, one.wall - nothing.wall] for name, one in medians.items()
    ]
    return Result(
        title=f"What a frame costs the message function, µs an event; medians of {events} events in a row",
        columns=("frame", "CPU", "wall", "CPU above", "wall above"),
        rows=rows,
        figures={"events": events, "microseconds": {name: vars(one) for name, one in medians.items()}},
        targets=[
            Target(what="CPU µs of a chat above an empty handler's", value=medians["chat"].cpu - nothing.cpu, most=1000)
        ],
        notes=["above: what an invocation costs the empty handler is taken away"],
    )
