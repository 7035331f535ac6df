from dataclasses import replace

from functions.rooms import events
from functions.rooms.deeds import deed_of
from functions.rooms.records import MOST, BrokenRecord
from functions.rooms.watch_time import MOST_AHEAD_MS
from tests.functions.conftest import NOW
from tests.functions.made import event
from tests.functions.rooms.refusals import not_refused

CHAT = event(events.CHAT, user_id="alice", username="Alice", content="hi", online=3, likes=9, logged_at=NOW + 5)


def test_a_chat_tells_who_spoke_and_the_figures_of_the_room() -> None:
    deed = deed_of(CHAT, 7)
    assert deed is not None
    assert (deed.offset, deed.logged_at, deed.time, deed.type) == (7, NOW + 5, NOW, events.CHAT)
    assert (deed.user_id, deed.username, deed.says) == ("alice", "Alice", True)
    assert (deed.online, deed.likes, deed.credit) == (3, 9, None)


def test_only_who_came_who_watched_and_who_spoke_to_all_has_sums() -> None:
    given = {"user_id": "alice", "likes": 1, "logged_at": NOW}
    watched = event(events.LEAVE, watch_seconds=1.5, **given)
    for happened, user in (
        (event(events.JOIN, **given), "alice"),
        (watched, "alice"),
        (event(events.LEAVE, **given), ""),
        (event(events.HEARTBEAT, **given), ""),
        (event(events.LIKE, **given), ""),
        (replace(CHAT, to="bob"), ""),
        (replace(CHAT, who=replace(CHAT.who, user_id="x" * 65)), ""),
    ):
        deed = deed_of(happened, 7)
        assert deed is not None
        assert deed.user_id == user, happened
    private = deed_of(replace(CHAT, to="bob"), 7)
    assert private is not None
    assert not private.says


def test_what_the_platform_does_is_in_no_sum() -> None:
    for type_ in (events.REMOVED, events.NOTICE, events.SANCTION, events.SETTINGS):
        assert deed_of(event(type_, user_id="mia", logged_at=NOW), 7) is None, type_


def test_a_wrong_clock_moves_nothing_to_another_day() -> None:
    for time in (0, 1, NOW - MOST_AHEAD_MS, NOW + MOST_AHEAD_MS + 6, 2**52):
        deed = deed_of(replace(CHAT, time=time), 7)
        assert deed is not None
        assert deed.time == NOW + 5, time
    for time in (NOW + 6 - MOST_AHEAD_MS, NOW + MOST_AHEAD_MS + 5):
        deed = deed_of(replace(CHAT, time=time), 7)
        assert deed is not None
        assert deed.time == time


def test_a_figure_that_is_none_is_not_known_and_a_like_without_a_total_is_broken() -> None:
    for number in (-1, MOST + 1, 10**40, None):
        deed = deed_of(replace(CHAT, online=number, likes=number), 7)
        assert deed is not None
        assert (deed.online, deed.likes) == (None, None), number
    likes = [event(events.LIKE, user_id="alice", likes=number, logged_at=NOW) for number in (None, -1, MOST + 1)]
    assert not_refused(lambda like: deed_of(like, 7), likes, BrokenRecord, "zanNumber") == []
