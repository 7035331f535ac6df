"""Takes the workers of a load through its phases together."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Iterable, Sequence

from tools.load.gallery import Gallery
from tools.load.options import LoadOptions
from tools.load.outcome import Json, counts_are_right, merge
from tools.load.pace import until
from tools.load.process import AnyWorker
from tools.progress import Progress

SHOW_SECONDS = 0.25


class Coordinator:
    def __init__(
        self, options: LoadOptions, workers: Sequence[AnyWorker], progress: Progress, gallery: Gallery | None = None
    ) -> None:
        self._gallery = gallery
        self._options = options
        self._workers = workers
        self._progress = progress
        self._is_cut = False
        self._right_again: float | None = None

    def cut(self) -> None:
        """End early, with the figures so far."""
        self._is_cut = True
        for worker in self._workers:
            worker.cut()
        if self._gallery is not None:
            self._gallery.cut()

    async def run(self) -> Json:
        """The figures, as `merge` makes them."""
        options, workers = self._options, self._workers
        connecting = options.viewers / options.connect_rate
        with self._progress:
            await self._phase("connecting", connecting, (worker.run("connect") for worker in workers))
            if self._gallery is not None and not self._is_cut:
                # After the viewers, who fill the seats.
                await self._phase("placing", options.gallery / options.connect_rate, [self._gallery.take()])
            if not self._is_cut:
                await self._phase("running", options.seconds, (worker.run("play") for worker in workers))
            if options.mode == "vanish":
                right = until(lambda: self._right_again is not None or self._is_cut, seconds=options.settle_seconds)
                await self._phase("vanishing", options.settle_seconds, [right])
            settling: list[Awaitable[object]] = [worker.run("settle") for worker in workers]
            if self._gallery is not None:
                settling.append(self._gallery.settle())
            await self._phase("settling", options.settle_seconds, settling)
        read = self._gallery.figures() if self._gallery is not None else None
        figures = await asyncio.gather(*(worker.run("figures") for worker in workers))
        await asyncio.gather(*(worker.run("close") for worker in workers))
        if self._gallery is not None:
            await self._gallery.close()
        return merge(options, figures, right_again=self._right_again, gallery=read)

    async def _phase(self, name: str, seconds: float, works: Iterable[Awaitable[object]]) -> None:
        """Show how far the works are until all of them are done."""
        began = time.monotonic()
        work = asyncio.gather(*works)
        try:
            while not work.done():
                told = [worker.progress() for worker in self._workers]
                done = (time.monotonic() - began) / seconds if seconds else 1.0
                self._progress.show(done, so_far(told), name)
                self._look(told)
                await asyncio.wait([work], timeout=SHOW_SECONDS)
        finally:
            # It is awaited also when the load is interrupted: asyncio complains about an exception that nobody reads.
            work.cancel()
            await asyncio.wait([work])
            with contextlib.suppress(asyncio.CancelledError):
                work.exception()
        work.result()

    def _look(self, told: Sequence[Json]) -> None:
        """Note when the count is right after viewers have vanished."""
        if self._right_again is None and all(each.get("counts") for each in told) and counts_are_right(told):
            self._right_again = time.monotonic()


def so_far(workers: Sequence[Json]) -> str:
    """What the workers' progress says in words. A worker that has not started yet says nothing."""
    telling = [each for each in workers if each]
    here, chats, frames = (sum(each[name] for each in telling) for name in ("here", "chats", "frames"))
    late = max((each["p99"] for each in telling if each["p99"] is not None), default=None)
    tail = f"  p99 {late / 1000:,.0f} ms" if late is not None else ""
    return f"{here:,} connected  {chats:,} chats sent  {frames:,} frames received{tail}"
