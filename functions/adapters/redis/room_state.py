"""A room's state in Redis: seats, users, figures. One script and one round trip for each change.

All methods raise StateUnavailable when Redis cannot be reached or does not answer; then nothing is known to have
changed. Times are ms since the epoch.
"""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, cast

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis import arguments
from functions.adapters.redis.client import StateUnavailable, reaching_redis
from functions.adapters.redis.keys import ROOMS, RoomKeys
from functions.adapters.redis.script import CallOnce, Script, run
from functions.rooms.answers import (
    FIGURES,
    Accepted,
    Banned,
    Claimed,
    CutOff,
    Gone,
    Joined,
    Left,
    Rate,
    Refused,
    Repeated,
    RoomFigures,
    TooOften,
    read_acceptance,
    read_figures,
    read_left,
)
from functions.rooms.events import Event
from functions.rooms.frames import Kind
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.marks import ROOMS_REMEMBERED
from functions.rooms.people import FIRST, Page, Place, read_page
from functions.rooms.results import Result
from functions.rooms.seats import BUCKETS, HANDSHAKE_MS, Seat, bucket_of
from functions.rooms.settling import result_of
from functions.rooms.watch_time import most_credit_ms


class RoomState:
    """The seats and figures of all rooms, as the room functions change them."""

    def __init__(self, redis: RedisCluster, *, heartbeat_seconds: int, limits: Limits | None = None) -> None:
        self._redis = redis
        self._limits = limits or Limits()
        self._most = most_credit_ms(heartbeat_seconds)
        self._list_after, self._listed = heartbeat_seconds * 1000, dict[int, int]()
        self._join, self._leave, self._accept = CallOnce("join"), CallOnce("leave"), CallOnce("accept")
        self._undo, self._put_back = CallOnce("undo"), CallOnce("put_back")
        self._claim, self._release = CallOnce("claim"), CallOnce("release")
        self._doubt, self._who, self._list = Script("doubt"), Script("who"), Script("list")
        self._refuse, self._expel = CallOnce("refuse"), CallOnce("expel")
        # A page is not kept for a call that is made again: it is large, and asking again changes little.
        self._accept_who = Script("accept")

    async def join(self, seat: Seat, identity: Identity, now: int, *, since: str = "") -> Joined | Banned | TooOften:
        """Take a seat, unless the user is banned or joins too often; taking it again changes no count. `since` is the
        cursor to resume from. A user who has too many seats loses the oldest."""
        room, joins = RoomKeys(identity.activity_id), self._limits.joins
        call = self._join(
            room,
            **arguments.taken(room, seat, identity, now) | {"seats": room.seats(range(BUCKETS))},
            bucket=bucket_of(seat.connection_id),
            cursor=since,
            most_seats=self._limits.seats,
            join_burst=joins.burst,
            join_per_second=joins.per_second,
        )
        match await run(self._redis, call):
            case ["ok", first, online, likes, replaced]:
                return Joined(first == 1, online, likes, replaced)
            case ["too often"]:
                return TooOften()
        return Banned()

    async def list_room(self, activity_id: int, now: int) -> None:
        """Put a room on the list that the sweep goes through. The list is in another hash slot than the room."""
        await run(self._redis, self._list(rooms=ROOMS, activity_id=activity_id, now=now, if_missing=0))

    async def list_again(self, activity_id: int, now: int) -> None:
        """Put a room back on the list that may have been lost. A process asks once a heartbeat interval; what
        fails waits until then."""
        if now - self._listed.get(activity_id, 0) < self._list_after:
            return
        if len(self._listed) >= ROOMS_REMEMBERED:
            self._listed.clear()
        self._listed[activity_id] = now
        with suppress(StateUnavailable):
            await run(self._redis, self._list(rooms=ROOMS, activity_id=activity_id, now=now, if_missing=1))

    async def leave(self, seat: Seat, activity_id: int, now: int) -> Left | None:
        """Give up a seat, for good; None if it was given up before."""
        found = await self._give_up(seat, activity_id, now, self._most)
        return read_left(now, *found) if found else None

    async def unseat(self, seat: Seat, activity_id: int, now: int) -> None:
        """Undo `join`, because it could not be published: nothing is earned by it."""
        await self._give_up(seat, activity_id, now, None)

    async def doubt(self, seat: Seat, activity_id: int) -> None:
        """Leave a seat to the sweep, because nobody knows whether the user's coming was published."""
        room = RoomKeys(activity_id)
        await run(self._redis, self._doubt(room, **room.of_seat(seat), seat=seat.pack()))

    async def _give_up(self, seat: Seat, activity_id: int, now: int, most: int | None) -> Any:
        room = RoomKeys(activity_id)
        return await run(self._redis, self._leave(room, **room.of_seat(seat), seat=seat.pack(), now=now, most=most))

    async def put_back(self, seat: Seat, activity_id: int, left: Left) -> None:
        """Undo that a seat was given up, because it could not be published. Its lease counts from when it ended, and
        when that has expired the sweep gives the seat up."""
        room, watched = RoomKeys(activity_id), left.watched
        taken = arguments.taken(room, seat, left, left.ended_at)
        # No handshake can be under way, so 410 is final.
        missed_at = left.ended_at - HANDSHAKE_MS
        call = self._put_back(room, **taken, start=watched.start, credited=watched.end, missed_at=missed_at)
        await run(self._redis, call)

    async def accept(
        self,
        seat: Seat,
        identity: Identity,
        now: int,
        *,
        connected_at: int,
        kind: Kind,
        rate: Rate,
        count: int = 0,
        client_id: str | None = None,
        digest: str = "",
        exempt: bool = False,
        limit: int = 0,
        after: Place = FIRST,
    ) -> Accepted | Refused | Repeated | Gone | CutOff:
        """Take in a frame: its rate, id, the seat's sign of life, likes and watch time, all at once or not at all.

        `connected_at` is when the connection was made. `digest` is a chat's. `exempt`: whatever the rates and the
        room's rules. `limit` and `after` are for kind who, as in `who`.
        """
        room = RoomKeys(identity.activity_id)
        accept = self._accept_who if kind == "who" else self._accept
        call = accept(
            room,
            **arguments.taken(room, seat, identity, now),
            **arguments.sent(room, identity, now, kind, rate, count, client_id, digest),
            **self._counted(),
            **arguments.paged(room, limit, after, asked=kind == "who"),
            connected_at=connected_at,
            burst=rate.burst,
            most=self._most,
            exempt=int(exempt),
            most_seats=self._limits.seats,
        )
        return read_acceptance(await run(self._redis, call), after)

    async def refuse(self, seat: Seat, identity: Identity, now: int) -> Literal["refused", "flood", "gone"]:
        """Count a frame that is refused whatever the room says. "flood": with it the user was cut off; "gone": the
        connection has ended."""
        room = RoomKeys(identity.activity_id)
        (users,) = room.users([bucket_of(identity.user_id)])
        keys = {"users": users, "rate": room.rate(identity.user_id)}
        call = self._refuse(room, **keys, seat=seat.pack(), now=now, **self._counted())
        return cast(Literal["refused", "flood", "gone"], await run(self._redis, call))

    async def expel(self, seat: Seat, activity_id: int, reason: str, now: int) -> bool:
        """End a connection, and list it to be told the `reason` (of a Cut) and closed; False if it had ended before."""
        call = self._expel(RoomKeys(activity_id), seat=seat.pack(), reason=reason, now=now)
        return bool(await run(self._redis, call) == 1)

    def _counted(self) -> dict[str, int]:
        """The arguments of a script that counts refusals."""
        return {"flood_refusals": self._limits.refusals, "flood_ms": self._limits.refusals_ms}

    async def undo(
        self,
        identity: Identity,
        now: int,
        *,
        kind: Kind,
        rate: Rate,
        count: int = 0,
        client_id: str | None = None,
        digest: str = "",
        freed: bool = False,
        unsure: bool = False,
    ) -> None:
        """Take an accepted frame back, because it could not be published; its watch time and its seat stay.

        `freed`: its id is free again, and not new, since an earlier record of it may be in the log. `unsure`: the frame
        made the user come again, and nobody knows whether that was published. The next heartbeat announces it.
        """
        room = RoomKeys(identity.activity_id)
        sent = arguments.sent(room, identity, now, kind, rate, count, client_id, digest)
        (users,) = room.users([bucket_of(identity.user_id)])
        before = Result(accepted_at=0, digest=digest).pack() if freed else None
        call = self._undo(room, users=users, user_id=identity.user_id, **sent, before=before, unsure=int(unsure))
        await run(self._redis, call)

    async def claim(self, event: Event) -> Repeated | Claimed:
        """Keep the id of an event that no seat sent, unless the same user has used it."""
        id_, result = _id_of(event), result_of(event, None)
        first, freed = await run(self._redis, self._claim(id=id_, now=event.time, result=result.pack()))
        return Repeated(Result.unpack(first)) if first else Claimed(freed=freed == 1)

    async def release(self, event: Event, claimed: Claimed) -> None:
        """Undo `claim`, because the event could not be published."""
        result = result_of(event, None)
        before = replace(result, accepted_at=0).pack() if claimed.freed else None
        await run(self._redis, self._release(id=_id_of(event), result=result.pack(), before=before))

    async def recall(self, activity_id: int, user_id: str, client_id: str) -> Result | None:
        """The result kept under an id; None when there is none any more."""
        key = RoomKeys(activity_id).sent_id(user_id, client_id)
        with reaching_redis():
            packed: str | None = await self._redis.get(key)  # type: ignore[assignment]
        return None if packed is None else Result.unpack(packed)

    async def who(self, activity_id: int, *, limit: int, after: Place = FIRST) -> Page:
        """A page of at most `limit` users, which begins `after` the one before."""
        room = RoomKeys(activity_id)
        return read_page(
            after, await run(self._redis, self._who(room, **arguments.paged(room, limit, after, asked=True)))
        )

    async def figures(self, activity_id: int) -> RoomFigures:
        """A room's figures; zeros for a room that nobody has been to."""
        with reaching_redis():
            values = await self._redis.hmget(RoomKeys(activity_id).figures, list(FIGURES))
        return read_figures(activity_id, values)

    async def ping(self) -> None:
        with reaching_redis():
            await self._redis.exists(ROOMS)


def _id_of(event: Event) -> str:
    return RoomKeys(event.activity_id).sent_id(event.who.user_id, event.client_id or "")
