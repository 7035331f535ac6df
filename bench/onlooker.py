"""One viewer of a large room, who counts what is said of those who come and go. Others' frames are not looked at."""

import json
from collections import Counter

from functions.adapters.aws.connections import Outcome
from functions.rooms import objects
from functions.rooms.events import JOIN, LEAVE
from functions.rooms.payload import Payload


class Onlooker:
    """A poster that delivers everything. `told` has how many came (JOIN) and went (LEAVE), `objects` how many objects
    said so, and `online` the number of users that was told last."""

    def __init__(self) -> None:
        self.connection_id = ""
        self.told: Counter[int] = Counter()
        self.objects: Counter[int] = Counter()
        self.online = 0

    async def prepare(self) -> None:
        """Nobody signs here."""

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """Look at a frame, if it is the onlooker's."""
        if connection_id == self.connection_id:
            self._look(payload.data)
        return Outcome.DELIVERED

    async def delete(self, connection_id: str) -> Outcome:
        """The connection is closed."""
        return Outcome.DELIVERED

    def _look(self, frame: bytes) -> None:
        for one in json.loads(frame):
            kind = one["messageType"]
            if kind in (JOIN, LEAVE):
                self.told[kind] += 1 + one.get("others", 0)
                self.objects[kind] += 1
            elif kind == objects.COUNT:
                self.online = one["onlineNumber"]
