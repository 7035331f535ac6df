"""A hundred thousand readers of one room: they come within two minutes, stay for an hour, and go at once.

It is a simulation on Redis and the functions' own code, without sockets: see bench/audience.py. Slots are read in real
time, since Redis's clock tells them: bench/origin.py.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from bench.audience import STEP_MS, Audience
from bench.batching_redis import BatchingRedis
from bench.moments import COLUMNS, Moments
from bench.origin import Origin
from bench.reader import Reader
from bench.result import Result, Target
from bench.rooms import redis_server
from functions.rooms.events import JOIN, LEAVE

SEATS = 100
COMING_SECONDS = 120
# With 100,000 readers these are 500 renewals a second, the default of the setting.
BEAT_SECONDS = 200
LEASE_SECONDS = 2 * BEAT_SECONDS
MINUTE = 60
# So many of the readers vanish within the hour, and so many of the others say that they go.
VANISHING, SAYING = 0.02, 0.5
CHATS_A_STEP = 5
# Nobody says anything in the last seconds of reading, since what is said then is read later.
SILENT_STEPS = 10
LOST_BUCKET = 7
MOST_BYTES, MOST_READS = 400, 2.0
QUICK: dict[str, Any] = {"readers": 1_000, "seconds": 900, "reading_seconds": 8}


async def run(*, readers: int = 100_000, seconds: int = 3600, reading_seconds: int = 20) -> Result:
    """So many readers for so many seconds of the room's clock."""
    async with redis_server() as url, aclosing(await BatchingRedis.connected(url)) as redis:
        show = Show(redis, readers)
        with without_collecting():
            await show.come()
            await show.stay(seconds)
            await show.read(reading_seconds)
            await show.lose_a_key()
            await show.go()
    return show.result()


@contextmanager
def without_collecting() -> Iterator[None]:
    """Nothing here is garbage in a circle, and looking for it among all readers would take two thirds of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Show:
    """One room from the first reader to the last."""

    def __init__(self, redis: BatchingRedis, readers: int) -> None:
        self._redis, self._number = redis, readers
        self._per_second = readers // BEAT_SECONDS
        self._room = Audience(redis, beats_per_second=self._per_second)
        self._moments = Moments(self._room)
        self._readers: list[Reader] = []
        self._figures: dict[str, float] = {}

    async def come(self) -> None:
        """All come."""
        await self._room.sit(SEATS)
        await self._moments.begin()
        self._readers = self._room.come(self._number, COMING_SECONDS)
        for name in ("half have come", "all have come"):
            await self._room.go_on(COMING_SECONDS / 2)
            await self._moments.note(name)

    async def stay(self, seconds: int) -> None:
        """Some vanish each minute, the others renew their places."""
        await self._room.go_on(LEASE_SECONDS)
        await self._moments.note("a lease later")
        steady_from = self._room.now // 1000
        minutes = (seconds - COMING_SECONDS - LEASE_SECONDS) // MINUTE
        some = max(1, round(self._number * VANISHING / minutes))
        for minute in range(minutes):
            self._room.vanish(self._readers[minute * some : (minute + 1) * some])
            await self._room.go_on(MINUTE)
        await self._moments.note(f"after {seconds / MINUTE:.0f} minutes")
        rates = self._room.made.renewals.items()
        self._figures["mostRenewalsWhileComing"] = max(rate for second, rate in rates if second < steady_from)
        self._figures["mostRenewals"] = max(rate for second, rate in rates if second >= steady_from)

    async def read(self, seconds: int) -> None:
        """All read slots, while some chat. The room's clock goes as fast as Redis's."""
        origin = Origin(self._redis, self._room.ticks_path, large_from=self._number // 5)
        now, started, steps, said = round(time.time()), time.monotonic(), seconds * 1000 // STEP_MS, 0
        first = max(now - 4, await self._room.first_slot())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(origin.follow(range(first, max(first, now) + 1), seconds))
            for step in range(steps):
                speakers = self._room.seated[step * CHATS_A_STEP % SEATS :][:CHATS_A_STEP]
                for speaker in speakers if step < steps - SILENT_STEPS else ():
                    await self._room.say(speaker, f"chat {said}")
                    said += 1
                await self._room.go_on(STEP_MS / 1000)
                await asyncio.sleep(started + (step + 1) * STEP_MS / 1000 - time.monotonic())
        self._figures |= {"originReadsPerSecond": origin.reads / seconds, "originGaps": origin.gaps}
        self._figures["chatsMissed"] = said - len(origin.seqs)
        await self._moments.note("while all read")

    async def lose_a_key(self) -> None:
        """Redis loses a thirty-second part of the places."""
        before = self._room.onlooker.told[JOIN]
        await self._room.lose_places(LOST_BUCKET)
        await self._room.go_on(LEASE_SECONDS + MINUTE)
        await self._moments.note("a lease after a key was lost")
        self._figures["comingsToldInVain"] = self._room.onlooker.told[JOIN] - before

    async def go(self) -> None:
        """All go at once."""
        room, rest = self._room, [reader for reader in self._readers if reader.watches]
        objects, ticks, went_at = room.onlooker.objects[LEAVE], room.made.calls["tick"], room.now
        room.vanish(rest)
        await room.leave(rest[: round(len(rest) * SAYING)])
        await self._moments.note("half have said that they go")
        while (await room.counted()).places:
            await room.go_on(MINUTE)
        await self._moments.note("all are counted out")
        self._figures["secondsUntilAllAreCountedOut"] = (room.now - went_at) / 1000
        self._figures["leavesTold"] = room.onlooker.told[LEAVE]
        self._figures["objectsTellingOfThem"] = room.onlooker.objects[LEAVE] - objects
        self._figures["ticksTellingOfThem"] = room.made.calls["tick"] - ticks
        watched = sum(reader.seen_at - reader.taken_at for reader in self._readers)
        counted = sum(room.log.watched[reader.identity.user_id] for reader in self._readers)
        self._figures["watchMsOff"] = abs(watched - counted)

    def result(self) -> Result:
        moments, figures = self._moments, self._figures
        full = next(moment for moment in moments if moment.name == "a lease later")
        return Result(
            title=f"{self._number:,} readers of one room, and {SEATS} seats; rates in seconds of the room",
            columns=COLUMNS,
            rows=[moment.row() for moment in moments],
            figures={"moments": [moment.to_json() for moment in moments], **figures},
            targets=[
                Target(
                    what="users, seats and places that are counted wrongly", value=max(m.off for m in moments), most=0
                ),
                Target(what="renewals a second", value=moments[3].per_second["renew"], most=self._per_second),
                Target(what="bytes a place", value=full.bytes_a_place, most=MOST_BYTES),
                Target(
                    what="slots read at the origin a second", value=figures["originReadsPerSecond"], most=MOST_READS
                ),
                Target(
                    what="chats that readers miss, and gaps",
                    value=figures["chatsMissed"] + figures["originGaps"],
                    most=0,
                ),
                Target(what="users told as come who had not left", value=figures["comingsToldInVain"], most=0),
                Target(what="ms of watch time that are not as watched", value=figures["watchMsOff"], most=0),
            ],
            notes=[f"{name}: {number:,.6g}" for name, number in figures.items()],
        )
