"""The console in a real browser, judged by axe-core in each of its states, and how much place it takes."""

import pytest
from playwright.async_api import Browser

from tests.axe.findings import findings
from tests.screenshots.console import STATES, Scene, State, menu, moderating, publishing, report
from tests.screenshots.room_page import SIZES, Look
from tests.story.page.fake_room import FakeRoom

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.long]
PHONE, DARK, LANDSCAPE = Look("phone"), Look("desktop", "dark", "zh-CN"), Look("landscape")
CASES = [(state, PHONE) for state, _ in STATES]
CASES += [(state, DARK) for state in (moderating, menu, publishing, report)] + [(moderating, LANDSCAPE)]


@pytest.mark.parametrize(("state", "look"), CASES, ids=lambda it: getattr(it, "__name__", str(it)))
async def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    browser: Browser, address: str, room: FakeRoom, state: State, look: Look
) -> None:
    context = await browser.new_context(
        base_url=address, viewport=SIZES[look.size], color_scheme=look.scheme, locale=look.language
    )
    page = await context.new_page()
    await state(Scene(page, room))
    found, width = await findings(page), await page.evaluate("document.documentElement.scrollWidth")
    await context.close()

    assert (found, width) == ([], SIZES[look.size]["width"])
