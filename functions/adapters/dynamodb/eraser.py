"""Erases a user from the table, a while at a time (functions/rooms/erasure.py has the rules).

An erasure is put into the list first. The archive reads the list every few seconds and works on a batch for a minute at
most, so after `settled_ms` no batch is under way any more that does not know of it. Until then a call erases what it
finds, but leaves the sums. A call after that erases what those batches have stored, gives the sums to the alias, and
says that the erasure is complete.

A call that breaks off is made again: it finds what is left, since whatever is erased is not in the user's index any
more. Of an item that was `to` the user, what says so is deleted last.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.sums_mover import SumsMover
from functions.adapters.dynamodb.table import Table, plain, typed
from functions.adapters.dynamodb.user_items import UserItems, UserPage
from functions.rooms.archive import user_mark_place
from functions.rooms.disclosure import SUMS, Key, room_of, what_of
from functions.rooms.erasure import Erasure, is_about, without

# What is to be done about a user in these rooms, before what names the rooms is erased.
InRooms = Callable[[Collection[int]], Awaitable[None]]


async def nothing(rooms: Collection[int]) -> None:
    """Where only the table can be reached."""


@dataclass
class Outcome:
    """How many items were removed, and made nameless, by what they are. `complete`: nothing is left; otherwise call
    again after so many seconds."""

    removed: Counter[str] = field(default_factory=Counter)
    nameless: Counter[str] = field(default_factory=Counter)
    complete: bool = False
    retry_after: int = 0


class Eraser:
    """`log_hours`: how long the save topic keeps records. `clock` returns ms since the epoch. Raises
    TableUnavailable."""

    def __init__(
        self, client: DynamoDbApi, table: str, *, settled_ms: int, log_hours: int, clock: Callable[[], int]
    ) -> None:
        self._items = UserItems(Table(client, table))
        self._list = ErasureList(Table(client, table))
        self._mover = SumsMover(Table(client, table))
        self._settled_ms, self._log_hours, self._clock = settled_ms, log_hours, clock

    async def erase(self, user_id: str, *, seconds: float, in_rooms: InRooms = nothing) -> Outcome:
        """Erase what there is time for in so many seconds."""
        deadline, outcome = time.monotonic() + seconds, Outcome()
        erasure = await self._list.begin(
            user_id, now=self._clock(), settled_ms=self._settled_ms, log_hours=self._log_hours
        )
        is_settled = self._clock() > erasure.until
        async for page in self._items.pages(user_id):
            await in_rooms({room_of(pk) for pk, _ in page.items})
            await self._erase(page, user_id, erasure, outcome, is_settled=is_settled)
            if time.monotonic() > deadline and page.last is not None:
                return outcome
        if is_settled:
            await self._list.finish(erasure)
            outcome.complete = True
        else:
            outcome.retry_after = -(-(erasure.until - self._clock()) // 1000) + 1
        return outcome

    async def _erase(
        self, page: UserPage, user_id: str, erasure: Erasure, outcome: Outcome, *, is_settled: bool
    ) -> None:
        left, gone = [], []
        for (pk, sk), item in page.items.items():
            attributes = plain(item)
            if (pk, sk) in page.targets or attributes.get("time", 0) > erasure.until:
                continue
            what = what_of(sk, attributes)
            alias_of = partial(_alias, erasure, room_of(pk), user_id)
            if what == SUMS:
                if is_settled:
                    await self._mover.move(pk, user_id, erasure.alias(room_of(pk), user_id))
                    outcome.nameless[what] += 1
                continue
            kept = without(attributes, alias_of)
            if kept is None:
                gone.append((pk, sk))
                outcome.removed[what] += 1
            elif kept != attributes:
                left.append(typed(kept))
                # What marks all that the user has said is in no index of the user's.
                gone += [(pk, user_mark_place(attributes["time"], user_id))] if is_about(attributes, user_id) else []
                outcome.nameless[what] += 1
        await self._items.put(left)
        await self._items.delete([*gone, *_said_so(page, erasure)])


def _said_so(page: UserPage, erasure: Erasure) -> list[Key]:
    """The keys of what says that something was `to` the user."""
    return [key for key in page.targets if plain(page.items[key])["time"] <= erasure.until]


def _alias(erasure: Erasure, activity_id: int, user_id: str, other: Any) -> str | None:
    return erasure.alias(activity_id, user_id) if other == user_id else None
