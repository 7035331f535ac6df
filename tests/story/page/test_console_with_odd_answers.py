"""Whatever the rooms, the API or a producer send: the console draws it or leaves it out, says what failed, and goes on.

The room and the API are the test's own.
"""

import itertools
import json
import re
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, expect

from tests.story.page.console import let_go, open_tab, outcome, row
from tests.story.page.fake_api import CALLER, REPORT, SETTINGS, Answer, FakeApi
from tests.story.page.fake_room import FakeRoom, JsonObject, Seat, chat

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.long]

NOW = 1_700_000_000_000
ODD: list[Any] = [
    None,
    True,
    -1,
    1.5,
    2**60,
    1e300,
    "",
    "x" * 3000,
    [],
    {},
    {"toString": 1, "valueOf": 1},
    "constructor",
]
FIELDS = {
    1: ["username", "userId", "others"],
    4: ["seq", "textMessage", "fromusername", "userId", "time", "to", "attributes"],
    5: ["onlineNumber"],
    6: ["zanNumber"],
    9: ["seq", "userId", "seqs"],
    10: ["seq", "name", "data", "time", "to"],
    11: ["action", "seconds", "reason"],
    12: ["settings"],
    13: ["dropped", "seq"],
    14: ["properties"],
}


@pytest_asyncio.fixture(loop_scope="session")
async def api(page: Page) -> FakeApi:
    api = FakeApi()
    await api.install(page)
    return api


@pytest_asyncio.fixture(loop_scope="session")
async def seat(page: Page, api: FakeApi, room: FakeRoom) -> Seat:
    """The console in room 42, welcomed."""
    await page.goto("/console?room=42")
    seat = await room.arrival()
    await seat.welcome()
    await expect(page.locator("#state")).to_have_text("Live")
    return seat


async def test_whatever_a_field_holds_what_follows_is_drawn(page: Page, seat: Seat) -> None:
    seqs = itertools.count(1)
    for kind, names in FIELDS.items():
        plain = chat(0, "odd") | {"messageType": kind, "name": "n", "data": {}, "username": "bob", "settings": SETTINGS}
        objects: list[JsonObject] = [plain | {"seq": next(seqs), name: odd} for name in names for odd in ODD]
        await seat.say(*objects, chat(10_000 + kind, f"after {kind}"))
        await expect(row(page, f"after {kind}")).to_have_count(1)
    await expect(page.get_by_label("Slow mode")).to_have_value("0")


async def test_whatever_the_api_lists_the_panels_show_the_rest(page: Page, seat: Seat, api: FakeApi) -> None:
    def of(path: str, key: str, plain: JsonObject, names: list[str], **more: Any) -> None:
        rows = [plain | {name: odd} for name in names for odd in ODD]
        api.answers[f"GET /api/{path}"] = (200, {key: [*rows, plain], **more})

    of(
        "activities/42/users",
        "users",
        {"userId": "last", "username": "Last"},
        ["userId", "username", "attributes"],
        cursor=None,
    )
    held = {
        "action": "muted",
        "userId": "last",
        "since": NOW,
        "until": None,
        "by": "mo",
        "byName": "Mo",
        "reason": None,
    }
    of("activities/42/sanctions", "sanctions", held, [*held], cursor=None)
    done = {"what": "notice", "seq": 5, "time": NOW, "by": "mo", "byName": "Mo", "to": [], "data": {"name": "last"}}
    of("activities/42/audit", "acts", done, ["what", "time", "by", "byName", "to", "data"], before=None)
    live = {"activityId": 4242, "onlineNumber": 3, "connections": 3, "places": 2, "zanNumber": 1}
    of("activities", "activities", live, ["onlineNumber", "connections", "places", "zanNumber"], cursor=None)
    api.answers["GET /api/activities/42/properties"] = (
        200,
        {str(at): odd for at, odd in enumerate(ODD)} | {"a": "last"},
    )
    minutes = [{"time": odd, "onlineNumber": odd, "chats": odd, "likes": odd} for odd in ODD]
    odd_report = REPORT | {"minutes": [*minutes, {"time": NOW, "onlineNumber": 3, "chats": 2, "likes": 1}]}
    api.answers["GET /api/activities/42/report"] = (200, odd_report | {"estimated": None, "mostActive": ODD})
    for tab, text in (
        ("People", "Last"),
        ("Sanctions", "last"),
        ("Audit", "sent the notice"),
        ("Publish", "last"),
        ("Report", "viewers"),
        ("Rooms", "Open room 4242"),
    ):
        panel = await open_tab(page, tab)
        await expect(panel.get_by_text(text).last).to_be_visible()
        await expect(panel.locator(".refused").first).to_be_empty()
    await expect(panel.get_by_text("in the gallery").last).to_contain_text(
        re.compile("3.? connections · .?2.? in the gallery")
    )


async def test_an_answer_that_is_none_is_said_and_the_next_one_is_drawn(page: Page, seat: Seat, api: FakeApi) -> None:
    answers: list[Answer] = [(200, "<html>"), (200, {}), (200, []), (503, "a proxy's page"), None]
    for answer in answers:
        api.answers["GET /api/activities/42/sanctions"] = answer
        await open_tab(page, "People")
        panel = await open_tab(page, "Sanctions")
        await expect(panel.locator(".refused").first).to_contain_text("Not up to date.")
    api.answers["GET /api/activities/42/sanctions"] = (200, {"sanctions": [], "cursor": None})
    await open_tab(page, "People")
    panel = await open_tab(page, "Sanctions")
    await expect(panel.locator(".refused").first).to_be_empty()


FAILURES: list[tuple[tuple[int, Any] | None, str]] = [
    (
        (400, {"error": "bad_field", "message": "body.seconds: must be at least 1"}),
        "Not taken: body.seconds: must be at least 1",
    ),
    ((401, {"error": "unauthorized", "message": "it has expired"}), "The token is missing, invalid or has expired."),
    ((403, {"error": "not_allowed", "message": "no moderate"}), "You may not do that: no moderate"),
    ((403, {"error": "banned", "message": "you are banned"}), "You are banned from this room."),
    ((403, {"error": "yourself", "message": "nobody mutes themselves"}), "Nobody mutes or bans themselves."),
    ((404, {"error": "not_found", "message": "Not Found"}), "The server does not know this call: Not Found"),
    ((409, {"error": "conflict", "message": "changed"}), "Something else was changed meanwhile: changed"),
    ((429, "{"), "Too many calls at once."),
    ((500, {"error": "error", "message": "a mistake of ours"}), "The server failed: a mistake of ours"),
    ((503, {"error": "unavailable", "message": "Redis"}), "A server does not answer"),
    (None, "No connection to the server"),
]


async def test_each_failure_is_said_in_a_line_and_what_was_typed_stays(page: Page, seat: Seat, api: FakeApi) -> None:
    panel = await open_tab(page, "Publish")
    await panel.get_by_label("Title", exact=True).fill("Blue mug")
    for answer, line in FAILURES:
        api.answers["POST /api/activities/42/notices"] = answer
        await panel.get_by_role("button", name="Send as a notice").click()
        await expect(panel.get_by_role("alert")).to_contain_text(
            line.replace(": ", ": \u2068", 1) if ": " in line else line
        )
        await expect(panel.get_by_label("Title", exact=True)).to_have_value("Blue mug")


async def test_what_nobody_knows_is_tried_again_under_the_same_id(page: Page, seat: Seat, api: FakeApi) -> None:
    await seat.say(chat(7, "spam"))
    api.answers["DELETE /api/activities/42/messages/7"] = (503, {"error": "unavailable", "message": "Kafka"})
    await expect(row(page, "spam")).to_have_count(1)
    await row(page, "spam").focus()
    await page.keyboard.press("r")
    failed = outcome(page, "A server does not answer")
    await expect(failed).to_be_visible()
    api.answers["DELETE /api/activities/42/messages/7"] = (204, None)
    await failed.get_by_role("button", name="Try again").click()
    await expect(outcome(page, "You: removed bob: spam")).to_be_visible()
    first, second = [one.headers["idempotency-key"] for one in api.sent("DELETE", "/messages/7")]
    assert first == second


async def test_the_chat_is_held_under_the_pointer_and_while_a_row_is_chosen(page: Page, seat: Seat) -> None:
    await seat.say(*(chat(seq, f"number {seq}.") for seq in range(1, 6)))
    await row(page, "number 5.").hover()
    await seat.say(chat(6, "number 6."), chat(7, "number 7."))
    await expect(page.locator("#held")).to_have_text("2 new messages ↓")
    await expect(row(page, "number 6.")).to_have_count(0)
    await page.mouse.move(0, 0)
    await expect(row(page, "number 7.")).to_have_count(1)
    await expect(page.locator("#held")).to_be_hidden()

    for key, chosen in (("j", "number 7."), ("k", "number 6."), ("k", "number 5."), ("j", "number 6.")):
        await page.keyboard.press(key)
        await expect(row(page, chosen)).to_be_focused()
    await seat.say(chat(8, "number 8."))
    await expect(page.locator("#held")).to_have_text("1 new message ↓")
    await page.keyboard.press("Escape")
    await expect(row(page, "number 8.")).to_have_count(1)


async def test_the_chat_is_filtered_by_user_and_by_text(page: Page, seat: Seat) -> None:
    await seat.say(chat(1, "Hello"), chat(2, "hello again", "amy"), chat(3, "bye", "amy"))
    await expect(row(page, "bye")).to_have_count(1)
    shown = page.locator("#chat > .row:visible .text")
    await page.get_by_label("Only this user").fill("AMY")
    await expect(shown).to_have_text(["hello again", "bye"])
    await page.get_by_label("Only with this text").fill("ＨＥＬＬＯ")
    await expect(shown).to_have_text(["hello again"])
    await expect(page.locator("#filtered")).to_have_text("1 message")
    await page.get_by_label("Only this user").fill("")
    await expect(shown).to_have_text(["Hello", "hello again"])
    await seat.say(chat(4, "not this one"), chat(5, "hello there"))
    await expect(shown).to_have_text(["Hello", "hello again", "hello there"])
    await page.get_by_label("Only with this text").fill("")
    await let_go(page)
    await row(page, "bye").dblclick()
    await page.locator("#menu").get_by_role("button", name="Show only theirs").click()
    await expect(shown).to_have_text(["hello again", "bye"])


async def test_keys_do_nothing_while_somebody_types_and_are_told_by_a_question_mark(
    page: Page, seat: Seat, api: FakeApi
) -> None:
    await seat.say(chat(1, "hello"))
    await page.get_by_label("Only with this text").press_sequentially("rmbu")
    await expect(page.get_by_label("Only with this text")).to_have_value("rmbu")
    await page.get_by_label("Only with this text").fill("")
    await let_go(page)
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_contain_text("remove the message")
    await page.keyboard.press("r")
    await page.keyboard.press("Escape")
    assert [one for one in api.asked if one.method != "GET"] == []


async def test_earlier_messages_are_read_page_by_page_and_none_twice(page: Page, seat: Seat, api: FakeApi) -> None:
    def page_of(request: Request) -> tuple[int, Any]:
        before = int(dict(part.split("=") for part in request.url.partition("?")[2].split("&"))["before"])
        older = [chat(seq, f"number {seq}.") for seq in range(before - 1, max(0, before - 3), -1)]
        older[0] = {name: value for name, value in older[0].items() if name != "textMessage"} | {"removed": True}
        return 200, {"messages": older, "before": older[-1]["seq"] if before > 3 else None}

    api.answers["GET /api/activities/42/messages"] = page_of
    await seat.say(chat(5, "number 5."))
    await expect(row(page, "number 5.")).to_have_count(1)
    await page.get_by_role("button", name="Earlier messages").click()
    await expect(page.locator("#chat > .row .text")).to_have_text(["number 3.", "", "number 5."])
    await page.get_by_role("button", name="Earlier messages").click()
    await expect(page.get_by_role("button", name="That is the beginning.")).to_be_disabled()
    await expect(page.locator("#chat > .row")).to_have_count(5)
    await expect(page.locator("#chat > .removed")).to_have_count(2)


async def test_each_part_is_shown_by_capability(page: Page, api: FakeApi, room: FakeRoom) -> None:
    for caps, tabs in (
        (["publish"], ["People", "Publish", "Rooms"]),
        (["moderate"], ["People", "Sanctions", "Audit", "Rooms"]),
        (["admin"], ["People", "Report", "Rooms"]),
    ):
        api.answers["GET /api/caller"] = (
            200,
            CALLER | {"mode": "token", "platform": False, "rooms": [42], "caps": caps},
        )
        await page.goto(f"/console?{caps[0]}#token=a.b.c")
        await (await room.arrival()).welcome()
        await expect(page.get_by_role("tab")).to_have_text(tabs)
        await expect(page.locator("#rules")).to_be_visible(visible="moderate" in caps)


async def test_a_report_of_some_other_time_is_asked_for(page: Page, seat: Seat, api: FakeApi) -> None:
    panel = await open_tab(page, "Report")
    await panel.get_by_label("Range").select_option("ownRange")
    await panel.get_by_label("From").fill("2026-11-30T10:00")
    await panel.get_by_label("To", exact=True).fill("2026-11-30T12:00")
    await expect(panel.locator("#report-peakOnline")).to_have_text("3")
    asked = api.sent("GET", "/report")[-1].url
    start, end = (int(json.loads(part.partition("=")[2])) for part in asked.partition("?")[2].split("&"))
    assert end - start == 2 * 3_600_000


async def test_a_moderator_who_is_not_let_in_is_told_why(page: Page, api: FakeApi, room: FakeRoom) -> None:
    room.refusing = True
    refusal = {"admitted": False, "status": 403, "reason": "banned", "message": "you are banned", "until": None}
    api.answers["GET /api/activities/42/admission"] = (200, refusal)
    await page.goto("/console?room=42")
    await expect(page.locator("#state")).to_contain_text("Not connected. You are banned from this room.")
    room.refusing = False
    await page.get_by_role("button", name="Connect again").click()
    await (await room.arrival()).welcome()
    await expect(page.locator("#state")).to_have_text("Live")
