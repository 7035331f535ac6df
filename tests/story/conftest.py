"""What stories take place in. One emulator at a time: two on one Kafka would share the relay's partitions."""

import itertools
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio

from local.servers.kafka import EmbeddedKafka
from tests.lasting import lasting
from tests.story.rooms import Rooms, Servers, running

_ACTIVITIES = itertools.count(random.randrange(1, 2**52))


@pytest.fixture
def activity() -> int:
    """A room that nobody has been to, also not in an earlier run on the same servers."""
    return next(_ACTIVITIES)


@pytest.fixture
def another_activity() -> int:
    """A second such room."""
    return next(_ACTIVITIES)


@contextmanager
def a_kafka(request: pytest.FixtureRequest) -> Iterator[str]:
    """The session's Kafka if that is a real one, else an embedded one for one emulator.

    The embedded one lets a group rest for 5 s between its members, so a second emulator would have to wait.
    """
    if os.environ.get("KAFKA_BOOTSTRAP") or request.config.getoption("--kafka") == "real":
        yield request.getfixturevalue("kafka_bootstrap")
        return
    kafka = EmbeddedKafka()
    with lasting(kafka):
        yield kafka.address


@pytest.fixture(scope="module")
def servers(request: pytest.FixtureRequest, redis_url: str, moto_url: str) -> Iterator[Servers]:
    """For the one emulator of a file."""
    with a_kafka(request) as bootstrap:
        yield Servers(redis_url, bootstrap, moto_url)


@pytest.fixture
def own_servers(request: pytest.FixtureRequest, redis_url: str, moto_url: str) -> Iterator[Servers]:
    """For the emulator of a test that starts one itself."""
    with a_kafka(request) as bootstrap:
        yield Servers(redis_url, bootstrap, moto_url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(servers: Servers) -> AsyncIterator[Rooms]:
    """The emulator of a file whose tests need no special options."""
    async with running(servers) as rooms:
        yield rooms
