"""What becomes of a Python reader in the gallery when something fails: slots, keys, places, tokens, the API."""

from dataclasses import replace

import pytest

from client.python.live_rooms import _turn
from tests.client.python.fake_gallery import LONG_AGO_MS, FakeGallery
from tests.client.python.fake_room import FakeRoom, chat
from tests.client.python.test_gallery import READING, reader, states, viewer


async def test_where_slots_are_missing_what_came_since_is_asked_for_and_told_once(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        (await gallery.asked()).say(chat(1))
        await it.told("chat")
        gallery.told |= {"cursor": "e1.3", "gap": True, "history": [chat(1), chat(2), chat(3)], "next": 2000}
        (await gallery.asked()).refuse(200, next=1010, gap=True)
        order = await gallery.ordered(3)
        assert (order.body["place"], order.body["since"]) == ("g1", "e1.1")
        slot = await gallery.asked()
        assert slot.slot == 2000
        slot.say(chat(3), chat(4))
        await it.told("chat", count=4)
        assert it.texts() == [f"chat {seq}" for seq in range(1, 5)]
        assert len(it.all_of("gap")) == 1
        assert states(it) == ["connecting", "gallery"]


def test_readers_who_lose_the_room_together_renew_their_places_one_after_another() -> None:
    # What was told, how many are here, the interval, how many slots ago that was, and the seconds to spread over.
    for told, online, every, since, seconds in (
        ({"gap": True}, 100_000, 200.0, 1.0, 200),
        ({"gap": True}, 100_000, 60.0, 1.0, 60),
        ({"gap": True}, 100, 60.0, 1.0, 0.2),
        ({"gap": True}, 100_000, 200.0, 40.0, 0),
        ({"error": "not_allowed"}, 100_000, 200.0, 1.0, 0),
        ({"gap": True}, None, 200.0, 1.0, 0),
        ({"gap": True}, "many", 200.0, 1.0, 0),
    ):
        assert _turn(told, {"onlineNumber": online}, every, since) == seconds, (told, online, every, since)


async def test_who_was_told_of_a_gap_in_its_own_slots_renews_in_turn(room: FakeRoom, gallery: FakeGallery) -> None:
    gallery.told |= {"next": LONG_AGO_MS // 1000 - 1, "onlineNumber": 5}
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        (await gallery.asked()).refuse(200, next=LONG_AGO_MS // 1000, gap=True)
        assert (await gallery.ordered(3)).body["since"] == "e1.0"
        await it.told("welcome", count=2)


async def test_a_key_that_is_not_valid_any_more_is_replaced_and_no_slot_is_left_out(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        gallery.told["ticks"] = "/gallery/42/k2/"
        first = await gallery.asked()
        first.refuse(403, error="not_allowed")
        second = await gallery.asked()
        assert (second.slot, second.key) == (first.slot, "k2")
        second.say(chat(1))
        await it.told("chat")
        assert "since" not in gallery.orders[2].body
        assert len(it.all_of("welcome")) == 1


async def test_a_key_that_stays_refused_leads_to_a_whole_renewal(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        (await gallery.asked()).refuse(403, error="not_allowed")
        await it.told("welcome", count=2)
        assert gallery.orders[-1].body["since"] == "e1.0"


async def test_a_slot_that_nobody_can_read_now_is_asked_for_again(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        for status in (503, 0, 429):
            (await gallery.asked()).refuse(status)
        slot = await gallery.asked()
        slot.say(chat(1))
        await it.told("chat")
        assert states(it) == ["connecting", "gallery"]


async def test_slots_that_stay_away_are_a_lost_connection_which_is_resumed_with_the_place(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        (await gallery.asked()).say(chat(1))
        for _ in range(4):
            (await gallery.asked()).refuse(503)
        assert (await it.told("state", name="waiting"))["lost"] is True
        await it.told("state", count=2, lane="gallery")
        order = await gallery.ordered(3)
        assert (order.body["place"], order.body["since"]) == ("g1", "e1.1")
        assert gallery.left == []


async def test_a_place_that_was_given_up_is_taken_anew_with_the_cursor(room: FakeRoom, gallery: FakeGallery) -> None:
    gallery.told["beatSeconds"] = 600
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        (await gallery.asked()).say(chat(1))
        await it.told("chat")
        gallery.refusals.append((404, {"error": "not_found"}))
        (await gallery.asked()).say(**{"for": ["h1"]})
        await it.told("welcome", count=2)
        asked = [(order.body.get("place"), order.body.get("since")) for order in gallery.orders[2:4]]
        assert asked == [("g1", None), (None, "e1.1")]
        assert states(it) == ["connecting", "gallery"]
    assert gallery.left == ["g2"]


async def test_a_room_of_a_new_epoch_is_told_anew(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        gallery.told |= {"cursor": "e2.1", "history": [chat(1, "new")]}
        (await gallery.asked()).say(chat(1, "old"), **{"for": ["h1"]})
        await it.told("chat", count=2)
        assert it.texts() == ["old", "new"]
        assert gallery.orders[-1].body["since"] == "e1.1"


@pytest.mark.parametrize(("error", "reason", "text"), [("kicked", "kicked", None), ("banned", "banned", "spam")])
async def test_who_is_put_out_stops_and_is_told_why(
    room: FakeRoom, gallery: FakeGallery, error: str, reason: str, text: str | None
) -> None:
    gallery.admission = {"admitted": False, "reason": "banned", "retryAfter": 600, "until": 1, "text": "spam"}
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        gallery.refusals.append((403, {"error": error}))
        (await gallery.asked()).say(**{"for": ["h1"]})
        closed = await it.told("state", name="closed")
        assert (closed["reason"], closed.get("text")) == (reason, text)
    assert room.is_empty


async def test_a_reader_who_is_given_a_seat_takes_it(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        gallery.lane = "seat"
        (await gallery.asked()).say(chat(1), **{"for": ["h1"]})
        await (await room.seat()).welcome(cursor="e1.1")
        await it.told("state", lane="seat")
        assert await gallery.given_up() == ["g1"]


async def test_a_token_that_has_expired_is_replaced_once_while_reading_goes_on(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    tokens = iter(("t1", "t2"))
    async with reader(room, gallery, token=lambda: next(tokens)) as it:
        await gallery.ordered(2)
        gallery.refusals.append((401, {"error": "unauthorized"}))
        (await gallery.asked()).say(**{"for": ["h1"]})
        await gallery.ordered(4)
        (await gallery.asked()).say(chat(1))
        await it.told("chat")
        assert [order.bearer for order in gallery.orders] == ["t1", "t1", "t1", "t2"]
        assert states(it) == ["connecting", "gallery"]


async def test_renewals_that_fail_are_tried_again_and_slots_are_read_meanwhile(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        gallery.refusals += [(503, {}), (429, {}), (0, {}), (503, {}), (503, {})]
        (await gallery.asked()).say(**{"for": ["h1"]})
        (await gallery.asked()).say(chat(1))
        await it.told("chat")
        await gallery.ordered(8)
        assert states(it) == ["connecting", "gallery"]


@pytest.mark.parametrize(("status", "orders"), [(503, 4), (429, 4), (404, 1), (0, 1), (403, 1)])
async def test_an_api_that_cannot_say_it_for_long_is_no_reason_to_stay_out(
    room: FakeRoom, gallery: FakeGallery, status: int, orders: int
) -> None:
    gallery.refusals += [(status, {})] * 9
    async with viewer(room, gallery) as it:
        await (await room.seat()).welcome()
        await it.told("state", lane="seat")
        assert len(gallery.orders) == orders


async def test_who_came_too_often_waits_as_long_as_it_is_told(room: FakeRoom, gallery: FakeGallery) -> None:
    gallery.refusals.append((429, {"after": 7}))
    async with viewer(room, gallery) as it:
        waiting = await it.told("state", name="waiting")
        assert (waiting["reason"], waiting["retryAfter"], waiting["delayMs"]) == ("too_often", 7, 7000)


async def test_a_reader_who_loses_the_api_waits_for_it_and_takes_no_seat(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery) as it:
        await gallery.ordered(2)
        gallery.refusals += [(503, {})] * 8
        for _ in range(4):
            (await gallery.asked()).refuse(503)
        await it.told("state", name="waiting", reason="unavailable", count=8)
        await it.told("state", count=2, lane="gallery")
        assert room.is_empty


async def test_a_connection_that_the_server_has_closed_meanwhile_is_replaced(
    room: FakeRoom, gallery: FakeGallery
) -> None:
    gallery.is_short = True
    async with reader(room, gallery) as it:
        for seq in range(3):
            (await gallery.asked()).say(chat(seq))
        await it.told("chat", count=3)
        assert gallery.connections > 3


async def test_an_answer_that_does_not_come_is_a_slot_that_was_not_read(room: FakeRoom, gallery: FakeGallery) -> None:
    async with reader(room, gallery, timing=replace(READING, read=0.5)) as it:
        silent = await gallery.asked()
        again = await gallery.asked()
        assert again.slot == silent.slot
        again.say(chat(1))
        await it.told("chat")
        assert it.texts() == ["chat 1"]
