from dataclasses import replace
from typing import Any

from functions.rooms.events import CHAT, HEARTBEAT, JOIN, LIKE, NOTICE, REMOVED, SANCTION, SEATED, SETTINGS
from functions.rooms.results import RESULT_MS
from functions.rooms.settling import Settled, has_id
from tests.functions.conftest import NOW
from tests.functions.made import event


def test_only_what_is_shown_by_itself_is_shown_once_by_its_id() -> None:
    for type_ in (CHAT, NOTICE, REMOVED, SANCTION, SETTINGS):
        assert has_id(event(type_, user_id="u", client_id="c1")), type_
        assert not has_id(event(type_, user_id="u")), type_
    for type_ in (JOIN, LIKE, HEARTBEAT, SEATED):
        assert not has_id(event(type_, user_id="u", client_id="c1")), type_


def test_an_id_that_no_client_could_send_is_none() -> None:
    for user_id, client_id in (("", "c1"), ("u" * 65, "c1"), ("u", "c" * 65), ("u", "\ud800"), ("\udfff", "c1")):
        assert not has_id(event(user_id=user_id, client_id=client_id)), (user_id, client_id)


def test_the_first_seq_of_an_id_is_known_for_as_long_as_the_id_is_kept() -> None:
    settled, first = Settled(), event(user_id="u", client_id="c1", seq=7, logged_at=NOW)
    assert settled.seq_of(first) == 7
    settled.note(first, 7)
    again = replace(first, seq=9, logged_at=NOW + RESULT_MS)
    assert settled.seq_of(again) == 7
    assert settled.seq_of(replace(again, logged_at=NOW + RESULT_MS + 1)) == 9
    for other in ({"user_id": "v"}, {"client_id": "c2"}, {"activity_id": 43}):
        given: dict[str, Any] = {"user_id": "u", "client_id": "c1", "seq": 9, "logged_at": NOW}
        assert settled.seq_of(event(**given | other)) == 9


def test_no_more_than_the_newest_are_known() -> None:
    settled = Settled(most=2)
    for number in range(3):
        settled.note(event(user_id="u", client_id=f"c{number}", seq=number), number)
    assert [settled.seq_of(event(user_id="u", client_id=f"c{number}", seq=99)) for number in range(3)] == [99, 1, 2]
