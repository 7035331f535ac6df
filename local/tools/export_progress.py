"""How far an export is: a bar on a terminal, nothing elsewhere."""

import time
from collections.abc import Callable
from typing import Self, TextIO

BAR = 24
SECONDS = 0.1


class Progress:
    """Written to `stream` while the context is entered, if that is a terminal and it is not `quiet`.

    `last` is the seq of the newest chat: how many events there are, nobody can tell without reading them all.
    """

    def __init__(
        self,
        stream: TextIO,
        last: int | None,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._last = last
        self._shown = stream.isatty() and not quiet
        self._first: int | None = None
        self._clock = clock
        self._next = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """What is written now begins a line."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, count: int, seq: int) -> None:
        """`count` events have been written, the last of them with this seq."""
        if self._first is None:
            self._first = seq
        if not self._shown or self._clock() < self._next:
            return
        self._next = self._clock() + SECONDS
        self._stream.write(f"\r\x1b[K{_bar(self._done(seq))} {count:,} events")
        self._stream.flush()

    def _done(self, seq: int) -> float:
        if self._last is None or self._first is None or self._last <= self._first:
            return 0.0
        return min(1.0, (seq - self._first) / (self._last - self._first))


def _bar(done: float) -> str:
    full = round(BAR * done)
    return f"[{'#' * full}{'.' * (BAR - full)}] {done:4.0%}"
