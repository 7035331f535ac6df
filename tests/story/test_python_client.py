"""The Python client against the whole emulator: real sockets, real functions."""

import asyncio
from typing import Any

import pytest

from client.python.live_rooms import LiveRoom, Refused
from tests.story.cut import cut
from tests.story.rooms import Rooms
from tests.story.viewer import PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


class Person:
    """A user with the client. `heard`: a queue for each event."""

    def __init__(self, rooms: Rooms, activity: int, name: str, **options: Any) -> None:
        given = {"activity_id": activity, "username": name, "api": f"http://{rooms.address}", **options}
        self.room = LiveRoom(f"ws://{rooms.address}/websocket", **given)
        self.heard: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        for event in ("state", "welcome", "chat", "likes", "gap"):
            self.heard[event] = asyncio.Queue()
            self.room.on(event, self.heard[event].put_nowait)

    async def next(self, event: str, **fields: object) -> dict[str, Any]:
        """The next event that holds `fields`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = await self.heard[event].get()
                if fields.items() <= told.items():
                    return told


async def test_two_talk_like_and_look_around(rooms: Rooms, activity: int) -> None:
    alice, bob = (Person(rooms, activity, name) for name in ("alice", "bob"))
    async with alice.room, bob.room:
        await alice.next("welcome")
        await bob.next("welcome")
        said = await alice.room.say("hello", extra={"replyTo": 7})
        heard = await bob.next("chat")
        assert (heard["seq"], heard["textMessage"], heard["extra"]) == (said["seq"], "hello", {"replyTo": 7})
        bob.room.like(3)
        await alice.next("likes", zanNumber=3)
        page = await alice.room.who(limit=10)
        assert {user["userId"] for user in page["users"]} == {"alice", "bob"}
        with pytest.raises(Refused) as refused:
            await alice.room.say(" ")
        assert refused.value.code == "bad_field"


async def test_a_viewer_who_is_cut_off_is_back_and_has_missed_nothing(rooms: Rooms, activity: int) -> None:
    alice, bob = (Person(rooms, activity, name) for name in ("alice", "bob"))
    async with alice.room, bob.room:
        welcome = await alice.next("welcome")
        await bob.next("welcome")
        await bob.room.say("before")
        await alice.next("chat", textMessage="before")
        await asyncio.to_thread(cut, rooms.address, welcome["connectionId"])
        await alice.next("state", name="waiting", lost=True)
        await bob.room.say("meanwhile")
        assert (await alice.next("welcome"))["resumed"] is True
        await bob.room.say("after")
        assert [(await alice.next("chat"))["textMessage"] for _ in range(2)] == ["meanwhile", "after"]
        assert alice.heard["gap"].empty()


async def test_a_viewer_who_is_banned_is_told_until_when_and_waits(rooms: Rooms, activity: int) -> None:
    alice = Person(rooms, activity, "alice")
    async with alice.room:
        await alice.next("welcome")
        banned = {"userId": "alice", "seconds": 600, "reason": "no links"}
        assert (await rooms.http.put(f"/api/activities/{activity}/bans", json=banned)).is_success
        closed = await alice.next("state", name="closed")
        assert (closed["reason"], closed["retryAfter"], closed["text"]) == ("banned", 600, "no links")
        alice.room.connect()
        waiting = await alice.next("state", name="waiting")
        assert (waiting["reason"], waiting["status"], waiting["text"]) == ("banned", 403, "no links")
