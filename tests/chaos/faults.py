"""Does to the servers, the functions and the clients what the schedule has drawn."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from local.aws.execution_environment import State
from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka import EmbeddedKafka
from local.servers.process import ServerFailed
from tests.chaos.history import Fault, Lost
from tests.chaos.schedule import Planned
from tests.chaos.stage import Stage
from tests.chaos.viewer import Viewer

# A fault of a function waits so long for a process that is at work, and then takes any.
WORK_SECONDS = 4.0
LOOK_SECONDS = 0.003
WITHIN_SECONDS = 0.02  # so far into its work
CUT_SECONDS = 0.05
LAST_WRITE_MS = 30_000

Do = Callable[[Stage, Planned, random.Random], Awaitable[None]]


async def apply(stage: Stage, planned: Planned, done: list[Fault]) -> None:
    """One fault from its begin to its end, after which all is as before. It is noted in `done`."""
    do = _of_function if planned.kind.startswith(("kill-", "freeze-")) else BY_KIND[planned.kind]
    async with stage.turns[planned.target]:
        began = time.time()
        try:
            await do(stage, planned, random.Random(planned.dice))
        except (ServerFailed, RedisError, OSError) as error:
            print(f"{planned.kind} was not possible: {error!r}")
        finally:
            done.append(Fault(name=planned.kind, began=began, ended=time.time()))


async def _of_function(stage: Stage, planned: Planned, dice: random.Random) -> None:
    name = dice.choice(stage.functions(planned.target))
    within = dice.uniform(0, WITHIN_SECONDS)
    pid = await _at_work(stage, name, dice)
    await asyncio.sleep(within)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        if planned.kind.startswith("kill-"):
            os.killpg(pid, signal.SIGKILL)
            return
        os.killpg(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(planned.seconds)
        finally:
            os.killpg(pid, signal.SIGCONT)


async def _at_work(stage: Stage, name: str, dice: random.Random) -> int | None:
    """The first process of the function that is at work, after some time any that there is."""
    end = time.monotonic() + WORK_SECONDS
    while time.monotonic() < end:
        if busy := [pid for pid, state in stage.emulator.runtime.processes(name).items() if state is State.RUNNING]:
            return dice.choice(busy)
        await asyncio.sleep(LOOK_SECONDS)
    there = list(stage.emulator.runtime.processes(name))
    return dice.choice(there) if there else None


async def _stall_kafka(stage: Stage, planned: Planned, dice: random.Random) -> None:
    await stage.kafka.pause()
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        await stage.kafka.resume()


async def _cut_kafka(stage: Stage, planned: Planned, dice: random.Random) -> None:
    assert isinstance(stage.kafka, EmbeddedKafka)
    await stage.kafka.down()
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        await stage.kafka.up()


async def _restart_kafka(stage: Stage, planned: Planned, dice: random.Random) -> None:
    assert isinstance(stage.kafka, ApacheKafka)
    await stage.kafka.kill()
    await stage.kafka.start()


async def _stall_redis(stage: Stage, planned: Planned, dice: random.Random) -> None:
    await stage.redis.pause()
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        await stage.redis.resume()


async def _cut_redis(stage: Stage, planned: Planned, dice: random.Random) -> None:
    end = time.monotonic() + planned.seconds
    async with _redis(stage) as redis:
        while time.monotonic() < end:
            await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await asyncio.sleep(dice.uniform(0, 2 * CUT_SECONDS))


async def _restart_redis(stage: Stage, planned: Planned, dice: random.Random) -> None:
    async with _redis(stage) as redis:  # what is written after the last save would be lost
        await redis.execute_command("CLIENT", "PAUSE", str(LAST_WRITE_MS), "WRITE")
        dump = await stage.redis.save()
    await stage.redis.kill()
    await asyncio.sleep(planned.seconds)
    await _begin_with(stage, dump)


async def _empty_redis(stage: Stage, planned: Planned, dice: random.Random) -> None:
    async with _redis(stage) as redis:
        await redis.execute_command("FLUSHALL")
    stage.lost_state.append(Lost(0, time.time()))


async def _rollback_redis(stage: Stage, planned: Planned, dice: random.Random) -> None:
    began = time.time()
    dump = await stage.redis.save()
    await asyncio.sleep(planned.seconds)
    await stage.redis.kill()
    await _begin_with(stage, dump)
    stage.lost_state.append(Lost(began, time.time()))


async def _begin_with(stage: Stage, dump: bytes) -> None:
    stage.redis.dump = dump
    await stage.redis.start()


@asynccontextmanager
async def _redis(stage: Stage) -> AsyncIterator[Any]:  # redis-py's commands have no types
    client = Redis.from_url(stage.redis.address)
    try:
        yield client
    finally:
        await client.aclose()


async def _posts(stage: Stage, planned: Planned, dice: random.Random) -> None:
    with stage.emulator.posts.trouble("throttled" if planned.kind == "throttled-posts" else "late", planned.dice):
        await asyncio.sleep(planned.seconds)


async def _deaf_viewers(stage: Stage, planned: Planned, dice: random.Random) -> None:
    some = _some(stage, dice)
    for client in some:
        client.stop_reading()
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        for client in some:
            client.read_on()


async def _vanish_viewers(stage: Stage, planned: Planned, dice: random.Random) -> None:
    some = _some(stage, dice)
    for client in some:
        client.vanish()
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        for client in some:
            client.bury()


async def _drop_viewers(stage: Stage, planned: Planned, dice: random.Random) -> None:
    for client in _some(stage, dice):
        client.drop()


async def _half_handshakes(stage: Stage, planned: Planned, dice: random.Random) -> None:
    host, _, port = stage.emulator.address.rpartition(":")
    writers = []
    for activity in list(stage.rooms) * 3:
        _, writer = await asyncio.open_connection(host, int(port))
        request = (
            f"GET /websocket?activityId={activity}&username=half HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        )
        writer.write(request[: dice.randrange(1, len(request))].encode())
        writers.append(writer)
    try:
        await asyncio.sleep(planned.seconds)
    finally:
        for writer in writers:
            writer.transport.abort()


async def _ban_user(stage: Stage, planned: Planned, dice: random.Random) -> None:
    client = dice.choice(stage.clients)
    platform = stage.platforms[client.person.activity]
    await platform.call("PUT", "/bans", {"userId": client.person.user, "seconds": round(planned.seconds)})
    await asyncio.sleep(planned.seconds)


async def _kick_user(stage: Stage, planned: Planned, dice: random.Random) -> None:
    client = dice.choice(stage.clients)
    await stage.platforms[client.person.activity].call("DELETE", f"/users?userId={client.person.user}")


def _some(stage: Stage, dice: random.Random) -> list[Viewer]:
    return dice.sample(stage.clients, dice.randint(1, max(1, len(stage.clients) // 4)))


BY_KIND: dict[str, Do] = {
    "stall-kafka": _stall_kafka,
    "cut-kafka": _cut_kafka,
    "restart-kafka": _restart_kafka,
    "stall-redis": _stall_redis,
    "cut-redis": _cut_redis,
    "restart-redis": _restart_redis,
    "empty-redis": _empty_redis,
    "rollback-redis": _rollback_redis,
    "throttled-posts": _posts,
    "late-posts": _posts,
    "deaf-viewers": _deaf_viewers,
    "vanish-viewers": _vanish_viewers,
    "drop-viewers": _drop_viewers,
    "half-handshakes": _half_handshakes,
    "ban-user": _ban_user,
    "kick-user": _kick_user,
}
