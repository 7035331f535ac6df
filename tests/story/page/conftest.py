"""A browser on the room page, and the room it talks to."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bench.chromium import CHROMIUM, MISSING, chromium
from bench.served_pages import served
from tests.story.page.fake_room import PATIENCE, FakeRoom, Seat
from tests.story.page.sockets import listen
from tests.story.rooms import Rooms, rooms_at
from tests.story.shared_emulator import SharedEmulator

expect.set_options(timeout=PATIENCE * 1000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all pages; without one its tests are skipped."""
    if CHROMIUM is None:
        pytest.skip(f"the room page is not tried: {MISSING}")
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rooms(emulator: SharedEmulator) -> AsyncIterator[Rooms]:
    """As in other stories, on the browser's loop."""
    async with rooms_at(emulator.address) as rooms:
        yield rooms


@pytest_asyncio.fixture(loop_scope="session")
async def room() -> FakeRoom:
    return FakeRoom()


@pytest_asyncio.fixture(loop_scope="session")
async def address(room: FakeRoom) -> AsyncIterator[str]:
    """Where the page and the room are served."""
    async with served(room) as address:
        yield address


@pytest.fixture
def hears_rooms() -> bool:
    """Whether the page talks to real rooms. The fake one says whatever a test tells it to."""
    return False


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, address: str, hears_rooms: bool) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=address)
    page = await context.new_page()
    errors: list[str] = []
    listen(page, errors, hears_rooms=hears_rooms)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
    yield page
    await context.close()
    assert errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def seat(page: Page, room: FakeRoom) -> Seat:
    """Alice in room 42, welcomed."""
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await expect(page.locator("#state")).to_have_text("Connected")
    return seat
