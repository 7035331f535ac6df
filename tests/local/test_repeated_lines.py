import io
import logging
import time
from collections.abc import Callable, Iterator

import pytest

from local.repeated_lines import DIFFERENT, RepeatedLines
from tests.local.aws.until import until


class Log:
    """A logger of its own with its lines."""

    def __init__(self, seconds: float, clock: Callable[[], float] | None = None) -> None:
        self.now = 0.0
        self._stream = io.StringIO()
        self.handler = RepeatedLines(self._stream, seconds=seconds, clock=clock or (lambda: self.now))
        self.handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        self.logger = logging.Logger("gateway")
        self.logger.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return self._stream.getvalue().splitlines()


@pytest.fixture
def log() -> Iterator[Log]:
    """One whose clock stands still."""
    made = Log(10)
    yield made
    made.handler.close()


def test_a_line_that_repeats_is_written_once_and_counted(log: Log) -> None:
    for _ in range(1517):
        log.logger.warning("$default: %s: %s", "message", "Task timed out")
    assert log.lines == ["WARNING gateway: $default: message: Task timed out"]
    log.handler.close()
    assert log.lines[1:] == ["WARNING gateway: and 1,516 more: $default: message: Task timed out"]


def test_what_others_say_in_between_is_written(log: Log) -> None:
    for number in range(3):
        log.logger.warning("again")
        log.logger.error("again")
        log.logger.warning("number %d", number)
    assert log.lines == [
        "WARNING gateway: again",
        "ERROR gateway: again",
        "WARNING gateway: number 0",
        "WARNING gateway: number 1",
        "WARNING gateway: number 2",
    ]


def test_lines_that_differ_in_what_they_name_are_counted_from_some_number_on(log: Log) -> None:
    for number in range(500):
        log.logger.warning("%s reads too slowly", f"connection {number}")
    assert len(log.lines) == DIFFERENT
    log.handler.close()
    assert log.lines[DIFFERENT:] == ["WARNING gateway: and 480 more like: connection 499 reads too slowly"]


def test_while_a_line_goes_on_it_is_counted_window_by_window_and_written_anew_after_a_silent_one(log: Log) -> None:
    for now in (0, 1, 10, 11, 12, 20, 30):
        log.now = now
        log.logger.warning("again")
    assert log.lines == [
        "WARNING gateway: again",
        "WARNING gateway: and 1 more: again",
        "WARNING gateway: and 3 more: again",
        "WARNING gateway: and 1 more: again",
    ]
    log.now = 60
    log.logger.warning("again")
    assert log.lines[4:] == ["WARNING gateway: and 1 more: again", "WARNING gateway: again"]


async def test_the_count_is_written_when_the_window_ends_whoever_speaks_next() -> None:
    log = Log(0.05, clock=time.monotonic)
    log.logger.warning("again")
    log.logger.warning("again")
    await until(lambda: len(log.lines) == 2)
    log.handler.close()


def test_a_traceback_that_repeats_is_written_once(log: Log) -> None:
    for _ in range(3):
        try:
            raise ValueError("no")
        except ValueError:
            log.logger.exception("failed")
    assert sum("Traceback" in line for line in log.lines) == 1
