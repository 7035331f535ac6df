"""Watch time from the first heartbeat to the table, against the rule of the protocol worked out in another way."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.adapters.kafka.room_log import LogUnavailable, OutcomeUnknown
from functions.adapters.redis.client import connect as connect_to_redis
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.adapters.redis.words import Words
from functions.handlers import connect, disconnect, message, sweep
from functions.parts import MessageParts
from functions.rooms.answers import Rate
from functions.rooms.archive import read_record
from functions.rooms.events import Event
from functions.rooms.seats import LEASE_HEARTBEATS
from functions.rooms.watch_time import Credit, credit_of
from functions.usecases.sweeper import Sweeper
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.conftest import NOW, UNLIMITED, Clock, MemoryLog, route_event
from tests.functions.made import watching
from tests.functions.memory_table import MemoryTable

INTERVAL = 60_000
MOST = INTERVAL * 3 // 2
LEASE = LEASE_HEARTBEATS * INTERVAL
HEARTBEAT = '{"messageType":7}'
OTHERS = ('{"messageType":6}', '{"messageType":3}', '{"messageType":4,"message":"hello"}')

# What becomes of a record: it is written; it is refused; it is refused, and written late all the same.
Fate = Literal["written", "refused", "late"]


class StallingLog(MemoryLog):
    """A save topic whose records have a `fate`."""

    def __init__(self) -> None:
        super().__init__()
        self.fate: Fate = "written"
        self._stuck: list[Event] = []

    async def publish_saved(self, event: Event) -> None:
        if self.fate == "late":
            self._stuck.append(event)
            raise OutcomeUnknown("no answer")
        if self.fate == "refused":
            raise LogUnavailable("away")
        await super().publish_saved(event)

    def write_late(self) -> None:
        self.saved += self._stuck
        self._stuck.clear()


@dataclass
class Told:
    """A stretch of watching. `arrived`: all of it was written in time."""

    start: int
    end: int
    arrived: bool = False


@dataclass
class Visit:
    """A user from their first connection to their last, each connection with its last sign of life."""

    stretch: Told
    seen: dict[str, int] = field(default_factory=dict)


class Ledger:
    """The rule, worked out from what happened. A stretch goes on as long as no more than one and a half intervals pass
    between two credits; of a longer silence so much is watched. `there` is when each user's tabs were open."""

    def __init__(self) -> None:
        self._here: dict[str, Visit] = {}
        self.stretches: dict[str, list[Told]] = defaultdict(list)
        self.there: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def is_here(self, user: str) -> bool:
        return user in self._here

    def _begun(self, user: str, start: int, end: int) -> Told:
        self.stretches[user].append(Told(start, end))
        return self.stretches[user][-1]

    def alive(self, user: str, connection: str, now: int) -> None:
        """A sign of life, which begins a visit where there is none."""
        if user not in self._here:
            self._here[user] = Visit(self._begun(user, now, now))
        self._here[user].seen[connection] = now

    def credited(self, user: str, now: int, *, arrived: bool) -> Told:
        visit = self._here[user]
        if now - visit.stretch.end > MOST:
            visit.stretch = self._begun(user, now - MOST, now - MOST)
        told = visit.stretch
        told.arrived = arrived or (told.arrived and now <= told.end)
        told.end = max(told.end, now)
        return told

    def gone(self, user: str, connection: str, now: int, *, arrived: bool) -> Told | None:
        """A connection ended, and was alive until `now`."""
        if user not in self._here or connection not in self._here[user].seen:
            return None
        told = self.credited(user, now, arrived=arrived)
        del self._here[user].seen[connection]
        if not self._here[user].seen:
            del self._here[user]
        return told

    def swept(self, now: int, *, arrived: bool) -> int:
        """The connections that showed no sign of life for longer than a lease watched until their last one. What
        cannot be written of it comes with the next sweep, but for stretches before a user's last."""
        lapsed = [
            (user, connection, seen)
            for user, visit in self._here.items()
            for connection, seen in visit.seen.items()
            if seen < now - LEASE
        ]
        last: dict[str, Told | None] = {}
        for user, connection, seen in sorted(lapsed, key=itemgetter(2)):
            last[user] = self.gone(user, connection, seen, arrived=arrived)
        for told in last.values():
            assert told is not None
            told.arrived = True
        return len(lapsed)


@dataclass
class Simulation:
    """Users who open tabs, beat, chat, fall silent, close or are lost, while Kafka stalls at times. If `clocks_jump`,
    each call has the clock of the machine that it is made on, and some are wrong."""

    parts: MessageParts
    sweeper: Sweeper
    log: StallingLog
    clock: Clock
    dice: random.Random
    stalls: float
    clocks_jump: bool
    ledger: Ledger = field(default_factory=Ledger)
    time: int = NOW
    opened: int = 0
    # When each was opened.
    tabs: dict[tuple[str, str], int] = field(default_factory=dict)

    async def run(self, steps: int) -> None:
        actions: list[Callable[[], Any]] = [self.open, self.beat, self.other, self.close, self.lose, self.sweep]
        for _ in range(steps):
            self.time += self.dice.choice((0, 1, 999, 7_001, 20_011, 61_003))
            [action] = self.dice.choices(actions, weights=(4, 12, 2, 2, 1, 2))
            wrong = self.dice.choice((0, 0, 0, -3, 40, -45_000, 75_000)) if self.clocks_jump else 0
            self.clock.now = self.time + wrong
            await action()
            self.log.fate = "written"
            if self.dice.random() < 0.2:
                self.log.write_late()
        while self.tabs:
            await self.lose()
        self.clock.now = self.time + 10 * LEASE
        await self.sweep()
        self.log.write_late()

    def stall(self) -> bool:
        """Decide over the records of a call; True if they are written."""
        if self.dice.random() < self.stalls:
            self.log.fate = self.dice.choice(("refused", "late"))
        return self.log.fate == "written"

    def was_last_told(self, told: Told) -> bool:
        """Whether the newest record tells of exactly this stretch."""
        newest = self.log.saved[-1]
        return (newest.watch_from, newest.watch_to) == (told.start, told.end)

    async def open(self) -> None:
        user, connection = f"u{self.dice.randrange(4)}", f"c{self.opened}"
        self.opened += 1
        self.log.live_is_away = self.dice.random() < self.stalls
        answer = await connect.main(route_event(user, connection), self.parts)
        self.log.live_is_away = False
        if answer["statusCode"] != 503:
            self.ledger.alive(user, connection, self.clock.now)
            self.tabs[user, connection] = self.time

    async def beat(self) -> None:
        if not self.tabs:
            return
        user, connection = self.dice.choice(list(self.tabs))
        written = self.stall()
        await message.main(route_event(user, connection, HEARTBEAT), self.parts)
        self.ledger.alive(user, connection, self.clock.now)
        told = self.ledger.credited(user, self.clock.now, arrived=written)
        assert not written or self.was_last_told(told)

    async def other(self) -> None:
        if not self.tabs:
            return
        user, connection = self.dice.choice(list(self.tabs))
        await message.main(route_event(user, connection, self.dice.choice(OTHERS)), self.parts)
        self.ledger.alive(user, connection, self.clock.now)

    async def close(self) -> None:
        if not self.tabs:
            return
        user, connection = self.dice.choice(list(self.tabs))
        written = self.stall()
        try:
            await disconnect.main(route_event(user, connection), self.parts)
            told = self.ledger.gone(user, connection, self.clock.now, arrived=written)
            assert told is None or self.was_last_told(told)
        except LogUnavailable:
            # The seat is there until its lease runs out, counted from now.
            self.ledger.alive(user, connection, self.clock.now)
            self.ledger.credited(user, self.clock.now, arrived=False)
        # A seat whose close could not be published may be there still, and then the room takes the user to be there.
        self.shut(user, connection, known=written and not self.ledger.is_here(user))

    async def lose(self) -> None:
        """A close of which nobody tells."""
        if self.tabs:
            self.shut(*self.dice.choice(list(self.tabs)), known=False)

    def shut(self, user: str, connection: str, *, known: bool) -> None:
        """The room cannot know of some closes, and waits for so long before it takes nobody to be watching."""
        opened = self.tabs.pop((user, connection))
        self.ledger.there[user].append((opened, self.time + (0 if known else MOST)))

    async def sweep(self) -> None:
        written = self.stall()
        lapsed = self.ledger.swept(self.clock.now, arrived=written)
        with suppress(LogUnavailable):
            answer = await sweep.main({}, self.sweeper)
            assert answer["removed"] == lapsed
        self.log.fate = "written"
        await sweep.main({}, self.sweeper)
        assert (await sweep.main({}, self.sweeper))["removed"] == 0


def credits_of(log: MemoryLog) -> list[Credit]:
    """What the archive reads of the save topic, in which a record's place is its offset."""
    records = [(offset, event.to_record(), event.time) for offset, event in enumerate(log.saved)]
    read = [credit_of(read_record(value, time), offset) for offset, value, time in records]
    return [credit for credit in read if credit is not None]


async def totalled(credits_: list[Credit], dice: random.Random) -> dict[str, int]:
    """What the table has in ms for each user, after batches that were cut at random and redelivered."""
    table = MemoryTable()
    totals = WatchTotals(table, "rooms")
    place = 0
    while place < len(credits_):
        start = max(0, place - dice.randint(0, 20))
        place += dice.randint(1, 10)
        assert await totals.add([watching(credit) for credit in credits_[start:place]]) == []
    seconds: dict[bool, dict[str, float]] = {True: {}, False: {}}
    for (pk, sk), item in table.items.items():
        if sk.startswith("s#"):
            continue
        seconds[sk == "total"][pk if sk == "total" else item["userId"]["S"]] = float(item["seconds"]["N"])
    users = {user: round(each * 1000) for user, each in seconds[False].items()}
    assert round(sum(seconds[True].values()) * 1000) == sum(users.values())
    return users


async def simulated(redis_url: str, seed: int, *, stalls: float, clocks_jump: bool, steps: int) -> Simulation:
    redis, log, clock = connect_to_redis(redis_url), StallingLog(), Clock()
    await lose_all(redis)
    # Clocks that go back must not make frames too frequent.
    plenty = Rate(burst=1_000_000, per_second=1)
    state, words = RoomState(redis, heartbeat_seconds=60, limits=UNLIMITED), Words(redis)
    room = MessageParts(
        state=state,
        words=words,
        bans=PlatformBans(redis),
        log=log,
        chat_rate=plenty,
        other_rate=plenty,
        clock=clock,
    )
    sweeper = Sweeper(room, SweepState(redis, heartbeat_seconds=60), LEASE)
    dice = random.Random(seed)
    simulation = Simulation(room, sweeper, log, clock, dice, stalls=stalls, clocks_jump=clocks_jump)
    await simulation.run(steps)
    await redis.aclose()
    return simulation


def union(intervals: list[tuple[int, int]]) -> int:
    """How much time lies in any of these."""
    length, end = 0, 0
    for start, stop in sorted(intervals):
        length += max(0, stop - max(start, end))
        end = max(end, stop)
    return length


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), stalls=st.sampled_from([0, 0.15, 0.5]))
@example(seed=1, stalls=0)
@example(seed=177, stalls=0.5)
def test_watch_time_is_never_more_than_real_time_and_exactly_that_if_records_arrive(
    clean_redis: str, seed: int, stalls: float
) -> None:
    simulation = asyncio.run(simulated(clean_redis, seed, stalls=stalls, clocks_jump=False, steps=150))
    credited = asyncio.run(totalled(credits_of(simulation.log), simulation.dice))
    for user, stretches in simulation.ledger.stretches.items():
        watched = sum(told.end - told.start for told in stretches)
        arrived = sum(told.end - told.start for told in stretches if told.arrived)
        assert arrived <= credited.get(user, 0) <= watched <= union(simulation.ledger.there[user]), user
        assert stalls or arrived == watched, user


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_clocks_that_jump_give_nobody_time_that_no_stretch_has(clean_redis: str, seed: int) -> None:
    simulation = asyncio.run(simulated(clean_redis, seed, stalls=0.15, clocks_jump=True, steps=200))
    credited = asyncio.run(totalled(credits_of(simulation.log), simulation.dice))
    for user, stretches in simulation.ledger.stretches.items():
        assert credited.get(user, 0) <= union([(told.start, told.end) for told in stretches]), user


def test_the_rule_is_worked_out_as_the_protocol_has_it() -> None:
    ledger = Ledger()
    ledger.alive("alice", "c1", 0)
    ledger.alive("alice", "c2", 10_000)
    for connection, now in (("c1", 60_000), ("c2", 70_000), ("c1", 65_000), ("c2", 300_000)):
        ledger.alive("alice", connection, now)
        ledger.credited("alice", now, arrived=True)
    ledger.gone("alice", "c1", 310_000, arrived=True)
    assert ledger.stretches == {"alice": [Told(0, 70_000, True), Told(210_000, 310_000, True)]}
