"""The stories are in tests/functions/handlers/test_archive.py."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.rooms import events
from functions.rooms.archive import Item, items
from functions.usecases.overwrites import Overwrites
from tests.functions.made import event
from tests.functions.memory_table import MemoryTable


def twice(deadline: float) -> Iterator[float]:
    return itertools.repeat(0.0, 2)


def chat(seq: int, time: int = 1000, room: int = 42, **fields: Any) -> Item:
    [item] = items(event(activity_id=room, user_id="alice", seq=seq, time=time, **fields), seq, days=400)
    return item


async def stored(memory: MemoryTable, overwrites: Overwrites, *given: Item) -> list[int]:
    """Sift and store; returns the offsets of those that were refused."""
    sifted = await overwrites.sift(given)
    assert sifted.unknown == []
    await ArchiveTable(memory, "rooms").put(sifted.kept)
    assert all(one.refused for one in sifted.taken)
    return [one.item.offset for one in sifted.taken]


async def test_another_record_under_a_seq_is_refused_whoever_stored_the_first() -> None:
    memory = MemoryTable()
    overwrites = Overwrites(ArchiveTable(memory, "rooms"))
    assert await stored(memory, overwrites, chat(1), chat(2)) == []
    for process in (overwrites, Overwrites(ArchiveTable(memory, "rooms"))):
        assert await stored(memory, process, chat(2), chat(2, time=5000), chat(3)) == [2]


async def test_two_records_under_one_seq_in_a_batch_are_told_apart_too() -> None:
    memory = MemoryTable()
    overwrites = Overwrites(ArchiveTable(memory, "rooms"))
    assert await stored(memory, overwrites, chat(1), chat(1), chat(1, time=5000)) == [1]
    assert await stored(memory, overwrites, chat(2), chat(2, time=5000)) == [2]


async def test_records_in_their_order_cost_one_look_at_first_and_none_after_it() -> None:
    memory = MemoryTable()
    overwrites = Overwrites(ArchiveTable(memory, "rooms"))
    for seqs, looks in (([1, 2], 1), ([3, 4], 0), ([4, 5], 1), ([6], 0)):
        memory.calls.clear()
        await stored(memory, overwrites, *(chat(seq) for seq in seqs))
        assert memory.calls.count("BatchGetItem") == looks, seqs
    memory.calls.clear()
    overwrites.forget([42])
    await stored(memory, overwrites, chat(7))
    assert memory.calls.count("BatchGetItem") == 1


async def test_a_process_looks_until_it_has_passed_what_another_one_has_stored() -> None:
    memory = MemoryTable()
    await stored(memory, Overwrites(ArchiveTable(memory, "rooms")), *(chat(seq) for seq in range(10)))
    other = Overwrites(ArchiveTable(memory, "rooms"))
    for seqs in ([3, 4], [5, 6], [7, 8]):
        assert await stored(memory, other, *(chat(seq) for seq in seqs)) == []
    assert await stored(memory, other, chat(9, time=7000)) == [9]


async def test_a_mark_is_no_record_under_a_seq_of_its_own() -> None:
    memory = MemoryTable()
    overwrites = Overwrites(ArchiveTable(memory, "rooms"))
    _, *marks = items(event(events.REMOVED, user_id="mia", seq=5, data={"seq": 3}), 5, days=400)
    await overwrites.sift(marks)
    assert memory.calls == []


async def test_an_event_that_is_saved_twice_under_its_seq_is_left_out_and_a_redelivered_record_is_not() -> None:
    memory = MemoryTable()
    overwrites = Overwrites(ArchiveTable(memory, "rooms"))
    first, other = chat(1), replace(chat(1), offset=7)
    assert (await overwrites.sift([first, other])).again == [other]
    assert await stored(memory, overwrites, first) == []
    for process in (overwrites, Overwrites(ArchiveTable(memory, "rooms"))):
        sifted = await process.sift([first, other])
        assert (sifted.kept, sifted.again, sifted.taken) == ([first], [other], [])


async def test_what_could_not_be_looked_up_is_not_stored_and_comes_again_with_the_cause() -> None:
    memory = MemoryTable(lambda: "throttled")
    overwrites = Overwrites(ArchiveTable(memory, "rooms"), pauses=twice)
    sifted = await overwrites.sift([chat(1)])
    assert (sifted.kept, sifted.taken) == ([], [])
    [unknown] = sifted.unknown
    assert not unknown.refused
    assert "ProvisionedThroughputExceeded" in unknown.cause
    assert memory.calls == ["BatchGetItem"] * 2
    memory.fault = lambda: None
    assert await stored(memory, overwrites, chat(1)) == []
