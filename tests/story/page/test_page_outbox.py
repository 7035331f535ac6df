"""The room page in a real browser: one's own chats, from the message box to the chat, or back."""

import pytest
from playwright.async_api import Page, expect

from tests.story.page.fake_room import FakeRoom, JsonObject, Seat, chat
from tests.story.page.viewer import entries, say

pytestmark = pytest.mark.asyncio(loop_scope="session")
PENDING = "#outbox .pending"


def taken(frame: JsonObject, seq: int) -> JsonObject:
    return {"messageType": 0, "id": frame["id"], "ok": True, "seq": seq}


def refused(frame: JsonObject, error: str, **more: object) -> JsonObject:
    return {"messageType": 0, "id": frame["id"], "ok": False, "error": error, "message": "no"} | more


async def test_a_message_is_grey_at_once_and_solid_once_it_comes(page: Page, seat: Seat) -> None:
    await say(page, "  hi all ")
    frame = await seat.heard()
    assert frame == {"messageType": 4, "id": frame["id"], "message": "hi all"}
    await expect(page.locator(f"{PENDING} .text")).to_have_text("hi all")
    await expect(page.get_by_label("Message")).to_have_value("")
    await seat.say(taken(frame, 1), chat(2, "somebody else"))
    await expect(page.locator("#chat .text")).to_have_text(["somebody else"])
    await expect(page.locator(PENDING)).to_have_count(1)

    echo = chat(1, "hi all", "alice", id=frame["id"])
    await seat.say(echo, echo, chat(3, "welcome"))
    await expect(page.locator("#chat .text")).to_have_text(["somebody else", "hi all", "welcome"])
    await expect(page.locator("#chat .mine .text")).to_have_text("hi all")
    await expect(page.locator(PENDING)).to_have_count(0)


async def test_a_message_that_comes_before_its_reply_is_shown_once(page: Page, seat: Seat) -> None:
    await say(page, "hello")
    frame = await seat.heard()
    await seat.say(chat(1, "hello", "alice", id=frame["id"]))
    await expect(page.locator("#chat .mine .text")).to_have_text("hello")
    await seat.say(taken(frame, 1))

    await expect(page.locator(PENDING)).to_have_count(0)
    await expect(entries(page)).to_have_count(1)


async def test_a_message_that_was_taken_and_is_not_shown_is_shown_all_the_same(page: Page, room: FakeRoom) -> None:
    await page.clock.install()
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await say(page, "too much for the room")
    frame = await seat.heard()
    await seat.say(taken(frame, 1), chat(2, "then"))
    await expect(page.locator("#chat .text")).to_have_text(["then"])
    await page.clock.run_for("00:10")
    await expect(page.locator("#chat .mine .text")).to_have_text("too much for the room")

    await seat.say(chat(1, "too much for the room", "alice", id=frame["id"]), chat(3, "late"))
    await expect(page.locator("#chat .text")).to_have_text(["then", "too much for the room", "late"])


async def test_a_refused_message_is_explained_and_can_be_sent_again(page: Page, seat: Seat) -> None:
    await say(page, "too soon")
    await seat.say(refused(await seat.heard(), "rate_limited"))
    await expect(page.locator(f"{PENDING} .why")).to_have_text("Not sent: You are sending too fast.")
    await page.get_by_role("button", name="Try again").click()
    frame = await seat.heard()
    assert frame["message"] == "too soon"
    await seat.say(taken(frame, 1), chat(1, "too soon", "alice", id=frame["id"]))

    await expect(page.locator("#chat .mine .text")).to_have_text("too soon")
    await expect(page.locator(PENDING)).to_have_count(0)


async def test_the_buttons_count_down_how_long_to_wait(page: Page, room: FakeRoom) -> None:
    await page.clock.install(time=0)
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await expect(page.locator("#state")).to_have_text("Connected")
    await page.clock.pause_at(60)
    await say(page, "too soon")
    await seat.say(refused(await seat.heard(), "slow_mode", retryAfter=3))
    again, send = page.locator(f"{PENDING} button").first, page.locator("#send")
    for left in (3, 2, 1):
        await expect(again).to_have_text(f"Try again in {left} s")
        await expect(again).to_be_disabled()
        await expect(send).to_have_text(f"{left} s")
        await expect(send).to_be_disabled()
        await page.get_by_label("Message").fill("kept")
        await page.keyboard.press("Enter")
        await page.clock.run_for(1000)
    await expect(again).to_have_text("Try again")
    await expect(again).to_be_enabled()
    await expect(send).to_be_enabled()
    await expect(page.get_by_label("Message")).to_have_value("kept")
    assert seat.frames.empty()


async def test_of_ten_quick_lines_none_is_lost_without_a_word(page: Page, seat: Seat) -> None:
    lines = [f"line {number}" for number in range(10)]
    await page.evaluate(
        """lines => {
          for (const line of lines) {
            document.getElementById("message").value = line;
            document.getElementById("composer").requestSubmit();
          }
        }""",
        lines,
    )
    frames = [await seat.heard() for _ in lines]
    for seq, frame in enumerate(frames[:5]):
        await seat.say(taken(frame, seq), chat(seq, frame["message"], "alice", id=frame["id"]))
    for frame in frames[5:]:
        await seat.say(refused(frame, "rate_limited", retryAfter=1))

    await expect(page.locator("#chat .text")).to_have_text(lines[:5])
    await expect(page.locator("#outbox .unsent .text")).to_have_text(lines[5:])


async def test_what_cannot_be_said_can_be_edited_or_discarded(page: Page, seat: Seat) -> None:
    for words in ("rude", "ruder"):
        await say(page, words)
        await seat.say(refused(await seat.heard(), "rejected"))
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    await page.get_by_role("button", name="Edit").first.click()
    await expect(page.get_by_label("Message")).to_have_value("rude")
    await page.get_by_role("button", name="Discard").click()

    await expect(page.locator(PENDING)).to_have_count(0)


async def test_a_message_that_is_never_answered_says_so(page: Page, room: FakeRoom) -> None:
    await page.clock.install()
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await say(page, "is this on?")
    await seat.heard()
    await page.clock.run_for("01:00")

    await expect(page.locator(f"{PENDING} .why")).to_contain_text("this may not have been sent")
    await expect(page.locator(f"{PENDING} .text")).to_have_text("is this on?")


async def test_one_need_not_wait_for_what_no_longer_holds(page: Page, seat: Seat) -> None:
    told = {"muted": {"messageType": 11, "action": "unmuted", "seconds": None}}
    told["frozen"] = told["slow_mode"] = {"messageType": 12, "settings": {"slowModeSeconds": 0, "frozen": False}}
    for error, change in told.items():
        await say(page, "may I?")
        await seat.say(refused(await seat.heard(), error, retryAfter=600))
        await expect(page.locator("#send")).to_be_disabled()
        await seat.say(change)
        await expect(page.locator("#send")).to_be_enabled()
        await page.get_by_role("button", name="Discard").click()
    await expect(page.locator("#chat .warning")).to_have_count(0)
    await expect(entries(page).first).to_have_text("You can write again.")


async def test_characters_are_counted_as_the_room_does(page: Page, seat: Seat) -> None:
    box = page.get_by_label("Message")
    await box.fill("😀" * 399)
    await expect(page.locator("#counter")).to_be_hidden()
    await box.fill("😀" * 500)
    await expect(page.locator("#counter")).to_have_text("500 of 500 characters")
    await page.keyboard.press("Enter")
    assert (await seat.heard())["message"] == "😀" * 500
    await box.fill("😀" * 501)
    await page.keyboard.press("Enter")

    await expect(page.locator("#refused")).to_have_text("That is too long.")
    await expect(box).to_have_value("😀" * 501)
    assert seat.frames.empty()


async def test_escape_ends_a_reply_and_then_a_private_chat(page: Page, seat: Seat) -> None:
    await seat.say(chat(1, "psst", "bob", to="alice"))
    await page.get_by_role("button", name="Reply to").click()
    await expect(page.locator("#private-line")).to_have_text("Only to bob")
    await expect(page.locator("#reply-text")).to_have_text("psst")
    await page.get_by_label("Message").press("Escape")
    await expect(page.locator("#replying")).to_be_hidden()
    await expect(page.locator("#private")).to_be_visible()
    await page.get_by_label("Message").press("Escape")
    await expect(page.locator("#private")).to_be_hidden()
    await say(page, "to all")

    assert (await seat.heard()).keys() == {"messageType", "id", "message"}
