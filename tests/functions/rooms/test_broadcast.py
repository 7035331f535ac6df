import json
from collections.abc import Mapping
from typing import Any

from functions.rooms.broadcast import Broadcast, plan
from functions.rooms.events import Chat, Event, Like, Notice, Who
from functions.rooms.history import NO_HISTORY, REPLAY_POSTS, Entry, History
from functions.rooms.marks import Mark
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.room_view import RoomView
from functions.rooms.seats import Seat

EMPTY = History(epoch="e1", newest=60)
ALICE, BOB = Seat("ca", "live.v1", "alice"), Seat("cb", "classic", "bob")
CAROL = Who(user_id="carol")


def chat(seq: int, to: str | None = None) -> Event:
    return Chat(activity_id=42, time=1, who=CAROL, content="x", seq=seq, to=to)


def like(seq: int) -> Event:
    return Like(activity_id=42, time=1, who=CAROL, seq=seq)


def broadcast(
    *records: Event,
    newcomers: frozenset[Seat] = frozenset(),
    last_seq: int = 50,
    posts: int = 1000,
    history: History = EMPTY,
    cursors: Mapping[Seat, str] = {},
    properties: Mapping[str, Any] = {},
) -> Broadcast:
    view = RoomView(
        activity_id=42,
        online=2,
        likes=9,
        settings={"slowModeSeconds": 5, "frozen": False},
        properties=properties,
        mark=None if records else Mark(last_seq, 0),
        newcomers=dict.fromkeys(newcomers, 0),
        cursors=cursors,
        seats=[ALICE, BOB],
        history=history,
    )
    return plan(view, records, 0, posts=posts, heartbeat_seconds=60)


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
        "settings": {"slowModeSeconds": 5, "frozen": False},
        "properties": {},
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
    notice = Notice(activity_id=42, time=1, name="n", seq=40)
    frames = heard(broadcast(notice, *(chat(seq) for seq in range(50, 70)), like(70), posts=7))
    assert [said.get("seq", said["messageType"]) for said in frames["cb"]] == [13, 40, 67, 68, 69, 6]
    assert frames["cb"][0] == {"messageType": 13, "dropped": {"chat": 17}}
    assert len(frames["ca"][0]) == 22


def past(*seqs: int, size: int = 10, trimmed: int = 0) -> History:
    entries = [Entry(seq, json.dumps({"messageType": 4, "seq": seq, "text": "x" * size}).encode()) for seq in seqs]
    return History(epoch="e1", entries=entries, trimmed=trimmed, newest=60)


def both(frames: dict[str, list[Any]]) -> list[list[Any]]:
    """What each of the two is told, however it is framed."""
    return [
        [said for frame in frames[name] for said in (frame if isinstance(frame, list) else [frame])] for name in frames
    ]


def test_a_welcome_tells_what_was_said_before_the_tick() -> None:
    history = past(30, 40, 49)
    for welcome, *_ in both(heard(broadcast(chat(50), newcomers=frozenset({ALICE, BOB}), history=history))):
        assert [said["seq"] for said in welcome["history"]] == [30, 40, 49]
        assert (welcome["cursor"], welcome["gap"]) == ("e1.49", False)


def test_each_newcomer_is_told_what_it_has_missed() -> None:
    cursors = {ALICE: "e1.40", BOB: "e0.40"}
    frames = broadcast(newcomers=frozenset(cursors), history=past(30, 40, 49), cursors=cursors)
    (alice, *_), (bob, *_) = both(heard(frames))
    assert ([said["seq"] for said in alice["history"]], alice["gap"]) == ([49], False)
    assert ([said["seq"] for said in bob["history"]], bob["gap"]) == ([30, 40, 49], True)


def test_what_does_not_fit_into_the_welcome_follows_before_the_tick() -> None:
    history = past(*range(1, 46), size=1000)
    cursors = {ALICE: "e1.0", BOB: "e1.0"}
    frames = heard(broadcast(chat(46), newcomers=frozenset(cursors), history=history, cursors=cursors))
    assert types(frames["cb"])[:3] == [8, 6, 4]
    for said in both(frames):
        told = [chat["seq"] for chat in said[0]["history"]]
        followed = [chat["seq"] for chat in said if chat["messageType"] == 4]
        assert told + followed == list(range(1, 47))
        # Who is cut off behind the welcome has seen that much.
        assert said[0]["cursor"] == f"e1.{told[-1]}"
    sizes = [
        len(frame.data)
        for _, frames in broadcast(newcomers=frozenset(cursors), history=history, cursors=cursors).frames()
        for frame in frames
    ]
    assert max(sizes) <= FRAME_BYTES
    assert len(frames["ca"]) <= 5


def test_more_posts_than_one_newcomer_may_cost_are_a_gap_in_either_framing() -> None:
    many, cursors = past(*range(1, 61), size=1000), {ALICE: "e1.0", BOB: "e1.0"}
    planned = broadcast(newcomers=frozenset(cursors), history=many, cursors=cursors, last_seq=60)
    alice, bob = heard(planned)["ca"], heard(planned)["cb"]
    assert (alice[0][0]["gap"], bob[0]["gap"], planned.gaps()) == (False, True, 1)
    assert [said["seq"] for said in bob[0]["history"]] == list(range(41, 61))
    assert len(bob) == 2
    large = past(*range(1, 61), size=15_000)
    for frames in heard(broadcast(newcomers=frozenset(cursors), history=large, cursors=cursors, last_seq=60)).values():
        assert len(frames) <= REPLAY_POSTS + 2
    assert both(heard(broadcast(newcomers=frozenset(cursors), history=large, cursors=cursors, last_seq=60)))[0][0][
        "gap"
    ]


def test_who_comes_back_too_often_is_told_no_history() -> None:
    cursors = {ALICE: NO_HISTORY, BOB: NO_HISTORY}
    planned = broadcast(newcomers=frozenset(cursors), history=past(30, 40), cursors=cursors)
    for welcome, *_ in both(heard(planned)):
        assert (welcome["history"], welcome["gap"], welcome["cursor"]) == ([], True, "e1.50")
    assert planned.gaps() == 2


def test_one_object_that_does_not_fit_beside_a_welcome_follows_it() -> None:
    cursors = {ALICE: "e1.0"}
    frames = heard(broadcast(newcomers=frozenset(cursors), history=past(7, 8, size=32_500), cursors=cursors))["ca"]
    assert [[said.get("seq", said.get("cursor")) for said in frame] for frame in frames] == [["e1.6"], [7], [8]]


def test_who_missed_a_frame_resumes_before_the_tick_or_behind_what_it_got() -> None:
    planned = broadcast(chat(50), chat(52), newcomers=frozenset({BOB}), cursors={BOB: "e0.7"})
    frames = dict(planned.frames())
    assert planned.resume_from(ALICE, [], frames[ALICE]) == "e1.49"
    assert planned.resume_from(BOB, [], frames[BOB]) == "e0.7"
    # Bob's frames are the welcome, the likes and the two chats.
    assert planned.resume_from(BOB, frames[BOB][:2], frames[BOB][2:]) == "e1.49"
    assert planned.resume_from(BOB, frames[BOB][:3], frames[BOB][3:]) == "e1.50"


def test_before_the_first_record_of_all_there_is_no_cursor() -> None:
    planned = broadcast(chat(0))
    assert planned.resume_from(ALICE, [], dict(planned.frames())[ALICE]) == "-"
    assert EMPTY.replay("-", 0).gap


def test_who_missed_more_than_the_history_has_is_told_of_a_gap_and_gets_what_there_is() -> None:
    cursors = {ALICE: "e1.30!"}
    frames = broadcast(newcomers=frozenset(cursors), history=past(*range(20, 50)), cursors=cursors)
    assert frames.gaps() == 1
    ((welcome,),) = heard(frames)["ca"]
    assert ([said["seq"] for said in welcome["history"]], welcome["gap"]) == (list(range(31, 50)), True)
    assert welcome["cursor"] == "e1.50"


def test_a_classic_viewer_has_its_share_of_the_posts_that_the_others_frames_leave() -> None:
    notices = [Notice(activity_id=42, time=1, name="n", data="x" * 20_000, seq=seq) for seq in range(10)]
    for posts, left_out in ((10, 19), (24, 14), (1000, 0)):
        frames = heard(broadcast(*notices, *(chat(seq) for seq in range(50, 70)), posts=posts))
        assert len(frames["ca"]) == 10
        assert frames["cb"][0].get("dropped", {}).get("chat", 0) == left_out, posts


def test_a_welcome_has_all_properties_and_stays_within_its_frame() -> None:
    properties = {f"p{number}": {"é": "x" * 1000} for number in range(7)}
    history = past(*range(30, 50), size=2000)
    planned = broadcast(chat(50), newcomers=frozenset({ALICE, BOB}), history=history, properties=properties)
    assert max(len(frame.data) for _, frames in planned.frames() for frame in frames) <= FRAME_BYTES
    for objects in both(heard(planned)):
        [welcome] = [said for said in objects if said["messageType"] == 8]
        assert welcome["properties"] == properties
        seqs = [said["seq"] for said in (*welcome["history"], *objects) if said["messageType"] == 4]
        assert seqs == list(range(30, 51))
