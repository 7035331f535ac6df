"""A large audience of one room on a clock of its own: readers take places, renew them, leave, vanish and are banned.

It runs the functions' own code with a real Redis. The room's clock is years behind Redis's and goes as fast as the code
can, while Redis's own goes on as ever: what mixes up the two goes wrong here. Slots are told by Redis's clock alone, so
they are not read here but in bench/origin.py.

Who is there is known without Redis. A reader who vanished is to be counted until the first sweep behind the end of the
lease, and everybody else as long as the place is held.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple, TypeVar

from redis.asyncio.cluster import RedisCluster

from bench.gallery_room import gallery_of
from bench.onlooker import Onlooker
from bench.reader import Reader
from bench.rooms import HEARTBEAT_SECONDS, relay_parts
from bench.viewers import Crowd, Viewer
from bench.watch_log import WatchLog
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.sweep_state import SweepState
from functions.handlers import connect, message, relay
from functions.parts import RoomParts
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import LEASE_HEARTBEATS, bucket_of
from functions.usecases.placing import Gallery, Order, Placed, end_places, take_place
from functions.usecases.sweeper import Sweeper

ACTIVITY_ID = 42
START_MS = 1_600_000_000_000
# A tick's window. All that happens within it happens at its end.
STEP_MS = 500
SWEEP_MS = 60_000
HEARTBEAT_MS = HEARTBEAT_SECONDS * 1000
# The records of one tick, as in functions/manifest.py.
RECORDS_A_TICK = 5000
AT_ONCE = 200

A = TypeVar("A")


class Counts(NamedTuple):
    """Of a room."""

    users: int
    seats: int
    places: int


@dataclass
class Made:
    """How many calls were made, by kind; renewals in each second; calls that were refused; places that had
    lapsed."""

    calls: Counter[str] = field(default_factory=Counter)
    renewals: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    lapsed: int = 0


class Audience:
    """One room, and all who watch. `now` is the room's clock. `skews`: how far the clocks of the environments of the
    function api are from it, in ms."""

    def __init__(self, redis: RedisCluster, *, beats_per_second: int = 500, skews: Sequence[int] = (0,)) -> None:
        self.redis, self.now, self.made, self.log, self.onlooker = redis, START_MS, Made(), WatchLog(), Onlooker()
        self.held: dict[str, Reader] = {}
        self.seated: list[Viewer] = []
        self.ticks_path = ""
        self._crowd, self._random = Crowd(ACTIVITY_ID), random.Random(1)
        self._due: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        self._numbers = count()
        self._parts = relay_parts(redis, self.onlooker, self.log, lambda: self.now)
        self._moderation = ModerationState(redis)
        self._environments = [self._environment(skew, beats_per_second) for skew in skews]
        sweeps = SweepState(redis, heartbeat_seconds=HEARTBEAT_SECONDS)
        self._sweeper = Sweeper(self._parts.room, sweeps, LEASE_HEARTBEATS * HEARTBEAT_MS)
        self._at(SWEEP_MS, self._sweep)

    def _environment(self, skew: int, beats_per_second: int) -> tuple[RoomParts, Gallery]:
        room = RoomParts(state=self._parts.room.state, log=self.log, clock=lambda: self.now + skew)
        return room, gallery_of(self.redis, room, seats_before=1, beats_per_second=beats_per_second)

    async def sit(self, number: int) -> list[Viewer]:
        """So many viewers take seats, and keep them. The first one of all is the onlooker."""
        viewers = [self._crowd.come() for _ in range(number)]
        for viewer in viewers:
            await connect.main(viewer.event(), self._parts.room)
            self._at(HEARTBEAT_MS, lambda viewer=viewer: self._heartbeat(viewer))  # type: ignore[misc]
        self.seated += viewers
        self.onlooker.connection_id = self.seated[0].connection_id
        await self.go_on(1)
        return viewers

    def come(self, number: int, seconds: float) -> list[Reader]:
        """So many readers come, evenly within the seconds from now."""
        readers = [Reader(self._crowd.come().identity) for _ in range(number)]
        self.take(readers, seconds)
        return readers

    def take(self, readers: Sequence[Reader], seconds: float) -> None:
        """These readers are to take places, evenly within the seconds from now."""
        for index, reader in enumerate(readers, 1):
            self._at(round(seconds * 1000 * index / len(readers)), lambda reader=reader: self._call(reader))  # type: ignore[misc]

    async def leave(self, readers: Sequence[Reader]) -> None:
        """These readers give their places up, as fast as the tick's window has room for their records."""
        for start in range(0, len(readers), RECORDS_A_TICK):
            await _each(readers[start : start + RECORDS_A_TICK], self._leave)
            await self.go_on(STEP_MS / 1000)

    def vanish(self, readers: Iterable[Reader]) -> None:
        """These readers are not heard of any more."""
        for reader in readers:
            reader.watches = False

    async def ban(self, reader: Reader) -> None:
        """Ban a reader, as the API does it."""
        user_id, ban = reader.identity.user_id, Sanction(until=FOR_GOOD, since=self.now)
        await self._moderation.sanction("bans", ACTIVITY_ID, user_id, ban, cut_at=self.now)
        places = await self._moderation.places_of(ACTIVITY_ID, user_id, calling=True)
        await end_places(self._parts.room, ACTIVITY_ID, places)
        for place in places:
            del self.held[place.connection_id]

    async def say(self, viewer: Viewer, text: str) -> None:
        """A viewer on a seat says something."""
        await message.main(viewer.event({"messageType": 4, "message": text}), self._parts.room)

    async def go_on(self, seconds: float) -> None:
        """The room's clock goes on by so much, and all happens that is due."""
        end = self.now + round(seconds * 1000)
        while self.now < end:
            self.now = min(end, self.now + STEP_MS)
            due = []
            while self._due and self._due[0][0] <= self.now:
                due.append(heappop(self._due)[2])
            await _each(due, lambda act: act())
            while self.log.live:
                self.made.calls["tick"] += 1
                await relay.main(self.log.take(RECORDS_A_TICK), self._parts)

    async def lose_all(self) -> None:
        """Redis is emptied, and forgets the scripts."""
        await self.redis.flushall(target_nodes=RedisCluster.PRIMARIES)
        await self.redis.execute_command("SCRIPT FLUSH", target_nodes=RedisCluster.PRIMARIES)
        self.held.clear()

    async def first_slot(self) -> int:
        """The first slot that the gallery has as a whole: the one after that in which it was opened."""
        opened = await self.redis.hget(RoomKeys(ACTIVITY_ID).gallery, "open")
        return int(opened or 0) // 1000 + 1

    async def lose_places(self, bucket: int) -> None:
        """Redis loses the places of a bucket."""
        (key,) = RoomKeys(ACTIVITY_ID).places([bucket])
        await self.redis.delete(key)
        self.held = {place: reader for place, reader in self.held.items() if bucket_of(place) != bucket}

    async def counted(self) -> Counts:
        """What Redis says."""
        found = await self._parts.room.state.figures(ACTIVITY_ID)
        return Counts(found.online, found.connections, found.places)

    def true(self) -> Counts:
        """What is so."""
        users = {reader.identity.user_id for reader in self.held.values()}
        users |= {viewer.identity.user_id for viewer in self.seated}
        return Counts(len(users), len(self.seated), len(self.held))

    def _at(self, ms: int, act: Callable[[], Awaitable[None]]) -> None:
        """To be done so many ms from now."""
        heappush(self._due, (self.now + ms, next(self._numbers), act))

    async def _call(self, reader: Reader) -> None:
        """Take a place, or renew it."""
        if not reader.watches:
            return
        room, gallery = self._random.choice(self._environments)
        order = Order(place=reader.place, read_mail=reader.mail)
        placed = await take_place(room, gallery, self._parts.bans, reader.identity, order)
        self.made.calls["renew" if reader.place else "take"] += 1
        if not isinstance(placed, Placed):
            self.made.refused += 1
            self.vanish([reader])
            return
        self._is_placed(reader, placed, room.clock())

    def _is_placed(self, reader: Reader, placed: Placed, now: int) -> None:
        self.made.lapsed += placed.lapsed
        self.made.renewals[self.now // 1000] += reader.place is not None
        # The first renewal comes at a moment of the reader's own, as in client/live.js.
        wait = 1.0 if reader.place else self._random.random()
        reader.is_placed(placed, now)
        self.held[placed.place] = reader
        self.ticks_path = placed.ticks
        self._at(round(wait * 1000 * reader.beat), lambda: self._call(reader))

    async def _leave(self, reader: Reader) -> None:
        self.made.calls["leave"] += 1
        room, _ = self._random.choice(self._environments)
        await end_places(room, ACTIVITY_ID, [reader.seat])
        reader.watches, reader.seen_at = False, max(reader.seen_at, room.clock())
        del self.held[reader.seat.connection_id]

    async def _heartbeat(self, viewer: Viewer) -> None:
        self._at(HEARTBEAT_MS, lambda: self._heartbeat(viewer))
        await message.main(viewer.event({"messageType": 7}), self._parts.room)

    async def _sweep(self) -> None:
        self._at(SWEEP_MS, self._sweep)
        self.made.calls["sweep"] += 1
        await self._sweeper.sweep()
        self.held = {place: reader for place, reader in self.held.items() if reader.lease_ends >= self.now}


async def _each(items: Sequence[A], act: Callable[[A], Awaitable[Any]]) -> None:
    """Do something with each of them, so many at once."""
    left = iter(items)

    async def work() -> None:
        for item in left:
            await act(item)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(AT_ONCE, len(items))):
            tasks.create_task(work())
