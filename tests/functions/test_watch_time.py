"""Watch time from the first heartbeat to the table, against the rule of the protocol worked out in another way."""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import itemgetter
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions import connect, disconnect, message, sweep
from functions.adapters.room_answers import Rate
from functions.adapters.room_log import LogUnavailable
from functions.adapters.sweep_state import SweepState
from functions.adapters.watch_totals import WatchTotals
from functions.parts import RoomParts
from functions.rooms.archive import read_record
from functions.rooms.seats import LEASE_HEARTBEATS
from functions.rooms.watch_time import Credit, credit_of
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event
from tests.functions.tables import client, make_table

INTERVAL = 60_000
MOST = INTERVAL * 3 // 2
LEASE = LEASE_HEARTBEATS * INTERVAL
HEARTBEAT = '{"messageType":7}'
OTHERS = ('{"messageType":6}', '{"messageType":3}', '{"messageType":4,"message":"hello"}')


@dataclass
class Visit:
    """A user from their first connection to their last: when they came, and each time that something was credited.

    `moments` are what the server's clock said, whether it went forwards or not.
    """

    moments: list[int]
    seen: dict[str, int] = field(default_factory=dict)


class Ledger:
    """The rule, worked out from what happened when it is all over: what lies between two credits, and no more than one
    and a half intervals of it; time that the clock went back over counts once."""

    def __init__(self) -> None:
        self._here: dict[str, Visit] = {}
        self._visits: dict[str, list[Visit]] = defaultdict(list)

    def here(self, user: str, connection: str) -> bool:
        return user in self._here and connection in self._here[user].seen

    def alive(self, user: str, connection: str, now: int) -> None:
        """A sign of life, which begins a visit where there is none."""
        if user not in self._here:
            self._here[user] = Visit([now])
            self._visits[user].append(self._here[user])
        self._here[user].seen[connection] = now

    def credited(self, user: str, now: int) -> None:
        self._here[user].moments.append(now)

    def gone(self, user: str, connection: str, now: int) -> None:
        """A connection ended, and was alive until `now`."""
        if self.here(user, connection):
            self.credited(user, now)
            del self._here[user].seen[connection]
            if not self._here[user].seen:
                del self._here[user]

    def swept(self, now: int) -> int:
        """The connections that showed no sign of life for longer than a lease watched until their last one."""
        lapsed = [
            (user, connection, seen)
            for user, visit in self._here.items()
            for connection, seen in visit.seen.items()
            if seen < now - LEASE
        ]
        for user, connection, seen in sorted(lapsed, key=itemgetter(2)):
            self.gone(user, connection, seen)
        return len(lapsed)

    def earned(self) -> dict[str, int]:
        """What each user has watched, in ms."""
        watched = {user: sum(map(_earned, visits)) for user, visits in self._visits.items()}
        return {user: earned for user, earned in watched.items() if earned}


def _earned(visit: Visit) -> int:
    highest = [max(visit.moments[: end + 1]) for end in range(len(visit.moments))]
    return sum(min(after - before, MOST) for before, after in pairwise(highest))


@dataclass
class Simulation:
    """Users who open tabs, beat, chat, fall silent, close or are lost, while clocks jump and Kafka is away at times."""

    parts: RoomParts
    sweeper: sweep.Parts
    log: MemoryLog
    clock: Clock
    dice: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    time: int = NOW
    opened: int = 0
    swept: int = 0
    unpublished: int = 0
    tabs: list[tuple[str, str]] = field(default_factory=list)

    async def run(self, steps: int) -> None:
        actions: list[Callable[[], Any]] = [self.open, self.beat, self.other, self.close, self.lose, self.sweep]
        for _ in range(steps):
            self.time += self.dice.choice((0, 1, 999, 7_001, 20_011, 61_003))
            [action] = self.dice.choices(actions, weights=(4, 12, 2, 2, 1, 2))
            # Each call has the clock of the machine that it is made on, and some machines' clocks are wrong.
            self.clock.now = self.time + self.dice.choice((0, 0, 0, -3, 40, -45_000, 75_000))
            await action()
        self.clock.now = self.time + 10 * LEASE
        await self.sweep()

    async def open(self) -> None:
        user, connection = f"u{self.dice.randrange(8)}", f"c{self.opened}"
        self.opened += 1
        self.log.live_is_away = self.kafka_fails()
        answer = await connect.main(route_event(user, connection), self.parts)
        self.log.live_is_away = False
        if answer["statusCode"] == 503:
            self.unpublished += 1
            return
        self.ledger.alive(user, connection, self.clock.now)
        self.tabs.append((user, connection))

    async def beat(self) -> None:
        if not self.tabs:
            return
        user, connection = self.dice.choice(self.tabs)
        self.log.save_is_away = self.kafka_fails()
        before = len(self.log.saved)
        await message.main(route_event(user, connection, HEARTBEAT), self.parts)
        self.ledger.alive(user, connection, self.clock.now)
        if self.log.save_is_away:
            self.unpublished += 1
        else:
            assert len(self.log.saved) > before
            self.ledger.credited(user, self.clock.now)
        self.log.save_is_away = False

    async def other(self) -> None:
        if not self.tabs:
            return
        user, connection = self.dice.choice(self.tabs)
        await message.main(route_event(user, connection, self.dice.choice(OTHERS)), self.parts)
        self.ledger.alive(user, connection, self.clock.now)

    async def close(self) -> None:
        if not self.tabs:
            return
        user, connection = self.tabs.pop(self.dice.randrange(len(self.tabs)))
        self.log.save_is_away = self.kafka_fails()
        try:
            await disconnect.main(route_event(user, connection), self.parts)
            self.ledger.gone(user, connection, self.clock.now)
        except LogUnavailable:
            # The seat is there until its lease runs out, counted from now.
            self.unpublished += 1
            self.ledger.alive(user, connection, self.clock.now)
        self.log.save_is_away = False

    async def lose(self) -> None:
        """A close of which nobody tells."""
        if self.tabs:
            self.tabs.pop(self.dice.randrange(len(self.tabs)))

    def kafka_fails(self) -> bool:
        return self.dice.random() < 0.2

    async def sweep(self) -> None:
        lapsed = self.ledger.swept(self.clock.now)
        self.log.save_is_away = self.kafka_fails()
        with suppress(LogUnavailable):
            answer = await sweep.main({}, self.sweeper)
            assert answer["removed"] == lapsed
            lapsed = 0
        self.log.save_is_away = False
        # What could not be told of is there as before. A seat that earned nothing is given up without a word, though.
        answer = await sweep.main({}, self.sweeper)
        assert (answer["removed"] > 0) == (lapsed > 0)
        self.swept += lapsed


def credits_of(log: MemoryLog) -> list[Credit]:
    """What the archive reads of the save topic, in which a record's place is its offset."""
    records = [(offset, event.to_record(), event.time) for offset, event in enumerate(log.saved)]
    read = [credit_of(read_record(value, time), offset) for offset, value, time in records]
    return [credit for credit in read if credit is not None]


def summed(credits_: list[Credit]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for credit in credits_:
        sums[credit.user_id] += credit.earned
    return sums


def simulation(redis: RedisCluster, parts: RoomParts, log: MemoryLog, clock: Clock, seed: int) -> Simulation:
    # Clocks that go back must not make frames too frequent.
    plenty = Rate(burst=1_000_000, per_second=1)
    room = replace(parts, chat_rate=plenty, other_rate=plenty)
    sweeper = sweep.Parts(room, SweepState(redis, heartbeat_seconds=60), LEASE)
    return Simulation(room, sweeper, log, clock, random.Random(seed))


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_credited_is_exact_to_the_rule(
    redis: RedisCluster, parts: RoomParts, log: MemoryLog, clock: Clock, seed: int
) -> None:
    simulated = simulation(redis, parts, log, clock, seed)
    await simulated.run(400)
    assert simulated.swept
    assert simulated.unpublished
    assert summed(credits_of(log)) == simulated.ledger.earned()


@pytest.mark.parametrize("seed", range(6, 8))
async def test_what_the_table_has_is_exact_however_often_batches_come_again(
    redis: RedisCluster, parts: RoomParts, log: MemoryLog, clock: Clock, moto_url: str, seed: int
) -> None:
    simulated = simulation(redis, parts, log, clock, seed)
    await simulated.run(200)
    credits_, dice = credits_of(log), simulated.dice
    totals = WatchTotals(lambda: client(moto_url), await make_table(moto_url))
    place = 0
    while place < len(credits_):
        start = max(0, place - dice.randint(0, 20))
        place += dice.randint(1, 10)
        assert await totals.add(credits_[start:place]) == []
    users, total = await totals.top(42, 200)
    earned = simulated.ledger.earned()
    assert {user: round(seconds * 1000) for user, seconds in users} == earned
    assert round(total * 1000) == sum(earned.values())


def test_the_rule_is_worked_out_as_the_protocol_has_it() -> None:
    ledger = Ledger()
    ledger.alive("alice", "c1", 0)
    ledger.alive("alice", "c2", 10_000)
    for connection, now in (("c1", 60_000), ("c2", 70_000), ("c1", 65_000), ("c2", 300_000)):
        ledger.alive("alice", connection, now)
        ledger.credited("alice", now)
    ledger.gone("alice", "c1", 310_000)
    assert ledger.earned() == {"alice": 60_000 + 10_000 + 0 + 90_000 + 10_000}
