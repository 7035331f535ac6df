"""The room page in a real browser: how its connection lives, ends and comes back."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.story.page.fake_room import PATIENCE, FakeRoom, Seat, chat
from tests.story.page.viewer import entries, say

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_heartbeats_keep_the_pace_the_welcome_sets(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome(heartbeatSeconds=0.1)

    assert [await seat.heard() for _ in range(3)] == [{"messageType": 7}] * 3


async def test_after_a_cut_the_viewer_is_back_and_sees_nothing_twice(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say(chat(1, "before"))
    await expect(page.locator("#chat .text")).to_have_text(["before"])
    await seat.drop()
    again = await room.arrival()
    await again.welcome(history=[chat(1, "before"), chat(2, "meanwhile")])
    await again.say(chat(2, "meanwhile"), chat(3, "after"))

    assert again.query == seat.query
    await expect(page.locator("#state")).to_have_text("Connected")
    await expect(page.locator("#chat .text")).to_have_text(["before", "meanwhile", "after"])


async def test_a_room_that_numbers_anew_is_heard_from_its_start(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say(chat(0, "old"))
    await seat.drop()
    again = await room.arrival()
    await again.welcome(cursor="e2.0")
    await again.say(chat(0, "new"))

    await expect(page.locator("#chat .text")).to_have_text(["old", "new"])


async def test_a_message_nobody_answered_before_a_cut_is_given_back(page: Page, seat: Seat) -> None:
    await say(page, "is this on?")
    await seat.heard()
    await seat.drop()

    await expect(page.locator("#refused")).to_contain_text("this may not have been sent")
    await expect(page.get_by_label("Message")).to_have_value("is this on?")


async def test_a_closed_door_is_said_and_tried_again(page: Page, room: FakeRoom) -> None:
    room.refusing = True
    await page.goto("/?room=42&name=alice")
    await expect(page.locator("#state")).to_contain_text("The room cannot be entered. Trying again in")
    room.refusing = False
    await (await room.arrival()).welcome()

    await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_viewer_who_was_put_out_stays_out(page: Page, room: FakeRoom, seat: Seat) -> None:
    await seat.say({"messageType": 11, "action": "kicked", "seconds": 0})

    await expect(entries(page)).to_have_text(["You were put out of the room."])
    await expect(page.locator("#state")).to_have_text("Disconnected")
    await expect(page.get_by_role("button", name="Send")).to_be_disabled()
    assert room.arrivals.empty()


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
