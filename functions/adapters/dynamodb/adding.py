"""Adds deeds of one room to its sums: the items of minutes, of buckets of users, and of users.

In: the deeds of a batch, in the order of the log. Out: the deeds that some sum misses, with the cause. The steps:

1. The items of the users and of their buckets are read, and what each deed adds is computed.
2. The items of minutes are read and written.
3. The items of buckets are written.
4. The items of users are written.

Each write is on the condition that its item has not changed since it was read. If a condition fails, the steps are
done again for the deeds that are missing.

The order is what makes the sums equal. A crash between the writes leaves users' items as they were, so redelivered
deeds add the same to them, and the sums that were written leave these deeds out by their offsets. In the other order
a deed that a user's item includes would add nothing any more, and the other sums would never get it.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from functions.adapters.dynamodb.table import ConditionFailed, ItemRefused, Table, TableUnavailable, typed
from functions.adapters.dynamodb.user_sums import (
    NEW,
    Item,
    Key,
    UserSums,
    bucket_key,
    keys_of,
    named_as_stored,
    seconds,
    user_key,
)
from functions.rooms import archive
from functions.rooms.archive import MINUTE, expiry
from functions.rooms.deeds import Deed
from functions.rooms.erasure import Erasures
from functions.rooms.leaders import ahead, pack_leaders, unpack_leaders
from functions.rooms.minute_sums import Gift, MinuteSums, gifts
from functions.rooms.seats import bucket_of
from functions.rooms.watch_time import Counted, Logged, additions, counted_of
from functions.runtime.together import every

# So many requests are made at once. DynamoDB answers within some ms, so more would only wait for the CPU.
AT_A_TIME = 64
# What BatchGetItem takes at once.
READ_BATCH = 100

TOTAL = "total"
FAILURES = (ConditionFailed, TableUnavailable, ItemRefused)

Thing = TypeVar("Thing")
By = TypeVar("By", bound=Hashable)
Part = TypeVar("Part", bound=Logged)


class Adding:
    """One call of `add`: requests until its deadline, few at once."""

    def __init__(self, table: Table, days: int, until: float, erasures: Erasures) -> None:
        self._table = table
        self._erasures = erasures
        self._days = days
        self.until = until
        self._slots = asyncio.Semaphore(AT_A_TIME)

    async def attempt(self, deeds: Sequence[Deed]) -> tuple[list[Deed], str]:
        """Add deeds of one room. Returns those that some sum misses, and the cause. Raises TableUnavailable,
        ItemRefused and ConditionFailed; then all of them are missed."""
        names = dict.fromkeys(key for deed in deeds if deed.user_id for key in keys_of(deed, self._erasures))
        buckets = _by(lambda user: user[0], names)
        found = await self._read([*names, *((bucket, TOTAL) for bucket in buckets)])
        named = named_as_stored(deeds, found, self._erasures)
        users = _by(_user_key, [deed for deed in named if deed.user_id])
        buckets = _by(lambda user: user[0], users)
        known = {key: UserSums.of(found[key]) if key in found else NEW for key in users}
        credits_ = [deed.credit for deed in named if deed.credit]
        ends = {deeds_[0].user_id: end for key, deeds_ in users.items() if (end := known[key].watched_to) is not None}
        added = {credit.offset: ms for credit, ms in zip(credits_, additions(credits_, ends), strict=True)}
        await self._add_to_minutes(named, gifts(named, added, *_of_before(users, known)))
        results = await asyncio.gather(
            *(
                self._add_to_bucket(bucket, {key: users[key] for key in keys}, known, added, found.get((bucket, TOTAL)))
                for bucket, keys in buckets.items()
            )
        )
        causes = [cause for _, cause in results if cause]
        missing = {deed.offset for some, _ in results for deed in some}
        return [deed for deed in deeds if deed.offset in missing], causes[0] if causes else ""

    async def _add_to_minutes(self, deeds: Sequence[Deed], parts: Mapping[int, Sequence[Gift]]) -> None:
        room = archive.partition(deeds[0].activity_id)
        keys = {minute: (room, archive.place(MINUTE, minute)) for minute in parts}
        found = await self._read(list(keys.values()))
        writes = (self._add_to_minute(keys[minute], part, found.get(keys[minute])) for minute, part in parts.items())
        # All have ended before the next attempt reads again.
        await every(writes)

    async def _add_to_minute(self, key: Key, part: Sequence[Gift], found: Item | None) -> None:
        rest, counted, was = _uncounted(part, found)
        if not rest:
            return
        numbers = {name: int(found[name]["N"]) if found and name in found else 0 for name in NEWEST}
        sums = MinuteSums(**{field: numbers[name] for name, field in NEWEST.items()})
        for gift in rest:
            sums.add(gift)
        adds = {name: str(getattr(sums, name)) for name in GROWING if getattr(sums, name)}
        adds |= {"seconds": seconds(sums.watched)} if sums.watched else {}
        newest = {name: getattr(sums, field) for name, field in NEWEST.items()}
        await self._update(key, adds, newest | self._up_to(counted), was)

    async def _add_to_bucket(
        self,
        bucket: str,
        users: Mapping[Key, Sequence[Deed]],
        known: Mapping[Key, UserSums],
        added: Mapping[int, int],
        found: Item | None,
    ) -> tuple[list[Deed], str]:
        """Returns the deeds that some sum of the bucket misses, and the cause."""
        try:
            await self._add_to_total(bucket, users, known, added, found)
        except FAILURES as error:
            return [deed for deeds in users.values() for deed in deeds], str(error)
        causes = await asyncio.gather(*(self._add_to_user(key, users[key], known[key], added) for key in users))
        failed = [(key, cause) for key, cause in zip(users, causes, strict=True) if cause]
        return [deed for key, _ in failed for deed in users[key]], failed[0][1] if failed else ""

    async def _add_to_total(
        self,
        bucket: str,
        users: Mapping[Key, Sequence[Deed]],
        known: Mapping[Key, UserSums],
        added: Mapping[int, int],
        found: Item | None,
    ) -> None:
        summed = (deed for deeds in users.values() for deed in deeds if deed.credit or deed.says)
        part = sorted(summed, key=lambda deed: deed.offset)
        if not part:
            return
        rest, counted, was = _uncounted(part, found)
        if not rest:
            return
        watched = {deeds[0].user_id: known[key].watched_with(deeds, added) for key, deeds in users.items()}
        chats = {deeds[0].user_id: known[key].chats_with(deeds) for key, deeds in users.items()}
        changes = self._up_to(counted)
        for name, figures in (("longest", watched), ("active", chats)):
            before = unpack_leaders(found[name]["S"]) if found and name in found else []
            changes[name] = pack_leaders(ahead(before, figures))
        await self._update(
            (bucket, TOTAL), {"seconds": seconds(sum(added.get(deed.offset, 0) for deed in rest))}, changes, was
        )

    async def _add_to_user(self, key: Key, deeds: Sequence[Deed], known: UserSums, added: Mapping[int, int]) -> str:
        """Returns the cause if that failed, else an empty text."""
        update = known.update(deeds, added)
        if update is None:
            return ""
        bucket, _ = key
        changes = {"topOf": bucket, "expires": expiry(update.until, self._days), **update.changes}
        try:
            await self._update(key, update.adds, changes, update.was)
        except FAILURES as error:
            # The write may have succeeded all the same; the next attempt finds out.
            return str(error)
        return ""

    def _up_to(self, counted: Counted) -> dict[str, str | int]:
        """The attributes that say what a sum includes."""
        return {"last": counted.offset, "lastAt": counted.logged_at, "expires": expiry(counted.logged_at, self._days)}

    async def _read(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """The items that are there."""
        chunks = [keys[start : start + READ_BATCH] for start in range(0, len(keys), READ_BATCH)]
        found = await every(self._read_chunk(chunk) for chunk in chunks)
        return {(item["pk"]["S"], item["sk"]["S"]): item for items in found for item in items}

    async def _read_chunk(self, keys: Sequence[Key]) -> list[Item]:
        request = {"Keys": [typed({"pk": pk, "sk": sk}) for pk, sk in keys], "ConsistentRead": True}
        answer = await self._call("BatchGetItem", RequestItems={self._table.name: request})
        if answer.get("UnprocessedKeys"):
            raise TableUnavailable(f"table {self._table.name}: it left keys unprocessed")
        items: list[Item] = answer.get("Responses", {}).get(self._table.name, [])
        return items

    async def _update(
        self, key: Key, adds: Mapping[str, str], changes: Mapping[str, str | int], was: Mapping[str, int | None]
    ) -> None:
        """Add these numbers to an item and make these changes, on the condition that the item still is as it `was`:
        None for an attribute that was not there."""
        pk, sk = key
        unchanged = [f"#{name} = :was_{name}" for name, value in was.items() if value is not None]
        unchanged += [f"attribute_not_exists(#{name})" for name, value in was.items() if value is None]
        adding = f"ADD {', '.join(f'#{name} :{name}' for name in adds)} " if adds else ""
        values = {f":{name}": value for name, value in changes.items()}
        values |= {f":was_{name}": value for name, value in was.items() if value is not None}
        await self._call(
            "UpdateItem",
            TableName=self._table.name,
            Key=typed({"pk": pk, "sk": sk}),
            UpdateExpression=f"{adding}SET {', '.join(f'#{name} = :{name}' for name in changes)}",
            ConditionExpression=" AND ".join(unchanged),
            ExpressionAttributeNames={f"#{name}": name for name in dict.fromkeys((*adds, *changes, *was))},
            ExpressionAttributeValues=typed(values) | {f":{name}": {"N": value} for name, value in adds.items()},
        )

    async def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        async with self._slots:
            if time.monotonic() > self.until:
                raise TableUnavailable("there was no time left")
            return await self._table.call(operation, **parameters)


# Attributes of a minute that grow, and those that are set, with the fields of MinuteSums that they hold.
GROWING = ("joins", "leaves", "chats", "viewers", "chatters")
NEWEST = {"peak": "peak", "zanNumber": "likes", "onlineNumber": "online", "onlineAt": "online_at"}


def _user_key(deed: Deed) -> Key:
    return bucket_key(deed.activity_id, bucket_of(deed.user_id)), user_key(deed.user_id)


def _by(key: Callable[[Thing], By], things: Iterable[Thing]) -> dict[By, list[Thing]]:
    parts: dict[By, list[Thing]] = {}
    for thing in things:
        parts.setdefault(key(thing), []).append(thing)
    return parts


def _of_before(users: Mapping[Key, Sequence[Deed]], known: Mapping[Key, UserSums]) -> tuple[list[str], list[str]]:
    """The users who were here before, and those of them who wrote."""
    before = [(deeds[0].user_id, known[key]) for key, deeds in users.items() if known[key] is not NEW]
    return [user_id for user_id, _ in before], [user_id for user_id, sums in before if sums.chats]


def _uncounted(part: Sequence[Part], found: Item | None) -> tuple[Sequence[Part], Counted, dict[str, int | None]]:
    """What of `part`, at least one, an item does not include; what it includes with that; and what it was."""
    if not found:
        return part, counted_of(part), {"last": None}
    known = Counted(int(found["last"]["N"]), int(found["lastAt"]["N"]))
    rest = part[known.uncounted_from(part) :]
    was: dict[str, int | None] = {"last": known.offset, "lastAt": known.logged_at}
    return rest, known.moved_behind(rest) if rest else known, was
