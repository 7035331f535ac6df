"""How often each function waits for Redis: counted on the wire, by a proxy between the client and the server.

The clients are warm: their connections are open and the scripts are known to the server.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median_high
from typing import Any

from bench.counting_proxy import Count, CountingProxy
from bench.memory_log import MemoryLog
from bench.result import Result, Target
from bench.rooms import relay_parts
from bench.screens import Screens
from bench.viewers import Crowd, Viewer
from functions import connect, disconnect, message, relay
from functions.adapters.redis_client import connect as connect_to_redis
from local.servers.redis import EmbeddedRedis

# A tick: before posting and after it, and a third where it makes more POSTs than the last one, whose number is reserved
# beforehand.
MOST_WAITS = {"connect": 1, "message": 1, "disconnect": 1, "tick of one room": 2, "tick": 3}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Everything is done `times` over, by viewers of `rooms` rooms."""

    times: int
    rooms: int


FULL = Sizes(times=30, rooms=20)
QUICK = Sizes(times=10, rooms=5)
FRAMES: dict[str, dict[str, Any]] = {
    "chat": {"messageType": 4, "message": "chat 0"},
    "like": {"messageType": 6},
    "heartbeat": {"messageType": 7},
    "who is here": {"messageType": 3},
}


def bench(*, quick: bool) -> Result:
    """Measure."""
    return asyncio.run(run(QUICK if quick else FULL))


async def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    async with _counted_redis() as (url, proxy):
        found = await Counting(sizes, url, proxy).run()
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
    """Does everything that a room's life is made of, and counts."""

    def __init__(self, sizes: Sizes, url: str, proxy: CountingProxy) -> None:
        self._sizes = sizes
        self._proxy = proxy
        self._redis = connect_to_redis(url)
        self._log = MemoryLog()
        self._now = 1_700_000_000_000
        self._parts = relay_parts(self._redis, Screens(), self._log, lambda: self._now)
        self._counts: dict[str, list[Count]] = {}

    async def run(self) -> dict[str, Count]:
        """The median of each; what is done first, to warm up, is not counted."""
        crowds = [Crowd(number) for number in range(1, self._sizes.rooms + 1)]
        viewers = [crowd.come() for crowd in crowds for _ in range(self._sizes.times // len(crowds) + 2)]
        await self._live(viewers)
        self._counts.clear()
        await self._live([crowds[number % len(crowds)].come() for number in range(self._sizes.times)])
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
        for viewer in viewers[:10]:
            await self._send("", FRAMES["chat"], viewer)
            await self._tick("tick of one room")
        for viewer in viewers:
            await self._count("disconnect", disconnect.main(viewer.event(), self._parts.room))

    async def _send(self, kind: str, frame: dict[str, Any], viewer: Viewer) -> None:
        self._now += 1_000  # nobody is told to wait
        what = f"message: {kind}{' with id' if 'id' in frame else ''}"

        async def send() -> None:
            reply = await message.main(viewer.event(frame), self._parts.room)
            assert '"ok":false' not in reply.get("body", ""), reply

        await (self._count(what, send()) if kind else send())

    async def _tick(self, what: str) -> None:
        await self._count(what, relay.main(self._log.take(), self._parts))

    async def _count(self, what: str, act: Awaitable[object]) -> None:
        before = self._proxy.count
        await act
        self._counts.setdefault(what, []).append(self._proxy.count - before)


def _median(counts: list[Count]) -> Count:
    """Of each figure. A script that a new connection sends in full, or a wait that is seen as two, is an outlier."""
    return Count(
        *(int(median_high(column)) for column in zip(*(asdict(count).values() for count in counts), strict=True))
    )


@asynccontextmanager
async def _counted_redis() -> AsyncIterator[tuple[str, CountingProxy]]:
    """A Redis whose clients all go through a proxy."""
    server = EmbeddedRedis()
    await server.start()
    try:
        proxy = CountingProxy("127.0.0.1", int(server.url.rpartition(":")[2]))
        yield f"redis://127.0.0.1:{await proxy.start()}", proxy
        await proxy.stop()
    finally:
        await server.stop()
