"""Sensitive words: changed through the API while people talk, in force soon and everywhere."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from functions.adapters.redis.shared_list import REFRESH_SECONDS
from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.rooms import Rooms, Servers
from tests.story.topics import records
from tests.story.viewer import CHAT, JOINED, LEFT, PATIENCE, WHO, Object, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

NAMES = (f"n{number}" for number in itertools.count(random.randrange(10**9)))


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def no_words(rooms: Rooms) -> AsyncIterator[None]:
    """The words are all rooms', and stay in Redis."""
    yield
    await put(rooms)


async def put(rooms: Rooms, mask: list[str] | None = None, reject: list[str] | None = None) -> None:
    """Put these words into force, soon."""
    response = await rooms.http.put("/api/words", json={"mask": mask or [], "reject": reject or []})
    assert response.status_code == 200, response.text


async def answered(viewer: Viewer, text: str, *, ok: bool) -> Object:
    """Say it until it is taken, or refused; the reply."""
    async with asyncio.timeout(PATIENCE):
        while (reply := await viewer.say(text))["ok"] is not ok:
            pass
    return reply


async def shown(viewer: Viewer, text: str, masked: str) -> Object:
    """Say it until it is shown like that."""
    async with asyncio.timeout(PATIENCE):
        while not viewer.all_of(CHAT, textMessage=masked):
            seq = (await viewer.say(text))["seq"]
            await viewer.told_of(CHAT, seq=seq)
    return viewer.all_of(CHAT, textMessage=masked)[0]


async def test_a_word_is_masked_once_it_is_listed_and_no_longer_when_it_is_not(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
    await put(rooms, mask=["darn", "坏人"])
    masked = await shown(alice, "that D.a\u200br n thing, 坏 人!", "that ******* thing, ***!")
    assert (await bob.told_of(CHAT, seq=masked["seq"]))["textMessage"] == masked["textMessage"]
    await put(rooms)
    await shown(alice, "darn again", "darn again")


async def test_what_was_masked_or_rejected_is_on_no_screen_and_in_no_topic(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    await put(rooms, mask=["blast"], reject=["spam.example"])
    reply = await answered(alice, "buy at SPAM . EXAMPLE", ok=False)
    assert (reply["error"], "retryAfter" in reply) == ("rejected", False)
    texts = ["at spam.example"] * 10 + ["a blast"] * 10
    async with asyncio.timeout(PATIENCE):
        while True:
            # Several at a time, so that more than one of the function's environments is asked.
            start = (await alice.say("start"))["seq"]
            replies = await asyncio.gather(*(alice.say(text) for text in texts))
            end = (await alice.say("end"))["seq"]
            await bob.told_of(CHAT, seq=end)
            found = [said["textMessage"] for said in bob.all_of(CHAT) if start < said["seq"] < end]
            if not any("blast" in text or "spam" in text for text in found):
                break
    assert [reply.get("error") for reply in replies] == ["rejected"] * 10 + [None] * 10
    assert found == ["a *****"] * 10
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        said = [record for record in await records(servers.kafka_bootstrap, topic, activity) if record["content"]]
        texts = [record["content"] for record in said]
        last = len(texts) - 1 - texts[::-1].index("start")
        assert texts[last:] == ["start", *["a *****"] * 10, "end"]


async def test_a_private_chat_is_masked_too(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    await put(rooms, mask=["darn"])
    await shown(alice, "darn", "****")
    assert (await alice.say("for you: darn", to="bob"))["ok"]
    assert (await bob.hears("for you: ****"))["to"] == "bob"


async def test_who_comes_under_a_masked_name_is_shown_under_the_mask(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter(activity, "bob")
    await put(rooms, mask=["darn"])
    async with asyncio.timeout(PATIENCE):
        while True:
            user = next(NAMES)
            mallory = await rooms.enter(activity, "Darn Joe", userId=user)
            if (await bob.told_of(JOINED, userId=user))["username"] == "**** Joe":
                break
    await answered(mallory, "hello", ok=True)
    assert (await bob.told_of(CHAT, userId=user))["fromusername"] == "**** Joe"
    await bob.ask(WHO, limit=200)
    assert {"userId": user, "username": "**** Joe"} in (await bob.told_of(WHO))["users"]


async def test_a_name_that_becomes_forbidden_is_masked_from_then_on(rooms: Rooms, activity: int) -> None:
    mallory, bob = await rooms.enter(activity, "drat it", userId="m"), await rooms.enter(activity, "bob")
    assert (await mallory.say("before"))["ok"]
    assert (await bob.hears("before"))["fromusername"] == "drat it"
    await put(rooms, reject=["drat it"])
    async with asyncio.timeout(PATIENCE):
        while not bob.all_of(CHAT, fromusername="*******"):
            seq = (await mallory.say("after"))["seq"]
            await bob.told_of(CHAT, seq=seq)


async def test_a_word_that_is_listed_is_masked_in_the_name_of_who_is_there_wherever_it_is_shown(
    rooms: Rooms, activity: int
) -> None:
    # A word of its own: the relay may have the list of the test before for a while.
    bob = await rooms.enter(activity, "bob")
    mallory = await rooms.enter(activity, "MrHeck", userId="m")
    assert (await bob.told_of(JOINED, userId="m"))["username"] == "MrHeck"
    assert (await mallory.say("before"))["ok"]
    await bob.hears("before")
    await put(rooms, mask=["heck"])
    listed_at = time.monotonic()
    masked = {"userId": "m", "username": "Mr****"}
    async with asyncio.timeout(PATIENCE):
        while masked not in (await rooms.http.get(f"/api/activities/{activity}/users")).json()["users"]:
            pass
        while not any(masked in page["users"] for page in bob.all_of(WHO)):
            await bob.ask(WHO, id=next(NAMES))
        while True:
            said = (await rooms.http.get(f"/api/activities/{activity}/messages")).json()["messages"]
            if [one["fromusername"] for one in said] == ["Mr****"]:
                break
        while True:
            # A newcomer is welcomed with what was said, and makes the relay look for the list.
            carol = await rooms.enter(activity, next(NAMES))
            names = [one["fromusername"] for one in carol.welcome["history"]]
            # By then no environment of the relay has a list that is older.
            if names == ["Mr****"] and time.monotonic() > listed_at + REFRESH_SECONDS:
                break
            await carol.leave()
    await mallory.leave()
    assert (await bob.told_of(LEFT, userId="m"))["username"] == "Mr****"


async def test_a_whole_word_is_left_alone_inside_another(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    await put(rooms, mask=["=ass"])
    await shown(alice, "class, a.s.s", "class, *****")


async def test_a_name_with_a_rejected_word_is_not_let_in(rooms: Rooms, activity: int) -> None:
    await put(rooms, reject=["darn"])
    path = f"/websocket?activityId={activity}&username=d-a-r-n"
    async with asyncio.timeout(PATIENCE):
        while await rooms.refusal(path) != 400:
            pass
    assert await rooms.refusal(f"/websocket?activityId={activity}&username=bob") == 101


async def test_the_words_in_force_can_be_read_as_they_were_put(rooms: Rooms) -> None:
    words = {"mask": ["darn", "n.o w'a\"y", "坏人", "👎"], "reject": ["}{", "\\u0000", "--'; DROP"]}
    await put(rooms, **words)
    assert (await rooms.http.get("/api/words")).json() == words


async def test_a_list_that_cannot_be_meant_leaves_the_old_one_in_force(rooms: Rooms) -> None:
    await put(rooms, mask=["darn"])
    too_many = [f"word{number}" for number in range(10_001)]
    bodies: list[Any] = [
        {"mask": ["sound", ""], "reject": []},
        {"mask": ["\u200b"], "reject": []},
        {"mask": ["a" * 65], "reject": []},
        {"mask": too_many, "reject": []},
        {"mask": "darn", "reject": []},
        {"mask": ["a\nb"], "reject": []},
        {"mask": ["x"]},
        {"mask": [], "reject": [], "more": []},
        [],
        None,
    ]
    for body in bodies:
        refused = await rooms.http.put("/api/words", json=body)
        assert (refused.status_code, refused.json()["error"]) == (400, "bad_field"), str(body)[:80]
    assert (await rooms.http.get("/api/words")).json() == {"mask": ["darn"], "reject": []}
