"""How the Python client takes a seat to speak, and goes back to the gallery."""

import asyncio
from dataclasses import replace

from tests.client.python.fake_gallery import Asked, FakeGallery
from tests.client.python.fake_room import FakeRoom, Listener, Seat, chat
from tests.client.python.test_gallery import READING, reader, states


async def test_who_speaks_takes_a_seat_reads_on_until_it_is_there_and_gives_the_place_up(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    async with reader(room, gallery) as it:
        (await gallery.asked()).say(chat(1))
        await it.told("chat")
        saying = asyncio.ensure_future(it.room.say("hello"))
        seat = await room.seat()
        assert seat.query["since"] == "e1.1"
        (await gallery.asked()).say(chat(2))
        await it.told("chat", count=2)
        await seat.welcome(cursor="e1.3", history=[chat(2), chat(3)])
        (frame,) = await seat.hear(4)
        await seat.reply(frame, seq=4)
        await seat.say(chat(4))
        assert (await saying)["seq"] == 4
        await it.told("chat", count=4)
        assert it.texts() == [f"chat {seq}" for seq in range(1, 5)]
        assert await gallery.given_up() == ["g1"]
        assert states(it) == ["connecting", "gallery", "seat"]
        assert it.all_of("welcome")[-1]["resumed"] is True


async def sit_down(it: Listener, room: FakeRoom, gallery: FakeGallery) -> tuple[Asked, Seat]:
    """Let a reader take a seat; returns the request for a slot that is open still, and the seat."""
    await gallery.ordered(2)
    slot = await gallery.asked()
    it.room.like()
    seat = await room.seat()
    await seat.welcome()
    await it.told("state", lane="seat")
    return slot, seat


async def test_what_is_said_to_a_viewer_alone_on_the_way_to_a_seat_comes(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery, timing=replace(READING, linger=10)) as it:
        slot, seat = await sit_down(it, room, gallery)
        # The relay had told the place, and not the seat.
        gallery.told |= {"objects": [chat(7, "for alice", to="alice")], "mail": "7"}
        slot.say(**{"for": ["h1"]})
        await it.told("chat", to="alice")
        # The place is kept as long as another connection would be, whatever becomes of the seat.
        await seat.cut()
        seat = await room.seat()
        await seat.welcome()
        gallery.told["objects"] = [chat(9, "for alice, too", to="alice")]
        (await gallery.asked()).say(**{"for": ["h1"]})
        await it.told("chat", count=2)
        await seat.say(chat(9, "for alice, too", to="alice"), chat(10))
        await it.told("chat", count=3)
        assert it.texts() == ["for alice", "for alice, too", "chat 10"]
        assert gallery.left == []
    assert gallery.left == ["g1"]


async def test_a_place_that_was_given_up_beside_a_seat_is_not_taken_anew(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery, timing=replace(READING, linger=10)) as it:
        slot, seat = await sit_down(it, room, gallery)
        gallery.refusals.append((404, {"error": "not_found"}))
        slot.say(**{"for": ["h1"]})
        await gallery.ordered(3)
        await seat.say(chat(1))
        await it.told("chat")
    assert (len(gallery.orders), gallery.left) == (3, [])


async def test_likes_take_a_seat_too_and_none_is_lost(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        it.room.like(3)
        seat = await room.seat()
        await seat.welcome()
        assert [frame["count"] for frame in await seat.hear(6)] == [3]


async def test_a_while_after_the_last_word_the_viewer_goes_back_with_the_cursor(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    timing = replace(READING, seat=0.5, linger=10)
    async with reader(room, gallery, timing=timing) as it:
        await gallery.ordered(2)
        it.room.like()
        seat = await room.seat()
        gallery.told |= {"cursor": "e1.6", "history": [chat(5), chat(6)]}
        await seat.welcome(cursor="e1.5", history=[chat(5)])
        order = await gallery.ordered(3)
        # The place is still there, since the seat has come only now.
        assert (order.body.get("place"), order.body["since"]) == ("g1", "e1.5")
        await it.told("state", count=2, lane="gallery")
        await seat.say(chat(6), chat(7))  # on their way while the seat is being given up
        await it.told("chat", count=3)
        assert it.texts() == ["chat 5", "chat 6", "chat 7"]
        assert states(it) == ["connecting", "gallery", "seat", "gallery"]
    await seat.gone()
    assert gallery.left == ["g1"]


async def test_who_speaks_while_a_place_is_on_its_way_keeps_the_seat(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery, timing=replace(READING, seat=0.5)) as it:
        await gallery.ordered(2)
        it.room.like()
        seat = await room.seat()
        await seat.welcome()
        await it.told("state", lane="seat")
        gallery.holds = asyncio.Event()
        await gallery.ordered(3)
        saying = asyncio.ensure_future(it.room.say("again"))
        (frame,) = await seat.hear(4)
        gallery.holds.set()
        await seat.reply(frame, seq=1)
        await saying
        assert await gallery.given_up(2) == ["g1", "g2"]
        assert states(it)[:3] == ["connecting", "gallery", "seat"]
        assert room.is_empty
