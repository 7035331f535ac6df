"""How far a load is: one line that renews itself on a terminal, else a line every few seconds."""

import time
from collections.abc import Sequence
from typing import Any, TextIO

BAR = 24
PLAIN_SECONDS = 5.0

Json = dict[str, Any]


class Progress:
    """Written to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._next = 0.0
        self._phase = ""

    def show(self, phase: str, done: float, workers: Sequence[Json]) -> None:
        """`done` is from 0 to 1; `workers` are what each tells, nothing before it has started."""
        text = f"{phase:<10} {_bar(done)} {_figures(workers)}"
        if self._is_terminal:
            self._stream.write(f"\r\x1b[K{text}")
        elif phase != self._phase or time.monotonic() >= self._next:
            self._stream.write(f"{text}\n")
            self._next = time.monotonic() + PLAIN_SECONDS
        self._phase = phase
        self._stream.flush()

    def end(self) -> None:
        """What is written now begins a line."""
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _bar(done: float) -> str:
    full = round(BAR * min(1.0, max(0.0, done)))
    return f"[{'#' * full}{'.' * (BAR - full)}]"


def _figures(workers: Sequence[Json]) -> str:
    telling = [each for each in workers if each]
    here, chats, frames = (sum(each[name] for each in telling) for name in ("here", "chats", "frames"))
    late = max((each["p99"] for each in telling if each["p99"] is not None), default=None)
    tail = f"  p99 {late / 1000:,.0f} ms" if late is not None else ""
    return f"{here:,} connected  {chats:,} chats sent  {frames:,} frames received{tail}"
