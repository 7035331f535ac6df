"""Keeps out of the archive whoever was erased, when their records come again or come late.

In: the items of a batch and the times of their records. Out: those to store, in which erased users go by their aliases
(functions/rooms/erasure.py). They are the items that erasing has left.

A process reads the list of erasures every LIST_SECONDS, and works on no batch without it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.rooms.archive import TARGET, Item, kind_of
from functions.rooms.erasure import LIST_SECONDS, Erasures, without


class KnownErasures:
    """The list as this process has read it. `clock` returns seconds that go on while the process is frozen."""

    def __init__(self, source: ErasureList, *, clock: Callable[[], float] = time.time) -> None:
        self._source = source
        self._clock = clock
        self._known = Erasures()
        self._read_at = float("-inf")

    async def current(self) -> Erasures:
        """The list, no older than LIST_SECONDS; raises TableUnavailable."""
        now = self._clock()
        if not 0 <= now - self._read_at < LIST_SECONDS:
            self._known = await self._source.read()
            self._read_at = now
        return self._known


def without_erased(items: Sequence[Item], erasures: Erasures) -> list[Item]:
    """The items without those who were erased."""
    if not erasures:
        return list(items)
    return [kept for item in items if (kept := _without(item, erasures)) is not None]


def _without(item: Item, erasures: Erasures) -> Item | None:
    alias_of = partial(erasures.alias, item.activity_id, int(item.attributes["time"]))
    attributes = without(item.attributes, alias_of)
    if attributes is None or (kind_of(item.sk) == TARGET and attributes != item.attributes):
        return None
    sent = item.sent and replace(item.sent, user_id=alias_of(item.sent.user_id) or item.sent.user_id)
    erased = str(item.attributes.get("userId", "")) if attributes != item.attributes else ""
    return replace(item, attributes=attributes, sent=sent, erased=erased)
