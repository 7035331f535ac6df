"""What the sweep does to rooms: gives up seats whose lease has expired, counts again, forgets rooms that are empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.arguments import new_epoch
from functions.adapters.redis.client import StateUnavailable, reaching_redis
from functions.adapters.redis.keys import PLACES, ROOMS, RoomKeys
from functions.adapters.redis.script import CallOnce, Script, run, run_all
from functions.rooms.answers import Departure, read_departures
from functions.rooms.seats import BUCKETS
from functions.rooms.watch_time import most_credit_ms

SEATS_A_CALL = 1000
# Some sweeps may fail.
PLACES_SECONDS = 600
# A room is taken off the list only when its newest connection is older than this: one that is opened while the sweep
# looks must not be forgotten.
FORGET_AFTER_MS = 600_000


@dataclass(frozen=True, kw_only=True)
class SweptRoom:
    """A room after a pass, with so many `seats`, and `places` in the gallery.

    `unfinished`: the pass gave up as many seats as it may, so there can be more. `recounted`: the figures did not fit,
    and may have been told wrongly.
    """

    activity_id: int
    online: int
    likes: int
    seats: int
    places: int
    unwelcomed: int
    uncut: int
    departures: Sequence[Departure]
    unfinished: bool
    recounted: bool

    @property
    def removed(self) -> int:
        """How many seats were given up."""
        return len(self.departures) - self.removed_places

    @property
    def removed_places(self) -> int:
        return sum(each.seat.is_place for each in self.departures)


class SweepState:
    """All rooms, as the sweep goes through them. Methods raise StateUnavailable; times are ms since the epoch."""

    def __init__(self, redis: RedisCluster, *, heartbeat_seconds: int, seats_a_call: int = SEATS_A_CALL) -> None:
        self._redis = redis
        self._most = most_credit_ms(heartbeat_seconds)
        self._seats_a_call = seats_a_call
        self._sweep, self._forget = CallOnce("sweep"), Script("forget")

    async def rooms(self) -> list[int]:
        """The listed rooms, the one whose newest connection is oldest first."""
        with reaching_redis():
            names: list[str] = await self._redis.zrange(ROOMS, 0, -1)  # type: ignore[assignment]
        return [int(name) for name in names]

    async def sweep(
        self, activity_ids: Sequence[int], *, now: int, expired_before: int, taken_before: int
    ) -> list[SweptRoom]:
        """Give up the seats without a sign of life since `expired_before`, and the places whose lease has ended `now`.
        `unwelcomed` counts the newcomers that were seated before `taken_before`, and `uncut` the connections that were
        cut off before it and are not closed. Rooms that cannot be reached are not among the results."""
        arguments: dict[str, Any] = {"expired_before": expired_before, "taken_before": taken_before, "most": self._most}
        arguments |= {"now": now, "limit": self._seats_a_call, "epoch": new_epoch()}
        calls = [
            self._sweep(room, **room.of_all_seats(), places=room.places(range(BUCKETS)), **arguments)
            for room in map(RoomKeys, activity_ids)
        ]
        results = await run_all(self._redis, calls)
        return [
            self._read(activity_id, result)
            for activity_id, result in zip(activity_ids, results, strict=True)
            if not isinstance(result, StateUnavailable)
        ]

    def _read(self, activity_id: int, found: Sequence[Any]) -> SweptRoom:
        online, likes, seats, unwelcomed, uncut, ended, recounted, places = found
        return SweptRoom(
            activity_id=activity_id,
            online=online,
            likes=likes,
            seats=seats,
            places=places,
            unwelcomed=unwelcomed,
            uncut=uncut,
            departures=read_departures(activity_id, online, likes, ended),
            unfinished=len(ended) == self._seats_a_call,
            recounted=recounted == 1,
        )

    async def note_places(self, places: int) -> None:
        """Note how many places there are in all rooms: by that they are renewed more or less often."""
        with reaching_redis():
            await self._redis.set(PLACES, places, ex=PLACES_SECONDS)

    async def forget(self, activity_ids: Sequence[int], now: int) -> None:
        """Take empty rooms off the list, except those that somebody came to lately."""
        if activity_ids:
            newest_before = now - FORGET_AFTER_MS
            await run(self._redis, self._forget(rooms=ROOMS, newest_before=newest_before, activity_ids=activity_ids))
