"""The room page in a real browser: messages that fly over the stream, and the stream."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.story.page.fake_room import PATIENCE, FakeRoom, Seat, chat

pytestmark = pytest.mark.asyncio(loop_scope="session")
# Where each flight is at one moment, from the animations: no frame need be drawn.
PLACES = """flights => {
  const at = document.timeline.currentTime;
  return [...flights.children].map((flight) => {
    const [animation] = flight.getAnimations();
    const timing = animation.effect.getComputedTiming();
    const [from, to] = animation.effect.getKeyframes().map(({ transform }) => Number(/-?[0-9.]+/.exec(transform)[0]));
    const left = from + ((at - animation.startTime) / timing.duration) * (to - from);
    return { left, right: left + flight.offsetWidth, top: flight.offsetTop, speed: (from - to) / timing.duration };
  });
}"""

PLAYING = "video => new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0 && done() })"


async def flights(page: Page) -> list[dict[str, float]]:
    found: list[dict[str, float]] = await page.locator("#flights").evaluate(PLACES)
    return found


def overlaps(found: list[dict[str, float]]) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Pairs of one lane that meet."""
    ordered = sorted(found, key=lambda one: (one["top"], one["left"]))
    pairs = itertools.pairwise(ordered)
    return [(one, other) for one, other in pairs if one["top"] == other["top"] and one["right"] > other["left"]]


async def test_messages_fill_the_stages_height_and_never_meet_even_if_frames_are_late(page: Page, seat: Seat) -> None:
    seqs = itertools.count(1)
    height = await page.locator("#stage").evaluate("stage => stage.clientHeight")
    found: list[dict[str, float]] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < 20 or max(one["top"] for one in found) < height - 90:
            await seat.say(*(chat(seq := next(seqs), "word " * (seq % 9 + 1)) for _ in range(60)))
            await page.evaluate("() => { const end = performance.now() + 250; while (performance.now() < end); }")
            found = await flights(page)
            assert overlaps(found) == []

    assert len({round(one["speed"], 6) for one in found}) == 1


async def test_a_busy_room_does_not_cross_in_columns(page: Page, seat: Seat) -> None:
    seqs = itertools.count(1)
    found: list[dict[str, float]] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < 30:
            await seat.say(*(chat(next(seqs), "as long as all the others") for _ in range(60)))
            await page.evaluate("() => new Promise((drawn) => requestAnimationFrame(drawn))")
            found = await flights(page)
    lefts = sorted(one["left"] for one in found)
    width = found[0]["right"] - found[0]["left"] + 48

    # In columns all would be within a fifth of the distance from one column to the next.
    assert len({int(left % width / width * 5) for left in lefts}) >= 4


async def test_a_tick_is_spread_over_its_time(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(number, f"number {number}") for number in range(10)))
    await expect(page.locator(".flight")).to_have_count(10)
    lefts = sorted(one["left"] for one in await flights(page))

    assert len({round(left) for left in lefts}) >= 8


async def test_ones_own_message_flies_though_all_lanes_are_taken(page: Page, room: FakeRoom) -> None:
    await page.set_viewport_size({"width": 500, "height": 400})  # before: a stage that gets another width is emptied
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await seat.say(*(chat(number, "long " * 6) for number in range(40)))
    await expect(page.locator(".flight").first).to_be_attached()
    await seat.say(chat(100, "mine", "alice"))

    await expect(page.locator(".flight.mine")).to_have_text("mine")
    assert overlaps(await flights(page)) == []


async def test_the_settings_are_applied_and_kept(page: Page, room: FakeRoom, seat: Seat) -> None:
    panel = page.locator("#danmaku")
    await page.get_by_role("button", name="Bullet chat settings").click()
    for name, value in {"opacity": "0.5", "size": "1.5", "speed": "2"}.items():
        await panel.locator(f"[name={name}]").evaluate(
            "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })) }",
            value,
        )
    await page.get_by_label("Area").select_option("Top quarter")
    await page.get_by_label("Area").press("Escape")
    await expect(panel).to_be_hidden()

    async def flown(seat: Seat) -> dict[str, Any]:
        await seat.say(*(chat(seq, "hello") for seq in range(30)))
        await expect(page.locator(".flight").nth(1)).to_be_attached()
        return {
            "opacity": await page.locator("#flights").evaluate("layer => getComputedStyle(layer).opacity"),
            "size": await page.locator(".flight").first.evaluate("flight => getComputedStyle(flight).fontSize"),
            "low": max(one["top"] for one in await flights(page))
            > await page.locator("#stage").evaluate("it => it.clientHeight / 4"),
        }

    assert await flown(seat) == {"opacity": "0.5", "size": "30px", "low": False}
    await page.reload()
    seat = await room.arrival()
    await seat.welcome()
    assert await flown(seat) == {"opacity": "0.5", "size": "30px", "low": False}
    await page.get_by_role("button", name="Bullet chat", exact=True).click()
    await expect(page.locator(".flight")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_role("button", name="Bullet chat", exact=True)).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(
    "kept", ["", "null", "{", "[]", '{"speed": 1e9, "area": "constructor", "on": "no", "size": {}}']
)
async def test_settings_that_make_no_sense_are_as_good_as_none(page: Page, room: FakeRoom, kept: str) -> None:
    await page.add_init_script(f"localStorage.setItem('danmaku', {json.dumps(kept)})")
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await seat.say(chat(1, "hello"))

    await expect(page.locator(".flight")).to_have_text("hello")


async def test_nothing_flies_or_plays_for_those_who_want_no_motion(
    browser: Browser, address: str, room: FakeRoom
) -> None:
    context = await browser.new_context(base_url=address, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome()
    await seat.say(chat(1, "calm"))

    await expect(page.locator("#chat .text")).to_have_text("calm")
    assert await page.locator(".flight").count() == 0
    assert await page.locator("#video").evaluate("video => [video.paused, video.controls]") == [True, True]
    await context.close()


async def test_the_sample_plays_and_begins_again(page: Page, seat: Seat) -> None:
    video = page.locator("#video")
    await video.evaluate(
        "video => new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0 && done() })"
    )
    await video.evaluate(
        "video => { video.currentTime = video.duration - 0.2; return new Promise((done) => {"
        " video.ontimeupdate = () => video.currentTime < 1 && done() }) }"
    )
    assert await video.evaluate("video => [video.muted, video.loop, video.videoWidth]") == [True, True, 640]
    await expect(page.locator("#sound")).to_be_hidden()


async def test_a_stream_of_ones_own_is_played(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice&src=/assets/pages/room/sample.webm")
    video = page.locator("#video")
    await video.evaluate(
        "video => new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0 && done() })"
    )
    await page.get_by_role("button", name="Sound").click()

    assert await video.evaluate("video => [video.muted, video.loop]") == [False, False]
    assert "src=" in page.url


@pytest.mark.parametrize(
    ("src", "line"),
    [
        ("javascript:alert(1)", "A stream's address begins with https://."),
        ("http://example.com/a.webm", "A stream's address begins with https://."),
        ("data:video/webm;base64,AAAA", "A stream's address begins with https://."),
        ("/missing.webm", "The stream cannot be played."),
    ],
)
async def test_a_stream_that_cannot_be_played_says_so(page: Page, room: FakeRoom, src: str, line: str) -> None:
    await page.goto(f"/?room=42&name=alice&src={src}")
    await (await room.arrival()).welcome()

    await expect(page.locator("#screen-line")).to_have_text(line)
    await expect(page.locator("#state")).to_have_text("Connected")
