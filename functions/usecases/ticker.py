"""Makes one tick of each room in a batch and delivers it to the slice's seats.

A batch can hold many rooms and take seconds to post. If the relay dies meanwhile, the batch is redelivered, and what
was posted is posted again unless the room's mark has been noted. So the marks of rooms whose last POST is over are
noted while others are still being posted.

A seat of which a frame was not delivered is noted as well, with the mark: it is welcomed again by the next tick.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial

from functions.adapters.aws.connections import Outcome
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.relay_state import RelayState
from functions.rooms.broadcast import Broadcast, plan
from functions.rooms.events import Event
from functions.rooms.room_view import Posted, RoomView
from functions.rooms.seats import HANDSHAKE_MS, Seat
from functions.usecases.fanout import Delivery, Fanout, Report

# The pauses before a newcomer is tried again whose handshake was not over. A slower one waits for the room's next tick,
# or for the sweep to cause one: the batch does not wait for it.
HANDSHAKE_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Ticked:
    """What became of a batch. `latencies`: of its POSTs, in ms. `unshown`: as a broadcast counts it. `gaps`: how many
    newcomers were told of one. `expired`: how many records were too late to be shown, `too_large`: how many objects no
    frame had room for."""

    rooms: list[Posted]
    posts: Counter[Outcome]
    latencies: Sequence[float]
    unshown: Counter[str]
    gaps: int
    expired: int
    too_large: int


class Ticker:
    def __init__(
        self,
        fanout: Fanout,
        state: RelayState,
        *,
        heartbeat_seconds: int,
        posts_a_tick: int,
        handshake_seconds: Sequence[float] = HANDSHAKE_SECONDS,
    ) -> None:
        self._fanout = fanout
        self._state = state
        self._plan = partial(plan, posts=posts_a_tick, heartbeat_seconds=heartbeat_seconds)
        self._handshake_seconds = handshake_seconds

    async def reserve(self) -> None:
        """Reserve what a tick usually takes of the rate of POSTs; to be awaited beside what a tick waits for anyway."""
        await self._fanout.reserve()

    async def tick(self, batch: Mapping[int, Sequence[Event]], views: Sequence[RoomView], now: int) -> Ticked:
        """Deliver a batch, the events of each activity id, to the rooms as they were before."""
        rooms = [self._plan(view, batch[view.activity_id], now) for view in views if view.seats or view.has_readers]
        deliveries = [Delivery(room.view.activity_id, seat, frames) for room in rooms for seat, frames in room.frames()]
        by_id = {room.view.activity_id: room for room in rooms}
        for room in rooms:
            self._state.telling(room.view.activity_id, room.crowd.told)
        report = Report()

        async def note(finished: Sequence[int]) -> None:
            # Who is gone, and who was welcomed, is noted at the end.
            await self._state.after([_shown(by_id[number], report) for number in finished], now)

        progress = Progress(deliveries)
        async with progress.noted(note):
            await self._fanout.deliver(deliveries, progress.done, report)
        await self._await_handshakes(report, views, now)
        return Ticked(
            [_posted(room, report) for room in rooms],
            report.posts,
            report.latencies,
            unshown=sum((room.unshown() for room in rooms), Counter[str]()),
            gaps=sum(room.gaps() for room in rooms),
            expired=sum(room.expired for room in rooms),
            too_large=sum(room.too_large() for room in rooms),
        )

    async def _await_handshakes(self, report: Report, views: Sequence[RoomView], now: int) -> None:
        """Try those newcomers again for which 410 may mean that their handshake is not over."""
        taken = {seat: ms for view in views for seat, ms in view.newcomers.items()}
        for seconds in self._handshake_seconds:
            early = [found for found in report.gone if now - taken.get(found.seat, 0) < HANDSHAKE_MS]
            if not early:
                return
            await asyncio.sleep(seconds)
            again = await self._fanout.deliver(early)
            tried = {found.seat for found in early}
            report.gone = [found for found in report.gone if found.seat not in tried]
            report.add(again)
        report.gone = [found for found in report.gone if now - taken.get(found.seat, 0) >= HANDSHAKE_MS]


def _posted(room: Broadcast, report: Report) -> Posted:
    activity_id = room.view.activity_id
    return replace(
        _shown(room, report),
        welcomed=list(room.view.newcomers.keys() & _seats(report.delivered, activity_id)),
        gone=list(_seats([*report.gone, *report.ended], activity_id)),
    )


def _shown(room: Broadcast, report: Report) -> Posted:
    """What was shown, and to whom it was not."""
    return Posted(
        activity_id=room.view.activity_id,
        mark=room.mark,
        missed=_missed(room, report),
        told=room.crowd.told,
        gallery=room.recital,
    )


def _missed(room: Broadcast, report: Report) -> dict[Seat, str]:
    """The seats of which a frame was not delivered, and the cursors for their next welcome."""
    missed = {}
    for broken in report.broken:
        delivery, number = broken.delivery, broken.delivered
        if delivery.activity_id == room.view.activity_id:
            frames = delivery.frames
            missed[delivery.seat] = room.resume_from(delivery.seat, frames[:number], frames[number:])
    return missed


def _seats(deliveries: Sequence[Delivery], activity_id: int) -> set[Seat]:
    return {delivery.seat for delivery in deliveries if delivery.activity_id == activity_id}


# A batch that is posted within this time costs no further round trip.
NOTE_SECONDS = 0.1


class Progress:
    """How many deliveries each room still waits for."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._left = Counter(delivery.activity_id for delivery in deliveries)
        self._finished: list[int] = []

    def done(self, delivery: Delivery) -> None:
        """One of them is over."""
        self._left[delivery.activity_id] -= 1
        if self._left[delivery.activity_id] == 0:
            self._finished.append(delivery.activity_id)

    @asynccontextmanager
    async def noted(
        self, note: Callable[[Sequence[int]], Awaitable[object]], *, seconds: float = NOTE_SECONDS
    ) -> AsyncIterator[None]:
        """While the context is entered, `note` the rooms that have been finished, every `seconds`."""

        async def keep_noting() -> None:
            while True:
                await asyncio.sleep(seconds)
                finished, self._finished = self._finished, []
                # What cannot be noted here is noted when the batch is over, or the batch fails.
                with suppress(StateUnavailable):
                    if finished:
                        await note(finished)

        task = asyncio.create_task(keep_noting())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
