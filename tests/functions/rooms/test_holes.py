import json
from typing import Any

from functions.rooms.holes import instead_of, resume_from
from functions.rooms.payload import FRAME_BYTES, Payload

CHAT = {"messageType": 4, "seq": 7}
WELCOME = {"messageType": 8, "cursor": "e1.5", "gap": False, "history": [{"messageType": 4, "seq": 5}]}


def frame(*said: dict[str, Any]) -> Payload:
    return Payload.of(json.dumps(said).encode())


def single(said: dict[str, Any]) -> Payload:
    return Payload.of(json.dumps(said).encode())


def test_who_got_nothing_stands_where_it_stood() -> None:
    assert resume_from("e1.3", [], [frame(CHAT)]) == "e1.3"
    assert resume_from("e0.9", [], [frame(WELCOME, CHAT)]) == "e0.9"


def test_who_got_a_part_stands_behind_that() -> None:
    lost = [frame({"messageType": 10, "seq": 9})]
    assert resume_from("e1.3", [frame(CHAT), frame({"messageType": 10, "seq": 8})], lost) == "e1.8"
    assert resume_from("e1.3", [single(CHAT)], [single({"messageType": 4, "seq": 9})]) == "e1.7"
    # A removal's seq is that of another object.
    assert resume_from("e1.3", [single({"messageType": 9, "seq": 999})], lost) == "e1.3"


def test_who_got_the_welcome_stands_where_that_says() -> None:
    for before in ("e0.9", "-", "e1.2!"):
        assert resume_from(before, [single(WELCOME)], [single(CHAT)]) == "e1.5", before
        assert resume_from(before, [frame(WELCOME, CHAT)], [frame({"messageType": 4, "seq": 8})]) == "e1.7", before


def test_what_no_history_brings_is_a_gap() -> None:
    for said in (
        {"messageType": 4, "seq": 8, "to": "alice"},
        {"messageType": 10, "seq": 8, "name": "n", "data": None, "time": 1, "to": "alice"},
        {"messageType": 9, "seq": 3},
        {"messageType": 11, "action": "muted", "seconds": 5},
        {"messageType": 13, "dropped": {"chat": 3}},
    ):
        assert resume_from("e1.3", [], [frame(CHAT), frame(said)]) == "e1.3!", said
        assert resume_from("-", [], [single(said)]) == "-!", said
        assert resume_from("e1.3!", [], [frame(said)]) == "e1.3!", said


def test_what_a_welcome_brings_is_no_gap() -> None:
    for said in (
        {"messageType": 1, "username": "Bob", "userId": "bob"},
        {"messageType": 2, "username": "Bob", "userId": "bob"},
        {"messageType": 5, "onlineNumber": 3},
        {"messageType": 6, "zanNumber": 3},
        {"messageType": 10, "seq": 8, "name": "n", "data": {"to": "alice"}, "time": 1},
        {"messageType": 12, "settings": {}},
        {"messageType": 14, "properties": {"to": 1}},
    ):
        assert resume_from("e1.3", [], [frame(said)]) == "e1.3", said


def test_a_gap_that_was_not_told_is_not_forgotten() -> None:
    assert resume_from("e1.3!", [frame(CHAT)], [frame({"messageType": 4, "seq": 8})]) == "e1.7!"


def test_a_frame_that_is_too_large_has_a_small_one_in_its_place() -> None:
    tick = frame(
        {"messageType": 13, "dropped": {"chat": 2, "join": 1}},
        {"messageType": 4, "seq": 1, "textMessage": "x" * FRAME_BYTES},
        {"messageType": 10, "seq": 2},
        {"messageType": 9, "seq": 1},
        {"messageType": 12, "settings": {}},
        {"messageType": 5, "onlineNumber": 3},
    )
    assert json.loads(instead_of(tick).data) == [
        {"messageType": 5, "onlineNumber": 3},
        {"messageType": 13, "dropped": {"chat": 3, "join": 1, "notice": 1, "removal": 1, "settings": 1}},
    ]
    assert json.loads(instead_of(single(CHAT)).data) == {"messageType": 13, "dropped": {"chat": 1}}


def test_a_welcome_that_is_too_large_comes_without_its_history_and_with_a_gap() -> None:
    bare = {**WELCOME, "history": [], "gap": True}
    assert json.loads(instead_of(single(WELCOME)).data) == bare
    assert json.loads(instead_of(frame(WELCOME, CHAT)).data) == [bare, {"messageType": 13, "dropped": {"chat": 1}}]
