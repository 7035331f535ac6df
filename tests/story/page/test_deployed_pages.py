"""The pages in a real browser, as a bucket and CloudFront serve them: with a hash in the addresses of assets."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request

from bench.served_pages import served
from local.aws.asgi import Receive, Scope, Send, respond
from pages import site
from pages.site import Stored
from tests.story.page.fake_room import FakeRoom

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Bucket:
    """The files that a deployment puts into a bucket, with the headers that CloudFront adds."""

    def __init__(self) -> None:
        self.files = {one.key: one for one in site.stored()}
        addresses = json.dumps({}).encode()  # those of the page's own origin
        self.files["stage.json"] = Stored("stage.json", "application/json", addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = self.files.get(site.key_of(scope["path"]))
        if file is None:
            await respond(send, 404, [(b"content-type", b"application/xml")], b"<Code>NoSuchKey</Code>")
            return
        headers = {
            "content-type": file.content_type,
            "cache-control": file.cache_control,
            "content-security-policy": site.content_security_policy(),
            "referrer-policy": site.REFERRER_POLICY,
            "x-content-type-options": "nosniff",
        }
        await respond(send, 200, [(name.encode(), value.encode()) for name, value in headers.items()], file.body)


@pytest_asyncio.fixture(loop_scope="session")
async def address(room: FakeRoom) -> AsyncIterator[str]:
    async with served(room, Bucket()) as address:
        yield address


async def test_the_room_page_finds_its_parts_and_comes_into_the_room(page: Page, room: FakeRoom) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()

    assert seat.query["activityId"] == "42"
    assets = [url for url in asked if "/assets/" in url]
    assert assets
    assert [url for url in assets if f"/assets/{site.version()}/" not in url] == []


async def test_every_page_finds_all_that_it_asks_for(page: Page) -> None:
    missing: list[str] = []

    async def note(request: Request) -> None:
        answer = await request.response()
        if answer is None or answer.status >= 400:
            missing.append(request.url)

    page.on("requestfinished", note)
    page.on("requestfailed", lambda one: None if one.failure == "net::ERR_ABORTED" else missing.append(one.url))
    for address in site.pages():
        await page.goto(address, wait_until="networkidle")
    assert [url for url in missing if "/api/" not in url] == []
