"""The room page in a real browser: reading while the room goes on, replies and mentions."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.story.page.fake_room import FakeRoom, Seat, chat
from tests.story.page.viewer import entries, say

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_only_the_newest_entries_are_kept(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(seq, f"message {seq}") for seq in range(1000)))

    await expect(entries(page).last).to_contain_text("message 999")
    await expect(entries(page)).to_have_count(300)


async def test_the_list_holds_still_while_somebody_reads_and_tells_how_many_wait(page: Page, seat: Seat) -> None:
    newer = page.locator("#newer")
    await seat.say(*(chat(seq, f"message {seq}") for seq in range(300)))
    await expect(entries(page).last).to_contain_text("message 299")
    await expect(entries(page).last).to_be_in_viewport()
    await expect(newer).to_be_hidden()

    await page.locator("#log").evaluate("log => (log.scrollTop = 4000)")
    await expect(newer).to_have_text("Newest messages ↓")
    before = await page.locator("#log").evaluate("log => [log.scrollTop, log.scrollHeight]")
    for part in range(3):
        await seat.say(*(chat(1000 + part * 200 + number, "unseen") for number in range(200)))
    await seat.say({"messageType": 1, "username": "dan"})
    await expect(newer).to_have_text("600 new messages ↓")
    await expect(entries(page).first).to_contain_text("message 0")
    assert await page.locator("#log").evaluate("log => [log.scrollTop, log.scrollHeight]") == before

    await newer.click()
    await expect(newer).to_be_hidden()
    await expect(entries(page)).to_have_count(300)
    await expect(entries(page).last).to_have_text("dan joined")
    await expect(entries(page).last).to_be_in_viewport()
    await seat.say(chat(2000, "newest"))
    await expect(entries(page).last).to_contain_text("newest")
    await expect(entries(page).last).to_be_in_viewport()


async def test_scrolling_back_to_the_end_follows_again(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(seq, f"message {seq}") for seq in range(100)))
    await expect(entries(page)).to_have_count(100)
    await page.locator("#log").evaluate("log => (log.scrollTop = 0)")
    await expect(page.locator("#newer")).to_be_visible()
    await seat.say(chat(100, "unseen"))
    await expect(page.locator("#newer")).to_have_text("1 new message ↓")
    await page.locator("#log").evaluate("log => (log.scrollTop = log.scrollHeight)")

    await expect(entries(page).last).to_contain_text("unseen")
    await expect(page.locator("#newer")).to_be_hidden()


async def test_a_chat_that_shrinks_is_followed_all_the_same(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(seq, f"message {seq}") for seq in range(100)))
    await expect(entries(page).last).to_contain_text("message 99")
    # A scroll event is late: the chat may have shrunk since the scrolling it tells of.
    await page.locator("#log").evaluate(
        "log => { log.parentElement.style.paddingTop = '300px'; log.dispatchEvent(new Event('scroll')) }"
    )
    await expect(entries(page).last).to_be_in_viewport()


async def test_ones_own_message_leads_back_to_the_end(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(seq, f"message {seq}") for seq in range(100)))
    await expect(entries(page)).to_have_count(100)
    await page.locator("#log").evaluate("log => (log.scrollTop = 0)")
    await expect(page.locator("#newer")).to_be_visible()
    await say(page, "me too")

    await expect(page.locator("#outbox .text")).to_be_in_viewport()
    await expect(page.locator("#newer")).to_be_hidden()


async def test_a_reply_shows_what_it_answers_and_leads_there(page: Page, seat: Seat) -> None:
    await seat.say(chat(1, "what does it cost?", "bob"), *(chat(seq, f"message {seq}") for seq in range(2, 60)))
    await expect(entries(page)).to_have_count(59)
    await entries(page).first.hover()
    await entries(page).first.get_by_role("button", name="Reply to").click()
    await expect(page.locator("#replying")).to_contain_text("Reply to bob what does it cost?")
    await say(page, "39 euros")
    frame = await seat.heard()
    assert frame["extra"] == {"replyTo": 1}
    await seat.say({"messageType": 0, "id": frame["id"], "ok": True, "seq": 70})
    await seat.say(chat(70, "39 euros", "alice", id=frame["id"], extra=frame["extra"]))

    quote = page.locator("#chat .quote")
    await expect(quote).to_have_text("bob what does it cost?")
    await expect(page.locator("#replying")).to_be_hidden()
    await quote.click()
    await expect(entries(page).first).to_be_in_viewport()
    await seat.say(chat(71, "later"))
    await expect(page.locator("#newer")).to_have_text("1 new message ↓")
    await seat.say({"messageType": 9, "seq": 1})
    await expect(quote).to_have_text("a removed message")
    await expect(quote).to_be_disabled()


async def test_a_reply_to_what_is_not_here_says_so_and_an_odd_one_is_a_plain_chat(page: Page, seat: Seat) -> None:
    odd_seqs: list[Any] = [999, None, "1", -1, 1.5, {}, [1], True, "constructor"]
    odd_extras: list[Any] = [None, "x", 7, [], {"replyTo": {"replyTo": 1}}]
    extras = [{"replyTo": odd} for odd in odd_seqs] + odd_extras
    await seat.say(*(chat(seq, f"text {seq}", extra=extra) for seq, extra in enumerate(extras)))

    await expect(entries(page)).to_have_count(14)
    await expect(page.locator("#chat .quote")).to_have_text(["an earlier message"])


@pytest.mark.parametrize(
    ("name", "text", "marked"),
    [
        ("alice", "hey @Alice, look", ["@Alice"]),
        ("alice", "@alicette is another, so is malice@alic", []),
        ("小明", "@小明你好", ["@小明"]),
        ("a.*", "@a.* and @abc", ["@a.*"]),
        ("alice", "alice", []),
    ],
)
async def test_a_message_that_names_the_viewer_stands_out(
    page: Page, room: FakeRoom, name: str, text: str, marked: list[str]
) -> None:
    await page.goto(f"/?room=42&name={name}")
    seat = await room.arrival()
    await seat.welcome(userId="me")
    await seat.say(chat(1, text))

    await expect(page.locator("#chat .text")).to_have_text(text)
    assert await page.locator("#chat mark").all_inner_texts() == marked
    await expect(page.locator("#chat .mentioned")).to_have_count(1 if marked else 0)


async def test_arrow_keys_lead_through_the_chat_which_holds_still_meanwhile(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(seq, f"message {seq}", f"user{seq}") for seq in range(5)))
    await expect(entries(page)).to_have_count(5)
    await page.locator("#log").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowUp")
    await seat.say(chat(5, "unseen"))
    await expect(page.locator("#newer")).to_have_text("1 new message ↓")
    await page.keyboard.press("Enter")

    await expect(page.locator("#reply-text")).to_have_text("message 3")
    await expect(page.get_by_label("Message")).to_be_focused()
    await expect(entries(page)).to_have_count(6)


async def test_a_screen_reader_is_told_how_many_in_place_of_each_when_it_is_busy(page: Page, room: FakeRoom) -> None:
    await page.clock.install()
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    log, summary = page.locator("#log"), page.locator("#summary")
    await seat.say(chat(1, "calm"))
    await expect(page.locator("#chat .text")).to_have_count(1)
    await expect(log).not_to_have_attribute("aria-live", "off")
    await seat.say(*(chat(seq, "busy") for seq in range(2, 38)))
    await expect(log).to_have_attribute("aria-live", "off")
    await page.clock.run_for(8000)
    await expect(summary).to_have_text("37 new messages")
    await page.clock.run_for(8000)
    await expect(log).to_have_attribute("aria-live", "polite")
    await expect(summary).to_be_empty()
