"""A browser on the room page, and the room it talks to."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, async_playwright, expect

from local.aws.asgi import Receive, Scope, Send
from local.pages import Pages
from tests.story.page.fake_room import PATIENCE, FakeRoom, Seat
from tests.story.page.sockets import listen

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=PATIENCE * 1000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the tests of a file; without one they are skipped."""
    if CHROMIUM is None:
        pytest.skip("the room page is not tried: no chromium, chromium-browser or google-chrome on PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def room() -> FakeRoom:
    return FakeRoom()


@pytest_asyncio.fixture(loop_scope="module")
async def address(room: FakeRoom) -> AsyncIterator[str]:
    """Where the page and the room are served."""
    page = Pages()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (room if scope["type"] == "websocket" else page)(scope, receive, send)

    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.fixture
def hears_rooms() -> bool:
    """Whether the page talks to real rooms. The fake one says whatever a test tells it to."""
    return False


@pytest_asyncio.fixture(loop_scope="module")
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


@pytest_asyncio.fixture(loop_scope="module")
async def seat(page: Page, room: FakeRoom) -> Seat:
    """Alice in room 42, welcomed."""
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await expect(page.locator("#state")).to_have_text("Connected")
    return seat
