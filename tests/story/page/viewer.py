"""What a viewer does and sees on the page."""

from playwright.async_api import Locator, Page


def entries(page: Page) -> Locator:
    """The chat's entries."""
    return page.locator("#chat > li")


async def say(page: Page, text: str) -> None:
    """Write `text` and send it, as a viewer does."""
    await page.locator("#message").fill(text)
    await page.locator("#send").click()
