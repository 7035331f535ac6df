import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import AuthenticationError, NoPermissionError

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.redis.client import (
    LONGEST_SECONDS,
    VALID_SECONDS,
    RedisTokens,
    StateUnavailable,
    connect_signed_in,
)
from functions.adapters.redis.post_budget import PostBudget
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.manifest import REDIS_ACCESS
from tests.functions.adapters.redis.tls_redis import TlsRedis, tls_redis

NOW = 1_700_000_000
ROLE = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "FwoGZXIvYXdzE+/=="}


class Clock:
    """Seconds since the epoch, which pass when they are told to."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def tokens(
    environment: dict[str, str], clock: Clock, *, cache: str = "rooms", region: str = "eu-west-1"
) -> RedisTokens:
    return RedisTokens(CredentialSource(environment), region=region, cache=cache, user="functions", clock=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TlsRedis]:
    async with tls_redis(tmp_path) as server:
        yield server


@pytest.fixture
async def client(server: TlsRedis, clock: Clock) -> AsyncIterator[RedisCluster]:
    """Signs in with tokens of one moment, and so with one password."""
    options = {"ssl_ca_certs": str(server.certificate), "address_remap": server.remap}
    client = connect_signed_in(server.url, tokens(ROLE, Clock()), clock=clock, **options)
    yield client
    await client.aclose()


def signed_by_botocore(session_token: str) -> str:
    url = "http://rooms/?Action=connect&User=functions&ResourceType=ServerlessCache"
    request = AWSRequest("GET", url)
    now = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    # The one way to tell botocore the time.
    with mock.patch("botocore.auth.get_current_datetime", return_value=now):
        credentials = BotoCredentials("AKID", "s", session_token or None)
        SigV4QueryAuth(credentials, "elasticache", "eu-west-1", expires=900).add_auth(request)
    return str(request.url).removeprefix("http://")


@pytest.mark.parametrize("session_token", ["", "FwoGZXIvYXdzE+/=="])
async def test_a_token_is_the_address_that_botocore_would_sign(session_token: str, clock: Clock) -> None:
    user, token = await tokens(ROLE | {"AWS_SESSION_TOKEN": session_token}, clock).get_credentials_async()
    assert user == "functions"
    ours, theirs = urlsplit(f"//{token}"), urlsplit(f"//{signed_by_botocore(session_token)}")
    assert (ours.netloc, ours.path) == (theirs.netloc, theirs.path) == ("rooms", "/")
    assert parse_qs(ours.query) == parse_qs(theirs.query)


async def test_a_token_is_what_awss_sdk_for_java_would_sign() -> None:
    # Of the Java that AWS shows for this; a session token was not given.
    moment = datetime(2024, 8, 2, 12, 11, 50, tzinfo=UTC).timestamp()
    source = CredentialSource({"AWS_ACCESS_KEY_ID": "accessKey", "AWS_SECRET_ACCESS_KEY": "secretKey"})
    java = RedisTokens(source, region="eu-west-1", cache="my-cache", user="user123", clock=lambda: moment)
    _, token = await java.get_credentials_async()
    assert token.endswith("&X-Amz-Signature=5dda5db919b1337db6596b2a608924bc10197fb39289b933b60bdb114d5a70dc")


async def test_each_token_is_of_the_moment_it_is_asked_for(clock: Clock) -> None:
    source = tokens(ROLE, clock)
    _, first = await source.get_credentials_async()
    clock.now += VALID_SECONDS
    _, second = await source.get_credentials_async()
    assert first != second
    assert parse_qs(second)["X-Amz-Date"] == ["20231114T222820Z"]


async def test_without_credentials_there_is_no_signing_in(clock: Clock) -> None:
    with pytest.raises(AuthenticationError, match="AWS_ACCESS_KEY_ID"):
        await tokens({}, clock).get_credentials_async()


async def password() -> str:
    return (await tokens(ROLE, Clock()).get_credentials_async())[1]


async def test_a_user_signs_in_over_tls_and_may_do_what_the_functions_do(
    server: TlsRedis, client: RedisCluster
) -> None:
    await server.let_in("functions", await password(), REDIS_ACCESS)
    await RoomState(client, heartbeat_seconds=60).ping()
    await SweepState(client, heartbeat_seconds=60).rooms()
    await PostBudget(client, per_second=100).reserve(10)
    await client.hset("words", mapping={"version": "1"})
    await client.set("room:{42}:id", "x", ex=60)
    assert "functions" in str(await server.admin.execute_command("CLIENT LIST"))
    for forbidden in (("FLUSHALL",), ("CONFIG GET", "maxmemory"), ("KEYS", "*")):
        with pytest.raises(NoPermissionError):
            await client.execute_command(*forbidden, target_nodes=RedisCluster.RANDOM)


async def test_a_connection_is_opened_anew_before_elasticache_would_end_it(
    server: TlsRedis, client: RedisCluster, clock: Clock
) -> None:
    await server.let_in("functions", await password(), REDIS_ACCESS)
    await client.set("a", "1")
    opened = server.accepted
    clock.now += LONGEST_SECONDS - 1
    await client.set("a", "2")
    assert server.accepted == opened
    clock.now += 2
    await client.set("a", "3")
    assert server.accepted == opened + 1
    # Also where several commands go out at once, as the relay's do.
    clock.now += LONGEST_SECONDS + 1
    pipeline = client.pipeline()
    pipeline.get("a")
    assert await pipeline.execute() == ["3"]
    assert server.accepted == opened + 2
    assert LONGEST_SECONDS + 600 < 12 * 3600


async def test_a_refused_token_means_that_redis_is_away_and_is_logged_without_it(
    server: TlsRedis, client: RedisCluster, caplog: pytest.LogCaptureFixture
) -> None:
    await server.let_in("functions", "another", REDIS_ACCESS)
    with caplog.at_level(logging.ERROR), pytest.raises(StateUnavailable):
        await RoomState(client, heartbeat_seconds=60).ping()
    said = caplog.messages[0]
    assert re.search("user functions of cache rooms failed: .*elasticache:Connect on both", said)
    assert "X-Amz" not in caplog.text


async def test_a_token_that_is_refused_later_means_the_same(
    server: TlsRedis, client: RedisCluster, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await server.let_in("functions", await password(), REDIS_ACCESS)
    state = RoomState(client, heartbeat_seconds=60)
    await state.ping()
    await server.let_in("functions", "another", REDIS_ACCESS)
    clock.now += LONGEST_SECONDS + 1
    with caplog.at_level(logging.ERROR), pytest.raises(StateUnavailable):
        await state.ping()
    assert "elasticache:Connect" in caplog.text


async def test_a_server_of_another_name_is_not_told_the_token(server: TlsRedis, clock: Clock) -> None:
    client = connect_signed_in(server.url, tokens(ROLE, clock), clock=clock)  # does not trust the certificate
    with pytest.raises(StateUnavailable, match="certificate"):
        await RoomState(client, heartbeat_seconds=60).ping()
    await client.aclose()
