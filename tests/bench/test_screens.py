import json

from bench.screens import Screens
from functions.rooms.payload import Payload


def frame(*numbers: int, left_out: int = 0) -> Payload:
    said = [{"messageType": 4, "textMessage": f"chat {number} xxx"} for number in numbers]
    told = [{"messageType": 13, "dropped": {"chat": left_out, "join": 7}}] if left_out else []
    return Payload.of(json.dumps([*said, *told]).encode())


async def test_chats_that_come_one_after_another_are_all_there() -> None:
    screens = Screens()
    screens.came("a", 3)
    await screens.post("a", frame(3, 4))
    await screens.post("a", frame(5))
    screens.end(6)
    assert (screens.posts, screens.missed, screens.repeated, screens.left_out) == (2, 0, 0, 0)


async def test_a_gap_is_missed_whether_it_is_told_of_or_not() -> None:
    screens = Screens()
    await screens.post("a", frame(0, 3, left_out=2))
    await screens.post("a", frame(5))
    assert (screens.missed, screens.left_out) == (3, 2)


async def test_what_did_not_come_by_the_end_is_missed_by_those_who_are_still_there() -> None:
    screens = Screens()
    for viewer in ("a", "b", "c"):
        screens.came(viewer, 0)
    await screens.post("a", frame(0))
    screens.left("b")
    screens.end(2)
    assert screens.missed == 1 + 2


async def test_a_chat_that_comes_twice_is_counted() -> None:
    screens = Screens()
    await screens.post("a", frame(0, 1))
    await screens.post("a", frame(1, 2))
    assert (screens.repeated, screens.missed) == (1, 0)


async def test_what_a_newcomer_is_shown_of_before_it_came_is_no_repetition() -> None:
    screens = Screens()
    screens.came("a", 2)
    await screens.post("a", frame(0, 1, 2))
    assert (screens.repeated, screens.missed) == (0, 0)


async def test_a_classic_frame_is_one_object() -> None:
    screens = Screens()
    screens.came("a", 0)
    await screens.post("a", Payload.of(b'{"messageType":4,"textMessage":"chat 0"}'))
    screens.end(1)
    assert screens.missed == 0
