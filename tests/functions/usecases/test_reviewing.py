"""A chat that the platform's own function reviews before it is shown."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.review_state import ReviewState
from functions.adapters.redis.words import Words
from functions.handlers import connect, message
from functions.parts import MessageParts, Review
from functions.rooms import events
from functions.rooms.identity import VIEWER, Framing
from functions.rooms.limits import Limits
from functions.rooms.results import PENDING_MS
from functions.rooms.review import REASON, ReviewFailed
from functions.rooms.words import Lists
from functions.runtime.metrics import Meter
from functions.runtime.settings import OnFailure
from functions.usecases import once
from tests.functions.conftest import NOW, UNLIMITED, Clock, MemoryLog, route_event
from tests.functions.reviewer import Reviewer

CHAT = {"messageType": 4, "message": "hi", "id": "c1"}
ALLOW, DENY = {"action": "allow"}, {"action": "deny", "reason": "no links"}


With = Callable[..., MessageParts]


@pytest.fixture
def reviewed(parts: MessageParts, redis: RedisCluster) -> With:
    """The parts of a function whose chats are reviewed."""

    def reviewed(reviewer: Reviewer, on_failure: OnFailure = "allow", limits: Limits = UNLIMITED) -> MessageParts:
        state = ReviewState(redis, limits=limits)
        return replace(parts, review=Review(function=reviewer, state=state, on_failure=on_failure))

    return reviewed


@pytest.fixture(autouse=True)
async def alice_is_there(parts: MessageParts, log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PATIENCE_SECONDS", (0.0,))
    await connect.main(route_event(), parts)
    log.live.clear()
    log.saved.clear()


async def send(
    parts: MessageParts, frame: dict[str, Any], caps: frozenset[str] = VIEWER, framing: Framing = "live.v1"
) -> dict[str, Any]:
    answer = await message.main(route_event(body=json.dumps(frame), caps=caps, framing=framing), parts)
    if "body" not in answer:
        return {}
    said = json.loads(answer["body"])
    [reply] = said if framing == "live.v1" else [said]
    assert isinstance(reply, dict)
    return reply


async def relay(relay_state: RelayState, log: MemoryLog) -> None:
    await relay_state.before({42: log.live}, NOW)


async def test_a_chat_that_is_allowed_is_shown_as_it_was_said(reviewed: With, log: MemoryLog) -> None:
    reviewer = Reviewer(ALLOW)
    assert (await send(reviewed(reviewer), CHAT | {"to": "bob"}))["seq"] == 100
    assert [event.content for event in log.live] == [event.content for event in log.saved] == ["hi"]
    asked = {"activityId": 42, "userId": "alice", "username": "Alice", "avatar": "face", "attributes": {}, "time": NOW}
    assert reviewer.asked == [{**asked, "text": "hi", "extra": None, "to": "bob", "id": "c1"}]


@pytest.mark.parametrize("framing", ["live.v1", "classic"])
async def test_a_chat_that_is_denied_is_in_no_topic_and_its_sender_is_told_why(
    reviewed: With, log: MemoryLog, framing: Framing
) -> None:
    parts = reviewed(Reviewer(DENY))
    for _ in range(2):
        reply = {"messageType": 0, "id": "c1", "ok": False, "error": "denied", "message": "no links"}
        assert await send(parts, CHAT, framing=framing) == reply
    no_id = {"messageType": 4, "message": "hi"}
    assert await send(parts, no_id, framing=framing) == {key: value for key, value in reply.items() if key != "id"}
    assert [event for event in log.live if event.type == events.CHAT] == log.saved == []


async def test_a_denied_id_is_not_asked_about_again_by_whatever_frame(reviewed: With, log: MemoryLog) -> None:
    reviewer = Reviewer(DENY, ALLOW)
    parts = reviewed(reviewer)
    for frame in (CHAT, CHAT, CHAT | {"message": "ho"}, {"messageType": 6, "id": "c1"}):
        assert (await send(parts, frame))["error"] == "denied"
    assert len(reviewer.asked) == 1
    assert log.live == log.saved == []
    assert (await send(parts, CHAT | {"id": "c2"}))["ok"]


async def test_another_text_is_what_everybody_gets_also_by_a_repeat(
    reviewed: With, log: MemoryLog, relay_state: RelayState
) -> None:
    reviewer = Reviewer({"action": "change", "text": "ho"}, DENY)
    parts = reviewed(reviewer)
    log.save_is_away = True
    assert (await send(parts, CHAT))["error"] == "unavailable"
    log.save_is_away = False
    await relay(relay_state, log)
    # What could not be saved is saved by the repeat, under the first one's seq and as it was shown.
    assert (await send(parts, CHAT))["seq"] == 100
    assert [event.content for event in log.live] == ["ho"]
    assert [(event.content, event.seq) for event in log.saved] == [("ho", 100)]
    assert len(reviewer.asked) == 1


async def test_another_chat_under_the_id_of_a_changed_one_is_not_taken_for_it(
    reviewed: With, log: MemoryLog, relay_state: RelayState
) -> None:
    parts = reviewed(Reviewer({"action": "change", "text": "ho"}))
    await send(parts, CHAT)
    await relay(relay_state, log)
    assert (await send(parts, CHAT | {"message": "other"}))["seq"] == 100
    assert [event.content for event in log.saved] == ["ho"]


async def test_a_chat_that_could_not_be_published_is_new_again_whatever_it_was_changed_to(
    reviewed: With, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    parts = reviewed(Reviewer({"action": "change", "text": "ho"}, ALLOW))
    log.live_is_away = True
    assert (await send(parts, CHAT))["error"] == "unavailable"
    log.live_is_away, log.save_is_away = False, True
    clock.now += 1000
    await send(parts, CHAT)
    log.save_is_away = False
    await relay(relay_state, log)
    assert (await send(parts, CHAT))["ok"]
    assert [event.content for event in log.live] == [event.content for event in log.saved] == ["hi"]


async def test_a_review_that_was_cut_off_leaves_an_id_that_is_free_again(
    reviewed: With, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    class Killing(Reviewer):
        async def ask(self, question: bytes) -> bytes:
            raise Killed

    with pytest.raises(Killed):
        await send(reviewed(Killing()), CHAT)
    assert (await send(reviewed(Reviewer(ALLOW)), CHAT))["error"] == "unavailable"
    clock.now += PENDING_MS + 1
    assert (await send(reviewed(Reviewer(DENY)), CHAT))["error"] == "denied"
    assert (await send(reviewed(Reviewer(ALLOW)), CHAT))["error"] == "denied"
    assert [event for event in log.live if event.type == events.CHAT] == []


@pytest.mark.parametrize(
    "answer",
    [
        ReviewFailed("slow"),
        b"",
        {"action": "maybe"},
        {"action": "change", "text": "x" * 501},
        {"action": "change", "text": "buy spam"},
        {"errorType": "KeyError", "errorMessage": "x"},
    ],
)
@pytest.mark.parametrize("on_failure", ["allow", "deny"])
async def test_a_review_that_fails_falls_back_as_the_stage_says(
    reviewed: With, log: MemoryLog, redis: RedisCluster, answer: Any, on_failure: OnFailure
) -> None:
    parts = reviewed(Reviewer(answer), on_failure)
    await parts.words.write(Lists((), ("spam",)))
    parts = replace(parts, words=Words(redis))
    reply = await send(parts, CHAT)
    if on_failure == "allow":
        assert reply["ok"]
    else:
        assert (reply["error"], reply["message"]) == ("denied", REASON)
    assert [event.content for event in log.live] == (["hi"] if on_failure == "allow" else [])


async def test_listed_words_are_masked_in_the_question_and_in_the_answer(
    reviewed: With, log: MemoryLog, redis: RedisCluster
) -> None:
    reviewer = Reviewer({"action": "change", "text": "blast it"})
    parts = reviewed(reviewer)
    await parts.words.write(Lists(("darn", "blast"), ()))
    await send(replace(parts, words=Words(redis)), {"messageType": 4, "message": "darn it"})
    assert [question["text"] for question in reviewer.asked] == ["**** it"]
    assert [event.content for event in log.live] == ["***** it"]


async def test_a_moderator_is_not_reviewed_nor_is_anything_but_chat(reviewed: With, log: MemoryLog) -> None:
    reviewer = Reviewer(DENY)
    parts = reviewed(reviewer)
    assert (await send(parts, CHAT, caps=VIEWER | {"moderate"}))["ok"]
    for kind in (6, 7):
        assert (await send(parts, {"messageType": kind, "id": f"f{kind}"}))["ok"]
    assert (await send(parts, {"messageType": 3}))["onlineNumber"] == 1
    assert reviewer.asked == []


async def test_what_the_room_refuses_asks_nobody(reviewed: With, redis: RedisCluster) -> None:
    reviewer = Reviewer(ALLOW)
    parts = reviewed(reviewer)
    await parts.words.write(Lists((), ("spam",)))
    parts = replace(parts, words=Words(redis))
    assert (await send(parts, CHAT | {"message": "spam", "id": "s"}))["error"] == "rejected"
    await ModerationState(redis).change_rules(42, slow_mode_seconds=None, frozen=True)
    assert (await send(parts, CHAT))["error"] == "frozen"
    await ModerationState(redis).change_rules(42, slow_mode_seconds=None, frozen=False)
    replies = [await send(parts, {"messageType": 4, "message": "hi"}) for _ in range(8)]
    assert [reply.get("error") for reply in replies] == [None] * 5 + ["rate_limited"] * 3
    assert len(reviewer.asked) == 5


async def test_what_was_denied_does_not_count_for_slow_mode_but_for_the_rate(
    reviewed: With, redis: RedisCluster
) -> None:
    parts = reviewed(Reviewer(DENY, ALLOW))
    await ModerationState(redis).change_rules(42, slow_mode_seconds=10, frozen=None)
    assert (await send(parts, CHAT))["error"] == "denied"
    assert (await send(parts, CHAT | {"id": "c2"}))["ok"]
    assert (await send(parts, CHAT | {"id": "c3"}))["error"] == "slow_mode"
    # A repeat of the denied one ends no slow mode.
    assert (await send(parts, CHAT))["error"] == "denied"
    assert (await send(parts, CHAT | {"id": "c3"}))["error"] == "slow_mode"


async def test_who_is_denied_too_often_floods_the_room(reviewed: With, log: MemoryLog) -> None:
    parts = reviewed(Reviewer(DENY), limits=Limits(refusals=3))
    for number in range(3):
        assert (await send(parts, CHAT | {"id": f"c{number // 2}"}))["error"] == "denied"
    [ban] = log.live
    assert (ban.type, ban.to, ban.data["reason"]) == (events.SANCTION, "alice", "flooding")
    assert await send(parts, CHAT | {"id": "c9"}) == {}


async def test_each_review_is_in_the_metrics(reviewed: With) -> None:
    lines: list[dict[str, Any]] = []
    meter = Meter(write=lambda line: lines.append(json.loads(line)))
    change = {"action": "change", "text": "ho"}
    parts = replace(reviewed(Reviewer(ALLOW, change, DENY, ReviewFailed("slow"))), meter=meter)
    for number in range(4):
        await send(parts, CHAT | {"id": f"c{number}"})
    reviews = [line for line in lines if "ReviewsAsked" in line]
    assert [line["ReviewsAsked"] for line in reviews] == [1] * 4
    assert all(line["ReviewLatency"] >= 0 for line in reviews)
    names = ("ReviewsChanged", "ReviewsDenied", "ReviewsFailed")
    assert [[name for name in names if name in line] for line in reviews] == [[], *([name] for name in names)]
    assert [line["code"] for line in lines if "FramesRefused" in line] == ["denied"]


@pytest.mark.parametrize("gives", ["deny", "keep_text", "text_of"])
async def test_without_redis_a_verdict_is_not_told_and_nothing_is_shown(
    reviewed: With, log: MemoryLog, parts_without_redis: MessageParts, relay_state: RelayState, gives: str
) -> None:
    answer = DENY if gives == "deny" else {"action": "change", "text": "ho"}
    parts = reviewed(Reviewer(answer))
    assert parts.review is not None
    if gives == "text_of":
        await send(parts, CHAT)
        await relay(relay_state, log)
    before = len(log.live)
    away = replace(parts.review, state=ReviewState(parts_without_redis.state._redis))
    reply = await send(replace(parts, review=away), CHAT)
    assert reply["error"] == "unavailable"
    assert len(log.live) == before
