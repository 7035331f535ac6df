"""A clean history passes, and each kind of fault that is injected into one is found, and nothing beside it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.events import CHAT, JOIN, LEAVE
from functions.rooms.objects import COUNT, LEFT_OUT, LIKES
from tests.chaos.checker import check, connected_seconds
from tests.chaos.history import Fault, Heard, Link, Lost, Outcome
from tests.chaos.injected import (
    INJECTED,
    invent_likes,
    lose_from_a_screen,
    lose_likes,
    show_under_two_seqs,
    store_twice,
    store_under_another_seq,
    tell,
)
from tests.chaos.made import BEGAN, LIKED, Room, record, welcome
from tests.chaos.report import BAD


def columns(room: Room) -> set[str]:
    return {finding.column for finding in check(room.history).findings}


rooms = st.builds(Room, users=st.integers(1, 4), messages=st.integers(2, 12))


@given(rooms, st.data())
def test_a_room_whose_promises_held_has_no_findings(room: Room, data: st.DataObject) -> None:
    seqs = st.integers(0, room.messages)
    screen = data.draw(st.sampled_from(room.history.screens))
    after = data.draw(seqs)
    until = data.draw(st.integers(after, room.messages))
    match data.draw(st.sampled_from(["newcomer", "resumed", "gap", "left out", "repeated", "reload", "outcomes"])):
        case "newcomer":
            room.add(screen.user, data.draw(seqs), name="tab")
        case "resumed":
            room.interrupt(screen, after, until)
        case "gap":
            room.interrupt(screen, after, until, gap=True)
        case "left out":
            room.leave_out(screen, data.draw(st.sets(st.integers(1, room.messages))))
        case "repeated":
            screen.heard += [room.shown(seq, kept=False) for seq in range(1, after + 1)]
        case "reload":  # the page's first screen ended somewhere, and nothing is said about what came later
            room.add(screen.user, until, name="reloaded")
            screen.is_there, room.history.connections = False, room.history.connections - 1
            screen.heard = [one for one in screen.heard if not (one.is_numbered and one.seq > after)]
        case "outcomes":
            room.send(1, Outcome.REFUSED)
            room.send(2, Outcome.UNKNOWN)
    assert check(room.history).findings == []


@pytest.mark.parametrize(("inject", "column"), INJECTED, ids=lambda one: getattr(one, "__name__", None))
@given(room=st.builds(Room, users=st.integers(2, 4), messages=st.integers(6, 9)))
def test_a_broken_promise_is_found(room: Room, inject: Callable[[Room], None], column: str) -> None:
    inject(room)
    assert columns(room) == {column}


def test_every_column_but_that_of_the_run_itself_has_an_injected_fault() -> None:
    assert {column for _, column in INJECTED} == set(BAD) - {"not settled"}


def test_redis_that_forgot_may_lose_the_likes_of_that_time_but_invent_none() -> None:
    room = Room()
    room.history.lost_state = [Lost(BEGAN, BEGAN + 1)]
    lose_likes(room)
    assert columns(room) == set()
    invent_likes(room)
    assert columns(room) == {"count errors"}
    room = Room()
    room.history.lost_state = [Lost(BEGAN + 5, BEGAN + 6)]
    lose_likes(room)
    assert columns(room) == {"count errors"}


def test_a_removed_chat_need_not_be_shown() -> None:
    room = Room()
    lose_from_a_screen(room)
    room.history.removed = frozenset({1})
    assert columns(room) == set()


def test_a_second_record_of_one_id_need_not_be_shown() -> None:
    room = Room()
    room.history.live.append(record(9, room.history.live[0].value))
    assert columns(room) == set()


def test_private_chat_need_not_be_shown() -> None:
    room = Room()
    room.history.live.append(record(9, {"messageType": CHAT, "userId": "u0", "id": "p", "to": "u1"}))
    assert columns(room) == set()


def test_a_private_chat_may_come_to_the_gallery_before_what_was_said_earlier() -> None:
    for is_there in (True, False):
        room = Room(messages=6)
        screen = room.history.screens[0]
        letter = {"messageType": CHAT, "userId": "u0", "id": "p", "to": "u0"}
        room.history.live.append(record(9, letter))
        head, tail = [one for one in screen.heard if not one.is_numbered], [room.shown(1)]
        screen.heard = [*head, *tail, room.heard({**letter, "seq": 9}, BEGAN + 2)]
        if is_there:  # then slots were lost
            screen.heard.append(room.heard(welcome(6, gap=True), BEGAN + 7))
            tell(room, {"messageType": COUNT, "onlineNumber": len(room.users)})
            tell(room, {"messageType": LIKES, "zanNumber": LIKED})
        else:
            screen.is_there = False
            room.add("u0")
            room.history.connections -= 1
        assert check(room.history).findings == [], is_there


def test_a_private_chat_that_nobody_has_heard_is_counted() -> None:
    room = Room()
    chat = room.send(1, Outcome.ACKNOWLEDGED, 9)
    chat.to = "u1"
    assert check(room.history).counted["private, unheard"] == 1
    room.history.screens[1].heard.append(room.heard({"messageType": CHAT, "userId": "u0", "id": chat.id}, BEGAN + 9))
    assert check(room.history).counted["private, unheard"] == 0


def test_what_redis_forgot_and_a_killed_relay_knew_may_be_shown_twice_but_not_stored_twice() -> None:
    forgot = [Lost(0, BEGAN + 1.5)]
    killed = [Fault(name="kill-relay", began=BEGAN + 1.2, ended=BEGAN + 1.3)]
    for lost, faults, found in (
        (forgot, killed, set()),
        ([], killed, {"shown twice"}),
        (forgot, [], {"shown twice"}),
        ([Lost(0, BEGAN - 9)], killed, {"shown twice"}),  # before the chat was sent
        (forgot, [Fault(name="freeze-relay", began=BEGAN, ended=BEGAN + 9)], {"shown twice"}),
    ):
        room = Room()
        room.history.lost_state, room.history.faults = lost, faults
        show_under_two_seqs(room)
        assert columns(room) == found
        assert check(room.history).counted["twice, forgotten"] == (0 if found else 1)
        store_under_another_seq(room)
        assert columns(room) == found | ({"lost"} if found else set())
        room = Room()
        room.history.lost_state, room.history.faults = lost, faults
        show_under_two_seqs(room)
        store_twice(room)
        assert columns(room) == found | {"stored twice"}


def test_a_record_that_the_broker_appended_twice_may_be_stored_under_either_seq() -> None:
    for moment, found in ((0.0, set()), (0.5, {"lost"})):  # at another moment it is another publish
        room = Room()
        [first, *_] = [one for one in room.history.live if one.key]
        room.history.live.append(replace(first, offset=9999, logged=first.logged + moment))
        store_under_another_seq(room)
        assert columns(room) == found
        assert check(room.history).counted["appended twice"] == (0 if found else 1)


def test_a_seq_that_comes_again_in_a_new_epoch_is_counted_and_no_finding() -> None:
    room = Room()
    screen = room.history.screens[0]
    screen.heard.append(room.heard(welcome(0, epoch="new"), room.history.ended))
    screen.heard.append(room.shown(1, renewed=True))
    tell(room, {"messageType": COUNT, "onlineNumber": len(room.users)})
    tell(room, {"messageType": LIKES, "zanNumber": LIKED})
    report = check(room.history)
    assert report.findings == []
    assert report.counted["new epoch, again"] == 1


def test_whoever_is_one_of_many_may_have_come_or_gone() -> None:
    for one in (
        {"messageType": JOIN, "userId": "u0", "others": 3},
        {"messageType": LEFT_OUT, "dropped": {"leave": 1}},
        welcome(0),
    ):
        room = Room()
        tell(room, {"messageType": LEAVE, "userId": "u1"})
        tell(room, one)
        tell(room, {"messageType": COUNT, "onlineNumber": len(room.users)})
        tell(room, {"messageType": LIKES, "zanNumber": LIKED})
        assert columns(room) == set(), one


def test_the_time_on_several_connections_counts_once_and_their_ends_may_be_noticed_late() -> None:
    links = [
        Link(number=0, began=0, ended=10),
        Link(number=1, began=5, ended=20),  # beside the first
        Link(number=2, began=21, ended=30),  # within the time in which the end is noticed
        Link(number=3, began=100),  # to the end
    ]
    assert connected_seconds(links, late=2, ended=110) == 32 + 10
    assert connected_seconds([], late=2, ended=110) == 0


def test_what_was_heard_has_a_key_only_with_an_id() -> None:
    chat = {"messageType": CHAT, "seq": 1, "userId": "a"}
    assert Heard(at=0, link=0, object=chat).key is None
    assert Heard(at=0, link=0, object={**chat, "id": "i"}).key == ("a", "i")
    assert not Heard(at=0, link=0, object={"message": "Internal server error"}).is_numbered
