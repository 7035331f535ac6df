import json
from typing import Any

import pytest

from functions.rooms.answers import Rules
from functions.rooms.history import RECENT, REPLAY_POSTS, Entry, History
from functions.rooms.identity import Malformed
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.places import PlaceView, Taken, new_place_id, parse_place_id, told_to_reader
from functions.rooms.sanctions import Mute
from functions.rooms.watch_time import Stretch

NOW = 1_700_000_000_000
TAKEN = Taken(first=True, renewed=False, online=3, likes=5, beat=60, watched=Stretch(NOW, NOW, 0))


def view(*seqs: int, size: int = 1, newest: int = 9, **changes: Any) -> PlaceView:
    entries = [Entry(seq, json.dumps({"seq": seq, "text": "x" * size}).encode()) for seq in seqs]
    fields: dict[str, Any] = {
        "at": NOW + 250,
        "hash": "ab",
        "online": 3,
        "likes": 5,
        "rules": Rules(),
        "mute": None,
        "properties": {"pinned": 1},
        "history": History(epoch="e1", entries=entries, trimmed=0, newest=newest),
        "newest": newest,
        "letters": (),
        "read": newest,
        "lacks_letters": False,
    }
    return PlaceView(**fields | changes)


def told(seen: PlaceView, *, asked: bool = True, since: str = "", lapsed: bool = False) -> dict[str, Any]:
    answer = told_to_reader(42, "al", "g1", TAKEN, seen, ticks="/t/", asked=asked, since=since, lapsed=lapsed)
    read: dict[str, Any] = json.loads(answer)
    return read


def test_a_reader_is_told_the_room_and_where_to_read() -> None:
    found = told(view(7, 9))
    assert found.pop("history") == [{"seq": 7, "text": "x"}, {"seq": 9, "text": "x"}]
    assert found == {
        "lane": "gallery",
        "activityId": 42,
        "userId": "al",
        "place": "g1",
        "onlineNumber": 3,
        "zanNumber": 5,
        "settings": {"slowModeSeconds": 0, "frozen": False},
        "cursor": "e1.9",
        "gap": False,
        "beatSeconds": 60,
        "ticks": "/t/",
        "next": NOW // 1000,
        "now": NOW + 250,
        "hash": "ab",
        "mail": "9",
        "objects": [],
        "properties": {"pinned": 1},
    }


def test_what_was_missed_comes_behind_the_cursor_and_what_is_not_known_is_a_gap() -> None:
    assert [one["seq"] for one in told(view(7, 8, 9), since="e1.7")["history"]] == [8, 9]
    assert told(view(7, 8, 9), since="e1.7")["gap"] is False
    assert told(view(7, 8, 9), since="e0.7")["gap"] is True
    assert told(view(7), lapsed=True, since="e1.7")["gap"] is False


def test_a_renewal_has_no_history_and_tells_who_had_lapsed_to_ask_for_it() -> None:
    found = told(view(), asked=False)
    assert ("history" in found, "properties" in found, found["gap"]) == (False, False, False)
    assert told(view(), asked=False, lapsed=True)["gap"] is True


def test_a_mute_is_told_and_letters_are_and_that_some_are_lacking() -> None:
    found = told(view(mute=Mute(5_000, "spam"), letters=[b'{"seq":3}'], lacks_letters=True), asked=False)
    assert found["mute"] == {"seconds": 5, "reason": "spam"}
    assert (found["objects"], found["gap"]) == ([{"seq": 3}], True)


def test_no_more_is_told_again_than_by_a_welcome() -> None:
    seqs = range(1, 2 * RECENT + 1)
    size = REPLAY_POSTS * FRAME_BYTES // len(seqs)
    found = told(view(*seqs, size=size, newest=2 * RECENT), since="e1.0")
    assert (len(found["history"]), found["gap"]) == (RECENT, True)


def test_a_room_in_which_nothing_was_logged_has_a_cursor_too() -> None:
    assert told(view(newest=-1))["cursor"] == "e1.0"


def test_a_places_id_tells_when_it_was_taken_and_cannot_be_guessed() -> None:
    first, second = new_place_id(NOW), new_place_id(NOW)
    assert first != second
    assert parse_place_id(first) == (first, NOW)
    for text in ("", "g1", first[:-1], f"{first}0", first.upper(), f"{first}\n", first.replace("g", "c")):
        with pytest.raises(Malformed):
            parse_place_id(text)
