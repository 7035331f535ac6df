"""The servers that the whole session shares, started when the first test asks for one.

`REDIS_URL`, `KAFKA_BOOTSTRAP` and `AWS_ENDPOINT` name servers to use instead. They are emptied between tests, or
filled: give none that matter.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from redis.cluster import RedisCluster

from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka import EmbeddedKafka
from local.servers.kafka_jars import KafkaUnavailable
from local.servers.moto import Moto
from local.servers.redis import EmbeddedRedis
from tests.lasting import lasting


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kafka",
        choices=("embedded", "real"),
        default=os.environ.get("KAFKA") or "embedded",
        help="the Kafka the tests run against: librdkafka's mock, or Apache Kafka fetched with Maven",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # First what takes long, so that at the end of a run no worker waits for another's.
    items.sort(key=lambda item: "story" not in item.path.parts)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis for the session, which nobody empties; `clean_redis` is the same one, emptied."""
    if url := os.environ.get("REDIS_URL"):
        yield url
        return
    redis = EmbeddedRedis()
    with lasting(redis):
        yield redis.url


@pytest.fixture
def clean_redis(redis_url: str) -> str:
    """The session's Redis, empty."""
    with RedisCluster.from_url(redis_url) as client:
        client.flushall(target_nodes=RedisCluster.PRIMARIES)
        client.disconnect_connection_pools()  # which `close` leaves open
    return redis_url


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Kafka for the session with the two topics; tests that ask for it skip where `--kafka real` cannot be had."""
    if bootstrap := os.environ.get("KAFKA_BOOTSTRAP"):
        yield bootstrap
        return
    kafka = ApacheKafka() if request.config.getoption("--kafka") == "real" else EmbeddedKafka()
    with ExitStack() as stack:
        try:
            stack.enter_context(lasting(kafka))
        except KafkaUnavailable as error:
            pytest.skip(str(error))
        yield kafka.bootstrap


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A moto for the session, which nobody empties: DynamoDB, SQS and Secrets Manager."""
    if url := os.environ.get("AWS_ENDPOINT"):
        yield url
        return
    moto = Moto()
    with lasting(moto):
        yield moto.url
