"""The load of one process, phase by phase."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Literal

from tools.load.audience import Audience
from tools.load.histogram import Histogram
from tools.load.options import LoadOptions
from tools.load.outcome import Json
from tools.load.pace import at_rate, until
from tools.load.presence import OTHERS, SLOW
from tools.load.viewer import Viewer, in_turn
from tools.token_source import TokenSource

# When nothing has come for so long, nothing more will. It is more than the relay's window.
QUIET_SECONDS = 1.5

Phase = Literal["connect", "play", "settle", "figures", "close"]


class Worker:
    """Each phase once, in their order; the figures alone have a result. `cut` ends connect and play early."""

    def __init__(self, options: LoadOptions, tokens: TokenSource, index: int = 0) -> None:
        self._options = options
        self._audience = Audience(options, index, tokens)
        self._cut = asyncio.Event()
        self._lasting: list[asyncio.Task[None]] = []  # until the end
        self._connect_seconds = 0.0
        self._played: Json = {"began": time.time(), "seconds": 0.0, "frames": 0, "bytes": 0, "cpu": 0.0}
        self._disturbed: float | None = None
        self._recovered: float | None = None

    async def run(self, phase: Phase) -> Json:
        result: Json | None = await getattr(self, phase)()
        return result or {}

    def cut(self) -> None:
        self._cut.set()

    async def connect(self) -> None:
        """Let every viewer in, at a bounded rate; returns when each was welcomed or has given up."""
        began = time.monotonic()
        self._lasting.append(asyncio.create_task(self._beat()))
        await self._until_cut(self._audience.gather())
        self._connect_seconds = time.monotonic() - began

    async def play(self) -> None:
        seconds = self._options.seconds
        for connection in self._audience.slow:
            connection.stop_reading()
        began_at, began = time.time(), time.monotonic()
        cpu, before = time.process_time(), self._volume()
        doing = self._start()
        await self._until_cut(asyncio.sleep(seconds / 2))
        if not self._cut.is_set():
            self._disturb()
        await self._until_cut(asyncio.sleep(seconds - (time.monotonic() - began)))
        for task in doing:
            task.cancel()
        after, lasted = self._volume(), time.monotonic() - began
        frames, size = (now - then for now, then in zip(after, before, strict=True))
        cpu = (time.process_time() - cpu) / lasted
        self._played = {"began": began_at, "seconds": lasted, "frames": frames, "bytes": size, "cpu": cpu}

    def _start(self) -> list[asyncio.Task[None]]:
        options, audience = self._options, self._audience
        speakers = audience.speakers
        share = options.rooms * len(speakers) / options.speakers
        return [
            asyncio.create_task(at_rate(options.chat_rate * share, in_turn(speakers, Viewer.chat))),
            asyncio.create_task(at_rate(options.like_rate * share, in_turn(speakers, Viewer.like))),
            asyncio.create_task(at_rate(options.join_rate * share, in_turn(speakers, audience.rejoin))),
        ]

    def _disturb(self) -> None:
        if self._options.mode not in ("storm", "vanish"):
            return
        self._disturbed = time.monotonic()
        if self._options.mode == "vanish":
            self._audience.vanish()
        else:
            self._audience.storm(self._options.jitter)
            self._lasting.append(asyncio.create_task(self._recover()))

    async def _recover(self) -> None:
        await until(lambda: not self._audience.awaited)
        self._recovered = time.monotonic()

    async def settle(self) -> None:
        """Wait until nothing more comes, for `settle` seconds at most."""
        for connection in self._audience.slow:
            connection.read_on()
        await until(self._is_quiet, seconds=self._options.settle_seconds)

    def _is_quiet(self) -> bool:
        rooms = self._audience.rooms
        if min(room.clock() - room.seen_at for room in rooms) < QUIET_SECONDS * 1e6:
            return False
        if self._audience.awaited and not self._cut.is_set():  # who is cut short is not waited for
            return False
        return all(seq in room.catalogue for room in rooms for seq in room.accepted)

    def progress(self) -> Json:
        """The figures so far that are cheap to have."""
        audience = self._audience
        return {
            "here": len(audience.here),
            "chats": audience.tally.sent["chat"],
            "frames": self._volume()[0],
            "p99": self._latencies(OTHERS).percentile(99),
            "disturbed": self._disturbed,
            "counts": audience.counts() if self._disturbed and self._options.mode == "vanish" else [],
        }

    async def figures(self) -> Json:
        """All figures, as `outcome.merge` reads them."""
        audience, tally = self._audience, self._audience.tally
        counts = audience.counts()
        here = len(audience.here)
        audience.end()
        return {
            "here": here,
            "gone": len(audience.gone),
            "connect_seconds": self._connect_seconds,
            "played": self._played,
            "disturbed": self._disturbed,
            "recovered": self._recovered,
            "counts": counts,
            "sent": tally.sent,
            "accepted": tally.accepted,
            "reply_times": tally.reply_times,
            "refused_handshakes": tally.refused_handshakes,
            "refused_frames": tally.refused_frames,
            "dropped": tally.dropped,
            "latencies": [self._latencies(group) for group in (OTHERS, SLOW)],
            "rooms": [room.figures() for room in audience.rooms],
        }

    async def close(self) -> None:
        for task in self._lasting:
            task.cancel()
        await self._audience.close()

    def _latencies(self, group: int) -> Histogram:
        latencies = Histogram()
        for room in self._audience.rooms:
            latencies.merge(room.count_up()[group].latencies)
        return latencies

    def _volume(self) -> tuple[int, int]:
        volumes = [volume for room in self._audience.rooms for volume in room.count_up().values()]
        return sum(volume.frames for volume in volumes), sum(volume.bytes for volume in volumes)

    async def _beat(self) -> None:
        """Send each viewer's heartbeat, spread over the interval that the first welcome names."""
        await until(lambda: bool(self._audience.here))
        seconds = self._audience.here[0].heartbeat_seconds
        viewers = list(self._audience.viewers.values())
        await at_rate(len(viewers) / seconds, in_turn(viewers, Viewer.beat))

    async def _until_cut(self, work: Awaitable[None]) -> None:
        tasks = [asyncio.ensure_future(work), asyncio.create_task(self._cut.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        if tasks[0] in done:
            tasks[0].result()
