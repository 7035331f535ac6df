"""The room page's states, on a desktop and a phone, light and dark, in English and Chinese."""

import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from bench.chromium import chromium
from bench.served_pages import served
from tests.story.page.fake_room import FakeRoom, JsonObject, Seat, chat
from tests.story.page.viewer import say

SIZES = {
    "desktop": ViewportSize(width=1440, height=900),
    "laptop": ViewportSize(width=1280, height=720),
    "phone": ViewportSize(width=390, height=844),
    "landscape": ViewportSize(width=844, height=390),
}
SAID = [
    ("Bob", "hello everyone"),
    ("小明", "这个茶壶真好看！"),
    ("سارة", "مرحبا! How big is it?"),
    ("Zoë", "0.8 litres, enough for four cups"),
    ("Dan", "nice @Alice, look at that handle"),
    ("Ines", "¿hacen envíos a España?"),
    ("Yuki", "青いのが欲しいです"),
    ("Bob", "how long does it keep warm?"),
]
PRODUCT = {"title": "Blue teapot", "text": "Porcelain, 0.8 l", "price": 39.5, "currency": "EUR"}
PRODUCT |= {"picture": "/assets/pages/shared/heart.svg", "link": "https://example.com/teapot"}


@dataclass(frozen=True)
class Look:
    """How a browser shows the page."""

    size: str = "desktop"
    scheme: Literal["light", "dark"] = "light"
    language: str = "en-US"

    def __str__(self) -> str:
        return f"{self.size}-{self.scheme}-{self.language[:2]}"


@dataclass(frozen=True)
class Scene:
    """A page, and the room that it talks to."""

    page: Page
    room: FakeRoom

    async def enter(self, query: str = "room=42&name=Alice", **welcome: object) -> Seat:
        await self.page.goto(f"/?{query}")
        seat = await self.room.arrival()
        await seat.welcome(**({"userId": "me", "onlineNumber": 1234, "zanNumber": 56789} | welcome))
        await expect(self.page.locator("#state")).to_have_attribute("data-name", "open")
        return seat

    async def refused(self, reason: str, fragment: str = "", **more: object) -> None:
        """The door that a viewer stands at."""
        self.room.refusing = True
        body = json.dumps({"admitted": False, "status": 403, "reason": reason, **more})

        async def answer(route: Route) -> None:
            await route.fulfill(status=200, content_type="application/json", body=body)

        await self.page.route("**/admission**", answer)
        await self.page.goto(f"/?room=42&name=Alice{fragment}")
        await expect(self.page.locator("#door")).to_be_visible()


class State(Protocol):
    """Brings a scene into a state; its name is the state's."""

    __name__: str

    def __call__(self, scene: Scene) -> Awaitable[None]: ...


def crowd(ticks: int, of: int) -> list[list[JsonObject]]:
    """Ticks of chats: some have a level or a role, some answer others."""
    said: list[JsonObject] = []
    for seq in range(ticks * of):
        user, text = SAID[seq % len(SAID)]
        one = chat(seq, text, user)
        if user == "Zoë":
            one |= {"attributes": {"role": "host", "level": "12"}, "extra": {"replyTo": seq - 1}}
        if user == "Ines":
            one |= {"attributes": {"level": "3"}}
        said.append(one)
    return [said[start : start + of] for start in range(0, len(said), of)]


async def busy(scene: Scene) -> None:
    seat = await scene.enter(properties={"pinned": PRODUCT, "announcement": "We begin at eight"})
    for tick in crowd(18, 6):
        await seat.say(*tick)
        await scene.page.wait_for_timeout(400)  # so that messages are all over the stage
    await say(scene.page, "what a lovely blue")


async def quiet(scene: Scene) -> None:
    await (await scene.enter()).say({"messageType": 1, "username": "Bob"}, *crowd(1, 4)[0])
    await expect(scene.page.locator("#chat .chat")).to_have_count(4)


async def entry(scene: Scene) -> None:
    await scene.page.goto("/")


async def entry_with_a_mistake(scene: Scene) -> None:
    await scene.page.goto("/?room=42")
    await scene.page.locator("#join button.primary").click()


async def reading(scene: Scene) -> None:
    seat = await scene.enter()
    await seat.say(*(one for tick in crowd(10, 10) for one in tick))
    await expect(scene.page.locator("#chat .chat")).to_have_count(100)
    await scene.page.locator("#log").evaluate("log => (log.scrollTop = 2000)")
    await seat.say(*(chat(seq, "unseen") for seq in range(200, 237)))
    await expect(scene.page.locator("#newer")).to_contain_text("37")


async def not_sent(scene: Scene) -> None:
    seat = await scene.enter()
    for text, error in (("too soon", "slow_mode"), ("rude", "rejected"), ("on its way", "")):
        await say(scene.page, text)
        reply = {"messageType": 0, "id": (await seat.heard())["id"], "ok": False, "error": error, "message": ""}
        if error:
            await seat.say(reply | ({"retryAfter": 0.2} if text == "too soon" else {}))
            await expect(scene.page.locator("#outbox .unsent .text").last).to_have_text(text)
    await seat.say({"messageType": 11, "action": "muted", "seconds": 600, "reason": "please be kind"})


async def people(scene: Scene) -> None:
    seat = await scene.enter()
    await scene.page.locator("summary").click()
    asked = await seat.heard()
    users = [
        {"userId": user, "username": user, "attributes": {"level": str(number)}}
        for number, (user, _) in enumerate(SAID)
    ]
    await seat.say({"messageType": 3, "users": users[:7], "onlineNumber": 1234, "id": asked["id"]})
    await scene.page.locator("#people button").first.click()


async def replying(scene: Scene) -> None:
    seat = await scene.enter()
    await seat.say(
        *crowd(1, 8)[0], {"messageType": 10, "seq": 90, "name": "coupon", "data": {"title": "Five off", "code": "FIVE"}}
    )
    await expect(scene.page.locator("#chat .notice")).to_be_visible()
    await scene.page.locator("#chat .chat .reply").nth(3).focus()
    await scene.page.keyboard.press("Enter")


async def settings(scene: Scene) -> None:
    await quiet(scene)
    await scene.page.locator("#bullet-settings").click()


async def banned(scene: Scene) -> None:
    await scene.refused("banned", retryAfter=7200, until=1_900_000_000_000, text="no links, please")


async def expired(scene: Scene) -> None:
    await scene.refused("token_expired", "#token=a.b.c")


async def unreachable(scene: Scene) -> None:
    await scene.refused("unreachable")


async def kicked(scene: Scene) -> None:
    seat = await scene.enter()
    await seat.say(*crowd(1, 5)[0], {"messageType": 11, "action": "kicked", "reason": "please be kind"})
    await expect(scene.page.locator("#door")).to_be_visible()


PHONE, DARK = Look("phone"), Look(scheme="dark")
CHINESE = Look(language="zh-CN")
STATES: list[tuple[State, list[Look]]] = [
    (busy, [Look(), DARK, CHINESE, Look("laptop"), PHONE, Look("phone", "dark", "zh-CN"), Look("landscape")]),
    (quiet, [Look(), PHONE]),
    (entry, [Look(), Look("phone", "dark"), CHINESE]),
    (entry_with_a_mistake, [PHONE]),
    (reading, [Look(), PHONE]),
    (not_sent, [Look(), Look("phone", "dark"), CHINESE]),
    (people, [Look(), PHONE]),
    (replying, [DARK, PHONE]),
    (settings, [Look(), PHONE, Look("landscape", language="zh-CN")]),
    (banned, [Look(), CHINESE]),
    (expired, [DARK, PHONE, Look("landscape")]),
    (unreachable, [PHONE]),
    (kicked, [Look(), Look("phone", language="zh-CN")]),
]


async def take(directory: Path) -> None:
    """Write a picture of each state in each of its looks: `room_page-busy-desktop-light-en.png`."""
    async with chromium() as browser:
        for state, looks in STATES:
            for look in looks:
                async with scene(browser, look) as shown:
                    await state(shown)
                    await shown.page.wait_for_timeout(500)  # for what is still on its way over the stage
                    await shown.page.screenshot(path=directory / f"room_page-{state.__name__}-{look}.png")


@asynccontextmanager
async def scene(browser: Browser, look: Look) -> AsyncIterator[Scene]:
    room = FakeRoom()
    async with served(room) as address:
        context = await browser.new_context(
            base_url=address, viewport=SIZES[look.size], color_scheme=look.scheme, locale=look.language
        )
        yield Scene(await context.new_page(), room)
        await context.close()
