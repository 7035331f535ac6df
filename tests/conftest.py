"""The servers that the whole session shares, started when the first test asks for one.

`REDIS_URL`, `KAFKA_BOOTSTRAP` and `AWS_ENDPOINT` name servers to use instead. They are emptied between tests, or
filled: give none that matter.
"""

import gc
import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings
from redis.cluster import RedisCluster

from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka import EmbeddedKafka
from local.servers.kafka_jars import KafkaUnavailable
from local.servers.moto import Moto
from local.servers.process import ServerFailed
from local.servers.redis import EmbeddedRedis, redis_server
from tests.lasting import lasting
from tests.moving_slots import SlotMover
from tests.redis_cluster import OLDEST_VERSION, RedisServer, ThreeNodes
from tests.redis_tests import reason_to_leave_out

# A machine that is slow or busy is no fault of the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kafka",
        choices=("embedded", "real"),
        default=os.environ.get("KAFKA") or "embedded",
        help="the Kafka the tests run against: librdkafka's mock, or Apache Kafka fetched with Maven",
    )
    parser.addoption(
        "--redis",
        choices=("embedded", "real", "moving"),
        default="embedded",
        help="the Redis the tests run against: one node, or three with the functions' rights; moving: and slots move",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests stay until the end, so the garbage collector need not look at them again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if (redis := config.getoption("--redis")) != "embedded":
        left_out = [item for item in items if not _runs_on(redis, item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # First what keeps a worker busy for minutes. Stories last: the emulator and the browser that they share are up
    # until the end, beside no other tests.
    items.sort(key=lambda item: (not item.get_closest_marker("first"), "story" in item.path.parts))


def _runs_on(redis: str, item: pytest.Item) -> bool:
    uses_redis = "session_redis" in getattr(item, "fixturenames", ())
    return uses_redis and reason_to_leave_out(item.nodeid, redis) is None


@pytest.fixture(scope="session")
def session_redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """The Redis of the session; tests that ask for it are skipped where `--redis real` cannot be had."""
    if url := os.environ.get("REDIS_URL"):
        yield RedisServer(url, url)
        return
    kind = request.config.getoption("--redis")
    if kind == "embedded":
        redis = EmbeddedRedis()
        with lasting(redis):
            yield RedisServer(redis.address, redis.address)
        return
    try:
        redis_server(OLDEST_VERSION)
    except ServerFailed as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    cluster = ThreeNodes()
    with lasting(cluster), ExitStack() as stack:
        mover = SlotMover(cluster)
        if kind == "moving":
            stack.enter_context(mover.running())
        yield RedisServer(cluster.address, cluster.admin_url, mover.at_rest)


@pytest.fixture(scope="session")
def redis_url(session_redis: RedisServer) -> str:
    """A Redis for the session, which nobody empties; `clean_redis` is the same one, emptied."""
    return session_redis.url


@pytest.fixture
def clean_redis(session_redis: RedisServer) -> str:
    """The session's Redis, empty."""
    with session_redis.at_rest, RedisCluster.from_url(session_redis.admin_url) as client:
        client.flushall(target_nodes=RedisCluster.PRIMARIES)
        client.disconnect_connection_pools()  # which `close` leaves open
    return session_redis.url


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
        yield kafka.address


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """A moto for the session, which nobody empties: DynamoDB, SQS and Secrets Manager."""
    if url := os.environ.get("AWS_ENDPOINT"):
        yield url
        return
    moto = Moto()
    with lasting(moto):
        yield moto.address
