"""A room's state in Redis: seats, users, figures. One script and one round trip for each change.

All methods raise StateUnavailable when Redis cannot be reached or does not answer; then nothing is known to have
changed. Times are ms since the epoch.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis_client import reaching_redis
from functions.adapters.redis_script import Argument, CallOnce, Script
from functions.adapters.room_answers import (
    FIGURES,
    Accepted,
    Banned,
    Gone,
    Joined,
    Kind,
    Left,
    Rate,
    Refused,
    Repeated,
    RoomFigures,
    read_acceptance,
    read_figures,
)
from functions.adapters.room_keys import ROOMS, RoomKeys
from functions.rooms.identity import Identity
from functions.rooms.seats import BUCKETS, Seat, bucket_of
from functions.rooms.watch_time import Earned, most_credit_ms


class RoomState:
    """The seats and figures of all rooms, as the room functions change them."""

    def __init__(self, redis: RedisCluster, *, heartbeat_seconds: int) -> None:
        self._redis = redis
        self._most = most_credit_ms(heartbeat_seconds)
        self._join, self._leave, self._accept = CallOnce("join"), CallOnce("leave"), CallOnce("accept")
        self._undo, self._put_back = CallOnce("undo"), CallOnce("put_back")
        self._who, self._list = Script("who"), Script("list")

    async def join(self, seat: Seat, identity: Identity, now: int, *, since: str = "") -> Joined | Banned:
        """Take a seat, unless the user is banned; taking it again changes nothing. `since` is the cursor to resume
        from."""
        room = RoomKeys(identity.activity_id)
        keys = [*room.of_seat(seat.connection_id, seat.user_id), room.since, room.bans]
        arguments: list[Argument] = [seat.pack(), identity.user_id, identity.username, now, new_epoch(), since]
        with reaching_redis():
            found = await self._join.run(self._redis, keys, arguments)
        if not found:
            return Banned()
        first, online, likes = found
        return Joined(first == 1, online, likes)

    async def list_room(self, activity_id: int, now: int) -> None:
        """Put a room on the list that the sweep goes through. It lives in another hash slot than the room."""
        with reaching_redis():
            await self._list.run(self._redis, [ROOMS], [activity_id, now])

    async def leave(self, seat: Seat, activity_id: int, now: int) -> Left | None:
        """Give up a seat, for good; None if it was given up before."""
        found = await self._give_up(seat, activity_id, now, self._most)
        if not found:
            return None
        last, earned, username, before, online, likes = found
        return Left(last == 1, Earned(earned, now, before), username, online, likes)

    async def unseat(self, seat: Seat, activity_id: int, now: int) -> None:
        """Undo `join`, because it could not be published: nothing is earned by it."""
        await self._give_up(seat, activity_id, now, "")

    async def _give_up(self, seat: Seat, activity_id: int, now: int, most: int | str) -> Sequence[Any]:
        keys = RoomKeys(activity_id)
        names = [*keys.of_seat(seat.connection_id, seat.user_id), keys.gone]
        with reaching_redis():
            found: Sequence[Any] = await self._leave.run(
                self._redis, names, [seat.pack(), seat.user_id, now, most, seat.connection_id]
            )
        return found

    async def put_back(self, seat: Seat, activity_id: int, left: Left) -> None:
        """Undo that a seat was given up, because it could not be published: its lease counts from when it ended, and
        when that runs out the sweep gives it up."""
        keys = RoomKeys(activity_id).of_seat(seat.connection_id, seat.user_id)
        watched = left.watched
        arguments: list[Argument] = [seat.pack(), seat.user_id, left.username, watched.at, new_epoch()]
        with reaching_redis():
            await self._put_back.run(self._redis, keys, [*arguments, watched.ms, watched.before, self._most])

    async def accept(
        self,
        seat: Seat,
        identity: Identity,
        now: int,
        *,
        kind: Kind,
        rate: Rate,
        count: int = 0,
        client_id: str | None = None,
        exempt: bool = False,
    ) -> Accepted | Refused | Repeated | Gone:
        """Take in a frame: its rate, id, the seat's sign of life, likes and watch time, all at once or not at all.

        `exempt`: whatever the rates and the room's rules.
        """
        arguments: list[Argument] = [seat.pack(), identity.user_id, identity.username, now, new_epoch()]
        arguments += [seat.connection_id, kind, count, rate.burst, rate.per_second, self._most, int(exempt)]
        with reaching_redis():
            result = await self._accept.run(self._redis, self._frame_keys(seat, identity, client_id), arguments)
        return read_acceptance(result, now)

    @staticmethod
    def _frame_keys(seat: Seat, identity: Identity, client_id: str | None) -> list[str]:
        room = RoomKeys(identity.activity_id)
        keys = room.of_seat(seat.connection_id, seat.user_id)
        keys += [room.since, room.gone, room.mutes, room.bans, room.rate(seat.user_id)]
        if client_id is not None:
            keys.append(room.sent_id(seat.user_id, client_id))
        return keys

    async def undo(
        self,
        identity: Identity,
        *,
        kind: Kind,
        rate: Rate,
        watched: Earned,
        count: int = 0,
        client_id: str | None = None,
    ) -> None:
        """Take an accepted frame back, and the watch time that it earned, because it could not be published."""
        room = RoomKeys(identity.activity_id)
        keys = [room.users(bucket_of(identity.user_id)), room.figures, room.rate(identity.user_id)]
        if client_id is not None:
            keys.append(room.sent_id(identity.user_id, client_id))
        arguments: list[Argument] = [identity.user_id, kind, count, watched.ms, rate.per_second]
        with reaching_redis():
            await self._undo.run(self._redis, keys, [*arguments, watched.at, watched.before, self._most])

    async def remember(self, identity: Identity, client_id: str, result: str) -> None:
        """Keep the result of a chat for who sends its id again; not longer than the id itself is kept."""
        key = RoomKeys(identity.activity_id).sent_id(identity.user_id, client_id)
        with reaching_redis():
            await self._redis.set(key, result, keepttl=True, xx=True)

    async def recall(self, identity: Identity, client_id: str) -> str | None:
        """The result kept under an id: "ok", the seq of a chat, "live:<seq>" for one that is in the live topic alone,
        "pending:<ms>" while it is being published; None when there is none any more."""
        key = RoomKeys(identity.activity_id).sent_id(identity.user_id, client_id)
        with reaching_redis():
            result: str | None = await self._redis.get(key)  # type: ignore[assignment]
        return result

    async def who(
        self, activity_id: int, *, limit: int, after: tuple[int, str]
    ) -> tuple[list[tuple[str, str]], int, tuple[int, str] | None]:
        """A page of (userId, username) behind `after` = (bucket, userId), the count of users, and the next `after`."""
        room = RoomKeys(activity_id)
        bucket, user_id = after
        keys = [room.figures, *(room.users(number) for number in range(bucket, BUCKETS))]
        with reaching_redis():
            online, last, more, *flat = await self._who.run(self._redis, keys, [limit, user_id])
        users = list(zip(flat[::2], flat[1::2], strict=True))
        return users, online, (bucket + last, users[-1][0]) if more else None

    async def figures(self, activity_id: int) -> RoomFigures:
        """A room's figures; zeros for a room that nobody has been to."""
        with reaching_redis():
            values = await self._redis.hmget(RoomKeys(activity_id).figures, list(FIGURES))
        return read_figures(activity_id, values)

    async def ping(self) -> None:
        """Return when Redis answers."""
        with reaching_redis():
            await self._redis.exists(ROOMS)


def new_epoch() -> str:
    """A name for the time from now until the room's state is lost: 1-16 characters of 0-9 and a-z."""
    return secrets.token_hex(4)
