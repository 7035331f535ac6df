"""The room page in a real browser: badges of people, and cards of what a producer sends, in whatever shape."""

import itertools
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.story.page.fake_room import FakeRoom, Seat, chat

pytestmark = pytest.mark.asyncio(loop_scope="session")
ODD: list[Any] = [None, True, -1, 1.5, 1e300, "", " ", "x" * 5000, [], [[]], {}, {"title": {}}, {"toString": 1}]
FIELDS = ["title", "text", "picture", "price", "currency", "code", "link"]


async def test_a_product_has_its_picture_price_and_link(page: Page, seat: Seat) -> None:
    product = {"title": "Teapot", "text": "Porcelain", "price": 1234.5, "currency": "EUR", "sku": "X1"}
    product |= {"picture": "/assets/pages/shared/heart.svg", "link": "https://example.com/teapot"}
    await seat.say({"messageType": 14, "properties": {"pinned": product}})
    card = page.locator("#properties .offer")

    await expect(card.locator(".card-title")).to_have_text("Teapot")
    await expect(card.locator(".card-price")).to_have_text("€1,234.50")
    await expect(card.get_by_role("link", name="Open example.com")).to_have_attribute("rel", "noopener noreferrer")
    assert await card.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth > 0)")
    assert "X1" not in await card.inner_text()


async def test_a_picture_that_cannot_be_had_is_left_out(page: Page, seat: Seat) -> None:
    await seat.say({"messageType": 14, "properties": {"pinned": {"title": "Teapot", "picture": "/missing.png"}}})

    await expect(page.locator("#properties .card-title")).to_have_text("Teapot")
    await expect(page.locator("#properties img")).to_have_count(0)


async def test_an_address_that_is_not_of_the_web_makes_no_link_and_no_picture(page: Page, seat: Seat) -> None:
    odd = ["javascript:alert(1)", "data:text/html,x", "http://example.com/", "blob:x", "https://", "//[", 7, "x" * 3000]
    named = {str(number): {"title": "t", "link": one, "picture": one} for number, one in enumerate(odd)}
    await seat.say({"messageType": 14, "properties": named})

    await expect(page.locator("#properties .card-title")).to_have_count(len(odd))
    await expect(page.locator("#properties a, #properties img")).to_have_count(0)


async def test_whatever_a_card_holds_what_follows_is_drawn(page: Page, seat: Seat) -> None:
    shapes = [{field: odd} for field, odd in itertools.product(FIELDS, ODD)]
    shapes += [{"title": "t", field: odd} for field, odd in itertools.product(FIELDS, ODD)]
    for start in range(0, len(shapes), 30):
        part = shapes[start : start + 30]
        seqs = itertools.count(1000 * start + 1)
        await seat.say(*({"messageType": 10, "seq": next(seqs), "name": "n", "data": shape} for shape in part))
        await seat.say({"messageType": 14, "properties": {f"p{number}": shape for number, shape in enumerate(part)}})
        await seat.say({"messageType": 14, "properties": {"last": f"part {start}"}})
        await expect(page.locator("#properties .text").last).to_have_text(f"last: part {start}")
    await expect(page.locator("#chat .notice")).to_have_count(len(shapes))

    assert "[object Object]" not in await page.locator("body").inner_text()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_attributes_are_badges_of_the_chat_and_of_who_is_here(page: Page, seat: Seat) -> None:
    shown = {"role": "host", "level": "12", "team": "blue", "colour": "#ff8800", "a": "1", "b": "2", "c": "3"}
    await page.locator("summary").click()
    asked = await seat.heard()
    await seat.say(chat(1, "hello", attributes=shown))
    user = {"userId": "bob", "username": "Bob", "attributes": {"role": "host"}}
    await seat.say({"messageType": 3, "users": [user], "onlineNumber": 1, "id": asked["id"]})
    badges = page.locator("#chat .badge")

    await expect(badges).to_have_text(["host", "Lv. 12", "team: blue", "a: 1", "+2"])
    assert await badges.first.evaluate("badge => getComputedStyle(badge).borderColor") == "rgb(255, 136, 0)"
    await expect(page.locator("#people .badge")).to_have_text(["host"])


async def test_attributes_of_any_shape_stop_nothing(page: Page, seat: Seat) -> None:
    odd = [*ODD, "host", 7, ["host"], {"role": ["host"]}, {"colour": "red;}"}, {"level": "9" * 5000}, {"": "x"}]
    odd += [{"constructor": "x", "__proto__": "y"}, {str(number): "x" for number in range(500)}]
    await seat.say(*(chat(seq, f"text {seq}", attributes=attributes) for seq, attributes in enumerate(odd)))

    await expect(page.locator("#chat .text")).to_have_text([f"text {seq}" for seq in range(len(odd))])
    assert await page.locator("#chat .badge").count() < 20
    assert await page.locator("#log").evaluate("log => log.scrollWidth - log.clientWidth") == 0


async def test_a_coupon_that_comes_as_a_notice_is_a_card(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice")
    coupon = {"messageType": 10, "seq": 2, "name": "coupon", "data": {"title": "Five off", "code": "SPRING"}, "time": 1}
    await (await room.arrival()).welcome(history=[coupon])

    await expect(page.locator("#chat .notice .card-title")).to_have_text("Five off")
    await expect(page.locator("#chat .notice .card-code")).to_have_text("SPRING")
