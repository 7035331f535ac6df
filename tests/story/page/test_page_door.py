"""The room page in a real browser: why a viewer is not let in, and what the page offers then."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.story.page.fake_room import FakeRoom, Seat

pytestmark = pytest.mark.asyncio(loop_scope="session")
Refuse = Callable[..., Awaitable[None]]
OFFERS = {"again": "Try again", "name": "Choose another name", "forget": "Enter without the link"}


@pytest_asyncio.fixture(loop_scope="session")
async def refuse(page: Page, room: FakeRoom) -> Refuse:
    """Makes the room refuse handshakes, and its HTTP API say why."""

    async def refuse(reason: str, **more: Any) -> None:
        room.refusing = True
        body = {"admitted": False, "status": 403, "reason": reason, **more}

        async def answer(route: Route) -> None:
            await route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

        await page.route("**/admission**", answer)

    return refuse


@pytest.mark.parametrize(
    ("reason", "line", "offers"),
    [
        ("token_missing", "This room needs a personal link.", ["link"]),
        ("token_invalid", "This link is not valid.", ["forget", "link"]),
        ("token_expired", "This link has expired.", ["forget", "link"]),
        ("token_other_room", "This link is for another room.", ["forget", "link"]),
        ("name_rejected", "This name is not allowed here.", ["name"]),
        ("bad_field", "The room does not take this name.", ["name"]),
        ("banned", "You are banned from the room.", ["again"]),
        ("banned_everywhere", "You are banned from all rooms.", ["again"]),
        ("origin", "Rooms may not be entered from this site.", []),
    ],
)
async def test_where_trying_cannot_help_the_page_says_why_and_stops(
    page: Page, room: FakeRoom, refuse: Refuse, reason: str, line: str, offers: list[str]
) -> None:
    await refuse(reason)
    await page.goto("/?room=42&name=alice#token=a.b.c")

    await expect(page.locator("#door-line")).to_have_text(line)
    await expect(page.locator("#state")).to_have_text("Disconnected")
    for offer in ("again", "name", "forget", "link"):
        assert await page.locator(f"#door-{offer}").is_visible() == (offer in offers), offer


async def test_a_ban_says_until_when_and_why(page: Page, refuse: Refuse) -> None:
    await refuse("banned", retryAfter=7200, until=1_900_000_000_000, text="no links, please")
    await page.goto("/?room=42&name=alice")

    said = re.compile(r"^You are banned from this room until .*17.*\. Reason: .no links, please.$")
    await expect(page.locator("#door-line")).to_have_text(said)
    await expect(page.locator("#door-again")).to_have_text("Try again in 2 h")
    await expect(page.locator("#door-again")).to_be_disabled()


async def test_a_server_that_cannot_be_reached_is_tried_again_at_once_if_the_viewer_wants(
    page: Page, room: FakeRoom
) -> None:
    await page.clock.install(time=0)
    await page.clock.pause_at(1)  # so that it would wait for ever
    room.refusing = True
    await page.route("**/admission**", lambda route: route.abort())
    await page.goto("/?room=42&name=alice")
    await expect(page.locator("#door-line")).to_have_text("The server cannot be reached.")
    room.refusing = False
    await page.get_by_role("button", name="Try again now").click()
    await (await room.arrival()).welcome()

    await expect(page.locator("#state")).to_have_text("Connected")
    await expect(page.locator("#door")).to_be_hidden()


async def test_another_name_is_asked_for_and_taken(page: Page, room: FakeRoom, refuse: Refuse) -> None:
    await refuse("name_rejected")
    await page.goto("/?room=42&name=rude")
    await page.get_by_role("button", name=OFFERS["name"]).click()
    await expect(page.get_by_label("Your name")).to_be_focused()
    room.refusing = False
    await page.get_by_label("Your name").fill("kind")
    await page.keyboard.press("Enter")

    assert (await room.arrival()).query["username"] == "kind"


async def test_a_refused_token_can_be_got_rid_of(page: Page, room: FakeRoom, refuse: Refuse) -> None:
    await refuse("token_invalid")
    await page.goto("/?room=42&lang=en#token=a.b.c")
    await page.get_by_role("button", name=OFFERS["forget"]).click()
    await expect(page.get_by_label("Your name")).to_be_visible()
    room.refusing = False
    await page.get_by_label("Your name").fill("alice")
    await page.get_by_role("button", name="Join").click()

    assert (await room.arrival()).subprotocols == ["live.v1"]
    assert await page.evaluate("sessionStorage.getItem('token')") is None
    await expect(page).to_have_url(re.compile(r"/\?room=42&lang=en&name=alice$"))


async def test_a_token_can_be_got_rid_of_before_a_room_is_entered(page: Page, room: FakeRoom) -> None:
    await page.goto("/#token=a.b.c")
    await expect(page.get_by_label("Your name")).to_be_hidden()
    await page.get_by_role("button", name=OFFERS["forget"]).click()
    await page.get_by_label("Room number").fill("42")
    await page.get_by_label("Your name").fill("alice")
    await page.get_by_role("button", name="Join").click()

    assert (await room.arrival()).subprotocols == ["live.v1"]


async def test_a_new_link_is_followed_on_this_site(page: Page, room: FakeRoom, refuse: Refuse) -> None:
    await refuse("token_expired")
    await page.goto("/?room=42#token=a.b.c")
    for wrong in ("", "hello", "https://example.com/?room=7", "https://example.com/#token=d.e.f", "http://["):
        await page.get_by_label("New link").fill(wrong)
        await page.get_by_role("button", name="Use this link").click()
        await expect(page.locator("#door-link-problem")).to_have_text("That is no link to a room.")
    room.refusing = False
    await page.get_by_label("New link").fill("https://example.com/?room=7#token=d.e.f")
    await page.get_by_role("button", name="Use this link").click()
    seat = await room.arrival()

    assert (seat.query["activityId"], seat.subprotocols) == ("7", ["live.v1", "bearer.d.e.f"])
    assert page.url.startswith("http://127.0.0.1")


@pytest.mark.parametrize(
    ("sanction", "line"),
    [
        ({"action": "kicked", "seconds": None}, "You were put out of the room."),
        ({"action": "kicked", "reason": "be kind"}, "You were put out of the room. Reason: \u2068be kind\u2069"),
        ({"action": "kicked", "reason": "replaced"}, "You have opened the room in newer windows."),
        ({"action": "banned", "seconds": None}, "You are banned from the room."),
        ({"action": "banned", "seconds": 600}, "You are banned from the room for 10 min."),
        (
            {"action": "banned", "seconds": 60, "reason": "flooding"},
            "You have sent too much and are banned from the room for 60 s.",
        ),
    ],
)
async def test_who_is_put_out_is_told_why_and_offered_a_way_back(
    page: Page, room: FakeRoom, seat: Seat, sanction: dict[str, Any], line: str
) -> None:
    await page.get_by_label("Message").fill("half a thought")
    await seat.say({"messageType": 11, **sanction})
    await expect(page.locator("#door-line")).to_have_text(line)
    again = page.locator("#door-again")
    await expect(again).to_be_visible()
    if sanction.get("seconds"):
        await expect(again).to_be_disabled()
        await expect(again).to_contain_text("Try again in")
        return
    await again.click()
    await (await room.arrival()).welcome()

    await expect(page.locator("#state")).to_have_text("Connected")
    await expect(page.locator("#door")).to_be_hidden()
    await expect(page.get_by_label("Message")).to_have_value("half a thought")


@pytest.mark.parametrize(
    "odd", [{"until": 1e300}, {"until": "soon"}, {"text": {"a": 1}}, {"retryAfter": -1}, {"text": ""}]
)
async def test_whatever_the_answer_holds_the_line_is_shown(page: Page, refuse: Refuse, odd: dict[str, Any]) -> None:
    await refuse("banned", **odd)
    await page.goto("/?room=42&name=alice")

    await expect(page.locator("#door-line")).to_contain_text("You are banned from")


async def test_a_reason_that_the_page_does_not_know_is_tried_again(page: Page, room: FakeRoom, refuse: Refuse) -> None:
    await refuse("constructor")
    await page.goto("/?room=42&name=alice")
    await expect(page.locator("#door-line")).to_have_text("The server cannot be reached.")
    room.refusing = False
    await (await room.arrival()).welcome()

    await expect(page.locator("#door")).to_be_hidden()


async def test_two_tabs_with_one_name_are_two_users_and_a_reload_is_the_same(page: Page, room: FakeRoom) -> None:
    users = []
    for tab in (page, page, await page.context.new_page()):
        await tab.goto("/?room=42&name=sam")
        users.append((await room.arrival()).query["userId"])

    assert users[0] == users[1] != users[2]
    assert all(re.fullmatch(r"tab-[0-9a-f]{24}", user) for user in users)
