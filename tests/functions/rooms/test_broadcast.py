import json
from typing import Any

from functions.rooms import events
from functions.rooms.broadcast import Broadcast, plan
from functions.rooms.events import Event
from functions.rooms.seats import Seat
from functions.rooms.ticks import Figures

ALICE, BOB = Seat("ca", "live.v1", "alice"), Seat("cb", "classic", "bob")


def chat(seq: int, to: str | None = None) -> Event:
    return Event(activity_id=42, type=events.CHAT, time=1, user_id="carol", content="x", seq=seq, to=to)


def like(seq: int) -> Event:
    return Event(activity_id=42, type=events.LIKE, time=1, user_id="carol", seq=seq)


def broadcast(
    *records: Event, newcomers: frozenset[Seat] = frozenset(), last_seq: int = 50, posts: int = 1000
) -> Broadcast:
    return plan(
        42,
        records,
        Figures(online=2, likes=9),
        epoch="e1",
        last_seq=last_seq,
        heartbeat_seconds=60,
        seats=[ALICE, BOB],
        newcomers=newcomers,
        posts=posts,
    )


def heard(planned: Broadcast) -> dict[str, list[Any]]:
    """What each connection is sent, frame by frame."""
    return {seat.connection_id: [json.loads(frame.data) for frame in frames] for seat, frames in planned.frames()}


def types(frames: list[Any]) -> list[Any]:
    return [[v["messageType"] for v in frame] if isinstance(frame, list) else frame["messageType"] for frame in frames]


def test_each_seat_gets_the_tick_in_its_framing() -> None:
    frames = heard(broadcast(chat(50), like(51)))
    assert types(frames["ca"]) == [[4, 6]]
    assert types(frames["cb"]) == [4, 6]


def test_a_seat_that_nothing_is_for_costs_no_post() -> None:
    assert list(heard(broadcast(chat(50, to="alice")))) == ["ca"]
    assert heard(broadcast()) == {}


def test_a_newcomer_is_welcomed_before_it_hears_anything() -> None:
    frames = heard(broadcast(chat(50), newcomers=frozenset({ALICE, BOB})))
    assert types(frames["ca"]) == [[8, 4]]
    assert types(frames["cb"]) == [8, 6, 4]


def test_a_newcomer_is_welcomed_also_when_nothing_happened() -> None:
    assert types(heard(broadcast(newcomers=frozenset({ALICE})))["ca"]) == [[8]]


def test_a_welcome_tells_all_that_the_protocol_promises() -> None:
    ((welcome,),) = heard(broadcast(newcomers=frozenset({ALICE})))["ca"]
    assert welcome == {
        "messageType": 8,
        "activityId": 42,
        "userId": "alice",
        "connectionId": "ca",
        "onlineNumber": 2,
        "zanNumber": 9,
        "cursor": "e1.50",
        "history": [],
        "gap": False,
        "heartbeatSeconds": 60,
        "settings": {"slowModeSeconds": 0, "frozen": False},
    }


def test_a_cursor_stands_before_the_chat_that_comes_with_the_welcome() -> None:
    def cursor(*records: Event) -> str:
        ((welcome, *_),) = heard(broadcast(*records, newcomers=frozenset({ALICE})))["ca"]
        text: str = welcome["cursor"]
        return text

    assert cursor(like(49), chat(50)) == "e1.49"
    assert cursor(like(50)) == "e1.50"
    assert cursor(chat(0)) == "e1.0"


def test_when_posts_are_short_classic_viewers_hear_the_newest_chat_and_how_much_was_left_out() -> None:
    notice = Event(activity_id=42, type=events.NOTICE, time=1, name="n", seq=40)
    frames = heard(broadcast(notice, *(chat(seq) for seq in range(50, 70)), like(70), posts=6))
    assert [said.get("seq", said["messageType"]) for said in frames["cb"]] == [40, 67, 68, 69, 6, 13]
    assert frames["cb"][-1] == {"messageType": 13, "dropped": {"chat": 17}}
    assert len(frames["ca"][0]) == 22
