"""Delivers a tick: posts frames to many seats at once, and to each seat in order.

WORKERS workers take deliveries one by one, so at most WORKERS POSTs are under way at once. A worker posts the frames of
one seat one after another. It stops at the first failure, since a later frame must not overtake an earlier one. A frame
that is too large is no failure: another one says so in its place.

All relays share the account's rate of POSTs, so a worker posts only what the budget has allowed. The budget is in
Redis and a reservation costs a round trip, so POSTs are reserved by the lot. The next tick is probably as large as the
last one: `reserve` reserves that many while the relay reads its state. So the usual tick waits for nothing. POSTs that
were reserved for a seat and not made, because an earlier one failed, are for the next tick.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from functions.adapters.aws.connections import Outcome
from functions.rooms.holes import instead_of
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat

# So many POSTs are under way at once, each on a connection of its own.
WORKERS = 64
# The pauses before the retries of a throttled POST. After the last one the seat waits for the next tick.
BACKOFF_SECONDS = (0.05, 0.2)
# A reserved POST that was not made may be made so much later. After that it would come on top of the rate.
LEFT_SECONDS = 1.0


class Poster(Protocol):
    async def prepare(self) -> None:
        """To be awaited before the POSTs of a tick."""
        ...

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """Post one frame to one connection. Errors are outcomes, never raised."""
        ...


class Budget(Protocol):
    """The rate of POSTs, which all relays share."""

    @property
    def lot(self) -> int:
        """The most POSTs that one reservation may have."""
        ...

    async def reserve(self, posts: int) -> float:
        """Reserve up to `lot` POSTs; returns the seconds to wait before making them."""
        ...


class Delivery(NamedTuple):
    """The frames for one seat of one room, in order."""

    activity_id: int
    seat: Seat
    frames: Sequence[Payload]


@dataclass(frozen=True, slots=True)
class Broken:
    """A delivery to an open connection that got its first frames, `delivered` of them, and not the rest."""

    delivery: Delivery
    delivered: int


@dataclass
class Report:
    """What became of deliveries.

    `delivered`: all frames were. `gone`: there is no such connection. `ended`: the connection got some frames, then it
    was gone. `broken`: a frame could not be delivered. `latencies`: the time of each POST, in ms.
    """

    delivered: list[Delivery] = field(default_factory=list)
    gone: list[Delivery] = field(default_factory=list)
    ended: list[Delivery] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    posts: Counter[Outcome] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Add what became of other deliveries."""
        self.delivered += other.delivered
        self.gone += other.gone
        self.ended += other.ended
        self.broken += other.broken
        self.posts += other.posts
        self.latencies += other.latencies


class Fanout:
    """Makes at most `workers` POSTs at a time, and none that the budget has not allowed."""

    def __init__(
        self,
        poster: Poster,
        budget: Budget,
        *,
        workers: int = WORKERS,
        backoff: Sequence[float] = BACKOFF_SECONDS,
    ) -> None:
        self._poster = poster
        self._budget = budget
        self._workers = workers
        self._backoff = backoff
        self._spent = 0  # since the last reservation
        self._reserved = 0
        self._free_at = 0.0
        self._left_at = 0.0

    async def reserve(self) -> None:
        """Reserve as many POSTs as the last tick took; await it beside other I/O. Raises what the budget raises."""
        if self._reserved and asyncio.get_running_loop().time() - self._left_at > LEFT_SECONDS:
            self._reserved = 0
        posts, self._spent = min(self._spent, self._budget.lot) - self._reserved, 0
        if posts > 0:
            wait = await self._budget.reserve(posts)
            self._reserved += posts
            self._left_at = self._free_at = asyncio.get_running_loop().time() + wait

    async def _take_reserved(self) -> int:
        reserved, self._reserved = self._reserved, 0
        if reserved:
            await asyncio.sleep(max(0.0, self._free_at - asyncio.get_running_loop().time()))
        return reserved

    async def deliver(
        self,
        deliveries: Sequence[Delivery],
        done: Callable[[Delivery], None] = lambda delivery: None,
        report: Report | None = None,
    ) -> Report:
        """Post everything; returns after the last POST. `done` is called after each delivery, whatever its outcome,
        when `report` has it."""
        report = report or Report()
        if not deliveries:
            return report
        await self._poster.prepare()
        posts = sum(len(delivery.frames) for delivery in deliveries)
        allowance = _Allowance(self._budget, posts, await self._take_reserved())
        self._spent += posts
        left = iter(deliveries)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(self._workers, len(deliveries))):
                tasks.create_task(self._work(left, allowance, report, done))
        self._reserved, self._left_at = allowance.free, asyncio.get_running_loop().time()
        return report

    async def _work(
        self,
        left: Iterator[Delivery],
        allowance: "_Allowance",
        report: Report,
        done: Callable[[Delivery], None],
    ) -> None:
        for delivery in left:
            if not allowance.take(len(delivery.frames)):
                await allowance.wait_for(len(delivery.frames))
            tried = await self._deliver_one(delivery, report)
            allowance.free += len(delivery.frames) - tried
            done(delivery)

    async def _deliver_one(self, delivery: Delivery, report: Report) -> int:
        """Returns how many of its frames were tried."""
        for number, frame in enumerate(delivery.frames):
            outcome = await self._post(delivery.seat.connection_id, frame, report)
            if outcome is Outcome.TOO_LARGE:
                outcome = await self._post(delivery.seat.connection_id, instead_of(frame), report)
            if outcome is Outcome.GONE:
                (report.ended if number else report.gone).append(delivery)
            elif outcome is not Outcome.DELIVERED:
                report.broken.append(Broken(delivery, number))
            if outcome is not Outcome.DELIVERED:
                return number + 1
        report.delivered.append(delivery)
        return len(delivery.frames)

    async def _post(self, connection_id: str, frame: Payload, report: Report) -> Outcome:
        outcome = await self._timed_post(connection_id, frame, report)
        for seconds in self._backoff:
            if outcome is not Outcome.THROTTLED:
                break
            await asyncio.sleep(seconds)
            outcome = await self._timed_post(connection_id, frame, report)
        return outcome

    async def _timed_post(self, connection_id: str, frame: Payload, report: Report) -> Outcome:
        start = time.perf_counter()
        outcome = await self._poster.post(connection_id, frame)
        report.latencies.append((time.perf_counter() - start) * 1000)
        report.posts[outcome] += 1
        return outcome


class _Allowance:
    """What this tick may post: `free` POSTs, and more that are reserved lot by lot when those are spent."""

    def __init__(self, budget: Budget, total: int, free: int) -> None:
        self._budget = budget
        self._unreserved = max(0, total - free)
        self.free = free
        self._reserving = asyncio.Lock()

    def take(self, posts: int) -> bool:
        """Take `posts` of the free POSTs; False if there are fewer."""
        if self.free < posts:
            return False
        self.free -= posts
        return True

    async def wait_for(self, posts: int) -> None:
        """Take `posts`, and reserve more as long as there are too few."""
        async with self._reserving:
            while not self.take(posts):
                lot = max(min(self._unreserved, self._budget.lot), posts - self.free)
                await asyncio.sleep(await self._budget.reserve(lot))
                self._unreserved -= lot
                self.free += lot
