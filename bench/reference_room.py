"""The reference room of the design, on a clock of its own: a minute of the room takes as long as the code needs.

It runs the functions' own code with a real Redis, a log in memory and a poster that counts. The room's clock stands
still while the relay posts. So the relay is never late, and makes as many ticks as it ever can.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.rooms import relay_parts, seat
from bench.screens import Screens
from bench.viewers import Crowd, Viewer
from functions.handlers import connect, disconnect, message, relay
from functions.rooms.identity import Framing

START_MS = 1_700_000_000_000
ACTIVITY_ID = 42
# Events a second. One viewer leaves for each that joins.
RATES = {"chat": 50, "like": 200, "join": 20, "leave": 20}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The cost of a run, and the chats that viewers did not see: `missed`, summed over the viewers, and `left_out`,
    those of them that a type 13 announced."""

    posts: int
    bytes: int
    ticks: int
    records: int
    missed: int
    left_out: int
    repeated: int


class ReferenceRoom:
    """One room, its viewers, and the time in it (ms)."""

    def __init__(self, redis: RedisCluster, viewers: int, framing: Framing) -> None:
        self._crowd = Crowd(ACTIVITY_ID, framing=framing)
        self._viewers = [self._crowd.come() for _ in range(viewers)]
        self._random = random.Random(1)
        self._now = START_MS
        self._chats = self._ticks = self._records = 0
        self._log = MemoryLog()
        self._screens = Screens()
        self._parts = relay_parts(redis, self._screens, self._log, lambda: self._now)

    async def run(self, seconds: float, window_ms: int | None) -> Outcome:
        """So much room time. A batch has the records of `window_ms`, or, with None, one record."""
        await self._open()
        due: int | None = None
        for at, what in self._timeline(seconds):
            if due is not None and at >= due:
                self._now, due = due, None
                await self._tick()
            self._now = at
            await self._do(what)
            if window_ms is None:
                await self._tick()
            elif due is None:
                due = at + window_ms
        if self._log.live:
            await self._tick()
        self._screens.end(self._chats)
        return self._outcome()

    async def _open(self) -> None:
        """Seat the first viewers, and welcome them with a tick that is not counted."""
        await seat(self._parts.room.state, self._viewers, self._now)
        for viewer in self._viewers:
            self._screens.came(viewer.connection_id, 0)
        await self._do("chat")
        await self._tick()
        self._screens.posts = self._screens.bytes = self._ticks = self._records = 0

    def _timeline(self, seconds: float) -> Iterator[tuple[int, str]]:
        """Each event's time and kind. The times are random, the number of each kind is not."""
        yield from sorted(
            (START_MS + 1 + int(1000 * self._random.uniform(0, seconds)), what)
            for what, rate in RATES.items()
            for _ in range(round(rate * seconds))
        )

    async def _do(self, what: str) -> None:
        index = self._random.randrange(len(self._viewers))
        viewer = self._viewers[index]
        if what == "join":
            self._viewers.append(viewer := self._crowd.come())
            self._screens.came(viewer.connection_id, self._chats)
            await connect.main(viewer.event(), self._parts.room)
        elif what == "leave":
            del self._viewers[index]
            self._screens.left(viewer.connection_id)
            await disconnect.main(viewer.event(), self._parts.room)
        elif what == "like":
            await self._send(viewer, {"messageType": 6})
        else:
            await self._send(viewer, {"messageType": 4, "message": f"chat {self._chats} {'x' * 40}"})
            self._chats += 1

    async def _send(self, viewer: Viewer, frame: dict[str, Any]) -> None:
        reply = await message.main(viewer.event(frame), self._parts.room)
        if "body" in reply:
            raise AssertionError(f"refused: {reply['body']}")

    async def _tick(self) -> None:
        self._ticks += 1
        self._records += len(self._log.live)
        await relay.main(self._log.take(), self._parts)

    def _outcome(self) -> Outcome:
        screens = self._screens
        return Outcome(
            posts=screens.posts,
            bytes=screens.bytes,
            ticks=self._ticks,
            records=self._records,
            missed=screens.missed,
            left_out=screens.left_out,
            repeated=screens.repeated,
        )
