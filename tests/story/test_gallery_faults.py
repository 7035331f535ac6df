"""Readers in the gallery whose functions are killed, whose Redis is emptied, and whose clocks are wrong: each chat
comes once, or a gap is told. `make chaos` has readers as well, and more faults."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from client.python.live_rooms import Timing
from functions.adapters.redis.client import connect
from functions.rooms.places import parse_place_id
from local.aws.fork_server import can_fork
from tests.functions.adapters.redis import snapshot
from tests.redis_cluster import RedisServer
from tests.story.killing import kill
from tests.story.rooms import GENEROUS, Rooms, Servers, running
from tests.story.shifted_clock import shifted_clock
from tests.story.test_python_client import Person
from tests.story.viewer import LEFT, PATIENCE, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.long]

GALLERY = {**GENEROUS, "GALLERY_FROM": "1"}


class Listener(Person):
    """A reader. `texts`: what was heard, in order; a gap is a None."""

    def __init__(self, rooms: Rooms, activity: int, name: str, timing: Timing | None = None) -> None:
        super().__init__(rooms, activity, name, timing=timing or Timing())
        self.texts: list[str | None] = []
        self.room.on("chat", lambda chat: self.texts.append(chat["textMessage"]))
        self.room.on("gap", lambda _: self.texts.append(None))

    async def hears(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while text not in self.texts:
                await self.next("chat")


@asynccontextmanager
async def reading(rooms: Rooms, activity: int) -> AsyncIterator[tuple[Viewer, Listener]]:
    """alice on the seat, and bob in the gallery, who has heard "before"."""
    alice, bob = await rooms.enter(activity, "alice"), Listener(rooms, activity, "bob")
    async with alice.beating(1), bob.room:
        await bob.next("state", lane="gallery")
        assert (await alice.say("before"))["ok"]
        await bob.hears("before")
        yield alice, bob


async def test_a_reader_whose_functions_are_killed_hears_everything_once(own_servers: Servers, activity: int) -> None:
    async with (
        running(own_servers, environment=GALLERY, heartbeat_seconds=2) as rooms,
        reading(rooms, activity) as (alice, bob),
    ):
        said = ["before"]
        # A request for a slot is always under way, and one for the place every other second.
        for function in ("gallery", "api", "gallery"):
            assert (await alice.say(f"while {function} is killed {len(said)}"))["ok"]
            await kill(function)
            assert (await alice.say(f"after {function} {len(said)}"))["ok"]
            said += [f"while {function} is killed {len(said)}", f"after {function} {len(said)}"]
            await bob.hears(said[-1])
        assert bob.texts == said
        await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)


async def is_told_a_gap_and_goes_on(alice: Viewer, bob: Listener) -> None:
    """The reader is told with what is said next that something was missed, and hears what comes then."""
    assert (await alice.say("after"))["ok"]
    await alice.hears("after")
    async with asyncio.timeout(PATIENCE):
        while None not in bob.texts:
            await bob.next("gap")
    assert (await alice.say("on"))["ok"]
    await bob.hears("on")


async def test_a_reader_of_an_emptied_redis_is_told_of_the_gap_and_goes_on(own_servers: Servers, activity: int) -> None:
    async with (
        running(own_servers, environment=GALLERY, heartbeat_seconds=2) as rooms,
        reading(rooms, activity) as (alice, bob),
    ):
        redis = connect(own_servers.redis_url)
        await redis.flushall()
        await redis.aclose()
        await is_told_a_gap_and_goes_on(alice, bob)
        assert [text for text in bob.texts if text] in (["before", "on"], ["before", "after", "on"])
        await rooms.figures_become(activity, onlineNumber=2)


async def test_what_redis_has_forgotten_while_the_relay_was_killed_is_a_gap(
    own_servers: Servers, session_redis: RedisServer, activity: int
) -> None:
    async with (
        running(own_servers, environment=GALLERY, heartbeat_seconds=2) as rooms,
        reading(rooms, activity) as (alice, bob),
        aclosing(connect(session_redis.admin_url)) as redis,
    ):
        kept = await snapshot.take(redis, "*")
        for text in ("one", "two", "three"):
            assert (await alice.say(text))["ok"]
        await alice.hears("three")
        await snapshot.roll_back(redis, kept, "*")
        await kill("relay-0")
        await is_told_a_gap_and_goes_on(alice, bob)
        await rooms.figures_become(activity, onlineNumber=2)


@pytest.mark.skipif(not can_fork(), reason="functions are forks, whose clock is shifted, on Linux alone")
@pytest.mark.parametrize("minutes", [4, -4])
async def test_functions_whose_clocks_are_wrong_by_minutes_serve_readers_no_worse(
    own_servers: Servers, activity: int, minutes: int
) -> None:
    """Redis's clock is the slots'. The reader's own only measures how long things take, from a begin that nobody knows;
    so do the clocks in the tests of live.js."""
    with shifted_clock(minutes):
        async with (
            running(own_servers, environment=GALLERY, heartbeat_seconds=3, sweep_seconds=0.5) as rooms,
            reading(rooms, activity) as (alice, bob),
        ):
            carol = (await rooms.http.post(f"/api/activities/{activity}/place", json={"username": "carol"})).json()
            _, made_at = parse_place_id(carol["place"])
            assert round((made_at - carol["now"]) / 60_000) == minutes
            for number in range(3):
                assert (await alice.say(str(number)))["ok"]
                await bob.hears(str(number))
            assert (await alice.say("for bob", to="bob"))["ok"]
            await bob.hears("for bob")
            # Renewed in time, so nobody was swept, and the time was earned.
            assert bob.texts == ["before", "0", "1", "2", "for bob"]
            # carol does not come back.
            await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)
            assert not alice.all_of(LEFT, userId="bob")
            async with asyncio.timeout(PATIENCE):
                while not await _watched(rooms, activity, "bob"):
                    pass


async def _watched(rooms: Rooms, activity: int, user: str) -> float:
    told = (await rooms.http.get(f"/api/activities/{activity}/watch-time")).json()
    return float(next((one["seconds"] for one in told["users"] if one["userId"] == user), 0))
