"""What moderators change in a room. Methods raise StateUnavailable; times are ms since the epoch."""

from collections.abc import Sequence

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.keys import ROOMS, RoomKeys, entry_id
from functions.adapters.redis.script import Script, run, run_all, succeeded
from functions.rooms.answers import FIGURES, RoomFigures, Rules, read_figures
from functions.rooms.people import Place
from functions.rooms.sanctions import ACTIONS, LISTS, Listed, Lists, Sanction
from functions.rooms.seats import BUCKETS, Seat, bucket_of

# So many rooms are asked for a user in one round trip.
ROOMS_A_CALL = 1000


class ModerationState:
    """All rooms, as their moderators and the platform see them."""

    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis
        self._sanction, self._lift, self._rules = Script("sanction"), Script("lift"), Script("rules")
        self._sanctions, self._remove_said = Script("sanctions"), Script("remove_said")
        self._seats_of, self._remove = Script("seats_of"), Script("remove")
        self._kick, self._places_of = Script("kick"), Script("places_of")

    async def sanction(
        self,
        kind: Lists,
        activity_id: int,
        user_id: str,
        sanction: Sanction,
        *,
        unless_newer: bool = False,
        cut_at: int | None = None,
    ) -> None:
        """Mute or ban a user. `unless_newer`: put back what `lift` ended, because that could not be published, but not
        if the user has been sanctioned again. `cut_at`: no connection of the user from before this time may send any
        more."""
        room = RoomKeys(activity_id)
        given = {"sanctions": getattr(room, kind), "user_id": user_id, "line": sanction.pack()}
        await run(self._redis, self._sanction(room, **given, unless_newer=int(unless_newer), cut_at=cut_at))

    async def kick(self, activity_id: int, user_id: str, now: int) -> None:
        """No connection of the user from before now may send any more."""
        await run(self._redis, self._kick(RoomKeys(activity_id), user_id=user_id, now=now))

    async def lift(self, kind: Lists, activity_id: int, user_id: str, now: int) -> Sanction | None:
        """Lift a mute or a ban; returns it if it still held."""
        key = getattr(RoomKeys(activity_id), kind)
        line = await run(self._redis, self._lift(sanctions=key, user_id=user_id, now=now))
        return Sanction.unpack(line) if line else None

    async def is_banned(self, activity_id: int, user_id: str, now: int) -> bool:
        """Whether a ban holds at `now`."""
        with reaching_redis():
            line: str | None = await self._redis.hget(RoomKeys(activity_id).bans, user_id)  # type: ignore[assignment]
        return line is not None and Sanction.unpack(line).holds(now)

    async def sanctions(
        self, activity_id: int, now: int, *, limit: int, after: Place
    ) -> tuple[list[Listed], Place | None]:
        """At most `limit` of a room's mutes and bans that hold, mutes first; and where the next page begins, None at
        the end. A place's bucket is the index of a list."""
        keys = [getattr(RoomKeys(activity_id), name) for name in LISTS[after.bucket :]]
        call = self._sanctions(lists=keys, now=now, limit=limit, scan=after.scan, after=after.user_id)
        found, index, scan, user_id = await run(self._redis, call)
        page = [Listed(ACTIONS[LISTS[after.bucket + at]], user, Sanction.unpack(line)) for at, user, line in found]
        return page, None if index < 0 else Place(after.bucket + index, scan, user_id)

    async def change_rules(self, activity_id: int, *, slow_mode_seconds: int | None, frozen: bool | None) -> Rules:
        """Change what is not None; returns the rules as they are then."""
        figure = None if frozen is None else int(frozen)
        room = RoomKeys(activity_id)
        return Rules.read(*await run(self._redis, self._rules(room, slow=slow_mode_seconds, frozen=figure)))

    async def remove_chat(self, activity_id: int, seq: int) -> None:
        """Take a chat out of the history, also one that is yet to get there."""
        await run(self._redis, self._remove(RoomKeys(activity_id), id=entry_id(seq), seq=seq))

    async def remove_said(self, activity_id: int, user_id: str, now: int) -> list[int]:
        """Take all that a user has said until now out of the history, also what is yet to get there. Returns the seqs
        that were there, at most KEPT; a call that is made again also returns those of the first."""
        call = self._remove_said(RoomKeys(activity_id), user_id=user_id, now=now)
        return [int(seq) for seq in await run(self._redis, call)]

    async def seats_of(self, activity_id: int, user_id: str) -> list[Seat]:
        """The seats that a user has now."""
        # A packed seat ends in the user's bucket and id, whatever its connection.
        tail = Seat("", "classic", user_id).pack().removeprefix("\tc")
        calls = [self._seats_of(seats=key, tail=tail) for key in RoomKeys(activity_id).seats(range(BUCKETS))]
        found = succeeded(await run_all(self._redis, calls))
        return [Seat.unpack(packed) for bucket in found for packed in bucket]

    async def places_of(self, activity_id: int, user_id: str, *, calling: bool = False) -> list[Seat]:
        """The places that a user has now. `calling`: the reader is called, and renews them at once."""
        room = RoomKeys(activity_id)
        (users,) = room.users([bucket_of(user_id)])
        some = Seat("", "live.v1", user_id, is_place=True).pack()
        found = await run(
            self._redis, self._places_of(room, users=users, user_id=user_id, seat=some, calling=int(calling))
        )
        return [Seat.unpack(packed) for packed in found]

    async def rooms_of(self, user_id: str) -> list[int]:
        """The rooms that a user is in now, out of all that somebody is in."""
        with reaching_redis():
            names: Sequence[str] = await self._redis.zrange(ROOMS, 0, -1)  # type: ignore[assignment]
            found: list[bool] = []
            for start in range(0, len(names), ROOMS_A_CALL):
                pipeline = self._redis.pipeline()
                for name in names[start : start + ROOMS_A_CALL]:
                    pipeline.hexists(RoomKeys(int(name)).users([bucket_of(user_id)])[0], user_id)
                found += await pipeline.execute()
        return [int(name) for name, is_there in zip(names, found, strict=True) if is_there]

    async def live_rooms(self, *, limit: int, after: int) -> tuple[list[RoomFigures], int | None]:
        """Rooms with somebody in them, by id, from behind `after`; and the next `after`, None at the end."""
        with reaching_redis():
            names: Sequence[str] = await self._redis.zrange(ROOMS, 0, -1)  # type: ignore[assignment]
        left = sorted(number for number in map(int, names) if number > after)
        page: list[RoomFigures] = []
        while left and len(page) <= limit:
            chunk, left = left[: limit + 1], left[limit + 1 :]
            page += [room for room in await self._figures(chunk) if room.connections + room.places > 0]
        return page[:limit], page[limit - 1].activity_id if len(page) > limit else None

    async def _figures(self, activity_ids: Sequence[int]) -> list[RoomFigures]:
        pipeline = self._redis.pipeline()
        for activity_id in activity_ids:
            pipeline.hmget(RoomKeys(activity_id).figures, list(FIGURES))
        with reaching_redis():
            found = await pipeline.execute()
        return [read_figures(number, values) for number, values in zip(activity_ids, found, strict=True)]
