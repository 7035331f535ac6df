"""The gallery: what readers are told over HTTP, slot by slot, and how long a request waits for it.

A slot is a second of Redis's own clock, by its number: the seconds since the epoch. A reader asks for the slot `n` and
is told what the room said in the slots `n` to `m - 1`, and to ask for `m` next. Everybody gets the same bytes, so a
cache answers nearly all who ask.

Each request is paid for. So an answer waits as long as there is nothing to tell, and then covers several slots: up to
QUIET_SLOTS. In a large room it always covers LARGE_SLOTS, and is that much later. Answers end at a multiple of these
numbers where they can. So readers who began at different slots soon ask for the same ones.

Example: nothing was said in the slots 100 to 102, and a chat in 103. Whoever asks for 100 is answered when 103 is over:
`next` is 104. If nothing had been said in 103 and 104 either, `next` would be 105.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

SLOT_MS = 1000
# Slots are kept for so long.
SLOTS_MS = 60_000
# Nobody waits longer than this for the end of the slot that is asked for.
EARLY_MS = 2000
QUIET_SLOTS = 5
LARGE_SLOTS = 2
# An answer ends behind the slot with which it has more. One slot alone may have as much as its ticks.
MOST_SLOT_BYTES = 500_000
# No seconds since the epoch have more digits for the next 300 years.
MOST_DIGITS = 10
# An answer for which the cache has come so long after the slot's end is late.
LATE_MS = 5000


class Spoken(NamedTuple):
    """An entry: encoded objects with commas between, and the hashes of readers for whom something waits, likewise."""

    ms: int
    said: str
    waiting: str


@dataclass(frozen=True, kw_only=True)
class Slots:
    """What Redis has behind a slot, at `at` (ms of its clock).

    All slots since the ms `since` are complete; none is if that is negative. `spoken` ends before the slot `over`.
    """

    at: int
    since: int
    readers: int
    over: int
    spoken: Sequence[Spoken]


@dataclass(frozen=True)
class Wait:
    """There is nothing to tell yet: ask again after so many ms."""

    ms: int


@dataclass(frozen=True)
class Told:
    """The answer's body, and what it is."""

    kind: Literal["slots", "gap"]
    body: str
    is_late: bool = False


class TooEarly(Exception):
    """The slot is too far away to wait for."""


def tell(slots: Slots, first: int, *, large_from: int) -> Told | Wait:
    """What a reader is told who asks for the slot `first`; in a room with more than `large_from` readers it is told
    less often. Raises TooEarly."""
    now = slots.at // SLOT_MS
    early = (first + 1) * SLOT_MS - slots.at
    if early > EARLY_MS:
        raise TooEarly
    if slots.since < 0 or first * SLOT_MS < slots.since:
        return Told("gap", f'{{"next":{max(now, first)},"gap":true}}')
    if early > 0:
        return Wait(early)
    step = (LARGE_SLOTS if slots.readers > large_from else 1) if slots.spoken else QUIET_SLOTS
    if slots.over == now and slots.over % step and slots.over - first < step:
        return Wait((now + 1) * SLOT_MS - slots.at)
    return Told("slots", _encoded(slots), slots.at - (first + 1) * SLOT_MS > LATE_MS)


def _encoded(slots: Slots) -> str:
    said = ",".join(spoken.said for spoken in slots.spoken if spoken.said)
    waiting = dict.fromkeys(each for spoken in slots.spoken for each in spoken.waiting.split(",") if each)
    # A hash is of hexadecimal digits.
    calls = ',"for":[' + ",".join(f'"{each}"' for each in waiting) + "]" if waiting else ""
    return f'{{"next":{slots.over}{calls},"objects":[{said}]}}'
