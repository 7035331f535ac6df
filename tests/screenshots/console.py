"""The console's states, on a desktop and a phone, light and dark, in English and Chinese."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from bench.chromium import chromium
from bench.served_pages import served
from tests.screenshots.room_page import SAID, SIZES, Look
from tests.story.page.fake_api import CALLER, REPORT, FakeApi, JsonObject
from tests.story.page.fake_room import FakeRoom, Seat, chat

NOW = 1_780_000_000_000
MINUTE_MS = 60_000
MUG: JsonObject = {"title": "Blue mug", "text": "Porcelain, 0.3 l", "price": 9.5, "currency": "EUR"}
HELD: JsonObject = {"since": NOW, "by": "max", "byName": "Max"}
MUTED = HELD | {"action": "muted", "userId": "Dan", "until": 4_000_000_000_000, "reason": "no links, please"}
BANNED = HELD | {"action": "banned", "userId": "spammer-77", "until": None, "reason": None}


def done(seq: int, what: str, data: JsonObject, *to: str, name: str = "Max") -> JsonObject:
    """An act of the audit."""
    by = {"by": name.lower(), "byName": name}
    return {"what": what, "seq": seq, "time": NOW + seq * 9_000, **by, "to": list(to), "data": data}


ACTS = [
    done(19, "sanction", {"action": "muted", "seconds": 600, "reason": "no links, please"}, "Dan"),
    done(17, "removal", {"seq": 4}, name="Maud"),
    done(12, "notice", {"name": "product"}, name="Shop"),
    done(9, "properties", {"pinned": MUG}, name="Shop"),
    done(3, "settings", {"slowModeSeconds": 10, "frozen": False}),
    done(2, "sanction", {"action": "banned", "seconds": None}, "spammer-77"),
]
MINUTES = [
    {
        "time": NOW + at * MINUTE_MS,
        "onlineNumber": 400 + at * 9 - (at - 60) * abs(at - 60) // 9,
        "chats": 30 + at * 37 % 41,
        "likes": 100 + at * 53 % 211,
    }
    for at in range(120)
]
FIGURES = {"peakOnline": 1024, "averageOnline": 812.5, "viewers": 5300, "chats": 5400, "chatters": 900, "likes": 24_600}
SUMS = {"watchSeconds": 875_000.0, "watchSecondsPerViewer": 165.0}
WATCHED = [{"userId": name, "seconds": 5400.0 - at * 700} for at, name in enumerate(("Zoë", "小明", "سارة", "Bob"))]


@dataclass
class Scene:
    """A console, and the room and the API that it talks to."""

    page: Page
    room: FakeRoom
    api: FakeApi = field(default_factory=FakeApi)

    async def enter(self) -> Seat:
        """A room with some talk in it."""
        self._fill()
        await self.api.install(self.page)
        await self.page.goto("/console?room=42")
        seat = await self.room.arrival()
        await seat.welcome(onlineNumber=1024, zanNumber=24_600, properties={"pinned": MUG})
        said = [chat(seq, text, user, time=NOW + seq * 7000) for seq, (user, text) in enumerate(SAID, 1)]
        said[3] |= {"attributes": {"role": "host", "level": "12"}}
        notice = {"messageType": 10, "seq": 12, "name": "product", "data": MUG, "time": NOW}
        await seat.say(*said, notice, chat(13, "buy followers at spam.example", "Dan", time=NOW + 99_000))
        await seat.say({"messageType": 9, "seq": 4})
        await expect(self.page.locator("#chat > .removed")).to_have_count(1)
        return seat

    async def tab(self, key: str) -> None:
        await self.page.locator(f"#tab-{key}").click()

    def _fill(self) -> None:
        users = [{"userId": user, "username": user} for user, _ in dict(SAID).items()]
        users[3]["attributes"] = {"role": "host", "level": "12"}  # type: ignore[assignment]
        lists: dict[str, Any] = {
            "activities/42/users": {"users": users, "onlineNumber": 1024, "cursor": None},
            "activities/42/sanctions": {"sanctions": [MUTED, BANNED], "cursor": None},
            "activities/42/audit": {"acts": ACTS, "before": None},
            "activities/42/properties": {"pinned": MUG},
            "activities/42/report": REPORT | FIGURES | SUMS | {"minutes": MINUTES, "longest": WATCHED},
            "activities/42/watch-time": {"users": WATCHED, "totalSeconds": 875_000.0},
            "activities": {"activities": [live(42, 1024), live(7, 88), live(9001, 3)], "cursor": None},
            "words": {"mask": ["darn", "=ass", "坏人"], "reject": ["spam.example"]},
        }
        for path, answer in lists.items():
            self.api.answers[f"GET /api/{path}"] = (200, answer)
        self.api.answers["POST /api/words/try"] = (200, {"text": "oh *******", "rejected": False})


def live(room: int, online: int) -> JsonObject:
    return {"activityId": room, "onlineNumber": online, "connections": online + 9, "zanNumber": online * 24}


async def people(scene: Scene) -> None:
    await scene.enter()
    await scene.tab("people")


async def moderating(scene: Scene) -> None:
    """The chat is held, and one act was done."""
    seat = await scene.enter()
    if await scene.page.locator("#tab-chat").is_hidden():
        await scene.tab("audit")
    row = scene.page.locator("#chat > .chat", has_text="spam.example")
    await row.focus()
    await scene.page.keyboard.press("m")
    await expect(scene.page.locator("#outcomes > .outcome")).to_have_count(1)
    await seat.say(*(chat(seq, "and this one?", "Yuki", time=NOW) for seq in range(20, 27)))
    await expect(scene.page.locator("#held")).to_be_visible()


async def menu(scene: Scene) -> None:
    await scene.enter()
    await scene.page.locator("#chat > .chat .more").last.click()
    await scene.page.locator("#menu [data-does=banRemove]").click()


async def sanctions(scene: Scene) -> None:
    await scene.enter()
    await scene.tab("sanctions")


async def audit(scene: Scene) -> None:
    await scene.enter()
    await scene.tab("audit")


async def publishing(scene: Scene) -> None:
    await scene.enter()
    await scene.tab("publish")
    inputs = scene.page.locator("#panel-publish form input:visible")
    for at, value in enumerate(("Red mug", "", "12.50", "EUR", "https://example.com/mug")):
        await inputs.nth(at).fill(value)


async def words(scene: Scene) -> None:
    await scene.enter()
    await scene.tab("words")
    await scene.page.locator("#panel-words input").fill("oh d.a.r.n")
    await scene.page.locator("#panel-words form button").click()
    await expect(scene.page.locator(".verdict")).to_have_attribute("data-verdict", "masked")


async def report(scene: Scene) -> None:
    await scene.enter()
    await scene.tab("report")
    await expect(scene.page.locator(".chart")).to_have_count(3)


async def rooms(scene: Scene) -> None:
    scene.api.answers["GET /api/activities"] = (200, {"activities": [live(42, 1024), live(7, 88)], "cursor": None})
    await scene.api.install(scene.page)
    await scene.page.goto("/console")
    await expect(scene.page.locator(".room-link")).to_have_count(2)


async def failed(scene: Scene) -> None:
    seat = await scene.enter()
    scene.api.answers["GET /api/activities/42/users"] = None
    scene.api.answers["PUT /api/activities/42/bans"] = (503, {"error": "unavailable", "message": "Kafka"})
    await scene.page.locator("#chat > .chat").last.focus()
    await scene.page.keyboard.press("b")
    await expect(scene.page.locator("#outcomes > .failed")).to_have_count(1)
    await scene.tab("people")
    await seat.drop()


async def keys(scene: Scene) -> None:
    await scene.enter()
    await scene.page.locator("#help").click()


async def entry(scene: Scene) -> None:
    scene.api.answers["GET /api/caller"] = (401, {"error": "unauthorized", "message": "a bearer token is needed"})
    await scene.api.install(scene.page)
    await scene.page.goto("/console?room=42")
    await expect(scene.page.locator("#entry")).to_be_visible()


async def no_capabilities(scene: Scene) -> None:
    scene.api.answers["GET /api/caller"] = (200, CALLER | {"mode": "token", "caps": ["chat"], "platform": False})
    await scene.api.install(scene.page)
    await scene.page.goto("/console?room=42")
    await expect(scene.page.locator("#entry")).to_be_visible()


State = Callable[[Scene], Awaitable[None]]
PHONE, DARK, CHINESE = Look("phone"), Look(scheme="dark"), Look(language="zh-CN")
DARK_PHONE = Look("phone", "dark", "zh-CN")
STATES: list[tuple[State, list[Look]]] = [
    (moderating, [Look(), DARK, CHINESE, PHONE, DARK_PHONE, Look("landscape")]),
    (menu, [Look(), PHONE, DARK_PHONE, Look("landscape")]),
    (people, [Look(), PHONE]),
    (sanctions, [DARK, PHONE, CHINESE]),
    (audit, [Look(), PHONE]),
    (publishing, [Look(), PHONE, DARK_PHONE]),
    (words, [Look(), PHONE]),
    (report, [Look(), DARK, PHONE, DARK_PHONE]),
    (rooms, [Look(), PHONE]),
    (failed, [Look(), DARK_PHONE]),
    (keys, [DARK, PHONE]),
    (entry, [Look(), PHONE]),
    (no_capabilities, [CHINESE]),
]


async def take(directory: Path) -> None:
    """Write a picture of each state in each of its looks: `console-menu-phone-light-en.png`."""
    async with chromium() as browser:
        for state, looks in STATES:
            for look in looks:
                async with scene(browser, look) as shown:
                    await state(shown)
                    await shown.page.screenshot(path=directory / f"console-{state.__name__}-{look}.png")


@asynccontextmanager
async def scene(browser: Browser, look: Look) -> AsyncIterator[Scene]:
    """A console of its own, of which nothing is open yet."""
    room = FakeRoom()
    async with served(room) as address:
        context = await browser.new_context(
            base_url=address,
            viewport=SIZES[look.size],
            color_scheme=look.scheme,
            locale=look.language,
            timezone_id="UTC",
        )
        yield Scene(await context.new_page(), room)
        await context.close()
