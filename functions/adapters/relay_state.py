"""What a relay reads of its rooms before it posts, and writes after it has: a round trip each for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.departure import Departure, read_departures
from functions.adapters.redis_client import reaching_redis
from functions.adapters.redis_script import Argument, Script
from functions.adapters.room_keys import RoomKeys
from functions.rooms.marks import Mark
from functions.rooms.seats import BUCKETS, Seat, bucket_of, buckets_of_slice
from functions.rooms.watch_time import most_credit_ms

# A script has at most 3,999 arguments on ElastiCache Serverless; a dead seat needs five.
SEATS_A_CALL = 500


@dataclass(frozen=True, kw_only=True)
class RoomBefore:
    """A room before a slice posts to it. `newcomers`: its seats not yet welcomed, with the ms they were taken.

    `seats` are all of the slice's, newcomers included.
    """

    online: int
    likes: int
    epoch: str
    mark: Mark | None
    newcomers: dict[Seat, int]
    seats: list[Seat]


@dataclass(frozen=True, kw_only=True)
class RoomAfter:
    """What a slice found out about a room by posting to it. `epoch`: a new one, because the log began anew."""

    activity_id: int
    mark: Mark | None
    epoch: str | None = None
    welcomed: Sequence[Seat] = ()
    gone: Sequence[Seat] = ()


class RelayState:
    """The state of rooms as one slice of the relay sees it. Methods raise StateUnavailable."""

    def __init__(self, redis: RedisCluster, *, slice_: int, slices: int, heartbeat_seconds: int) -> None:
        self._redis = redis
        self._slice = slice_
        self._buckets = buckets_of_slice(slice_, slices)
        self._most = most_credit_ms(heartbeat_seconds)
        self._before, self._after = Script("before"), Script("after")

    async def before(self, activity_ids: Sequence[int]) -> list[RoomBefore]:
        """The rooms, in the order asked for."""
        calls = [(self._keys_before(RoomKeys(activity_id)), [self._slice]) for activity_id in activity_ids]
        with reaching_redis():
            found = await self._before.run_all(self._redis, calls)
        return [self._read(room) for room in found]

    def _keys_before(self, room: RoomKeys) -> list[str]:
        return [room.figures, room.newcomers, *(room.seats(bucket) for bucket in self._buckets)]

    def _read(self, found: Sequence[Any]) -> RoomBefore:
        online, likes, epoch, mark, flat, packed = found
        newcomers = {Seat.unpack(seat): int(float(taken)) for seat, taken in zip(flat[::2], flat[1::2], strict=True)}
        return RoomBefore(
            online=online,
            likes=likes,
            epoch=epoch,
            mark=Mark.unpack(mark),
            newcomers={s: t for s, t in newcomers.items() if bucket_of(s.connection_id) in self._buckets},
            seats=[Seat.unpack(seat) for seat in packed],
        )

    async def after(self, rooms: Sequence[RoomAfter], now: int) -> list[Departure]:
        """Note what was shown, welcomed and found gone; returns the seats that were still there."""
        calls = [call for room in rooms for call in self._calls_after(room, now)]
        owners = [room.activity_id for room in rooms for _ in self._chunks(room)]
        with reaching_redis():
            found = await self._after.run_all(self._redis, calls)
        return [
            departure
            for activity_id, result in zip(owners, found, strict=True)
            for departure in read_departures(activity_id, result[0], result[1], result[2:])
        ]

    @staticmethod
    def _chunks(room: RoomAfter) -> range:
        return range(0, max(1, len(room.gone), len(room.welcomed)), SEATS_A_CALL)

    def _calls_after(self, room: RoomAfter, now: int) -> list[tuple[list[str], list[Argument]]]:
        keys = RoomKeys(room.activity_id)
        names = [keys.figures, keys.newcomers, keys.gone, *keys.all_seats(), *keys.all_users()]
        mark = room.mark.pack() if room.mark else ""
        calls: list[tuple[list[str], list[Argument]]] = []
        for start in self._chunks(room):
            welcomed = [seat.pack() for seat in room.welcomed[start : start + SEATS_A_CALL]]
            arguments: list[Argument] = [BUCKETS, self._slice, mark, room.epoch or "", now, self._most]
            arguments += [len(welcomed), *welcomed]
            for seat in room.gone[start : start + SEATS_A_CALL]:
                arguments += [seat.pack(), seat.connection_id, seat.user_id]
                arguments += [bucket_of(seat.connection_id), bucket_of(seat.user_id)]
            calls.append((names, arguments))
        return calls
