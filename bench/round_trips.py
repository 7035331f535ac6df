"""How often each function waits for Redis. A proxy between the client and the server counts on the wire.

The clients are warm: their connections are open, and the server has the scripts.
"""

import json
from collections.abc import Awaitable
from dataclasses import asdict, astuple, dataclass, replace
from statistics import median_high
from typing import Any

from bench.counting_proxy import Count, CountingProxy
from bench.gallery_room import gallery_of, place
from bench.memory_log import MemoryLog
from bench.result import Result, Target
from bench.rooms import redis_server, relay_parts
from bench.screens import Screens
from bench.viewers import Crowd, Viewer
from functions.adapters.redis.client import connect as connect_to_redis
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.review_state import ReviewState
from functions.handlers import connect, disconnect, message, relay
from functions.parts import Review

WITH_GALLERY = "tick of one room, with a gallery"
# A tick waits before it posts and after it. It waits a third time if it makes more POSTs than the tick before, because
# as many as that one made are reserved in advance.
MOST_WAITS = {
    "connect": 1,
    "message": 1,
    "disconnect": 1,
    "tick of one room": 2,
    WITH_GALLERY: 2,
    "place": 1,
    "tick": 3,
    "reviewed, allowed": 1,
    "reviewed": 2,
}
QUICK: dict[str, Any] = {"times": 10, "rooms": 5}
FRAMES: dict[str, dict[str, Any]] = {
    "chat": {"messageType": 4, "message": "chat 0"},
    "like": {"messageType": 6},
    "heartbeat": {"messageType": 7},
    "who is here": {"messageType": 3},
}


# What the platform's function answers.
VERDICTS: dict[str, dict[str, str]] = {
    "allowed": {"action": "allow"},
    "changed": {"action": "change", "text": "chat 1"},
    "denied": {"action": "deny"},
}


@dataclass(frozen=True)
class Reviewer:
    """A function that answers at once."""

    verdict: str

    async def ask(self, question: bytes) -> bytes:
        return json.dumps(VERDICTS[self.verdict]).encode()


async def run(*, times: int = 30, rooms: int = 20) -> Result:
    """Do everything `times` times, by viewers of `rooms` rooms."""
    async with redis_server() as url:
        proxy = CountingProxy("127.0.0.1", int(url.rpartition(":")[2]))
        found = await Counting(f"redis://127.0.0.1:{await proxy.start()}", proxy).run(times, rooms)
        await proxy.stop()
    return Result(
        title="Redis, as each function waits for it",
        columns=("event", "round trips", "requests", "bytes sent", "bytes received"),
        rows=[[what, one.waits, one.requests, one.sent, one.received] for what, one in found.items()],
        figures={"roundTrips": {what: asdict(one) for what, one in found.items()}},
        targets=[
            Target(
                what=f"round trips of a {kind}, the dearest",
                value=max(one.waits for what, one in found.items() if what.startswith(kind)),
                most=most,
            )
            for kind, most in MOST_WAITS.items()
        ],
        notes=["round trips: one after another; requests: all of them, those side by side too"],
    )


class Counting:
    """Does everything that happens in a room, and counts the waits of each event."""

    def __init__(self, url: str, proxy: CountingProxy) -> None:
        self._proxy = proxy
        self._redis = connect_to_redis(url)
        self._log = MemoryLog()
        self._now = 1_700_000_000_000
        self._parts = relay_parts(self._redis, Screens(), self._log, lambda: self._now)
        self._counts: dict[str, list[Count]] = {}

    async def run(self, times: int, rooms: int) -> dict[str, Count]:
        """The medians, by event. A first round, which warms the clients up, is not counted."""
        crowds = [Crowd(number) for number in range(1, rooms + 1)]
        viewers = [crowd.come() for crowd in crowds for _ in range(times // rooms + 2)]
        await self._live(viewers)
        self._counts.clear()
        await self._live([crowds[number % rooms].come() for number in range(times)])
        await self._redis.aclose()
        return {what: _median(counts) for what, counts in sorted(self._counts.items())}

    async def _live(self, viewers: list[Viewer]) -> None:
        for viewer in viewers:
            await self._count("connect", connect.main(viewer.event(), self._parts.room))
        await self._tick("tick of rooms with newcomers")
        for kind, frame in FRAMES.items():
            for with_id in (False, True):
                for number, viewer in enumerate(viewers):
                    await self._send(kind, frame | ({"id": f"{kind}-{number}"} if with_id else {}), viewer)
            if self._log.live:
                await self._tick("tick of many rooms")
        for verdict in VERDICTS:
            review = Review(function=Reviewer(verdict), state=ReviewState(self._redis), on_failure="deny")
            parts = replace(self._parts.room, review=review)
            for number, viewer in enumerate(viewers):
                self._now += 1_000
                said = viewer.event(FRAMES["chat"] | {"id": f"{verdict}-{number}"})
                await self._count(f"reviewed, {verdict}, with id", message.main(said, parts))
        await self._tick("tick of many rooms")
        for viewer in viewers[:10]:
            await self._send("", FRAMES["chat"], viewer)
            await self._tick("tick of one room")
        await self._read(viewers[0])
        for viewer in viewers:
            await self._count("disconnect", disconnect.main(viewer.event(), self._parts.room))

    async def _read(self, viewer: Viewer) -> None:
        """Somebody reads in the viewer's room."""
        room, gallery = viewer.identity.activity_id, gallery_of(self._redis, self._parts.room)
        readers = Crowd(room, seed=2)
        for _ in range(5):
            reader = readers.come()
            placed = await self._count("place: taken", place(gallery, self._parts, reader))
            await self._count("place: renewed", place(gallery, self._parts, reader, held=placed.place))
        await self._tick("")
        for _ in range(10):
            await self._send("", FRAMES["chat"], viewer)
            await self._tick(WITH_GALLERY)
        assert await self._redis.xlen(RoomKeys(room).slots), "nothing was written for the readers"

    async def _send(self, kind: str, frame: dict[str, Any], viewer: Viewer) -> None:
        self._now += 1_000  # the rate refuses nobody
        what = f"message: {kind}{' with id' if 'id' in frame else ''}"

        async def send() -> None:
            reply = await message.main(viewer.event(frame), self._parts.room)
            assert '"ok":false' not in reply.get("body", ""), reply

        await self._count(what if kind else "", send())

    async def _tick(self, what: str) -> None:
        await self._count(what, relay.main(self._log.take(), self._parts))

    async def _count(self, what: str, act: Awaitable[Any]) -> Any:
        """The outcome of an act, whose waits are counted if it has a name."""
        before = self._proxy.count
        outcome = await act
        if what:
            self._counts.setdefault(what, []).append(self._proxy.count - before)
        return outcome


def _median(counts: list[Count]) -> Count:
    """The median of each figure, as there are outliers: a new connection sends its script in full."""
    return Count(*(int(median_high(column)) for column in zip(*map(astuple, counts), strict=True)))
