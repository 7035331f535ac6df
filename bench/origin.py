"""The function gallery behind a cache, as the readers of one room ask for slots: in real time, by Redis's clock."""

import asyncio
import json
import time
from collections.abc import Sequence

from redis.asyncio.cluster import RedisCluster

from bench.gallery_room import signing_keys
from functions.adapters.redis.gallery_state import SlotState
from functions.rooms.events import CHAT
from functions.usecases.slot_reader import SlotReader


class Origin:
    """Answers what the cache lacks. `reads`: how often it was asked. `seqs`: of the chats in its answers. `gaps`: how
    many answers told of one.

    `ticks_path` is what readers were told with their places.
    """

    def __init__(self, redis: RedisCluster, ticks_path: str, *, large_from: int) -> None:
        self._reader = SlotReader(state=SlotState(redis), keys=signing_keys(), large_from=large_from)
        _, _, activity_id, self._key, _ = ticks_path.split("/")
        self._activity_id = int(activity_id)
        self.reads = self.gaps = 0
        self.seqs: set[int] = set()
        self._asked: set[int] = set()

    async def follow(self, first: Sequence[int], seconds: float) -> None:
        """Readers begin with these slots, and read on for so long. Those who come to a slot for which others have
        asked get the same answer from the cache, so they are the same from then on."""
        ends = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for slot in first:
                tasks.create_task(self._follow(slot, ends))

    async def _follow(self, slot: int, ends: float) -> None:
        while time.monotonic() < ends and slot not in self._asked:
            self._asked.add(slot)
            self.reads += 1
            told = json.loads((await self._reader.read(self._activity_id, self._key, slot)).body)
            self.gaps += "gap" in told
            self.seqs |= {one["seq"] for one in told.get("objects", ()) if one["messageType"] == CHAT}
            slot = told["next"]
