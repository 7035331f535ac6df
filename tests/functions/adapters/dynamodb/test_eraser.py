"""What is left of a user who was erased, in a table of moto's."""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import pytest

from functions.adapters.dynamodb import user_items
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.eraser import Eraser, Outcome
from functions.adapters.dynamodb.table import Table, TableUnavailable, plain
from functions.adapters.dynamodb.user_items import UserItems
from functions.rooms import events
from functions.rooms.archive import items
from functions.rooms.disclosure import told_of
from functions.rooms.events import Event
from tests.functions.conftest import NOW
from tests.functions.made import event
from tests.functions.tables import api, client, make_table

SETTLED_MS = 75_000


class World:
    """A table, and a clock for who erases."""

    def __init__(self, dynamodb: DynamoDbApi, name: str, url: str) -> None:
        self.name, self.now = name, NOW
        self.archive = ArchiveTable(dynamodb, name)
        self.users = UserItems(Table(dynamodb, name))
        self.eraser = Eraser(dynamodb, name, settled_ms=SETTLED_MS, log_hours=24, clock=lambda: self.now)
        self._boto3 = client(url)

    async def store(self, *happened: Event) -> None:
        made = [item for offset, one in enumerate(happened) for item in items(one, offset, days=400)]
        assert await self.archive.put(made) == []

    def everything(self) -> list[dict[str, Any]]:
        """All items but the list of erasures."""
        found = [plain(item) for item in self._boto3.scan(TableName=self.name)["Items"]]
        return sorted((item for item in found if item["pk"] != "erased#all"), key=lambda item: (item["pk"], item["sk"]))

    async def records(self, user_id: str, limit: int = 100) -> list[dict[str, Any]]:
        """What is told to a user, over all pages."""
        found, last = [], None
        while True:
            page = await self.users.page(user_id, last, limit)
            found += [told_of(*key, plain(item)) for key, item in page.items.items() if key not in page.targets]
            last = page.last
            if last is None:
                return found

    async def erased(self, user_id: str) -> Outcome:
        """Erase until it is complete."""
        first = await self.eraser.erase(user_id, seconds=60)
        assert (first.complete, first.retry_after) == (False, SETTLED_MS // 1000 + 1)
        self.now += first.retry_after * 1000
        last = await self.eraser.erase(user_id, seconds=60)
        assert last.complete
        first.removed.update(last.removed)
        first.nameless.update(last.nameless)
        return first


@pytest.fixture
async def world(moto_url: str) -> AsyncIterator[World]:
    async with api(moto_url) as dynamodb:
        yield World(dynamodb, await make_table(moto_url), moto_url)


def show(room: int = 42) -> Sequence[Event]:
    """A room with alice, bob and a moderator."""
    alice: dict[str, Any] = {"activity_id": room, "user_id": "alice", "username": "Alice"}
    bob: dict[str, Any] = {"activity_id": room, "user_id": "bob", "username": "Bob"}
    mod: dict[str, Any] = {"activity_id": room, "user_id": "mod", "username": "Mo"}
    return [
        event(events.JOIN, seq=1, **alice),
        event(seq=2, content="hi", **alice),
        event(seq=3, content="hi alice", **bob),
        event(seq=4, content="psst", to="bob", **alice),
        event(seq=5, content="hush", to="alice", **bob),
        event(events.SANCTION, seq=6, to="alice", data={"action": "muted", "seconds": 60, "reason": "loud"}, **mod),
        event(events.REMOVED, seq=7, data={"seq": 2}, **mod),
        event(events.LEAVE, seq=8, **alice),
    ]


async def test_all_that_is_stored_of_a_user_is_found_over_all_rooms_and_of_nobody_else(world: World) -> None:
    await world.store(*show(42), *show(43))
    for limit in (100, 3, 1):
        found = [(one["activityId"], one["seq"], one["what"]) for one in await world.records("alice", limit)]
        assert sorted(found) == sorted(
            (room, seq, what)
            for room in (42, 43)
            for seq, what in ((1, "join"), (2, "chat"), (4, "chat"), (5, "chat"), (6, "sanction"), (8, "leave"))
        ), limit
    assert {(one["what"], one["seq"]) for one in await world.records("mod")} == {
        ("sanction", 6),
        ("removal", 7),
        ("removalMark", 2),
    }
    assert await world.records("carol") == []


async def test_after_an_erasure_nothing_names_the_user_and_others_have_all_that_they_had(world: World) -> None:
    await world.store(*show(42), *show(43))
    before = await world.records("mod")
    outcome = await world.erased("alice")
    assert outcome.removed == {"join": 2, "chat": 4, "leave": 2}
    assert outcome.nameless == {"chat": 2, "sanction": 2}
    assert await world.records("alice") == []
    left = world.everything()
    # What others wrote about her is theirs.
    assert [item["text"] for item in left if "alice" in str(item).lower()] == ["hi alice"] * 2
    assert [(one["what"], one["seq"]) for one in await world.records("mod")] == [
        (one["what"], one["seq"]) for one in before
    ]
    hushed = [item for item in left if item.get("text") == "hush"]
    assert {item["userId"] for item in hushed} == {"bob"}
    assert len({item["to"] for item in hushed}) == 2
    assert all(item["to"].startswith("erased-") for item in hushed)


async def test_whoever_acted_as_a_moderator_is_nameless_in_what_they_did(world: World) -> None:
    await world.store(*show())
    outcome = await world.erased("mod")
    assert (outcome.removed, outcome.nameless) == ({}, {"sanction": 1, "removal": 1, "removalMark": 1})
    assert not [item for item in world.everything() if "mod" in (item.get("userId"), item.get("username"))]
    [chat] = [one for one in (await world.archive.messages(42, None, 10))[0] if one.removed]
    assert chat.event.seq == 2


async def test_what_is_erased_once_is_erased_again_without_harm(world: World) -> None:
    await world.store(*show())
    await world.erased("alice")
    before = world.everything()
    outcome = await world.erased("alice")
    assert (outcome.removed, outcome.nameless) == ({}, {})
    assert world.everything() == before


async def test_what_was_stored_while_an_erasure_was_under_way_is_erased_by_the_last_call(world: World) -> None:
    await world.eraser.erase("alice", seconds=60)
    await world.store(*show())
    world.now += SETTLED_MS + 1
    outcome = await world.eraser.erase("alice", seconds=60)
    assert outcome.complete
    assert outcome.removed == {"join": 1, "chat": 2, "leave": 1}
    assert await world.records("alice") == []


async def test_what_a_user_does_after_it_stays(world: World) -> None:
    await world.eraser.erase("alice", seconds=60)
    await world.store(event(seq=9, content="back", user_id="alice", time=NOW + SETTLED_MS + 1))
    world.now += SETTLED_MS + 1
    assert (await world.eraser.erase("alice", seconds=60)).complete
    assert [one["text"] for one in await world.records("alice")] == ["back"]
    world.now += 1
    await world.erased("alice")
    assert await world.records("alice") == []


async def test_a_call_that_breaks_off_is_made_again_and_does_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.store(*show(42), *show(43), *show(44))
    monkeypatch.setattr(user_items, "PAGE", 2)
    pages: list[Collection[int]] = []

    async def break_off(rooms: Collection[int]) -> None:
        pages.append(rooms)
        if len(pages) % 3 == 2:
            raise TableUnavailable("away")

    calls = 0
    while True:
        calls += 1
        try:
            outcome = await world.eraser.erase("alice", seconds=60, in_rooms=break_off)
        except TableUnavailable:
            continue
        if outcome.complete:
            break
        world.now += SETTLED_MS + 1
    assert calls > 3
    assert await world.records("alice") == []
    assert not [item for item in world.everything() if "alice" in (item.get("userId"), item.get("to"))]


async def test_a_call_does_what_there_is_time_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.store(*show(42), *show(43))
    monkeypatch.setattr(user_items, "PAGE", 2)
    outcome = await world.eraser.erase("alice", seconds=0)
    assert (outcome.complete, outcome.retry_after) == (False, 0)
    assert 0 < outcome.removed.total() < 8
    assert await world.records("alice")


async def test_what_has_to_be_done_in_rooms_is_done_before_they_are_forgotten(world: World) -> None:
    await world.store(*show(42), *show(43))
    seen: list[int] = []

    async def in_rooms(rooms: Collection[int]) -> None:
        seen.extend(rooms)
        assert await world.records("alice")

    await world.eraser.erase("alice", seconds=60, in_rooms=in_rooms)
    assert set(seen) == {42, 43}


async def test_many_items_of_one_user_are_erased(world: World) -> None:
    await world.store(*(event(seq=seq, content=f"chat {seq}", user_id="alice") for seq in range(230)))
    outcome = await world.erased("alice")
    assert outcome.removed == {"chat": 230}
    assert world.everything() == []
