"""The properties of rooms. Methods raise StateUnavailable."""

from collections.abc import Mapping

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.script import CallOnce, run
from functions.rooms.properties import Properties, digest_of_patch, pack_patch, read_patched, read_properties


class PropertiesState:
    """All rooms, as the platform describes them."""

    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis
        self._patch = CallOnce("patch")

    async def read(self, activity_id: int) -> Properties:
        """A room's properties; none for a room that has none."""
        with reaching_redis():
            found: Mapping[str, str] = await self._redis.hgetall(RoomKeys(activity_id).properties)  # type: ignore[assignment]
        return read_properties(found)

    async def patch(self, activity_id: int, patch: Properties, user_id: str, call_id: str | None) -> Properties:
        """Change properties by a valid JSON merge patch; returns all of them. Under a `call_id` that the user has used
        for this patch nothing is changed. Raises Malformed if there would be too much, or for another call's id."""
        room, (names, patches) = RoomKeys(activity_id), pack_patch(patch)
        calls = [] if call_id is None else [room.patched(user_id, call_id), room.sent_id(user_id, call_id)]
        digest = digest_of_patch(patch)
        call = self._patch(room, calls=calls, digest=digest, names=names, patches=patches)
        return read_patched(await run(self._redis, call))
