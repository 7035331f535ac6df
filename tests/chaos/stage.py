"""The emulator of a run with servers of its own, and the people in its rooms."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from functions.manifest import FUNCTIONS, deployed_as
from local.options import Options
from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka import EmbeddedKafka
from local.servers.moto import Moto
from local.servers.redis import EmbeddedRedis
from local.servers.server import Server
from tests.chaos.client import Client
from tests.chaos.history import Lost
from tests.chaos.life import Platform
from tests.chaos.person import Person
from tests.chaos.posts import TroubledEmulator
from tests.chaos.reader import Reader
from tests.chaos.viewer import Viewer

HEARTBEAT_SECONDS = 5
SWEEP_SECONDS = 4
DISCONNECT_LOSS = 0.05
ROOMS = 2
CLIENTS = 40
API_SECONDS = 20
# Behind the first seat of a room all who ask for a place read. They renew places as often as others send heartbeats,
# which is ten times as often as on AWS, and each renewal counts as a join.
GALLERY = {"GALLERY_FROM": "1", "JOIN_BURST": "20", "JOIN_PER_SECOND": "1"}


@dataclass(kw_only=True)
class Stage:
    """`platforms` and `rooms` are by activityId. `lost_state` notes when Redis forgot something. `turns` are of the
    targets of faults: on a slow machine one may last longer than was drawn, and the next one waits."""

    redis: EmbeddedRedis
    kafka: EmbeddedKafka | ApacheKafka
    moto: Moto
    emulator: TroubledEmulator
    slices: int
    platforms: dict[int, Platform]
    rooms: dict[int, list[Viewer]]
    lost_state: list[Lost] = field(default_factory=list)
    turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    @property
    def clients(self) -> list[Viewer]:
        return [client for clients in self.rooms.values() for client in clients]

    def functions(self, row_name: str) -> list[str]:
        """The functions that a row of the manifest is deployed as."""
        [row] = [row for row in FUNCTIONS if row.name == row_name]
        return list(deployed_as(row, self.slices))


@asynccontextmanager
async def staged(*, seed: int, slices: int, real_kafka: bool, gallery: bool) -> AsyncIterator[Stage]:
    """Everything is up, and the clients on seats begin to connect. At the end no process is left.

    Raises ServerFailed, or KafkaUnavailable without Apache Kafka.
    """
    async with AsyncExitStack() as stack:
        redis, kafka, moto = EmbeddedRedis(), ApacheKafka() if real_kafka else EmbeddedKafka(), Moto()
        await _start(stack, redis, kafka, moto)
        emulator = TroubledEmulator(_options(redis, kafka, moto, slices), GALLERY if gallery else {})
        await stack.enter_async_context(emulator)
        http = httpx.AsyncClient(base_url=f"http://{emulator.address}", trust_env=False, timeout=API_SECONDS)
        await stack.enter_async_context(http)
        activities = [1 + seed % 1_000_000 * ROOMS + number for number in range(ROOMS)]
        stage = Stage(
            redis=redis,
            kafka=kafka,
            moto=moto,
            emulator=emulator,
            slices=slices,
            platforms={activity: Platform(http, activity) for activity in activities},
            rooms={activity: list(people(emulator.address, activity, seed)) for activity in activities},
        )
        stack.push_async_callback(_stop, stage)
        yield stage


def bring_readers(stage: Stage, number_of: int, seed: int) -> None:
    """So many come to read. Where nobody has a seat yet they would be offered one."""
    for number in range(number_of):
        activity = list(stage.rooms)[number % ROOMS]
        person = Person(activity=activity, name=f"r{number}", user=f"r{number}", quiet=True)
        dice = random.Random(f"reader {seed} {number}")
        stage.rooms[activity].append(Reader(stage.emulator.address, person, dice))


async def _start(stack: AsyncExitStack, *servers: Server) -> None:
    # A task group waits for the tasks it cancels, so none of them goes on starting a server.
    try:
        async with asyncio.TaskGroup() as group:
            for server in servers:
                stack.push_async_callback(server.stop)
                group.create_task(server.start())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


def _options(redis: Server, kafka: Server, moto: Server, slices: int) -> Options:
    return Options(
        port=0,
        redis_url=redis.address,
        kafka_bootstrap=kafka.address,
        aws_endpoint=moto.address,
        slices=slices,
        heartbeat_seconds=HEARTBEAT_SECONDS,
        sweep_seconds=SWEEP_SECONDS,
        disconnect_loss=DISCONNECT_LOSS,
    )


async def _stop(stage: Stage) -> None:
    await asyncio.gather(*(client.stop() for client in stage.clients))


def people(address: str, activity: int, seed: int) -> Iterator[Client]:
    """A room's clients on seats: every third is classic, and the first two are two tabs of one user."""
    for number in range(CLIENTS // ROOMS):
        name = f"u{number}"
        person = Person(activity=activity, name=name, user="u1" if number == 0 else name, classic=number % 3 == 2)
        yield Client(address, person, random.Random(f"client {seed} {activity} {number}"))
