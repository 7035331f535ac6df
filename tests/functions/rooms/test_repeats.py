from dataclasses import replace
from typing import Any

from functions.rooms import events
from functions.rooms.repeats import FirstSent, Sent, sent_as
from functions.rooms.results import RESULT_MS
from tests.functions.conftest import NOW
from tests.functions.made import event

SENT = Sent(activity_id=42, user_id="alice", client_id="c1", seq=7, time=NOW)


def test_what_is_shown_once_for_each_id_is_known_by_it() -> None:
    for type_ in (events.CHAT, events.NOTICE, events.REMOVED, events.SANCTION, events.SETTINGS):
        assert sent_as(event(type_, user_id="alice", client_id="c1", seq=7)) == SENT, type_


def test_other_events_are_known_by_no_id() -> None:
    for type_ in (events.JOIN, events.LEAVE, events.LIKE, events.HEARTBEAT, events.SEATED):
        assert sent_as(event(type_, user_id="alice", client_id="c1", seq=7)) is None, type_
    for missing in ({"user_id": ""}, {"client_id": None}, {"seq": None}):
        given: dict[str, Any] = {"user_id": "alice", "client_id": "c1", "seq": 7}
        assert sent_as(event(**given | missing)) is None, missing


def test_the_first_stays_for_five_minutes_and_is_no_repeat_of_itself() -> None:
    first = FirstSent()
    assert [first.is_repeat(SENT) for _ in range(2)] == [False, False]
    for seq, time, is_repeat in (
        (8, NOW, True),
        (6, NOW - RESULT_MS, True),
        (9, NOW + RESULT_MS, True),
        (10, NOW + RESULT_MS + 1, False),
        (11, NOW + RESULT_MS + 2, True),
    ):
        assert first.is_repeat(replace(SENT, seq=seq, time=time)) is is_repeat, seq


def test_ids_of_other_users_and_rooms_are_other_ids() -> None:
    first = FirstSent()
    others = [replace(SENT, user_id="bob"), replace(SENT, activity_id=43), replace(SENT, client_id="c2")]
    assert not any(first.is_repeat(replace(one, seq=seq)) for seq, one in enumerate([SENT, *others]))


def test_the_oldest_ids_are_forgotten() -> None:
    first = FirstSent(most=2)
    for seq in (1, 2, 3):
        first.is_repeat(replace(SENT, client_id=f"c{seq}", seq=seq))
    assert first.is_repeat(replace(SENT, client_id="c3", seq=9))
    assert first.is_repeat(replace(SENT, client_id="c2", seq=9))
    assert not first.is_repeat(replace(SENT, client_id="c1", seq=9))
