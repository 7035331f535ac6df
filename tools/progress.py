"""How far a tool is: a line with a bar on a terminal, and lines now and then elsewhere."""

import time
from collections.abc import Callable
from typing import Self, TextIO

BAR = 24
TERMINAL_SECONDS = 0.1
ERASE = "\r\x1b[K"


class Progress:
    """Written to `stream` while the context is entered, unless it is `quiet`.

    On a terminal one line renews itself, and is gone at the end. Elsewhere a line is written when a phase begins and
    every `seconds`; None: nothing is written.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty() and not quiet
        self._seconds = None if quiet else TERMINAL_SECONDS if self._is_terminal else seconds
        self._clock = clock
        self._next = 0.0
        self._phase: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_terminal:
            self._write(ERASE)

    def show(self, done: float, text: str, phase: str = "") -> None:
        """`done` is from 0 to 1; `phase` stands before the bar, `text` behind it."""
        now = self._clock()
        if self._seconds is None or (phase == self._phase and now < self._next):
            return
        self._phase, self._next = phase, now + self._seconds
        full = round(BAR * min(1.0, max(0.0, done)))
        name = f"{phase:<10} " if phase else ""
        line = f"{name}[{'#' * full}{'.' * (BAR - full)}] {text}"
        self._write(f"{ERASE}{line}" if self._is_terminal else f"{line}\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
