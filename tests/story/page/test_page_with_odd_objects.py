"""What others may write, drawn or left out: it does not stop the page, leave its place or turn its neighbours."""

import asyncio
import itertools
import json
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.story.page.fake_room import PATIENCE, FakeRoom, JsonObject, Seat, chat
from tests.story.page.viewer import entries, say

NOW = 1_700_000_000_000
HUGE = 1e300
ODD: list[Any] = [None, True, -1, 1.5, 2**60, HUGE, "", "x", [], {}, {"toString": 1, "valueOf": 1}, "constructor"]
FIELDS = {
    1: ["username", "userId", "others"],
    2: ["username", "userId", "others"],
    4: ["seq", "textMessage", "fromusername", "userId", "avatar", "time", "id", "to"],
    5: ["onlineNumber"],
    6: ["zanNumber"],
    9: ["seq"],
    10: ["seq", "name", "data", "time", "to"],
    11: ["action", "seconds"],
    12: ["settings"],
    13: ["dropped", "seq"],
    14: ["properties"],
    0: ["error", "message", "retryAfter"],
}
OVERRIDE, ISOLATE_END = "\u202e", "\u2069"
STACK = "e" + "\u0301" * 499  # a font that can stack them does

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.long]


async def test_a_chat_whose_time_is_none_is_shown_without_one(page: Page, room: FakeRoom) -> None:
    times: list[Any] = [NOW * 10**6, NOW * 10**9, -NOW, HUGE, 0, 1.5, None, True, str(NOW), "soon", [], {}, [NOW]]
    before = [chat(number, f"odd {time!r}", time=time) for number, time in enumerate(times, 1)]
    live = [said | {"seq": 100 + said["seq"], "textMessage": f"live {said['textMessage']}"} for said in before]
    plain, last = chat(99, "plain", time=NOW), chat(200, "last", time=NOW)
    await page.goto("/?room=42&name=alice")
    for _ in range(2):
        seat = await room.arrival()
        await seat.welcome(cursor="e1.99", history=[*before, plain])
        await seat.say(*live, last)
        said = [one["textMessage"] for one in (*before, plain, *live, last)]
        await expect(page.locator("#chat .text")).to_have_text(said)
        with_time = page.locator("#chat .chat").filter(has=page.locator("time"))
        await expect(with_time.locator(".text")).to_have_text(["plain", "last"])
        await page.reload()


async def test_a_chat_without_any_of_its_fields_is_shown(page: Page, seat: Seat) -> None:
    await seat.say({"messageType": 4}, {"messageType": 4, "fromusername": "\u200b", "userId": "u-7"}, chat(1, "hello"))

    await expect(page.locator("#chat .name")).to_have_text(["somebody", "u-7", "bob"])


async def test_whatever_a_field_holds_what_follows_is_drawn(page: Page, seat: Seat) -> None:
    seqs = itertools.count(1)
    objects: list[JsonObject] = []
    for type_, names in FIELDS.items():
        for name, value in itertools.product(names, ODD):
            plain = {"messageType": type_, "seq": next(seqs), "username": "bob", "ok": False, "action": "muted"}
            objects += [plain | {name: value}, chat(next(seqs), f"after {type_} {name} {value!r}")]
    objects += [{"messageType": odd} for odd in ODD]
    for part in itertools.batched(objects, 100) if hasattr(itertools, "batched") else [objects]:
        await seat.say(*part, last := chat(next(seqs), f"part {next(seqs)}"))
        await expect(entries(page).last).to_contain_text(last["textMessage"])
        assert await page.locator("#chat .text").filter(has_text="after").count() >= 40

    assert "native code" not in await page.locator("body").inner_text()
    assert "[object Object]" not in await page.locator("body").inner_text()
    await expect(page.locator("#online")).to_have_text("1")


async def test_whatever_a_welcome_holds_the_viewer_is_in(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice")
    names = ["userId", "settings", "onlineNumber", "zanNumber", "gap", "heartbeatSeconds", "history", "properties"]
    for shift in range(len(ODD)):
        # All fields are odd at once, each by another value, until each has had every value.
        welcome = {name: ODD[(number + shift) % len(ODD)] for number, name in enumerate(names)}
        for name, plain in (("heartbeatSeconds", 1.5), ("gap", True)):
            if welcome[name] == plain:
                del welcome[name]
        seat = await room.arrival()
        await seat.welcome(**welcome)
        await seat.say(chat(1, f"after {welcome}"))
        await expect(page.locator("#chat .text").last).to_have_text(f"after {welcome}")
        await page.reload()


async def test_whoever_is_said_to_be_here_is_listed_or_left_out(page: Page, seat: Seat) -> None:
    await page.locator("summary").click()
    asked = await seat.heard()
    users = [*ODD, *({"userId": odd, "username": odd} for odd in ODD), {"userId": "u2", "username": "Bob"}]
    await seat.say({"messageType": 3, "users": users, "onlineNumber": "many", "id": asked["id"]})

    await expect(page.locator("#people button").last).to_have_text("Bob")
    await expect(page.locator("#people button").last).to_be_enabled()
    await expect(page.get_by_role("button", name="somebody").first).to_be_disabled()


async def test_what_cannot_be_drawn_at_all_is_left_out_and_logged_once(page: Page, room: FakeRoom) -> None:
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    broken = "Object.defineProperty(Intl.DateTimeFormat.prototype, 'format', { get() { throw new Error('no clock') } })"
    await page.add_init_script(broken)
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome(history=[chat(1, "odd"), chat(2, "plain", time=0)])
    await seat.say(chat(3, "odd"), chat(4, "plain", time=0), chat(5, "odd"))

    await expect(page.locator("#chat .text")).to_have_text(["plain", "plain"])
    assert len(errors) == 1


async def test_what_is_too_long_to_be_read_is_cut(page: Page, seat: Seat) -> None:
    await seat.say(
        chat(1, "😀" * 8000, "n" * 8000), {"messageType": 10, "seq": 2, "data": {f"k{n}": n for n in range(3000)}}
    )
    await seat.say({"messageType": 1, "username": "j" * 8000}, chat(3, "after"))

    await expect(page.locator("#chat .text").last).to_have_text("after")
    assert len(await page.locator("#chat .text").first.inner_text()) <= 2001
    await expect(page.locator("#chat .notice .text")).to_have_count(21)
    assert await page.locator("#log").evaluate("log => log.scrollHeight") < 4000


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\f", "\u0085", "\u2028", "\u2029"])
async def test_a_message_of_many_lines_flies_in_one(page: Page, seat: Seat, end: str) -> None:
    await seat.say(chat(1, end.join(["line"] * 38)), chat(2, "plain"), chat(3, f"{end} {end}"))

    flights = page.locator(".flight")
    await expect(flights).to_have_text([" ".join(["line"] * 38), "plain"])
    heights = await flights.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
    assert heights[0] == heights[1] < 41
    assert await flights.first.evaluate("one => one.getClientRects().length") == 1


async def test_marks_paint_over_nothing_beside_them(page: Page, seat: Seat) -> None:
    """The neighbours look the same whether or not what is written between them is painted."""
    await seat.say(chat(1, "above"), chat(2, STACK, STACK), chat(3, "plain"), {"messageType": 1, "username": STACK})
    await seat.say(chat(4, "plain"), {"messageType": 10, "seq": 5, "name": STACK, "data": STACK}, chat(6, "below"))
    await expect(entries(page)).to_have_count(7)
    plain = page.locator("#chat .chat").filter(has_text=re.compile("above|plain|below"))

    async def pictures(painted: str) -> list[bytes]:
        await entries(page).evaluate_all(
            "(all, how) => all.filter((_, n) => n % 2).forEach((entry) => (entry.style.visibility = how))", painted
        )
        return [await entry.screenshot(animations="disabled") for entry in await plain.all()]

    await expect(plain).to_have_count(4)
    async with asyncio.timeout(PATIENCE):  # a page that has just been filled is not painted at once
        while await pictures("visible") != await pictures("hidden"):
            pass


@pytest.mark.parametrize("place", ["flight", "initial", "head", "text", "notice", "line", "people", "private"])
async def test_marks_are_clipped_wherever_a_text_of_others_stands(page: Page, seat: Seat, place: str) -> None:
    await page.locator("summary").click()
    asked = await seat.heard()
    people = [{"userId": "u2", "username": STACK}]
    await seat.say({"messageType": 3, "users": people, "onlineNumber": 1, "id": asked["id"]})
    await page.locator("#people button").click()
    await seat.say(chat(1, STACK, STACK), {"messageType": 1, "username": STACK}, {"messageType": 10, "name": STACK})
    selectors = {"flight": ".flight", "initial": ".initial", "head": ".head", "text": ".chat .text"}
    selectors |= {"notice": ".notice p", "line": "li.line", "people": "#people button", "private": "#private-line"}
    box = page.locator(selectors[place]).first

    await expect(box).to_be_attached()
    assert await box.evaluate("box => getComputedStyle(box).overflowY") in ("clip", "hidden")
    assert await box.evaluate("box => box.getBoundingClientRect().height") < 60


@pytest.mark.parametrize(
    "name", [f"{OVERRIDE}ecila", "\u2067alice", f"{ISOLATE_END}{OVERRIDE}ecila", "אליס", "\u202bali"]
)
async def test_a_name_does_not_turn_the_words_around_it(page: Page, seat: Seat, name: str) -> None:
    await page.locator("summary").click()
    asked = await seat.heard()
    await seat.say(
        {"messageType": 3, "users": [{"userId": "u2", "username": name}], "onlineNumber": 1, "id": asked["id"]}
    )
    await seat.say({"messageType": 1, "username": name, "others": 3}, {"messageType": 2, "username": name})
    await seat.say(chat(1, "hello", name, to="alice"), chat(2, "psst", "alice", to=name))
    button = page.locator("#people button")
    await button.click()

    shown = name.translate({ord(mark): None for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"})
    await expect(page.locator("#chat li.line")).to_have_text([f"{shown} and 3 others joined", f"{shown} left"])
    for line in await page.locator("#chat li.line").all():
        assert await comes_before(line, "bdi", "joined" if "joined" in await line.inner_text() else "left")
    assert await comes_before(page.locator("#private-line"), "bdi", "Only to") is False
    await expect(page.locator("#chat .tag")).to_have_text(["only to you", f"only to {shown}"])
    await expect(page.locator("bdi").filter(has_text=shown)).to_have_count(6 + (shown in "alice"))
    assert await button.get_attribute("title") == f"Write to \u2068{shown}\u2069 alone"


async def comes_before(line: Locator, selector: str, word: str) -> bool:
    """Whether the element stands left of the word, on the screen."""
    before: bool = await line.evaluate(
        """(line, [selector, word]) => {
          const nodes = [...line.childNodes].filter((node) => node.nodeType === 3 && node.data.includes(word));
          const range = document.createRange();
          range.setStart(nodes[0], nodes[0].data.indexOf(word));
          range.setEnd(nodes[0], nodes[0].data.indexOf(word) + word.length);
          const [name, other] = [line.querySelector(selector), range].map((it) => it.getBoundingClientRect());
          return name.right <= other.left + 1;
        }""",
        [selector, word],
    )
    return before


async def test_a_text_runs_in_its_own_direction(page: Page, seat: Seat) -> None:
    await seat.say(
        chat(1, "مرحبا Bob!"), chat(2, "hello"), {"messageType": 10, "seq": 3, "name": "שלום", "data": "שלום"}
    )
    await page.get_by_label("Message").fill("مرحبا")

    direction = "all => all.map((one) => getComputedStyle(one).direction)"
    await expect(page.locator("#chat .text")).to_have_count(3)
    await expect(page.locator(".flight")).to_have_count(2)
    assert await page.locator("#chat .text").evaluate_all(direction) == ["rtl", "ltr", "rtl"]
    assert await page.locator(".flight").evaluate_all(direction) == ["rtl", "ltr"]
    assert await page.locator("#message").evaluate_all(direction) == ["rtl"]


INITIALS = {
    "bob": "B",
    "🇩🇪max": "🇩🇪",
    "👨‍👩‍👧fam": "👨‍👩‍👧",
    "👍🏽yes": "👍🏽",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿eng": "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "1️⃣one": "1️⃣",
    "❤️love": "❤️",
    "e\u0301mile": "E\u0301",
    "\u200b \u2060zoe": "Z",
    "ßeta": "S",
    "\U00010428deseret": "\U00010400",
}


@pytest.mark.parametrize("segmenter", [True, False], ids=["segmenter", "without"])
async def test_an_initial_is_a_whole_grapheme(page: Page, room: FakeRoom, segmenter: bool) -> None:
    if not segmenter:
        await page.add_init_script("delete Intl.Segmenter")
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome(history=[chat(seq, "hi", name) for seq, name in enumerate(INITIALS)])

    await expect(page.locator("#chat .initial")).to_have_text(list(INITIALS.values()))


async def test_a_text_that_is_too_long_is_told_at_once_and_stays_in_the_box(page: Page, seat: Seat) -> None:
    await say(page, "x" * 501)

    await expect(page.locator("#refused")).to_have_text("That is too long.")
    await expect(page.get_by_label("Message")).to_have_value("x" * 501)
    await say(page, "short")
    assert (await seat.heard())["message"] == "short"


@pytest.mark.parametrize("kept", ["not a token", "a,b", "\x00", "é.é.é", "{}"])
async def test_what_was_kept_and_is_no_token_is_no_obstacle(page: Page, room: FakeRoom, kept: str) -> None:
    await page.add_init_script(f"sessionStorage.setItem('token', {json.dumps(kept)})")
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()

    assert seat.subprotocols == ["live.v1"]
    await expect(page.locator("#state")).to_have_text("Connected")


async def test_a_browser_that_keeps_nothing_is_no_obstacle(page: Page, room: FakeRoom) -> None:
    denied = (
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    await page.add_init_script(denied)
    await page.goto("/?room=42&name=alice#token=a.b.c")
    seat = await room.arrival()

    assert seat.subprotocols == ["live.v1", "bearer.a.b.c"]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
async def test_nothing_that_is_written_makes_the_page_wider(
    browser: Browser, address: str, room: FakeRoom, width: int, height: int
) -> None:
    context = await browser.new_context(base_url=address, viewport={"width": width, "height": height})
    page = await context.new_page()
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    for seq, odd in enumerate(["w" * 2000, "﷽" * 300, "𒐫" * 300, STACK, "a\u00a0" * 1000]):
        await seat.say(
            chat(seq, odd, odd, to=odd), {"messageType": 1, "username": odd}, {"messageType": 10, "data": {odd: odd}}
        )
    await expect(page.locator("#chat .chat")).to_have_count(5)

    assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert await page.locator("#log").evaluate("log => log.scrollWidth - log.clientWidth") == 0
    await context.close()
