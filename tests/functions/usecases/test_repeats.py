"""The stories are in tests/functions/handlers/test_archive.py."""

import itertools
from collections.abc import Iterator

from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.aws_events.kafka import Record
from functions.rooms.archive import Item, items
from functions.usecases.repeats import Repeats
from tests.functions.made import event
from tests.functions.memory_table import MemoryTable


def twice(deadline: float) -> Iterator[float]:
    return itertools.repeat(0.0, 2)


def made(memory: MemoryTable) -> Repeats:
    return Repeats(ArchiveTable(memory, "rooms"), pauses=twice)


def sent(seq: int, client_id: str = "c1", room: int = 42) -> Item:
    [item] = items(event(activity_id=room, user_id="alice", client_id=client_id, seq=seq), seq, days=400)
    return item


def record(offset: int, partition: int = 3) -> Record:
    return Record("save", partition, offset, 0, b"")


async def is_looked_up(sifter: Repeats, memory: MemoryTable) -> bool:
    memory.calls.clear()
    await sifter.sift([sent(1)], {42: "save-3"})
    return "Query" in memory.calls


async def test_a_room_is_looked_up_once_and_again_after_a_hole_in_its_partition() -> None:
    memory = MemoryTable()
    sifter = made(memory)
    for offsets, expected in (
        ([record(70), record(71)], True),
        ([record(72)], False),
        ([record(70), record(71)], False),
        ([record(73), record(99, partition=4)], False),
        ([record(73), record(74)], False),
        ([record(76)], True),
        ([record(77)], False),
    ):
        sifter.follow(offsets)
        assert await is_looked_up(sifter, memory) == expected, offsets


async def test_a_room_that_could_not_be_looked_up_is_unknown_with_the_cause() -> None:
    memory = MemoryTable(lambda: "throttled")
    sifter = made(memory)
    found = await sifter.sift([sent(1), sent(2)], {42: "save-3"})
    assert (found.kept, found.repeats, [item.offset for item in found.unknown]) == ([], [], [1, 2])
    assert "ProvisionedThroughputExceeded" in found.cause
    assert memory.calls == ["Query"] * 2
    memory.fault = lambda: None
    found = await sifter.sift([sent(1), sent(2)], {42: "save-3"})
    assert [item.offset for item in found.kept] == [1]
    assert [item.offset for item in found.repeats] == [2]
