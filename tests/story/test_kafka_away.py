"""Kafka goes away and comes back with its records: nothing is accepted meanwhile, and nothing of it appears later."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from local.servers.kafka import EmbeddedKafka
from tests.story.rooms import Servers, running
from tests.story.topics import records
from tests.story.viewer import PATIENCE


@pytest.fixture
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    """One that can be taken away; a real one cannot."""
    kafka = EmbeddedKafka()
    await kafka.start()
    yield kafka
    await kafka.stop()


async def test_kafka_goes_away_and_comes_back(
    kafka: EmbeddedKafka, redis_url: str, moto_url: str, activity: int
) -> None:
    async with running(Servers(redis_url, kafka.address, moto_url)) as rooms:
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
        await alice.say("before")
        await bob.hears("before")

        await kafka.down()
        newcomer = rooms.refusal(f"/websocket?activityId={activity}&username=carol")
        status, health, chat, like = await asyncio.gather(
            newcomer, rooms.http.get("/api/health", timeout=PATIENCE), alice.say("lost"), bob.like(9)
        )
        assert (status, health.status_code) == (503, 503)
        for reply in (chat, like):
            assert (reply["ok"], reply["error"]) == (False, "unavailable")
            assert reply["retryAfter"] >= 1
        assert (await rooms.figures(activity))["zanNumber"] == 0
        assert (await rooms.figures(activity))["onlineNumber"] == 2

        await kafka.up()
        async with asyncio.timeout(PATIENCE):
            while not (await alice.say("after"))["ok"]:
                pass
        await bob.hears("after")
        await bob.like(2)
        await alice.until(lambda: alice.likes == 2)
        await rooms.enter(activity, "carol")
        await alice.until(lambda: alice.online == 3)
        assert alice.heard == bob.heard == ["before", "after"]
        for topic in (LIVE_TOPIC, SAVE_TOPIC):
            said = [record["content"] for record in await records(kafka.address, topic, activity)]
            assert "after" in said
            assert "lost" not in said
