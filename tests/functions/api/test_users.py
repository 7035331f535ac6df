from dataclasses import replace
from typing import Any

import httpx
import pytest

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.eraser import Eraser
from functions.api.parts import ApiParts, ArchiveParts
from functions.rooms import events
from functions.rooms.archive import items
from functions.rooms.events import Event
from functions.rooms.leftovers import Leftover
from functions.rooms.sanctions import FOR_GOOD, Sanction
from tests.functions.api.conftest import SETTLED_MS
from tests.functions.api.site import Site
from tests.functions.conftest import NOW
from tests.functions.made import event

PATH = "/api/users/records"
ALICE = {"userId": "alice"}


async def store(archive: ArchiveParts, *happened: Event) -> None:
    made = [item for offset, one in enumerate(happened) for item in items(one, offset, days=400)]
    assert await archive.messages.put(made) == []


async def told(client: httpx.AsyncClient, user_id: str, **params: Any) -> list[dict[str, Any]]:
    """The records of a user, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(PATH, params={"userId": user_id, **params, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        found += answer.json()["records"]
        cursor = answer.json()["cursor"]
        if cursor is None:
            return found


async def test_what_is_stored_of_a_user_is_told_page_by_page(client: httpx.AsyncClient, archive: ArchiveParts) -> None:
    chats = [event(activity_id=room, seq=room, content=f"hi {room}", user_id="坏/人?&") for room in range(1, 8)]
    await store(archive, *chats, event(seq=9, content="no", user_id="bob"))
    for limit in (1, 3, 200):
        found = await told(client, "坏/人?&", limit=limit)
        assert sorted((one["activityId"], one["text"]) for one in found) == [
            (room, f"hi {room}") for room in range(1, 8)
        ]
    assert await told(client, "carol") == []


async def test_an_erasure_lifts_what_holds_and_tells_what_is_left_and_until_when(
    client: httpx.AsyncClient, archive: ArchiveParts, platform: ApiParts, site: Site
) -> None:
    left = (Leftover("save", "records", 1000), Leftover("logs", "lines", None))
    site.parts = replace(site.parts, archive=replace(archive, leftovers=left))
    await store(
        archive,
        event(seq=1, content="hi", user_id="alice"),
        event(events.SANCTION, seq=2, user_id="mod", to="alice", data={"action": "muted", "seconds": 60}),
    )
    await platform.moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 60_000))
    for user_id in ("alice", "bob"):
        await platform.moderation.sanction("bans", 42, user_id, Sanction(until=FOR_GOOD))
    assert await platform.bans.ban("alice", Sanction(until=FOR_GOOD), NOW)
    answer = await client.delete(PATH, params=ALICE)
    assert answer.status_code == 200
    assert answer.json() == {
        "complete": False,
        "retryAfter": SETTLED_MS // 1000 + 1,
        "removed": {"chat": 1},
        "nameless": {"sanction": 1},
        "lifted": {"bansFromAllRooms": 1, "mutes": 1, "bans": 1},
        "expiring": [
            {"where": "save", "what": "records", "until": NOW + 1000},
            {"where": "logs", "what": "lines", "until": None},
        ],
    }
    assert not await platform.moderation.is_banned(42, "alice", NOW)
    assert await platform.bans.find("alice", NOW) is None
    assert await platform.moderation.is_banned(42, "bob", NOW)
    assert await told(client, "alice") == []


async def test_the_last_call_says_that_it_is_complete(
    client: httpx.AsyncClient, archive: ArchiveParts, site: Site, dynamodb: DynamoDbApi
) -> None:
    await store(archive, event(seq=1, content="hi", user_id="alice"))
    assert (await client.delete(PATH, params=ALICE)).json()["complete"] is False
    name = archive.users._table.name
    later = Eraser(dynamodb, name, settled_ms=SETTLED_MS, log_hours=24, clock=lambda: NOW + SETTLED_MS + 1)
    site.parts = replace(site.parts, archive=replace(archive, eraser=later))
    answer = (await client.delete(PATH, params=ALICE)).json()
    assert (answer["complete"], answer["retryAfter"], answer["removed"]) == (True, 0, {})


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "query.userId: is missing"),
        ("?userId=", "userId must"),
        ("?userId=a&userId=b", "query.userId: must be given once"),
        ("?userId=%ff", "query.userId: must be UTF-8"),
        ("?userId=%00", "userId must"),
        (f"?userId={'a' * 65}", "userId must"),
    ],
)
async def test_a_user_who_cannot_be_meant_is_refused_by_name(
    client: httpx.AsyncClient, method: str, query: str, message: str
) -> None:
    answer = await client.request(method, f"{PATH}{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")
    assert answer.json()["message"].startswith(message), answer.json()


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=%3F", f"cursor={'a' * 1025}"])
async def test_a_page_that_cannot_be_meant_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"{PATH}?userId=alice&{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), answer.text
