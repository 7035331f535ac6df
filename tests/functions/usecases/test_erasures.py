"""The stories are in tests/functions/handlers/test_archive.py."""

from typing import Any

import pytest

from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.table import Table, TableUnavailable
from functions.rooms import events
from functions.rooms.archive import items
from functions.rooms.erasure import LIST_SECONDS, Erasure, Erasures, digest_of
from functions.rooms.events import Event
from functions.usecases.erasures import KnownErasures, without_erased
from tests.functions.conftest import NOW
from tests.functions.made import event
from tests.functions.memory_table import MemoryTable

ALICE = Erasure(digest_of("alice"), NOW, "secret")


def sifted(*happened: Event) -> list[tuple[str, Any, Any]]:
    made = [item for offset, one in enumerate(happened) for item in items(one, offset, days=400)]
    kept = without_erased(made, Erasures([ALICE]))
    return [(item.sk[0], item.attributes.get("userId"), item.sent and item.sent.user_id) for item in kept]


def test_who_was_erased_is_left_out_or_goes_by_the_alias_with_the_id_that_they_gave() -> None:
    alias = ALICE.alias(42, "alice")
    own: dict[str, Any] = {"user_id": "alice", "client_id": "c1"}
    assert sifted(event(seq=1, **own), event(events.JOIN, seq=2, **own), event(seq=3, user_id="bob")) == [
        ("m", "bob", None)
    ]
    removal = event(events.REMOVED, seq=4, data={"seq": 1}, **own)
    assert sifted(removal) == [("e", alias, alias), ("x", alias, alias), ("a", None, alias)]
    sanction = event(events.SANCTION, seq=5, user_id="mod", client_id="c2", to="alice")
    assert sifted(sanction) == [("e", "mod", "mod"), ("a", None, "mod")]


def test_what_happened_later_is_stored_under_the_name() -> None:
    assert sifted(event(seq=1, user_id="alice", time=NOW + 1)) == [("m", "alice", None)]


async def test_the_list_is_read_every_few_seconds_and_not_for_each_batch() -> None:
    memory, now = MemoryTable(), [1000.0]
    known = KnownErasures(ErasureList(Table(memory, "rooms")), clock=lambda: now[0])
    for seconds, reads in ((0, 1), (LIST_SECONDS - 0.1, 1), (LIST_SECONDS, 2), (LIST_SECONDS - 5, 3)):
        now[0] = 1000.0 + seconds
        await known.current()
        assert memory.calls.count("Query") == reads, seconds


async def test_a_list_that_is_too_old_is_not_used_while_the_table_is_away() -> None:
    faults: list[Any] = [None, "throttled"]
    memory, now = MemoryTable(lambda: faults.pop(0)), [0.0]
    known = KnownErasures(ErasureList(Table(memory, "rooms")), clock=lambda: now[0])
    await known.current()
    now[0] = LIST_SECONDS
    with pytest.raises(TableUnavailable):
        await known.current()
