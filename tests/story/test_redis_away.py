"""Redis dies and comes back, empty: nothing works meanwhile, everything does afterwards, without a restart."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from local.servers.redis import EmbeddedRedis
from tests.story.rooms import Servers, running
from tests.story.viewer import PATIENCE, Object, Viewer

pytestmark = pytest.mark.kafka


@pytest.fixture
async def redis() -> AsyncIterator[EmbeddedRedis]:
    """One to be killed."""
    redis = EmbeddedRedis()
    await redis.start()
    yield redis
    await redis.stop()


async def beat_until_accepted(viewer: Viewer) -> Object:
    async with asyncio.timeout(PATIENCE):
        while not (reply := await viewer.beat())["ok"]:
            assert reply["error"] == "unavailable"
    return reply


async def test_redis_dies_and_comes_back_empty(redis: EmbeddedRedis, own_servers: Servers, activity: int) -> None:
    async with running(Servers(redis.address, own_servers.kafka_bootstrap, own_servers.aws_endpoint)) as rooms:
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
        await alice.say("before")
        await bob.hears("before")

        await redis.kill()
        assert (await rooms.http.get("/api/health")).status_code == 503
        for reply in await asyncio.gather(alice.say("lost"), alice.like(), bob.beat(), bob.ask(3)):
            assert (reply["ok"], reply["error"]) == (False, "unavailable")
            assert reply["retryAfter"] >= 1
        assert await rooms.refusal(f"/websocket?activityId={activity}&username=carol") == 503
        assert (await rooms.http.get(f"/api/activities/{activity}")).status_code == 503
        assert alice.is_open
        assert bob.is_open

        await redis.start()
        # The first frame of each proves that it is there: seats and counts come back with them.
        for viewer in (alice, bob):
            await beat_until_accepted(viewer)
        assert (await rooms.http.get("/api/health")).status_code == 200
        await rooms.enter(activity, "carol")
        assert (await alice.say("after"))["ok"]
        await bob.hears("after")
        await bob.until(lambda: bob.online == 3)
        await alice.like(2)
        await bob.until(lambda: bob.likes == 2)
        # "before" may come twice: what notes that it was sent died, perhaps just before it did.
        assert bob.shown == ["before", "after"]
        await rooms.figures_become(activity, onlineNumber=3, connections=3)
