"""How a program ends at Ctrl-C: without a traceback, whenever it comes."""

import os
import signal
import threading
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM. It ends a program as Ctrl-C does."""


def end_quietly() -> None:
    """From now on SIGINT and SIGTERM end the process at once, with status 130 and 143.

    This is for the time in which a program imports its modules, or has cleaned up.
    """
    if _is_the_programs():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end)


def raise_interrupts() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt and Terminated, so that the program can clean up."""
    if _is_the_programs():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, _raise)


def _is_the_programs() -> bool:
    """Whether this thread may say what signals do. A command that another program runs in a thread may not."""
    return threading.current_thread() is threading.main_thread()


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated
