"""Makes one tick of each room in a batch and delivers it to the slice's seats."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from functions.adapters.connections import Outcome
from functions.adapters.fanout import Delivery, Fanout, Report
from functions.adapters.relay_state import RelayState, RoomAfter, RoomBefore
from functions.progress import Progress
from functions.rooms import late
from functions.rooms.broadcast import Broadcast, plan
from functions.rooms.events import Event
from functions.rooms.marks import Mark, mark_of
from functions.rooms.seats import Seat
from functions.rooms.ticks import Figures

# A handshake can be under way so long (the gateway's 29 s, and some); until then 410 may mean "not yet".
HANDSHAKE_MS = 30_000
# When to try a newcomer again whose handshake was not over. One that is slower waits for the room's next tick, or for
# the sweep to make one: the batch is not held up for it.
HANDSHAKE_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Room:
    """A room in this batch: its state before, the broadcast, and what is noted when it is over. `expired`: how many
    records were too late to be shown."""

    broadcast: Broadcast
    before: RoomBefore
    mark: Mark
    expired: int


@dataclass(frozen=True)
class Ticked:
    """What became of a batch. `latencies`: of its POSTs, in ms. `unshown`: as a broadcast tells it. `gaps`: how many
    newcomers were told of one. `expired`: how many records were too late to be shown."""

    rooms: list[RoomAfter]
    posts: Counter[Outcome]
    latencies: Sequence[float]
    unshown: Counter[str]
    gaps: int
    expired: int


class Ticker:
    """Ticks for one slice."""

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
        self._posts_a_tick = posts_a_tick
        self._handshake_seconds = handshake_seconds
        self._heartbeat_seconds = heartbeat_seconds

    async def reserve(self) -> None:
        """Reserve what a tick usually takes of the rate of POSTs; to be awaited beside what a tick waits for anyway."""
        await self._fanout.reserve()

    async def tick(self, batch: Sequence[tuple[tuple[int, Sequence[Event]], RoomBefore]], now: int) -> Ticked:
        """Deliver the events of each (activity id, events) to its room as it was before."""
        rooms = [
            self._plan(activity_id, events, before, now) for (activity_id, events), before in batch if before.seats
        ]
        deliveries = [
            Delivery(room.broadcast.activity_id, seat, frames)
            for room in rooms
            for seat, frames in room.broadcast.frames()
        ]
        marks = {room.broadcast.activity_id: room.mark for room in rooms}

        async def note(finished: Sequence[int]) -> None:
            await self._state.after([RoomAfter(activity_id=number, mark=marks[number]) for number in finished], now)

        progress = Progress(deliveries)
        async with progress.noted(note):
            report = await self._fanout.deliver(deliveries, progress.done)
        await self._await_handshakes(report, rooms, now)
        return Ticked(
            [_after(room, report) for room in rooms],
            report.posts,
            report.latencies,
            unshown=sum((room.broadcast.unshown() for room in rooms), Counter[str]()),
            gaps=sum(room.broadcast.gaps() for room in rooms),
            expired=sum(room.expired for room in rooms),
        )

    def _plan(self, activity_id: int, records: Sequence[Event], before: RoomBefore, now: int) -> Room:
        if before.mark is None:
            unseen, mark = records, mark_of(records)
        else:
            unseen = before.mark.unseen(records)
            mark = before.mark.moved_behind(unseen)
        past, shown = late.split(unseen, now)
        broadcast = plan(
            activity_id,
            shown,
            Figures(online=before.online, likes=before.likes),
            settings=before.settings,
            history=before.history,
            last_seq=mark.seq,
            heartbeat_seconds=self._heartbeat_seconds,
            seats=before.seats,
            newcomers=frozenset(before.newcomers),
            cursors=before.cursors,
            posts=self._posts_a_tick,
            late=past,
            # While others are ahead of this slice, its viewers are told with the newest record how things stand.
            is_newest=mark.seq >= before.history.newest,
        )
        return Room(broadcast, before, mark, len(past))

    async def _await_handshakes(self, report: Report, rooms: Sequence[Room], now: int) -> None:
        """Try those newcomers again for which 410 may mean that their handshake is not over."""
        taken = {seat: ms for room in rooms for seat, ms in room.before.newcomers.items()}
        for seconds in self._handshake_seconds:
            early = [found for found in report.gone if now - taken.get(found.seat, 0) < HANDSHAKE_MS]
            if not early:
                return
            await asyncio.sleep(seconds)
            again = await self._fanout.deliver(early)
            tried = {found.seat for found in early}
            report.gone = [found for found in report.gone if found.seat not in tried] + again.gone
            report.delivered += again.delivered
            report.ended += again.ended
            report.posts += again.posts
            report.latencies += again.latencies
        report.gone = [found for found in report.gone if now - taken.get(found.seat, 0) >= HANDSHAKE_MS]


def _after(room: Room, report: Report) -> RoomAfter:
    activity_id = room.broadcast.activity_id
    return RoomAfter(
        activity_id=activity_id,
        mark=room.mark,
        welcomed=list(room.before.newcomers.keys() & _seats(report.delivered, activity_id)),
        gone=list(_seats([*report.gone, *report.ended], activity_id)),
    )


def _seats(deliveries: Sequence[Delivery], activity_id: int) -> set[Seat]:
    return {delivery.seat for delivery in deliveries if delivery.activity_id == activity_id}
