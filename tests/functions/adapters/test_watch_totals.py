import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.adapters.dynamodb import TableUnavailable, dynamodb_client
from functions.adapters.watch_totals import WatchTotals
from functions.rooms.seats import BUCKETS, bucket_of
from functions.rooms.watch_time import Credit
from tests.functions.tables import REGION, client, make_table

NOW = 1_700_000_000_000
DAY = 24 * 3600
THROTTLED = ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow"}}, "UpdateItem")
FORBIDDEN = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "UpdateItem")
LOST = ReadTimeoutError(endpoint_url="table")


def credit(user: str, earned: int, offset: int, *, room: int = 42, name: str = "", at: int | None = None) -> Credit:
    return Credit(
        activity_id=room,
        user_id=user,
        username=name or user.title(),
        earned=earned,
        offset=offset,
        logged_at=NOW + offset if at is None else at,
    )


def at_once(deadline: float) -> Iterator[float]:
    """Twenty attempts without a pause."""
    yield from [0.0] * 20


@dataclass
class Wrapped:
    """boto3's client, with `upset` deciding over each update: an error before it is made, or one after it was."""

    inner: Any
    upset: Callable[[dict[str, Any]], tuple[Exception | None, Exception | None]] = lambda _: (None, None)
    calls: Counter[str] = field(default_factory=Counter)
    read: int = 0

    def update_item(self, **arguments: Any) -> Any:
        self.calls["update_item"] += 1
        before, after = self.upset(arguments)
        if before:
            raise before
        answer = self.inner.update_item(**arguments)
        if after:
            raise after
        return answer

    def get_item(self, **arguments: Any) -> Any:
        self.calls["get_item"] += 1
        return self.inner.get_item(**arguments)

    def query(self, **arguments: Any) -> Any:
        self.calls["query"] += 1
        answer = self.inner.query(**arguments)
        self.read += answer["ScannedCount"]
        return answer


@pytest.fixture(scope="session")
def dynamodb(moto_url: str) -> Any:
    return client(moto_url)


@pytest.fixture
async def table(moto_url: str) -> str:
    return await make_table(moto_url)


@pytest.fixture
def wrapped(dynamodb: Any) -> Wrapped:
    return Wrapped(dynamodb)


@pytest.fixture
def totals(wrapped: Wrapped, table: str) -> WatchTotals:
    return WatchTotals(lambda: wrapped, table, pauses=at_once)


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
    assert wrapped.calls["update_item"] == 0


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


async def test_two_who_add_the_same_at_once_add_it_once(totals: WatchTotals, wrapped: Wrapped, table: str) -> None:
    log = [credit("alice", 1 << offset, offset) for offset in range(8)]
    other = WatchTotals(lambda: wrapped, table, pauses=at_once)
    assert [*await asyncio.gather(totals.add(log[:6]), other.add(log[:6]))] == [[], []]
    assert [*await asyncio.gather(totals.add(log[2:]), other.add(log[3:]))] == [[], []]
    assert await sums(totals) == ({"alice": 0.255}, 0.255)


async def test_a_log_that_began_anew_is_counted_too(totals: WatchTotals) -> None:
    old = [credit("alice", 1000, 500, at=NOW), credit("bob", 2000, 501, at=NOW + 10)]
    new = [credit("alice", 100, 3, at=NOW + 20), credit("bob", 200, 4, at=NOW + 30), credit("alice", 10, 600)]
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
    assert "1 of " in caplog.text
    assert await sums(totals) == ({"alice": 1.0, "carol": 1.0}, 4.0)
    wrapped.upset = lambda _: (None, None)
    assert await totals.add([*batch[1:], credit("carol", 500, 9)]) == []
    assert await sums(totals) == ({"alice": 1.0, "carol": 1.5, "bob": 2.0}, 4.5)


async def test_a_table_that_is_away_takes_nothing(table: str) -> None:
    def away() -> Any:
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        return dynamodb_client(REGION, endpoint_url="http://127.0.0.1:1", **keys)

    def twice(deadline: float) -> Iterator[float]:
        yield from (0.0, 0.0)

    totals = WatchTotals(away, table, pauses=twice)
    batch = [credit("alice", 1000, 1), credit("bob", 500, 2)]
    assert await totals.add(batch) == batch
    with pytest.raises(TableUnavailable):
        await totals.top(42, 10)


async def test_a_table_that_is_not_there_is_unavailable(wrapped: Wrapped) -> None:
    totals = WatchTotals(lambda: wrapped, "no-such-table", pauses=at_once)
    assert await totals.add([credit("alice", 1000, 1)]) == [credit("alice", 1000, 1)]
    with pytest.raises(TableUnavailable, match="no-such-table"):
        await totals.top(42, 10)


async def test_the_longest_come_first_out_of_all_buckets(totals: WatchTotals, wrapped: Wrapped) -> None:
    users = [f"user{number:03}" for number in range(300)]
    await totals.add([credit(user, 1000 * (number // 2 + 1), number) for number, user in enumerate(users)])
    wrapped.calls.clear()
    longest, total = await totals.top(42, 5)
    # Whoever watched as long stands in the order of their ids.
    tops = [("user298", 150.0), ("user299", 150.0), ("user296", 149.0), ("user297", 149.0), ("user294", 148.0)]
    assert longest == tops
    assert total == sum(2 * seconds for seconds in range(1, 151))
    # What is read does not grow with the room.
    assert wrapped.calls == {"query": 2 * BUCKETS}
    assert wrapped.read <= 6 * BUCKETS


class LargeRoom:
    """boto3's client of a table in which a room's users are, each sum with its place in the index."""

    def __init__(self, seconds: Mapping[str, Decimal]) -> None:
        self.requests = 0
        self.read = 0
        self._index: dict[str, list[dict[str, Any]]] = {f"watch#42#{bucket}": [] for bucket in range(BUCKETS)}
        for user, one in seconds.items():
            self._index[f"watch#42#{bucket_of(user)}"].append({"userId": {"S": user}, "seconds": {"N": str(one)}})
        self._totals = {key: sum(map(_of, users), Decimal(0)) for key, users in self._index.items()}
        for users in self._index.values():
            users.sort(key=_of, reverse=True)

    def query(self, **query: Any) -> dict[str, Any]:
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
    longest, total = await WatchTotals(lambda: room, "rooms").top(42, 100)
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
    await totals.add([credit("alice", 1000, 1, name="Alice"), credit("alice", 1000, 2, name="Al", at=NOW + DAY * 1000)])
    await totals.add([replace(credit("alice", 1000, 3, at=NOW), username="")])
    found = item(dynamodb, table, "alice")
    assert (found["username"], found["userId"]) == ({"S": "Al"}, {"S": "alice"})
    assert found["topOf"] == found["pk"]
    assert found["expires"] == {"N": str(NOW // 1000 + DAY + 400 * DAY)}
    assert (found["last"], found["lastAt"]) == ({"N": "3"}, {"N": str(NOW + DAY * 1000)})


class Consumer:
    """Hands a log to the sums as an event source mapping may: in batches of any size, again and again from anywhere
    before, and again from the first that was not added."""

    def __init__(self, log: Sequence[Credit], seed: int) -> None:
        self._log = log
        self._dice = random.Random(seed)
        self.unanswered = 0

    def upset(self, _: object) -> tuple[Exception | None, Exception | None]:
        roll = self._dice.random()
        self.unanswered += roll < 0.3
        return (THROTTLED if roll < 0.2 else None, LOST if roll < 0.3 else None)

    async def consume(self, totals: WatchTotals) -> None:
        place = 0
        while place < len(self._log):
            batch = self._log[place : place + self._dice.randint(1, 10)]
            missing = await totals.add(batch)
            place += batch.index(missing[0]) if missing else len(batch)
            if self._dice.random() < 0.3:
                place -= self._dice.randint(0, min(place, 15))


@pytest.mark.parametrize("seed", range(3))
async def test_however_batches_are_cut_and_repeated_and_fail_the_sums_are_exact(
    wrapped: Wrapped, table: str, seed: int
) -> None:
    def thrice(deadline: float) -> Iterator[float]:
        yield from [0.0] * 3

    dice = random.Random(seed)
    log = [
        credit(
            f"u{dice.randrange(6)}", dice.randint(1, 90_000), offset, at=NOW + offset * 100 + dice.randint(-900, 900)
        )
        for offset in range(50)
    ]
    consumer = Consumer(log, seed)
    wrapped.upset = consumer.upset
    await consumer.consume(WatchTotals(lambda: wrapped, table, pauses=thrice))
    assert consumer.unanswered
    watched: Counter[str] = Counter()
    for each in log:
        watched[each.user_id] += each.earned
    users, total = await sums(WatchTotals(lambda: wrapped, table))
    assert users == {user: earned / 1000 for user, earned in watched.items()}
    assert total == watched.total() / 1000
