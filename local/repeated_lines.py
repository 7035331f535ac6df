"""The developer's log, in which nothing drowns the rest: a line that repeats is written once and counted from then on.

Example: an emulator under more load than it can bear times out 1,517 times within ten seconds. The log says so once,
and ten seconds later `and 1,516 more: ...`. While it goes on there is one such line every ten seconds.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

WINDOW_SECONDS = 10.0
# Lines of one kind differ in what they name: a connection, an offset. So many of them are written in a window.
DIFFERENT = 20

Kind = tuple[str, int, str]
"""The logger's name, the level and the message before it is formatted."""


@dataclass
class _Window:
    end: float
    written: set[str]
    repeated: Counter[str] = field(default_factory=Counter)
    similar: int = 0
    example: str = ""

    def takes(self, text: str) -> bool:
        """Whether to write this line; else it is counted."""
        if text in self.written:
            self.repeated[text] += 1
            return False
        if len(self.written) >= DIFFERENT:
            self.similar += 1
            self.example = text
            return False
        self.written.add(text)
        return True

    def summary(self) -> list[str]:
        lines = [f"and {count:,} more: {text}" for text, count in self.repeated.items()]
        return lines + ([f"and {self.similar:,} more like: {self.example}"] if self.similar else [])


class RepeatedLines(logging.StreamHandler[TextIO]):
    """Writes records to `stream` (standard error). What a window has counted is written when the window ends, or the
    handler is closed."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        seconds: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream)
        self._clock = clock
        self._seconds = seconds
        self._windows: dict[Kind, _Window] = {}
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write or count a record; logging calls this with the handler's lock."""
        now = self._clock()
        kind = (record.name, record.levelno, str(record.msg))
        self._end_windows(now)
        window = self._windows.setdefault(kind, _Window(now + self._seconds, set()))
        if window.takes(record.getMessage()):
            super().emit(record)
        elif self._timer is None:
            self._tell_in(window.end - now)

    def close(self) -> None:
        self.acquire()
        try:
            if self._timer is not None:
                self._timer.cancel()
            self._end_windows(float("inf"))
        finally:
            self.release()
        super().close()

    def _tell(self) -> None:
        self.acquire()
        try:
            self._timer = None
            now = self._clock()
            self._end_windows(now)
            counting = [window.end for window in self._windows.values() if window.summary()]
            if counting:
                self._tell_in(max(0.0, min(counting) - now))
        finally:
            self.release()

    def _tell_in(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._tell)
        self._timer.daemon = True
        self._timer.start()

    def _end_windows(self, now: float) -> None:
        """Write what the windows that are over have counted. A line that was repeated goes on being counted."""
        for kind, window in [*self._windows.items()]:
            if window.end > now:
                continue
            del self._windows[kind]
            name, level, _ = kind
            for line in window.summary():
                super().emit(logging.LogRecord(name, level, "", 0, line, None, None))
            following = window.end + self._seconds
            if following > now and (window.similar or window.repeated):
                again = window.written if window.similar else set(window.repeated)
                self._windows[kind] = _Window(following, again)
