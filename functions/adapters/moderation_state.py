"""What moderators change in a room. Methods raise StateUnavailable; times are ms since the epoch."""

from collections.abc import Sequence

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis_client import reaching_redis
from functions.adapters.redis_script import Script, succeeded
from functions.adapters.room_answers import FIGURES, RoomFigures, Rules, read_figures
from functions.adapters.room_keys import ROOMS, RoomKeys
from functions.rooms.seats import Seat

FOR_GOOD = 0


class ModerationState:
    """All rooms, as their moderators and the platform see them."""

    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis
        self._sentence, self._pardon, self._rules = Script("sentence"), Script("pardon"), Script("rules")
        self._seats_of, self._remove = Script("seats_of"), Script("remove")

    async def mute(self, activity_id: int, user_id: str, till: int) -> None:
        """Mute until `till`, or FOR_GOOD."""
        await self._sentence_to(RoomKeys(activity_id).mutes, user_id, till)

    async def unmute(self, activity_id: int, user_id: str, now: int) -> int | None:
        """Lift a mute; returns until when it would still have held, None if there was none."""
        return await self._lift(RoomKeys(activity_id).mutes, user_id, now)

    async def put_back_mute(self, activity_id: int, user_id: str, till: int) -> None:
        """Undo `unmute`, because it could not be published; not if the user has been muted anew."""
        await self._sentence_to(RoomKeys(activity_id).mutes, user_id, till, again=True)

    async def ban(self, activity_id: int, user_id: str, till: int) -> None:
        """Ban until `till`, or FOR_GOOD."""
        await self._sentence_to(RoomKeys(activity_id).bans, user_id, till)

    async def unban(self, activity_id: int, user_id: str, now: int) -> int | None:
        """Lift a ban; returns until when it would still have held, None if there was none."""
        return await self._lift(RoomKeys(activity_id).bans, user_id, now)

    async def put_back_ban(self, activity_id: int, user_id: str, till: int) -> None:
        """Undo `unban`, because it could not be published; not if the user has been banned anew."""
        await self._sentence_to(RoomKeys(activity_id).bans, user_id, till, again=True)

    async def _sentence_to(self, key: str, user_id: str, till: int, *, again: bool = False) -> None:
        with reaching_redis():
            await self._sentence.run(self._redis, [key], [user_id, till, int(again)])

    async def _lift(self, key: str, user_id: str, now: int) -> int | None:
        with reaching_redis():
            before = await self._pardon.run(self._redis, [key], [user_id, now])
        return None if before == "" else int(before)

    async def change_rules(self, activity_id: int, *, slow_mode_seconds: int | None, frozen: bool | None) -> Rules:
        """Change what is not None; returns the rules as they are then."""
        arguments = ["" if value is None else int(value) for value in (slow_mode_seconds, frozen)]
        with reaching_redis():
            slow, is_frozen = await self._rules.run(self._redis, [RoomKeys(activity_id).figures], arguments)
        return Rules(slow_mode_seconds=slow, frozen=is_frozen == 1)

    async def remove_chat(self, activity_id: int, seq: int) -> None:
        """Take a chat out of the history, also one that is yet to get there."""
        room = RoomKeys(activity_id)
        with reaching_redis():
            await self._remove.run(self._redis, [room.history, room.removed], [seq])

    async def seats_of(self, activity_id: int, user_id: str) -> list[Seat]:
        """The seats that a user has now."""
        # A packed seat ends in the user's bucket and id, whatever its connection.
        tail = Seat("", "classic", user_id).pack().removeprefix("\tc")
        calls = [([key], [tail]) for key in RoomKeys(activity_id).all_seats()]
        with reaching_redis():
            found = succeeded(await self._seats_of.run_all(self._redis, calls))
        return [Seat.unpack(packed) for bucket in found for packed in bucket]

    async def live_rooms(self, *, limit: int, after: int) -> tuple[list[RoomFigures], int | None]:
        """Rooms with somebody in them, in the order of their ids behind `after`; and the next `after`, None at the
        end."""
        with reaching_redis():
            names: Sequence[str] = await self._redis.zrange(ROOMS, 0, -1)  # type: ignore[assignment]
        left = sorted(number for number in map(int, names) if number > after)
        page: list[RoomFigures] = []
        while left and len(page) <= limit:
            chunk, left = left[: limit + 1], left[limit + 1 :]
            page += [room for room in await self._figures(chunk) if room.connections > 0]
        return page[:limit], page[limit - 1].activity_id if len(page) > limit else None

    async def _figures(self, activity_ids: Sequence[int]) -> list[RoomFigures]:
        pipeline = self._redis.pipeline()
        for activity_id in activity_ids:
            pipeline.hmget(RoomKeys(activity_id).figures, list(FIGURES))
        with reaching_redis():
            found = await pipeline.execute()
        return [read_figures(number, values) for number, values in zip(activity_ids, found, strict=True)]
