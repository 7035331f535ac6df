"""The rates of the manifest's schedules, as EventBridge takes them: whole minutes, one at least.

So do its rules, and so does EventBridge Scheduler: a rate is a positive whole number of minutes, hours or days.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html
"""

from collections.abc import Iterable

from functions.manifest import FUNCTIONS, Function
from functions.triggers import Schedule

MINUTE = 60


class ScheduleError(Exception):
    """EventBridge has no such rates. The message names the functions, a line each."""


def minutes(schedule: Schedule) -> int | None:
    """The rate in minutes; None if EventBridge has none for it."""
    seconds = schedule.seconds
    # A mistake of the type reaches this too: the manifest is Python, and nothing else reads the number.
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return int(seconds) // MINUTE if seconds >= MINUTE and seconds % MINUTE == 0 else None


def check_schedules(rows: Iterable[Function] = FUNCTIONS) -> None:
    """Raise ScheduleError if EventBridge cannot keep the schedule of a row."""
    schedules = [(row.name, row.trigger) for row in rows if isinstance(row.trigger, Schedule)]
    wrong = [
        f"functions/manifest.py: {name}: Schedule(seconds={schedule.seconds!r}): "
        f"EventBridge has rates of whole minutes only: {_advice(schedule.seconds)}"
        for name, schedule in schedules
        if minutes(schedule) is None
    ]
    if wrong:
        raise ScheduleError("\n".join(wrong))


def _advice(seconds: object) -> str:
    """The rates next to it."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not MINUTE < seconds < float("inf"):
        return f"{MINUTE} seconds, 120, 180 and so on"
    lower = int(seconds // MINUTE) * MINUTE
    return f"{lower} seconds or {lower + MINUTE}"
