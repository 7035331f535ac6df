"""Any single key of a running room is lost: heartbeats and a sweep heal the room, and nobody is told wrongly."""

from collections.abc import Sequence

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.keys import ROOMS, RoomKeys
from functions.adapters.redis.sweep_state import SweepState
from functions.handlers import connect, disconnect, message, relay, sweep
from functions.rooms import events
from functions.rooms.seats import BUCKETS, bucket_of
from functions.usecases.sweeper import Sweeper
from tests.functions.conftest import Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import Screens, batch, relay_parts, screens

__all__ = ["relay_parts", "screens"]  # fixtures

LEASE = 120_000
# Each connection's user. Carol has two tabs.
PEOPLE = {"c-alice": "alice", "c-bob": "bob", "c-carol": "carol", "c-carol2": "carol"}
KEYS = RoomKeys(42)


class Room:
    """A room with PEOPLE, who have been welcomed and have beaten once. The relay shows what is logged."""

    def __init__(self, parts: RelayParts, screens: Screens, log: MemoryLog, clock: Clock, redis: RedisCluster) -> None:
        self.parts, self.screens, self.log, self.clock, self.redis = parts, screens, log, clock, redis
        self._sweeper = Sweeper(parts.room, SweepState(redis, heartbeat_seconds=60), LEASE)
        self._shown = 0

    async def begin(self) -> None:
        for connection, user in PEOPLE.items():
            await connect.main(route_event(user, connection), self.parts.room)
        await self.show()
        await self.beat(*PEOPLE)
        self.screens.shown.clear()

    async def beat(self, *connections: str) -> None:
        """A minute passes, and these connections send a heartbeat."""
        self.clock.now += 60_000
        for connection in connections:
            await message.main(route_event(PEOPLE[connection], connection, '{"messageType":7}'), self.parts.room)

    async def leave(self, connection: str) -> None:
        await disconnect.main(route_event(PEOPLE[connection], connection), self.parts.room)

    async def sweep(self) -> None:
        await sweep.main({}, self._sweeper)

    async def show(self) -> None:
        """Let the relay show what is new in the log."""
        new, self._shown = self.log.live[self._shown :], len(self.log.live)
        if new:
            await relay.main(batch(*new, first=50 + self._shown), self.parts)

    def moves(self) -> list[tuple[int, str]]:
        """What alice was told of who came and went."""
        return [
            (said["messageType"], said["userId"])
            for said in self.screens.shown["c-alice"]
            if "userId" in said and said["messageType"] in (1, 2)
        ]

    async def is_whole(self, names: Sequence[str] = ("alice", "bob", "carol"), connections: int = 4) -> None:
        figures = await self.parts.room.state.figures(42)
        assert (figures.online, figures.connections) == (len(names), connections)
        page = await self.parts.room.state.who(42, limit=50)
        assert sorted(page.users) == sorted((name, name.title(), {}) for name in names)
        assert page.online == len(names)
        assert await self.redis.zscore(ROOMS, "42") is not None


@pytest.fixture
async def room(relay_parts: RelayParts, screens: Screens, log: MemoryLog, clock: Clock, redis: RedisCluster) -> Room:
    made = Room(relay_parts, screens, log, clock, redis)
    await made.begin()
    return made


async def every_key(redis: RedisCluster) -> list[str]:
    """The keys of the room and the list of rooms; rates, ids and answers to calls are gone in minutes anyway."""
    found = [str(key) async for key in redis.scan_iter("*")]
    return sorted(key for key in found if not {"call", "rate", "id"} & set(key.split(":")))


async def test_every_key_may_be_lost_and_heartbeats_and_a_sweep_heal_the_room(room: Room) -> None:
    for key in await every_key(room.redis):
        await room.redis.delete(key)
        await room.beat(*PEOPLE)
        await room.show()
        await room.sweep()
        await room.show()
        assert room.moves() == [], key
        await room.is_whole()


async def test_every_key_may_be_lost_and_a_sweep_comes_first(room: Room) -> None:
    for key in await every_key(room.redis):
        await room.redis.delete(key)
        if key != ROOMS:
            await room.sweep()
            await room.show()
            assert (await room.parts.room.state.figures(42)).online == 3, key
        await room.beat(*PEOPLE)
        await room.sweep()
        await room.show()
        assert room.moves() == [], key
        await room.is_whole()


async def test_watch_time_goes_on_over_a_lost_line(room: Room) -> None:
    before = room.clock.now
    await room.redis.delete(*KEYS.users(range(BUCKETS)))
    room.log.saved.clear()
    await room.beat("c-bob", "c-carol", "c-carol2")
    watched = {(event.who.user_id, event.watch_from, event.watch_to) for event in room.log.saved}
    assert watched == {(user, before, before + 60_000) for user in ("bob", "carol")}


async def test_whoever_leaves_after_a_loss_is_told_once_and_the_last_one_empties_the_room(room: Room) -> None:
    await room.redis.delete(*KEYS.users(range(BUCKETS)))
    await room.beat("c-alice", "c-bob", "c-carol")
    # Nobody knows of the other tab until the sweep has counted.
    await room.leave("c-carol")
    await room.sweep()
    await room.show()
    assert room.moves() == []
    await room.is_whole(connections=3)
    for connection in ("c-carol2", "c-bob"):
        await room.leave(connection)
    await room.show()
    assert room.moves() == [(2, "carol"), (2, "bob")]
    await room.is_whole(["alice"], 1)


async def test_whoever_is_gone_with_a_lost_line_has_left_after_a_lease(room: Room) -> None:
    await room.redis.delete(KEYS.of_all_seats()["users"][bucket_of("bob")])
    await room.leave("c-bob")
    for _ in range(2):
        await room.beat("c-alice", "c-carol", "c-carol2")
        await room.sweep()
    assert room.moves() == []
    await room.beat("c-alice", "c-carol", "c-carol2")
    room.log.live_is_away = True
    with pytest.raises(LogUnavailable):
        await room.sweep()
    room.log.live_is_away = False
    await room.sweep()
    await room.show()
    assert room.moves() == [(2, "bob")]
    await room.is_whole(["alice", "carol"], 3)
    assert [event.who.user_id for event in room.log.saved if event.type == events.LEAVE] == ["bob"]


async def test_whoever_vanished_with_lost_seats_has_left_after_a_lease(room: Room) -> None:
    await room.redis.delete(*KEYS.seats(range(BUCKETS)))
    for _ in range(3):
        await room.beat("c-alice", "c-carol")
        await room.sweep()
    await room.show()
    assert room.moves() == [(2, "bob")]
    await room.is_whole(["alice", "carol"], 2)


async def test_lost_figures_are_told_anew_by_the_sweep(room: Room) -> None:
    await room.redis.hset(KEYS.properties, "pinned", "1")
    await room.redis.delete(KEYS.figures)
    await room.sweep()
    await room.show()
    told = {said["messageType"]: said for said in room.screens.shown["c-bob"]}
    assert told[5]["onlineNumber"] == 3
    assert (told[6]["zanNumber"], told[12]["settings"]["frozen"]) == (0, False)
    assert told[14]["properties"] == {"pinned": 1}
    room.screens.shown.clear()
    await room.sweep()
    await room.show()
    assert room.screens.shown == {}


async def test_the_list_of_rooms_gets_a_room_back_by_a_heartbeat_once_an_interval(room: Room) -> None:
    newest = await room.redis.zscore(ROOMS, "42")
    await room.beat("c-bob")
    assert await room.redis.zscore(ROOMS, "42") == newest
    await room.redis.delete(ROOMS)
    room.clock.now -= 60_000
    await room.beat("c-bob")
    assert await room.redis.zscore(ROOMS, "42") is None
    await room.beat("c-bob")
    assert await room.redis.zscore(ROOMS, "42") == room.clock.now
