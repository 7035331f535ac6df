"""The room page in a real browser against the whole emulator in token mode, while a moderator is at work."""

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.story.moderator import Moderator
from tests.story.page.viewer import entries, say
from tests.story.rooms import Rooms

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.emulator(auth_mode="token")]


@pytest.fixture
def hears_rooms() -> bool:
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def address(rooms: Rooms) -> str:
    return f"http://{rooms.address}"


async def test_a_viewer_with_a_token_sees_what_a_moderator_does(page: Page, rooms: Rooms, activity: int) -> None:
    maud = Moderator(rooms, activity, await rooms.token(activity, "m-1", caps=["moderate", "publish"]))
    bob = await rooms.enter_by_token(activity, "bob", name="Bob")
    await page.goto(f"/?room={activity}#token={await rooms.token(activity, 'alice', name='Alice')}")
    await expect(page.locator("#state")).to_have_text("Connected")
    await say(page, "hello")
    assert (await bob.hears("hello"))["fromusername"] == "Alice"

    await maud.mute("alice", 600)
    await expect(entries(page).last).to_have_text("You are muted for 10 min.")
    await say(page, "may I?")
    await expect(page.locator("#outbox .why")).to_have_text("Not sent: You are muted.")
    await expect(page.locator("#outbox button").first).to_have_text("Try again in 10 min")
    await page.reload()
    await expect(page.locator("#chat .warning")).to_have_text("You are muted for 10 min.")
    await maud.unmute("alice")
    await expect(entries(page).last).to_have_text("You can write again.")

    await maud.change(frozen=True)
    await expect(entries(page).last).to_have_text("The room is frozen: only its hosts can write.")
    await expect(page.get_by_label("Message")).to_have_attribute("placeholder", "Only hosts can write")
    await maud.change(frozen=False)
    await expect(page.get_by_label("Message")).to_have_attribute("placeholder", "Say something")

    rude = (await bob.say("rude"))["seq"]
    await expect(page.locator("#chat .text").last).to_have_text("rude")
    await maud.notice("coupon", {"off": 5})
    await expect(page.locator("#chat .notice")).to_have_text("couponoff: 5")
    await maud.remove(rude)
    await expect(page.get_by_text("rude")).to_have_count(0)

    await maud.kick("alice", reason="be kind")
    await expect(page.locator("#door-line")).to_contain_text("You were put out of the room. Reason: ")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#state")).to_have_text("Connected")

    await maud.ban("alice", reason="spam")
    await expect(page.locator("#door-line")).to_contain_text("You are banned from the room. Reason: ")
    await expect(page.locator("#state")).to_have_text("Disconnected")
    await page.reload()
    await expect(page.locator("#door-line")).to_contain_text("You are banned from the room. Reason: ")
    await expect(page.locator("#state")).to_have_text("Disconnected")


async def test_a_viewer_who_is_banned_for_a_while_is_told_until_when(page: Page, rooms: Rooms, activity: int) -> None:
    maud = Moderator(rooms, activity, await rooms.token(activity, "m-1", caps=["moderate"]))
    await maud.ban("alice", 7200)
    await page.goto(f"/?room={activity}#token={await rooms.token(activity, 'alice')}")

    await expect(page.locator("#door-line")).to_contain_text("You are banned from this room until ")
    await expect(page.get_by_role("button", name="Try again in 2 h")).to_be_disabled()


async def test_a_viewer_without_a_token_is_told_so_and_let_in_by_a_new_link(
    page: Page, rooms: Rooms, activity: int
) -> None:
    await page.goto(f"/?room={activity}&name=alice")
    await expect(page.locator("#door-line")).to_have_text("This room needs a personal link.")
    token = await rooms.token(activity, "alice", name="Alice")
    await page.get_by_label("New link").fill(f"http://{rooms.address}/?room={activity}#token={token}")
    await page.get_by_role("button", name="Use this link").click()

    await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_viewer_with_the_token_of_another_room_or_a_forged_one_is_told_so(
    page: Page, rooms: Rooms, activity: int
) -> None:
    await page.goto(f"/?room={activity}#token={await rooms.token(activity + 1, 'alice')}")
    await expect(page.locator("#door-line")).to_have_text("This link is for another room.")
    await page.goto(f"/?room={activity}#token=a.b.c")
    await expect(page.locator("#door-line")).to_have_text("This link is not valid.")
