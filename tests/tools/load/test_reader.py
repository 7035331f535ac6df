"""A simulated reader on real sockets, in a gallery that does what a test says."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.client.python.fake_gallery import FIRST, PATIENCE, FakeGallery, gallery_of
from tests.tools.load.objects import TAG, chat, count
from tools.load import reader as reading
from tools.load.pace import until
from tools.load.place import NoPlace, Site
from tools.load.presence import OTHERS, judge
from tools.load.reader import Reader, ReadingTally
from tools.load.room import Room
from tools.load.slot import read_slot


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for long after a failure."""
    monkeypatch.setattr(reading, "PAUSE_SECONDS", 0.001)


@pytest.fixture
async def gallery() -> AsyncIterator[FakeGallery]:
    async with gallery_of() as gallery:
        yield gallery


class Reading:
    """A reader who has a place, and what it notes."""

    def __init__(self, gallery: FakeGallery, token: str | None = None) -> None:
        self.tally = ReadingTally()
        self.room = Room(42, tag=TAG, read=read_slot)
        self.reader = Reader("alice", self.room, Site.of(f"http://{gallery.host}/api"), self.tally, token)

    async def __aenter__(self) -> "Reading":
        await self.reader.take()
        self.staying = asyncio.ensure_future(self.reader.stay())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.staying.cancel()
        await asyncio.gather(self.staying, return_exceptions=True)
        await self.reader.leave()

    async def reads(self, slot: int) -> None:
        """Return when everything before this slot was read."""
        await until(lambda: self.reader.next >= slot, seconds=PATIENCE)
        assert self.reader.next >= slot

    def lost(self, *seqs: int) -> int:
        """How many of the chats of the room did not come."""
        return judge(self.reader.presence.key(stays=True), self.room.catalogue.seqs, seqs).lost


async def test_slots_are_read_one_after_the_other_and_their_chats_are_timed(gallery: FakeGallery) -> None:
    async with Reading(gallery) as it:
        for number in range(3):
            slot = await gallery.asked()
            assert (slot.slot, slot.key) == (FIRST + number, "k1")
            slot.say(chat(number + 1, sent=it.room.clock()), count(number))
        await it.reads(FIRST + 3)
        assert (it.lost(1, 2, 3), it.lost(1, 2, 3, 4), it.reader.presence.online) == (0, 1, 2)
        assert it.room.count_up()[OTHERS].latencies.total == 3
        assert it.tally.requests["slot"] >= 3
        assert it.tally.bytes > 0
    assert gallery.left == ["g1"]
    assert gallery.orders[0].body == {"username": "alice"}


async def test_who_has_a_token_shows_it_and_gives_no_name(gallery: FakeGallery) -> None:
    async with Reading(gallery, token="t0"):
        pass
    assert (gallery.orders[0].bearer, gallery.orders[0].body) == ("t0", {})


async def test_a_gap_is_counted_and_what_came_since_is_read_with_the_cursor(gallery: FakeGallery) -> None:
    async with Reading(gallery) as it:
        (await gallery.asked()).say(chat(1))
        gallery.told |= {"cursor": "e1.3", "gap": False, "next": FIRST + 9}
        gallery.told["history"] = [chat(1), chat(2, sent=it.room.clock()), chat(3)]
        (await gallery.asked()).say(gap=True)
        (await gallery.asked()).say(chat(3), chat(4))
        await it.reads(FIRST + 10)
        assert gallery.orders[1].body["since"] == "e1.1"
        assert (it.tally.gaps, it.tally.slots_missed, it.tally.late.total) == (1, 8, 1)
        assert (it.lost(1, 2, 3, 4), it.tally.failures) == (0, {})


async def test_an_old_key_is_replaced_and_the_same_slot_is_read(gallery: FakeGallery) -> None:
    async with Reading(gallery) as it:
        gallery.told["ticks"] = "/gallery/42/k2/"
        (await gallery.asked()).refuse(403, error="not_allowed")
        slot = await gallery.asked()
        assert (slot.slot, slot.key) == (FIRST, "k2")
        assert "since" not in gallery.orders[1].body
        assert (it.tally.failures, it.tally.slots_missed) == ({"403": 1}, 0)


async def test_failed_reads_are_counted_and_the_slot_is_asked_for_again(gallery: FakeGallery) -> None:
    async with Reading(gallery) as it:
        for status in (503, 429):
            (await gallery.asked()).refuse(status)
        (await gallery.asked()).say(chat(1))
        await it.reads(FIRST + 1)
        assert (it.tally.failures, it.lost(1)) == ({"503": 1, "429": 1}, 0)


async def test_a_reader_that_is_called_renews_at_once_and_takes_another_place_if_it_must(gallery: FakeGallery) -> None:
    async with Reading(gallery) as it:
        gallery.refusals += [(503, {}), (404, {"error": "not_found"})]
        (await gallery.asked()).say(chat(1), **{"for": ["h1"]})
        await gallery.ordered(4)
        asked = [(order.body.get("place"), order.body.get("since")) for order in gallery.orders[1:4]]
        assert asked == [("g1", None), ("g1", None), (None, "e1.1")]
        assert it.tally.refusals == {"503": 1, "404 not_found": 1}
        # Reading has gone on meanwhile.
        assert (await gallery.asked()).slot == FIRST + 1


@pytest.mark.parametrize("refusal", [(403, {"error": "banned"}), (401, {"error": "unauthorized"})], ids=str)
async def test_who_is_put_out_is_not_there_any_more(gallery: FakeGallery, refusal: tuple[int, dict[str, Any]]) -> None:
    async with Reading(gallery) as it:
        gallery.refusals.append(refusal)
        (await gallery.asked()).refuse(404, error="too_early")
        await it.staying
        assert not it.reader.is_here
        assert it.tally.refusals == {f"{refusal[0]} {refusal[1]['error']}": 1}


async def test_why_there_is_no_place_is_told(gallery: FakeGallery) -> None:
    gallery.refusals += [(403, {"error": "banned"}), (503, {}), (0, {}), (0, {}), (200, {"lane": "gallery"})]
    it = Reading(gallery)
    for reason in ("403 banned", "503", "no answer", "200", "seat"):
        gallery.lane = "seat" if reason == "seat" else "gallery"
        with pytest.raises(NoPlace) as refused:
            await it.reader.take()
        assert str(refused.value) == reason
    await it.reader.leave()
    assert gallery.left == []
