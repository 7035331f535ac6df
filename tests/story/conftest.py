"""What stories take place in. One emulator at a time: two on one Kafka would share the relay's partitions."""

import asyncio
import itertools
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from local.servers.kafka import EmbeddedKafka
from tests.lasting import lasting
from tests.redis_cluster import RedisServer
from tests.story import for_all_rooms
from tests.story.rooms import Rooms, Servers, rooms_at
from tests.story.shared_emulator import GROUP, SharedEmulator, SharedEmulators, group, group_of, options_of

SHARED = pytest.StashKey[SharedEmulators]()
_ACTIVITIES = itertools.count(random.randrange(1, 2**52))


@pytest.fixture
def activity() -> int:
    """A room that nobody has been to, also not in an earlier run on the same servers."""
    return next(_ACTIVITIES)


@pytest.fixture
def another_activity() -> int:
    """A second such room."""
    return next(_ACTIVITIES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    group(items)
    # Files of one group follow one another. First those without, which take longer.
    items.sort(key=group_of)


@pytest.hookimpl(trylast=True)  # when the fixtures of the test's file are torn down
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if shared := item.config.stash.get(SHARED, None):
        shared.end_but(group_of(nextitem))


@pytest.fixture(scope="module")
def redis_url(session_redis: RedisServer) -> str:
    """The session's Redis, which nobody empties. What earlier files have set for all rooms is undone."""
    asyncio.run(for_all_rooms.undo(session_redis.url))
    return session_redis.url


def has_one_kafka(config: pytest.Config) -> bool:
    """Whether the session's Kafka is for all emulators.

    The embedded one lets a group rest for 5 s between its members, so a second emulator would have to wait.
    """
    return bool(os.environ.get("KAFKA_BOOTSTRAP")) or config.getoption("--kafka") == "real"


@contextmanager
def a_kafka(request: pytest.FixtureRequest) -> Iterator[str]:
    """For one emulator."""
    if has_one_kafka(request.config):
        yield request.getfixturevalue("kafka_bootstrap")
        return
    kafka = EmbeddedKafka()
    with lasting(kafka):
        yield kafka.address


@pytest.fixture(scope="session")
def shared_emulators(
    request: pytest.FixtureRequest, session_redis: RedisServer, moto_url: str
) -> Iterator[SharedEmulators]:
    """The one that the files of a group share, if it is up."""
    if has_one_kafka(request.config):
        request.getfixturevalue("kafka_bootstrap")  # now, so that it outlives the emulator
    shared = SharedEmulators(lambda: a_kafka(request), session_redis.url, moto_url)
    request.config.stash[SHARED] = shared
    yield shared
    shared.end_but("")


@pytest.fixture(scope="module")
def emulator(request: pytest.FixtureRequest, shared_emulators: SharedEmulators, redis_url: str) -> SharedEmulator:
    """That of the file, with the options of its marker `emulator`; other files may have used it before."""
    file: pytest.Module = request.node
    return shared_emulators.of(file.stash[GROUP], options_of(file))


@pytest.fixture(scope="module")
def servers(emulator: SharedEmulator) -> Servers:
    """Those of the file's emulator."""
    return emulator.servers


@pytest.fixture(scope="module")
def file_servers(request: pytest.FixtureRequest, redis_url: str, moto_url: str) -> Iterator[Servers]:
    """For the one emulator that a file starts itself."""
    with a_kafka(request) as bootstrap:
        yield Servers(redis_url, bootstrap, moto_url)


@pytest.fixture
def own_servers(request: pytest.FixtureRequest, redis_url: str, moto_url: str) -> Iterator[Servers]:
    """For the emulator of a test that starts one itself."""
    with a_kafka(request) as bootstrap:
        yield Servers(redis_url, bootstrap, moto_url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(emulator: SharedEmulator) -> AsyncIterator[Rooms]:
    """The rooms of the file's emulator."""
    async with rooms_at(emulator.address) as rooms:
        yield rooms
