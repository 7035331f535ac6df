"""Whether a room would let a user in, asked without coming in. Methods raise StateUnavailable."""

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.script import Script, run
from functions.rooms.answers import Banned, TooOften
from functions.rooms.limits import Limits
from functions.rooms.sanctions import Sanction


class AdmissionState:
    """All rooms, as somebody sees them who stands in front of one."""

    def __init__(self, redis: RedisCluster, *, limits: Limits | None = None) -> None:
        self._redis = redis
        self._joins = (limits or Limits()).joins
        self._would_join = Script("would_join")

    async def would_join(self, activity_id: int, user_id: str, now: int) -> Banned | TooOften | None:
        """Why `RoomState.join` would take no seat at `now`, in ms since the epoch; None if it would. No join is paid
        for."""
        rate = {"join_burst": self._joins.burst, "join_per_second": self._joins.per_second}
        call = self._would_join(RoomKeys(activity_id), user_id=user_id, now=now, **rate)
        match await run(self._redis, call):
            case ["banned", line]:
                return Banned(Sanction.unpack(line))
            case ["too often", wait]:
                return TooOften(wait)
        return None
