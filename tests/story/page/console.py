"""The console in a browser, as its moderators use it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from re import Pattern
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.story.page.sockets import listen


@asynccontextmanager
async def console(browser: Browser, address: str, query: str = "", **context: Any) -> AsyncIterator[Page]:
    """A console of its own; no script of it may fail, and no policy may stop it. `query` may hold a token."""
    opened = await browser.new_context(base_url=f"http://{address}", accept_downloads=True, **context)
    page = await opened.new_page()
    errors: list[str] = []
    listen(page, errors, hears_rooms=True)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
    await page.goto(f"/console{query}")
    yield page
    await opened.close()
    assert errors == []


async def live(page: Page) -> Page:
    """The console, once it hears its room."""
    await expect(page.locator("#state")).to_have_text("Live")
    return page


def told(text: str) -> Pattern[str]:
    """A text in which names are isolated, so that they do not turn the words around them."""
    return re.compile("[\u2066-\u2069]*".join(map(re.escape, text)))


def row(page: Page, text: str) -> Locator:
    """The row of the chat that says this."""
    return page.locator("#chat > .chat", has_text=text)


def act(page: Page, text: str) -> Locator:
    """The line in the chat that tells of somebody's act."""
    return page.locator("#chat > .act", has_text=told(text))


def outcome(page: Page, text: str) -> Locator:
    """The line that says what was done here."""
    return page.locator("#outcomes > .outcome", has_text=told(text))


async def let_go(page: Page) -> None:
    """Show what waited while the chat was held."""
    await page.mouse.move(0, 0)
    await page.locator("#log").press("End")


async def choose(page: Page, text: str) -> None:
    """Choose the row of the chat that says this, as by j and k."""
    await let_go(page)
    await expect(row(page, text)).to_have_count(1)
    await row(page, text).focus()


async def in_menu(page: Page, text: str, *pressed: str, reason: str = "") -> None:
    """Open the menu of a row, and press these buttons of it."""
    await let_go(page)
    await expect(row(page, text)).to_have_count(1)
    await row(page, text).hover()
    await row(page, text).locator(".more").click()
    if reason:
        await page.locator("#menu").get_by_label("Reason").fill(reason)
    for name in pressed:
        await page.locator("#menu").get_by_role("button", name=name).click()


async def open_tab(page: Page, name: str) -> Locator:
    """The panel behind a tab."""
    await page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel", name=name, exact=True)
