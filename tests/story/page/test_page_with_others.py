"""The room page in a real browser against the whole emulator in open mode: two and three people in one room."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.story.moderator import Moderator
from tests.story.page.viewer import say
from tests.story.rooms import Rooms

# With the limits that they have if nobody sets any: ten quick lines are too many.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.emulator(environment={})]


@pytest.fixture
def hears_rooms() -> bool:
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def address(rooms: Rooms) -> str:
    return f"http://{rooms.address}"


@pytest_asyncio.fixture(loop_scope="session")
async def sams(page: Page, browser: Browser, address: str, activity: int) -> AsyncIterator[tuple[Page, Page]]:
    """Two people of one name, each in a browser of their own."""
    context = await browser.new_context(base_url=address)
    other = await context.new_page()
    for one in (page, other):
        await one.goto(f"/?room={activity}&name=sam")
        await expect(one.locator("#state")).to_have_text("Connected")
    yield page, other
    await context.close()


async def test_two_of_one_name_are_two_people(sams: tuple[Page, Page]) -> None:
    one, other = sams
    await expect(one.locator("#online")).to_have_text("2")
    await say(one, "I am the first")
    await say(other, "and I another")

    for page, own in ((one, "I am the first"), (other, "and I another")):
        await expect(page.locator("#chat .text")).to_have_count(2)
        await expect(page.locator("#chat .mine .text")).to_have_text(own)
        await expect(page.locator("#outbox li")).to_have_count(0)
    await one.locator("summary").click()
    await expect(one.locator("#people button")).to_have_count(2)
    await expect(one.locator("#people button:disabled")).to_have_count(1)


async def test_a_reply_a_mention_and_a_private_word_reach_the_one_they_are_for(
    sams: tuple[Page, Page], rooms: Rooms, activity: int
) -> None:
    one, other = sams
    zoe = await rooms.enter(activity, "Zoë", userId="z-1", attributes='{"role":"host","level":"7"}')
    await zoe.say("who has a question?")
    await expect(one.locator("#chat .badge")).to_have_text(["host", "Lv. 7"])
    await one.locator("#chat .chat").last.hover()
    await one.locator("#chat .chat").last.get_by_role("button", name="Reply to").click()
    await say(one, "I have, @Zoë")
    await expect(other.locator("#chat .quote")).to_contain_text("who has a question?")
    assert (await zoe.hears("I have, @Zoë"))["extra"]["replyTo"] >= 0

    await one.locator("summary").click()
    await one.locator("#people").get_by_role("button", name="Zoë").click()
    await say(one, "only for you")
    assert (await zoe.hears("only for you"))["to"] == "z-1"
    await expect(one.locator("#chat .mine .tag")).to_have_text("only to Zoë")
    await one.get_by_label("Message").press("Escape")
    await say(one, "for all again")
    await expect(other.locator("#chat .text").last).to_have_text("for all again")
    await expect(other.get_by_text("only for you")).to_have_count(0)


async def test_of_ten_quick_lines_each_is_shown_or_kept(sams: tuple[Page, Page]) -> None:
    one, other = sams
    lines = [f"line {number}" for number in range(10)]
    await one.evaluate(
        """lines => {
          for (const line of lines) {
            document.getElementById("message").value = line;
            document.getElementById("composer").requestSubmit();
          }
        }""",
        lines,
    )
    await expect(one.locator("#chat .mine, #outbox .unsent")).to_have_count(10)
    refused = await one.locator("#outbox .unsent .text").all_inner_texts()
    shown = await one.locator("#chat .mine .text").all_inner_texts()
    assert sorted(shown + refused) == lines
    assert refused

    await one.get_by_role("button", name="Try again", exact=True).first.click()
    await expect(other.locator("#chat .text")).to_have_count(len(shown) + 1)


async def test_a_pinned_product_appears_changes_and_goes(sams: tuple[Page, Page], rooms: Rooms, activity: int) -> None:
    host = Moderator(rooms, activity)
    for title in ("Teapot", "Cup"):
        pinned = {"pinned": {"title": title, "price": 9.5, "currency": "EUR", "link": "https://example.com/x"}}
        assert (await host.ask("PATCH", "/properties", pinned)).is_success
        for page in sams:
            await expect(page.locator("#properties .card-title")).to_have_text(title)
            await expect(page.locator("#properties .card-price")).to_have_text("€9.50")
    await host.ask("PATCH", "/properties", {"pinned": None})
    for page in sams:
        await expect(page.locator("#properties")).to_be_hidden()
    await host.notice("coupon", {"title": "Five off", "code": "FIVE"})
    for page in sams:
        await expect(page.locator("#chat .notice .card-code")).to_have_text("FIVE")
