"""The room page in a real browser: what is said, and what is shown."""

import pytest
from playwright.async_api import Page, expect

from tests.story.page.fake_room import FakeRoom, Seat, chat
from tests.story.page.viewer import entries, say

SCRIPT = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='broken in'</script>"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_viewer_joins_by_number_and_name(page: Page, room: FakeRoom) -> None:
    await page.goto("/")
    await page.get_by_label("Room number").fill(" 42 ")
    await page.get_by_label("Your name").fill("Zoë & Bob #1/2")
    await page.get_by_role("button", name="Join").click()
    seat = await room.arrival()
    await seat.welcome(onlineNumber=1234, zanNumber=56789)

    assert seat.path == "/websocket"
    assert seat.query == {"activityId": "42", "username": "Zoë & Bob #1/2", "userId": seat.query["userId"]}
    assert seat.subprotocols == ["live.v1"]
    await expect(page.get_by_role("heading")).to_have_text("Room 42")
    await expect(page.locator("#online")).to_have_text("1,234")
    await expect(page.locator("#likes")).to_have_text("56,789")


async def test_a_link_with_a_room_alone_asks_for_the_name(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=7")
    await expect(page.get_by_label("Room number")).to_have_value("7")
    await page.get_by_label("Your name").fill("bob")
    await page.keyboard.press("Enter")

    query = (await room.arrival()).query
    assert (query["activityId"], query["username"]) == ("7", "bob")


@pytest.mark.parametrize(
    ("number", "name", "problem"),
    [
        ("", "alice", "The room is a whole number from 1."),
        ("0", "alice", "The room is a whole number from 1."),
        ("one", "alice", "The room is a whole number from 1."),
        ("9007199254740992", "alice", "The room is a whole number from 1."),
        ("42", "  ", "Please give a name."),
        ("42", "a" * 33, "The name is 1 to 32 characters."),
    ],
)
async def test_a_mistaken_entry_is_explained(page: Page, room: FakeRoom, number: str, name: str, problem: str) -> None:
    await page.goto("/")
    await page.get_by_label("Room number").fill(number)
    await page.get_by_label("Your name").fill(name)
    await page.get_by_role("button", name="Join").click()

    await expect(page.get_by_role("alert").first).to_have_text(problem)
    await page.get_by_label("Room number").fill("42")
    await page.get_by_label("Your name").fill("a" * 32)
    await page.get_by_role("button", name="Join").click()
    assert (await room.arrival()).query["username"] == "a" * 32
    assert room.arrivals.empty()


async def test_what_happens_in_the_room_is_shown(page: Page, seat: Seat) -> None:
    await seat.say(
        {"messageType": 1, "username": "bob", "userId": "bob"},
        {"messageType": 1, "username": "carol", "userId": "carol", "others": 12},
        chat(1, "hello"),
        {"messageType": 2, "username": "dan", "userId": "dan", "others": 1},
        {"messageType": 5, "onlineNumber": 15},
        {"messageType": 6, "zanNumber": 2000},
        {"messageType": 13, "dropped": {"chat": 1, "join": 40}},
        {"messageType": 12, "settings": {"slowModeSeconds": 5, "frozen": False}},
        {"messageType": 10, "seq": 2, "name": "coupon", "data": {"code": "SPRING", "off": 20}, "time": 1},
        {"messageType": 11, "action": "muted", "seconds": 30},
        {"messageType": 99, "what": "not known yet"},
    )

    await expect(entries(page)).to_contain_text(
        [
            "bob joined",
            "carol and 12 others joined",
            "hello",
            "dan and 1 other left",
            "1 message, 40 joins left out: too much for the room.",
            "Slow mode: one message every 5 s.",
            "SPRING",
            "You are muted for 30 s.",
        ]
    )
    await expect(page.locator("#online")).to_have_text("15")
    await expect(page.locator("#likes")).to_have_text("2,000")
    await expect(page.locator(".flight")).to_have_text("hello")


async def test_properties_of_the_room_are_shown_as_they_are_and_leave_with_it(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice")
    seat = await room.arrival()
    await seat.welcome(properties={"note": SCRIPT, "pinned": {"sku": "X1"}})
    lines = page.locator("#properties .text")
    await expect(lines).to_have_text([f"note: {SCRIPT}", 'pinned: {"sku":"X1"}'])
    await seat.say({"messageType": 14, "properties": {"note": None, "live": True}})
    await expect(lines).to_have_text(['pinned: {"sku":"X1"}', "live: true"])
    assert await page.title() != "broken in"
    await seat.say({"messageType": 14, "properties": {"pinned": None, "live": None}})
    await expect(page.locator("#properties")).to_be_hidden()
    await seat.say({"messageType": 14, "properties": {"note": "last"}})
    await expect(lines).to_have_text(["note: last"])
    await page.get_by_role("button", name="Leave").click()
    await expect(lines).to_have_count(0)


async def test_a_notice_to_the_viewer_alone_says_so(page: Page, seat: Seat) -> None:
    await seat.say({"messageType": 10, "seq": 2, "name": "coupon", "data": "SPRING", "time": 1, "to": "alice"})
    await expect(page.locator("#chat .notice .name")).to_have_text("coupon only to you")


async def test_the_history_is_shown_and_does_not_fly(page: Page, room: FakeRoom) -> None:
    await page.goto("/?room=42&name=alice")
    await (await room.arrival()).welcome(history=[chat(1, "first"), chat(2, "second")])

    await expect(page.locator("#chat .text")).to_have_text(["first", "second"])
    assert await page.locator(".flight").count() == 0


async def test_taps_are_added_up_and_sent_as_one(page: Page, seat: Seat) -> None:
    await page.get_by_role("button", name="Like").evaluate("button => { for (let i = 0; i < 3; i++) button.click() }")
    first = await seat.heard()
    await page.get_by_role("button", name="Like").evaluate("button => { for (let i = 0; i < 150; i++) button.click() }")

    assert first == {"messageType": 6, "count": 3}
    assert [(await seat.heard())["count"] for _ in range(2)] == [100, 50]


async def test_markup_is_shown_as_text(page: Page, seat: Seat) -> None:
    await page.locator("summary").click()
    asked = await seat.heard()
    user = {"userId": SCRIPT, "username": SCRIPT}
    await seat.say(
        chat(1, SCRIPT, SCRIPT, to=SCRIPT, avatar=SCRIPT),
        {"messageType": 1, **user},
        {"messageType": 10, "seq": 2, "name": SCRIPT, "data": {SCRIPT: SCRIPT}, "time": 1},
        {"messageType": 3, "users": [user], "onlineNumber": 1, "cursor": None, "id": asked["id"]},
        {"messageType": 0, "ok": False, "error": "bad_field", "message": SCRIPT},
    )

    await expect(page.locator("#chat .chat .text")).to_have_text(SCRIPT)
    await expect(page.locator("#people button")).to_have_text(SCRIPT)
    await expect(page.locator("#refused")).to_have_text(SCRIPT)
    await expect(page.locator("body img, body script")).to_have_count(0)
    await expect(page).to_have_title("Room 42 · Live rooms")


async def test_one_may_see_who_is_here_and_write_to_one_of_them(page: Page, seat: Seat) -> None:
    await page.locator("summary").click()
    asked = await seat.heard()
    people = [{"userId": "alice", "username": "alice"}, {"userId": "u2", "username": "Bob"}]
    answer = {"messageType": 3, "users": people, "onlineNumber": 500, "cursor": "more", "id": asked["id"]}
    await seat.say({"messageType": 0, "id": asked["id"], "ok": True}, answer)
    await page.get_by_role("button", name="Bob").click()
    await say(page, "psst")

    assert asked == {"messageType": 3, "limit": 200, "id": asked["id"]}
    await expect(page.locator("#people-rest")).to_have_text("and 498 more")
    frame = await seat.heard()
    assert (frame["message"], frame["to"]) == ("psst", "u2")


async def test_a_removed_message_disappears(page: Page, seat: Seat) -> None:
    await seat.say(chat(1, "stays"), chat(2, "goes"))
    await expect(page.locator("#chat .text")).to_have_text(["stays", "goes"])
    await seat.say({"messageType": 9, "seq": 2}, chat(3, "never"), {"messageType": 9, "seq": 3})

    await expect(page.locator("#chat .text")).to_have_text(["stays"])
    await expect(page.locator(".flight")).to_have_text(["stays"])


async def test_a_private_message_is_marked_and_kept_off_the_stage(page: Page, seat: Seat) -> None:
    await seat.say(chat(1, "psst", to="alice"), chat(2, "hello"))

    await expect(page.locator("#chat .tag")).to_have_text(["only to you"])
    await expect(page.locator(".flight")).to_have_text(["hello"])


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "You are muted for 1 s."),
        (119, "You are muted for 119 s."),
        (120, "You are muted for 2 min."),
        (601, "You are muted for 11 min."),
        (7200, "You are muted for 2 h."),
        (86_400 * 30, "You are muted for 30 days."),
        (None, "You are muted."),
    ],
)
async def test_long_times_are_told_in_large_units(page: Page, seat: Seat, seconds: int | None, said: str) -> None:
    await seat.say({"messageType": 11, "action": "muted", "seconds": seconds})
    await expect(page.locator("#chat .warning")).to_have_text(said)
