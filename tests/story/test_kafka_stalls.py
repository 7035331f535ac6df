"""Kafka stands still, as a broker in a long pause does: connections stay, nothing is answered, and what was refused
meanwhile is written late all the same."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial

import pytest

from functions.manifest import LIVE_TOPIC
from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka import EmbeddedKafka
from local.servers.kafka_jars import KafkaUnavailable
from tests.story.archived import LEFT, Archived, earned_by
from tests.story.rooms import Rooms, Servers, running
from tests.story.talkers import insist
from tests.story.topics import records
from tests.story.viewer import CHAT, JOINED, PATIENCE, REPLY, Object, Viewer

pytestmark = pytest.mark.kafka

HEARTBEAT = 7


@pytest.fixture
async def kafka(request: pytest.FixtureRequest) -> AsyncIterator[EmbeddedKafka | ApacheKafka]:
    """One that can be stalled: a session's may be somebody else's."""
    kafka = ApacheKafka() if request.config.getoption("--kafka") == "real" else EmbeddedKafka()
    try:
        await kafka.start()
    except KafkaUnavailable as error:
        pytest.skip(str(error))
    yield kafka
    await kafka.stop()


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.long
async def test_heartbeats_and_a_close_that_fall_into_a_stall_are_credited_once_and_nothing_is_lost(
    kafka: EmbeddedKafka | ApacheKafka, redis_url: str, moto_url: str, activity: int
) -> None:
    servers = Servers(redis_url, kafka.address, moto_url)
    # A lease is 20 seconds: bob's seat, whose end cannot be published, is given up then.
    async with running(servers, heartbeat_seconds=10, sweep_seconds=2) as rooms:
        rooms.http.timeout = PATIENCE
        archive = Archived(rooms, kafka.address, moto_url, activity)
        before = now()
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
        for viewer in (alice, bob):
            await insist(viewer, HEARTBEAT)

        await kafka.pause()
        refused = await alice.ask(HEARTBEAT, id="stalled")
        assert (refused["ok"], refused["error"]) == (False, "unavailable")
        still_there = now()
        await bob.leave()
        again = await alice.ask(HEARTBEAT)
        assert again["error"] == "unavailable"
        await kafka.resume()

        await insist(alice, HEARTBEAT)
        async with alice.beating(2):
            await alice.until(lambda: alice.all_of(LEFT, userId="bob"))
        await archive.is_left_by([bob, alice])
        gone = now()
        await archive.caught_up()

        saved = await archive.saved()
        assert "stalled" in [record["id"] for record in saved], "nothing was written late"
        seconds = {user["userId"]: user["seconds"] for user in (await archive.watch_time())["users"]}
        came = {record["userId"]: record["time"] for record in saved if record["messageType"] == JOINED}
        assert before <= min(came.values())
        assert still_there - came["alice"] <= 1000 * seconds["alice"] <= gone - came["alice"]
        assert still_there - came["bob"] <= 1000 * seconds["bob"] <= gone - came["bob"]
        # To the end of each, and nothing twice.
        ends = {record["userId"]: record["watchTo"] for record in saved if record["messageType"] == LEFT}
        watched = {user: Decimal(ends[user] - came[user]).scaleb(-3) for user in came}
        assert watched == earned_by(saved)
        await archive.holds_watch_time(watched, await archive.everything())


async def repeat(viewer: Viewer, frame: Object) -> Object:
    """Send a frame until its reply is not `unavailable`; returns this reply."""

    def replies() -> list[Object]:
        return viewer.all_of(REPLY, id=frame["id"])

    expected = len(replies())
    async with asyncio.timeout(3 * PATIENCE):
        while not replies() or replies()[-1].get("error") == "unavailable":
            await viewer.send(frame)
            expected += 1
            await viewer.until(partial(lambda count: len(replies()) >= count, expected))
    return replies()[-1]


async def shown_once(viewers: list[Viewer], text: str) -> int:
    """The seq under which everybody was shown a chat of that text; asserts that there is one alone."""
    seqs = {said["seq"] for viewer in viewers for said in [await viewer.hears(text)]}
    seqs |= {said["seq"] for viewer in viewers for said in viewer.all_of(CHAT, textMessage=text)}
    [seq] = seqs
    return int(seq)


@pytest.mark.long
async def test_chats_and_likes_that_fall_into_a_stall_are_there_once_when_they_are_sent_again(
    kafka: EmbeddedKafka | ApacheKafka, redis_url: str, moto_url: str, activity: int
) -> None:
    async with running(Servers(redis_url, kafka.address, moto_url)) as rooms:
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
        await alice.say("before")
        await bob.hears("before")
        frames: list[Object] = [{"messageType": 4, "message": f"chat {at}", "id": f"c{at}"} for at in range(3)]
        frames.append({"messageType": 6, "count": 7, "id": "l1"})

        await kafka.pause()
        for frame in frames:
            await alice.send(frame)
        for frame in frames:
            assert (await alice.told_of(REPLY, id=frame["id"]))["error"] == "unavailable"
        await kafka.resume()

        replies = [await repeat(alice, frame) for frame in frames]
        assert [reply["ok"] for reply in replies] == [True] * len(frames)
        await alice.say("after")
        await asyncio.gather(alice.hears("after"), bob.hears("after"))
        for reply, frame in zip(replies, frames[:3], strict=False):
            assert await shown_once([alice, bob], frame["message"]) == reply["seq"]
        assert (await rooms.figures(activity))["zanNumber"] == 7
        archived = Archived(rooms, kafka.address, moto_url, activity)
        await archived.caught_up()
        stored = {item["text"]: seq for seq, item in (await archived.items("m")).items()}
        assert {frame["message"]: reply["seq"] for reply, frame in zip(replies, frames[:3], strict=False)}.items() <= (
            stored.items()
        )
        assert Counter(said["textMessage"] for said in await archived.listed()).most_common(1)[0][1] == 1


async def test_nobody_is_told_of_who_was_refused_in_a_stall_without_being_told_that_they_left(
    kafka: EmbeddedKafka | ApacheKafka, redis_url: str, moto_url: str, activity: int
) -> None:
    servers = Servers(redis_url, kafka.address, moto_url)
    async with running(servers, sweep_seconds=1) as rooms:
        alice = await rooms.enter(activity, "alice")
        await kafka.pause()
        assert await refused(rooms, activity, "carol") == 503
        await kafka.resume()
        await alice.say("after")
        await alice.hears("after")
        await rooms.figures_become(activity, onlineNumber=1, connections=1)
        await records_tell_of(kafka, activity, "carol", LEFT)
        # What is said now stands behind all of this in the log, so she has been told of it with that.
        await alice.say("at last")
        await alice.hears("at last")

        def kinds() -> list[int]:
            return [said["messageType"] for said in alice.told if said.get("userId") == "carol"]

        await alice.until(lambda: kinds() in ([], [JOINED, LEFT], [LEFT]))
        carol = await rooms.enter(activity, "carol")
        await alice.until(lambda: alice.all_of(JOINED, userId="carol") and alice.online == 2)
        await carol.leave()
        await alice.until(lambda: alice.online == 1)


async def refused(rooms: Rooms, activity: int, name: str) -> int:
    return await rooms.refusal(f"/websocket?activityId={activity}&username={name}")


async def records_tell_of(kafka: EmbeddedKafka | ApacheKafka, activity: int, user: str, kind: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(
            record["userId"] == user and record["messageType"] == kind
            for record in await records(kafka.address, LIVE_TOPIC, activity)
        ):
            pass
