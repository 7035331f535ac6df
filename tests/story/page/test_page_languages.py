"""The room page in a real browser: its languages, and what is written in them."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.story.page.fake_room import FakeRoom, Seat

pytestmark = pytest.mark.asyncio(loop_scope="session")
CHINESE = re.compile("[\u4e00-\u9fff]")
WORDS = """async ([folder, language]) =>
  (await import(`/assets/pages/${folder}/words/${language}.js`)).default"""


async def words(page: Page, folder: str, language: str) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(WORDS, [folder, language])
    return found


def placeholders(entry: str | dict[str, str]) -> list[set[str]]:
    """What stands in braces, of each form."""
    forms = entry.values() if isinstance(entry, dict) else [entry]
    return [set(re.findall(r"\{(\w+)\}", form)) for form in forms]


@pytest.mark.parametrize("folder", ["room", "shared"])
async def test_each_language_has_the_same_texts_with_the_same_places_in_them(page: Page, folder: str) -> None:
    await page.goto("/")
    english, chinese = [await words(page, folder, language) for language in ("en", "zh-CN")]

    assert list(english) == list(chinese)
    for key in english:
        assert placeholders(english[key])[0] == placeholders(chinese[key])[0], key
        assert len({frozenset(form) for form in placeholders(english[key])}) == 1, key
        assert not CHINESE.search(str(english[key])), key


async def test_what_stands_in_the_html_is_what_the_english_words_say(page: Page, room: FakeRoom) -> None:
    await page.goto("/")
    english = await words(page, "room", "en")
    html = await (await page.request.get("/")).text()
    found = re.findall(r'data-words="(\w+)"[^>]*>([^<]+)<', html)
    for attribute in ("title", "aria-label", "placeholder"):
        for tag in re.findall(rf"<[^>]*data-words-{attribute}=[^>]*>", html):
            key = re.search(rf'data-words-{attribute}="(\w+)"', tag)
            text = re.search(rf'(?<![-\w]){attribute}="([^"]*)"', tag)
            assert key, tag
            assert text, tag
            found.append((key[1], text[1]))

    assert len(found) > 30
    assert {key: text for key, text in found if english[key] != text} == {}


@pytest.mark.parametrize(
    ("locale", "query", "language"),
    [
        ("zh-CN", "", "zh-CN"),
        ("zh-TW", "", "zh-CN"),
        ("en-GB", "", "en"),
        ("fr-FR", "", "en"),
        ("en-US", "&lang=zh-CN", "zh-CN"),
        ("en-US", "&lang=zh", "zh-CN"),
        ("zh-CN", "&lang=en", "en"),
        ("zh-CN", "&lang=constructor", "zh-CN"),
    ],
)
async def test_the_language_is_the_browsers_or_what_the_address_asks_for(
    browser: Browser, address: str, room: FakeRoom, locale: str, query: str, language: str
) -> None:
    context = await browser.new_context(base_url=address, locale=locale)
    page = await context.new_page()
    await page.goto(f"/?room=42&name=alice{query}")
    await (await room.arrival()).welcome(onlineNumber=1234)

    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("#state")).to_have_text({"en": "Connected", "zh-CN": "已连接"}[language])
    await expect(page.locator("#online-figure")).to_have_text({"en": "1,234 online", "zh-CN": "1,234 人在线"}[language])
    await context.close()


async def test_in_chinese_nothing_is_left_in_english(browser: Browser, address: str, room: FakeRoom) -> None:
    context = await browser.new_context(base_url=address, locale="zh-CN")
    page = await context.new_page()
    await page.goto("/?room=42&name=1")
    seat = await room.arrival()
    await seat.welcome(userId="1", mute={"seconds": 600})
    await seat.say(
        {"messageType": 1, "username": "2"},
        {"messageType": 2, "username": "2", "others": 3},
        {"messageType": 12, "settings": {"slowModeSeconds": 5, "frozen": False}},
        {"messageType": 13, "dropped": {"chat": 1, "join": 40, "settings": 2}},
        *({"messageType": 11, "action": action, "seconds": 90} for action in ("muted", "unmuted")),
    )
    await expect(page.locator("#chat > li")).to_have_count(7)
    for seconds in (3, 300, 9000, 999_999):
        await seat.say({"messageType": 11, "action": "muted", "seconds": seconds})
    await expect(page.locator("#chat > li")).to_have_count(11)
    await seat.say({"messageType": 11, "action": "banned", "seconds": 60, "reason": "flooding"})
    await expect(page.locator("#door")).to_be_visible()

    assert re.findall("[A-Za-z]{2,}", await page.locator("body").inner_text()) == []
    labels = "all => all.flatMap((one) => [one.title, one.ariaLabel, one.placeholder].filter(Boolean))"
    assert re.findall("[A-Za-z]{2,}", " ".join(await page.locator("#room *").evaluate_all(labels))) == []
    await context.close()


async def test_a_count_of_one_has_its_own_form(page: Page, seat: Seat) -> None:
    await seat.say({"messageType": 6, "zanNumber": 1}, {"messageType": 13, "dropped": {"chat": 1, "notice": 2}})

    await expect(page.locator("#likes-figure")).to_have_text("1 like")
    await expect(page.locator("#chat .warning")).to_have_text("1 message, 2 notices left out: too much for the room.")
