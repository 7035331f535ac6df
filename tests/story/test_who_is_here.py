"""Asking who is in the room."""

import asyncio
from typing import Any

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import REPLY, WHO

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

PEOPLE = [f"user {number:02}" for number in range(30)]


async def test_thirty_people_are_paged_through_and_nobody_comes_twice(rooms: Rooms, activity: int) -> None:
    viewers = await asyncio.gather(*(rooms.enter(activity, f"name of {user}", userId=user) for user in PEOPLE))
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for page in range(5):
        reply = await viewers[0].ask(3, limit=7, cursor=cursor, id=f"page-{page}")
        assert reply == {"messageType": REPLY, "id": f"page-{page}", "ok": True}
        people = await viewers[0].told_of(WHO, id=f"page-{page}")
        assert people["onlineNumber"] == len(PEOPLE)
        assert len(people["users"]) == (2 if page == 4 else 7)
        cursor = people["cursor"]
        assert (cursor is None) == (page == 4)
        found += people["users"]
    assert sorted(person["userId"] for person in found) == PEOPLE
    assert all(person["username"] == f"name of {person['userId']}" for person in found)


async def test_without_a_limit_and_an_id_the_first_fifty_are_told(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice", userId="a-1")
    await alice.send({"messageType": 3})
    assert await alice.told_of(WHO) == {
        "messageType": WHO,
        "users": [{"userId": "a-1", "username": "alice"}],
        "onlineNumber": 1,
        "cursor": None,
    }


async def test_a_classic_client_is_told_in_one_object(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice", classic=True)
    await alice.send({"messageType": 3, "id": "w1"})
    people = await alice.told_of(WHO, id="w1")
    assert people["users"] == [{"userId": "alice", "username": "alice"}]
    await alice.say("end")
    assert not alice.all_of(REPLY, id="w1")


async def test_who_has_left_is_not_listed(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    await bob.leave()
    await rooms.figures_become(activity, onlineNumber=1)
    await alice.ask(3, id="w1")
    assert [person["userId"] for person in (await alice.told_of(WHO, id="w1"))["users"]] == ["alice"]
