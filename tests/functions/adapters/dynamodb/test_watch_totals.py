import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import count, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.adapters.dynamodb.api import DynamoDbApi, DynamoDbError
from functions.adapters.dynamodb.table import TableUnavailable
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.rooms.deeds import Deed
from functions.rooms.seats import BUCKETS, bucket_of
from functions.rooms.watch_time import Credit
from tests.functions.made import watching
from tests.functions.memory_table import Fault, Killed, MemoryTable
from tests.functions.tables import api, client, make_table

NOW = 1_700_000_000_000
DAY = 24 * 3600
THROTTLED = DynamoDbError("ProvisionedThroughputExceededException", "slow")
FORBIDDEN = DynamoDbError("AccessDeniedException", "no")
LOST = DynamoDbError("", "no response in time")


def credit(
    user: str,
    earned: int,
    offset: int,
    *,
    room: int = 42,
    name: str = "",
    at: int | None = None,
    start: int | None = None,
) -> Deed:
    """A stretch of so many ms; each offset has one of its own if it has no `start`."""
    start = NOW + 1_000_000 * offset if start is None else start
    told = Credit(
        activity_id=room,
        user_id=user,
        username=name or user.title(),
        start=start,
        end=start + earned,
        earned=earned,
        offset=offset,
        logged_at=NOW + offset if at is None else at,
    )
    return watching(told)


def at_once(deadline: float) -> Iterator[float]:
    """Twenty attempts without a pause."""
    yield from [0.0] * 20


Upset = Callable[[Mapping[str, Any]], tuple[Exception | None, Exception | None]]


class Wrapped(DynamoDbApi):
    """The API `inner`, with `upset` deciding over each update: an error before it is made, or one after it was."""

    def __init__(self, inner: DynamoDbApi) -> None:
        self.inner = inner
        self.upset: Upset = lambda _: (None, None)
        self.calls: Counter[str] = Counter()
        self.read = 0
        # Updates by the first letter of the key: of users, minutes ("s") and totals.
        self.updated: Counter[str] = Counter()

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.calls[operation] += 1
        if operation == "UpdateItem":
            self.updated[parameters["Key"]["sk"]["S"][0]] += 1
        before, after = self.upset(parameters) if operation == "UpdateItem" else (None, None)
        if before:
            raise before
        answer = await self.inner.call(operation, parameters)
        if after:
            raise after
        self.read += answer.get("ScannedCount", 0)
        return answer


@pytest.fixture(scope="session")
def dynamodb(moto_url: str) -> Any:
    return client(moto_url)


@pytest.fixture
async def table(moto_url: str) -> str:
    return await make_table(moto_url)


@pytest.fixture
async def wrapped(moto_url: str) -> AsyncIterator[Wrapped]:
    async with api(moto_url) as inner:
        yield Wrapped(inner)


@pytest.fixture
def totals(wrapped: Wrapped, table: str) -> WatchTotals:
    return WatchTotals(wrapped, table, pauses=at_once)


async def sums(totals: WatchTotals, room: int = 42) -> tuple[dict[str, float], float]:
    users, total = await totals.top(room, 200)
    return dict(users), total


def item(dynamodb: Any, table: str, user: str) -> dict[str, Any]:
    found = [each for each in dynamodb.scan(TableName=table)["Items"] if each["sk"]["S"] == f"u#{user}"]
    assert len(found) == 1
    return dict(found[0])


async def test_each_user_has_what_they_earned_to_the_millisecond(totals: WatchTotals) -> None:
    earned = [credit("alice", 60_001, 1), credit("bob", 90_000, 2), credit("alice", 9, 3), credit("bob", 100, 4)]
    assert await totals.add(earned) == []
    assert await sums(totals) == ({"bob": 90.1, "alice": 60.01}, 150.11)


async def test_nothing_is_nothing(totals: WatchTotals, wrapped: Wrapped) -> None:
    assert await totals.add([]) == []
    assert await totals.top(42, 10) == ([], 0.0)
    assert wrapped.calls["UpdateItem"] == 0


async def test_rooms_are_apart(totals: WatchTotals) -> None:
    await totals.add([credit("alice", 1000, 1), credit("alice", 2000, 2, room=43)])
    assert await sums(totals, 42) == ({"alice": 1.0}, 1.0)
    assert await sums(totals, 43) == ({"alice": 2.0}, 2.0)


async def test_a_batch_that_comes_again_adds_nothing(totals: WatchTotals) -> None:
    batch = [credit("alice", 1000, 1), credit("bob", 2000, 2), credit("alice", 500, 3)]
    for _ in range(3):
        assert await totals.add(batch) == []
    assert await sums(totals) == ({"bob": 2.0, "alice": 1.5}, 3.5)


async def test_a_batch_that_comes_again_cut_differently_adds_what_is_new_in_it(totals: WatchTotals) -> None:
    log = [credit("alice", 1 << offset, offset) for offset in range(10)]
    for start, end in ((0, 3), (1, 5), (0, 2), (4, 9), (2, 10), (9, 10)):
        assert await totals.add(log[start:end]) == []
    assert await sums(totals) == ({"alice": 1.023}, 1.023)


async def test_stretches_that_overlap_are_counted_once_and_so_is_one_that_comes_late(totals: WatchTotals) -> None:
    told = [(0, 60), (0, 120), (0, 60), (100, 130), (200, 250), (120, 200)]
    log = [credit("alice", end - start, offset, start=NOW + start) for offset, (start, end) in enumerate(told)]
    for batch in (log[:2], log[2:], log):
        assert await totals.add(batch) == []
    assert await sums(totals) == ({"alice": 0.18}, 0.18)


async def test_a_room_of_more_users_than_one_request_reads(totals: WatchTotals, wrapped: Wrapped) -> None:
    names = (f"user{number}" for number in count())
    users = list(islice((name for name in names if bucket_of(name) == 7), 150))
    log = [credit(user, 1000, offset, start=NOW) for offset, user in enumerate(users)]
    for _ in range(2):
        assert await totals.add(log) == []
    assert await sums(totals) == (dict.fromkeys(users, 1.0), 150.0)
    # 150 users and their total take two reads, their minute one.
    assert wrapped.calls["BatchGetItem"] == 2 * 3
    assert wrapped.updated == {"u": 150, "t": 1, "s": 1}


async def test_two_who_add_the_same_at_once_add_it_once(totals: WatchTotals, wrapped: Wrapped, table: str) -> None:
    log = [credit("alice", 1 << offset, offset) for offset in range(8)]
    other = WatchTotals(wrapped, table, pauses=at_once)
    assert [*await asyncio.gather(totals.add(log[:6]), other.add(log[:6]))] == [[], []]
    assert [*await asyncio.gather(totals.add(log[2:]), other.add(log[3:]))] == [[], []]
    assert await sums(totals) == ({"alice": 0.255}, 0.255)


async def test_a_log_that_began_anew_is_counted_too(totals: WatchTotals) -> None:
    old = [credit("alice", 1000, 500, at=NOW), credit("bob", 2000, 501, at=NOW + 10)]
    late = NOW + 550_000_000
    new = [
        credit("alice", 100, 3, at=NOW + 20, start=late),
        credit("bob", 200, 4, at=NOW + 30, start=late),
        credit("alice", 10, 600),
    ]
    for batch in (old, old, new[:1], new[:2], new, new[1:]):
        assert await totals.add(batch) == []
    assert await sums(totals) == ({"bob": 2.2, "alice": 1.11}, 3.31)


async def test_records_that_were_made_in_another_order_are_not_taken_for_a_new_log(totals: WatchTotals) -> None:
    log = [credit("alice", 1, 10, at=NOW + 900), credit("alice", 2, 11, at=NOW), credit("alice", 4, 12, at=NOW + 100)]
    for batch in (log[:1], log[1:2], log[:1], log[2:], log[:2], log):
        assert await totals.add(batch) == []
    assert await sums(totals) == ({"alice": 0.007}, 0.007)


async def test_what_is_throttled_is_tried_again(totals: WatchTotals, wrapped: Wrapped) -> None:
    errors: list[tuple[Exception | None, Exception | None]] = [(THROTTLED, None), (THROTTLED, None), (None, LOST)]
    wrapped.upset = lambda _: errors.pop() if errors else (None, None)
    assert await totals.add([credit("alice", 1000, 1), credit("bob", 500, 2)]) == []
    assert errors == []
    assert await sums(totals) == ({"alice": 1.0, "bob": 0.5}, 1.5)


async def test_an_update_that_was_made_without_an_answer_is_not_made_again(
    totals: WatchTotals, wrapped: Wrapped
) -> None:
    wrapped.upset = lambda _: (None, LOST)
    batch = [credit("alice", 1000, 1), credit("bob", 500, 2)]
    # Each is found to be in the table, whether in this call or in one to come.
    assert await totals.add(batch) == []
    assert await sums(totals) == ({"alice": 1.0, "bob": 0.5}, 1.5)


@pytest.mark.parametrize("error", [THROTTLED, FORBIDDEN, LOST], ids=["throttled", "forbidden", "lost"])
async def test_what_a_sum_misses_is_returned_and_can_come_again(
    totals: WatchTotals, wrapped: Wrapped, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    wrapped.upset = lambda arguments: (error if arguments["Key"]["sk"]["S"] == "u#bob" else None, None)
    batch = [credit(user, 1000, offset) for offset, user in enumerate(("alice", "bob", "carol", "bob"))]
    with caplog.at_level(logging.ERROR):
        assert await totals.add(batch) == [batch[1], batch[3]]
    assert "1 of 1 rooms" in caplog.text
    assert await sums(totals) == ({"alice": 1.0, "carol": 1.0}, 4.0)
    wrapped.upset = lambda _: (None, None)
    assert await totals.add([*batch[1:], credit("carol", 500, 9)]) == []
    assert await sums(totals) == ({"alice": 1.0, "carol": 1.5, "bob": 2.0}, 4.5)


async def test_a_table_that_is_away_takes_nothing(table: str) -> None:
    def twice(deadline: float) -> Iterator[float]:
        yield from (0.0, 0.0)

    async with api("http://127.0.0.1:1") as away:
        totals = WatchTotals(away, table, pauses=twice)
        batch = [credit("alice", 1000, 1), credit("bob", 500, 2)]
        assert await totals.add(batch) == batch
        with pytest.raises(TableUnavailable):
            await totals.top(42, 10)


async def test_a_table_that_is_not_there_is_unavailable(wrapped: Wrapped) -> None:
    totals = WatchTotals(wrapped, "no-such-table", pauses=at_once)
    assert await totals.add([credit("alice", 1000, 1)]) == [credit("alice", 1000, 1)]
    with pytest.raises(TableUnavailable, match="no-such-table"):
        await totals.top(42, 10)


async def test_the_longest_come_first_out_of_all_buckets(totals: WatchTotals, wrapped: Wrapped) -> None:
    users = [f"user{number:03}" for number in range(300)]
    earned = [credit(user, 1000 * (number // 2 + 1), number, start=NOW) for number, user in enumerate(users)]
    assert await totals.add(earned) == []
    wrapped.calls.clear()
    longest, total = await totals.top(42, 5)
    # Whoever watched as long stands in the order of their ids.
    tops = [("user298", 150.0), ("user299", 150.0), ("user296", 149.0), ("user297", 149.0), ("user294", 148.0)]
    assert longest == tops
    assert total == sum(2 * seconds for seconds in range(1, 151))
    # What is read does not grow with the room.
    assert wrapped.calls == {"Query": 2 * BUCKETS}
    assert wrapped.read <= 6 * BUCKETS


class LargeRoom(DynamoDbApi):
    """A table in which a room's users are, each sum with its place in the index."""

    def __init__(self, seconds: Mapping[str, Decimal]) -> None:
        self.requests = 0
        self.read = 0
        self._index: dict[str, list[dict[str, Any]]] = {f"watch#42#{bucket}": [] for bucket in range(BUCKETS)}
        for user, one in seconds.items():
            self._index[f"watch#42#{bucket_of(user)}"].append({"userId": {"S": user}, "seconds": {"N": str(one)}})
        self._totals = {key: sum(map(_of, users), Decimal(0)) for key, users in self._index.items()}
        for users in self._index.values():
            users.sort(key=_of, reverse=True)

    async def call(self, operation: str, query: Mapping[str, Any]) -> dict[str, Any]:
        assert operation == "Query"
        key = query["ExpressionAttributeValues"][":key"]["S"]
        items = [{"seconds": {"N": str(self._totals[key])}}]
        if query.get("IndexName") == "top":
            assert query["ScanIndexForward"] is False
            items = self._index[key][: query["Limit"]]
        self.requests += 1
        self.read += len(items)
        return {"Items": items}


def _of(item: dict[str, Any]) -> Decimal:
    return Decimal(item["seconds"]["N"])


async def test_the_100_longest_of_100_000_are_told_without_reading_them_all() -> None:
    dice = random.Random(5)
    seconds = {f"user{number}": Decimal(dice.randint(1, 9_000_000)) / 1000 for number in range(100_000)}
    room = LargeRoom(seconds)
    longest, total = await WatchTotals(room, "rooms").top(42, 100)
    expected = sorted(seconds.items(), key=lambda one: (-one[1], one[0]))[:100]
    assert longest == [(user, float(one)) for user, one in expected]
    assert total == float(sum(seconds.values()))
    assert room.requests == 2 * BUCKETS
    assert room.read == (100 + 1) * BUCKETS


async def test_numbers_and_not_texts_are_compared(totals: WatchTotals) -> None:
    await totals.add([credit(f"u{n}", earned, n) for n, earned in enumerate((9000, 10_000, 100_500, 100_000, 1, 2000))])
    longest, _ = await totals.top(42, 10)
    assert [seconds for _, seconds in longest] == [100.5, 100.0, 10.0, 9.0, 2.0, 0.001]


async def test_an_item_has_the_newest_name_and_goes_when_it_is_old(
    totals: WatchTotals, dynamodb: Any, table: str
) -> None:
    tomorrow = NOW + DAY * 1000
    await totals.add([credit("alice", 1000, 1, name="Alice"), credit("alice", 1000, 2, name="Al", start=tomorrow)])
    await totals.add([credit("alice", 1000, 3, start=tomorrow + 500)._replace(username="")])
    found = item(dynamodb, table, "alice")
    assert (found["username"], found["userId"]) == ({"S": "Al"}, {"S": "alice"})
    assert found["topOf"] == found["pk"]
    assert found["watchedTo"] == {"N": str(tomorrow + 1500)}
    assert float(found["seconds"]["N"]) == 2.5
    assert found["expires"] == {"N": str(NOW // 1000 + 1 + 401 * DAY)}


class Consumer:
    """Hands a log to the sums as an event source mapping may: in batches of any size, again and again from anywhere
    before, and again from the first that was not added. The function may be killed at any of its requests."""

    def __init__(self, log: Sequence[Deed], dice: random.Random, table: MemoryTable) -> None:
        self._log = log
        self._dice = dice
        self._table = table
        table.fault = self._fault

    def _fault(self) -> Fault | None:
        faults: list[Fault] = ["throttled", "unprocessed", "no answer", "killed"]
        return self._dice.choice(faults) if self._dice.random() < 0.25 else None

    async def consume(self) -> None:
        place = 0
        while place < len(self._log):
            batch = self._log[place : place + self._dice.randint(1, 10)]
            missing = await self._add(batch)
            place += batch.index(missing[0]) if missing else len(batch)
            if self._dice.random() < 0.3:
                place -= self._dice.randint(0, min(place, 15))

    async def _add(self, batch: Sequence[Deed]) -> Sequence[Deed]:
        try:
            return await WatchTotals(self._table, "rooms", pauses=thrice).add(batch)
        except Killed:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*others, return_exceptions=True)
            self._table.revive()
            return batch


def thrice(deadline: float) -> Iterator[float]:
    yield from [0.0] * 3


# Of two users in one bucket and two in others: when a stretch began, how long it was, and when it was logged.
USERS = ("u0", "u1", next(f"u{number}" for number in count(2) if bucket_of(f"u{number}") == bucket_of("u0")), "u2")
TOLD = st.tuples(st.sampled_from(USERS), st.integers(0, 100), st.integers(1, 40), st.integers(-90, 90))


@settings(max_examples=60, deadline=None)
@given(st.lists(TOLD, max_size=40), st.randoms(use_true_random=False))
def test_however_batches_are_cut_and_repeated_and_killed_the_sums_are_exact(
    told: list[tuple[str, int, int, int]], dice: random.Random
) -> None:
    log = [
        credit(user, long, offset, start=NOW + start, at=NOW + offset * 30 + wrong)
        for offset, (user, start, long, wrong) in enumerate(told)
    ]
    table = MemoryTable()
    asyncio.run(Consumer(log, dice, table).consume())
    watched = counted(log)
    users = {item["userId"]["S"]: _of(item) for (_, sk), item in table.items.items() if sk.startswith("u#")}
    assert users == {user: Decimal(ms) / 1000 for user, ms in watched.items()}
    buckets: Counter[str] = Counter()
    for user, ms in watched.items():
        buckets[f"watch#42#{bucket_of(user)}"] += ms
    totals = {pk: _of(item) for (pk, sk), item in table.items.items() if sk == "total"}
    assert totals == {pk: Decimal(ms) / 1000 for pk, ms in buckets.items()}


def counted(log: Sequence[Deed]) -> dict[str, int]:
    """How many ms each user watched: those that some record tells of, without those before an end that was told."""
    watched: dict[str, set[int]] = {}
    for each in (deed.credit for deed in log if deed.credit):
        ms = watched.setdefault(each.user_id, set())
        ms.update(range(max(each.start, max(ms, default=0) + 1), each.end))
    return {user: len(ms) for user, ms in watched.items()}


async def test_what_a_killed_archive_has_left_half_written_is_made_whole(wrapped: Wrapped, table: str) -> None:
    log = [credit(user, 1000, offset) for offset, user in enumerate(("alice", "bob", "alice"))]
    wrapped.upset = lambda arguments: (FORBIDDEN if arguments["Key"]["sk"]["S"].startswith("u#") else None, None)
    assert await WatchTotals(wrapped, table, pauses=thrice).add(log[:2]) == log[:2]
    wrapped.upset = lambda _: (None, None)
    totals = WatchTotals(wrapped, table, pauses=thrice)
    # The next environment gets another batch, shorter or longer.
    for batch in (log[:1], log):
        assert await totals.add(batch) == []
    assert await sums(totals) == ({"alice": 2.0, "bob": 1.0}, 3.0)
