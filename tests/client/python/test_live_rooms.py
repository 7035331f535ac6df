"""The Python client on real sockets, against a room that does what a test says."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from client.python.live_rooms import LiveRoom, Refused
from tests.client.python.fake_room import FAST, FakeRoom, Listener, Seat, chat, serving


@asynccontextmanager
async def inside(
    room: FakeRoom, welcome: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Listener, Seat]]:
    """A viewer who was welcomed, and the seat."""
    it = Listener(room, **options)
    async with it.room:
        seat = await room.seat()
        await seat.welcome(**(welcome or {}))
        await it.told("welcome")
        yield it, seat


async def test_a_viewer_says_who_it_is_and_asks_for_arrays(room: FakeRoom) -> None:
    shown: dict[str, Any] = {"user_id": "u 1", "avatar": "a&b", "attributes": {"level": "12"}}
    async with inside(room, **shown) as (it, seat):
        assert seat.query == {
            "activityId": "42",
            "username": "alice",
            "userId": "u 1",
            "avatar": "a&b",
            "attributes": '{"level": "12"}',
        }
        assert seat.offered == ["live.v1"]
        assert it.all_of("state") == [{"name": "connecting"}, {"name": "open", "lane": "seat"}]
        assert it.all_of("welcome")[0]["resumed"] is False


async def test_each_connection_takes_a_fresh_token_which_is_never_in_the_address(room: FakeRoom) -> None:
    tokens = iter(("t1", "t2"))

    async def token() -> str:
        return next(tokens)

    async with inside(room, token=token) as (it, seat):
        await seat.cut()
        again = await room.seat()
        assert [seat.offered[1:], again.offered[1:]] == [["bearer.t1"], ["bearer.t2"]]
        assert "t1" not in str(seat.query)
        assert it.all_of("state")[-1]["name"] == "connecting"


async def test_what_was_missed_comes_once_and_in_order(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        await seat.say(chat(1), chat(2), chat(2))
        await it.told("chat", count=2)
        await seat.cut()
        assert (await it.told("state", name="waiting"))["lost"] is True
        again = await room.seat()
        assert again.query["since"] == "e1.2"
        await again.welcome(cursor="e1.4", history=[chat(2), chat(3), chat(4)])
        await again.say(chat(4), chat(5))
        await it.told("chat", count=5)
        assert it.texts() == [f"chat {seq}" for seq in range(1, 6)]
        assert [one["replayed"] for one in it.all_of("chat")] == [False, False, True, True, False]
        assert it.all_of("welcome")[-1]["resumed"] is True


async def test_a_gap_is_told_before_the_history(room: FakeRoom) -> None:
    async with inside(room, {"gap": True, "cursor": "e1.9", "history": [chat(9)]}) as (it, _):
        await it.told("chat")
        assert [name for name, _ in it.seen if name != "state"] == ["welcome", "gap", "chat"]


async def test_a_chat_that_comes_again_in_a_new_epoch_under_another_seq_is_dropped(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        await seat.say(chat(7, "mine", id="i1"))
        await it.told("chat")
        await seat.cut()
        again = await room.seat()
        await again.welcome(cursor="e2.2", history=[chat(1, "mine", id="i1"), chat(2, "new", id="i2")])
        await it.told("chat", count=2)
        assert it.texts() == ["mine", "new"]


async def test_what_is_said_before_the_welcome_arrives_and_is_answered(room: FakeRoom) -> None:
    it = Listener(room)
    async with it.room:
        saying = asyncio.ensure_future(it.room.say(" hello ", to="bob", extra={"replyTo": 7}))
        seat = await room.seat()
        await seat.welcome()
        (frame,) = await seat.hear(4)
        assert frame == {"messageType": 4, "message": "hello", "to": "bob", "extra": {"replyTo": 7}, "id": frame["id"]}
        await seat.reply(frame, seq=5)
        assert await saying == {"seq": 5, "id": frame["id"]}


async def test_a_chat_whose_answer_was_lost_is_sent_again_under_its_id(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        saying = asyncio.ensure_future(it.room.say("hello"))
        (frame,) = await seat.hear(4)
        await seat.cut()
        again = await room.seat()
        await again.welcome()
        assert (await again.hear(4))[0] == frame
        await again.reply(frame, ok=False, error="unavailable", retryAfter=0.001)
        assert (await again.hear(4, count=2))[1] == frame
        await again.reply(frame, seq=6)
        assert (await saying)["seq"] == 6


async def test_refusals_raise_with_their_code(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        saying = asyncio.ensure_future(it.room.say("hello"))
        (frame,) = await seat.hear(4)
        refusal = {"messageType": 0, "id": frame["id"], "ok": False, "error": "slow_mode", "message": "wait"}
        await seat.say({**refusal, "retryAfter": 3})
        with pytest.raises(Refused, match="wait") as raised:
            await saying
        assert (raised.value.code, raised.value.retry_after) == ("slow_mode", 3)
        await seat.say({"messageType": 0, "ok": False, "error": "rate_limited", "message": "slowly", "retryAfter": 1})
        assert await it.told("refused") == {"code": "rate_limited", "message": "slowly", "retryAfter": 1}


async def test_what_the_room_never_takes_is_not_sent(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        for text, extra, code in (
            (" ", None, "bad_field"),
            ("x" * 501, None, "too_long"),
            ("\U0001f389" * 500, {"a": "x" * 1020}, "bad_field"),
            ("x" * 500, {"a": "\u4f60" * 340}, "bad_field"),
        ):
            with pytest.raises(Refused) as raised:
                await it.room.say(text, extra=extra)
            assert raised.value.code == code, text
        assert [frame for frame in seat.sent if frame["messageType"] == 4] == []


async def test_a_complaint_without_an_id_is_about_the_largest_frame(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        small, large = (asyncio.ensure_future(it.room.say(text)) for text in ("a", "a" * 400))
        frames = await seat.hear(4, count=2)
        await seat.say({"messageType": 0, "ok": False, "error": "too_long"})
        with pytest.raises(Refused):
            await large
        await seat.reply(frames[0], seq=1)
        assert (await small)["seq"] == 1


async def test_likes_are_added_up(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        for _ in range(3):
            it.room.like(50)
        assert [frame["count"] for frame in await seat.hear(6, count=2)] == [100, 50]
        await seat.say({"messageType": 6, "zanNumber": 150})
        assert (await it.told("likes"))["zanNumber"] == 150


async def test_who_is_here_is_answered_by_pages(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        asking = asyncio.ensure_future(it.room.who(limit=2, cursor="c1"))
        (frame,) = await seat.hear(3)
        assert (frame["limit"], frame["cursor"]) == (2, "c1")
        people = [{"userId": "bob", "username": "Bob"}]
        await seat.reply(frame)  # that the question was taken
        await seat.say({"messageType": 3, "id": frame["id"], "users": people, "onlineNumber": 1, "cursor": None})
        assert await asking == {"users": people, "onlineNumber": 1, "cursor": None}


async def test_a_connection_is_kept_by_heartbeats_and_given_up_when_nothing_answers(room: FakeRoom) -> None:
    timing = replace(FAST, heartbeat=0.05, answer=0.1)
    async with inside(room, {"heartbeatSeconds": None}, timing=timing) as (it, seat):
        beats = await seat.hear(7, count=3)
        wanted = next((frame for frame in beats if "id" in frame), None)
        while wanted is None:
            wanted = next((frame for frame in await seat.hear(7, count=len(seat.sent) + 1) if "id" in frame), None)
        again = await room.seat()
        await again.welcome()
        await seat.gone()
        assert (await it.told("state", name="waiting"))["lost"] is True
        await it.told("state", count=2, name="open")


async def test_before_the_gateway_cuts_it_another_connection_takes_its_place(room: FakeRoom) -> None:
    async with inside(room, timing=replace(FAST, rotate=(0.05, 0.05), linger=0.2)) as (it, seat):
        beside = await room.seat()
        await seat.say(chat(1))
        await it.told("chat")
        await beside.welcome(cursor="e1.1", history=[chat(1)])
        await it.told("welcome", count=2)
        await beside.say(chat(2))
        await seat.say(chat(2), chat(3))  # what was on its way
        await it.told("chat", count=3)
        await seat.gone()
        assert sorted(it.texts()) == ["chat 1", "chat 2", "chat 3"]
        assert [state["name"] for state in it.all_of("state")] == ["connecting", "open"]


@pytest.mark.parametrize(
    ("sanction", "closed"),
    [
        ({"action": "kicked", "seconds": None, "reason": "bye"}, {"reason": "kicked", "text": "bye"}),
        ({"action": "banned", "seconds": 60}, {"reason": "banned", "retryAfter": 60}),
        ({"action": "kicked", "seconds": None, "reason": "replaced"}, {"reason": "replaced"}),
        ({"action": "banned", "seconds": 60, "reason": "flooding"}, {"reason": "flooding", "retryAfter": 60}),
    ],
    ids=str,
)
async def test_who_was_put_out_stays_away_until_it_is_told_to_come(
    room: FakeRoom, sanction: dict[str, Any], closed: dict[str, Any]
) -> None:
    async with inside(room) as (it, seat):
        saying = asyncio.ensure_future(it.room.say("hello"))
        await seat.hear(4)
        await seat.say({"messageType": 11, **sanction}, chat(1))
        assert await it.told("state", name="closed") == {"name": "closed", **closed}
        with pytest.raises(Refused) as raised:
            await saying
        assert raised.value.code == "closed"
        await seat.gone()
        assert (it.texts(), room.is_empty) == ([], True)
        it.room.connect()
        await (await room.seat()).welcome()
        await it.told("state", count=2, name="open")


async def test_a_mute_is_told_and_does_no_more(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        await seat.say({"messageType": 11, "action": "muted", "seconds": 60}, chat(1))
        await it.told("chat")
        assert (await it.told("sanction"))["action"] == "muted"


async def test_removals_and_properties_are_told_once_and_in_full(room: FakeRoom) -> None:
    async with inside(room, {"properties": {"pinned": 1}}) as (it, seat):
        await seat.say(chat(1), chat(2), {"messageType": 9, "seq": 1}, {"messageType": 9, "seq": 1})
        await seat.say({"messageType": 9, "userId": "bob", "seqs": [2, 3]})
        await seat.say({"messageType": 14, "properties": {"pinned": None, "note": "hi"}})
        await it.told("properties", count=2)
        assert [(one["seq"], one.get("userId")) for one in it.all_of("removed")] == [(1, None), (2, "bob"), (3, "bob")]
        assert it.all_of("properties") == [
            {"changed": {"pinned": 1}, "properties": {"pinned": 1}},
            {"changed": {"pinned": None, "note": "hi"}, "properties": {"note": "hi"}},
        ]
        assert it.room.properties == {"note": "hi"}


async def test_one_handler_does_not_stop_the_others(room: FakeRoom, caplog: pytest.LogCaptureFixture) -> None:
    it, heard = Listener(room), asyncio.Event()

    def breaks(_: dict[str, Any]) -> None:
        raise RuntimeError("broken")

    async def breaks_later(_: dict[str, Any]) -> None:
        heard.set()
        raise RuntimeError("broken later")

    it.room.on("welcome", breaks)
    it.room.on("welcome", breaks_later)
    with caplog.at_level(logging.ERROR):
        async with it.room:
            seat = await room.seat()
            await seat.welcome()
            await seat.say(chat(1))
            await it.told("chat")
            await heard.wait()
    assert "broken" in caplog.text


async def test_a_handler_may_leave_at_any_moment(room: FakeRoom) -> None:
    it = Listener(room)

    async def leave(_: dict[str, Any]) -> None:
        await it.room.close()

    it.room.on("welcome", leave)
    it.room.connect()
    seat = await room.seat()
    await seat.welcome()
    await it.told("state", name="closed")
    await seat.gone()


async def test_frames_that_no_room_should_send_are_left_out(room: FakeRoom) -> None:
    async with inside(room) as (it, seat):
        for frame in (
            "",
            "nonsense",
            "7",
            '"text"',
            '[1, null, [2], {}, {"messageType": "4"}, {"messageType": 99}]',
            "[" * 9000,
        ):
            await seat.connection.send(frame)
        await seat.say(
            {"messageType": 4, "seq": "1", "textMessage": "odd"}, {"messageType": 9}, {"messageType": 14}, chat(1)
        )
        await it.told("chat", count=2)
        assert it.texts() == ["odd", "chat 1"]
        assert it.all_of("removed") + it.all_of("properties") == []


async def test_wrong_arguments_are_known_at_once(room: FakeRoom) -> None:
    for options in (
        {"url": "no address"},
        {"url": "ftp://x.example"},
        {"activity_id": 0},
        {"activity_id": "x"},
        {"activity_id": 2**53},
        {"api": "ftp://x.example"},
        {"api": "https://x.example/?a=b"},
        {"api": "https://x.example", "activity_id": None},
        {"token": "a\r\nX: b"},
        {"token": 7},
    ):
        with pytest.raises(ValueError, match="url|activity_id|api|token"):
            Listener(room, **options)
    it = LiveRoom(f"ws://{room.host}/websocket", activity_id=42, username="alice")
    anything: Any = it
    calls: tuple[Callable[[], object], ...] = (
        lambda: anything.on("chats", print),
        lambda: anything.like(0),
        lambda: anything.like(1.5),
        lambda: anything.like(1001),
    )
    for call in calls:
        with pytest.raises(ValueError, match="on|like"):
            call()
    for asked in (anything.say(7), anything.say("x", to=""), anything.say("x", extra=[]), anything.who(limit=0)):
        with pytest.raises(ValueError, match="say|who"):
            await asked
    with pytest.raises(Refused, match="closed"):
        await it.say("hello")


# ---- why a viewer is not let in


def denied(reason: str, **fields: object) -> dict[str, Any]:
    return {"admitted": False, "status": 403, "reason": reason, "message": f"because {reason}", **fields}


async def test_the_api_is_asked_with_the_token_as_a_bearer(room: FakeRoom) -> None:
    room.refuses, room.admission = 401, denied("token_expired")
    it = Listener(room, token="t0", api=f"http://{room.host}/")
    async with it.room:
        closed = await it.told("state", name="closed")
    assert closed == {"name": "closed", "status": 401, "reason": "token_expired", "message": "because token_expired"}
    (request,) = room.asked
    assert request.path == "/api/activities/42/admission?username=alice"
    assert request.headers["Authorization"] == "Bearer t0"


async def test_a_token_of_the_address_is_asked_about_as_a_bearer_too(room: FakeRoom) -> None:
    room.refuses, room.admission = 401, denied("token_other_room")
    url = f"ws://{room.host}/websocket/7/al%20ice?token=t1&userId=u"
    it = Listener(room, url=url, activity_id=None, username=None, api=f"http://{room.host}")
    async with it.room:
        await it.told("state", name="closed")
    assert room.asked[0].path == "/api/activities/7/admission?userId=u&username=al+ice"
    assert room.asked[0].headers["Authorization"] == "Bearer t1"


@pytest.mark.parametrize(
    "reason", ["origin", "bad_field", "name_missing", "name_rejected", "token_missing", "token_invalid", "banned"]
)
async def test_where_trying_cannot_help_it_stops(room: FakeRoom, reason: str) -> None:
    room.refuses, room.admission = 403, denied(reason, until=None, text="spam", retryAfter=None)
    it = Listener(room, api=f"http://{room.host}")
    async with it.room:
        closed = await it.told("state", name="closed")
        assert (closed["reason"], closed["text"], room.refused) == (reason, "spam", 1)
        assert ("until" in closed) is (reason == "banned")


@pytest.mark.parametrize(
    ("admission", "reason"),
    [
        (503, "unavailable"),
        (403, "wrong_address"),
        ({"admitted": True}, "handshake_failed"),
        ({"odd": 1}, "unavailable"),
        (denied("token_not_yet_valid"), "token_not_yet_valid"),
        (denied("banned", retryAfter=0.01, until=1), "banned"),
        (denied("too_often", retryAfter=0.01), "too_often"),
    ],
    ids=str,
)
async def test_where_it_may_help_it_tries_again(room: FakeRoom, admission: Any, reason: str) -> None:
    room.refuses, room.admission = 403, admission
    it = Listener(room, api=f"http://{room.host}")
    async with it.room:
        waiting = await it.told("state", count=2, name="waiting")
        assert (waiting["reason"], waiting["lost"], waiting["status"]) == (reason, False, 403)
        room.refuses = None
        await (await room.seat()).welcome()
        await it.told("state", name="open")


async def test_a_dead_server_is_tried_again_and_said_to_be_unreachable() -> None:
    async with serving() as gone:
        host = gone.host
    it = Listener(gone, api=f"http://{host}")
    async with it.room:
        assert (await it.told("state", count=3, name="waiting"))["reason"] == "unreachable"


async def test_without_an_api_the_status_is_told(room: FakeRoom) -> None:
    room.refuses = 429
    it = Listener(room)
    async with it.room:
        assert (await it.told("state", name="waiting"))["status"] == 429
    assert room.asked == []


async def test_a_function_is_asked_for_another_token_once(room: FakeRoom) -> None:
    room.refuses, room.admission = 401, denied("token_expired")
    tokens = iter(("t1", "t2", "t3"))
    it = Listener(room, token=lambda: next(tokens), api=f"http://{room.host}")
    async with it.room:
        await it.told("state", name="closed")
    assert [request.headers["Authorization"] for request in room.asked] == ["Bearer t1", "Bearer t2"]


async def test_a_function_that_fails_is_the_reason_and_is_called_again(room: FakeRoom) -> None:
    made = iter((OSError("no token today"), "two words", "t"))

    def token() -> str:
        token = next(made)
        if isinstance(token, OSError):
            raise token
        return token

    it = Listener(room, token=token, api=f"http://{room.host}")
    async with it.room:
        assert await it.told("fault") == {"message": "no token today"}
        assert (await it.told("state", name="waiting", count=2))["reason"] == "token_unavailable"
        assert "JWT" in (await it.told("fault", count=2))["message"]
        await (await room.seat()).welcome()
        await it.told("state", name="open")
    assert room.asked == []
