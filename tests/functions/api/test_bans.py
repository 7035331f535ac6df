from typing import Any

import httpx
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.platform_bans import BANS
from functions.handlers import connect
from functions.rooms.identity import Identity
from functions.rooms.sanctions import MOST_BANS, Sanction
from functions.rooms.seats import Seat
from tests.functions.api.bearers import bearing
from tests.functions.api.site import Platform, Site
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event
from tests.functions.fake_connections import FakeConnections


async def come_in(platform: Platform, user: str, room: int, connection: str) -> None:
    identity = Identity(activity_id=room, user_id=user, username=user, framing="live.v1")
    await platform.room.state.join(Seat.of(connection, identity), identity, NOW)
    await platform.room.state.list_room(room, NOW)


async def banned(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/bans")
    assert (answer.status_code, answer.json()["cursor"]) == (200, None)
    found: list[dict[str, Any]] = answer.json()["bans"]
    return found


async def test_a_banned_user_is_told_and_cut_off_in_every_room_and_each_has_a_record(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    for room, connection in ((42, "c1"), (42, "c2"), (7, "c3")):
        await come_in(platform, "alice", room, connection)
    for room in (42, 9):
        await come_in(platform, "bob", room, f"bob-{room}")
    body = {"userId": "alice", "seconds": 60, "reason": "no links, please"}
    assert (await client.put("/api/bans", json=body)).status_code == 204
    told = {"messageType": 11, "action": "banned", "seconds": 60, "reason": "no links, please"}
    assert connections.shown == {name: [[told]] for name in ("c1", "c2", "c3")}
    assert sorted(connections.closed) == ["c1", "c2", "c3"]
    data = {"action": "banned", "seconds": 60, "everywhere": True, "reason": "no links, please"}
    assert sorted((event.activity_id, event.to, event.who.user_id) for event in log.saved) == [
        (7, "alice", "mod"),
        (42, "alice", "mod"),
    ]
    assert all(event.data == data for event in log.saved)
    assert (await connect.main(route_event(connection_id="c4"), platform.room))["statusCode"] == 403


async def test_the_list_says_who_since_until_by_whom_and_why(client: httpx.AsyncClient, clock: Clock) -> None:
    await client.put("/api/bans", json={"userId": "alice", "seconds": 60, "reason": "no links, please"})
    await client.put("/api/bans", json={"userId": "bob"})
    given = {"since": NOW, "by": "mod", "byName": "Mod"}
    assert sorted(await banned(client), key=lambda ban: str(ban["userId"])) == [
        {**given, "userId": "alice", "until": NOW + 60_000, "reason": "no links, please"},
        {**given, "userId": "bob", "until": None, "reason": None},
    ]
    clock.now += 60_000
    assert [ban["userId"] for ban in await banned(client)] == ["bob"]
    assert (await client.get("/api/activities/42/sanctions")).json()["sanctions"] == []


async def test_a_lifted_ban_lets_the_user_in_again_and_may_be_lifted_twice(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await client.put("/api/bans", json={"userId": "alice"})
    for _ in range(2):
        assert (await client.delete("/api/bans?userId=alice")).status_code == 204
    assert await banned(client) == []
    assert (await connect.main(route_event(), platform.room))["statusCode"] == 200


async def test_whoever_is_banned_everywhere_may_not_use_a_rooms_token(client: httpx.AsyncClient) -> None:
    headers = bearing("moderate", activity_id=42)
    await PlatformBansOf(client).ban("mod")
    for path in ("/api/activities/42", "/api/activities/42/sanctions"):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "banned"), path


class PlatformBansOf:
    """A platform's other moderator."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._site: Site = client._transport.app  # type: ignore[attr-defined]

    async def ban(self, user: str) -> None:
        assert await self._site.parts.bans.ban(user, Sanction(until=NOW + 60_000, by="other"), NOW)


async def test_nobody_bans_or_unbans_themselves(client: httpx.AsyncClient) -> None:
    await PlatformBansOf(client).ban("mod")
    for method, path, body in (
        ("DELETE", "/api/bans?userId=mod", None),
        ("PUT", "/api/bans", {"userId": "mod", "seconds": 1}),
    ):
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]) == (403, "yourself"), method
    assert [(ban["userId"], ban["by"]) for ban in await banned(client)] == [("mod", "other")]


async def test_a_malformed_ban_is_400_by_name_and_changes_nothing(client: httpx.AsyncClient, log: MemoryLog) -> None:
    wrong: dict[str, list[Any]] = {
        "userId": [None, "", " a", "x" * 65, "a\nb", 5],
        "seconds": [0, -1, 30 * 24 * 3600 + 1, "60", 1.5, True],
        "reason": ["", "x" * 201, "a\nb", 5],
        "removeMessages": [1, "yes"],
        "other": [1],
    }
    for field, values in wrong.items():
        for value in values:
            answer = await client.put("/api/bans", json={"userId": "alice", field: value})
            assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), (field, value)
            assert answer.json()["message"].startswith(f"body.{field}: "), (field, value)
    for query in ("", "?userId=", "?userId=a&userId=b", "?userId=%ff"):
        assert (await client.delete(f"/api/bans{query}")).status_code == 400, query
    assert (await client.get("/api/bans?cursor=x")).status_code == 400
    assert await banned(client) == []
    assert log.live == []


async def test_a_full_list_says_so(client: httpx.AsyncClient, platform: Platform, redis: RedisCluster) -> None:
    await client.put("/api/bans", json={"userId": "alice"})
    line = Sanction(until=NOW + 1).pack()
    await redis.hset(BANS, mapping={f"u{number}": line for number in range(MOST_BANS)})
    answer = await client.put("/api/bans", json={"userId": "bob"})
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "body.userId: 10000 users are banned already, lift a ban first",
    )


async def test_a_ban_that_cannot_be_published_holds_and_cuts_off_when_it_is_tried_again(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    await come_in(platform, "alice", 42, "c1")
    log.live_is_away = True
    assert (await client.put("/api/bans", json={"userId": "alice"})).status_code == 503
    assert (await connect.main(route_event(connection_id="c2"), platform.room))["statusCode"] == 403
    assert connections.closed == []
    log.live_is_away = False
    assert (await client.put("/api/bans", json={"userId": "alice"})).status_code == 204
    assert connections.closed == ["c1"]


async def test_a_user_is_found_among_thousands_of_rooms(
    client: httpx.AsyncClient, platform: Platform, redis: RedisCluster, connections: FakeConnections
) -> None:
    await redis.zadd("rooms", {str(room): NOW for room in range(1, 2_500)})
    for room in (1, 1_234, 2_499):
        await come_in(platform, "alice", room, f"c{room}")
    assert (await client.put("/api/bans", json={"userId": "alice"})).status_code == 204
    assert sorted(connections.closed) == ["c1", "c1234", "c2499"]
