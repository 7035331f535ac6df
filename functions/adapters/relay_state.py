"""What a relay notes and reads of its rooms before it posts, and after it has: a round trip each for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.departure import Departure, read_departures
from functions.adapters.redis_client import StateUnavailable, reaching_redis
from functions.adapters.redis_script import Argument, CallOnce, Script, succeeded
from functions.adapters.room_answers import Rules
from functions.adapters.room_keys import RoomKeys
from functions.adapters.room_state import new_epoch
from functions.rooms import history
from functions.rooms.events import Event
from functions.rooms.history import Entry, History
from functions.rooms.marks import Mark, mark_of
from functions.rooms.seats import BUCKETS, Seat, bucket_of, buckets_of_slice
from functions.rooms.watch_time import most_credit_ms

# A script has at most 3,999 arguments on ElastiCache Serverless; a dead seat needs five.
SEATS_A_CALL = 500
# Of the removals in a batch, which the API has made in the history already; another system's may not have been.
REMOVALS_A_CALL = 500


@dataclass(frozen=True, kw_only=True)
class RoomBefore:
    """A room before a slice posts to it. `seats` are the slice's; `newcomers` those that wait for their welcome,
    with the ms they were taken, and `cursors` what some of these resume from.

    `mark` is None also if it was made in a log that has been lost.
    """

    online: int
    likes: int
    settings: Mapping[str, Any]
    mark: Mark | None
    newcomers: dict[Seat, int]
    cursors: dict[Seat, str]
    seats: list[Seat]
    history: History


@dataclass(frozen=True, kw_only=True)
class RoomAfter:
    """What a slice found out about a room by posting to it."""

    activity_id: int
    mark: Mark | None
    welcomed: Sequence[Seat] = ()
    gone: Sequence[Seat] = ()


class RelayState:
    """The state of rooms as one slice of the relay sees it. Methods raise StateUnavailable."""

    def __init__(self, redis: RedisCluster, *, slice_: int, slices: int, heartbeat_seconds: int) -> None:
        self._redis = redis
        self._slice = slice_
        self._buckets = buckets_of_slice(slice_, slices)
        self._most = most_credit_ms(heartbeat_seconds)
        self._before, self._after = Script("before"), CallOnce("after")

    async def before(self, rooms: Mapping[int, Sequence[Event]], now: int) -> list[RoomBefore]:
        """The rooms of a batch, in its order. What the records of each add to its history is written, once whichever
        slice comes first; a room has one at least."""
        calls = [
            (self._keys_before(RoomKeys(activity_id)), [self._slice, now, *_additions(records)])
            for activity_id, records in rooms.items()
        ]
        with reaching_redis():
            found = succeeded(await self._before.run_all(self._redis, calls))
        return [_read(room) for room in found]

    def _keys_before(self, room: RoomKeys) -> list[str]:
        whole_room = [room.figures, room.newcomers, room.since, room.history, room.removed]
        return [*whole_room, *(room.seats(bucket) for bucket in self._buckets)]

    async def after(self, rooms: Sequence[RoomAfter], now: int) -> tuple[list[Departure], StateUnavailable | None]:
        """Note what was shown, welcomed and found gone; returns the seats that were still there, and what is wrong if
        that could not be done for each room."""
        calls = [call for room in rooms for call in self._calls_after(room, now)]
        owners = [room.activity_id for room in rooms for _ in self._chunks(room)]
        with reaching_redis():
            found = await self._after.run_all(self._redis, calls)
        failures = [StateUnavailable(str(result)) for result in found if isinstance(result, Exception)]
        departed = [
            departure
            for activity_id, result in zip(owners, found, strict=True)
            if not isinstance(result, Exception)
            for departure in read_departures(activity_id, result[0], result[1], result[2:])
        ]
        return departed, failures[0] if failures else None

    @staticmethod
    def _chunks(room: RoomAfter) -> range:
        return range(0, max(1, len(room.gone), len(room.welcomed)), SEATS_A_CALL)

    def _calls_after(self, room: RoomAfter, now: int) -> list[tuple[list[str], list[Argument]]]:
        keys = RoomKeys(room.activity_id)
        names = [keys.figures, keys.newcomers, keys.since, keys.gone, *keys.all_seats(), *keys.all_users()]
        mark = room.mark.pack() if room.mark else ""
        calls: list[tuple[list[str], list[Argument]]] = []
        for start in self._chunks(room):
            welcomed = [seat.pack() for seat in room.welcomed[start : start + SEATS_A_CALL]]
            arguments: list[Argument] = [BUCKETS, self._slice, mark, now, self._most]
            arguments += [len(welcomed), *welcomed]
            for seat in room.gone[start : start + SEATS_A_CALL]:
                arguments += [seat.pack(), seat.connection_id, seat.user_id]
                arguments += [bucket_of(seat.connection_id), bucket_of(seat.user_id)]
            calls.append((names, arguments))
        return calls


def _read(found: Sequence[Any]) -> RoomBefore:
    online, likes, slow, frozen, epoch, mark, trimmed, log, waiting, cursors, packed, told = found
    newest = Mark.unpack(log)
    entries = [Entry(int(seq), said.encode()) for seq, said in _pairs(told)]
    return RoomBefore(
        online=online,
        likes=likes,
        settings=Rules(slow_mode_seconds=slow, frozen=frozen == 1).to_object(),
        mark=Mark.unpack(mark),
        newcomers={Seat.unpack(seat): int(float(taken)) for seat, taken in _pairs(waiting)},
        cursors={Seat.unpack(seat): cursor for seat, cursor in _pairs(cursors)},
        seats=[Seat.unpack(seat) for seat in packed],
        history=History(epoch=epoch, entries=entries, trimmed=trimmed, newest=newest.seq if newest else -1),
    )


def _additions(records: Sequence[Event]) -> list[Argument]:
    """What these records do to the history, as `before.lua` is told it. More than is kept is not sent."""
    first, last = mark_of(records[:1]), mark_of(records)
    kept = [record for record in records if history.is_kept(record)]
    omitted = kept[-history.KEPT - 1].seq if len(kept) > history.KEPT else None
    removals = [history.removed_seq(record) for record in records]
    removed = [seq for seq in removals if seq is not None][-REMOVALS_A_CALL:]
    arguments: list[Argument] = [new_epoch(), first.seq, first.logged_at, last.seq, last.logged_at]
    arguments += [-1 if omitted is None else omitted, len(removed), *removed]
    for record in kept[-history.KEPT :]:
        mark = mark_of([record])
        arguments += [mark.seq, mark.logged_at, history.encode(record).decode()]
    return arguments


def _pairs(flat: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
