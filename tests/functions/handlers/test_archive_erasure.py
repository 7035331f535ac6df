"""Records that come again, or late, do not bring back who was erased."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.eraser import Eraser
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.table import Table, plain
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.handlers import archive
from functions.rooms import events
from functions.rooms.erasure import ALIAS, LIST_SECONDS
from functions.rooms.events import Event
from functions.usecases.archiver import Archiver
from functions.usecases.erasures import KnownErasures
from tests.functions.conftest import NOW
from tests.functions.handlers import test_archive
from tests.functions.handlers.test_archive import batch, failures
from tests.functions.made import event
from tests.functions.tables import api, archive_parts, client, make_table

SETTLED_MS = 75_000


class World:
    """A table, the archive's parts, and who erases; time passes when it is told to."""

    def __init__(self, dynamodb: DynamoDbApi, name: str, url: str, parts: Archiver) -> None:
        self.now = NOW
        self._name, self._boto3, self._dynamodb = name, client(url), dynamodb
        self._list = ErasureList(Table(dynamodb, name))
        self._parts = parts
        self._eraser = Eraser(dynamodb, name, settled_ms=SETTLED_MS, log_hours=24, clock=lambda: self.now)
        self.restart()

    def restart(self) -> None:
        """Another process of the archive's."""
        self.parts = replace(self._parts, erasures=KnownErasures(self._list, clock=lambda: self.now / 1000))

    async def store(self, *records: tuple[int, Event]) -> None:
        assert await archive.main(batch(p3=[*records]), self.parts) == failures()

    async def erase(self, user_id: str) -> None:
        await self._eraser.erase(user_id, seconds=60)

    async def finish(self, user_id: str) -> None:
        self.now += SETTLED_MS + 1
        assert (await self._eraser.erase(user_id, seconds=60)).complete

    async def watched(self) -> dict[str, float]:
        """The seconds of each user of the room, which add up to the room's; aliases are `erased`."""
        users, total = await WatchTotals(self._dynamodb, self._name).top(42, 100)
        assert sum(seconds for _, seconds in users) == pytest.approx(total)
        return {user_id[:6] if user_id.startswith(ALIAS) else user_id: seconds for user_id, seconds in users}

    def items(self) -> list[dict[str, Any]]:
        found = [plain(item) for item in self._boto3.scan(TableName=self._name)["Items"]]
        return sorted((item for item in found if item["pk"] != "erased#all"), key=lambda item: (item["pk"], item["sk"]))


@pytest.fixture
async def world(moto_url: str) -> AsyncIterator[World]:
    name = await make_table(moto_url)
    async with api(moto_url) as dynamodb, archive_parts(moto_url, name) as parts:
        yield World(dynamodb, name, moto_url, parts)


def show() -> list[tuple[int, Event]]:
    alice: dict[str, Any] = {"user_id": "alice", "username": "Alice"}
    happened = [
        event(events.JOIN, seq=1, **alice),
        event(seq=2, content="hi", client_id="c1", **alice),
        event(seq=3, content="hello", user_id="bob", username="Bob"),
        event(seq=4, content="psst", to="alice", user_id="bob", username="Bob"),
        event(events.SANCTION, seq=5, to="alice", user_id="mod", data={"action": "muted", "reason": "loud"}),
        event(events.REMOVED, seq=6, client_id="r1", data={"seq": 3}, **alice),
    ]
    return [(70 + number, one) for number, one in enumerate(happened)]


def named(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if "alice" in str(item).lower()]


async def test_records_that_come_again_after_an_erasure_change_nothing(world: World) -> None:
    await world.store(*show())
    assert named(world.items())
    await world.erase("alice")
    await world.finish("alice")
    left = world.items()
    assert named(left) == []
    for restarted in (False, True):
        if restarted:
            world.restart()
        await world.store(*show())
        await world.store(*show()[1:])
        assert world.items() == left


async def test_records_that_come_late_are_stored_without_the_name(world: World) -> None:
    await world.erase("alice")
    await world.store(*show())
    left = world.items()
    assert named(left) == []
    assert [item["sk"] for item in left if item["sk"][0] == "m"] == ["m#0000000000000003"]
    await world.finish("alice")
    assert world.items() == left


async def test_a_process_that_does_not_know_yet_brings_nobody_back_for_good(world: World) -> None:
    await world.store((60, event(seq=1, user_id="bob")))  # it has read the list
    await world.erase("alice")
    await world.store(*show())
    assert named(world.items())
    world.now += LIST_SECONDS * 1000
    await world.store(*show())  # and knows now
    await world.finish("alice")
    assert named(world.items()) == []


async def test_what_the_user_does_later_is_stored(world: World) -> None:
    await world.erase("alice")
    await world.finish("alice")
    await world.store((90, event(seq=9, content="back", user_id="alice", time=world.now)))
    assert [item["text"] for item in named(world.items())] == ["back"]


START = NOW - 600_000


def heartbeat(offset: int, seconds: int, user_id: str = "alice") -> tuple[int, Event]:
    """The user has watched for so long since START."""
    stretch = {"watch_from": START, "watch_to": START + seconds * 1000, "watch_seconds": 60.0}
    return offset, event(events.HEARTBEAT, user_id=user_id, username=user_id.title(), **stretch)


async def test_watch_time_goes_on_under_an_alias_and_adds_up(world: World) -> None:
    await world.store(heartbeat(1, 60), heartbeat(2, 60, "bob"), heartbeat(3, 90, "bob"))
    await world.erase("alice")
    # The sums are not moved yet: what comes late and what comes again is added where they are.
    world.restart()
    await world.store(heartbeat(1, 60), heartbeat(4, 70))
    assert await world.watched() == {"alice": 70, "bob": 90}
    await world.finish("alice")
    assert await world.watched() == {"erased": 70, "bob": 90}
    assert named(world.items()) == []
    # Late, and again.
    world.restart()
    await world.store(heartbeat(4, 70), heartbeat(5, 100))
    await world.store(heartbeat(5, 100), heartbeat(6, 95, "bob"))
    assert await world.watched() == {"erased": 100, "bob": 95}
    assert named(world.items()) == []


async def test_a_stretch_that_goes_on_after_the_erasure_is_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.store(heartbeat(1, 60))
    await world.erase("alice")
    await world.finish("alice")
    monkeypatch.setattr(test_archive, "NOW", world.now)  # when records are logged
    await world.store(heartbeat(2, 200))
    await world.store(heartbeat(2, 200), heartbeat(3, 260))
    assert await world.watched() == {"erased": 60, "alice": 200}


async def test_a_user_who_is_erased_twice_has_one_alias_in_a_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.store(heartbeat(1, 60), (2, event(seq=1, content="hi", user_id="alice", username="Alice")))
    await world.erase("alice")
    await world.finish("alice")
    monkeypatch.setattr(test_archive, "NOW", world.now)
    await world.store(heartbeat(3, 200), (4, event(seq=5, content="back", user_id="alice", time=world.now)))
    assert named(world.items())
    await world.erase("alice")
    await world.finish("alice")
    assert await world.watched() == {"erased": 200}
    assert named(world.items()) == []


async def test_sums_of_a_user_who_comes_only_late_begin_under_the_alias(world: World) -> None:
    await world.erase("alice")
    await world.store(heartbeat(1, 60), *show())
    await world.finish("alice")
    assert await world.watched() == {"erased": 60}
    assert named(world.items()) == []
