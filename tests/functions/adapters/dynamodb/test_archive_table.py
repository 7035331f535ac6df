import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from functions.adapters.dynamodb import archive_table
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.table import TableUnavailable
from functions.rooms import events
from functions.rooms.archive import Item, Kind, Stored, items
from functions.rooms.events import Event
from tests.functions import made
from tests.functions.memory_table import POISON, Fault, MemoryTable
from tests.functions.tables import api, client, make_table

NOW = 1_700_000_000_000


def event(seq: int, type_: int = events.CHAT, **fields: Any) -> Event:
    return made.event(type_, user_id="alice", username="Alice", seq=seq, logged_at=NOW, **fields)


def kept(*happened: Event) -> list[Item]:
    return [item for offset, one in enumerate(happened) for item in items(one, 1000 + offset, days=400)]


def content(stored: Stored) -> Any:
    return stored.event.payload().get("content", "")


def chats(number: int) -> list[Event]:
    return [event(seq, content=f"chat {seq}") for seq in range(number)]


def four(deadline: float) -> Iterator[float]:
    return itertools.repeat(0.0, 4)


def in_memory(*faults: Fault | None) -> tuple[MemoryTable, ArchiveTable]:
    """A table whose first calls go wrong as told."""
    coming = iter(faults)
    memory = MemoryTable(lambda: next(coming, None))
    return memory, ArchiveTable(memory, "rooms", pauses=four)


def seqs(memory: MemoryTable) -> list[int]:
    return sorted(int(item["seq"]["N"]) for item in memory.items.values())


@pytest.fixture
async def dynamodb(moto_url: str) -> AsyncIterator[DynamoDbApi]:
    async with api(moto_url) as dynamodb:
        yield dynamodb


@pytest.fixture
async def table(dynamodb: DynamoDbApi, moto_url: str) -> ArchiveTable:
    return ArchiveTable(dynamodb, await make_table(moto_url))


async def said(table: ArchiveTable, before: int | None = None, limit: int = 100) -> tuple[list[Any], int | None]:
    found, following = await table.messages(42, before, limit)
    return [one.event.seq for one in found], following


async def test_items_are_written_25_at_a_time() -> None:
    memory, table = in_memory()
    assert await table.put(kept(*chats(60))) == []
    assert seqs(memory) == list(range(60))
    assert memory.calls == ["BatchWriteItem"] * 3


async def test_what_is_there_twice_is_written_once() -> None:
    memory, table = in_memory()
    assert await table.put(kept(event(1, content="old"), event(1, content="new"))) == []
    assert [item["text"]["S"] for item in memory.items.values()] == ["new"]


@pytest.mark.parametrize("fault", ["throttled", "unprocessed", "no answer"])
async def test_what_was_not_written_is_tried_again(fault: Fault) -> None:
    memory, table = in_memory(fault)
    assert await table.put(kept(*chats(10))) == []
    assert seqs(memory) == list(range(10))
    assert len(memory.calls) == 2


async def test_when_the_time_is_over_it_says_what_is_missing_and_why() -> None:
    memory, table = in_memory("throttled", "throttled", "throttled", "throttled")
    unstored = await table.put(kept(*chats(3)))
    assert [(one.item.offset, one.refused) for one in unstored] == [(1000, False), (1001, False), (1002, False)]
    assert "ProvisionedThroughputExceeded" in unstored[0].cause
    assert memory.items == {}


async def test_of_a_batch_in_part_unprocessed_only_the_rest_is_missing() -> None:
    memory, table = in_memory("unprocessed", "unprocessed", "unprocessed", "unprocessed")
    unstored = await table.put(kept(*chats(25)))
    assert {one.item.offset - 1000 for one in unstored} | set(seqs(memory)) == set(range(25))
    assert len(unstored) + len(memory.items) == 25
    assert unstored[0].cause == "table rooms: it left items unprocessed"


async def test_an_item_that_is_refused_does_not_keep_the_others_out() -> None:
    memory, table = in_memory()
    bad = [event(3, content=POISON), event(17, content=POISON)]
    [first, second] = await table.put(kept(*(chats(3) + bad + [event(seq, content="hi") for seq in range(20, 40)])))
    assert [first.item.offset, second.item.offset] == [1003, 1004]
    assert first.refused
    assert "ValidationException" in first.cause
    assert seqs(memory) == [0, 1, 2, *range(20, 40)]


async def test_a_table_with_other_keys_refuses_nothing_for_good() -> None:
    memory, table = in_memory()
    memory.has_other_keys = True
    unstored = await table.put(kept(*chats(30)))
    assert [one.refused for one in unstored] == [False] * 30
    assert "its keys have to be pk and sk" in unstored[0].cause
    # Nor is it asked for each item.
    assert len(memory.calls) == 2 * 4 * 2


@pytest.mark.parametrize("keys", [("pk", "N"), ("id", "S")])
async def test_dynamodb_tells_a_table_with_other_keys_from_an_item_it_refuses(
    dynamodb: DynamoDbApi, moto_url: str, keys: tuple[str, str]
) -> None:
    name, (key, type_) = f"other-{uuid4().hex}", keys
    client(moto_url).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": type_}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
    )
    table = ArchiveTable(dynamodb, name, pauses=lambda deadline: iter([0.0]))
    [unstored] = await table.put(kept(event(1)))
    assert (unstored.refused, "its keys have to be pk and sk" in unstored.cause) == (False, True)


async def test_while_the_table_does_not_answer_no_item_is_blamed() -> None:
    # Refused, and then no answer to the question for the keys, and so on.
    memory, table = in_memory(None, "throttled", None, "throttled", None, "throttled", None, "throttled")
    [unstored] = await table.put(kept(event(1, content=POISON)))
    assert (unstored.refused, memory.calls) == (False, ["BatchWriteItem", "GetItem"] * 4)


async def test_no_attempt_begins_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_table, "PUT_SECONDS", -1)
    memory, table = in_memory()
    [unstored] = await table.put(kept(event(1)))
    assert (unstored.cause, memory.calls) == ("table rooms: there was no time left", [])


async def test_where_nothing_answers_it_says_so() -> None:
    async with api("http://127.0.0.1:1") as away:
        table = ArchiveTable(away, "rooms", pauses=lambda deadline: iter([0.0]))
        [unstored] = await table.put(kept(event(1)))
        assert "127.0.0.1:1" in unstored.cause
        for call in (table.ping(), table.messages(42, None, 1)):
            with pytest.raises(TableUnavailable, match="127.0.0.1:1"):
                await call


async def test_without_a_name_there_is_no_table() -> None:
    with pytest.raises(TableUnavailable, match="TABLE is not set"):
        await ArchiveTable(MemoryTable(), "").ping()


async def test_a_table_that_is_not_there_is_unavailable(dynamodb: DynamoDbApi) -> None:
    with pytest.raises(TableUnavailable, match="nowhere.*ResourceNotFound"):
        await ArchiveTable(dynamodb, "nowhere").ping()


async def test_a_table_that_is_there_answers(table: ArchiveTable) -> None:
    await table.ping()


async def test_what_was_said_is_listed_newest_first_page_by_page(table: ArchiveTable) -> None:
    await table.put(kept(*chats(5)))
    assert await said(table, limit=2) == ([4, 3], 3)
    assert await said(table, before=3, limit=2) == ([2, 1], 1)
    assert await said(table, before=1, limit=2) == ([0], None)
    assert await said(table, before=0, limit=2) == ([], None)


async def test_a_full_last_page_is_known_to_be_the_last(table: ArchiveTable) -> None:
    await table.put(kept(*chats(4)))
    assert await said(table, before=2, limit=2) == ([1, 0], None)


async def test_the_list_is_of_one_room_and_of_what_was_said_to_all(table: ArchiveTable) -> None:
    await table.put(
        kept(
            event(1, events.JOIN),
            event(2, events.NOTICE, name="card", data={"off": 10}),
            event(3, content="for you", to="bob"),
            event(4, activity_id=421, content="elsewhere"),
            event(5, events.LIKE, likes=3),
        )
    )
    found, _ = await table.messages(42, None, 10)
    assert [(one.event.seq, one.event.payload()) for one in found] == [(2, {"name": "card", "data": {"off": 10}})]


@pytest.mark.parametrize("removal_comes_first", [False, True])
async def test_a_removed_chat_is_there_without_its_text(table: ArchiveTable, removal_comes_first: bool) -> None:
    removal = kept(event(9, events.REMOVED, data={"seq": 1}))
    for part in [removal, kept(*chats(3))][:: 1 if removal_comes_first else -1]:
        await table.put(part)
    found, _ = await table.messages(42, None, 10)
    assert [(content(one), one.removed) for one in found] == [("chat 2", False), ("", True), ("chat 0", False)]


@pytest.mark.parametrize("removal_comes_first", [False, True])
async def test_all_that_a_banned_user_said_is_there_without_its_text(
    table: ArchiveTable, removal_comes_first: bool
) -> None:
    def said(seq: int, user: str, time: int, **fields: Any) -> Event:
        text = f"{user} {seq}"
        return made.event(user_id=user, username=user, seq=seq, time=time, logged_at=time, content=text, **fields)

    chats = [
        said(1, "bob", NOW - 3_600_000),
        said(2, "carol", NOW - 3_600_000),
        said(3, "bob", NOW + 500),  # by a clock that is ahead
        said(10, "bob", NOW - 5),  # its review took a while
        said(11, "bob", NOW + 600_000),
        said(12, "bobby", NOW - 5),
        said(13, "bob", NOW - 4, to="carol"),
    ]
    removal = [
        event(9, events.REMOVED, time=NOW, data={"userId": "bob", "seqs": [3]}),
        # Another's, long after.
        event(90, events.REMOVED, time=NOW + 10**9, data={"userId": "erin", "seqs": []}),
    ]
    for part in [kept(*removal), kept(*chats)][:: 1 if removal_comes_first else -1]:
        await table.put(part)
    found, _ = await table.messages(42, None, 10)
    expected = [(12, False), (11, False), (10, True), (3, True), (2, False), (1, True)]
    assert [(one.event.seq, one.removed) for one in found] == expected
    assert all(bool(content(one)) != one.removed for one in found)
    # A page finds the mark that is newer than all of it.
    page, _ = await table.messages(42, 2, 1)
    assert [(one.event.seq, one.removed) for one in page] == [(1, True)]
    exported = {one.event.seq: one.removed async for one in table.events(42, "m", "p")}
    assert exported == {1: True, 2: False, 3: True, 10: True, 11: False, 12: False, 13: True}


async def test_two_users_who_are_removed_in_one_moment_are_both(table: ArchiveTable) -> None:
    removals = [
        event(seq, events.REMOVED, time=NOW, data={"userId": user, "seqs": []})
        for seq, user in ((8, "bob"), (9, "carol"))
    ]
    said = [made.event(user_id=user, seq=seq, time=NOW, logged_at=NOW) for seq, user in ((1, "bob"), (2, "carol"))]
    await table.put(kept(*removals, *said))
    found, _ = await table.messages(42, None, 10)
    assert [one.removed for one in found] == [True, True]


async def test_a_page_of_more_than_a_megabyte_is_still_whole(table: ArchiveTable) -> None:
    await table.put(kept(*(event(seq, content="x" * 100_000) for seq in range(25))))
    assert await said(table, limit=24) == (list(range(24, 0, -1)), 1)


async def test_acts_are_found_among_all_else_page_by_page(table: ArchiveTable) -> None:
    acts = [events.NOTICE, events.REMOVED, events.SANCTION, events.SETTINGS, events.PROPERTIES]
    happened = [event(seq, content="hi") for seq in range(0, 100, 10)] + [event(5, events.JOIN), event(6, events.LEAVE)]
    happened += [event(seq, acts[seq % 5], data={"seq": 0}) for seq in range(101, 351)]
    await table.put(
        kept(*happened, event(400, events.NOTICE, to=("bob", "carol")), replace(happened[-1], activity_id=43))
    )
    found: list[int | None] = []
    before: int | None = None
    while before is not None or not found:
        page, before = await table.acts(42, before, 120)
        assert len(page) <= 120
        found += [one.seq for one in page]
    assert found == [400, *range(350, 100, -1)]
    assert await table.acts(44, None, 10) == ([], None)
    assert await table.acts(42, 0, 10) == ([], None)


async def test_an_act_that_could_not_be_stored_itself_is_left_out(table: ArchiveTable) -> None:
    *_, beside = kept(event(7, events.SETTINGS, data={"frozen": True}))
    await table.put([beside, *kept(event(8, events.SETTINGS, data={"frozen": False}))])
    assert [one.seq for one in (await table.acts(42, None, 10))[0]] == [8]
    # Where the live topic was made anew, the key of an act may have been another record's.
    await table.put(kept(event(7, events.JOIN, time=NOW - 1)))
    assert [one.seq for one in (await table.acts(42, None, 10))[0]] == [8]


async def test_everything_is_exported_in_its_order(table: ArchiveTable) -> None:
    await table.put(
        kept(
            event(1, events.JOIN),
            event(2, content="hi"),
            event(3, content="for you", to="bob"),
            event(4, events.REMOVED, data={"seq": 2}),
            event(5, events.LIKE, likes=3),
            event(6, content="bye"),
            event(7, events.LEAVE),
        )
    )
    found = [(one.event.seq, content(one), one.removed) async for one in table.events(42)]
    assert found == [
        (1, "", False),
        (2, "hi", True),
        (3, "for you", False),
        (4, "", False),
        (6, "bye", False),
        (7, "", False),
    ]


async def test_only_what_was_said_can_be_removed(table: ArchiveTable) -> None:
    removals = [event(seq, events.REMOVED, data={"seq": seq - 4}) for seq in (5, 6)]
    await table.put(kept(event(1, events.JOIN), event(2, to="bob"), *removals))
    assert [(one.event.seq, one.removed) async for one in table.events(42, "e", "p")] == [
        (1, False),
        (2, True),
        (5, False),
        (6, False),
    ]


@pytest.mark.parametrize(("kinds", "expected"), [(("m",), [2]), (("e", "p"), [1, 3])])
async def test_an_export_may_be_of_some_kinds(
    table: ArchiveTable, kinds: tuple[Kind, ...], expected: list[int]
) -> None:
    await table.put(kept(event(1, events.JOIN), event(2), event(3, to="bob")))
    assert [one.event.seq async for one in table.events(42, *kinds)] == expected


async def test_an_export_of_more_than_a_page_is_whole(table: ArchiveTable) -> None:
    await table.put(kept(*chats(2050)))
    assert [one.event.seq async for one in table.events(42)] == list(range(2050))


async def test_an_item_that_is_too_large_is_refused_by_dynamodb(table: ArchiveTable) -> None:
    [unstored] = await table.put(kept(event(1, content="x" * 410_000), event(2)))
    assert (unstored.item.offset, unstored.refused) == (1000, True)
    assert await said(table) == ([2], None)


async def test_what_was_sent_lately_is_found_newest_of_each_kind(
    table: ArchiveTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = [
        event(1, client_id="old", time=NOW - 10),
        event(2, client_id="c2", time=NOW),
        event(3, time=NOW),
        event(4, client_id="c4", time=NOW + 1),
        event(5, client_id="p5", time=NOW, to="bob"),
        event(6, events.REMOVED, client_id="r6", time=NOW, data={"seq": 2}),
        event(7, events.JOIN, time=NOW),
    ]
    assert await table.put(kept(*happened)) == []

    async def found(kind: Kind, since: int = NOW) -> list[tuple[str, int]]:
        return [(sent.client_id, sent.seq) for sent in await table.sent_since(42, since, kind)]

    assert await found("m") == [("c2", 2), ("c4", 4)]
    assert await found("m", NOW - 10) == [("old", 1), ("c2", 2), ("c4", 4)]
    assert (await found("p"), await found("e")) == ([("p5", 5)], [("r6", 6)])
    monkeypatch.setattr(archive_table, "RECENT", 2)
    assert await found("m", 0) == [("c4", 4)]
    assert await table.sent_since(43, 0, "m") == []
