"""Coming back to a room: what was missed is told, or that something was."""

import asyncio

import pytest

from functions.adapters.redis.client import connect
from functions.rooms.history import RECENT
from functions.rooms.removals import KEPT
from tests.functions.adapters.redis.snapshot import lose_all
from tests.story.rooms import Rooms, Servers
from tests.story.viewer import CHAT, REMOVED, WELCOME, Object, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def say_many(viewers: list[Viewer], count: int) -> list[int]:
    """So many chats by all of them in turn; their seqs."""

    async def say(viewer: Viewer, number: int) -> list[int]:
        return [(await viewer.say(f"{viewer.name} {turn}"))["seq"] for turn in range(number)]

    said = await asyncio.gather(*(say(viewer, count // len(viewers)) for viewer in viewers))
    return sorted(seq for seqs in said for seq in seqs)


async def has_heard(viewer: Viewer, seq: int) -> str:
    """Waits until it has; the cursor it then has."""
    await viewer.told_of(CHAT, seq=seq)
    return f"{viewer.welcome['cursor'].split('.')[0]}.{seq}"


def seqs(objects: list[Object]) -> list[int]:
    return [said["seq"] for said in objects]


async def test_who_comes_for_the_first_time_hears_the_last_twenty(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    said = await say_many([alice], 30)
    await alice.say("for alice alone", to="alice")
    await has_heard(alice, said[-1])
    for name, classic in (("bob", False), ("carol", True)):
        welcome = (await rooms.enter(activity, name, classic=classic)).welcome
        assert (seqs(welcome["history"]), welcome["gap"]) == (said[-RECENT:], False)
        # As they were shown.
        assert welcome["history"] == alice.all_of(CHAT)[:30][-RECENT:]


async def test_who_comes_back_hears_all_that_was_missed_in_more_than_a_frame(rooms: Rooms, activity: int) -> None:
    talkers = [await rooms.enter(activity, f"talker {number}") for number in range(10)]
    alice = await rooms.enter(activity, "alice")
    cursor = await has_heard(alice, (await alice.say("I'll be back"))["seq"])
    await alice.leave()
    said = await say_many(talkers, KEPT - 10)
    await has_heard(talkers[0], said[-1])
    alice = await rooms.enter(activity, "alice", since=cursor)
    # For a classic client it would be a POST for each chat that the welcome has no room for.
    bob = await rooms.enter(activity, "bob", classic=True, since=cursor)
    assert (await talkers[0].say("welcome back"))["ok"]
    await bob.hears("welcome back")
    assert bob.welcome["gap"]
    assert seqs(bob.welcome["history"]) == said[-20:]
    await alice.hears("welcome back")
    history = alice.welcome["history"]
    assert not alice.welcome["gap"]
    assert len(history) < len(said)
    assert seqs(history + alice.all_of(CHAT))[: len(said)] == said
    assert alice.welcome["cursor"].split(".")[1] == str(history[-1]["seq"])


async def test_who_was_away_for_too_long_is_told_so(rooms: Rooms, activity: int) -> None:
    talkers = [await rooms.enter(activity, f"talker {number}") for number in range(10)]
    cursor = await has_heard(talkers[0], (await talkers[0].say("before"))["seq"])
    said = await say_many(talkers, KEPT + 10)
    await has_heard(talkers[0], said[-1])
    alice = await rooms.enter(activity, "alice", since=cursor)
    assert (seqs(alice.welcome["history"]), alice.welcome["gap"]) == (said[-RECENT:], True)


@pytest.mark.parametrize("cursor", ["0.0", "elsewhere.5", "{epoch}.9007199254740991"])
async def test_who_comes_with_a_cursor_of_no_use_hears_what_is_recent(rooms: Rooms, activity: int, cursor: str) -> None:
    alice = await rooms.enter(activity, "alice")
    seq = (await alice.say("hi"))["seq"]
    epoch = (await has_heard(alice, seq)).split(".")[0]
    bob = await rooms.enter(activity, "bob", since=cursor.format(epoch=epoch))
    assert (seqs(bob.welcome["history"]), bob.welcome["gap"]) == ([seq], True)


async def test_after_redis_was_emptied_there_is_a_gap_and_it_goes_on(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    cursor = await has_heard(bob, (await alice.say("before"))["seq"])
    await bob.leave()
    redis = connect(servers.redis_url)
    await lose_all(redis)
    await redis.aclose()
    after = (await alice.say("after"))["seq"]
    # She is back with that, and welcomed once more: what was said in between she may not have heard.
    await alice.until(lambda: len(alice.all_of(WELCOME)) == 2)
    assert alice.all_of(WELCOME)[1]["gap"]
    bob = await rooms.enter(activity, "bob", since=cursor)
    assert bob.welcome["gap"]
    assert bob.welcome["cursor"].split(".")[0] != cursor.split(".")[0]
    assert after in seqs(bob.welcome["history"] + bob.all_of(CHAT))
    await alice.say("on")
    cursor = await has_heard(bob, (await bob.hears("on"))["seq"])
    await bob.leave()
    missed = (await alice.say("and on"))["seq"]
    await alice.hears("and on")
    bob = await rooms.enter(activity, "bob", since=cursor)
    assert (seqs(bob.welcome["history"]), bob.welcome["gap"]) == ([missed], False)


async def test_a_chat_that_was_removed_is_not_told_again(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    kept, removed, last = [(await alice.say(text))["seq"] for text in ("kept", "removed", "last")]
    cursor = await has_heard(alice, kept)
    response = await rooms.http.delete(f"/api/activities/{activity}/messages/{removed}")
    assert response.status_code == 204, response.text
    await alice.told_of(REMOVED, seq=removed)
    bob = await rooms.enter(activity, "bob")
    assert seqs(bob.welcome["history"]) == [kept, last]
    carol = await rooms.enter(activity, "carol", since=cursor)
    assert (seqs(carol.welcome["history"]), carol.welcome["gap"]) == ([last], False)
