"""The room page in a real browser: how its connection lives, ends and comes back."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.story.page.fake_room import PATIENCE, FakeRoom, Seat, chat
from tests.story.page.viewer import entries, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_heartbeats_keep_the_pace_the_welcome_sets(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome(heartbeatSeconds=0.1)

    assert [await seat.heard() for _ in range(3)] == [{"messageType": 7}] * 3


async def test_after_a_cut_the_viewer_resumes_and_sees_nothing_twice(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say(chat(1, "before"))
    await expect(page.locator("#chat .text")).to_have_text(["before"])
    await seat.drop()
    again = await room.arrival()
    await again.welcome(cursor="e1.2", history=[chat(1, "before"), chat(2, "meanwhile")])
    await again.say(chat(2, "meanwhile"), chat(3, "after"))

    assert again.query == seat.query | {"since": "e1.1"}
    await expect(page.locator("#state")).to_have_text("Connected")
    await expect(page.locator("#chat .text")).to_have_text(["before", "meanwhile", "after"])
    await expect(entries(page)).to_have_count(3)


async def test_a_viewer_who_missed_something_for_good_is_told_where(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say(chat(1, "before"))
    await expect(page.locator("#chat .text")).to_have_text(["before"])
    await seat.drop()
    await (await room.arrival()).welcome(cursor="e1.900", gap=True, history=[chat(900, "after")])

    await expect(entries(page)).to_contain_text(["before", "Some of what was said is missing here.", "after"])


async def test_a_connection_is_replaced_before_it_grows_too_old_and_nobody_notices(page: Page, room: FakeRoom) -> None:
    await page.clock.install()
    await page.goto("/?room=42&name=alice")
    old = await room.arrival()
    await old.welcome()
    await old.say(chat(1, "before"))
    await expect(page.locator("#chat .text")).to_have_text(["before"])
    await page.clock.fast_forward("01:55:00")
    fresh = await room.arrival()
    await old.say(chat(2, "to the old one"))
    await expect(page.locator("#chat .text")).to_have_count(2)
    await fresh.welcome(cursor="e1.2", history=[chat(2, "to the old one")])
    await fresh.say(chat(3, "to both"))
    await expect(page.locator("#chat .text")).to_have_count(3)
    await old.say(chat(3, "to both"), {"messageType": 5, "onlineNumber": 99}, chat(4, "late"))

    assert fresh.query == old.query | {"since": "e1.1"}
    await expect(page.locator("#chat .text")).to_have_text(["before", "to the old one", "to both", "late"])
    await expect(page.locator("#online")).to_have_text("1")
    await expect(entries(page)).to_have_count(4)
    await page.clock.fast_forward("00:05")
    async with asyncio.timeout(PATIENCE):
        await old.gone.wait()
    await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_room_that_numbers_anew_is_heard_from_its_start(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say(chat(0, "old"))
    await seat.drop()
    again = await room.arrival()
    await again.welcome(cursor="e2.0")
    await again.say(chat(0, "new"))

    await expect(page.locator("#chat .text")).to_have_text(["old", "new"])


async def test_a_message_nobody_answered_before_a_cut_is_sent_again(page: Page, room: FakeRoom, seat: Seat) -> None:
    await say(page, "is this on?")
    first = await seat.heard()
    await seat.drop()
    again = await room.arrival()
    await again.welcome()

    assert await again.heard() == first
    await again.say({"messageType": 0, "id": first["id"], "ok": True, "seq": 1})
    await expect(page.get_by_label("Message")).to_have_value("")
    await expect(page.locator("#refused")).to_have_text("")


async def test_a_token_behind_the_hash_is_offered_and_leaves_the_address(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice#token=a.b-c.d_e")
    seat = await room.arrival()
    await seat.welcome()

    assert seat.subprotocols == ["live.v1", "bearer.a.b-c.d_e"]
    assert "token" not in seat.query
    await expect(page.locator("#state")).to_have_text("Connected")
    assert "token" not in page.url


async def test_when_the_network_is_back_the_page_does_not_wait(page: Page, room: FakeRoom) -> None:
    await page.clock.install(time=0)
    await page.clock.pause_at(1)  # so that it would wait for ever
    room.refusing = True
    await page.goto("/?room=42&name=alice")
    await expect(page.locator("#state")).to_contain_text("Trying again in")
    room.refusing = False
    await page.evaluate("dispatchEvent(new Event('online'))")
    await (await room.arrival()).welcome()

    await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_closed_door_is_said_and_tried_again(page: Page, room: FakeRoom) -> None:
    room.refusing = True
    await page.goto("/?room=42&name=alice")
    await expect(page.locator("#state")).to_contain_text("The room cannot be entered. Trying again in")
    room.refusing = False
    await (await room.arrival()).welcome()

    await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_viewer_who_was_put_out_stays_out_until_they_come_back(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say({"messageType": 11, "action": "kicked", "seconds": 0})

    await expect(entries(page)).to_have_text(["You were put out of the room."])
    await expect(page.locator("#state")).to_have_text("Disconnected")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    assert room.arrivals.empty()
    await page.get_by_role("button", name="Try again").click()
    await (await room.arrival()).welcome()
    await expect(page.locator("#state")).to_have_text("Connected")
    await expect(page.locator("#door")).to_be_hidden()


async def test_frames_that_make_no_sense_do_no_harm(page: Page, seat: Seat) -> None:
    for text in ("", "{", "null", "7", '[null, 1, "x", []]', '{"messageType": 4}', '{"messageType": "4"}'):
        await seat.say_text(text)
    await seat.say({"messageType": 8}, {"messageType": 3}, {"messageType": 13}, {"messageType": 10, "name": "x"})
    await seat.say_text('{"message": "Internal server error", "connectionId": "a", "requestId": "b"}')

    await expect(page.locator("#refused")).to_have_text("The room could not handle that. Please try again.")
    await seat.say(chat(1, "still here"))
    await expect(page.locator("#chat .text").last).to_have_text("still here")


async def test_leaving_closes_the_connection(page: Page, seat: Seat) -> None:
    await page.get_by_role("button", name="Leave").click()

    await expect(page.get_by_label("Room number")).to_have_value("42")
    async with asyncio.timeout(PATIENCE):
        await seat.gone.wait()


async def test_a_token_is_offered_as_a_subprotocol_and_kept_out_of_the_address(page: Page, room: FakeRoom) -> None:
    offered = ["live.v1", "bearer.a.b-_c"]
    await page.goto("/?room=42&name=alice#token=a.b-_c")
    seat = await room.arrival()
    assert (seat.subprotocols, seat.query) == (offered, {"activityId": "42"})
    await expect(page).to_have_url(re.compile(r"/\?room=42$"))

    await page.reload()
    assert (await room.arrival()).subprotocols == offered
    await page.goto("/?room=42&name=alice#token=another")
    assert (await room.arrival()).subprotocols == ["live.v1", "bearer.another"]


async def test_a_token_is_not_known_to_another_tab(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice#token=a.b.c")
    await room.arrival()
    other = await page.context.new_page()
    await other.goto("/?room=42&name=alice")
    assert (await room.arrival()).subprotocols == ["live.v1"]
