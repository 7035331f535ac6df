"""How the Python client reads in the gallery on real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.client.python.fake_gallery import FIRST, FakeGallery
from tests.client.python.fake_room import FAST, FakeRoom, Listener, chat

# Slots last as long as they do; a seat is kept for as long as a test is.
READING = replace(FAST, answer=5, read=10)


@asynccontextmanager
async def viewer(room: FakeRoom, beside: FakeGallery, **options: Any) -> AsyncIterator[Listener]:
    it = Listener(room, **{"api": f"http://{beside.host}", "timing": READING, **options})
    async with it.room:
        yield it


@asynccontextmanager
async def reader(room: FakeRoom, gallery: FakeGallery, **options: Any) -> AsyncIterator[Listener]:
    async with viewer(room, gallery, **options) as it:
        await it.told("state", lane="gallery")
        yield it


def states(it: Listener) -> list[str]:
    return [state.get("lane") or state["name"] for state in it.all_of("state")]


async def test_who_is_told_to_read_takes_no_seat_and_reads_each_slot_once(room: FakeRoom, gallery: FakeGallery) -> None:
    gallery.told["history"] = [chat(1)]
    gallery.told["cursor"] = "e1.1"
    async with reader(room, gallery) as it:
        for number in range(3):
            slot = await gallery.asked()
            assert (slot.slot, slot.key) == (FIRST + number, "k1")
            slot.say(chat(number + 1), {"messageType": 6, "zanNumber": number})
        await it.told("likes", count=3)
        assert it.texts() == ["chat 1", "chat 2", "chat 3"]
        assert states(it) == ["connecting", "gallery"]
        assert room.is_empty
        (welcome,) = it.all_of("welcome")
        assert (welcome["connectionId"], welcome["heartbeatSeconds"], welcome["resumed"]) == ("", 600, False)
        assert not {"place", "hash", "lane"} & welcome.keys()
    assert gallery.left == ["g1"]
    assert gallery.connections == 2  # they are kept: one for slots, and one for renewals meanwhile


async def test_no_slot_is_asked_for_before_its_end(room: FakeRoom, gallery: FakeGallery) -> None:
    clock = asyncio.get_running_loop().time
    slot_seconds, began = 0.05, clock()
    gallery.told["now"] = FIRST * 1000 * slot_seconds
    timing = replace(READING, slot=slot_seconds, spread=0.01)
    async with reader(room, gallery, timing=timing, random=lambda: 0.5):
        for number in range(3):
            slot = await gallery.asked()
            assert clock() - began >= (number + 1) * slot_seconds
            slot.say()


async def test_answers_in_chunks_are_read(room: FakeRoom, gallery: FakeGallery) -> None:
    gallery.is_chunked = True
    async with reader(room, gallery) as it:
        (await gallery.asked()).say(chat(1, "你好"))
        await it.told("chat")
        assert it.texts() == ["你好"]


async def test_a_room_with_a_seat_is_asked_once(room: FakeRoom, gallery: FakeGallery) -> None:
    gallery.lane = "seat"
    async with viewer(room, gallery) as it:
        for _ in range(3):
            seat = await room.seat()
            await seat.welcome()
            await it.told("welcome", count=len(it.all_of("welcome")) + 1)
            await seat.cut()
        assert len(gallery.orders) == 1
        assert states(it)[:2] == ["connecting", "seat"]


@pytest.mark.parametrize("options", [{"gallery": False}, {"api": None}], ids=str)
async def test_who_wants_a_seat_is_not_asked(room: FakeRoom, gallery: FakeGallery, options: dict[str, Any]) -> None:
    async with viewer(room, gallery, **options) as it:
        await (await room.seat()).welcome()
        await it.told("state", lane="seat")
    assert gallery.orders == []


async def test_who_speaks_at_once_has_a_seat_at_once(room: FakeRoom, gallery: FakeGallery) -> None:
    async with viewer(room, gallery) as it:
        it.room.like()
        await (await room.seat()).welcome()
        await it.told("state", lane="seat")
    assert gallery.orders == []


async def test_the_order_has_the_viewer_and_the_token_as_a_bearer(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery, user_id="u1", attributes={"level": "12"}, token="t0"):
        pass
    (order,) = gallery.orders
    assert order.body == {"username": "alice", "userId": "u1", "attributes": {"level": "12"}}
    assert order.bearer == "t0"


async def test_the_place_is_renewed_and_what_it_says_anew_is_taken_over(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        # `random` is 0: the first renewal is at once.
        order = await gallery.ordered(2)
        assert order.body == {"username": "alice", "place": "g1", "mail": "0"}
        gallery.told |= {"ticks": "/gallery/42/k2/", "mail": "7"}
        (await gallery.asked()).say(**{"for": ["h0", "h1"]})
        await gallery.ordered(3)
        slots = [await gallery.asked()]
        while slots[-1].key != "k2":
            slots[-1].say()
            slots.append(await gallery.asked())
        slots[-1].say(**{"for": ["h1"]})
        assert (await gallery.ordered(4)).body["mail"] == "7"
        assert len(it.all_of("welcome")) == 1


async def test_what_is_for_a_reader_alone_comes_once_and_moves_no_cursor(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        (await gallery.asked()).say(chat(1), **{"for": ["h1"]})
        gallery.told["objects"] = [chat(9, "for alice", to="alice")]
        await it.told("chat", to="alice")
        (await gallery.asked()).say(**{"for": ["h1"]})
        await gallery.ordered(4)
        (await gallery.asked()).say(chat(2))
        await it.told("chat", count=3)
        it.room.like()
        assert (await room.seat()).query["since"] == "e1.2"
        assert it.texts() == ["chat 1", "for alice", "chat 2"]


async def test_a_place_that_is_given_to_who_has_left_meanwhile_is_given_up(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    gallery.holds = asyncio.Event()
    it = Listener(room, api=f"http://{gallery.host}", timing=READING)
    it.room.connect()
    await gallery.ordered(1)
    closing = asyncio.ensure_future(it.room.close())
    await it.told("state", name="closed")
    gallery.holds.set()
    await closing
    assert gallery.left == ["g1"]
    assert (states(it), room.is_empty, gallery.is_quiet) == (["connecting", "closed"], True, True)
