"""The room page in a real browser, judged by axe-core in each of its states, and how much place it takes."""

import pytest
from playwright.async_api import Browser, expect

from tests.axe.findings import findings
from tests.screenshots.room_page import (
    SIZES,
    STATES,
    Look,
    Scene,
    State,
    busy,
    expired,
    not_sent,
    people,
    quiet,
    settings,
)
from tests.story.page.fake_room import FakeRoom

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.long]
PHONE, DARK, LANDSCAPE = Look("phone"), Look("desktop", "dark", "zh-CN"), Look("landscape")
CASES = [(state, PHONE) for state, _ in STATES if state is not busy]
CASES += [(state, DARK) for state in (quiet, not_sent, people, expired)]
CASES += [(state, LANDSCAPE) for state in (settings, expired)]


@pytest.mark.parametrize(("state", "look"), CASES, ids=lambda it: getattr(it, "__name__", str(it)))
async def test_axe_finds_nothing(browser: Browser, address: str, room: FakeRoom, state: State, look: Look) -> None:
    context = await browser.new_context(
        base_url=address,
        viewport=SIZES[look.size],
        color_scheme=look.scheme,
        locale=look.language,
        # What moves is between two colours, and is judged by neither.
        reduced_motion="reduce" if state is not settings else "no-preference",
    )
    page = await context.new_page()
    await state(Scene(page, room))
    await expect(page.locator("main:visible")).to_have_count(1)

    assert await findings(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == SIZES[look.size]["width"]
    await context.close()
