"""Kafka restarts while people talk: every chat that was acknowledged is kept, once.

On Apache Kafka the broker is killed and started again on its data; the embedded one cuts all connections and refuses
new ones for a while.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka import EmbeddedKafka
from local.servers.kafka_jars import KafkaUnavailable
from tests.story.archived import Archived
from tests.story.rooms import Servers, running
from tests.story.talkers import Said, talk
from tests.story.throttle import throttle
from tests.story.viewer import PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.long]


class Restarted:
    """A Kafka that can go away and come back with its records."""

    def __init__(self, kafka: EmbeddedKafka | ApacheKafka) -> None:
        self._kafka = kafka

    @property
    def bootstrap(self) -> str:
        return self._kafka.address

    async def away(self) -> None:
        await (self._kafka.kill() if isinstance(self._kafka, ApacheKafka) else self._kafka.down())

    async def back(self) -> None:
        await (self._kafka.start() if isinstance(self._kafka, ApacheKafka) else self._kafka.up())


@pytest.fixture
async def kafka(request: pytest.FixtureRequest) -> AsyncIterator[Restarted]:
    """One of its own, since it goes away."""
    kafka = ApacheKafka() if request.config.getoption("--kafka") == "real" else EmbeddedKafka()
    try:
        await kafka.start()
    except KafkaUnavailable as error:
        pytest.skip(str(error))
    yield Restarted(kafka)
    await kafka.stop()


async def test_a_kafka_that_restarts_under_the_archive_loses_nothing(
    kafka: Restarted, redis_url: str, moto_url: str, activity: int
) -> None:
    async with throttle(moto_url) as table, running(Servers(redis_url, kafka.bootstrap, table.url)) as rooms:
        archive = Archived(rooms, kafka.bootstrap, moto_url, activity)
        await archive.set_aside()
        viewers = [await rooms.enter(activity, f"viewer {number}") for number in range(4)]
        said: Said = {}
        for written in (True, False):
            talking = asyncio.create_task(talk(viewers, 12))
            # It goes while a batch is being stored, which then cannot be committed.
            with table.holding(passed=1, written=written) as hold:
                async with asyncio.timeout(2 * PATIENCE):
                    await hold.reached.wait()
                await kafka.away()
            await table.settled()
            await kafka.back()
            said |= await talking
        await archive.is_left_by(viewers)
        await archive.caught_up()
        await table.settled()
        await archive.holds(said)
