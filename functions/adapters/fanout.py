"""Delivers a tick: frames to many seats, side by side, in order for each."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from functions.adapters.connections import Outcome
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat

# So many POSTs are under way at once; each has a connection of its own.
WORKERS = 64
# Waits before a throttled POST is tried again. Then the frame is dropped: the next tick has newer ones.
BACKOFF_SECONDS = (0.05, 0.2)


class Poster(Protocol):
    """Posts one frame to one connection."""

    async def prepare(self) -> None:
        """Awaited before the posts of a tick."""
        ...

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """What became of it; never raises."""
        ...


class Budget(Protocol):
    """The rate of POSTs that is shared with others."""

    @property
    def lot(self) -> int:
        """The most that is reserved at once."""
        ...

    async def reserve(self, posts: int) -> float:
        """Reserve up to `lot` POSTs; the seconds to wait before making them."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """The frames that one seat of one room is to get, in order."""

    activity_id: int
    seat: Seat
    frames: Sequence[Payload]


@dataclass
class Report:
    """What became of deliveries. A delivery is `delivered` when all of its frames were.

    `gone`: there was no such connection. `ended`: nor was there any more, after a frame that it did get. `latencies`:
    how long each POST took, in ms.
    """

    delivered: list[Delivery] = field(default_factory=list)
    gone: list[Delivery] = field(default_factory=list)
    ended: list[Delivery] = field(default_factory=list)
    posts: Counter[Outcome] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)


class Fanout:
    """Spends at most `workers` POSTs at a time, and none that the budget did not lend."""

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

    async def reserve(self) -> None:
        """Reserve what the last tick took, while something else has to be waited for; a tick of the same size then
        waits for no round trip of its own. Raises what the budget raises."""
        posts, self._spent = min(self._spent, self._budget.lot), 0
        if posts and not self._reserved:
            wait = await self._budget.reserve(posts)
            self._reserved, self._free_at = posts, asyncio.get_running_loop().time() + wait

    async def _take_reserved(self) -> int:
        reserved, self._reserved = self._reserved, 0
        if reserved:
            await asyncio.sleep(max(0.0, self._free_at - asyncio.get_running_loop().time()))
        return reserved

    async def deliver(
        self, deliveries: Sequence[Delivery], done: Callable[[Delivery], None] = lambda delivery: None
    ) -> Report:
        """Post everything; returns when the last POST is answered or given up. `done` hears of each as it is over."""
        report = Report()
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
            await self._deliver_one(delivery, report)
            done(delivery)

    async def _deliver_one(self, delivery: Delivery, report: Report) -> None:
        """The frames one after another; the first that fails ends it, since later ones must not overtake it."""
        for number, frame in enumerate(delivery.frames):
            outcome = await self._post(delivery.seat.connection_id, frame, report)
            if outcome is Outcome.GONE:
                (report.ended if number else report.gone).append(delivery)
            if outcome is not Outcome.DELIVERED:
                return
        report.delivered.append(delivery)

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
    """What may be posted in this tick: `free` POSTs, and what is reserved lot by lot when those are spent."""

    def __init__(self, budget: Budget, total: int, free: int) -> None:
        self._budget = budget
        self._unreserved = total - free
        self._free = free
        self._reserving = asyncio.Lock()

    def take(self, posts: int) -> bool:
        """Take what is free, if that is enough."""
        if self._free < posts:
            return False
        self._free -= posts
        return True

    async def wait_for(self, posts: int) -> None:
        """Take `posts` as soon as they are free."""
        async with self._reserving:
            while not self.take(posts):
                lot = max(min(self._unreserved, self._budget.lot), posts - self._free)
                await asyncio.sleep(await self._budget.reserve(lot))
                self._unreserved -= lot
                self._free += lot
