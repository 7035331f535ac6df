"""`/api/docs` in a real browser that reaches this machine alone, against the whole emulator in token mode."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, ViewportSize, expect

from tests.story.rooms import Rooms

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.emulator(auth_mode="token")]
PLATFORM = ["chat", "like", "moderate", "publish", "admin"]
SIZES = {"desktop": ViewportSize(width=1280, height=900), "phone": ViewportSize(width=390, height=844)}


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def docs(browser: Browser, rooms: Rooms, request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    """The page. What goes to another machine is cut off and fails the test, as does an error on the console."""
    context = await browser.new_context(base_url=f"http://{rooms.address}", viewport=SIZES[request.param])
    page = await context.new_page()
    wrong: list[str] = []

    async def inside(route: Route) -> None:
        if route.request.url.startswith((f"http://{rooms.address}/", "data:")):
            await route.continue_()
        else:
            wrong.append(route.request.url)
            await route.abort()

    await context.route("**/*", inside)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type in ("error", "warning") else None)
    page.on("requestfailed", lambda failed: wrong.append(f"{failed.url}: {failed.failure}"))
    await page.goto("/api/docs")
    await expect(page.get_by_role("heading", name="Live rooms")).to_be_visible()
    yield page
    await context.close()
    assert wrong == []


def operation(page: Page, name: str) -> Locator:
    return page.locator(f"#operations-{name}")


async def authorize(page: Page, token: str) -> None:
    await page.get_by_role("button", name="Authorize").first.click()
    await page.get_by_label("auth-bearer-value").fill(token)
    await page.get_by_label("Apply credentials").click()
    await page.get_by_role("button", name="Close").last.click()


async def test_every_call_is_shown_and_nothing_is_wider_than_the_screen(docs: Page, rooms: Rooms) -> None:
    described = (await rooms.http.get("/api/openapi.json")).json()["paths"]
    await expect(docs.locator(".opblock")).to_have_count(sum(len(calls) for calls in described.values()))
    for path in described:
        shown = docs.locator(f'.opblock-summary-path[data-path="{path}"]')
        await expect(shown.first).to_be_visible()
    assert await docs.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_call_can_be_tried_out(docs: Page, rooms: Rooms, activity: int) -> None:
    await authorize(docs, await rooms.token(None, "ops", caps=PLATFORM))
    muting = operation(docs, "moderation-mute")
    await muting.locator(".opblock-summary-control").click()
    await muting.get_by_placeholder("activityId").fill(str(activity))
    await muting.locator("textarea").fill('{"userId": "amy?x", "seconds": 60}')
    await muting.get_by_role("button", name="Execute").click()
    await expect(muting.locator(".live-responses-table .response-col_status").last).to_contain_text("204")
    await expect(muting.locator(".curl-command")).to_contain_text("amy?x")

    unmuting = operation(docs, "moderation-unmute")
    await unmuting.locator(".opblock-summary-control").click()
    await unmuting.get_by_placeholder("activityId").fill(str(activity))
    await unmuting.get_by_placeholder("userId").fill("amy?x")
    await unmuting.get_by_role("button", name="Execute").click()
    await expect(unmuting.locator(".live-responses-table .response-col_status").last).to_contain_text("204")
    await expect(unmuting.locator(".request-url")).to_contain_text(re.compile(r"mutes\?userId=amy%3Fx$"))
