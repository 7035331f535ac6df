"""Delivers a tick: frames to many seats, side by side, in order for each."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
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

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """What became of it; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """The frames that one seat of one room is to get, in order."""

    activity_id: int
    seat: Seat
    frames: Sequence[Payload]


@dataclass
class Report:
    """What became of deliveries. A delivery is `delivered` when all of its frames were."""

    delivered: list[Delivery] = field(default_factory=list)
    gone: list[Delivery] = field(default_factory=list)
    posts: Counter[Outcome] = field(default_factory=Counter)


class Fanout:
    """Spends at most `workers` POSTs at a time."""

    def __init__(self, poster: Poster, *, workers: int = WORKERS, backoff: Sequence[float] = BACKOFF_SECONDS) -> None:
        self._poster = poster
        self._workers = workers
        self._backoff = backoff

    async def deliver(self, deliveries: Sequence[Delivery]) -> Report:
        """Post everything; returns when the last POST is answered or given up."""
        report = Report()
        left = iter(deliveries)
        workers = min(self._workers, len(deliveries))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(workers):
                tasks.create_task(self._work(left, report))
        return report

    async def _work(self, left: Iterator[Delivery], report: Report) -> None:
        for delivery in left:
            outcome = await self._deliver_one(delivery, report)
            if outcome is Outcome.DELIVERED:
                report.delivered.append(delivery)
            elif outcome is Outcome.GONE:
                report.gone.append(delivery)

    async def _deliver_one(self, delivery: Delivery, report: Report) -> Outcome:
        """The frames one after another; the first that fails ends it, since later ones must not overtake it."""
        outcome = Outcome.DELIVERED
        for frame in delivery.frames:
            outcome = await self._post(delivery.seat.connection_id, frame, report.posts)
            if outcome is not Outcome.DELIVERED:
                break
        return outcome

    async def _post(self, connection_id: str, frame: Payload, posts: Counter[Outcome]) -> Outcome:
        outcome = await self._poster.post(connection_id, frame)
        posts[outcome] += 1
        for seconds in self._backoff:
            if outcome is not Outcome.THROTTLED:
                break
            await asyncio.sleep(seconds)
            outcome = await self._poster.post(connection_id, frame)
            posts[outcome] += 1
        return outcome
