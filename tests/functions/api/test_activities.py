import base64
import itertools
from typing import Any

import httpx

from functions.handlers import connect
from functions.rooms import events
from tests.functions.api.site import Platform
from tests.functions.conftest import NOW, MemoryLog, route_event

NO_SECONDS: list[Any] = [-1, 121, "10", 1.5, True, []]
NO_ANSWERS: list[Any] = [1, 0, "true", "yes", []]
OPEN = {"slowModeSeconds": 0, "frozen": False}


async def people(platform: Platform, *users: str) -> None:
    for user in users:
        await connect.main(route_event(user), platform.room)


async def fill(platform: Platform, *rooms: int) -> None:
    for room in rooms:
        event = route_event("alice", connection_id=f"c{room}")
        event["requestContext"]["authorizer"]["activityId"] = str(room)
        await connect.main(event, platform.room)


async def test_a_rooms_figures_are_told(client: httpx.AsyncClient, platform: Platform) -> None:
    for connection_id in ("c1", "c2"):
        await connect.main(route_event(connection_id=connection_id), platform.room)
    answer = await client.get("/api/activities/42")
    assert answer.status_code == 200
    figures = {"activityId": 42, "onlineNumber": 1, "connections": 2, "zanNumber": 0}
    assert answer.json() == {**figures, "settings": OPEN}


async def test_a_room_that_nobody_has_been_to_has_zeros(client: httpx.AsyncClient) -> None:
    figures = {"activityId": 7, "onlineNumber": 0, "connections": 0, "zanNumber": 0}
    assert (await client.get("/api/activities/7")).json() == {**figures, "settings": OPEN}


async def test_a_change_is_in_force_published_and_told(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    answer = await client.patch("/api/activities/42", json={"slowModeSeconds": 10})
    assert (answer.status_code, answer.json()["settings"]) == (200, {"slowModeSeconds": 10, "frozen": False})
    answer = await client.patch("/api/activities/42", json={"frozen": True})
    both = {"slowModeSeconds": 10, "frozen": True}
    assert answer.json()["settings"] == both
    assert (await platform.room.state.figures(42)).rules.to_object() == both
    assert log.live == log.saved
    assert [(event.type, event.data) for event in log.live] == [
        (events.SETTINGS, {"slowModeSeconds": 10, "frozen": False}),
        (events.SETTINGS, both),
    ]


async def test_a_change_of_nothing_is_not_published(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for body in ({}, {"slowModeSeconds": None, "frozen": None}):
        assert (await client.patch("/api/activities/42", json=body)).json()["settings"] == OPEN
    assert log.live == []


async def test_a_change_may_go_back_to_nothing(client: httpx.AsyncClient) -> None:
    await client.patch("/api/activities/42", json={"slowModeSeconds": 120, "frozen": True})
    answer = await client.patch("/api/activities/42", json={"slowModeSeconds": 0, "frozen": False})
    assert answer.json()["settings"] == OPEN


async def test_what_no_room_can_be_set_to_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog) -> None:
    bodies: list[Any] = [
        *({"slowModeSeconds": value} for value in NO_SECONDS),
        *({"frozen": value} for value in NO_ANSWERS),
        {"slow_mode_seconds": 10},
        {"frozen": True, "colour": "red"},
        [],
        None,
    ]
    for body in bodies:
        answer = await client.patch("/api/activities/42", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), body
        assert log.live == [], body
        assert (await client.get("/api/activities/42")).json()["settings"] == OPEN, body


async def test_live_rooms_are_listed_page_by_page(client: httpx.AsyncClient, platform: Platform) -> None:
    await fill(platform, 5, 300, 42, 9007199254740991)
    await client.patch("/api/activities/42", json={"frozen": True})
    seen, cursor = [], None
    for _ in range(4):
        query = {"limit": "1"} if cursor is None else {"limit": "1", "cursor": cursor}
        page = (await client.get("/api/activities", params=query)).json()
        seen += page["activities"]
        cursor = page["cursor"]
    assert cursor is None
    assert seen[0] == {"activityId": 5, "onlineNumber": 1, "connections": 1, "zanNumber": 0}
    assert [room["activityId"] for room in seen] == [5, 42, 300, 9007199254740991]


async def test_a_room_that_everybody_left_is_not_live(client: httpx.AsyncClient, platform: Platform) -> None:
    await platform.room.state.list_room(5, NOW)
    assert (await client.get("/api/activities")).json() == {"activities": [], "cursor": None}


async def test_people_are_listed_page_by_page_each_once(client: httpx.AsyncClient, platform: Platform) -> None:
    users = [f"user{n}" for n in range(25)]
    await people(platform, *users, "user0")
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        query = {"limit": "10"} if cursor is None else {"limit": "10", "cursor": cursor}
        page = (await client.get("/api/activities/42/users", params=query)).json()
        seen += [(person["userId"], person["username"]) for person in page["users"]]
        cursor, pages = page["cursor"], pages + 1
        assert page["onlineNumber"] == 25
        assert len(page["users"]) <= 10
    assert sorted(seen) == sorted((user, user.title()) for user in users)
    assert pages == 3


async def test_without_a_limit_a_page_has_fifty(client: httpx.AsyncClient, platform: Platform) -> None:
    await people(platform, *(f"user{n}" for n in range(51)))
    page = (await client.get("/api/activities/42/users")).json()
    assert len(page["users"]) == 50
    assert page["cursor"] is not None


async def test_nobody_is_in_an_empty_room(client: httpx.AsyncClient) -> None:
    page = (await client.get("/api/activities/42/users")).json()
    assert page == {"users": [], "onlineNumber": 0, "cursor": None}


async def test_a_limit_that_cannot_be_meant_is_a_bad_field(client: httpx.AsyncClient) -> None:
    paths = ("", "/42/users", "/42/messages", "/42/watch-time")
    for path, limit in itertools.product(paths, ("0", "-1", "201", "x", "", "1.5", "9" * 5000, "%00")):
        answer = await client.get(f"/api/activities{path}?limit={limit}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), (path, limit)


async def test_a_forged_cursor_of_rooms_is_a_bad_field(client: httpx.AsyncClient) -> None:
    for cursor in ("-1", "x", str(2**53), "9" * 5000, "1;2", "%00", "%ff"):
        answer = await client.get(f"/api/activities?cursor={cursor}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), cursor


def packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


async def test_a_forged_cursor_of_people_is_a_bad_field(client: httpx.AsyncClient) -> None:
    places = ("32:alice", "-1:alice", "x:alice", "alice", ":alice", "1.5:a", "²:a")
    no_text = base64.urlsafe_b64encode(b"1:\xff").decode()
    for cursor in ("x", "%00", "%ff", "坏", "9" * 512, "A" * 513, *map(packed, places), no_text):
        answer = await client.get(f"/api/activities/42/users?cursor={cursor}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), cursor


async def test_a_forged_cursor_that_looks_like_one_finds_nothing_it_should_not(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await people(platform, "alice")
    for text in ("31:", "0:\x00'\"}", "00001000000:alice"):
        answer = await client.get("/api/activities/42/users", params={"cursor": packed(text)})
        assert answer.status_code in (200, 400), text
        found = [] if answer.status_code == 400 else answer.json()["users"]
        assert found in ([], [{"userId": "alice", "username": "Alice"}]), text
