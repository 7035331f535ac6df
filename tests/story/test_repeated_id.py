"""A client that does not know whether its frame arrived sends it again, under the same id."""

import asyncio

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import REPLY, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def replies(viewer: Viewer, client_id: str, count: int) -> list[dict[str, object]]:
    """The replies to that id, once there are `count`."""
    await viewer.until(lambda: len(viewer.all_of(REPLY, id=client_id)) >= count)
    return viewer.all_of(REPLY, id=client_id)


async def test_the_same_id_is_published_once_and_answered_alike(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    first = await alice.say("once", id="c1")
    for _ in range(3):
        await alice.send({"messageType": 4, "message": "once", "id": "c1"})
    assert await replies(alice, "c1", 4) == [first] * 4
    await alice.say("end")
    await bob.hears("end")
    assert bob.heard == ["once", "end"]


async def test_the_same_id_at_the_same_time_is_published_once_too(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    tab = await rooms.enter(activity, "alice")
    frame = {"messageType": 4, "message": "once", "id": "c1"}
    await asyncio.gather(*(viewer.send(frame) for viewer in [alice, tab] * 5))
    answers = await replies(alice, "c1", 5) + await replies(tab, "c1", 5)
    assert {answer["ok"] for answer in answers} == {True}
    assert len({answer["seq"] for answer in answers}) == 1
    await alice.say("end")
    await bob.hears("end")
    assert bob.heard == ["once", "end"]


async def test_the_same_id_of_two_users_is_two_chats(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    assert await alice.say("from alice", id="c1") != await bob.say("from bob", id="c1")
    await alice.hears("from bob")
    await bob.hears("from alice")


async def test_likes_under_the_same_id_count_once(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    for _ in range(2):
        await alice.send({"messageType": 6, "count": 5, "id": "l1"})
    assert await replies(alice, "l1", 2) == [{"messageType": REPLY, "id": "l1", "ok": True}] * 2
    await alice.like(1)
    await alice.until(lambda: alice.likes == 6)
