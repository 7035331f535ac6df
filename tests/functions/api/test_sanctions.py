from typing import Any

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import RoomKeys
from functions.handlers import message
from functions.rooms.people import Place
from functions.rooms.sanctions import FOR_GOOD, LOOKED_AT, Sanction
from functions.rooms.words import Lists
from tests.functions.api.bearers import bearing
from tests.functions.api.site import Platform
from tests.functions.conftest import NOW, Clock, route_event

ROOM = "/api/activities/42"
GIVEN = {"since": NOW, "by": "mod", "byName": "Mod"}


async def pages(client: httpx.AsyncClient, limit: int = 50) -> list[list[tuple[str, str]]]:
    """What and who, page by page."""
    found, cursor = [], None
    while True:
        answer = await client.get(f"{ROOM}/sanctions", params={"limit": limit} | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found.append([(one["action"], one["userId"]) for one in answer.json()["sanctions"]])
        if (cursor := answer.json()["cursor"]) is None:
            return found


async def test_the_list_says_who_what_since_until_by_whom_and_why(client: httpx.AsyncClient) -> None:
    await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60, "reason": "too loud"})
    await client.put(f"{ROOM}/bans", json={"userId": "bob"})
    await client.put(f"{ROOM}/bans", json={"userId": "alice", "seconds": 5, "reason": "no links, please"})
    assert (await client.get(f"{ROOM}/sanctions")).json() == {
        "sanctions": [
            {**GIVEN, "action": "muted", "userId": "alice", "until": NOW + 60_000, "reason": "too loud"},
            {**GIVEN, "action": "banned", "userId": "alice", "until": NOW + 5_000, "reason": "no links, please"},
            {**GIVEN, "action": "banned", "userId": "bob", "until": None, "reason": None},
        ],
        "cursor": None,
    }
    assert (await client.get("/api/activities/43/sanctions")).json() == {"sanctions": [], "cursor": None}


async def test_what_is_over_or_was_lifted_is_not_on_the_list(client: httpx.AsyncClient, clock: Clock) -> None:
    for user, seconds in (("alice", 5), ("bob", 6), ("carol", 60)):
        await client.put(f"{ROOM}/mutes", json={"userId": user, "seconds": seconds})
    clock.now += 5_000
    assert await pages(client) == [[("muted", "bob"), ("muted", "carol")]]
    await client.delete(f"{ROOM}/mutes?userId=carol")
    clock.now += 1_000
    assert await pages(client) == [[]]


async def test_a_new_sanction_takes_the_place_of_the_old_one_and_of_its_reason(client: httpx.AsyncClient) -> None:
    for reason in ("first", None):
        await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60, "reason": reason})
    (mute,) = (await client.get(f"{ROOM}/sanctions")).json()["sanctions"]
    assert mute["reason"] is None


@pytest.mark.parametrize(("users", "limit"), [(7, 3), (1500, 200)])
async def test_every_sanction_is_on_one_page(
    client: httpx.AsyncClient, platform: Platform, users: int, limit: int
) -> None:
    names = [f"u{number}" for number in range(users)]
    for name in names:
        await platform.moderation.sanction("bans", 42, name, Sanction(until=FOR_GOOD))
        await platform.moderation.sanction("mutes", 42, name, Sanction(until=NOW + 1_000, reason="r" * 200))
    found = [one for page in await pages(client, limit) for one in page]
    expected = sorted((action, name) for action in ("banned", "muted") for name in names)
    assert sorted(found) == expected


async def test_sanctions_that_are_over_are_taken_away_and_cost_a_page_no_more_than_others(
    client: httpx.AsyncClient, platform: Platform, redis: RedisCluster
) -> None:
    """A room that cuts off floods has many short bans."""
    mutes = RoomKeys(42).mutes
    lines: Any = {f"u{number}": Sanction(until=NOW, reason="r" * 100).pack() for number in range(3 * LOOKED_AT)}
    await redis.hset(mutes, mapping={**lines, "last": Sanction(until=NOW + 1).pack()})
    page, following = await platform.moderation.sanctions(42, NOW, limit=50, after=Place())
    assert len(page) <= 1
    assert following is not None
    # HSCAN may have looked at a few lines more; the one that holds may be among them.
    assert LOOKED_AT <= 3 * LOOKED_AT + 1 - await redis.hlen(mutes) + len(page) <= LOOKED_AT + 50
    assert [one for found in await pages(client) for one in found] == [("muted", "last")]
    assert await redis.hkeys(mutes) == ["last"]


async def test_a_flood_is_on_the_list_as_the_rooms_own_ban(
    client: httpx.AsyncClient, platform: Platform, redis: RedisCluster
) -> None:
    await redis.hset(RoomKeys(42).rate("alice"), "refused", f"{NOW}:{10**6}")
    await message.main(route_event(body="{"), platform.room)
    (ban,) = (await client.get(f"{ROOM}/sanctions")).json()["sanctions"]
    room = {"by": "platform", "byName": "platform", "reason": "flooding"}
    assert ban == {"action": "banned", "userId": "alice", "since": NOW, "until": NOW + 60_000, **room}


async def test_listed_words_are_masked_in_the_name_of_who_gave_it(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await platform.words.write(Lists(("mod",), ()))
    await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60})
    (mute,) = (await client.get(f"{ROOM}/sanctions")).json()["sanctions"]
    assert (mute["by"], mute["byName"]) == ("mod", "***")


async def test_a_cursor_that_no_page_ended_with_is_400(client: httpx.AsyncClient) -> None:
    for cursor in ("x", "MTg6MDphbGljZQ==", Place(2).pack(), "a" * 513):
        answer = await client.get(f"{ROOM}/sanctions", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), cursor


async def test_a_room_token_with_moderate_reads_the_list(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROOM}/sanctions", headers=bearing("moderate", activity_id=42))
    assert answer.status_code == 200
