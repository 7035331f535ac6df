"""After the faults: every client learns the outcome of what it sent, and the server catches up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from tests.chaos.client import Client
from tests.chaos.history import Sending
from tests.chaos.life import Platform
from tests.chaos.person import Person
from tests.chaos.stage import Stage
from tests.chaos.viewer import Viewer

# How long each condition may take; a run that is well takes a tenth of it.
MOST_SECONDS = 90.0
LOOK_SECONDS = 0.3
# Frames that the relay has posted, and slots that it has written, reach the screens in less.
ARRIVAL_SECONDS = 4.0


async def settle(stage: Stage) -> list[str]:
    """Return when all is known and told; the conditions that did not come true are named."""
    steps: list[tuple[str, Callable[[], Awaitable[bool]]]] = [
        ("the rooms' settings can be changed", lambda: _unfrozen(stage)),
        ("the rooms' properties can be changed", lambda: _described(stage)),
        ("every client is welcome", lambda: all_welcome(stage)),
        ("every frame is acknowledged or refused", lambda: _all_known(stage)),
    ]
    for client in stage.clients:
        client.bury()
        client.wanted = True
    late = [what for what, condition in steps if not await until(what, condition)]
    _last_words(stage)
    steps = [
        ("the last words are acknowledged", steps[-1][1]),
        ("the relays and the archive have read everything", CaughtUp(stage)),
        ("the HTTP API and every screen tell who is there", lambda: _counted(stage)),
        ("the relays and the archive have read everything again", CaughtUp(stage)),
    ]
    late += [what for what, condition in steps if not await until(what, condition)]
    await asyncio.sleep(ARRIVAL_SECONDS)
    return late


async def until(what: str, condition: Callable[[], Awaitable[bool]]) -> bool:
    """Whether the condition has come true in time; prints how long it took."""
    began = time.monotonic()
    while not (true := await condition()) and time.monotonic() < began + MOST_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
    print(f"{what}: {true} after {time.monotonic() - began:.1f} s", flush=True)
    return true


async def all_welcome(stage: Stage) -> bool:
    return all(client.is_welcome for client in stage.clients)


async def _all_known(stage: Stage) -> bool:
    return not any(client.outbox for client in stage.clients)


async def _unfrozen(stage: Stage) -> bool:
    return {await platform.settle(0, frozen=False) for platform in stage.platforms.values()} == {200}


async def _described(stage: Stage) -> bool:
    # What Redis has forgotten is put again, as an operator would. A change that may have been made is told.
    return {await platform.describe(platform.described) for platform in stage.platforms.values()} == {200}


def _last_words(stage: Stage) -> None:
    """A last guest in each room, and a like and a chat: so the counts are told once more."""
    for activity, clients in stage.rooms.items():
        person = Person(activity=activity, name="last", user="last")
        guest = Client(stage.emulator.address, person, clients[0].dice)
        guest.send(Sending(user="last", id="last-l", kind="like", count=1))
        guest.send(Sending(user="last", id="last-c", text="the end"))
        clients.append(guest)


async def _counted(stage: Stage) -> bool:
    return all([await _is_counted(stage.platforms[activity], clients) for activity, clients in stage.rooms.items()])


async def _is_counted(platform: Platform, clients: list[Viewer]) -> bool:
    status, told = await platform.call("GET")
    users = {client.person.user for client in clients}
    lanes = [client.lane for client in clients]
    right = len(users), lanes.count("seat"), lanes.count("gallery")
    return status == 200 and all(lanes) and (told["onlineNumber"], told["connections"], told.get("places", 0)) == right


@dataclass
class CaughtUp:
    """Whether each group has committed what its topic had when this was first asked. Heartbeats go on meanwhile."""

    stage: Stage
    ends: dict[str, dict[TopicPartition, int]] = field(default_factory=dict)

    async def __call__(self) -> bool:
        stage = self.stage
        groups = [(name, LIVE_TOPIC) for name in stage.functions("relay")]
        groups += [(name, SAVE_TOPIC) for name in stage.functions("archive")]
        try:
            return all([await self._has_read(group, topic) for group, topic in groups])
        except (KafkaError, OSError):
            return False

    async def _has_read(self, group: str, topic: str) -> bool:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        reader = AIOKafkaConsumer(bootstrap_servers=self.stage.kafka.address, group_id=group, enable_auto_commit=False)
        async with reader:
            reader.assign(partitions)
            if topic not in self.ends:
                self.ends[topic] = await reader.end_offsets(partitions)
            ends = self.ends[topic]
            return all([(await reader.committed(one) or 0) >= ends[one] for one in partitions])
