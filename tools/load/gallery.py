"""The readers of a load, who have places in the gallery. All are in the process of the command."""

import asyncio
import time
from typing import Any

from tools.failure import Failure
from tools.json_http import NobodyThere
from tools.load.histogram import Histogram
from tools.load.options import LoadOptions
from tools.load.outcome import Json
from tools.load.pace import RateLimit, until
from tools.load.place import NoPlace, Site
from tools.load.presence import OTHERS
from tools.load.reader import Reader, ReadingTally, pause
from tools.load.room import Room
from tools.load.slot import read_slot
from tools.load.viewer import TOKEN_SECONDS
from tools.token_source import NoToken, TokenSource, viewer_order

ATTEMPTS = 5
# What was said in a slot is relayed and written some seconds later at most.
SETTLED_SLOTS = 2


class Gallery:
    """Each of `take`, `settle`, `figures` and `close` once, in this order. Readers read from `take` to `close`."""

    def __init__(self, options: LoadOptions, tokens: TokenSource) -> None:
        self._options = options
        self._tokens = tokens
        self._site = Site.of(options.api)
        self._rate_limit = RateLimit(options.connect_rate)
        self._tally = ReadingTally()
        numbers = range(options.first_room, options.first_room + options.rooms)
        self.rooms = [Room(number, tag=options.tag, read=read_slot) for number in numbers]
        self._readers: list[Reader] = []
        self._reading: list[asyncio.Task[None]] = []
        self._taking: asyncio.Future[Any] | None = None
        self._is_cut = False
        # When all had their places, what had been asked for and got by then, and how long that took.
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._before = (0, 0)
        self._place_seconds = 0.0

    async def take(self) -> None:
        """Take a place for every reader, at a bounded rate. Raises Failure if the first one gets none."""
        began = time.monotonic()
        try:
            await self._place(await self._reader(0))
        except NoPlace as refused:
            raise Failure(self._no_gallery(str(refused))) from None
        self._taking = asyncio.gather(*(self._bring(number) for number in range(1, self._options.gallery)))
        try:
            await self._taking
        except asyncio.CancelledError:
            if not self._is_cut:
                raise
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._before = (self._tally.requests["slot"], self._tally.bytes)
        self._place_seconds = self._began - began

    def cut(self) -> None:
        """End `take` early."""
        self._is_cut = True
        if self._taking is not None:
            self._taking.cancel()

    def _no_gallery(self, reason: str) -> str:
        if reason == "seat":
            return (
                f"{self._site.api}: the rooms have a seat for a reader, and no place in a gallery: take more --viewers "
                "than the stage's gallery begins from (make dev GALLERY_FROM=20)"
            )
        return (
            f"{self._site.api} gives a reader no place ({reason}): is it the stack's output PlatformApiUrl, with /api?"
        )

    async def _bring(self, number: int) -> None:
        """Take a place for a reader, who tries again a few times."""
        try:
            reader = await self._reader(number)
        except (NoToken, NobodyThere) as error:
            self._tally.refusals[str(error)] += 1
            return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._place(reader)
                return
            except NoPlace:
                await pause(attempt)

    async def _reader(self, number: int) -> Reader:
        name = f"{self._options.tag}-reader-{number}"
        room = self.rooms[number % len(self.rooms)]
        token = await self._tokens(viewer_order(room.activity_id, name, TOKEN_SECONDS))
        reader = Reader(name, room, self._site, self._tally, token)
        self._readers.append(reader)
        return reader

    async def _place(self, reader: Reader) -> None:
        """Raises NoPlace."""
        await self._rate_limit.enter()
        await reader.take()
        self._reading.append(asyncio.create_task(reader.stay()))

    async def settle(self) -> None:
        """Wait until each reader has read all slots of the load, for `settle` seconds at most."""
        last = max((reader.slot_now for reader in self._readers if reader.is_here), default=0) + SETTLED_SLOTS
        is_read = lambda: all(reader.next > last for reader in self._readers if reader.is_here)  # noqa: E731
        await until(is_read, seconds=self._options.settle_seconds)

    def figures(self) -> Json:
        """What `outcome.merge` reads."""
        tally = self._tally
        latencies = Histogram()
        for room in self.rooms:
            latencies.merge(room.count_up()[OTHERS].latencies)
        latencies.merge(tally.late)
        here = [reader for reader in self._readers if reader.is_here]
        counts = self._counts(here)
        for reader in here:
            reader.room.end(reader.presence, stays=True)
        seconds = time.monotonic() - self._began
        slots, size = self._before
        return {
            "here": len(here),
            "played": {
                "seconds": seconds,
                "slots": tally.requests["slot"] - slots,
                "bytes": tally.bytes - size,
                "cpu": (time.process_time() - self._cpu) / seconds,
            },
            "place_seconds": self._place_seconds,
            "counts": counts,
            "requests": tally.requests,
            "failures": tally.failures,
            "refusals": tally.refusals,
            "bytes": tally.bytes,
            "gaps": tally.gaps,
            "slots_missed": tally.slots_missed,
            "latencies": latencies,
            "rooms": [room.figures() for room in self.rooms],
        }

    def _counts(self, here: list[Reader]) -> list[tuple[int, int, int]]:
        """As `Audience.counts`."""
        counts: list[tuple[int, int, int]] = []
        for room in self.rooms:
            told: list[Any] = [reader.presence.online for reader in here if reader.room is room]
            counts.append((len(told), min(told, default=0), max(told, default=0)))
        return counts

    async def close(self) -> None:
        """Give all places up."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)
        await asyncio.gather(*(reader.leave() for reader in self._readers))
