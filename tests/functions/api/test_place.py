"""Places in the gallery, as a viewer's client takes, renews and gives them up."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.gallery_state import GalleryState
from functions.adapters.redis.keys import ROOMS
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.room_state import RoomState
from functions.adapters.tokens.token_keys import TokenKeys
from functions.api.parts import ApiParts
from functions.rooms import events
from functions.rooms.addresses import slot_of_key
from functions.rooms.answers import Rate
from functions.rooms.limits import Limits
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from functions.rooms.words import Lists
from functions.usecases.admission import Admission
from functions.usecases.placing import Everywhere, Gallery
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.adapters.redis.snapshot import take as snapshot
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.api.site import Site
from tests.functions.api.test_admission import bearer
from tests.functions.conftest import NOW, Clock, MemoryLog
from tests.functions.galleries import gallery_state, identity_of, open_gallery

PATH = "/api/activities/42/place"
SECRET = "g" * 32


async def _read() -> str:
    return json.dumps({"current": "k1", "k1": SECRET})


def gallery_of(site: Site, state: GalleryState) -> Gallery:
    return Gallery(state=state, keys=TokenKeys(_read), everywhere=Everywhere(state, site.parts.room.clock))


@pytest.fixture
async def gallery(site: Site, redis: RedisCluster) -> Gallery:
    """The gallery of a site that has one."""
    await open_gallery(redis)
    found = gallery_of(site, gallery_state(redis))
    site.parts = replace(site.parts, gallery=found)
    return found


async def place(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **order: Any) -> httpx.Response:
    return await client.post(PATH, json=order, headers=bearer() if headers is None else headers)


async def told(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **order: Any) -> dict[str, Any]:
    answer = await place(client, headers, **order)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def error(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **order: Any) -> tuple[int, str]:
    answer = await place(client, headers, **order)
    return answer.status_code, answer.json()["error"]


async def test_without_a_gallery_everybody_has_a_seat_and_nothing_changes(
    client: httpx.AsyncClient, redis: RedisCluster
) -> None:
    before = await snapshot(redis, "*")
    seat = {"lane": "seat", "activityId": 42, "userId": "alice", "onlineNumber": 0, "zanNumber": 0}
    assert await told(client) == seat
    assert await snapshot(redis, "*") == before


async def test_a_reader_comes_is_announced_reads_and_goes(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, platform: ApiParts
) -> None:
    found = await told(client)
    assert (found["lane"], found["onlineNumber"], found["beatSeconds"]) == ("gallery", 1, 60)
    _, top, room, key, end = found["ticks"].split("/")
    assert (top, room, end) == ("gallery", "42", "")
    assert slot_of_key(42, key, [SECRET]) is not None
    (join,) = log.live
    assert (join.type, join.who.user_id, join.who.connection_id) == (events.JOIN, "alice", found["place"])
    assert log.saved == [join]
    given = {"place": found["place"], "userId": "alice"}
    for _ in range(2):
        assert (await client.post(f"{PATH}/leave", params=given, headers={"Authorization": ""})).status_code == 204
    assert [one.type for one in log.live] == [events.JOIN, events.LEAVE]
    assert (await platform.room.state.figures(42)).places == 0
    assert await error(client, place=found["place"]) == (404, "not_found")


async def renew(client: httpx.AsyncClient, clock: Clock, found: dict[str, Any], times: int) -> None:
    """Renew a place so many times, once a minute."""
    for _ in range(times):
        clock.now += 60_000
        renewed = await told(client, place=found["place"], mail=found["mail"])
        assert renewed["place"] == found["place"]
        assert "history" not in renewed


async def test_renewals_are_no_joins_and_watch_time_is_stored_with_one_of_five(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, clock: Clock
) -> None:
    found = await told(client)
    await renew(client, clock, found, 10)
    assert [one.type for one in log.live] == [events.JOIN]
    assert [one.type for one in log.saved] == [events.JOIN, events.HEARTBEAT, events.HEARTBEAT]
    first, second = log.saved[1:]
    assert (first.watch_from, second.watch_from) == (NOW, NOW)
    assert first.watch_to is not None
    assert second.watch_to == first.watch_to + 300_000
    assert (await client.post(f"{PATH}/leave", params={"place": found["place"], "userId": "alice"})).status_code == 204
    assert (log.saved[-1].type, log.saved[-1].watch_from) == (events.LEAVE, NOW)
    assert log.saved[-1].watch_to == NOW + 600_000


async def test_watch_time_that_cannot_be_stored_is_made_up_for(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, clock: Clock
) -> None:
    found = await told(client)
    log.save_is_away = True
    await renew(client, clock, found, 5)
    assert log.saved[1:] == []
    log.save_is_away = False
    await renew(client, clock, found, 5)
    (heartbeat,) = log.saved[1:]
    assert heartbeat.watch_from == NOW
    assert heartbeat.watch_to is not None
    assert heartbeat.watch_to > NOW + 300_000


@pytest.mark.parametrize("comes_back", [True, False])
async def test_after_a_long_silence_the_stretch_before_it_is_stored(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, clock: Clock, comes_back: bool
) -> None:
    found = await told(client)
    clock.now += 60_000
    await told(client, place=found["place"])
    before = len(log.saved)
    # The lease still holds, and one and a half intervals are over.
    clock.now += 110_000
    if comes_back:
        await told(client, place=found["place"])
    await client.post(f"{PATH}/leave", params={"place": found["place"], "userId": "alice"})
    stretches = {(one.watch_from, one.watch_to) for one in log.saved[before:]}
    assert stretches == {(NOW, NOW + 60_000), (NOW + 80_000, NOW + 170_000)}


async def test_who_would_rather_read_has_a_place_although_the_room_has_a_seat(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster
) -> None:
    await open_gallery(redis)
    site.parts = replace(site.parts, gallery=gallery_of(site, gallery_state(redis, seats_before=1)))
    assert (await told(client))["lane"] == "seat"
    assert (await told(client, lane="gallery"))["lane"] == "gallery"


async def test_who_names_a_place_reads_on_where_redis_has_lost_the_seats(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster
) -> None:
    await open_gallery(redis)
    site.parts = replace(site.parts, gallery=gallery_of(site, gallery_state(redis, seats_before=1)))
    found = await told(client, lane="gallery")
    await lose_all(redis, "room:*")
    await open_gallery(redis)
    again = await told(client, place=found["place"])
    assert (again["lane"], again["place"], again["gap"]) == ("gallery", found["place"], True)
    assert (await told(client, bearer(sub="bob")))["lane"] == "seat"


async def test_who_has_a_seat_is_there_already(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, platform: ApiParts
) -> None:
    await platform.room.state.join(Seat("c1", "live.v1", "alice"), identity_of("alice"), NOW)
    assert (await told(client))["onlineNumber"] == 1
    assert log.live == []


async def test_the_first_in_a_room_waits_for_the_second_in_which_the_gallery_is_open(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await open_gallery(redis)

    site.parts = replace(site.parts, gallery=replace(gallery_of(site, gallery_state(redis)), sleep=sleep))
    assert (await told(client))["lane"] == "gallery"
    assert len(waited) == 1
    assert 0 < waited[0] <= 1


async def test_nobody_is_let_in_whom_the_handshake_refuses(
    client: httpx.AsyncClient, gallery: Gallery, platform: ApiParts, site: Site, log: MemoryLog
) -> None:
    for headers in ({"Authorization": ""}, bearer(exp=1), bearer(activity_id=43), bearing()):
        assert await error(client, headers) == (401, "unauthorized"), headers
    await platform.words.write(Lists(mask=(), reject=("mallory",)))
    assert await error(client, bearer(name="Mallory")) == (400, "name_rejected")
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD))
    assert await error(client) == (403, "banned")
    await platform.bans.ban("bob", Sanction(until=FOR_GOOD), NOW)
    assert await error(client, bearer(sub="bob")) == (403, "banned_everywhere")
    site.parts = replace(
        site.parts, admission=replace(site.parts.admission, origins=frozenset({"https://shop.example"}))
    )
    assert await error(client, bearer(sub="carol") | {"Origin": "https://evil.example"}) == (403, "origin")
    assert log.live == []


async def test_in_open_mode_the_body_says_who_it_is(client: httpx.AsyncClient, gallery: Gallery, site: Site) -> None:
    site.parts = replace(site.parts, admission=Admission(mode="open", tokens=TOKENS))
    nobody = {"Authorization": ""}
    found = await told(client, nobody, username="Al", userId="al", attributes={"level": "12"})
    assert (found["userId"], found["onlineNumber"]) == ("al", 1)
    page = await site.parts.room.state.who(42, limit=5)
    assert [(user.username, user.attributes) for user in page.users] == [("Al", {"level": "12"})]
    assert await error(client, nobody) == (401, "unauthorized")
    for wrong in ({"username": ""}, {"username": "Al", "attributes": {"a": 1}}, {"username": "Al", "userId": "\t"}):
        assert await error(client, nobody, **wrong) == (400, "bad_field"), wrong


@pytest.mark.parametrize(
    "wrong",
    [
        {"place": "x"},
        {"place": "g" + "1" * 29 + "/"},
        {"since": 5},
        {"since": "x"},
        {"mail": "-1"},
        {"mail": 1},
        {"lane": "seat"},
        {"hash": "a"},
    ],
)
async def test_an_invalid_order_takes_no_place(
    client: httpx.AsyncClient, gallery: Gallery, redis: RedisCluster, wrong: dict[str, Any]
) -> None:
    before = await snapshot(redis, "room:*")
    assert await error(client, **wrong) == (400, "bad_field")
    assert (await snapshot(redis, "room:*")).keys() == before.keys()


async def test_who_comes_too_often_is_told_when_to_come_again(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster
) -> None:
    await open_gallery(redis)
    seldom = gallery_state(redis, limits=Limits(joins=Rate(burst=1, per_second=0.1)))
    site.parts = replace(site.parts, gallery=gallery_of(site, seldom))
    found = await told(client)
    answer = await place(client, place=found["place"])
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (429, "too_often", "10")


async def test_a_ban_and_a_kick_end_the_place_at_once_and_its_renewal(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, clock: Clock, platform: ApiParts
) -> None:
    found = await told(client)
    clock.now += 1
    assert (await client.delete("/api/activities/42/users?userId=alice")).status_code == 204
    assert [one.type for one in log.live] == [events.JOIN, events.SANCTION, events.LEAVE]
    assert await error(client, place=found["place"]) == (403, "kicked")
    again = await told(client)
    assert (await client.put("/api/activities/42/bans", json={"userId": "alice"})).status_code == 204
    assert (await platform.room.state.figures(42)).places == 0
    assert await error(client, place=again["place"]) == (403, "banned")
    await told(client, bearer(sub="bob"))
    await platform.room.state.list_room(42, clock.now)
    assert (await client.put("/api/bans", json={"userId": "bob"})).status_code == 204
    assert (await platform.room.state.figures(42)).online == 0


async def test_a_lapsed_place_is_not_taken_again_by_whom_the_platform_has_banned_just_now(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, redis: RedisCluster, platform: ApiParts
) -> None:
    found = await told(client)
    await lose_all(redis, "room:*")
    await open_gallery(redis)
    # The function's copy of the bans is a second old.
    await PlatformBans(redis).ban("alice", Sanction(until=FOR_GOOD), NOW)
    assert await error(client, place=found["place"]) == (403, "banned_everywhere")
    assert (await platform.room.state.figures(42)).online == 0
    assert [one.type for one in log.live] == [events.JOIN]


async def test_a_renewal_puts_a_room_back_on_the_list_that_was_lost(
    client: httpx.AsyncClient, gallery: Gallery, redis: RedisCluster, clock: Clock
) -> None:
    found = await told(client)
    await redis.delete(ROOMS)
    clock.now += 60_000
    await told(client, place=found["place"])
    assert await redis.zrange(ROOMS, 0, -1) == ["42"]


async def test_a_join_that_cannot_be_published_takes_no_place(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, platform: ApiParts
) -> None:
    log.live_is_away = True
    assert await error(client) == (503, "unavailable")
    assert (await platform.room.state.figures(42)).online == 0
    log.live_is_away, log.live_stands_still = False, True
    assert await error(client) == (503, "unavailable")
    log.wake()
    # Nobody knows whether it was: the next who comes is announced, or the sweep gives it up.
    assert (await platform.room.state.figures(42)).online == 1
    await told(client)
    assert [one.type for one in log.live] == [events.JOIN, events.JOIN]


async def test_a_leave_that_cannot_be_published_is_left_to_the_sweep(
    client: httpx.AsyncClient, gallery: Gallery, log: MemoryLog, platform: ApiParts
) -> None:
    found = await told(client)
    log.live_is_away = True
    answer = await client.delete(f"{PATH}?place={found['place']}&userId=alice", headers=bearer())
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert (await platform.room.state.figures(42)).places == 1


async def test_a_place_is_given_up_only_by_whoever_knows_it(
    client: httpx.AsyncClient, gallery: Gallery, platform: ApiParts, state: RoomState
) -> None:
    found = await told(client)
    for given in ({"place": found["place"], "userId": "bob"}, {"place": f"g{'1' * 29}", "userId": "alice"}):
        assert (await client.post(f"{PATH}/leave", params=given)).status_code == 204, given
    assert (await state.figures(42)).places == 1
    for wrong in ({"place": "x", "userId": "alice"}, {"userId": "alice"}, {"place": found["place"]}):
        assert (await client.post(f"{PATH}/leave", params=wrong)).status_code == 400, wrong
    assert (await client.delete(PATH, params={**given}, headers={"Authorization": ""})).status_code == 401


async def test_redis_away_is_503(client: httpx.AsyncClient, site: Site, platform_without_redis: ApiParts) -> None:
    site.parts = platform_without_redis
    assert await error(client) == (503, "unavailable")


async def test_readers_are_counted_where_a_room_is_looked_at(
    client: httpx.AsyncClient, gallery: Gallery, clock: Clock, platform: ApiParts
) -> None:
    await told(client)
    looked = (await client.get("/api/activities/42")).json()
    assert (looked["onlineNumber"], looked["connections"], looked["places"]) == (1, 0, 1)
    (listed,) = (await client.get("/api/activities")).json()["activities"]
    assert listed["places"] == 1
    page = (await client.get("/api/activities/42/users")).json()
    assert [user["userId"] for user in page["users"]] == ["alice"]


@pytest.fixture
def state(platform: ApiParts) -> RoomState:
    return platform.room.state
