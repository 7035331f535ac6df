"""Processes of the relay, which show batches of a partition, and end."""

from collections.abc import Sequence

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.relay_state import RelayState
from functions.rooms.events import Event
from functions.rooms.marks import Mark
from functions.rooms.room_view import Posted, RoomView
from functions.rooms.spans import Span
from tests.functions.adapters.redis.snapshot import roll_back, take
from tests.functions.adapters.redis.test_relay_history import NOW
from tests.functions.made import event

LATER = NOW + 3_000
ELSEWHERE = 7


def chat(seq: int, room: int = 42, at: int = LATER) -> Event:
    return event(activity_id=room, time=at, user_id="carol", seq=seq, logged_at=at)


def span_of(records: Sequence[Event], first: int, last: int, partition: str = "live-3") -> Span:
    """The part of the log with these records, and with broken ones around them."""
    span = Span(partition, first, records[0].logged_at if records else LATER)
    span.add(last, max([each.logged_at for each in records], default=LATER))
    for each in records:
        assert each.seq is not None
        span.add_to(each.activity_id, each.seq)
    return span


class Process(RelayState):
    """A process of the relay, which shows batches. If it `dies`, it does so before it begins an epoch."""

    dies = False

    def __init__(self, redis: RedisCluster, slice_: int = 0, slices: int = 1) -> None:
        super().__init__(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)

    async def _begin_epochs(self, *given: object) -> None:
        if self.dies:
            raise StateUnavailable("killed")
        await super()._begin_epochs(*given)  # type: ignore[arg-type]

    async def shows(self, *records: Event, first: int, last: int, partition: str = "live-3") -> dict[int, RoomView]:
        """Bring a batch from one offset to another, and show it."""
        span, rooms = span_of(records, first, last, partition), dict[int, list[Event]]()
        for each in records:
            rooms.setdefault(each.activity_id, []).append(each)
        views = await self.before(rooms, LATER, [span])
        posted = [Posted(activity_id=room, mark=Mark(each[-1].seq or 0, LATER)) for room, each in rooms.items()]
        _, failure = await self.after(posted, LATER, [span])
        assert failure is None
        return {view.activity_id: view for view in views}


async def tell_and_forget(redis: RedisCluster, admin: RedisCluster, pattern: str = "*") -> None:
    """Have a process show the chat 105 of the room 42, in a batch from 101 to 120, and Redis lose what the keys with
    this pattern have of it."""
    kept = await take(redis, pattern)
    await Process(redis).shows(chat(105), first=101, last=120)
    await roll_back(admin, kept, pattern)
