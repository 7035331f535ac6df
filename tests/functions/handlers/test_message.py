import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.kafka.room_log import RoomLog
from functions.adapters.kafka.sign_in import KafkaTokens
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.words import Words
from functions.handlers import connect, message
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.identity import VIEWER, Framing, Identity
from functions.rooms.sanctions import Sanction
from functions.rooms.words import Lists
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event

ALICE = Identity(activity_id=42, user_id="alice", username="Alice")


@pytest.fixture(autouse=True)
async def alice_is_there(parts: MessageParts, log: MemoryLog) -> None:
    await connect.main(route_event(), parts)
    log.live.clear()
    log.saved.clear()


async def send(
    parts: MessageParts,
    frame: dict[str, Any] | str,
    user: str = "alice",
    framing: Framing = "live.v1",
    caps: frozenset[str] = VIEWER,
) -> list[dict[str, Any]]:
    """Send a frame; returns the objects of the reply, none when there is none."""
    body = frame if isinstance(frame, str) else json.dumps(frame)
    answer = await message.main(route_event(user, body=body, framing=framing, caps=caps), parts)
    assert answer["statusCode"] == 200
    if "body" not in answer:
        return []
    said = json.loads(answer["body"])
    return said if framing == "live.v1" else [said]


async def test_a_chat_is_published_on_both_topics(parts: MessageParts, log: MemoryLog) -> None:
    frame = {"messageType": 4, "message": "hi", "company_id": 5, "openid": "o", "unionid": "un", "to": "bob"}
    assert await send(parts, frame) == []
    (live,), (saved,) = log.live, log.saved
    assert live == saved
    assert (live.type, live.content, live.to, live.time) == (events.CHAT, "hi", "bob", NOW)
    assert (live.who.company_id, live.who.openid, live.who.unionid, live.who.avatar) == ("5", "o", "un", "face")
    assert (live.who.user_id, live.who.username, live.who.connection_id) == ("alice", "Alice", "c-alice")
    assert (live.online, live.likes) == (1, 0)


async def test_a_chat_with_an_id_is_answered_with_its_seq(parts: MessageParts) -> None:
    reply = {"messageType": 0, "id": "c1", "ok": True, "seq": 100}
    assert await send(parts, {"messageType": 4, "message": "hi", "id": "c1"}) == [reply]


async def test_a_like_raises_the_total_and_is_published_with_it(parts: MessageParts, log: MemoryLog) -> None:
    await send(parts, {"messageType": 6, "count": 3})
    assert await send(parts, {"messageType": 6, "id": "x"}) == [{"messageType": 0, "id": "x", "ok": True}]
    assert [event.likes for event in log.live] == [3, 4]


async def test_a_heartbeat_goes_to_the_save_topic_with_what_it_earned(
    parts: MessageParts, log: MemoryLog, clock: Clock
) -> None:
    clock.now += 60_000
    assert await send(parts, {"messageType": 7}) == []
    assert events.HEARTBEAT not in [event.type for event in log.live]
    [beat] = log.saved
    assert (beat.type, beat.watch_seconds) == (events.HEARTBEAT, 60.0)
    assert (beat.watch_from, beat.watch_to) == (clock.now - 60_000, clock.now)


async def test_the_next_heartbeat_tells_of_the_time_of_one_that_cannot_be_signed_for(
    parts: MessageParts, log: MemoryLog, clock: Clock
) -> None:
    unsigned = RoomLog(
        bootstrap="127.0.0.1:1",
        live_topic="live",
        save_topic="save",
        tokens=KafkaTokens(CredentialSource({}), "eu-west-1"),
    )
    clock.now += 60_000
    (reply,) = await send(replace(parts, log=unsigned), {"messageType": 7, "id": "h1"})
    assert (reply["ok"], reply["error"]) == (False, "unavailable")
    clock.now += 1_000
    await send(parts, {"messageType": 7, "id": "h1"})
    assert [(event.watch_from, event.watch_to) for event in log.saved] == [(clock.now - 61_000, clock.now)]


async def test_who_is_here_is_answered_in_the_senders_framing(parts: MessageParts, log: MemoryLog) -> None:
    people = {
        "messageType": 3,
        "users": [{"userId": "alice", "username": "Alice"}],
        "onlineNumber": 1,
        "cursor": None,
    }
    assert await send(parts, {"messageType": 3}) == [people]
    reply = {"messageType": 0, "id": "w", "ok": True}
    assert await send(parts, {"messageType": 3, "id": "w"}) == [reply, people | {"id": "w"}]
    await connect.main(route_event(framing="classic"), parts)
    log.live.clear()
    assert await send(parts, {"messageType": 3, "id": "w"}, framing="classic") == [people | {"id": "w"}]
    assert log.live == log.saved == []


async def test_a_page_ends_with_the_cursor_of_the_next(parts: MessageParts) -> None:
    await connect.main(route_event("bob"), parts)
    (first,) = await send(parts, {"messageType": 3, "limit": 1})
    (second,) = await send(parts, {"messageType": 3, "limit": 1, "cursor": first["cursor"]})
    assert {page["users"][0]["userId"] for page in (first, second)} == {"alice", "bob"}
    assert second["cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "=", "OTk6eA==", "LTE6eA==", "/w==", "eDp5"])
async def test_a_cursor_that_no_page_ended_with_is_refused(parts: MessageParts, cursor: str) -> None:
    (reply,) = await send(parts, {"messageType": 3, "cursor": cursor})
    assert reply["error"] == "bad_field"


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ("{", "bad_json"),
        ('{"messageType":5}', "bad_type"),
        ('{"messageType":4}', "bad_field"),
        ('{"messageType":4,"message":"' + "x" * 501 + '"}', "too_long"),
    ],
)
async def test_a_refused_frame_is_answered_and_not_published(
    parts: MessageParts, log: MemoryLog, frame: str, error: str
) -> None:
    (reply,) = await send(parts, frame)
    assert (reply["messageType"], reply["ok"], reply["error"]) == (0, False, error)
    assert "id" not in reply
    assert log.live == log.saved == []


async def test_a_refusal_names_the_frame_it_refuses(parts: MessageParts) -> None:
    (reply,) = await send(parts, {"messageType": 4, "id": "c9"}, framing="classic")
    assert (reply["id"], reply["error"]) == ("c9", "bad_field")


async def test_who_sends_too_much_is_told_how_long_to_wait(parts: MessageParts, log: MemoryLog, clock: Clock) -> None:
    for _ in range(5):
        assert await send(parts, {"messageType": 4, "message": "hi"}) == []
    (reply,) = await send(parts, {"messageType": 4, "message": "hi", "id": "c6"})
    assert (reply["id"], reply["error"], reply["retryAfter"]) == ("c6", "rate_limited", 1)
    assert len(log.live) == 5
    clock.now += 1000
    assert await send(parts, {"messageType": 4, "message": "hi"}) == []


async def test_without_kafka_a_frame_is_refused_and_has_changed_nothing(parts: MessageParts, log: MemoryLog) -> None:
    log.live_is_away = True
    for frame in ({"messageType": 4, "message": "hi", "id": "c1"}, {"messageType": 6, "count": 9, "id": "c2"}):
        (reply,) = await send(parts, frame)
        assert (reply["id"], reply["error"], reply["retryAfter"]) == (frame["id"], "unavailable", 1)
    log.live_is_away = False
    assert (await parts.state.figures(42)).likes == 0
    (reply,) = await send(parts, {"messageType": 4, "message": "hi", "id": "c1"})
    assert reply["ok"]
    assert len(log.live) == 1


async def test_without_redis_a_frame_is_refused(parts_without_redis: MessageParts, log: MemoryLog) -> None:
    (reply,) = await send(parts_without_redis, {"messageType": 4, "message": "hi", "id": "c1"})
    assert (reply["id"], reply["error"]) == ("c1", "unavailable")
    assert log.live == []


async def test_a_frame_of_somebody_whose_seat_lapsed_announces_them_again(parts: MessageParts, log: MemoryLog) -> None:
    await send(parts, {"messageType": 4, "message": "still here"}, user="bob")
    assert [event.type for event in log.live] == [events.JOIN, events.CHAT]
    assert (await parts.state.figures(42)).online == 2


async def test_a_room_that_a_lapsed_seat_comes_back_to_is_swept_again(parts: MessageParts, redis: RedisCluster) -> None:
    await redis.delete("rooms")
    await send(parts, {"messageType": 7}, user="bob")
    assert await redis.zrange("rooms", 0, -1) == ["42"]


async def test_a_frame_of_somebody_who_was_not_welcomed_asks_the_relay_to_do_so(
    parts: MessageParts, log: MemoryLog, clock: Clock
) -> None:
    clock.now += 6_000
    await send(parts, {"messageType": 7})
    assert [event.type for event in log.live] == [events.SEATED]


async def listing(
    parts: MessageParts, redis: RedisCluster, *, mask: tuple[str, ...] = (), reject: tuple[str, ...] = ()
) -> MessageParts:
    """The parts of a process that comes to know these words."""
    await parts.words.write(Lists(mask, reject))
    return replace(parts, words=Words(redis))


@pytest.mark.parametrize(
    ("frame", "what"), [({"messageType": 4, "message": "hi"}, "chat"), ({"messageType": 6}, "like")]
)
async def test_who_has_not_the_capability_is_refused_and_heard_by_nobody(
    parts: MessageParts, log: MemoryLog, frame: dict[str, Any], what: str
) -> None:
    (reply,) = await send(parts, frame | {"id": "c1"}, caps=VIEWER - {what})
    assert (reply["id"], reply["error"]) == ("c1", "not_allowed")
    assert log.live == log.saved == []
    assert await parts.state.recall(42, "alice", "c1") is None


async def test_who_may_do_nothing_may_still_watch_and_see_who_is_here(parts: MessageParts) -> None:
    nothing = frozenset[str]()
    (reply,) = await send(parts, {"messageType": 7, "id": "h"}, caps=nothing)
    assert reply["ok"]
    (people,) = await send(parts, {"messageType": 3}, caps=nothing)
    assert people["onlineNumber"] == 1


async def test_a_frozen_room_hears_its_moderators_alone(
    parts: MessageParts, log: MemoryLog, redis: RedisCluster
) -> None:
    await ModerationState(redis).change_rules(42, slow_mode_seconds=None, frozen=True)
    (reply,) = await send(parts, {"messageType": 4, "message": "hi"})
    assert reply["error"] == "frozen"
    assert await send(parts, {"messageType": 4, "message": "order"}, caps=VIEWER | {"moderate"}) == []
    assert [event.content for event in log.live] == ["order"]


async def test_who_is_muted_is_told_for_how_long(parts: MessageParts, log: MemoryLog, redis: RedisCluster) -> None:
    await ModerationState(redis).sanction("mutes", 42, "alice", Sanction(until=NOW + 4_200))
    (reply,) = await send(parts, {"messageType": 4, "message": "hi", "id": "c1"})
    assert (reply["error"], reply["retryAfter"]) == ("muted", 5)
    assert log.live == []


async def test_slow_mode_tells_how_long_to_wait(parts: MessageParts, redis: RedisCluster) -> None:
    await ModerationState(redis).change_rules(42, slow_mode_seconds=10, frozen=None)
    assert await send(parts, {"messageType": 4, "message": "hi"}) == []
    (reply,) = await send(parts, {"messageType": 4, "message": "hi"})
    assert (reply["error"], reply["retryAfter"]) == ("slow_mode", 10)


async def test_listed_words_are_masked_or_the_chat_refused(
    parts: MessageParts, log: MemoryLog, redis: RedisCluster
) -> None:
    parts = await listing(parts, redis, mask=("darn",), reject=("spam",))
    await send(parts, {"messageType": 4, "message": "D.A.R.N it"})
    (reply,) = await send(parts, {"messageType": 4, "message": "buy S P A M", "id": "c2"})
    assert (reply["id"], reply["error"]) == ("c2", "rejected")
    assert [event.content for event in log.live] == ["******* it"]
    assert await parts.state.recall(42, "alice", "c2") is None


async def test_a_name_is_masked_from_when_its_word_is_listed(
    parts: MessageParts, log: MemoryLog, redis: RedisCluster
) -> None:
    parts = await listing(parts, redis, mask=("alice",))
    await send(parts, {"messageType": 4, "message": "hi"})
    assert [(event.who.username, event.who.user_id) for event in log.live] == [("*****", "alice")]


async def test_an_identity_is_never_taken_from_a_frame(parts: MessageParts, log: MemoryLog) -> None:
    forged = {"userId": "bob", "username": "Bob", "nickname": "Bob", "activityId": 7, "connectionId": "c-bob"}
    await send(parts, {"messageType": 4, "message": "hi", **forged, "caps": ["moderate"], "time": 1, "seq": 9})
    (event,) = log.live
    assert (event.who.user_id, event.who.username, event.activity_id) == ("alice", "Alice", 42)
    assert (event.who.connection_id, event.time, event.seq) == ("c-alice", NOW, 100)
