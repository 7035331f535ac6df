"""What the sweep does to rooms: gives up seats whose lease ran out, counts anew, forgets rooms that are empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.departure import Departure, read_departures
from functions.adapters.redis_client import reaching_redis
from functions.adapters.redis_script import CallOnce, Script
from functions.adapters.room_keys import ROOMS, RoomKeys
from functions.rooms.seats import BUCKETS
from functions.rooms.watch_time import most_credit_ms

SEATS_A_CALL = 1000
# A room is taken off the list only when its newest connection is older than this: one that is opened while the sweep
# looks must not be forgotten.
FORGET_AFTER_MS = 600_000


@dataclass(frozen=True, kw_only=True)
class SweptRoom:
    """A room after a pass. `removed` seats were given up; when it is SEATS_A_CALL there may be more."""

    activity_id: int
    online: int
    likes: int
    seats: int
    removed: int
    unwelcomed: int
    departures: Sequence[Departure]


class SweepState:
    """All rooms, as the sweep goes through them. Methods raise StateUnavailable; times are ms since the epoch."""

    def __init__(self, redis: RedisCluster, *, heartbeat_seconds: int) -> None:
        self._redis = redis
        self._most = most_credit_ms(heartbeat_seconds)
        self._sweep, self._forget = CallOnce("sweep"), Script("forget")

    async def rooms(self) -> list[int]:
        """The listed rooms, the one that was come to longest ago first."""
        with reaching_redis():
            names: list[str] = await self._redis.zrange(ROOMS, 0, -1)  # type: ignore[assignment]
        return [int(name) for name in names]

    async def sweep(self, activity_ids: Sequence[int], *, lapsed_before: int, taken_before: int) -> list[SweptRoom]:
        """Give up the seats without a sign of life since `lapsed_before`; `unwelcomed` counts the newcomers that were
        seated before `taken_before`. Rooms that cannot be reached are not among the results."""
        arguments = [BUCKETS, lapsed_before, self._most, SEATS_A_CALL, taken_before]
        calls = [(_keys(RoomKeys(activity_id)), arguments) for activity_id in activity_ids]
        with reaching_redis():
            found = await self._sweep.run_all(self._redis, calls)
        return [
            _read(activity_id, result)
            for activity_id, result in zip(activity_ids, found, strict=True)
            if not isinstance(result, Exception)
        ]

    async def forget(self, activity_ids: Sequence[int], now: int) -> None:
        """Take empty rooms off the list, but for those that somebody came to lately."""
        if activity_ids:
            with reaching_redis():
                await self._forget.run(self._redis, [ROOMS], [now - FORGET_AFTER_MS, *activity_ids])


def _keys(room: RoomKeys) -> list[str]:
    return [room.figures, room.newcomers, *room.all_seats(), *room.all_users()]


def _read(activity_id: int, result: Sequence[Any]) -> SweptRoom:
    online, likes, seats, removed, unwelcomed, *flat = result
    return SweptRoom(
        activity_id=activity_id,
        online=online,
        likes=likes,
        seats=seats,
        removed=removed,
        unwelcomed=unwelcomed,
        departures=read_departures(activity_id, online, likes, flat),
    )
