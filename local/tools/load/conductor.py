"""Takes a load's workers through its phases together."""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, Protocol

from local.tools.load.options import LoadOptions
from local.tools.load.outcome import counts_are_right, merge
from local.tools.load.pace import until
from local.tools.load.progress import Progress

SHOW_SECONDS = 0.25

Json = dict[str, Any]


class Hand(Protocol):
    """A worker, in this process or another."""

    async def connect(self) -> None:
        """Let every viewer in."""
        ...

    async def play(self) -> None:
        """The measured part."""
        ...

    async def settle(self) -> None:
        """Wait until nothing more comes."""
        ...

    async def figures(self) -> Json:
        """Everything, as `merge` reads it."""
        ...

    async def close(self) -> None:
        """Everyone leaves."""
        ...

    def cut(self) -> None:
        """End early what is going on."""
        ...

    def progress(self) -> Json:
        """The figures so far."""
        ...


class Conductor:
    """`conduct` once."""

    def __init__(self, options: LoadOptions, hands: Sequence[Hand], progress: Progress) -> None:
        self._options = options
        self._hands = hands
        self._progress = progress
        self._is_cut = False
        self._right_again: float | None = None

    def cut(self) -> None:
        """End early, with the figures so far."""
        self._is_cut = True
        for hand in self._hands:
            hand.cut()

    async def conduct(self) -> Json:
        """The figures, as `merge` makes them."""
        options = self._options
        await self._phase(
            "connecting", options.viewers / options.connect_rate, (hand.connect() for hand in self._hands)
        )
        if not self._is_cut:
            await self._phase("running", options.seconds, (hand.play() for hand in self._hands))
        if options.mode == "vanish":
            await self._phase("vanishing", options.settle_seconds, [self._until_right()])
        await self._phase("settling", options.settle_seconds, (hand.settle() for hand in self._hands))
        self._progress.end()
        figures = await asyncio.gather(*(hand.figures() for hand in self._hands))
        await asyncio.gather(*(hand.close() for hand in self._hands))
        return merge(options, figures, right_again=self._right_again)

    async def _phase(self, name: str, seconds: float, works: Iterable[Awaitable[None]]) -> None:
        """Show how far it is until all of it is done."""
        began = time.monotonic()
        work = asyncio.gather(*works)
        try:
            while not work.done():
                told = [hand.progress() for hand in self._hands]
                self._progress.show(name, (time.monotonic() - began) / seconds if seconds else 1.0, told)
                self._look(told)
                await asyncio.wait([work], timeout=SHOW_SECONDS)
        finally:
            # Waited for also when the load is broken off: an end that nobody asks for is complained about.
            work.cancel()
            await asyncio.wait([work])
        work.result()

    def _look(self, told: Sequence[Json]) -> None:
        """Note when the count is right after viewers have vanished."""
        if self._right_again is None and all(each.get("counts") for each in told) and counts_are_right(told):
            self._right_again = time.monotonic()

    async def _until_right(self) -> None:
        await until(lambda: self._right_again is not None or self._is_cut, seconds=self._options.settle_seconds)
