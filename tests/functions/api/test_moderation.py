import asyncio
import itertools
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.connections import Outcome
from functions.adapters.aws.credentials import NoCredentials
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.relay_state import RelayState
from functions.handlers import connect, message
from functions.rooms import events, objects
from functions.rooms.payload import Payload
from functions.rooms.sanctions import Sanction
from functions.usecases.admission import Admission
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.api.site import Platform, Site
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event
from tests.functions.fake_connections import FakeConnections

ROOM = "/api/activities/42"
NO_SECONDS: list[Any] = [0, -1, 30 * 24 * 3600 + 1, "60", 1.5, True, [], 10**400]


class Watching(FakeConnections):
    """Notes what had been published when somebody was told, and when closed."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__()
        self._log = log
        self.published: list[int] = []

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        self.published.append(len(self._log.saved))
        return await super().post(connection_id, payload)


async def come_in(platform: Platform, log: MemoryLog, user: str = "alice", connection_id: str = "") -> int:
    """The handshake's status; what it publishes is forgotten."""
    answer = await connect.main(route_event(user, connection_id=connection_id), platform.room)
    log.live.clear()
    log.saved.clear()
    return int(answer["statusCode"])


async def say(platform: Platform, user: str = "alice", kind: int = 4) -> dict[str, Any]:
    body = json.dumps({"messageType": kind, "id": str(kind), **({"message": "hello"} if kind == 4 else {})})
    answer = await message.main(route_event(user, body=body), platform.room)
    reply: dict[str, Any] = json.loads(answer["body"])[0]
    return reply


def sanctions(log: MemoryLog) -> list[tuple[str | None, Any]]:
    assert log.live == log.saved
    return [(event.to, event.data) for event in log.saved if event.type == events.SANCTION]


async def test_a_muted_user_may_not_chat_until_the_time_is_over(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, clock: Clock
) -> None:
    await come_in(platform, log)
    answer = await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60})
    assert (answer.status_code, answer.content) == (204, b"")
    assert sanctions(log) == [("alice", {"action": "muted", "seconds": 60})]
    reply = await say(platform)
    assert (reply["error"], reply["retryAfter"]) == ("muted", 60)
    assert (await say(platform, kind=6))["ok"]
    clock.now += 60_000
    assert (await say(platform))["ok"]


async def test_a_whole_number_may_have_a_point(client: httpx.AsyncClient, log: MemoryLog) -> None:
    assert (await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60.0})).status_code == 204
    assert repr(sanctions(log)[0][1]["seconds"]) == "60"


async def test_a_second_mute_takes_the_place_of_the_first(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    await come_in(platform, log)
    for seconds in (600, 5):
        await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": seconds})
    assert (await say(platform))["retryAfter"] == 5
    assert [data["seconds"] for _, data in sanctions(log)] == [600, 5]


async def test_a_mute_that_nobody_could_be_told_of_is_in_force_all_the_same(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    await come_in(platform, log)
    log.live_is_away = True
    assert (await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60})).status_code == 503
    assert (await say(platform))["error"] == "muted"


async def test_an_unmuted_user_may_chat_and_is_told_once(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    await come_in(platform, log)
    await platform.moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 60_000))
    for _ in range(2):
        assert (await client.delete(f"{ROOM}/mutes?userId=alice")).status_code == 204
    assert sanctions(log) == [("alice", {"action": "unmuted", "seconds": None})]
    assert (await say(platform))["ok"]


async def test_who_was_never_muted_or_is_no_longer_is_told_nothing(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, clock: Clock
) -> None:
    await platform.moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 1_000))
    clock.now += 1_000
    for user in ("alice", "bob"):
        assert (await client.delete(f"{ROOM}/mutes?userId={user}")).status_code == 204
    assert log.live == []


@pytest.mark.parametrize("topic", ["live", "save"])
async def test_an_unmute_that_nobody_can_be_told_of_leaves_the_mute_as_it_was(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, topic: str
) -> None:
    await come_in(platform, log)
    await platform.moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 77_000))
    log.live_is_away, log.save_is_away = topic == "live", topic == "save"
    assert (await client.delete(f"{ROOM}/mutes?userId=alice")).status_code == 503
    assert (await say(platform))["retryAfter"] == 77


async def test_a_banned_user_is_told_cut_off_and_refused(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    await come_in(platform, log, connection_id="c1")
    await come_in(platform, log, connection_id="c2")
    await come_in(platform, log, "bob")
    assert (await client.put(f"{ROOM}/bans", json={"userId": "alice", "seconds": 60})).status_code == 204
    told = {"messageType": 11, "action": "banned", "seconds": 60}
    assert connections.shown == {"c1": [[told]], "c2": [[told]]}
    assert sorted(connections.closed) == ["c1", "c2"]
    assert sanctions(log) == [("alice", {"action": "banned", "seconds": 60})]
    assert await come_in(platform, log, connection_id="c3") == 403
    assert await come_in(platform, log, "bob", connection_id="c4") == 200


async def test_a_ban_with_a_time_ends_with_it(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, clock: Clock
) -> None:
    await client.put(f"{ROOM}/bans", json={"userId": "alice", "seconds": 60})
    clock.now += 59_999
    assert await come_in(platform, log) == 403
    clock.now += 1
    assert await come_in(platform, log) == 200


@pytest.mark.parametrize("body", [{}, {"seconds": None}])
async def test_a_ban_without_a_time_does_not_end(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, clock: Clock, body: Any
) -> None:
    assert (await client.put(f"{ROOM}/bans", json={"userId": "alice", **body})).status_code == 204
    assert sanctions(log) == [("alice", {"action": "banned", "seconds": None})]
    clock.now += 365 * 24 * 3600 * 1000
    assert await come_in(platform, log) == 403


@pytest.mark.parametrize(("method", "path"), [("PUT", "bans"), ("DELETE", "users?userId=alice")])
async def test_who_is_cut_off_is_in_the_log_before_they_are(
    client: httpx.AsyncClient, site: Site, platform: Platform, log: MemoryLog, method: str, path: str
) -> None:
    watching = Watching(log)
    site.parts = replace(platform, connections=watching)
    await come_in(platform, log)
    body = {"userId": "alice"} if method == "PUT" else None
    assert (await client.request(method, f"{ROOM}/{path}", json=body)).status_code == 204
    assert watching.published == [1]


async def test_a_ban_that_cannot_be_published_holds_and_cuts_off_when_it_is_tried_again(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    await come_in(platform, log)
    log.live_is_away = True
    assert (await client.put(f"{ROOM}/bans", json={"userId": "alice"})).status_code == 503
    assert await come_in(platform, log, connection_id="c2") == 403
    assert connections.closed == []
    log.live_is_away = False
    assert (await client.put(f"{ROOM}/bans", json={"userId": "alice"})).status_code == 204
    assert connections.closed == ["c-alice"]


async def test_nobody_lifts_or_shortens_their_own_ban_or_mute(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    for kind, room in itertools.product(("bans", "mutes"), (42, None)):
        await platform.moderation.sanction(kind, 42, "mod", Sanction(until=NOW + 600_000))  # type: ignore[arg-type]
        for method, path, body in (
            ("DELETE", f"{ROOM}/{kind}?userId=mod", None),
            ("PUT", f"{ROOM}/{kind}", {"userId": "mod", "seconds": 1}),
            ("PUT", f"{ROOM}/{kind}", {"userId": "mod", "seconds": 6000}),
        ):
            answer = await client.request(method, path, json=body, headers=bearing("moderate", activity_id=room))
            expected = "banned" if kind == "bans" and room else "yourself"
            assert (answer.status_code, answer.json()["error"]) == (403, expected), (kind, room, method)
        assert await platform.moderation.lift(kind, 42, "mod", NOW) == Sanction(until=NOW + 600_000)  # type: ignore[arg-type]
    assert log.live == []


async def test_in_open_mode_a_user_named_as_the_platform_can_be_banned_and_unbanned(
    client: httpx.AsyncClient, site: Site, platform: Platform
) -> None:
    site.parts = replace(platform, admission=Admission(mode="open", tokens=TOKENS))
    assert (await client.put(f"{ROOM}/bans", json={"userId": "platform"})).status_code == 204
    assert (await client.delete(f"{ROOM}/bans?userId=platform")).status_code == 204


async def test_who_comes_in_while_they_are_banned_is_refused_or_cut_off(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    comers = [connect.main(route_event(connection_id=f"c{n}"), platform.room) for n in range(20)]
    ban = asyncio.create_task(client.put(f"{ROOM}/bans", json={"userId": "alice"}))
    answers = await asyncio.gather(*comers)
    assert (await ban).status_code == 204
    let_in = [f"c{n}" for n, answer in enumerate(answers) if answer["statusCode"] == 200]
    assert sorted(connections.closed) == sorted(let_in)


async def test_an_unbanned_user_may_come_in_and_that_is_said_once(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=0))
    for _ in range(2):
        assert (await client.delete(f"{ROOM}/bans?userId=alice")).status_code == 204
    assert sanctions(log) == [("alice", {"action": "unbanned", "seconds": None})]
    assert await come_in(platform, log) == 200


@pytest.mark.parametrize("till", [0, NOW + 1])
async def test_an_unban_that_cannot_be_published_leaves_the_ban(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, till: int
) -> None:
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=till))
    log.live_is_away = True
    assert (await client.delete(f"{ROOM}/bans?userId=alice")).status_code == 503
    log.live_is_away = False
    assert await come_in(platform, log) == 403


async def test_a_kicked_user_is_told_and_cut_off_and_may_come_back(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    await come_in(platform, log)
    assert (await client.delete(f"{ROOM}/users?userId=alice")).status_code == 204
    assert connections.shown == {"c-alice": [[{"messageType": 11, "action": "kicked", "seconds": None}]]}
    assert connections.closed == ["c-alice"]
    assert sanctions(log) == [("alice", {"action": "kicked", "seconds": None})]
    assert await come_in(platform, log, connection_id="c2") == 200


async def test_nobody_is_kicked_who_is_not_there(
    client: httpx.AsyncClient, log: MemoryLog, connections: FakeConnections
) -> None:
    assert (await client.delete(f"{ROOM}/users?userId=alice")).status_code == 204
    assert (log.live, connections.closed) == ([], [])


async def cut_off(relay_state: RelayState, log: MemoryLog) -> dict[str, objects.Object]:
    """What a relay has to tell each connection that it closes."""
    records = [replace(event, seq=seq, logged_at=NOW) for seq, event in enumerate(log.live)]
    [view] = await relay_state.before({42: records}, NOW)
    return {cut.seat.connection_id: cut.to_object() for cut in view.cut}


@pytest.mark.parametrize("kind", [4, 6, 7, 3])
@pytest.mark.parametrize(
    ("method", "path", "action"), [("PUT", "bans", "banned"), ("DELETE", "users?userId=alice", "kicked")]
)
async def test_a_connection_without_a_seat_is_told_and_closed_at_its_next_frame(
    client: httpx.AsyncClient,
    platform: Platform,
    log: MemoryLog,
    relay_state: RelayState,
    clock: Clock,
    method: str,
    path: str,
    action: str,
    kind: int,
) -> None:
    clock.now += 1
    body = {"userId": "alice"} if method == "PUT" else None
    assert (await client.request(method, f"{ROOM}/{path}", json=body)).status_code == 204
    log.live.clear()
    for _ in range(2):
        event = route_event(body=json.dumps({"messageType": kind, "message": "hello"}))
        assert "body" not in await message.main(event, platform.room)
    # A relay reads that record, and then whom it has to tell and to close.
    assert [event.type for event in log.live] == [events.SEATED]
    assert await cut_off(relay_state, log) == {"c-alice": {"messageType": 11, "action": action, "seconds": None}}
    assert (await platform.room.state.figures(42)).connections == 0


async def test_a_silent_connection_from_before_a_ban_is_not_in_by_itself_when_the_ban_is_over(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    clock.now += 1
    assert (await client.put(f"{ROOM}/bans", json={"userId": "alice", "seconds": 60})).status_code == 204
    clock.now += 60_000
    event = route_event(body=json.dumps({"messageType": 7}))
    assert await message.main(event, platform.room) == {"statusCode": 200}
    assert (await cut_off(relay_state, log)).keys() == {"c-alice"}
    assert (await platform.room.state.figures(42)).connections == 0
    event = route_event(connection_id="c2", connected_at=clock.now, body=json.dumps({"messageType": 7, "id": "1"}))
    assert json.loads((await message.main(event, platform.room))["body"])[0]["ok"]


async def test_a_kick_that_cannot_be_published_cuts_nobody_off(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    await come_in(platform, log)
    log.save_is_away = True
    assert (await client.delete(f"{ROOM}/users?userId=alice")).status_code == 503
    assert (connections.shown, connections.closed) == ({}, [])


async def test_without_credentials_for_the_connections_it_is_503_and_can_be_tried_again(
    client: httpx.AsyncClient, site: Site, platform: Platform, log: MemoryLog
) -> None:
    class Keyless(FakeConnections):
        async def prepare(self) -> None:
            raise NoCredentials("AWS_ACCESS_KEY_ID is not set")

    await come_in(platform, log)
    site.parts = replace(platform, connections=Keyless())
    answer = await client.put(f"{ROOM}/bans", json={"userId": "alice"})
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "AWS_ACCESS_KEY_ID" not in answer.text


async def test_whatever_a_users_id_holds_they_can_be_sanctioned(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog
) -> None:
    paths = ("a/b", "a//b/", "/", "%41", "%2541", "a?b#c", "amy?x", "a&b", "a+b", "...")
    for user in (*paths, "坏人", "\U0001f600", "o'b\"r", "a b"):
        await come_in(platform, log, user)
        assert (await client.put(f"{ROOM}/mutes", json={"userId": user, "seconds": 60})).status_code == 204, user
        assert (await say(platform, user))["error"] == "muted", user
        assert (await client.delete(f"{ROOM}/mutes", params={"userId": user})).status_code == 204, user
        assert [to for to, _ in sanctions(log)] == [user, user]


async def test_a_time_that_cannot_be_meant_is_a_bad_field(
    client: httpx.AsyncClient, log: MemoryLog, platform: Platform
) -> None:
    times: list[Any] = [*({"seconds": value} for value in NO_SECONDS), {"seconds": 60, "second": 60}]
    bodies: list[Any] = [*({"userId": "alice"} | time for time in times), [], "60"]
    for path, body in itertools.product(("mutes", "bans"), bodies):
        answer = await client.put(f"{ROOM}/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), (path, body)
        assert log.live == [], (path, body)
        assert await come_in(platform, log) == 200, (path, body)


async def test_a_mute_needs_a_time(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for more, said in (({}, "is missing"), ({"seconds": None}, "must be an integer")):
        answer = await client.put(f"{ROOM}/mutes", json={"userId": "alice", **more})
        assert answer.json() == {"error": "bad_field", "message": f"body.seconds: {said}"}
    assert log.live == []


NO_REASONS: list[Any] = ["", "x" * 201, "two\nlines", "\u202eturned", "\ud800", 5, True, [], {}]


async def test_a_reason_is_told_to_the_target_and_recorded(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, connections: FakeConnections
) -> None:
    why = "no links, please \U0001f517"
    for method, path, action, seconds in (
        ("PUT", "mutes", "muted", 60),
        ("DELETE", "mutes", "unmuted", None),
        ("PUT", "bans", "banned", 60),
        ("DELETE", "bans", "unbanned", None),
        ("DELETE", "users", "kicked", None),
    ):
        if action in ("banned", "kicked"):
            await come_in(platform, log, connection_id=action)
        log.live.clear()
        log.saved.clear()
        body = {"userId": "alice", "seconds": 60, "reason": why} if method == "PUT" else None
        query = {} if body else {"userId": "alice", "reason": why}
        answer = await client.request(method, f"{ROOM}/{path}", json=body, params=query)
        assert answer.status_code == 204, (action, answer.text)
        data = {"action": action, "seconds": seconds, "reason": why}
        assert sanctions(log) == [("alice", data)], action
        if action in ("banned", "kicked"):
            assert connections.shown[action][-1] == [{"messageType": 11, **data}], action


async def test_what_is_no_reason_is_refused_by_name_and_changes_nothing(
    client: httpx.AsyncClient, log: MemoryLog
) -> None:
    for reason, path in itertools.product(NO_REASONS, ("mutes", "bans")):
        body = json.dumps({"userId": "alice", "seconds": 60, "reason": reason}).encode()
        headers = {"Content-Type": "application/json"}
        answer = await client.put(f"{ROOM}/{path}", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), (reason, path)
        assert answer.json()["message"].startswith("body.reason: "), (reason, answer.json())
    for path, reason in itertools.product(("mutes", "bans", "users"), ("", "x" * 201, "two\nlines", "\u202eturned")):
        answer = await client.delete(f"{ROOM}/{path}", params={"userId": "alice", "reason": reason})
        assert answer.status_code == 400, (path, reason)
        assert answer.json()["message"].startswith("query.reason: "), (reason, answer.json())
    assert (await client.get(f"{ROOM}/sanctions")).json()["sanctions"] == []
    assert log.live == []


async def test_a_lifted_sanction_that_is_put_back_keeps_its_reason(client: httpx.AsyncClient, log: MemoryLog) -> None:
    await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 60, "reason": "too loud"})
    before = (await client.get(f"{ROOM}/sanctions")).json()
    log.live_is_away = True
    assert (await client.delete(f"{ROOM}/mutes?userId=alice")).status_code == 503
    assert (await client.get(f"{ROOM}/sanctions")).json() == before


async def test_a_connection_without_a_seat_is_told_why_it_is_banned(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    clock.now += 1
    await client.put(f"{ROOM}/bans", json={"userId": "alice", "seconds": 60, "reason": "no links, please"})
    log.live.clear()
    await message.main(route_event(body=json.dumps({"messageType": 7})), platform.room)
    told = {"messageType": 11, "action": "banned", "seconds": 60, "reason": "no links, please"}
    assert await cut_off(relay_state, log) == {"c-alice": told}


async def test_a_ban_may_remove_all_that_the_user_said(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, relay_state: RelayState, redis: RedisCluster
) -> None:
    for user in ("alice", "bob"):
        await come_in(platform, log, user)
        await say(platform, user)
    chats = [replace(event, logged_at=NOW) for event in log.live]
    await relay_state.before({42: chats}, NOW)
    mine = [chat.seq for chat in chats if chat.who.user_id == "alice"]
    log.live.clear()
    log.saved.clear()
    body = {"userId": "alice", "seconds": 60, "reason": "no links, please", "removeMessages": True}
    assert (await client.put(f"{ROOM}/bans", json=body)).status_code == 204
    assert [(event.type, event.data) for event in log.saved] == [
        (events.REMOVED, {"userId": "alice", "seqs": mine}),
        (events.SANCTION, {"action": "banned", "seconds": 60, "reason": "no links, please"}),
    ]
    assert log.live == log.saved
    entries: Any = await redis.xrange(RoomKeys(42).history)
    assert [json.loads(entry["said"])["userId"] for _, entry in entries] == ["bob"]
    assert 0 < await redis.ttl(RoomKeys(42).withheld) <= 600


async def test_all_that_a_user_has_said_is_removed_without_a_ban(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, relay_state: RelayState, redis: RedisCluster
) -> None:
    await come_in(platform, log)
    await say(platform)
    (said,) = [replace(event, logged_at=NOW) for event in log.live]
    await relay_state.before({42: [said]}, NOW)
    log.live.clear()
    log.saved.clear()
    answer = await client.delete(f"{ROOM}/messages?userId=alice", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 204
    assert [(event.type, event.data, event.client_id) for event in log.saved] == [
        (events.REMOVED, {"userId": "alice", "seqs": [said.seq]}, "k1")
    ]
    assert await redis.xlen(RoomKeys(42).history) == 0
    assert not await platform.moderation.is_banned(42, "alice", NOW)
    for wrong in ("", "?userId=", "?userId=a&userId=b", "?userId=%ff"):
        answer = await client.delete(f"{ROOM}/messages{wrong}")
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), wrong


async def test_without_being_asked_a_ban_removes_nothing(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for body in ({}, {"removeMessages": False}, {"removeMessages": None}):
        assert (await client.put(f"{ROOM}/bans", json={"userId": "alice", **body})).status_code == 204
    assert {event.type for event in log.live} == {events.SANCTION}
    odds: list[Any] = [1, "true", []]
    for odd in odds:
        answer = await client.put(f"{ROOM}/bans", json={"userId": "alice", "removeMessages": odd})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), odd
        assert answer.json()["message"].startswith("body.removeMessages: "), odd
    answer = await client.put(f"{ROOM}/mutes", json={"userId": "alice", "seconds": 1, "removeMessages": True})
    assert answer.json()["message"] == "body.removeMessages: is unknown"


async def test_what_a_call_removed_whose_record_was_lost_is_named_by_the_next(
    client: httpx.AsyncClient, platform: Platform, log: MemoryLog, relay_state: RelayState
) -> None:
    await come_in(platform, log)
    await say(platform)
    (chat,) = [replace(event, logged_at=NOW) for event in log.live]
    await relay_state.before({42: [chat]}, NOW)
    body = {"userId": "alice", "removeMessages": True}
    log.live.clear()
    log.live_is_away = True
    assert (await client.put(f"{ROOM}/bans", json=body)).status_code == 503
    log.live_is_away = False
    assert (await client.put(f"{ROOM}/bans", json=body)).status_code == 204
    assert log.live[0].data == {"userId": "alice", "seqs": [chat.seq]}


async def test_both_records_of_a_ban_have_an_id_of_their_own_and_the_same_each_time(
    client: httpx.AsyncClient, log: MemoryLog
) -> None:
    for is_away in (True, False):
        # The removal is shown and not saved: the call fails before the ban is shown.
        log.save_is_away = is_away
        body = {"userId": "alice", "removeMessages": True}
        answer = await client.put(f"{ROOM}/bans", json=body, headers={"Idempotency-Key": "k" * 64})
        assert answer.status_code == (503 if is_away else 204)
    first, again, ban = [event.client_id for event in log.live]
    assert first == again != ban == "k" * 64
    assert len(first) == 64
